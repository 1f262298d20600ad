#include "calc/window.h"

#include <math.h>

void window_clear(struct window *w) {
    const double none = (double)NAN;

    *w = (struct window){.min = none, .max = none, .first = none, .last = none};
}

static void note_quality(struct window *w, uint8_t quality) {
    if (quality > w->worst)
        w->worst = quality;
}

/* The comparisons are false for a NAN limit, so the first value sets all four. */
static void note_value(struct window *w, double value) {
    if (!(w->min <= value))
        w->min = value;
    if (!(w->max >= value))
        w->max = value;
    if (isnan(w->first))
        w->first = value;
    w->last = value;
}

void window_hold_to(struct window *w, struct window_hold *h, ms_t start, ms_t end, ms_t t) {
    ms_t to = t < end ? t : end;
    ms_t from = h->since_utc_ms > start ? h->since_utc_ms : start;

    if (h->held) {
        ms_t stop = to < h->until_utc_ms ? to : h->until_utc_ms;
        if (stop > from) {
            w->weighted += h->value * (double)(stop - from);
            w->covered_ms += (uint32_t)(stop - from);
            note_value(w, h->value);
            note_quality(w, h->quality);
        }
        if (to >= h->until_utc_ms)
            h->held = 0;
    }
    if (to > h->since_utc_ms)
        h->since_utc_ms = to;
}

void window_add(struct window *w, struct window_hold *h, ms_t start, ms_t end,
                const struct sample *s, uint32_t hold_ms) {
    window_hold_to(w, h, start, end, s->utc_ms);
    note_quality(w, s->quality);
    h->held = 0;
    if (!quality_usable((enum quality)s->quality) || !isfinite(s->value))
        return;
    note_value(w, s->value);
    w->samples++;
    h->value = s->value;
    h->quality = s->quality;
    h->until_utc_ms = s->utc_ms + (ms_t)hold_ms;
    h->held = 1;
}

double window_mean(const struct window *w) {
    if (w->covered_ms == 0)
        return (double)NAN;
    /* Rounding of the sum must not put the mean outside what was measured. */
    return fmin(fmax(w->weighted / (double)w->covered_ms, w->min), w->max);
}

double window_coverage(const struct window *w, ms_t start, ms_t end) {
    if (end <= start)
        return 0.0;
    return fmin((double)w->covered_ms / (double)(end - start), 1.0);
}

void window_merge(struct window *into, const struct window *w) {
    into->weighted += w->weighted;
    into->covered_ms += w->covered_ms;
    into->samples += w->samples;
    note_quality(into, w->worst);
    if (isnan(w->first))
        return;
    note_value(into, w->first);
    note_value(into, w->min);
    note_value(into, w->max);
    into->last = w->last;
}
