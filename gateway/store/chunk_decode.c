#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/chunk.h"
#include "store/chunk_column.h"
#include "store/chunk_shape.h"
#include "store/layout.h"

struct chunk_reader {
    struct column_reader columns;
    size_t *starts; /* of the runs of one column */
    size_t cap;
};

/* Readings of one device, side by side. */
struct run {
    uint32_t device;
    size_t begin, n;
};

/* A numeric point that is asked for. */
struct column {
    size_t point;
    int64_t *values; /* of each reading asked for */
};

struct chunk {
    const struct site *site;
    const struct device_profile *profile;
    size_t count, points, text_registers; /* count: of all the readings in it */
    struct run *runs;
    size_t run_count, run_from, run_to;
    size_t begin, kept; /* the readings of the runs asked for */
    int64_t *shape_no;  /* of all the readings */
    uint32_t *device;   /* the following: of those asked for */
    int64_t *times;
    struct column *columns;
    size_t column_count;
    uint16_t *texts; /* reading by reading */
    struct shapes shapes;
    /* a reading without its values, as long as the shape stays the same */
    struct reading *like, *reading;
    int64_t like_shape;
};

struct chunk_reader *chunk_reader_new(void) {
    struct chunk_reader *r = calloc(1, sizeof *r);
    if (r && column_reader_init(&r->columns) < 0) {
        free(r);
        return NULL;
    }
    return r;
}

void chunk_reader_free(struct chunk_reader *r) {
    if (!r)
        return;
    column_reader_fini(&r->columns);
    free(r->starts);
    free(r);
}

void chunk_free(struct chunk *c) {
    if (!c)
        return;
    free(c->runs);
    free(c->shape_no);
    free(c->device);
    free(c->times);
    for (size_t k = 0; k < c->column_count; k++)
        free(c->columns[k].values);
    free(c->columns);
    free(c->texts);
    shapes_fini(&c->shapes);
    free(c->like);
    free(c->reading);
    free(c);
}

/* Which devices, and how many readings of each. */
static int read_devices(struct chunk *c, int64_t asked, struct unpack *in) {
    uint64_t devices = unpack_varint(in), device = 0;
    if (devices == 0 || devices > c->site->device_count)
        return ERR_CORRUPT;
    c->runs = calloc((size_t)devices, sizeof *c->runs);
    if (!c->runs)
        return ERR_NOMEM;
    for (uint64_t d = 0; d < devices; d++) {
        uint64_t before = device, n;
        device += unpack_varint(in);
        n = unpack_varint(in);
        if (in->bad || device >= c->site->device_count || (d > 0 && device <= before) || n == 0 ||
            n > CHUNK_READINGS_MAX - c->count)
            return ERR_CORRUPT;
        if (!c->profile)
            c->profile = c->site->devices[device].profile;
        if (c->site->devices[device].profile != c->profile)
            return ERR_CORRUPT;
        if (asked < 0 || device == (uint64_t)asked) {
            if (c->kept == 0) {
                c->begin = c->count;
                c->run_from = c->run_count;
            }
            c->kept += (size_t)n;
            c->run_to = c->run_count + 1;
        }
        c->runs[c->run_count++] = (struct run){(uint32_t)device, c->count, (size_t)n};
        c->count += (size_t)n;
    }
    return ERR_OK;
}

static int make_room(struct chunk *c, struct chunk_reader *r) {
    c->points = c->profile->point_count;
    c->text_registers = chunk_text_registers(c->profile);
    shapes_init(&c->shapes, c->points);
    c->shape_no = malloc(c->count * sizeof *c->shape_no);
    c->device = malloc((c->kept + 1) * sizeof *c->device);
    c->times = malloc((c->kept + 1) * sizeof *c->times);
    c->columns = calloc(c->points + 1, sizeof *c->columns);
    c->texts = calloc(c->kept * c->text_registers + 1, sizeof *c->texts);
    size_t bytes = reading_size(c->points, c->profile->image_registers);
    c->like = calloc(1, bytes);
    c->reading = calloc(1, bytes);
    c->like_shape = -1;
    if (!c->shape_no || !c->device || !c->times || !c->columns || !c->texts || !c->like ||
        !c->reading)
        return ERR_NOMEM;
    if (c->run_count > r->cap) {
        size_t *larger = realloc(r->starts, c->run_count * sizeof *larger);
        if (!larger)
            return ERR_NOMEM;
        r->starts = larger;
        r->cap = c->run_count;
    }
    return column_reader_grow(&r->columns, c->count);
}

static bool was_read(const struct chunk *c, size_t i, size_t k) {
    return shapes_was_read(&c->shapes, (size_t)c->shape_no[i], k);
}

/* The runs of a column that has a value for every reading. */
static struct column_runs all_readings(const struct chunk *c, struct chunk_reader *r) {
    for (size_t d = 0; d < c->run_count; d++)
        r->starts[d] = c->runs[d].begin;
    return (struct column_runs){r->starts, c->run_count, c->count, c->run_from, c->run_to};
}

/* The runs of a column that has a value where the point was read. */
static struct column_runs where_read(const struct chunk *c, size_t k, struct chunk_reader *r) {
    size_t shapes = 0;
    for (size_t i = 0; i < c->shapes.count; i++)
        shapes += shapes_was_read(&c->shapes, i, k);
    if (shapes == c->shapes.count)
        return all_readings(c, r);
    struct column_runs runs = {.starts = r->starts};
    for (size_t d = 0; d < c->run_count && shapes > 0; d++) {
        const struct run *run = &c->runs[d];
        size_t n = 0;
        for (size_t i = run->begin; i < run->begin + run->n; i++)
            n += was_read(c, i, k);
        if (d == c->run_from)
            runs.from = runs.count;
        if (n > 0)
            runs.starts[runs.count++] = runs.n;
        runs.n += n;
        if (d + 1 == c->run_to)
            runs.to = runs.count;
    }
    return runs;
}

static int read_shape_numbers(struct chunk *c, struct chunk_reader *r, struct unpack *in) {
    struct column_runs runs = all_readings(c, r);
    runs.from = 0;
    runs.to = runs.count;
    column_read(in, &r->columns, c->shape_no, &runs);
    for (size_t i = 0; i < c->count && !in->bad; i++)
        if (c->shape_no[i] < 0 || (size_t)c->shape_no[i] >= c->shapes.count)
            in->bad = true;
    return in->bad ? ERR_CORRUPT : ERR_OK;
}

static int read_times(struct chunk *c, struct chunk_reader *r, struct unpack *in) {
    int64_t *ticks = malloc((c->kept + 1) * sizeof *ticks);
    if (!ticks)
        return ERR_NOMEM;
    struct column_runs runs = all_readings(c, r);
    column_read(in, &r->columns, ticks, &runs);
    column_read(in, &r->columns, c->times, &runs);
    size_t at = 0;
    for (size_t d = c->run_from; d < c->run_to && !in->bad; d++) {
        const struct device *device = &c->site->devices[c->runs[d].device];
        ms_t origin = c->times[at];
        for (size_t i = 0; i < c->runs[d].n; i++, at++) {
            c->device[at] = c->runs[d].device;
            if (i > 0)
                c->times[at] = (ms_t)((uint64_t)c->times[at] +
                                      (uint64_t)chunk_tick_time(ticks[at], origin, device));
        }
    }
    free(ticks);
    return in->bad ? ERR_CORRUPT : ERR_OK;
}

static int read_values(struct chunk *c, size_t k, struct chunk_reader *r, struct unpack *in) {
    struct column_runs runs = where_read(c, k, r);
    int64_t *values = malloc((c->kept + 1) * sizeof *values);
    if (!values)
        return ERR_NOMEM;
    c->columns[c->column_count++] = (struct column){k, values};
    column_read(in, &r->columns, values, &runs);
    size_t n = column_runs_asked(&runs);
    if (in->bad || n == c->kept)
        return ERR_OK;
    for (size_t i = c->kept; i-- > 0;) /* to the place of its reading; never to the left */
        if (was_read(c, c->begin + i, k))
            values[i] = values[--n];
    return ERR_OK;
}

static int read_text(struct chunk *c, size_t k, size_t offset, struct chunk_reader *r,
                     struct unpack *in) {
    size_t registers = c->profile->points[k].registers, n;
    uint8_t *plain = bytes_read(in, &r->columns, c->count * (1 + 2 * registers) + 1, &n);
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
        if (i < c->begin || i >= c->begin + c->kept)
            continue;
        uint16_t *to = c->texts + (i - c->begin) * c->text_registers + offset;
        for (size_t w = 0; w < registers && last; w++)
            to[w] = (uint16_t)((unsigned)last[2 * w] << 8 | last[2 * w + 1]);
    }
    free(plain);
    return rows.bad ? ERR_CORRUPT : ERR_OK;
}

static int read_points(struct chunk *c, const bool *wanted, struct chunk_reader *r,
                       struct unpack *in) {
    int err = ERR_OK;
    for (size_t k = 0, text = 0; k < c->points && err == ERR_OK && !in->bad; k++) {
        const struct point_def *p = &c->profile->points[k];
        if (p->type == POINT_STRING) {
            err = read_text(c, k, text, r, in);
            text += p->registers;
        } else if (wanted && !wanted[k]) {
            column_skip(in);
        } else {
            err = read_values(c, k, r, in);
        }
    }
    return err == ERR_OK && in->bad ? ERR_CORRUPT : err;
}

static int read_all(struct chunk *c, const struct chunk_part *part, struct chunk_reader *r,
                    struct unpack *in) {
    if (unpack_u8(in) != CHUNK_VERSION)
        return ERR_CORRUPT;
    int err = read_devices(c, part ? part->device : -1, in);
    if (err == ERR_OK)
        err = make_room(c, r);
    if (err == ERR_OK)
        err = shapes_read(&c->shapes, in, &r->columns, c->count);
    if (err == ERR_OK)
        err = read_shape_numbers(c, r, in);
    if (err == ERR_OK)
        err = read_times(c, r, in);
    if (err == ERR_OK)
        err = read_points(c, part ? part->wanted : NULL, r, in);
    return err;
}

int chunk_open(struct chunk_reader *r, const uint8_t *body, size_t n, const struct site *site,
               const struct chunk_part *part, struct chunk **ret) {
    struct chunk *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_NOMEM;
    c->site = site;
    struct unpack in;
    unpack_init(&in, body, n);
    int err = read_all(c, part, r, &in);
    if (err < 0) {
        chunk_free(c);
        return err;
    }
    *ret = c;
    return ERR_OK;
}

size_t chunk_readings(const struct chunk *c) {
    return c->kept;
}

uint32_t chunk_device(const struct chunk *c, size_t i) {
    return c->device[i];
}

ms_t chunk_time(const struct chunk *c, size_t i) {
    return c->times[i];
}

/* Numeric points that are not asked for are missing. */
static void take_shape(struct chunk *c, int64_t shape) {
    reading_init(c->like, 0, c->points, c->profile->image_registers);
    shapes_fill(&c->shapes, (size_t)shape, c->like);
    uint8_t *quality = reading_quality(c->like);
    size_t column = 0;
    for (size_t k = 0; k < c->points; k++) {
        if (column < c->column_count && c->columns[column].point == k)
            column++;
        else if (c->profile->points[k].type != POINT_STRING)
            quality[k] = QUALITY_MISSING;
    }
    c->like_shape = shape;
}

static void put_texts(const struct chunk *c, size_t i, uint16_t *image) {
    const uint16_t *text = c->texts + i * c->text_registers;
    for (size_t k = 0; k < c->points; k++) {
        const struct point_def *p = &c->profile->points[k];
        if (p->type != POINT_STRING)
            continue;
        if (was_read(c, c->begin + i, k))
            memcpy(image + p->image_offset, text, p->registers * sizeof *text);
        text += p->registers;
    }
}

struct reading *chunk_reading(struct chunk *c, size_t i) {
    int64_t shape = c->shape_no[c->begin + i];
    if (shape != c->like_shape)
        take_shape(c, shape);
    struct reading *r = c->reading;
    memcpy(r, c->like, c->like->bytes);
    r->device = c->device[i];
    r->utc_ms = c->times[i];
    uint16_t *image = reading_registers(r);
    for (size_t k = 0; k < c->column_count; k++) {
        const struct column *column = &c->columns[k];
        const struct point_def *p = &c->profile->points[column->point];
        if (shapes_was_read(&c->shapes, (size_t)shape, column->point))
            layout_store_raw(p, column->values[i], image + p->image_offset);
    }
    if (c->text_registers > 0)
        put_texts(c, i, image);
    return r;
}
