/* Source-grid-load-storage indicators from energies of a period. Pure. NAN: undefined or unknown.
 * Every ratio comes from energies over the period, never from a mean of ratios (domain facts 4). */
#ifndef BUSBAR_CALC_INDICATORS_H
#define BUSBAR_CALC_INDICATORS_H

#include <stddef.h>

struct indicator_input { /* kWh of the period; a role that the site lacks: 0 */
    double import, export, pv, wind, generator, load, charge, discharge;
    double curtailed; /* available and not generated; NAN unknown: taken as 0, see policy */
    double claimed, unclaimed; /* pv and wind by whose green attribute it is */
    double green_contract, unbundled_certificates_kwh, own_pv_sold; /* for the green share */
};
double self_consumption(const struct indicator_input *in); /* (pv + wind - export) / (pv + wind) */
double self_sufficiency(const struct indicator_input *in); /* 1 - import / load, 0..1 */
/* (self-used renewables not sold + green contract + unbundled certificates) / load, at most 1. */
double green_share(const struct indicator_input *in);
/* Claimed renewable energy that stayed on the site: what was exported is taken first from
 * generation whose attribute is not the site's (full feed-in). */
double claimed_self_used(double claimed, double unclaimed, double export);

struct policy_shares { /* 发改能源〔2025〕650号: self-used / available, / consumption; export /
                          available */
    double self_used_of_available, self_used_of_consumption, export_of_available;
    int available_known; /* 0: curtailment unknown, available = generated */
};
void policy_shares_of(const struct indicator_input *in, struct policy_shares *ret);

double equivalent_hours(double kwh, double rated_kwp); /* E / P0 */
/* PR = (E / P0) / (H / 1 kW/m2); irradiation_kwh_m2 of the time with G >= 100 W/m2. */
double performance_ratio(double kwh, double rated_kwp, double irradiation_kwh_m2);

/* Storage. Efficiency with drift of the state of charge: dis / (ch - dSOC x C); NAN when the
 * charged energy, less the drift, is below 5 % of the capacity. */
double round_trip(double charge, double discharge, double soc_start_pct, double soc_end_pct,
                  double capacity_kwh);
double equivalent_cycles(double charge, double discharge, double capacity_kwh); /* (ch+dis)/(2C) */
/* What the SOC says against what was counted: dSOC x C - (ch x sqrt(eta) - dis / sqrt(eta)), kWh.
 */
double soc_drift(double charge, double discharge, double soc_start_pct, double soc_end_pct,
                 double capacity_kwh, double eta);

struct load_shape { /* from 15-minute mean powers of a day or month */
    double max_kw, min_kw, difference_kw, difference_rate, load_factor;
};
void load_shape_of(const double *kw, size_t n,
                   struct load_shape *ret); /* NAN entries are left out */
/* max(grid + storage) - max(grid) over the slots where both are known. */
double peak_shaved(const double *grid_kw, const double *storage_kw, size_t n);

#endif
