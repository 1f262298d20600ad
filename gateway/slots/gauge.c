#include "slots/gauge.h"

#include <math.h>

void gauge_next_quarter(struct gauge *g) {
    g->quarter = (struct quarter){.min = NAN, .max = NAN, .first = NAN, .last = NAN};
}

void gauge_next_minute(struct gauge *g) {
    window_clear(&g->minute);
}

void gauge_init(struct gauge *g) {
    g->hold = (struct window_hold){0};
    gauge_next_minute(g);
    gauge_next_quarter(g);
}

void gauge_add(struct gauge *g, ms_t start, ms_t end, const struct sample *s, uint32_t hold_ms) {
    if (s->utc_ms < end) {
        window_add(&g->minute, &g->hold, start, end, s, hold_ms);
        return;
    }
    struct sample last = *s;
    last.utc_ms = end - 1;
    window_add(&g->minute, &g->hold, start, end, &last, hold_ms);
}

static void fold(struct quarter *q, const struct window *w) {
    if (w->worst > q->worst)
        q->worst = w->worst;
    if (w->covered_ms == 0)
        return;
    q->weighted += w->weighted;
    q->covered_ms += w->covered_ms;
    q->min = fminf(q->min, (float)w->min); /* of a number and NAN: the number */
    q->max = fmaxf(q->max, (float)w->max);
    if (isnan(q->first))
        q->first = (float)w->first;
    q->last = (float)w->last;
}

void gauge_close_minute(struct gauge *g, ms_t start, ms_t end) {
    struct window *w = &g->minute;
    window_hold_to(w, &g->hold, start, end, end);
    if (w->covered_ms == 0 && w->worst < QUALITY_MISSING)
        w->worst = QUALITY_MISSING;
    fold(&g->quarter, w);
}

void gauge_restore_minute(struct gauge *g, const struct slot_point *s) {
    uint32_t covered = (uint32_t)(s->coverage * (double)slot_ms(SLOT_1M) + 0.5);
    if (!s->has_value)
        covered = 0;
    const struct window w = {.weighted = s->mean * (double)covered,
                             .min = s->min,
                             .max = s->max,
                             .first = s->first,
                             .last = s->last,
                             .covered_ms = covered,
                             .worst = (uint8_t)s->quality};
    fold(&g->quarter, &w);
}

struct slot_point gauge_nothing(void) {
    const double none = (double)NAN;
    return (struct slot_point){.is_gauge = true,
                               .mean = none,
                               .min = none,
                               .max = none,
                               .first = none,
                               .last = none,
                               .quality = QUALITY_GOOD};
}

void gauge_merge(struct slot_point *into, const struct slot_point *part, ms_t part_ms,
                 ms_t whole_ms) {
    double share = part->coverage * (double)part_ms / (double)whole_ms;
    into->quality = quality_worst(into->quality, part->quality);
    if (!part->has_value)
        return;
    double total = into->coverage + share;
    if (part->is_gauge && share > 0.0) {
        double before = into->has_value ? into->mean * into->coverage : 0.0;
        into->mean = (before + part->mean * share) / total;
        into->min = fmin(into->min, part->min);
        into->max = fmax(into->max, part->max);
        if (!into->has_value)
            into->first = part->first;
    }
    into->last = part->last;
    into->coverage = fmin(total, 1.0);
    into->has_value = true;
}

static double share_of(uint32_t covered_ms, ms_t length_ms) {
    return length_ms > 0 ? fmin((double)covered_ms / (double)length_ms, 1.0) : 0.0;
}

void gauge_shift(struct gauge *g, ms_t by) {
    g->hold.since_utc_ms += by;
    g->hold.until_utc_ms += by;
}

struct slot_point gauge_result(const struct gauge *g, enum slot_period p, ms_t length_ms) {
    struct slot_point s = {.is_gauge = true};
    if (p == SLOT_1M) {
        s.has_value = g->minute.covered_ms > 0;
        s.mean = window_mean(&g->minute);
        s.min = g->minute.min;
        s.max = g->minute.max;
        s.first = g->minute.first;
        s.last = g->minute.last;
        s.coverage = share_of(g->minute.covered_ms, length_ms);
        s.quality = (enum quality)g->minute.worst;
    } else {
        const struct quarter *q = &g->quarter;
        s.has_value = q->covered_ms > 0;
        s.mean = s.has_value ? q->weighted / (double)q->covered_ms : (double)NAN;
        s.min = (double)q->min;
        s.max = (double)q->max;
        s.first = (double)q->first;
        s.last = (double)q->last;
        s.coverage = share_of(q->covered_ms, length_ms);
        s.quality = (enum quality)q->worst;
    }
    return s;
}
