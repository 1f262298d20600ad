#include "store/cursor.h"

#include "base/err.h"

static void remove_range(struct cursor *c, size_t i) {
    memmove(&c->ranges[i], &c->ranges[i + 1], (c->count - i - 1) * sizeof c->ranges[0]);
    c->count--;
}

/* Takes ranges that touch the floor into it. */
static void raise_floor(struct cursor *c) {
    while (c->count > 0 && c->ranges[0].from <= c->floor + 1) {
        if (c->ranges[0].to > c->floor)
            c->floor = c->ranges[0].to;
        remove_range(c, 0);
    }
}

bool cursor_ack(struct cursor *c, uint64_t from, uint64_t to) {
    if (from > to || to <= c->floor)
        return false;
    size_t i = 0;
    while (i < c->count && c->ranges[i].to + 1 < from)
        i++;
    if (i < c->count && c->ranges[i].from <= from && c->ranges[i].to >= to)
        return false;
    /* everything from i on that touches [from, to] becomes one range */
    while (i < c->count && c->ranges[i].from <= to + 1) {
        if (c->ranges[i].from < from)
            from = c->ranges[i].from;
        if (c->ranges[i].to > to)
            to = c->ranges[i].to;
        remove_range(c, i);
    }
    if (from <= c->floor + 1) {
        c->floor = to;
        raise_floor(c);
        return true;
    }
    if (c->count == CURSOR_RANGES_MAX) {
        if (i == c->count)
            return false;
        c->count--;
    }
    memmove(&c->ranges[i + 1], &c->ranges[i], (c->count - i) * sizeof c->ranges[0]);
    c->ranges[i] = (struct cursor_range){from, to};
    c->count++;
    return true;
}

bool cursor_has(const struct cursor *c, uint64_t seq) {
    if (seq <= c->floor)
        return true;
    for (size_t i = 0; i < c->count && c->ranges[i].from <= seq; i++)
        if (seq <= c->ranges[i].to)
            return true;
    return false;
}

uint64_t cursor_above_floor(const struct cursor *c) {
    uint64_t n = 0;
    for (size_t i = 0; i < c->count; i++)
        n += c->ranges[i].to - c->ranges[i].from + 1;
    return n;
}

void cursor_save(const struct cursor *c, struct pack *p) {
    uint64_t previous = c->floor;
    for (size_t i = 0; i < c->count; i++) {
        pack_varint(p, c->ranges[i].from - previous);
        pack_varint(p, c->ranges[i].to - c->ranges[i].from);
        previous = c->ranges[i].to;
    }
}

int cursor_restore(struct cursor *c, uint64_t floor, const void *ranges, size_t n) {
    struct cursor fresh = {.floor = floor};
    struct unpack u;
    unpack_init(&u, ranges, n);
    uint64_t previous = floor;
    while (u.at < u.end && !u.bad) {
        uint64_t gap = unpack_varint(&u), length = unpack_varint(&u);
        if (fresh.count == CURSOR_RANGES_MAX || gap < 2 || gap > INT64_MAX || length > INT64_MAX ||
            previous > INT64_MAX || previous + gap > (uint64_t)INT64_MAX - length)
            return ERR_CORRUPT;
        fresh.ranges[fresh.count++] =
            (struct cursor_range){previous + gap, previous + gap + length};
        previous += gap + length;
    }
    if (u.bad)
        return ERR_CORRUPT;
    *c = fresh;
    return ERR_OK;
}
