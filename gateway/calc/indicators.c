#include "calc/indicators.h"

#include <math.h>

#define DRIFT_MIN_SHARE 0.05 /* of the capacity: less charged energy says nothing of efficiency */

/* NAN unless the divisor is above 0: a share of nothing is undefined. */
static double ratio(double part, double whole) {
    return whole > 0.0 ? part / whole : (double)NAN;
}

/* Into 0..1; NAN stays NAN, which fmin and fmax would not leave. */
static double within_one(double x) {
    if (x < 0.0)
        return 0.0;
    return x > 1.0 ? 1.0 : x;
}

static double not_below_zero(double x) {
    return x < 0.0 ? 0.0 : x;
}

static double renewables(const struct indicator_input *in) {
    return in->pv + in->wind;
}

/* More than was generated can leave a site that has storage or a generator: then nothing of the
 * generated energy stayed. */
static double self_used(const struct indicator_input *in) {
    return not_below_zero(renewables(in) - in->export);
}

double self_consumption(const struct indicator_input *in) {
    return within_one(ratio(self_used(in), renewables(in)));
}

double self_sufficiency(const struct indicator_input *in) {
    return within_one(1.0 - ratio(in->import, in->load));
}

double claimed_self_used(double claimed, double unclaimed, double export) {
    return not_below_zero(claimed - not_below_zero(export - unclaimed));
}

double green_share(const struct indicator_input *in) {
    double stayed = claimed_self_used(in->claimed, in->unclaimed, in->export);
    double own = not_below_zero(stayed - in->own_pv_sold);

    return within_one(ratio(own + in->green_contract + in->unbundled_certificates_kwh, in->load));
}

void policy_shares_of(const struct indicator_input *in, struct policy_shares *ret) {
    double used = self_used(in);
    double available = renewables(in) + (isnan(in->curtailed) ? 0.0 : in->curtailed);

    ret->self_used_of_available = within_one(ratio(used, available));
    ret->self_used_of_consumption = within_one(ratio(used, in->load));
    /* what a generator or the storage sent out is no export of new energy */
    ret->export_of_available = within_one(ratio(renewables(in) - used, available));
    ret->available_known = !isnan(in->curtailed);
}

double equivalent_hours(double kwh, double rated_kwp) {
    return ratio(kwh, rated_kwp);
}

double performance_ratio(double kwh, double rated_kwp, double irradiation_kwh_m2) {
    return ratio(equivalent_hours(kwh, rated_kwp), irradiation_kwh_m2);
}

static double drift_kwh(double soc_start_pct, double soc_end_pct, double capacity_kwh) {
    return (soc_end_pct - soc_start_pct) / 100.0 * capacity_kwh;
}

double round_trip(double charge, double discharge, double soc_start_pct, double soc_end_pct,
                  double capacity_kwh) {
    double charged = charge - drift_kwh(soc_start_pct, soc_end_pct, capacity_kwh);

    if (!(capacity_kwh > 0.0 && charged >= DRIFT_MIN_SHARE * capacity_kwh))
        return (double)NAN;
    return ratio(discharge, charged);
}

double equivalent_cycles(double charge, double discharge, double capacity_kwh) {
    return ratio(charge + discharge, 2.0 * capacity_kwh);
}

double soc_drift(double charge, double discharge, double soc_start_pct, double soc_end_pct,
                 double capacity_kwh, double eta) {
    if (!(eta > 0.0 && eta <= 1.0))
        return (double)NAN;
    double counted = charge * sqrt(eta) - discharge / sqrt(eta);
    return drift_kwh(soc_start_pct, soc_end_pct, capacity_kwh) - counted;
}

void load_shape_of(const double *kw, size_t n, struct load_shape *ret) {
    double max = (double)NAN, min = (double)NAN, sum = 0.0;
    size_t known = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(kw[i]))
            continue;
        max = fmax(max, kw[i]);
        min = fmin(min, kw[i]);
        sum += kw[i];
        known++;
    }
    ret->max_kw = max;
    ret->min_kw = min;
    ret->difference_kw = max - min;
    ret->difference_rate = ratio(max - min, max);
    ret->load_factor = known > 0 ? ratio(sum / (double)known, max) : (double)NAN;
}

double peak_shaved(const double *grid_kw, const double *storage_kw, size_t n) {
    double without = (double)NAN, with = (double)NAN;

    for (size_t i = 0; i < n; i++) {
        if (isnan(grid_kw[i]) || isnan(storage_kw[i]))
            continue;
        without = fmax(without, grid_kw[i] + storage_kw[i]);
        with = fmax(with, grid_kw[i]);
    }
    return without - with;
}
