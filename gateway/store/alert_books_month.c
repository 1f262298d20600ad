/* What the days of a week, a billing month and a calendar month add up to. */
#include <math.h>

#include "alert/signal_capacity.h"
#include "alert/signal_month.h"
#include "calc/settle.h"
#include "store/alert_books_impl.h"
#include "store/alert_books_words.h"
#include "sys/clock.h"

/* The end of the newest day; false: none yet. */
static bool days_end(struct alert_books *b, ms_t *ret) {
    ms_t newest;
    if (!books_newest(b, SLOT_1D, -1, &newest))
        return false;
    *ret = slot_end(SLOT_1D, newest, clock_utc_offset_s, 1);
    return true;
}

bool books_week(struct alert_books *b, ms_t now_ms) {
    ms_t end;
    if (b->site->transformer_count == 0 || !days_end(b, &end))
        return true;
    books_sum(b, SLOT_1D, books_day(end, -CAPACITY_DAYS), end);
    for (size_t i = 0; i < b->site->transformer_count; i++) {
        const struct transformer *t = &b->site->transformers[i];
        const struct week_words words = {t, signal_transformer_load_pct(b->sum, i, t->kva)};
        const struct alert_signal s = {
            .value = words.pct, .at = now_ms, .explain = words_week, .arg = &words};
        alerts_signal(b->alerts, ALERT_TRANSFORMER_IDLE, i, &s);
    }
    return true;
}

/* ---- power factor ------------------------------------------------------------------------- */

static void month_pf(struct alert_books *b, size_t account, ms_t end, ms_t now_ms) {
    const struct account *a = &b->site->accounts[account];
    ms_t from = slot_start(SLOT_BILL, end - 1, clock_utc_offset_s, a->billing_day);
    struct month_account month;
    int days = books_sum(b, SLOT_1D, from, end);
    settle_month(b->site, &b->records->books.books, clock_utc_offset_s, account, b->sum, true,
                 &month);
    const struct tariff_version *v =
        a->tariff ? tariff_at(a->tariff, local_time(from, clock_utc_offset_s).day) : NULL;
    const struct pf_words words = {.standard = a->pf_standard,
                                   .month = &month,
                                   .has_table = v && pf_table_of(&v->billing, a->pf_standard)};
    const struct alert_signal s = {
        .value = signal_month_pf(month.pf.pf_hundredths, a->pf_standard, days),
        .at = now_ms,
        .explain = words_pf,
        .arg = &words};
    alerts_signal(b->alerts, ALERT_MONTH_POWER_FACTOR, account, &s);
}

bool books_months(struct alert_books *b, ms_t now_ms) {
    ms_t end;
    if (!days_end(b, &end))
        return true;
    for (size_t i = 0; i < b->site->account_count; i++)
        month_pf(b, i, end, now_ms);
    return true;
}

/* ---- calendar month ----------------------------------------------------------------------- */

static double energy_of(const struct slot_facts *f, enum site_energy e) {
    return isnan(f->energy_kwh[e]) && f->absent[site_energy_power(e)] ? 0.0 : f->energy_kwh[e];
}

static void self_use(struct alert_books *b, int days, ms_t now_ms) {
    const struct slot_facts *f = b->sum;
    const struct indicator_input in = {.export = energy_of(f, SITE_E_EXPORT),
                                       .pv = energy_of(f, SITE_E_PV),
                                       .wind = energy_of(f, SITE_E_WIND),
                                       .load = energy_of(f, SITE_E_LOAD),
                                       .curtailed = (double)NAN}; /* no meter shows it */
    struct policy_shares shares;
    struct self_use signal;
    if (f->absent[SITE_PV] && f->absent[SITE_WIND])
        return;
    policy_shares_of(&in, &shares);
    signal_self_use(&shares, &b->site->self_use, days, &signal);
    const struct alert_signal s = {
        .value = signal.margin, .at = now_ms, .explain = words_self_use, .arg = &signal};
    alerts_signal(b->alerts, ALERT_SELF_USE, ALERT_OBJECT_SITE, &s);
}

/* Days of which the carbon is known, and their carbon. */
struct carbon_days {
    struct slot_facts *sum;
    int days;
    double kg, scope1_kg;
};

static void take_carbon(void *arg, const struct slot_facts *f) {
    struct carbon_days *d = arg;
    facts_merge(d->sum, f);
    if (isnan(f->carbon.location_kg))
        return;
    double fuel_kg = isnan(f->carbon.scope1_kg) ? 0.0 : f->carbon.scope1_kg;
    d->days++;
    d->kg += f->carbon.location_kg + fuel_kg;
    d->scope1_kg += fuel_kg;
}

/* The share of the import that falls into peak and sharp hours, over all accounts; NAN without a
 * tariff. */
static double peak_share(const struct slot_facts *f) {
    double peak = 0.0, all = 0.0;
    for (size_t i = 0; i < f->account_count; i++)
        for (int p = 0; p < TARIFF_PERIODS && f->accounts[i].split_known; p++) {
            double kwh = f->accounts[i].import_kwh[p];
            all += isnan(kwh) ? 0.0 : kwh;
            peak += isnan(kwh) || p > TARIFF_PEAK ? 0.0 : kwh;
        }
    return all > 0.0 ? peak / all : (double)NAN;
}

/* As many days of the month before: what changed is what drives the carbon. */
static void compare(struct alert_books *b, ms_t from, int days, struct carbon_words *w) {
    ms_t before = slot_start(SLOT_1MO, from - 1, clock_utc_offset_s, 1);
    int known = books_sum(b, SLOT_1D, before, books_day(before, days));
    w->compared = known == days && b->sum->end <= from;
    w->before_import_kwh = energy_of(b->sum, SITE_E_IMPORT);
    w->before_pv_kwh = energy_of(b->sum, SITE_E_PV) + energy_of(b->sum, SITE_E_WIND);
    w->before_peak_share = peak_share(b->sum);
}

static void carbon_pace(struct alert_books *b, ms_t from, int days,
                        const struct carbon_days *carbon, ms_t now_ms) {
    struct local_time at = local_time(from, clock_utc_offset_s);
    int month_days = civil_day(at.year, at.month + 1, 1) - civil_day(at.year, at.month, 1);
    double budget_t = carbon_budget_of_month(&b->site->carbon_budget, at.year, at.month);
    const struct slot_facts *f = b->sum;
    struct carbon_words words = {.kg = carbon->kg,
                                 .scope1_kg = carbon->scope1_kg,
                                 .budget_t = budget_t,
                                 .allowed_t = budget_t * (double)carbon->days / (double)month_days,
                                 .import_kwh = energy_of(f, SITE_E_IMPORT),
                                 .pv_kwh = energy_of(f, SITE_E_PV) + energy_of(f, SITE_E_WIND),
                                 .peak_share = peak_share(f)};
    const struct alert_signal s = {
        .value = signal_carbon_pace_pct(carbon->kg, budget_t, carbon->days, month_days),
        .at = now_ms,
        .explain = words_carbon,
        .arg = &words};
    if (isnan(s.value))
        return;
    if (s.value > 100.0)
        compare(b, from, days, &words);
    alerts_signal(b->alerts, ALERT_CARBON_BUDGET, ALERT_OBJECT_SITE, &s);
}

bool books_site_month(struct alert_books *b, ms_t now_ms) {
    ms_t end;
    if (!days_end(b, &end))
        return true;
    ms_t from = slot_start(SLOT_1MO, end - 1, clock_utc_offset_s, 1);
    struct carbon_days carbon = {.sum = b->sum};
    facts_init(b->sum, b->site, SLOT_1MO, from, end);
    int days = books_each(b, SLOT_1D, -1, from, end, take_carbon, &carbon);
    self_use(b, days, now_ms);
    carbon_pace(b, from, days, &carbon, now_ms);
    return true;
}
