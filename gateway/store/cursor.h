/* What one destination has acknowledged: everything up to a floor, and a bounded set of ranges
 * above it. When the set is full, the highest range is forgotten: its rows are sent again, which
 * (epoch, seq) makes harmless.
 *
 * Plain data; the owner guards it. No I/O. */
#ifndef BUSBAR_STORE_CURSOR_H
#define BUSBAR_STORE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pack.h"

#define CURSOR_RANGES_MAX 64
#define CURSOR_BYTES_MAX  (CURSOR_RANGES_MAX * 20 + 10) /* of its stored form */

struct cursor_range {
    uint64_t from, to; /* both included */
};

struct cursor {
    uint64_t floor;
    struct cursor_range ranges[CURSOR_RANGES_MAX]; /* rising, apart, above floor + 1 */
    size_t count;
};

/* Returns whether anything was new. */
bool cursor_ack(struct cursor *c, uint64_t from, uint64_t to);
bool cursor_has(const struct cursor *c, uint64_t seq);
/* Acknowledged rows above the floor. */
uint64_t cursor_above_floor(const struct cursor *c);

void cursor_save(const struct cursor *c, struct pack *p); /* the ranges; floor is a column */
int cursor_restore(struct cursor *c, uint64_t floor, const void *ranges, size_t n);

#endif
