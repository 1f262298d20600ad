#include "alert/signal_pv_yield.h"

#include <math.h>

#include "alert/median.h"
#include "calc/indicators.h"

double pv_hour_ratio(double kwh, double rated_kwp, double irradiation_kwh_m2, double hours) {
    if (!(irradiation_kwh_m2 >= PV_SUN_KW_M2 * hours))
        return (double)NAN;
    return performance_ratio(kwh, rated_kwp, irradiation_kwh_m2);
}

void pv_history_take(struct pv_history *h, int32_t day, double ratio) {
    size_t at = h->count;
    if (isnan(ratio))
        return;
    if (at < PV_HOURS_MAX) {
        h->count++;
    } else {
        at = 0;
        for (size_t i = 1; i < PV_HOURS_MAX; i++)
            if (h->day[i] < h->day[at])
                at = i;
        if (h->day[at] > day)
            return;
    }
    h->day[at] = day;
    h->ratio[at] = ratio;
}

double pv_history_median(const struct pv_history *h, int32_t day, double *scratch) {
    size_t n = 0;
    for (size_t i = 0; i < h->count; i++)
        if (h->day[i] < day && h->day[i] >= day - PV_DAYS)
            scratch[n++] = h->ratio[i];
    return n < PV_HOURS_LEAST ? (double)NAN : median_of(scratch, n);
}

double signal_pv_day(const double *kwh_per_kwp, size_t n, size_t i, double limit, double *scratch,
                     double *ret_peers) {
    size_t others = 0;
    for (size_t k = 0; k < n; k++)
        if (k != i && !isnan(kwh_per_kwp[k]))
            scratch[others++] = kwh_per_kwp[k];
    *ret_peers = others < PV_PEERS_LEAST ? (double)NAN : median_of(scratch, others);
    if (!(*ret_peers > 0.0))
        return (double)NAN;
    return kwh_per_kwp[i] / *ret_peers * limit / PV_PEER_LIMIT;
}
