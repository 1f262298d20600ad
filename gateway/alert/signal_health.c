#include "alert/signal_health.h"

#include <math.h>

#include "alert/signal_storage.h"

static double temperature_value(double c) {
    if (c <= HEALTH_WARM_C)
        return 100.0 * c / HEALTH_WARM_C;
    return 100.0 + 100.0 * (c - HEALTH_WARM_C) / (HEALTH_HOT_C - HEALTH_WARM_C);
}

/* Whatever is not known compares as false and is left out. */
static void take(struct health *h, enum health_sign sign, double value, double measured,
                 double limit, const char *unit) {
    if (isnan(value) || value <= h->value)
        return;
    *h = (struct health){value, sign, measured, limit, unit};
}

struct health signal_health(const struct health_now *n) {
    double low = isnan(n->soc_min) ? STORAGE_SOC_MIN_PCT : n->soc_min;
    double high = isnan(n->soc_max) ? STORAGE_SOC_MAX_PCT : n->soc_max;
    double least_trip = n->design_pct - HEALTH_LOST_POINTS;
    struct health h = {.value = -(double)INFINITY};
    take(&h, HEALTH_SOC_LOW, 100.0 + low - n->soc_pct, n->soc_pct, low, "%");
    take(&h, HEALTH_SOC_HIGH, 100.0 + n->soc_pct - high, n->soc_pct, high, "%");
    take(&h, HEALTH_SPREAD, 100.0 * n->spread_mv / HEALTH_SPREAD_MV, n->spread_mv, HEALTH_SPREAD_MV,
         "mV");
    take(&h, HEALTH_TEMPERATURE, temperature_value(n->temperature_c), n->temperature_c,
         n->temperature_c > HEALTH_HOT_C ? HEALTH_HOT_C : HEALTH_WARM_C, "degC");
    take(&h, HEALTH_ROUND_TRIP, 100.0 + HEALTH_TRIP_PERCENT * (least_trip - n->round_trip_pct),
         n->round_trip_pct, least_trip, "%");
    if (n->fault_known)
        take(&h, HEALTH_FAULT_BIT, n->fault ? HEALTH_FAULT : 0.0, n->fault, 0.0, "");
    if (isinf(h.value))
        h.value = (double)NAN;
    return h;
}
