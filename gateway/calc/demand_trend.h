/* Where the import is going: its level now and its rise, from the power of the last three minutes.
 * Pure.
 *
 * The forecast of a block (calc/demand.h) holds the power of the last minute; under a ramp it comes
 * too late. Here a rise that stands out of the noise is carried on, for as long as it has been seen
 * and no longer: three minutes. The rise is a least-squares line through means of 15 s, over the
 * last 180 s and over the last 90 s (steep ones that have just begun); it counts when it is above
 * five, over 90 s eight, of its own standard errors. Where none does, the level is the mean of the
 * last minute, or, while that does not stand out of the noise either, of the three minutes. */
#ifndef BUSBAR_CALC_DEMAND_TREND_H
#define BUSBAR_CALC_DEMAND_TREND_H

#include <stdint.h>

#include "calc/demand.h"

#define TREND_BUCKETS   13 /* the last is the one that is being filled */
#define TREND_BUCKET_MS 15000

struct demand_trend {
    double sum[TREND_BUCKETS]; /* ring by bucket number */
    uint16_t count[TREND_BUCKETS];
    int64_t bucket; /* number of the newest; INT64_MIN: none */
};

void demand_trend_init(struct demand_trend *t);
/* Takes the import at a tick, about once a second, t rising; NAN: unknown. */
void demand_trend_take(struct demand_trend *t, double kw, ms_t utc_ms);

/* The import from now on: level + rise x time for the first `rise_ms`, then level. */
struct demand_outlook {
    double level_kw;      /* NAN: the last minute is not known */
    double rise_kw_min;   /* 0: none that stands out */
    double rise_limit_ms; /* how long it is carried on */
};
struct demand_outlook demand_trend_outlook(const struct demand_trend *t);

/* demand_forecast_of() with an outlook in the place of a constant power. */
struct demand_forecast demand_forecast_ahead(double so_far_kwh, ms_t elapsed_ms,
                                             const struct demand_outlook *o, double limit_kw);

#endif
