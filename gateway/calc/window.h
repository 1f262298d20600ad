/* One point over one slot: time-weighted mean, extremes, coverage, worst quality. Pure.
 *
 * A value holds until the next sample of its point, at most hold_ms (2.5 polls): what is longer is
 * a gap and lowers coverage. Times are UTC ms; a slot is [start, end).
 *
 * A value held from before the slot counts like a sample of it for the time it holds there: in the
 * mean, in min and max, as first, and with its quality; only `samples` counts what was read in the
 * slot. Time is counted once: after a clock step back nothing is added until the old time is
 * reached again, so the caller clears the hold when it reopens time. No allocation; O(1) each. */
#ifndef BUSBAR_CALC_WINDOW_H
#define BUSBAR_CALC_WINDOW_H

#include <stdint.h>

#include "base/quality.h"
#include "base/sample.h"
#include "base/units.h"

struct window {
    double weighted;              /* sum of value x ms held */
    double min, max, first, last; /* NAN while there is none */
    uint32_t covered_ms;
    uint32_t samples; /* usable ones */
    uint8_t worst;    /* enum quality, of usable and unusable samples */
};

/* The value that is being held, across slot edges. All zero = nothing held. */
struct window_hold {
    double value;
    ms_t since_utc_ms; /* held value counts from here: all before is counted */
    ms_t until_utc_ms; /* and no longer than this */
    uint8_t held;
    uint8_t quality; /* enum quality of the held value */
};

void window_clear(struct window *w);
/* Counts the held value into the slot [start, end) up to t and moves hold.since on. */
void window_hold_to(struct window *w, struct window_hold *h, ms_t start, ms_t end, ms_t t);
/* Takes a sample that falls into the slot; unusable samples only end the hold and lower quality. */
void window_add(struct window *w, struct window_hold *h, ms_t start, ms_t end,
                const struct sample *s, uint32_t hold_ms);
double window_mean(const struct window *w); /* NAN when nothing was covered */
double window_coverage(const struct window *w, ms_t start, ms_t end); /* 0..1 */
/* Folds a closed shorter slot into a longer one, in order of time. */
void window_merge(struct window *into, const struct window *w);

#endif
