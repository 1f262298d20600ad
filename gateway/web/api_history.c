/* One series over time: a device's point, as it was read or by slots, or a sum of the site. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/head.h"
#include "format/json.h"
#include "meter/decode.h"
#include "sys/clock.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/series_name.h"

#define ROWS_MAX  100000 /* a day of readings a second, two months of minutes */
#define RAW_MAX   MS_PER_DAY
#define NO_PERIOD SLOT_PERIOD_COUNT /* as it was read */
#define DECIMALS  6

struct history {
    const struct site *site;
    struct series_name name;
    enum slot_period period; /* NO_PERIOD: readings */
    ms_t from, to;
    struct series_row *rows;
    size_t count;
    struct sample *samples; /* of one reading */
    size_t sample_cap;
    bool full;
};

static const struct {
    const char *name;
    ms_t up_to; /* chosen for spans up to this when no step is asked for */
} steps[] = {
    [SLOT_1M] = {"1m", 2 * MS_PER_DAY},   [SLOT_15M] = {"15m", 62 * MS_PER_DAY},
    [SLOT_1H] = {"1h", 400 * MS_PER_DAY}, [SLOT_1D] = {"1d", 4000 * MS_PER_DAY},
    [SLOT_1MO] = {"1mo", INT64_MAX},
};
#define STEPS (sizeof steps / sizeof steps[0])

/* ---- the question -------------------------------------------------------------------------- */

static bool choose_step(struct history *h, const char *text) {
    size_t p = 0;
    bool raw_possible = !h->name.is_site && h->to - h->from <= RAW_MAX;
    if (!text) {
        while (h->to - h->from > steps[p].up_to)
            p++;
        h->period = (enum slot_period)p;
        return true;
    }
    if (strcmp(text, "raw") == 0) {
        h->period = NO_PERIOD;
        return raw_possible;
    }
    while (p < STEPS && strcmp(text, steps[p].name) != 0)
        p++;
    h->period = (enum slot_period)p;
    return p < STEPS;
}

/* NULL when all is well, else what is wrong. */
static const char *read_question(struct MHD_Connection *c, struct history *h) {
    const char *point = api_parameter(c, "point"), *from = api_parameter(c, "from"),
               *to = api_parameter(c, "to");
    if (!point || series_name_find(h->site, point, &h->name) < 0)
        return "point is unknown; /api/v1/devices lists points, and there are "
               "site.grid.active_power, site.pv.energy, site.soc and the like";
    h->to = floor_div(clock_now().utc_us, US_PER_MS);
    if (to && api_time(to, &h->to) < 0)
        return "to is wrong; write it like 2026-01-31T08:00:00+08:00, or leave it out for now";
    h->from = h->to - MS_PER_DAY;
    if ((from && api_time(from, &h->from) < 0) || h->from >= h->to)
        return "from is wrong; write it like 2026-01-31T00:00:00+08:00, before to";
    if (!choose_step(h, api_parameter(c, "step")))
        return "step is wrong; write raw (a device's point, at most a day), 1m, 15m, 1h, 1d or "
               "1mo, or leave it out";
    return NULL;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static int add(struct history *h, const struct series_row *row) {
    if (h->count == ROWS_MAX) {
        h->full = true;
        return ERR_LIMIT;
    }
    h->rows[h->count++] = *row;
    return ERR_OK;
}

/* Another configuration's device may have more points. */
static bool make_room(struct history *h, size_t points) {
    if (points <= h->sample_cap)
        return true;
    struct sample *more = realloc(h->samples, points * sizeof *more);
    if (more) {
        h->samples = more;
        h->sample_cap = points;
    }
    return more != NULL;
}

static int on_reading(void *arg, const struct site *site, struct reading *reading) {
    struct history *h = arg;
    const struct device *d = &site->devices[reading->device];
    if (!make_room(h, d->profile->point_count))
        return ERR_NOMEM;
    size_t n = decode_reading(d, reading, h->samples);
    for (size_t i = 0; i < n; i++) {
        const struct sample *s = &h->samples[i];
        if (strcmp(site->points[s->point].id, h->name.point) != 0 || (s->flags & SAMPLE_TEXT))
            continue;
        const struct series_row row = {
            .start = s->utc_ms, .mean = s->value, .coverage = 1.0F, .quality = s->quality};
        return add(h, &row);
    }
    return ERR_OK;
}

static int on_facts(void *arg, const struct slot_facts *f) {
    struct history *h = arg;
    struct series_row row = {
        .start = f->start, .coverage = (float)f->coverage, .quality = (uint8_t)f->quality};
    if (h->name.is_power) {
        const struct power_stat *p = &f->power[h->name.index];
        row.mean = p->avg;
        row.min = p->min;
        row.max = p->max;
    } else {
        row.mean = h->name.is_soc ? f->soc_end_pct : f->energy_kwh[h->name.index];
        row.min = row.max = row.mean;
    }
    return add(h, &row);
}

static int read_raw(struct history *h, struct reader *r) {
    uint64_t bad_rows;
    const struct raw_query q = {.from = h->from,
                                .to = h->to,
                                .device = h->name.device,
                                .point = h->name.point + strlen(h->name.device) + 1};
    return reader_readings(r, &q, on_reading, h, &bad_rows);
}

static int read_rows(struct history *h, struct reader *r) {
    uint64_t bad_rows;
    h->rows = malloc(ROWS_MAX * sizeof *h->rows); /* touched as far as it is filled */
    if (!h->rows)
        return ERR_NOMEM;
    if (h->period == NO_PERIOD)
        return read_raw(h, r);
    if (h->name.is_site)
        return reader_facts(r, h->site, h->period, -1, h->from, h->to, on_facts, h, &bad_rows);
    int n = reader_series(r, h->name.device, h->name.point, h->period, h->from, h->to, h->rows,
                          ROWS_MAX);
    h->count = n > 0 ? (size_t)n : 0;
    h->full = h->count == ROWS_MAX;
    return n < 0 ? n : ERR_OK;
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void write_number(struct buf *b, double v) {
    buf_putc(b, ',');
    buf_put_decimal(b, v, DECIMALS);
}

static void write_rows(const struct history *h, struct buf *b) {
    json_open_list(b, "rows");
    for (size_t i = 0; i < h->count; i++) {
        const struct series_row *row = &h->rows[i];
        buf_puts(b, i > 0 ? ",[" : "[");
        buf_put_i64(b, row->start);
        write_number(b, row->mean);
        if (h->period != NO_PERIOD) {
            write_number(b, row->min);
            write_number(b, row->max);
            write_number(b, (double)row->coverage);
        }
        buf_puts(b, ",\"");
        buf_puts(b, quality_str((enum quality)row->quality));
        buf_puts(b, "\"]");
    }
    json_close_list(b);
}

static void write_history(const void *arg, struct buf *b) {
    const struct history *h = arg;
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_text(b, "point", h->name.point);
    json_text(b, "unit", h->name.unit);
    json_text(b, "step", h->period == NO_PERIOD ? "raw" : steps[h->period].name);
    json_time(b, "from", h->from, clock_utc_offset_s(h->from));
    json_time(b, "to", h->to, clock_utc_offset_s(h->to));
    json_key(b, "columns");
    buf_puts(b, h->period == NO_PERIOD
                    ? "[\"t\",\"value\",\"quality\"]"
                    : "[\"start\",\"mean\",\"min\",\"max\",\"coverage\",\"quality\"]");
    write_rows(h, b);
    json_close(b);
}

enum MHD_Result api_history(struct api *a, struct MHD_Connection *c) {
    struct history h = {.site = a->site};
    const char *wrong = read_question(c, &h);
    if (wrong)
        return answer_error(c, MHD_HTTP_BAD_REQUEST, "%s", wrong);
    struct reader *r = api_reader(a);
    if (!r)
        return api_no_store(c);
    int err = read_rows(&h, r);
    enum MHD_Result result;
    if (h.full) {
        result = answer_error(
            c, MHD_HTTP_BAD_REQUEST,
            "these are more than %d rows; ask for a shorter time or a longer step", ROWS_MAX);
    } else if (err == ERR_OK) {
        result = answer_json(c, write_history, &h);
    } else {
        api_reader_failed(a, err);
        result = api_no_store(c);
    }
    free(h.rows);
    free(h.samples);
    return result;
}
