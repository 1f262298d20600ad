#include "store/chunk_shape.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/raw_state.h"

#define SEARCH 32 /* shapes that a reading is compared with: the latest ones */

void shapes_init(struct shapes *s, size_t points) {
    memset(s, 0, sizeof *s);
    s->points = points;
}

void shapes_fini(struct shapes *s) {
    free(s->kind);
    free(s->quality);
    free(s->delay);
    shapes_init(s, s->points);
}

static int grow(struct shapes *s, size_t cap) {
    uint8_t *kind = realloc(s->kind, cap);
    s->kind = kind ? kind : s->kind;
    uint8_t *quality = realloc(s->quality, cap * s->points + 1);
    s->quality = quality ? quality : s->quality;
    uint16_t *delay = realloc(s->delay, (cap * s->points + 1) * sizeof *delay);
    s->delay = delay ? delay : s->delay;
    if (!kind || !quality || !delay)
        return ERR_NOMEM;
    s->cap = cap;
    return ERR_OK;
}

static bool is_shape(const struct shapes *s, size_t i, struct reading *r) {
    return s->kind[i] == r->kind &&
           memcmp(s->quality + i * s->points, reading_quality(r), s->points) == 0 &&
           memcmp(s->delay + i * s->points, reading_delay(r), s->points * sizeof *s->delay) == 0;
}

int64_t shapes_take(struct shapes *s, struct reading *r) {
    if (s->last < s->count && is_shape(s, s->last, r))
        return (int64_t)s->last;
    for (size_t k = 1; k <= SEARCH && k <= s->count; k++)
        if (is_shape(s, s->count - k, r)) {
            s->last = s->count - k;
            return (int64_t)s->last;
        }
    if (s->count == s->cap && grow(s, s->cap * 2 + 16) < 0)
        return ERR_NOMEM;
    s->kind[s->count] = r->kind;
    memcpy(s->quality + s->count * s->points, reading_quality(r), s->points);
    memcpy(s->delay + s->count * s->points, reading_delay(r), s->points * sizeof *s->delay);
    s->last = s->count++;
    return (int64_t)s->last;
}

bool shapes_was_read(const struct shapes *s, size_t shape, size_t point) {
    return s->kind[shape] == READING_POLL && raw_was_read(s->quality[shape * s->points + point]);
}

void shapes_fill(const struct shapes *s, size_t shape, struct reading *r) {
    r->kind = s->kind[shape];
    memcpy(reading_quality(r), s->quality + shape * s->points, s->points);
    memcpy(reading_delay(r), s->delay + shape * s->points, s->points * sizeof *s->delay);
}

size_t shapes_bytes_max(const struct shapes *s) {
    return 32 + s->count * (1 + s->points * 7);
}

/* A shape: kind, runs of quality, runs of delay. */
static void write_shape(const struct shapes *s, size_t i, struct pack *out) {
    const uint8_t *quality = s->quality + i * s->points;
    const uint16_t *delay = s->delay + i * s->points;
    pack_u8(out, s->kind[i]);
    for (size_t k = 0, run; k < s->points; k += run) {
        for (run = 1; k + run < s->points && quality[k + run] == quality[k]; run++)
            continue;
        pack_u8(out, quality[k]);
        pack_varint(out, run);
    }
    for (size_t k = 0, run; k < s->points; k += run) {
        for (run = 1; k + run < s->points && delay[k + run] == delay[k]; run++)
            continue;
        pack_varint(out, delay[k]);
        pack_varint(out, run);
    }
}

int shapes_write(const struct shapes *s, struct pack *out, struct column_scratch *scratch) {
    struct pack plain;
    size_t cap = shapes_bytes_max(s);
    pack_init(&plain, malloc(cap), cap);
    if (!plain.data)
        return ERR_NOMEM;
    pack_varint(&plain, s->count);
    for (size_t i = 0; i < s->count; i++)
        write_shape(s, i, &plain);
    bytes_write(out, scratch, plain.data, plain.len);
    free(plain.data);
    return ERR_OK;
}

/* Runs of one thing: length of the next one, held within what is left. */
static size_t read_run(struct unpack *in, size_t left) {
    uint64_t run = unpack_varint(in);
    if (run > 0 && run <= left)
        return (size_t)run;
    in->bad = true;
    return left;
}

static void read_shape(struct shapes *s, size_t i, struct unpack *in) {
    s->kind[i] = (uint8_t)unpack_u8(in);
    if (s->kind[i] > READING_STILL_DOWN)
        in->bad = true;
    for (size_t k = 0, run; k < s->points && !in->bad; k += run) {
        unsigned quality = unpack_u8(in);
        run = read_run(in, s->points - k);
        if (quality >= QUALITY_COUNT)
            in->bad = true;
        memset(s->quality + i * s->points + k, (int)quality, run);
    }
    for (size_t k = 0, run; k < s->points && !in->bad; k += run) {
        uint64_t delay = unpack_varint(in);
        run = read_run(in, s->points - k);
        if (delay > UINT16_MAX)
            in->bad = true;
        for (size_t j = 0; j < run; j++)
            s->delay[i * s->points + k + j] = (uint16_t)delay;
    }
}

int shapes_read(struct shapes *s, struct unpack *in, struct column_reader *r, size_t max) {
    size_t n;
    uint8_t *plain = bytes_read(in, r, 32 + max * (1 + s->points * 7), &n);
    if (!plain)
        return ERR_CORRUPT;
    struct unpack u;
    unpack_init(&u, plain, n);
    uint64_t count = unpack_varint(&u);
    int err = u.bad || count == 0 || count > max ? ERR_CORRUPT : grow(s, (size_t)count);
    for (s->count = 0; err == ERR_OK && s->count < count && !u.bad; s->count++)
        read_shape(s, s->count, &u);
    free(plain);
    return err == ERR_OK && u.bad ? ERR_CORRUPT : err;
}

int64_t chunk_tick(ms_t t, ms_t origin, const struct device *d) {
    ms_t poll = d->poll_ms > 0 ? (ms_t)d->poll_ms : 1;
    return floor_div(t - origin + poll / 2, poll);
}

ms_t chunk_tick_time(int64_t tick, ms_t origin, const struct device *d) {
    uint64_t poll = d->poll_ms > 0 ? d->poll_ms : 1;
    return (ms_t)((uint64_t)origin + (uint64_t)tick * poll);
}

size_t chunk_text_registers(const struct device_profile *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->point_count; i++)
        if (p->points[i].type == POINT_STRING)
            n += p->points[i].registers;
    return n;
}
