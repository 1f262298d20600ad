#include "alert/signal_month.h"

#include <math.h>

#include "calc/calendar.h"

double signal_month_pf(int pf_hundredths, double standard, int days) {
    if (pf_hundredths < 0 || days < MONTH_DAYS_LEAST)
        return (double)NAN;
    return ((double)pf_hundredths - round(standard * 100.0)) / 100.0;
}

static void take_share(enum self_use_share which, double share, double limit_pct, double side,
                       struct self_use *ret) {
    double margin = side * (100.0 * share - limit_pct);
    bool none = side > 0.0 ? limit_pct <= 0.0 : limit_pct >= 100.0;
    if (none || isnan(margin) || margin >= ret->margin)
        return;
    *ret = (struct self_use){
        .margin = margin, .worst = which, .share_pct = 100.0 * share, .limit_pct = limit_pct};
}

void signal_self_use(const struct policy_shares *shares, const struct self_use_policy *policy,
                     int days, struct self_use *ret) {
    *ret =
        (struct self_use){.margin = INFINITY, .share_pct = (double)NAN, .limit_pct = (double)NAN};
    if (policy->applies && days >= MONTH_DAYS_LEAST) {
        take_share(SELF_USED_OF_AVAILABLE, shares->self_used_of_available, policy->of_available_pct,
                   1.0, ret);
        take_share(SELF_USED_OF_CONSUMPTION, shares->self_used_of_consumption,
                   policy->of_consumption_pct, 1.0, ret);
        take_share(EXPORT_OF_AVAILABLE, shares->export_of_available, policy->export_pct, -1.0, ret);
    }
    if (isinf(ret->margin))
        ret->margin = (double)NAN;
}

double signal_carbon_pace_pct(double kg, double budget_t, int days, int month_days) {
    double allowed_kg = 1000.0 * budget_t * (double)days / (double)month_days;
    if (days < MONTH_DAYS_LEAST || !(allowed_kg > 0.0))
        return (double)NAN;
    return 100.0 * kg / allowed_kg;
}

double carbon_budget_of_month(const struct carbon_budget *b, int year, int month) {
    if (b->by_month)
        return b->month_t[month - 1];
    double days = civil_day(year, month + 1, 1) - civil_day(year, month, 1);
    double year_days = civil_day(year + 1, 1, 1) - civil_day(year, 1, 1);
    return b->year_t * days / year_days;
}
