/* Import demand of metering points: block, sliding, forecast, maxima of the billing month. Pure.
 *
 * Demand is energy over 15 minutes, import only. The block stands on :00 :15 :30 :45; the sliding
 * one moves by a minute. Fed with the import energy of each closed minute of each point; a minute
 * that is unknown makes every demand that contains it unknown. Source: domain facts 1.4 (DL/T
 * 1490-2015 as quoted there). No allocation. Times are UTC ms. */
#ifndef BUSBAR_CALC_DEMAND_H
#define BUSBAR_CALC_DEMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "meter/account.h"

#define DEMAND_MINUTES 15

struct demand_peak {
    double kw; /* NAN: none yet */
    ms_t at;   /* start of the 15 minutes */
};

/* The last 15 minutes of one point. All zero = nothing known; see demand_init. (So the minute at
 * 1970-01-01T00:00Z counts as none.) */
struct demand_window {
    double minute_kwh[DEMAND_MINUTES]; /* ring, by minute modulo 15; NAN unknown */
    ms_t last_minute;                  /* start of the newest minute fed; INT64_MIN: none */
};
void demand_init(struct demand_window *w);
/* Takes the energy of the minute that starts at minute (rising; skipped ones become unknown; one
 * that is not newer than the last replaces its place when still inside the window, else is
 * ignored). After the clock was set back by more than the window: demand_init. */
void demand_minute(struct demand_window *w, ms_t minute, double kwh);
/* kW over the 15 minutes that end with the newest minute; NAN when one is unknown. */
double demand_sliding_kw(const struct demand_window *w);
ms_t demand_sliding_start(const struct demand_window *w); /* INT64_MIN: nothing was fed */

void demand_peak_init(struct demand_peak *p);
/* Keeps the larger; of equal ones the earlier. kw NAN is ignored. True when it was raised. */
bool demand_peak_take(struct demand_peak *p, double kw, ms_t at);

/* Demand of an account from its points' values at one time: sum_of_maxima and coincident: the sum,
 * max: the largest. Any NAN among points that do not stand by gives NAN; a stand-by point that is
 * unknown counts 0. Without points: NAN. */
double demand_combine(enum demand_combination c, const double *point_kw, const bool *standby,
                      size_t n);
/* The account's maximum of the month from its points' maxima (sum_of_maxima adds them; at = the
 * time of the largest one), for coincident the peak that was kept of the sum. Unknown points as
 * above, but with no maximum at all: none yet. */
struct demand_peak demand_month_max(enum demand_combination c, const struct demand_peak *points,
                                    const bool *standby, size_t n,
                                    const struct demand_peak *coincident);

struct demand_forecast {
    double block_kw; /* expected at the block's end: (E + P x (T - t)) / T */
    double shed_kw;  /* P - (L x T - E) / (T - t), not below 0; NAN without a limit */
    bool early;      /* less than 5 min of the block have passed: mostly extrapolation */
};
/* so_far_kwh: import since the block began, elapsed_ms of it (held within 0..T); power_kw: mean of
 * the last minute, export counts 0. At the block's end the power does not matter; shed_kw is 0 when
 * the limit was held and NAN when it was not: too late. */
struct demand_forecast demand_forecast_of(double so_far_kwh, ms_t elapsed_ms, double power_kw,
                                          double limit_kw);

#endif
