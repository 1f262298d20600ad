#include <math.h>

#include "slots/feed_state.h"

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
        const struct counter *c = feed_counter_of(f, FEED_Q1 + q);
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
static enum quality feed_quality(const struct feed_slot *s, enum quality power, bool stepped) {
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
    return stepped ? quality_worst(q, QUALITY_CLOCK_SUSPECT) : q;
}

void feed_close(struct pack *out, struct feed_state *f, enum slot_period p,
                const struct slot_extent *e, const struct slot_point *presence) {
    struct feed_slot s;
    struct slot_point power = *presence;
    feed_slot_clear(&s);
    bool has_power = !isnan(f->kw_factor);
    if (has_power) {
        power = gauge_result(&f->power, p, e->length_ms);
        if (power.has_value)
            s.power_kw = (struct power_stat){power.mean, power.min, power.max};
    }
    s.method = feed_energy(f, p, e->to, has_power && power.has_value, &s);
    s.quality = feed_quality(&s, power.quality, e->stepped);
    s.coverage = power.coverage;
    s.has_supply = f->supply && p == SLOT_15M;
    if (s.has_supply)
        s.supply = f->supply->open;
    slot_write_feed(out, e->label, &s);
}

static void mark_run(struct feed_state *f, enum slot_period p, ms_t edge) {
    for (int k = 0; k < FEED_DIRECTIONS && !isnan(f->kw_factor); k++)
        f->run.mark[p][k] = feed_run_at(f, k, edge);
    if (f->supply)
        supply_next_slot(f->supply, p);
}

void feed_next_slot(struct feed_state *f, enum slot_period p, ms_t end) {
    for (int k = 0; k < FEED_COUNTERS; k++) {
        struct counter *c = feed_counter_of(f, k);
        if (c)
            counter_next_slot(c, p, end, feed_run_at(f, k, end));
    }
    mark_run(f, p, end);
}

void feed_skip(struct feed_state *f, enum slot_period p, ms_t edge) {
    for (int k = 0; k < FEED_COUNTERS; k++) {
        struct counter *c = feed_counter_of(f, k);
        if (c)
            counter_skip(c, p, edge);
    }
    mark_run(f, p, edge);
}

void feed_leap(struct feed_state *f, ms_t minute, bool new_quarter) {
    f->power.hold.held = 0;
    f->run.until = f->run.at;
    if (f->supply)
        f->supply->until = f->supply->at;
    feed_skip(f, SLOT_1M, minute);
    if (new_quarter)
        feed_skip(f, SLOT_15M, minute);
}
