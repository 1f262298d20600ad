/* What an alert of the records says in words, of its numbers: filled in by those who make the
 * signal, called when something happened. */
#ifndef BUSBAR_STORE_ALERT_BOOKS_WORDS_H
#define BUSBAR_STORE_ALERT_BOOKS_WORDS_H

#include "alert/alert.h"
#include "alert/signal_month.h"
#include "alert/signal_night.h"
#include "calc/facts.h"
#include "meter/site.h"

struct balance_words {
    const struct site *site;
    const struct suspect *suspect;
    double residual_kwh, pct, limit_pct; /* of the quarter, or of the day */
    bool of_day;
};
struct week_words {
    const struct transformer *transformer;
    double pct;
};
struct pf_words {
    double standard;
    const struct month_account *month;
    bool has_table; /* the tariff's: percents mean something */
};
/* A month so far, and as many days of the one before. */
struct carbon_words {
    double kg, scope1_kg, budget_t, allowed_t;
    double import_kwh, pv_kwh, peak_share;
    bool compared; /* what follows means something */
    double before_import_kwh, before_pv_kwh, before_peak_share;
};
struct night_words {
    const struct site *site;
    double kw;
    const struct night_signal *signal;
    const struct night_growth *grew;
    size_t grew_count;
};
struct sun_words {
    double ratio, usual; /* PR, or kWh/kWp of the day */
    bool of_day;
    double limit_pct; /* of usual */
};
struct billing_words {
    const struct account *account;
    double ratio, even_ratio; /* mean Dm / S_N of the months; price_kVA / price_kW of the last */
    /* What the months cost by capacity, by actual demand, by the cheapest contract. */
    double contract_kw; /* NAN: the tariff has no rules; then the costs mean nothing */
    int64_t capacity_e8, actual_e8, contract_e8;
};

/* arg: the struct above, of words_self_use() a struct self_use. */
void words_balance(const void *arg, struct alert_change *c);
void words_week(const void *arg, struct alert_change *c);
void words_pf(const void *arg, struct alert_change *c);
void words_self_use(const void *arg, struct alert_change *c);
void words_carbon(const void *arg, struct alert_change *c);
void words_night(const void *arg, struct alert_change *c);
void words_sun(const void *arg, struct alert_change *c);
void words_billing(const void *arg, struct alert_change *c);

#endif
