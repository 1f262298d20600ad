/* What the rules on metering points and transformers watch, from what is measured: A03, A05, A07,
 * A08, A10, A11, A12, A13. Pure. An unknown is NAN. Powers: import > 0, Q lagging > 0. Limits and
 * sources: docs/alerts.md. */
#ifndef BUSBAR_ALERT_SIGNAL_SUPPLY_H
#define BUSBAR_ALERT_SIGNAL_SUPPLY_H

#include <stdbool.h>

#include "alert/watch.h"

/* Reactive power that the account is charged for: |Q| in its quadrants (bit 0 = q1), else 0. */
double signal_charged_kvar(double p_kw, double q_kvar, unsigned quadrants);

/* A05: power factor of 15 minutes' means less the standard; between the limits where P is not above
 * a tenth of the capacity. kvar: charged. */
double signal_power_factor(double p_kw, double kvar, double capacity_kva, double standard,
                           const struct alert_limits *l);
/* kvar to add for the standard: P (tan acos PF - tan acos standard), not below 0. */
double signal_kvar_needed(double p_kw, double kvar, double standard);

/* A07: Q in % of the capacity; between the limits while nothing is drawn. */
double signal_over_compensation(double p_kw, double q_kvar, double capacity_kva,
                                const struct alert_limits *l);

/* A08: how far a deviation (in % of nominal) lies outside the limits of its class, in points;
 * negative inside. Outside +-10 % it is 3 or more in every class. nominal_v: 220 is single-phase
 * low voltage (+7, -10), from 35 kV on (20.2 kV of phase) +-10, everything else +-7. */
double signal_voltage(double deviation_pct, double nominal_v);

/* A10: the greater of the unbalance of the phase currents and 0.6 x the neutral current in % of the
 * rated one (25 % of it is as bad as 15 % of unbalance); between the limits up to 30 % of the rated
 * current. s_kva / capacity_kva tells how much that is. */
double signal_current_unbalance(double unbalance_pct, double neutral_a, double s_kva,
                                double capacity_kva, double line_v, const struct alert_limits *l);

/* A11: distance from 50 Hz. */
double signal_frequency(double hz);

/* A12: distortion less the limit of its class, in points: 5 % to 1 kV, 4 % to 20 kV, 3 % above.
 * nominal_v as above. */
double signal_harmonics(double thd_pct, double nominal_v);

/* A13: power in % of what may feed back. */
double signal_back_feed(double p_kw, double rating_kw);

/* A03: load in % of the rating. */
double signal_transformer(double s_kva, double rated_kva);
/* Minutes for which an overload (load in % of the rating) is allowed in an emergency, by the table
 * of the domain facts; false: there is no limit (up to 100 %). 0: not at all. */
bool signal_overload_time(double load_pct, double *ret_outdoor_min, double *ret_indoor_min);

#endif
