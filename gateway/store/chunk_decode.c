#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/chunk.h"
#include "store/chunk_column.h"
#include "store/chunk_shape.h"
#include "store/layout.h"

struct chunk {
    const struct site *site;
    const struct device_profile *profile;
    size_t count, points, text_registers;
    uint32_t *device;
    int64_t *times, *shape_no;
    uint8_t *first;
    int64_t **values; /* by point: of each reading; NULL: not wanted, or a string */
    uint16_t *texts;  /* reading by reading */
    const bool *wanted;
    struct shapes shapes;
    struct column_scratch scratch;
    struct reading *reading;
};

void chunk_free(struct chunk *c) {
    if (!c)
        return;
    free(c->device);
    free(c->times);
    free(c->shape_no);
    free(c->first);
    for (size_t k = 0; c->values && k < c->points; k++)
        free(c->values[k]);
    free(c->values);
    free(c->texts);
    shapes_fini(&c->shapes);
    column_scratch_fini(&c->scratch);
    free(c->reading);
    free(c);
}

/* Which devices, and how many readings of each. */
static int read_devices(struct chunk *c, struct unpack *in) {
    uint64_t devices = unpack_varint(in), device = 0;
    if (devices == 0 || devices > c->site->device_count)
        return ERR_CORRUPT;
    for (uint64_t d = 0; d < devices; d++) {
        device += unpack_varint(in);
        uint64_t n = unpack_varint(in);
        if (in->bad || device >= c->site->device_count || n == 0 ||
            n > CHUNK_READINGS_MAX - c->count)
            return ERR_CORRUPT;
        if (!c->profile)
            c->profile = c->site->devices[device].profile;
        if (c->site->devices[device].profile != c->profile)
            return ERR_CORRUPT;
        uint32_t *larger = realloc(c->device, (c->count + n) * sizeof *larger);
        if (!larger)
            return ERR_NOMEM;
        c->device = larger;
        for (uint64_t i = 0; i < n; i++)
            c->device[c->count++] = (uint32_t)device;
    }
    return ERR_OK;
}

static int make_room(struct chunk *c) {
    c->points = c->profile->point_count;
    c->text_registers = chunk_text_registers(c->profile);
    shapes_init(&c->shapes, c->points);
    c->times = calloc(c->count, sizeof *c->times);
    c->shape_no = calloc(c->count, sizeof *c->shape_no);
    c->first = calloc(c->count, sizeof *c->first);
    c->values = calloc(c->points + 1, sizeof *c->values);
    c->texts = calloc(c->count * c->text_registers + 1, sizeof *c->texts);
    c->reading = calloc(1, reading_size(c->points, c->profile->image_registers));
    if (!c->times || !c->shape_no || !c->first || !c->values || !c->texts || !c->reading)
        return ERR_NOMEM;
    return column_scratch_init(&c->scratch, c->count);
}

static bool begins_device(const struct chunk *c, size_t i) {
    return i == 0 || c->device[i] != c->device[i - 1];
}

static void read_times(struct chunk *c, struct unpack *in, int64_t *ticks) {
    for (size_t i = 0; i < c->count; i++)
        c->first[i] = begins_device(c, i);
    column_read(in, &c->scratch, c->shape_no, c->first, c->count);
    column_read(in, &c->scratch, ticks, c->first, c->count);
    column_read(in, &c->scratch, c->times, c->first, c->count);
    ms_t origin = 0;
    for (size_t i = 0; i < c->count && !in->bad; i++) {
        if (c->shape_no[i] < 0 || (size_t)c->shape_no[i] >= c->shapes.count)
            in->bad = true;
        if (c->first[i])
            origin = c->times[i];
        else
            c->times[i] = (ms_t)((uint64_t)c->times[i] +
                                 (uint64_t)chunk_tick_time(ticks[i], origin,
                                                           &c->site->devices[c->device[i]]));
    }
}

static bool was_read(const struct chunk *c, size_t i, size_t k) {
    return shapes_was_read(&c->shapes, (size_t)c->shape_no[i], k);
}

static int read_values(struct chunk *c, size_t k, struct unpack *in) {
    if (c->wanted && !c->wanted[k]) {
        column_skip(in);
        return ERR_OK;
    }
    size_t n = 0;
    uint32_t last = UINT32_MAX;
    for (size_t i = 0; i < c->count; i++)
        if (was_read(c, i, k)) {
            c->first[n++] = c->device[i] != last;
            last = c->device[i];
        }

    int64_t *values = c->values[k] = calloc(c->count, sizeof *values);
    if (!values)
        return ERR_NOMEM;
    column_read(in, &c->scratch, values, c->first, n);
    for (size_t i = c->count; i-- > 0;) /* to the place of its reading; never to the left */
        if (was_read(c, i, k))
            values[i] = values[--n];
    return ERR_OK;
}

static int read_text(struct chunk *c, size_t k, size_t offset, struct unpack *in) {
    size_t registers = c->profile->points[k].registers, n;
    uint8_t *plain = bytes_read(in, c->count * (1 + 2 * registers) + 1, &n);
    if (!plain)
        return ERR_CORRUPT;
    struct unpack rows;
    unpack_init(&rows, plain, n);
    const uint8_t *last = NULL;
    for (size_t i = 0; i < c->count && !rows.bad; i++) {
        if (!was_read(c, i, k))
            continue;
        if (unpack_u8(&rows) != 0)
            last = unpack_bytes(&rows, registers * 2);
        if (!last)
            rows.bad = true;
        uint16_t *to = c->texts + i * c->text_registers + offset;
        for (size_t w = 0; w < registers && last; w++)
            to[w] = (uint16_t)((unsigned)last[2 * w] << 8 | last[2 * w + 1]);
    }
    free(plain);
    return rows.bad ? ERR_CORRUPT : ERR_OK;
}

static int read_all(struct chunk *c, struct unpack *in) {
    if (unpack_u8(in) != CHUNK_VERSION)
        return ERR_CORRUPT;
    int err = read_devices(c, in);
    if (err == ERR_OK)
        err = make_room(c);
    if (err == ERR_OK)
        err = shapes_read(&c->shapes, in, c->count);
    int64_t *ticks = err == ERR_OK ? calloc(c->count, sizeof *ticks) : NULL;
    if (err == ERR_OK && !ticks)
        err = ERR_NOMEM;
    if (err == ERR_OK)
        read_times(c, in, ticks);
    free(ticks);
    for (size_t k = 0, text = 0; k < c->points && err == ERR_OK && !in->bad; k++) {
        const struct point_def *p = &c->profile->points[k];
        err = p->type == POINT_STRING ? read_text(c, k, text, in) : read_values(c, k, in);
        if (p->type == POINT_STRING)
            text += p->registers;
    }
    return err == ERR_OK && in->bad ? ERR_CORRUPT : err;
}

int chunk_open(const uint8_t *body, size_t n, const struct site *site, const bool *wanted,
               struct chunk **ret) {
    struct chunk *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_NOMEM;
    c->site = site;
    c->wanted = wanted;
    struct unpack in;
    unpack_init(&in, body, n);
    int err = read_all(c, &in);
    if (err < 0) {
        chunk_free(c);
        return err;
    }
    *ret = c;
    return ERR_OK;
}

size_t chunk_readings(const struct chunk *c) {
    return c->count;
}

uint32_t chunk_device(const struct chunk *c, size_t i) {
    return c->device[i];
}

ms_t chunk_time(const struct chunk *c, size_t i) {
    return c->times[i];
}

struct reading *chunk_reading(struct chunk *c, size_t i) {
    struct reading *r = c->reading;
    reading_init(r, c->device[i], c->points, c->profile->image_registers);
    r->utc_ms = c->times[i];
    shapes_fill(&c->shapes, (size_t)c->shape_no[i], r);
    const uint16_t *text = c->texts + i * c->text_registers;
    for (size_t k = 0; k < c->points; k++) {
        const struct point_def *p = &c->profile->points[k];
        uint16_t *registers = reading_registers(r) + p->image_offset;
        if (p->type == POINT_STRING) {
            if (was_read(c, i, k))
                memcpy(registers, text, p->registers * sizeof *text);
            text += p->registers;
        } else if (c->values[k] && was_read(c, i, k)) {
            layout_store_raw(p, c->values[k][i], registers);
        } else if (!c->values[k]) {
            reading_quality(r)[k] = QUALITY_MISSING;
        }
    }
    return r;
}
