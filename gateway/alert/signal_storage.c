#include "alert/signal_storage.h"

#include <math.h>

static double or_default(double v, double otherwise) {
    return isnan(v) ? otherwise : v;
}

static double in_pct(const struct storage_now *n, double kw) {
    return n->rated_kw > 0.0 ? 100.0 * kw / n->rated_kw : (double)NAN;
}

double signal_storage_idle(const struct storage_now *n) {
    if (!n->tariff_known)
        return (double)NAN;
    if (!n->peak)
        return STORAGE_RESTS;
    double low = or_default(n->soc_min, STORAGE_SOC_MIN_PCT) + STORAGE_SPARE_PCT;
    if (n->soc_pct <= low || n->grid_kw <= 0.0)
        return STORAGE_RESTS;
    if (isnan(n->soc_pct) || isnan(n->grid_kw))
        return (double)NAN;
    return in_pct(n, n->kw);
}

double signal_valley_not_charged(const struct storage_now *n) {
    if (!n->tariff_known)
        return (double)NAN;
    if (n->valley_left < 0 || n->valley_left > STORAGE_VALLEY_MIN)
        return STORAGE_RESTS;
    double target = or_default(n->soc_max, STORAGE_SOC_MAX_PCT);
    if (n->soc_pct >= STORAGE_CHARGED_PART * target)
        return STORAGE_RESTS;
    return isnan(n->soc_pct) ? (double)NAN : in_pct(n, -n->kw);
}

double signal_charging_in_peak(const struct storage_now *n) {
    if (!n->tariff_known || isnan(n->kw))
        return (double)NAN;
    if (!n->peak || n->kw >= 0.0)
        return 0.0;
    if (isnan(n->grid_kw) || isnan(n->all_charging_kw))
        return (double)NAN;
    double charging = fmax(-n->kw, n->all_charging_kw);
    double paid_share = fmin(1.0, fmax(0.0, n->grid_kw) / charging);
    return in_pct(n, -n->kw * paid_share);
}

double storage_missed_kw(const struct storage_now *n) {
    double more = n->rated_kw - fmax(0.0, n->kw);
    return fmax(0.0, fmin(more, n->grid_kw));
}
