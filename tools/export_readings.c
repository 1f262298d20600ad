/* Raw readings as values: one line for each point that was read or asked for in vain. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "commands.h"
#include "export.h"
#include "meter/decode.h"
#include "sys/clock.h"

#define VALUE_DECIMALS 9
#define LINE_MAX_BYTES 1024

struct values {
    const struct export_job *job;
    struct sample *samples; /* of one reading */
    size_t cap;
    uint64_t lines;
    char line[LINE_MAX_BYTES];
};

/* All of a device, or one point. */
static bool is_asked_for(const struct export_job *job, const char *id) {
    size_t n = job->point ? strlen(job->point) : 0;
    return n == 0 || strcmp(id, job->point) == 0 ||
           (!strchr(job->point, '.') && strncmp(id, job->point, n) == 0 && id[n] == '.');
}

static void put_value(struct buf *b, const struct export_job *job, const struct point_def *def,
                      const struct sample *s, struct reading *r) {
    char text[2 * POINT_STRING_MAX + 1];
    if (def->type == POINT_STRING && quality_usable((enum quality)s->quality)) {
        decode_text(def, reading_registers(r) + def->image_offset, text, sizeof text);
        buf_put_json(b, text); /* quotes suit csv too: a point's text has no quote or newline */
    } else if (s->value - s->value == 0.0) { /* finite */
        buf_put_decimal(b, s->value, VALUE_DECIMALS);
    } else if (!job->csv) {
        buf_puts(b, "null");
    }
}

static void put_line(struct buf *b, const struct export_job *job, const struct site_point *point,
                     const struct sample *s, struct reading *r) {
    char time[ISO8601_MAX];
    iso8601_format(time, s->utc_ms, clock_utc_offset_s(s->utc_ms));
    buf_puts(b, job->csv ? "" : "{\"time\":\"");
    buf_puts(b, time);
    buf_puts(b, job->csv ? "," : "\",\"point\":\"");
    buf_puts(b, point->id);
    buf_puts(b, job->csv ? "," : "\",\"value\":");
    put_value(b, job, point->def, s, r);
    buf_puts(b, job->csv ? "," : ",\"unit\":");
    if (job->csv)
        buf_puts(b, point->def->unit);
    else
        buf_put_json(b, point->def->unit);
    buf_puts(b, job->csv ? "," : ",\"quality\":\"");
    buf_puts(b, quality_str((enum quality)s->quality));
    buf_puts(b, job->csv ? "\n" : "\"}\n");
}

static int on_reading(void *arg, const struct site *site, struct reading *r) {
    struct values *v = arg;
    const struct device *d = &site->devices[r->device];
    if (d->profile->point_count > v->cap) {
        struct sample *larger = realloc(v->samples, d->profile->point_count * sizeof *larger);
        if (!larger)
            return ERR_NOMEM;
        v->samples = larger;
        v->cap = d->profile->point_count;
    }
    size_t n = decode_reading(d, r, v->samples);
    for (size_t i = 0; i < n; i++) {
        if (!is_asked_for(v->job, site->points[d->point_base + i].id))
            continue;
        struct buf b;
        buf_init(&b, v->line, sizeof v->line);
        put_line(&b, v->job, &site->points[d->point_base + i], &v->samples[i], r);
        if (!buf_ok(&b))
            return ERR_LIMIT;
        if (fwrite(b.data, 1, b.len, v->job->out) != b.len)
            return ERR_IO;
        v->lines++;
    }
    return ERR_OK;
}

/* The names of a device and of its point; device: room for the first. */
static void split_point(const char *id, char *device, size_t cap, struct raw_query *q) {
    size_t n = strcspn(id, ".");
    if (n >= cap)
        n = cap - 1;
    memcpy(device, id, n);
    device[n] = '\0';
    q->device = device;
    q->point = id[n] == '.' ? id + n + 1 : NULL;
}

int export_readings(const struct export_job *job) {
    struct values v = {.job = job};
    uint64_t bad_rows = 0;
    if (job->csv)
        fputs("time,point,value,unit,quality\n", job->out);
    struct raw_query query = {.from = job->from, .to = job->to};
    char device[SITE_ID_MAX + 1];
    if (job->point)
        split_point(job->point, device, sizeof device, &query);
    int err = reader_readings(job->reader, &query, on_reading, &v, &bad_rows);
    free(v.samples);
    if (err < 0) {
        fprintf(stderr, "busbar export: %s: cannot read on: %s; check the disk and the output\n",
                job->db, err_str(err));
        return EXIT_IO_ERROR;
    }
    if (job->point && v.lines == 0 && bad_rows == 0) {
        fprintf(stderr,
                "busbar export: nothing is stored of %s in this time; ids are as in busbar check: "
                "DEVICE or DEVICE.POINT\n",
                job->point);
        return EXIT_FAILURE;
    }
    if (bad_rows > 0) {
        fprintf(stderr,
                "busbar export: %s: %" PRIu64 " rows of raw readings are damaged and left out\n",
                job->db, bad_rows);
        return EXIT_IO_ERROR;
    }
    return EXIT_GOOD;
}
