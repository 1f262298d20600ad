#include <math.h>

#include "store/aggregate.h"

static void register_values(const struct counter *c, enum slot_period p, double *ret_start,
                            double *ret_end) {
    bool known = c->point != SITE_NONE && c->energy.started;
    *ret_start = known ? counter_register(c, c->open[p].start) : (double)NAN;
    *ret_end = known ? counter_register(c, c->energy.base) : (double)NAN;
}

/* Energies from the counters; without any counter from the mean power of the covered time. */
static enum energy_method feed_energy(const struct feed_state *f, const struct slot_point *power,
                                      enum slot_period p, double kwh[FEED_DIRECTIONS]) {
    bool has_counter = false, seen = false, recovered = false;
    for (int i = 0; i < FEED_DIRECTIONS; i++) {
        const struct counter *c = &f->counter[i];
        bool counts = c->point != SITE_NONE && !isnan(c->kwh_per_register);
        kwh[i] = counts ? counter_kwh(c, p) : (double)NAN;
        has_counter = has_counter || counts;
        seen = seen || (counts && c->open[p].seen);
        recovered = recovered || (counts && c->open[p].recovered);
    }
    if (has_counter)
        return !seen ? METHOD_NONE : recovered ? METHOD_RECOVERED : METHOD_REGISTER;
    if (!power->has_value)
        return METHOD_NONE;
    double hours = power->coverage * (double)slot_ms(p) / 3600000.0;
    kwh[FEED_FORWARD] = fmax(power->mean, 0.0) * hours;
    kwh[FEED_REVERSE] = fmax(-power->mean, 0.0) * hours;
    return METHOD_INTEGRATED;
}

static enum quality feed_quality(const struct feed_state *f, const struct slot_point *power,
                                 enum slot_period p, enum energy_method method) {
    enum quality q = power->quality;
    if (method == METHOD_INTEGRATED)
        q = quality_worst(q, QUALITY_ESTIMATED);
    if (method == METHOD_RECOVERED)
        q = quality_worst(q, QUALITY_RECOVERED);
    for (int i = 0; i < FEED_DIRECTIONS; i++)
        if (f->counter[i].point != SITE_NONE && f->counter[i].open[p].suspect)
            q = quality_worst(q, QUALITY_SUSPECT);
    return q;
}

static void close_feed(struct pack *out, struct feed_state *f, const struct feed *feed,
                       enum slot_period p, ms_t start, const struct slot_point *presence) {
    struct slot_point power = *presence;
    struct record_device d = {.power_kw = {(double)NAN, (double)NAN, (double)NAN},
                              .multiplier = (double)NAN};
    if (!isnan(f->kw_factor)) {
        power = gauge_result(&f->power, p);
        if (power.has_value)
            d.power_kw = (struct power_stat){power.mean, power.min, power.max};
    } else {
        power.has_value = false;
    }
    struct feed_slot *closed = &f->closed[p];
    d.method = feed_energy(f, &power, p, closed->kwh);
    d.quality = feed_quality(f, &power, p, d.method);
    d.coverage = power.coverage;
    closed->coverage = d.coverage;
    closed->quality = d.quality;
    enum feed_direction in = feed_import(feed->role);
    const struct counter *import = &f->counter[in], *export = &f->counter[!in];
    d.import_kwh = closed->kwh[in];
    d.export_kwh = closed->kwh[!in];
    register_values(import, p, &d.import_start, &d.import_end);
    register_values(export, p, &d.export_start, &d.export_end);
    const struct counter *timed = f->counter[FEED_FORWARD].point != SITE_NONE
                                      ? &f->counter[FEED_FORWARD]
                                      : &f->counter[FEED_REVERSE];
    if (timed->point != SITE_NONE) {
        d.multiplier = timed->multiplier;
        d.register_at[0] = timed->open[p].start_utc_ms;
        d.register_at[1] = timed->energy.started ? timed->energy.base_utc_ms : 0;
    }
    slot_write_feed(out, start, &d);
}

static struct slot_point last_value(const struct aggregate *a, size_t point) {
    const struct window *w = &a->points[point].minute;
    return (struct slot_point){.has_value = w->samples > 0 && !isnan(w->last),
                               .last = w->last,
                               .coverage = w->samples > 0 ? 1.0 : 0.0,
                               .quality =
                                   w->samples > 0 ? (enum quality)w->worst : QUALITY_MISSING};
}

static void write_slot(struct aggregate *a, size_t device, enum slot_period p, ms_t start) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    struct pack out;
    pack_init(&out, a->body, a->body_cap);
    struct slot_point presence = gauge_result(&state->presence, p);
    state->covered[p] = presence.has_value;
    slot_write_head(&out, &(struct slot_head){.layout = a->layout,
                                              .coverage = presence.coverage,
                                              .quality = presence.quality,
                                              .feed_count = (size_t)state->feed_count});
    for (int32_t i = 0; i < state->feed_count; i++) {
        int32_t feed = a->feed_order[state->first_feed + i];
        close_feed(&out, &a->feeds[feed], &a->site->feeds[feed], p, start, &presence);
        for (int k = 0; k < FEED_DIRECTIONS; k++)
            counter_next_slot(&a->feeds[feed].counter[k], p);
    }
    slot_write_point_count(&out, d->profile->point_count);
    for (size_t i = 0; i < d->profile->point_count; i++) {
        size_t point = d->point_base + i;
        bool gauge = point_is_gauge(&d->profile->points[i]);
        struct slot_point s = gauge ? gauge_result(&a->points[point], p) : last_value(a, point);
        slot_write_point(&out, &s);
    }
    a->sink.slot(a->sink.arg, p, start, device, out.data, out.len);
}

void aggregate_close_minute(struct aggregate *a, size_t device) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    ms_t start = state->minute, end = start + slot_ms(SLOT_1M);
    struct gauge *points = &a->points[d->point_base];
    gauge_close_minute(&state->presence, start);
    for (size_t i = 0; i < d->profile->point_count; i++)
        if (point_is_gauge(&d->profile->points[i]))
            gauge_close_minute(&points[i], start);
    for (int32_t i = 0; i < state->feed_count; i++)
        gauge_close_minute(&a->feeds[a->feed_order[state->first_feed + i]].power, start);
    write_slot(a, device, SLOT_1M, start);
    bool quarter_ends = end % slot_ms(SLOT_15M) == 0;
    if (quarter_ends)
        write_slot(a, device, SLOT_15M, end - slot_ms(SLOT_15M));
    aggregate_skip_to(a, device, end);
    size_t n = aggregate_save(a, device, a->body, a->body_cap);
    a->sink.checkpoint(a->sink.arg, device, a->body, n);
}

void aggregate_close_quarter(struct aggregate *a, size_t device) {
    write_slot(a, device, SLOT_15M, slot_edge(SLOT_15M, a->devices[device].minute));
}

static void next(struct gauge *g, bool new_quarter) {
    gauge_next_minute(g);
    if (new_quarter)
        gauge_next_quarter(g);
}

void aggregate_skip_to(struct aggregate *a, size_t device, ms_t minute) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    bool new_quarter = slot_edge(SLOT_15M, minute) != slot_edge(SLOT_15M, state->minute);
    bool leap = minute != state->minute + slot_ms(SLOT_1M);
    state->minute = minute;
    next(&state->presence, new_quarter);
    for (size_t i = 0; i < d->profile->point_count; i++) {
        struct gauge *g = &a->points[d->point_base + i];
        next(g, new_quarter);
        if (leap)
            g->hold.held = 0;
    }
    if (leap)
        state->presence.hold.held = 0;
    for (int32_t i = 0; i < state->feed_count; i++) {
        struct feed_state *f = &a->feeds[a->feed_order[state->first_feed + i]];
        next(&f->power, new_quarter);
        if (leap)
            f->power.hold.held = 0;
        for (int k = 0; leap && k < FEED_DIRECTIONS; k++) {
            counter_next_slot(&f->counter[k], SLOT_1M);
            if (new_quarter)
                counter_next_slot(&f->counter[k], SLOT_15M);
        }
    }
}
