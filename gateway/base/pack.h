/* Bytes of a stored blob: varints, zigzag, little-endian floats. A writer over caller-owned memory
 * that remembers an overflow, and a reader that remembers a bad byte: check once, at the end.
 *
 * No I/O, no allocation; any thread. */
#ifndef BUSBAR_BASE_PACK_H
#define BUSBAR_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pack {
    uint8_t *data;
    size_t len, cap;
    bool overflow;
};

static inline void pack_init(struct pack *p, void *memory, size_t cap) {
    p->data = memory;
    p->len = 0;
    p->cap = cap;
    p->overflow = false;
}

static inline void pack_u8(struct pack *p, unsigned v) {
    if (p->len < p->cap)
        p->data[p->len++] = (uint8_t)v;
    else
        p->overflow = true;
}

static inline void pack_bytes(struct pack *p, const void *bytes, size_t n) {
    if (n > p->cap - p->len) {
        p->overflow = true;
        return;
    }
    if (n > 0)
        memcpy(p->data + p->len, bytes, n);
    p->len += n;
}

static inline void pack_varint(struct pack *p, uint64_t v) {
    while (v >= 0x80) {
        pack_u8(p, (unsigned)(v & 0x7f) | 0x80);
        v >>= 7;
    }
    pack_u8(p, (unsigned)v);
}

static inline uint64_t zigzag(int64_t v) {
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t unzigzag(uint64_t v) {
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static inline void pack_signed(struct pack *p, int64_t v) {
    pack_varint(p, zigzag(v));
}

void pack_f32(struct pack *p, double v); /* rounded to the nearest float */
void pack_f64(struct pack *p, double v);
void pack_text(struct pack *p, const char *text); /* NULL is kept apart from "" */

struct unpack {
    const uint8_t *at, *end;
    bool bad;
};

static inline void unpack_init(struct unpack *u, const void *bytes, size_t n) {
    u->at = bytes;
    u->end = u->at + n;
    u->bad = false;
}

static inline unsigned unpack_u8(struct unpack *u) {
    if (u->at < u->end)
        return *u->at++;
    u->bad = true;
    return 0;
}

static inline uint64_t unpack_varint(struct unpack *u) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned byte = unpack_u8(u);
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
    }
    u->bad = true;
    return 0;
}

static inline int64_t unpack_signed(struct unpack *u) {
    return unzigzag(unpack_varint(u));
}

double unpack_f32(struct unpack *u);
double unpack_f64(struct unpack *u);
/* The next n bytes in place; NULL (and bad) when there are fewer. */
const uint8_t *unpack_bytes(struct unpack *u, size_t n);
/* Text in place, not terminated: false for a NULL text or a bad byte. */
bool unpack_text(struct unpack *u, const char **ret_text, size_t *ret_n);

#endif
