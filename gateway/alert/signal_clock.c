#include "alert/signal_clock.h"

#include <math.h>

void clock_watch_init(struct clock_watch *w) {
    w->alone_since = INT64_MIN;
}

static double first_level(const struct alert_limits *l) {
    double mild = l->levels[0].raise;
    return l->level_count > 1 ? mild + (l->levels[1].raise - mild) / 2.0 : mild + 1.0;
}

double signal_clock(struct clock_watch *w, bool synced, double offset_ms, ms_t t,
                    const struct alert_limits *l, bool *ret_alone) {
    *ret_alone = false;
    if (synced) {
        w->alone_since = INT64_MIN;
        return fabs(offset_ms) / 1000.0;
    }
    if (w->alone_since == INT64_MIN || w->alone_since > t)
        w->alone_since = t;
    *ret_alone = t - w->alone_since >= CLOCK_ALONE_MS;
    return *ret_alone ? first_level(l) : (double)NAN;
}
