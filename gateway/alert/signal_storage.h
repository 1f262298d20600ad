/* How a storage station is used in the periods of the tariff: idle in the peak (A17), the valley
 * not charged (A18), charged in the peak from the grid (A19). Pure. */
#ifndef BUSBAR_ALERT_SIGNAL_STORAGE_H
#define BUSBAR_ALERT_SIGNAL_STORAGE_H

#include <stdbool.h>

#define STORAGE_SPARE_PCT    10.0 /* SOC above its minimum that is worth a discharge */
#define STORAGE_CHARGED_PART 0.8  /* of the target: charged well enough */
#define STORAGE_VALLEY_MIN   60   /* of the valley that are left when it should be charging */

#define STORAGE_SOC_MIN_PCT 10.0 /* where the site names none */
#define STORAGE_SOC_MAX_PCT 95.0

#define STORAGE_RESTS 100.0 /* value of A17 and A18 while they ask for nothing */

struct storage_now {
    double kw; /* discharge > 0 */
    double rated_kw;
    double soc_pct, soc_min, soc_max; /* the limits NAN: the ones above */
    double capacity_kwh;
    double grid_kw;         /* of the site, import > 0 */
    double all_charging_kw; /* of all storage of the site, >= 0 */
    bool tariff_known;
    bool peak;       /* peak or sharp */
    int valley_left; /* minutes until valley and deep valley end; -1: neither of them now */
};

/* Each in % of the rating; NAN while something it needs is unknown. */

/* Discharge, while the period is dear, there is charge to spare and the site takes from the grid;
 * else STORAGE_RESTS. */
double signal_storage_idle(const struct storage_now *n);
/* Charge, in the valley's last hour while the SOC is short of its target; else STORAGE_RESTS. */
double signal_valley_not_charged(const struct storage_now *n);
/* Charge that the grid pays for, while the period is dear; else 0. PV above the load covers the
 * rest: what all storage takes in less what is imported. */
double signal_charging_in_peak(const struct storage_now *n);

/* Power that an idle storage could have given the site now, kW: what the rating allows, not more
 * than is imported. */
double storage_missed_kw(const struct storage_now *n);

#endif
