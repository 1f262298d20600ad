/* Signal of the energy balance, A24: what the meters of the site leave unexplained. Pure.
 *
 * Source: alert rules of the domain facts, section 6: over 5 % of max(load, 10 % S_N) in two
 * quarters one after the other, or over 3 % in a day. The day's limit is the one below which a
 * quarter clears the alert. What was repaired in the course of a day is not raised at its end: its
 * last four hours have to be over the limit too (an engineer's choice). */
#ifndef BUSBAR_ALERT_SIGNAL_BALANCE_H
#define BUSBAR_ALERT_SIGNAL_BALANCE_H

#include <stdbool.h>

#define BALANCE_EVENING 16 /* quarters at the end of a day */

struct balance_sum {
    double residual_kwh, feeders_kwh; /* NAN unknown */
    double hours;
};
/* Amount of a residual in percent; kva NAN: no floor. */
double balance_pct(const struct balance_sum *s, double kva);
/* The quarter's percent. With the day that has just ended (NULL: none) and its last hours: not less
 * than the day's, brought from its limit (clear) to that of a quarter (raise). *ret_of_day: the day
 * decided. */
double signal_balance(const struct balance_sum *quarter, const struct balance_sum *day,
                      const struct balance_sum *evening, double kva, double raise, double clear,
                      bool *ret_of_day);

#endif
