#include "store/aggregate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/pack.h"
#include "meter/decode.h"
#include "store/layout.h"
#include "sys/clock.h"

#define BYTES_PER_POINT 26   /* of an encoded slot, at most */
#define BYTES_PER_FEED  2000 /* of an encoded checkpoint or slot, at most */

static uint32_t hold_ms(const struct device *d) {
    return d->poll_ms * 5 / 2;
}

static const struct device *device_of(const struct aggregate *a, size_t device) {
    const struct device *dated = a->devices[device].dated;
    return dated ? dated : &a->site->devices[device];
}

/* The ratios that hold on the local day of t. */
static void date_device(struct aggregate *a, size_t device, ms_t t) {
    struct device_state *s = &a->devices[device];
    if (!s->dated || t < s->dated_until)
        return;
    const struct device *d = &a->site->devices[device];
    int32_t day = local_time(t, clock_utc_offset_s).day;
    device_ratios(d, day, &s->dated->ct_ratio, &s->dated->pt_ratio);
    s->dated_until = local_midnight(day + 1, clock_utc_offset_s);
}

struct feed_state *aggregate_feed(const struct aggregate *a, size_t device, int32_t i,
                                  const struct feed **ret_feed) {
    int32_t feed = a->feed_order[a->devices[device].first_feed + i];
    *ret_feed = &a->site->feeds[feed];
    return &a->feeds[feed];
}

/* ---- memory ----------------------------------------------------------------------------- */

/* Metering points and transformers with a meter of their own: what they supply is measured. */
static bool is_supply(const struct site *site, size_t feed) {
    for (size_t i = 0; i < site->metering_point_count; i++)
        if (site->metering_points[i].feed == (int32_t)feed)
            return true;
    for (size_t i = 0; i < site->transformer_count; i++)
        if (site->transformers[i].feed == (int32_t)feed)
            return true;
    return false;
}

/* Registers by quadrant; a meter with two registers only has them as q1 (+Q) and q4 (-Q). */
static int init_reactive(struct aggregate *a, struct feed_state *s, const struct feed *feed) {
    int32_t point[4];
    bool any = false, quadrants = false;
    for (int q = 0; q < 4; q++)
        quadrants = quadrants || feed->reactive_quadrant[q] != SITE_NONE;
    for (int q = 0; q < 4; q++) {
        point[q] = quadrants ? feed->reactive_quadrant[q]
                   : q == 0  ? feed->reactive_import
                   : q == 3  ? feed->reactive_export
                             : SITE_NONE;
        any = any || point[q] != SITE_NONE;
    }
    if (!any)
        return ERR_OK;
    s->reactive = calloc(4, sizeof *s->reactive);
    if (!s->reactive)
        return ERR_NOMEM;
    for (int q = 0; q < 4; q++)
        counter_init(&s->reactive[q], a->site, feed, point[q]);
    return ERR_OK;
}

static int init_feed(struct aggregate *a, size_t i) {
    const struct feed *feed = &a->site->feeds[i];
    struct feed_state *s = &a->feeds[i];
    int32_t power = feed->power != SITE_NONE ? feed->power : feed->power_phase[0];
    counter_init(&s->counter[FEED_FORWARD], a->site, feed, feed->forward);
    counter_init(&s->counter[FEED_REVERSE], a->site, feed, feed->reverse);
    gauge_init(&s->power);
    s->kw_factor = (double)NAN;
    if (power != SITE_NONE)
        s->kw_factor = unit_kilo_factor(a->site->points[power].def->unit) * feed->power_sign;
    s->kw = s->soc_pct = (double)NAN;
    if (!is_supply(a->site, i))
        return ERR_OK;
    s->supply = calloc(1, sizeof *s->supply);
    if (!s->supply)
        return ERR_NOMEM;
    supply_init(s->supply, a->site, feed);
    return init_reactive(a, s, feed);
}

static int init_device(struct aggregate *a, size_t i, ms_t minute) {
    struct device_state *s = &a->devices[i];
    s->minute = slot_edge(SLOT_1M, minute);
    gauge_init(&s->presence);
    if (a->site->devices[i].ratio_count == 0)
        return ERR_OK;
    s->dated = malloc(sizeof *s->dated);
    if (!s->dated)
        return ERR_NOMEM;
    *s->dated = a->site->devices[i];
    return ERR_OK;
}

static int allocate(struct aggregate *a) {
    const struct site *site = a->site;
    size_t points_max = 1, feeds_max = 1;
    int32_t *group = calloc(2 * site->device_count + 1, sizeof *group);
    a->points = calloc(site->point_count + 1, sizeof *a->points);
    a->devices = calloc(site->device_count + 1, sizeof *a->devices);
    a->feeds = calloc(site->feed_count + 1, sizeof *a->feeds);
    a->feed_order = calloc(site->feed_count + 1, sizeof *a->feed_order);
    if (!group || !a->points || !a->devices || !a->feeds || !a->feed_order) {
        free(group);
        return ERR_NOMEM;
    }
    layout_group_feeds(site, a->feed_order, group, group + site->device_count);
    for (size_t d = 0; d < site->device_count; d++) {
        struct device_state *s = &a->devices[d];
        s->first_feed = group[d];
        s->feed_count = group[site->device_count + d];
        size_t points = site->devices[d].profile->point_count;
        points_max = points > points_max ? points : points_max;
        feeds_max = (size_t)s->feed_count > feeds_max ? (size_t)s->feed_count : feeds_max;
    }
    free(group);
    a->body_cap = 64 + points_max * BYTES_PER_POINT + feeds_max * BYTES_PER_FEED;
    a->body = malloc(a->body_cap);
    a->scratch = calloc(points_max, sizeof *a->scratch);
    return a->body && a->scratch ? ERR_OK : ERR_NOMEM;
}

int aggregate_init(struct aggregate *a, const struct site *site, int64_t layout, struct live *live,
                   const struct aggregate_sink *sink, ms_t minute) {
    *a = (struct aggregate){.site = site, .layout = layout, .live = live, .sink = *sink};
    for (int p = 0; p < SLOT_OPEN_COUNT; p++)
        a->bend.label[p] = INT64_MIN;
    if (allocate(a) < 0) {
        aggregate_fini(a);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < site->point_count; i++)
        gauge_init(&a->points[i]);
    int err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < site->device_count; i++)
        err = init_device(a, i, minute);
    for (size_t i = 0; err == ERR_OK && i < site->feed_count; i++)
        err = init_feed(a, i);
    if (err < 0)
        aggregate_fini(a);
    return err;
}

void aggregate_fini(struct aggregate *a) {
    for (size_t i = 0; a->feeds && i < a->site->feed_count; i++) {
        free(a->feeds[i].reactive);
        free(a->feeds[i].supply);
    }
    for (size_t i = 0; a->devices && i < a->site->device_count; i++)
        free(a->devices[i].dated);
    free(a->points);
    free(a->devices);
    free(a->feeds);
    free(a->feed_order);
    free(a->scratch);
    free(a->body);
    memset(a, 0, sizeof *a);
}

/* ---- readings --------------------------------------------------------------------------- */

static void take_gap(struct aggregate *a, size_t device, int32_t feed, int k, struct counter *c,
                     const struct counter_change *change) {
    struct device_state *state = &a->devices[device];
    struct gap_entry g = {.device = (uint32_t)device,
                          .feed = (uint32_t)feed,
                          .counter = (uint32_t)k,
                          .device_feeds = (uint32_t)state->feed_count};
    g.open_start[SLOT_1M] = state->minute;
    g.open_start[SLOT_15M] = slot_edge(SLOT_15M, state->minute);
    const struct counter before = *c;
    struct counter_change since = *change;
    if (since.gap_from != 0 && since.gap_from < a->bend.gap_floor)
        since.gap_from = a->bend.gap_floor;
    if (since.gap_from == 0 || !counter_take_gap(c, &since, g.open_start, &g.gap))
        return;
    if (a->sink.gap(a->sink.arg, &g) < 0)
        *c = before; /* the open slot has it */
    else
        state->checkpoint = true; /* the entry and what it was taken from belong together */
}

/* Stored readings come back in the order of their times. After a clock step that is not the order
 * in which they were read: a register that seems to fall says nothing then. Only what is read from
 * now on can show a reset. */
static bool is_doubtful(enum energy_event e) {
    return e == ENERGY_HELD || e == ENERGY_RESET || e == ENERGY_JUMP;
}

/* Register k of a feed, before the slots up to this reading are closed: they share its step. */
static void take_counter(struct aggregate *a, int32_t feed, int k, struct counter *c,
                         const struct feed_state *f, struct reading *r) {
    struct device_state *state = &a->devices[r->device];
    const struct device *d = device_of(a, r->device);
    size_t i = (size_t)c->point - d->point_base;
    const struct sample *s = &a->scratch[i];
    if (!quality_usable((enum quality)s->quality))
        return;
    /* without a checkpoint of this register the stored readings may be another one's */
    if (a->replaying && (!c->energy.started || s->utc_ms <= c->read_utc_ms))
        return;
    const struct point_def *def = &d->profile->points[i];
    const struct counter before = *c;
    bool conflict;
    struct counter_change change =
        counter_add(c, def, decode_raw(def, reading_registers(r) + def->image_offset),
                    decode_multiplier(d, r, i, &conflict), s->utc_ms, (ms_t)hold_ms(d),
                    aggregate_from(a, SLOT_1M, state->minute), feed_run_at(f, k, s->utc_ms));
    if (a->replaying && is_doubtful(change.event)) {
        *c = before;
        return;
    }
    take_gap(a, r->device, feed, k, c, &change);
    if (change.event == ENERGY_NONE && !change.ratio_changed && !change.coarse)
        return;
    if (change.event != ENERGY_HELD)
        state->checkpoint = true;
    const struct counter_place where = {r->device, feed, k};
    aggregate_report_counter(a, &where, c, s->utc_ms, &change);
}

/* The feed's power from the samples of its device: the total, else the sum of the phases. */
static struct sample feed_power(const struct aggregate *a, const struct device *d,
                                const struct feed *feed, double factor) {
    struct sample power = {.value = 0.0, .quality = QUALITY_GOOD};
    const int32_t *points = feed->power != SITE_NONE ? &feed->power : feed->power_phase;
    size_t count = feed->power != SITE_NONE ? 1 : 3;
    for (size_t i = 0; i < count; i++) {
        if (points[i] == SITE_NONE)
            continue;
        const struct sample *s = &a->scratch[(size_t)points[i] - d->point_base];
        power.value += s->value;
        power.utc_ms = s->utc_ms;
        power.quality =
            (uint8_t)quality_worst((enum quality)power.quality, (enum quality)s->quality);
    }
    power.value *= factor;
    return power;
}

static void add_to_minute(const struct aggregate *a, const struct device_state *state,
                          struct gauge *g, const struct sample *s, uint32_t hold) {
    gauge_add(g, aggregate_from(a, SLOT_1M, state->minute), state->minute + slot_ms(SLOT_1M), s,
              hold);
}

static void take_feed(struct aggregate *a, const struct device_state *state, struct feed_state *f,
                      const struct feed *feed, const struct reading *r, bool late) {
    const struct device *d = device_of(a, r->device);
    if (!isnan(f->kw_factor)) {
        struct sample power = feed_power(a, d, feed, f->kw_factor);
        bool usable = quality_usable((enum quality)power.quality) && !isnan(power.value);
        f->kw = usable ? power.value : (double)NAN;
        f->kw_utc_ms = power.utc_ms;
        f->kw_quality = power.quality;
        if (!late) {
            add_to_minute(a, state, &f->power, &power, hold_ms(d));
            feed_run_take(&f->run, f->kw, power.utc_ms, (ms_t)hold_ms(d));
        }
    }
    if (f->supply && !late) {
        supply_take(f->supply, a->scratch, f->kw, r->utc_ms, (ms_t)hold_ms(d));
        aggregate_report_dips(a, feed, f->supply);
    }
    if (feed->soc != SITE_NONE) {
        const struct sample *soc = &a->scratch[(size_t)feed->soc - d->point_base];
        f->soc_pct = quality_usable((enum quality)soc->quality) ? soc->value : (double)NAN;
        f->soc_utc_ms = soc->utc_ms;
    }
}

static void take_points(struct aggregate *a, const struct device_state *state,
                        const struct device *d, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct gauge *g = &a->points[d->point_base + i];
        const struct sample *s = &a->scratch[i];
        if (point_is_gauge(&d->profile->points[i])) {
            add_to_minute(a, state, g, s, hold_ms(d));
        } else { /* the last one counts */
            g->minute.last = s->value;
            g->minute.samples++;
            g->minute.worst = s->quality;
        }
    }
}

static bool any_was_read(const struct sample *samples, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (samples[i].quality <= QUALITY_OUT_OF_RANGE)
            return true;
    return false;
}

static void take_counters(struct aggregate *a, struct reading *r) {
    for (int32_t i = 0; i < a->devices[r->device].feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, r->device, i, &feed);
        for (int k = 0; k < FEED_COUNTERS; k++) {
            struct counter *c = feed_counter_of(f, k);
            if (c)
                take_counter(a, i, k, c, f, r);
        }
    }
}

static void settle_counters(struct aggregate *a, size_t device) {
    for (int32_t i = 0; i < a->devices[device].feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        for (int k = 0; k < FEED_COUNTERS; k++) {
            struct counter *c = feed_counter_of(f, k);
            if (c)
                counter_settle(c);
        }
    }
}

void aggregate_reading(struct aggregate *a, struct reading *r) {
    struct device_state *state = &a->devices[r->device];
    date_device(a, r->device, r->utc_ms);
    const struct device *d = device_of(a, r->device);
    size_t n = decode_reading(d, r, a->scratch);
    a->samples += n;
    if (a->live && !a->replaying)
        live_put_samples(a->live, a->scratch, n);
    take_counters(a, r);
    while (r->utc_ms >= state->minute + slot_ms(SLOT_1M))
        aggregate_close_minute(a, r->device);
    settle_counters(a, r->device);
    state->taken = true;
    bool late = r->utc_ms < aggregate_from(a, SLOT_1M, state->minute);
    bool answered = r->kind == READING_POLL && any_was_read(a->scratch, n);
    if (answered)
        state->answered_utc_ms = r->utc_ms;
    if (late) {
        a->late_samples += n;
    } else {
        struct sample presence = {.utc_ms = r->utc_ms,
                                  .value = 1.0,
                                  .quality = answered ? QUALITY_GOOD : QUALITY_MISSING};
        add_to_minute(a, state, &state->presence, &presence, hold_ms(d));
        take_points(a, state, d, n);
    }
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, r->device, i, &feed);
        take_feed(a, state, f, feed, r, late);
    }
    aggregate_report_presence(a, r->device, r, answered);
    if (state->checkpoint) {
        state->checkpoint = false;
        aggregate_checkpoint(a, r->device);
    }
}

double aggregate_so_far(const struct aggregate *a, int32_t feed, enum feed_counter direction,
                        enum slot_period p) {
    const struct feed_state *f = &a->feeds[feed];
    const struct counter *c = &f->counter[direction];
    double run = feed_run_at(f, (int)direction, f->kw_utc_ms);
    size_t device = (size_t)a->site->feeds[feed].device;
    ms_t start = aggregate_from(a, p, slot_edge(p, a->devices[device].minute));
    if (c->point != SITE_NONE && !isnan(c->per_register))
        return counter_so_far(c, p, start + (ms_t)hold_ms(&a->site->devices[device]), run);
    return isnan(run) ? run : run - f->run.mark[p][direction];
}

double aggregate_total(const struct aggregate *a, int32_t feed, enum feed_counter direction) {
    const struct feed_state *f = &a->feeds[feed];
    const struct counter *c = &f->counter[direction];
    double run = feed_run_at(f, (int)direction, f->kw_utc_ms);
    return c->point != SITE_NONE && !isnan(c->per_register) ? counter_amount(c, run) : run;
}
