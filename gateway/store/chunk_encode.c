#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "meter/decode.h"
#include "store/chunk.h"
#include "store/chunk_column.h"
#include "store/chunk_shape.h"
#include "store/raw_state.h"

struct chunk_encoder {
    const struct site *site;
    const struct device_profile *profile;
    size_t cap, count, points;
    uint32_t *device;
    ms_t *times;
    uint32_t *shape_no;
    uint16_t *registers; /* reading by reading, as in its image */
    struct shapes shapes;
    struct column_scratch scratch;
    /* of the output: places of the readings, device by device */
    uint32_t *order;
    bool sorted;
    size_t next; /* in order: where the next chunk begins */
    /* the chunk being written: its part of order, and one column in that order */
    const uint32_t *part;
    size_t part_count;
    int64_t *column;
    uint8_t *first;
};

struct chunk_encoder *chunk_encoder_new(const struct site *site, const struct device_profile *p,
                                        size_t cap) {
    struct chunk_encoder *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->site = site;
    e->profile = p;
    e->cap = cap;
    e->points = p->point_count;

    e->device = calloc(e->cap, sizeof *e->device);
    e->times = calloc(e->cap, sizeof *e->times);
    e->shape_no = calloc(e->cap, sizeof *e->shape_no);
    e->registers = malloc((e->cap * p->image_registers + 1) * sizeof *e->registers);
    e->order = calloc(e->cap, sizeof *e->order);
    size_t most = e->cap < CHUNK_READINGS_MAX ? e->cap : CHUNK_READINGS_MAX;
    e->column = calloc(most, sizeof *e->column);
    e->first = calloc(most, sizeof *e->first);
    shapes_init(&e->shapes, e->points);
    if (!e->device || !e->times || !e->shape_no || !e->registers || !e->order || !e->column ||
        !e->first || column_scratch_init(&e->scratch, most) < 0) {
        chunk_encoder_free(e);
        return NULL;
    }
    return e;
}

void chunk_encoder_free(struct chunk_encoder *e) {
    if (!e)
        return;
    free(e->device);
    free(e->times);
    free(e->shape_no);
    free(e->registers);
    free(e->order);
    free(e->column);
    free(e->first);
    shapes_fini(&e->shapes);
    column_scratch_fini(&e->scratch);
    free(e);
}

int chunk_encoder_add(struct chunk_encoder *e, struct reading *r) {
    if (e->count == e->cap)
        return ERR_FULL;
    int64_t shape = shapes_take(&e->shapes, r);
    if (shape < 0)
        return ERR_NOMEM;
    size_t i = e->count++, n = e->profile->image_registers;
    e->device[i] = r->device;
    e->times[i] = r->utc_ms;
    e->shape_no[i] = (uint32_t)shape;
    memcpy(e->registers + i * n, reading_registers(r), n * sizeof *e->registers);
    return ERR_OK;
}

static const uint16_t *registers_of(const struct chunk_encoder *e, size_t at, size_t k) {
    return e->registers + at * e->profile->image_registers + e->profile->points[k].image_offset;
}

/* Readings device by device, each in its order: counted, then put in their places. */
static int sort_by_device(struct chunk_encoder *e) {
    uint32_t *place = calloc(e->site->device_count + 1, sizeof *place);
    if (!place)
        return ERR_NOMEM;
    for (size_t i = 0; i < e->count; i++)
        place[e->device[i] + 1]++;
    for (size_t d = 0; d < e->site->device_count; d++)
        place[d + 1] += place[d];
    for (size_t i = 0; i < e->count; i++)
        e->order[place[e->device[i]]++] = (uint32_t)i;
    free(place);
    e->sorted = true;
    return ERR_OK;
}

/* Whole devices, as long as the chunk stays small; a device that is too long is cut. */
static void choose_part(struct chunk_encoder *e) {
    size_t n = 0, begin = e->next;
    while (begin + n < e->count) {
        size_t run = 1;
        uint32_t device = e->device[e->order[begin + n]];
        while (begin + n + run < e->count && e->device[e->order[begin + n + run]] == device &&
               run < CHUNK_READINGS_MAX)
            run++;
        if (n > 0 && n + run > CHUNK_READINGS)
            break;
        n += run;
    }
    e->part = e->order + begin;
    e->part_count = n;
    e->next = begin + n;
}

static void write_devices(const struct chunk_encoder *e, struct pack *out) {
    size_t devices = 0;
    for (size_t i = 0; i < e->part_count; i++)
        devices += i == 0 || e->device[e->part[i]] != e->device[e->part[i - 1]];
    pack_varint(out, devices);
    uint32_t last = 0;
    for (size_t i = 0, n; i < e->part_count; i += n) {
        uint32_t device = e->device[e->part[i]];
        for (n = 1; i + n < e->part_count && e->device[e->part[i + n]] == device; n++)
            continue;
        pack_varint(out, device - last);
        pack_varint(out, n);
        last = device;
    }
}

static bool begins_device(const struct chunk_encoder *e, size_t i) {
    return i == 0 || e->device[e->part[i]] != e->device[e->part[i - 1]];
}

static void write_times(struct chunk_encoder *e, struct pack *out) {
    for (size_t i = 0; i < e->part_count; i++) {
        e->first[i] = begins_device(e, i);
        e->column[i] = e->shape_no[e->part[i]];
    }
    column_write(out, &e->scratch, e->column, e->first, e->part_count);
    ms_t origin = 0;
    for (size_t i = 0; i < e->part_count; i++) {
        origin = e->first[i] ? e->times[e->part[i]] : origin;
        e->column[i] =
            chunk_tick(e->times[e->part[i]], origin, &e->site->devices[e->device[e->part[i]]]);
    }
    column_write(out, &e->scratch, e->column, e->first, e->part_count);
    for (size_t i = 0; i < e->part_count; i++) {
        const struct device *d = &e->site->devices[e->device[e->part[i]]];
        ms_t t = e->times[e->part[i]];
        origin = e->first[i] ? t : origin;
        e->column[i] = e->first[i] ? t : t - chunk_tick_time(chunk_tick(t, origin, d), origin, d);
    }
    column_write(out, &e->scratch, e->column, e->first, e->part_count);
}

static void write_values(struct chunk_encoder *e, size_t k, struct pack *out) {
    size_t n = 0;
    uint32_t last = UINT32_MAX;
    for (size_t i = 0; i < e->part_count; i++) {
        size_t at = e->part[i];
        if (!shapes_was_read(&e->shapes, e->shape_no[at], k))
            continue;
        e->first[n] = e->device[at] != last;
        e->column[n++] = decode_raw(&e->profile->points[k], registers_of(e, at, k));
        last = e->device[at];
    }
    column_write(out, &e->scratch, e->column, e->first, n);
}

static int write_text(struct chunk_encoder *e, size_t k, struct pack *out) {
    size_t registers = e->profile->points[k].registers;
    struct pack rows;
    size_t cap = e->part_count * (1 + 2 * registers) + 1;
    pack_init(&rows, malloc(cap), cap);
    if (!rows.data)
        return ERR_NOMEM;
    const uint16_t *last = NULL;
    for (size_t i = 0; i < e->part_count; i++) {
        const uint16_t *text = registers_of(e, e->part[i], k);
        if (!shapes_was_read(&e->shapes, e->shape_no[e->part[i]], k))
            continue;
        bool same = last && memcmp(last, text, registers * sizeof *text) == 0;
        pack_u8(&rows, !same);
        for (size_t w = 0; w < registers && !same; w++) {
            pack_u8(&rows, text[w] >> 8);
            pack_u8(&rows, text[w] & 0xff);
        }
        last = text;
    }
    bytes_write(out, &e->scratch, rows.data, rows.len);
    free(rows.data);
    return ERR_OK;
}

static size_t bytes_max(const struct chunk_encoder *e) {
    return 64 + e->site->device_count * 10 + shapes_bytes_max(&e->shapes) +
           (e->points + 3) * column_bytes_max(e->part_count) +
           e->part_count * (e->profile->image_registers * 2u + e->points) + e->points * 16;
}

static int write_part(struct chunk_encoder *e, struct pack *out) {
    pack_u8(out, CHUNK_VERSION);
    write_devices(e, out);
    int err = shapes_write(&e->shapes, out, &e->scratch);
    write_times(e, out);
    for (size_t k = 0; k < e->points && err == ERR_OK; k++) {
        if (e->profile->points[k].type == POINT_STRING)
            err = write_text(e, k, out);
        else
            write_values(e, k, out);
    }
    return err == ERR_OK && out->overflow ? ERR_NOMEM : err;
}

int chunk_encoder_next(struct chunk_encoder *e, struct chunk_bytes *ret) {
    int err = e->sorted ? ERR_OK : sort_by_device(e);
    if (err < 0 || e->next == e->count)
        return err < 0 ? err : ERR_NOT_FOUND;
    choose_part(e);
    struct pack out;
    size_t cap = bytes_max(e);
    pack_init(&out, malloc(cap), cap);
    err = out.data ? write_part(e, &out) : ERR_NOMEM;
    uint8_t *fitted = err == ERR_OK ? realloc(out.data, out.len) : NULL;
    if (!fitted) {
        free(out.data);
        return err < 0 ? err : ERR_NOMEM;
    }
    *ret = (struct chunk_bytes){.body = fitted,
                                .n = out.len,
                                .device_first = e->device[e->part[0]],
                                .device_last = e->device[e->part[e->part_count - 1]]};
    return ERR_OK;
}
