/* Signal of a PV feed that yields less than it should, A15. Pure.
 *
 * With a sensor of the sun: the performance ratio of an hour with 300 W/m2 and more, over the
 * median of such hours of the 30 days before. Without: a day's kWh per kWp over the median of the
 * site's other PV feeds. Source: alert rules of the domain facts, section 6; PR = (E / P0) / (H / 1
 * kW/m2) as in calc/indicators.h. How many hours and peers are needed is an engineer's choice. */
#ifndef BUSBAR_ALERT_SIGNAL_PV_YIELD_H
#define BUSBAR_ALERT_SIGNAL_PV_YIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PV_SUN_KW_M2   0.3
#define PV_DAYS        30
#define PV_HOURS_MAX   330 /* eleven a day */
#define PV_HOURS_LEAST 20
#define PV_PEERS_LEAST 2
#define PV_PEER_PCT    85.0 /* of the peers' median, where the rule's limit is of the own one */

/* Performance ratios of sunny hours, in no order. All zero: none yet. */
struct pv_history {
    uint16_t count;
    int32_t hour[PV_HOURS_MAX]; /* since 1970 */
    double ratio[PV_HOURS_MAX];
};
/* Performance ratio of an hour; NAN when the sun was too weak or something is unknown. hours: its
 * length. */
double pv_hour_ratio(double kwh, double rated_kwp, double irradiation_kwh_m2, double hours);
/* Takes or replaces the ratio of an hour; NAN is none. Without room the oldest goes. */
void pv_history_take(struct pv_history *h, int32_t hour, double ratio);
/* Of the hours of PV_DAYS before `hour`; NAN with fewer than PV_HOURS_LEAST. scratch: PV_HOURS_MAX.
 */
double pv_history_median(const struct pv_history *h, int32_t hour, double *scratch);

/* kWh per kWp of feed i in % of the median of the others, times limit_pct / PV_PEER_PCT: below the
 * rule's limit it is below 85 % of them. NAN unknown, or with fewer than PV_PEERS_LEAST others. The
 * median goes to *ret_peers. scratch: n. */
double signal_pv_day(const double *kwh_per_kwp, size_t n, size_t i, double limit_pct,
                     double *scratch, double *ret_peers);

#endif
