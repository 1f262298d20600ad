/* Bounded output buffer over caller-owned memory: never grows, remembers that it overflowed.
 *
 * Text stays NUL-terminated. After an overflow further puts are ignored and buf_ok() is false: a
 * body is either whole or not sent. Pure. */
#ifndef BUSBAR_BASE_BUF_H
#define BUSBAR_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data;
    size_t len, cap;
    bool overflow;
};

void buf_init(struct buf *b, void *memory, size_t cap); /* cap >= 1 */
void buf_reset(struct buf *b);
static inline bool buf_ok(const struct buf *b) {
    return !b->overflow;
}
void buf_put(struct buf *b, const void *bytes, size_t n);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
/* The bytes before, the name, a quote and a colon. */
void buf_put_name(struct buf *b, const char *before, size_t before_n, const char *name);
void buf_put_i64(struct buf *b, int64_t v);
void buf_put_u64(struct buf *b, uint64_t v);
/* Fixed decimals (0..9), half-up away from zero, trailing zeros cut; "null" for NAN and infinities:
 * the one rounding of a number on its way out. |v| < 9.2e18 / 10^decimals, else "null". The double
 * nearest to a decimal tie counts as the tie: 2.675 with 2 decimals is "2.68". Never "-0". */
void buf_put_decimal(struct buf *b, double v, int decimals);
/* JSON string with quotes and escapes; NULL gives null; invalid UTF-8 becomes U+FFFD. */
void buf_put_json(struct buf *b, const char *text);

#endif
