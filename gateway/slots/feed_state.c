#include "slots/feed_state.h"

#include <math.h>

struct counter *feed_counter_of(struct feed_state *f, int k) {
    struct counter *c = k < FEED_DIRECTIONS ? &f->counter[k]
                        : f->reactive       ? &f->reactive[k - FEED_Q1]
                                            : NULL;
    return c && c->point != SITE_NONE ? c : NULL;
}

static double run_at(const struct feed_run *r, int direction, ms_t t) {
    ms_t to = t < r->until ? t : r->until;
    double kw = direction == FEED_FORWARD ? fmax(r->kw, 0.0) : fmax(-r->kw, 0.0);
    return r->kwh[direction] + (to > r->at ? kw * (double)(to - r->at) / 3600000.0 : 0.0);
}

double feed_run_at(const struct feed_state *f, int k, ms_t t) {
    return k < FEED_DIRECTIONS && !isnan(f->kw_factor) ? run_at(&f->run, k, t) : (double)NAN;
}

void feed_run_take(struct feed_run *r, double kw, ms_t utc_ms, ms_t hold) {
    double forward = run_at(r, FEED_FORWARD, utc_ms), reverse = run_at(r, FEED_REVERSE, utc_ms);
    r->kwh[FEED_FORWARD] = forward;
    r->kwh[FEED_REVERSE] = reverse;
    r->kw = isnan(kw) ? 0.0 : kw;
    if (utc_ms > r->at)
        r->at = utc_ms;
    r->until = isnan(kw) ? r->at : utc_ms + hold;
}
