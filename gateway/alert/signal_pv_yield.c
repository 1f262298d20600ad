#include "alert/signal_pv_yield.h"

#include <math.h>

#include "alert/median.h"
#include "calc/indicators.h"

double pv_hour_ratio(double kwh, double rated_kwp, double irradiation_kwh_m2, double hours) {
    if (!(irradiation_kwh_m2 >= PV_SUN_KW_M2 * hours))
        return (double)NAN;
    return performance_ratio(kwh, rated_kwp, irradiation_kwh_m2);
}

/* Where an hour's ratio goes: its own place, a new one, or that of the oldest. PV_HOURS_MAX: it is
 * older than all. */
static size_t place_of(const struct pv_history *h, int32_t hour) {
    size_t oldest = 0;
    for (size_t i = 0; i < h->count; i++) {
        if (h->hour[i] == hour)
            return i;
        if (h->hour[i] < h->hour[oldest])
            oldest = i;
    }
    if (h->count < PV_HOURS_MAX)
        return h->count;
    return h->hour[oldest] < hour ? oldest : PV_HOURS_MAX;
}

void pv_history_take(struct pv_history *h, int32_t hour, double ratio) {
    size_t at = isnan(ratio) ? PV_HOURS_MAX : place_of(h, hour);
    if (at == PV_HOURS_MAX)
        return;
    if (at == h->count)
        h->count++;
    h->hour[at] = hour;
    h->ratio[at] = ratio;
}

double pv_history_median(const struct pv_history *h, int32_t hour, double *scratch) {
    size_t n = 0;
    for (size_t i = 0; i < h->count; i++)
        if (h->hour[i] < hour && h->hour[i] >= hour - PV_DAYS * 24)
            scratch[n++] = h->ratio[i];
    return n < PV_HOURS_LEAST ? (double)NAN : median_of(scratch, n);
}

double signal_pv_day(const double *kwh_per_kwp, size_t n, size_t i, double limit_pct,
                     double *scratch, double *ret_peers) {
    size_t others = 0;
    for (size_t k = 0; k < n; k++)
        if (k != i && !isnan(kwh_per_kwp[k]))
            scratch[others++] = kwh_per_kwp[k];
    *ret_peers = others < PV_PEERS_LEAST ? (double)NAN : median_of(scratch, others);
    if (!(*ret_peers > 0.0))
        return (double)NAN;
    return 100.0 * kwh_per_kwp[i] / *ret_peers * limit_pct / PV_PEER_PCT;
}
