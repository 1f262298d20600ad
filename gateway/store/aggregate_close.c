#include <math.h>

#include "base/err.h"
#include "store/aggregate.h"

/* Energy without any counter, from integrated power: all of it stands in the carry. */
static void integrated_energy(const struct feed_state *f, enum slot_period p, ms_t end,
                              struct feed_slot *s) {
    for (int k = 0; k < FEED_DIRECTIONS; k++)
        s->counter[k] = (struct counter_slot){.known = true,
                                              .carry = feed_run_at(f, k, end) - f->run.mark[p][k],
                                              .register_start = (double)NAN,
                                              .register_end = (double)NAN,
                                              .multiplier = (double)NAN};
}

static void reactive_energy(struct feed_state *f, enum slot_period p, ms_t end,
                            struct feed_slot *s) {
    for (int q = 0; q < 4; q++) {
        struct counter_slot *slot = &s->counter[FEED_Q1 + q];
        struct counter *c = feed_counter_of(f, FEED_Q1 + q);
        if (c)
            *slot = counter_close(c, p, end, (double)NAN);
        else if (!f->reactive && f->supply && supply_measures_reactive(f->supply))
            *slot = (struct counter_slot){.known = true,
                                          .carry = supply_kvarh(f->supply, p, q),
                                          .register_start = (double)NAN,
                                          .register_end = (double)NAN,
                                          .multiplier = (double)NAN};
    }
}

/* Energies from the counters; without any counter from the power of the covered time. */
static enum energy_method feed_energy(struct feed_state *f, enum slot_period p, ms_t end,
                                      bool has_power, struct feed_slot *s) {
    bool has_counter = false, known = false, recovered = false;
    for (int k = 0; k < FEED_DIRECTIONS; k++) {
        const struct counter *c = feed_counter_of(f, k);
        if (!c || isnan(c->per_register))
            continue;
        s->counter[k] = counter_close(c, p, end, feed_run_at(f, k, end));
        has_counter = true;
        known = known || s->counter[k].known;
        recovered = recovered || s->counter[k].recovered;
    }
    reactive_energy(f, p, end, s);
    if (has_counter)
        return !known ? METHOD_NONE : recovered ? METHOD_RECOVERED : METHOD_REGISTER;
    if (!has_power)
        return METHOD_NONE;
    integrated_energy(f, p, end, s);
    return METHOD_INTEGRATED;
}

/* An exact energy makes up for what was not seen: such a slot is recovered, its coverage says how
 * much was missing. */
static enum quality feed_quality(const struct feed_slot *s, enum quality power) {
    enum quality q = power;
    if (s->method == METHOD_RECOVERED && q >= QUALITY_STALE)
        q = QUALITY_RECOVERED;
    if (s->method == METHOD_INTEGRATED)
        q = quality_worst(q, QUALITY_ESTIMATED);
    if (s->method == METHOD_RECOVERED)
        q = quality_worst(q, QUALITY_RECOVERED);
    for (int k = 0; k < FEED_DIRECTIONS; k++)
        if (s->counter[k].suspect)
            q = quality_worst(q, QUALITY_SUSPECT);
    return q;
}

static void close_feed(struct pack *out, struct feed_state *f, enum slot_period p, ms_t start,
                       ms_t end, const struct slot_point *presence) {
    struct feed_slot s;
    struct slot_point power = *presence;
    feed_slot_clear(&s);
    bool has_power = !isnan(f->kw_factor);
    if (has_power) {
        power = gauge_result(&f->power, p);
        if (power.has_value)
            s.power_kw = (struct power_stat){power.mean, power.min, power.max};
    }
    s.method = feed_energy(f, p, end, has_power && power.has_value, &s);
    s.quality = feed_quality(&s, power.quality);
    s.coverage = power.coverage;
    s.has_supply = f->supply && p == SLOT_15M;
    if (s.has_supply)
        s.supply = f->supply->open;
    slot_write_feed(out, start, &s);
}

/* The feed goes over the edge of a slot. */
static void feed_next_slot(struct feed_state *f, enum slot_period p, ms_t end) {
    for (int k = 0; k < FEED_COUNTERS; k++) {
        struct counter *c = feed_counter_of(f, k);
        if (c)
            counter_next_slot(c, p, end, feed_run_at(f, k, end));
        if (k < FEED_DIRECTIONS && !isnan(f->kw_factor))
            f->run.mark[p][k] = feed_run_at(f, k, end);
    }
    if (f->supply)
        supply_next_slot(f->supply, p);
}

/* Nothing is written of the slot that is left: its register energy stays with the next one, or
 * goes where it belongs when the next reading tells of a gap. */
static void feed_skip(struct feed_state *f, enum slot_period p, ms_t edge) {
    for (int k = 0; k < FEED_COUNTERS; k++) {
        struct counter *c = feed_counter_of(f, k);
        if (c)
            counter_skip(c, p, edge);
        if (k < FEED_DIRECTIONS && !isnan(f->kw_factor))
            f->run.mark[p][k] = feed_run_at(f, k, edge);
    }
    if (f->supply)
        supply_next_slot(f->supply, p);
}

static struct slot_point last_value(const struct aggregate *a, size_t point) {
    const struct window *w = &a->points[point].minute;
    return (struct slot_point){.has_value = w->samples > 0 && !isnan(w->last),
                               .last = w->last,
                               .coverage = w->samples > 0 ? 1.0 : 0.0,
                               .quality =
                                   w->samples > 0 ? (enum quality)w->worst : QUALITY_MISSING};
}

static int write_slot(struct aggregate *a, size_t device, enum slot_period p, ms_t start,
                      ms_t end) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    struct pack out;
    pack_init(&out, a->body, a->body_cap);
    struct slot_point presence = gauge_result(&state->presence, p);
    slot_write_head(&out, &(struct slot_head){.layout = a->layout,
                                              .coverage = presence.coverage,
                                              .quality = presence.quality,
                                              .feed_count = (size_t)state->feed_count});
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        close_feed(&out, f, p, start, end, &presence);
    }
    slot_write_point_count(&out, d->profile->point_count);
    for (size_t i = 0; i < d->profile->point_count; i++) {
        size_t point = d->point_base + i;
        bool gauge = point_is_gauge(&d->profile->points[i]);
        struct slot_point s = gauge ? gauge_result(&a->points[point], p) : last_value(a, point);
        slot_write_point(&out, &s);
    }
    int err = a->sink.slot(a->sink.arg, p, start, device, out.data, out.len);
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        if (err < 0)
            feed_skip(f, p, end);
        else
            feed_next_slot(f, p, end);
    }
    return err;
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
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        gauge_close_minute(&f->power, start);
        if (f->supply)
            supply_advance(f->supply, end);
    }
    bool kept = write_slot(a, device, SLOT_1M, start, end) == ERR_OK;
    if (end % slot_ms(SLOT_15M) == 0)
        kept = write_slot(a, device, SLOT_15M, end - slot_ms(SLOT_15M), end) == ERR_OK || kept;
    aggregate_skip_to(a, device, end);
    if (kept) /* else the checkpoint before says all that was written */
        aggregate_checkpoint(a, device);
}

void aggregate_close_quarter(struct aggregate *a, size_t device) {
    ms_t minute = a->devices[device].minute;
    write_slot(a, device, SLOT_15M, slot_edge(SLOT_15M, minute), minute);
}

static void next(struct gauge *g, bool new_quarter) {
    gauge_next_minute(g);
    if (new_quarter)
        gauge_next_quarter(g);
}

/* A leap: what was held ends, and nothing is known of the time between. */
static void leap_feed(struct feed_state *f, ms_t minute, bool new_quarter) {
    f->power.hold.held = 0;
    f->run.until = f->run.at;
    if (f->supply)
        f->supply->until = f->supply->at;
    feed_skip(f, SLOT_1M, minute);
    if (new_quarter)
        feed_skip(f, SLOT_15M, minute);
}

void aggregate_skip_to(struct aggregate *a, size_t device, ms_t minute) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    bool new_quarter = slot_edge(SLOT_15M, minute) != slot_edge(SLOT_15M, state->minute);
    bool leap = minute != state->minute + slot_ms(SLOT_1M);
    state->minute = minute;
    state->taken = false;
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
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        next(&f->power, new_quarter);
        if (leap)
            leap_feed(f, minute, new_quarter);
    }
    if (leap) /* the quarter that was left may have been written */
        aggregate_checkpoint(a, device);
}
