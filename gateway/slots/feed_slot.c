/* What a stored feed says: its supply figures, and itself as a record shows it. */
#include <math.h>

#include "slots/slot_codec.h"

struct range_stat *supply_range(struct supply_facts *s, size_t i) {
    struct range_stat *const ranges[SUPPLY_RANGES] = {&s->s_kva, &s->voltage_deviation_pct,
                                                      &s->voltage_unbalance_pct,
                                                      &s->current_unbalance_pct, &s->frequency_hz};
    return ranges[i];
}

void supply_clear(struct supply_facts *s) {
    const double none = (double)NAN;
    for (size_t i = 0; i < SUPPLY_RANGES; i++)
        *supply_range(s, i) = (struct range_stat){none, none, none, 0};
    s->s_max_at = 0;
    s->p_max_kw = none;
    s->monitored_ms = s->qualified_ms = 0;
}

void supply_merge(struct supply_facts *into, const struct supply_facts *part) {
    struct supply_facts copy = *part;
    if (!(part->s_kva.max <= into->s_kva.max) && !isnan(part->s_kva.max))
        into->s_max_at = part->s_max_at;
    for (size_t i = 0; i < SUPPLY_RANGES; i++)
        range_merge(supply_range(into, i), supply_range(&copy, i));
    into->p_max_kw = fmax(into->p_max_kw, part->p_max_kw);
    into->monitored_ms += part->monitored_ms;
    into->qualified_ms += part->qualified_ms;
}

/* Of the feed's two directions the one that has registers. */
static const struct counter_slot *timed(const struct feed_slot *f) {
    bool forward = !isnan(f->counter[FEED_FORWARD].register_start);
    return &f->counter[forward ? FEED_FORWARD : FEED_REVERSE];
}

void feed_slot_show(const struct feed_slot *f, enum role role, struct record_device *ret) {
    const struct counter_slot *in = &f->counter[feed_import(role)];
    const struct counter_slot *out = &f->counter[feed_export(role)];
    const struct counter_slot *at = timed(f);
    bool registers = !isnan(at->register_start);
    ret->import_kwh = counter_slot_amount(in);
    ret->export_kwh = counter_slot_amount(out);
    ret->method = f->method;
    ret->import_start = in->register_start;
    ret->import_end = in->register_end;
    ret->export_start = out->register_start;
    ret->export_end = out->register_end;
    ret->register_at[0] = registers ? at->start_utc_ms : 0;
    ret->register_at[1] = registers ? at->end_utc_ms : 0;
    ret->multiplier = registers ? at->multiplier : (double)NAN;
    ret->edge_kwh = in->known ? (double)in->edge_parts * in->unit : (double)NAN;
    ret->edge_export_kwh = out->known ? (double)out->edge_parts * out->unit : (double)NAN;
    ret->rollover_kwh = counter_slot_rollover(in);
    ret->rollover_export_kwh = counter_slot_rollover(out);
    ret->power_kw = f->power_kw;
    ret->coverage = f->coverage;
    ret->quality = f->quality;
}
