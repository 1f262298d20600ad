/* Signals of the running month, from its whole days so far: A06 (power factor), A14 (self-used
 * share), A27 (carbon budget). Pure.
 *
 * Sources: alert rules of the domain facts, section 6; shares of A14: 发改能源〔2025〕650号. A06
 * waits for five days by its rule; that the others do too is an engineer's choice: one cloudy day
 * at the start says nothing of a month. */
#ifndef BUSBAR_ALERT_SIGNAL_MONTH_H
#define BUSBAR_ALERT_SIGNAL_MONTH_H

#include <stdint.h>

#include "calc/indicators.h"
#include "meter/site.h"

#define MONTH_DAYS_LEAST 5

/* A06: the month's power factor, as it is billed, less the account's standard: one limit serves all
 * standards. pf_hundredths -1: unknown. */
double signal_month_pf(int pf_hundredths, double standard, int days);

enum self_use_share { SELF_USED_OF_AVAILABLE, SELF_USED_OF_CONSUMPTION, EXPORT_OF_AVAILABLE };
struct self_use {
    double margin; /* points between the worst share and its limit; below 0: the limit is missed.
                      NAN: nothing is known */
    enum self_use_share worst;
    double share_pct, limit_pct; /* of the worst */
};
/* A14. A share whose limit nothing can miss (0, of the export 100) is left out. */
void signal_self_use(const struct policy_shares *shares, const struct self_use_policy *policy,
                     int days, struct self_use *ret);

/* A27: emissions so far in % of what the budget allows for `days` days with a known figure out of
 * month_days. */
double signal_carbon_pace_pct(double kg, double budget_t, int days, int month_days);
/* The budget of a calendar month (1..12) in t: its own, else its share of the year's by days; NAN:
 * none. */
double carbon_budget_of_month(const struct carbon_budget *b, int year, int month);

#endif
