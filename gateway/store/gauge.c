#include "store/gauge.h"

#include <math.h>

void gauge_next_quarter(struct gauge *g) {
    g->quarter = (struct quarter){.min = NAN, .max = NAN};
}

void gauge_next_minute(struct gauge *g) {
    window_clear(&g->minute);
}

void gauge_init(struct gauge *g) {
    g->hold = (struct window_hold){0};
    gauge_next_minute(g);
    gauge_next_quarter(g);
}

void gauge_add(struct gauge *g, ms_t start, const struct sample *s, uint32_t hold_ms) {
    ms_t end = start + slot_ms(SLOT_1M);
    if (s->utc_ms < end) {
        window_add(&g->minute, &g->hold, start, end, s, hold_ms);
        return;
    }
    struct sample last = *s;
    last.utc_ms = end - 1;
    window_add(&g->minute, &g->hold, start, end, &last, hold_ms);
}

static void fold(struct quarter *q, double weighted, double min, double max, uint32_t covered_ms,
                 unsigned worst) {
    if (worst > q->worst)
        q->worst = (uint8_t)worst;
    if (covered_ms == 0)
        return;
    q->weighted += weighted;
    q->covered_ms += covered_ms;
    q->min = fminf(q->min, (float)min); /* of a number and NAN: the number */
    q->max = fmaxf(q->max, (float)max);
}

void gauge_close_minute(struct gauge *g, ms_t start) {
    ms_t end = start + slot_ms(SLOT_1M);
    struct window *w = &g->minute;
    window_hold_to(w, &g->hold, start, end, end);
    if (w->covered_ms == 0 && w->worst < QUALITY_MISSING)
        w->worst = QUALITY_MISSING;
    fold(&g->quarter, w->weighted, w->min, w->max, w->covered_ms, w->worst);
}

void gauge_restore_minute(struct gauge *g, const struct slot_point *s) {
    uint32_t covered = (uint32_t)(s->coverage * (double)slot_ms(SLOT_1M) + 0.5);
    if (!s->has_value)
        covered = 0;
    fold(&g->quarter, s->mean * (double)covered, s->min, s->max, covered, (unsigned)s->quality);
}

struct slot_point gauge_result(const struct gauge *g, enum slot_period p) {
    struct slot_point s = {.is_gauge = true, .last = (double)NAN};
    if (p == SLOT_1M) {
        s.has_value = g->minute.covered_ms > 0;
        s.mean = window_mean(&g->minute);
        s.min = g->minute.min;
        s.max = g->minute.max;
        s.coverage = (double)g->minute.covered_ms / (double)slot_ms(p);
        s.quality = (enum quality)g->minute.worst;
    } else {
        const struct quarter *q = &g->quarter;
        s.has_value = q->covered_ms > 0;
        s.mean = s.has_value ? q->weighted / (double)q->covered_ms : (double)NAN;
        s.min = (double)q->min;
        s.max = (double)q->max;
        s.coverage = (double)q->covered_ms / (double)slot_ms(p);
        s.quality = (enum quality)q->worst;
    }
    return s;
}
