/* Money of a record: what the accounts took in each tariff period, and what their month costs. */
#include <math.h>

#include "format/record_sections.h"

#define MONEY_TEXT_MAX 32 /* as money_format asks for */

static void money_write(struct buf *b, const char *name, bool known, int64_t money_e8) {
    char text[MONEY_TEXT_MAX];

    if (known)
        money_format(money_e8, text);
    json_text(b, name, known ? text : NULL);
}

/* ---- tariff ------------------------------------------------------------------------------ */

static void periods_write(struct buf *b, const char *name, bool known, const double *kwh) {
    json_open(b, name);
    for (size_t p = 0; p < TARIFF_PERIODS; p++)
        json_decimal(b, tariff_period_str((enum tariff_period)p), known ? kwh[p] : (double)NAN,
                     DECIMALS_POWER);
    json_close(b);
}

static const char *priced_by(const struct account_facts *a) {
    if (!a->cost_known)
        return NULL;
    return a->priced_by_curve ? "curve" : "table";
}

/* The version that is valid when the slot begins. */
static const struct tariff_version *version_of(const struct account *a, ms_t start,
                                               utc_offset_fn *zone) {
    return a->tariff != NULL ? tariff_at(a->tariff, local_time(start, zone).day) : NULL;
}

static void account_write(struct buf *b, const struct account *account,
                          const struct tariff_version *v, const struct account_facts *a,
                          bool has_storage) {
    json_item(b);
    json_text(b, "account", account->id);
    json_text(b, "id", v != NULL ? v->id : account->tariff_id);
    json_text(b, "document", v != NULL ? v->document : NULL);
    json_text(b, "status", v != NULL && v->verified ? "verified" : "unverified");
    periods_write(b, "import_kwh", a->split_known, a->import_kwh);
    periods_write(b, "export_kwh", a->split_known, a->export_kwh);
    money_write(b, "cost_cny", a->cost_known, a->cost_e8);
    if (has_storage)
        money_write(b, "arbitrage_cny", a->arbitrage_known, a->arbitrage_e8);
    json_bool(b, "estimated", a->cost_known && !a->cost_verified);
    if (a->price_version > 0)
        json_i64(b, "price_version", a->price_version);
    else
        json_text(b, "price_version", NULL);
    json_text(b, "priced_by", priced_by(a));
    json_close(b);
}

/* A curve prices an account without a tariff too. */
static bool has_tariff(const struct record_source *r, size_t account) {
    return record_takes_account(r, account) &&
           (r->site->accounts[account].tariff_id != NULL || r->facts->accounts[account].cost_known);
}

void record_tariff_write(struct buf *b, const struct record_source *r, utc_offset_fn *zone) {
    bool open = false;

    for (size_t i = 0; i < record_account_count(r); i++) {
        const struct account *account = &r->site->accounts[i];
        if (!has_tariff(r, i))
            continue;
        if (!open)
            json_open_list(b, "tariff");
        open = true;
        account_write(b, account, version_of(account, r->facts->start, zone),
                      &r->facts->accounts[i], !r->facts->absent[SITE_STORAGE]);
    }
    if (open)
        json_close_list(b);
}

/* ---- month ------------------------------------------------------------------------------- */

static void hundredths_write(struct buf *b, const char *name, int hundredths) {
    json_decimal(b, name, hundredths < 0 ? (double)NAN : hundredths / 100.0, DECIMALS_RATIO);
}

static void power_factor_write(struct buf *b, const struct month_account *m) {
    const bool known = m->pf.pf_hundredths >= 0;
    const bool next = known && m->pf.next_hundredths >= 0;

    hundredths_write(b, "power_factor", m->pf.pf_hundredths);
    json_decimal(b, "adjust_pct", known ? m->pf.adjust_e4 / 100.0 : (double)NAN, DECIMALS_POWER);
    hundredths_write(b, "next_power_factor", next ? m->pf.next_hundredths : -1);
    json_decimal(b, "next_adjust_pct", next ? m->pf.next_adjust_e4 / 100.0 : (double)NAN,
                 DECIMALS_POWER);
    json_decimal(b, "kvarh_less", next ? m->pf.kvarh_less : (double)NAN, DECIMALS_POWER);
    json_decimal(b, "kvar", next ? m->pf.kvar : (double)NAN, DECIMALS_POWER);
    hundredths_write(b, "power_factor_without_pv", m->pf_without_pv_hundredths);
}

static void month_account_write(struct buf *b, const char *id, const struct month_account *m) {
    const bool all_known = m->basic_known && m->energy_known && m->adjust_known;

    json_item(b);
    json_text(b, "account", id);
    json_decimal(b, "kwh", m->kwh, DECIMALS_POWER);
    json_decimal(b, "kvarh", m->kvarh, DECIMALS_POWER);
    power_factor_write(b, m);
    json_decimal(b, "demand_kw", m->demand_kw, DECIMALS_POWER);
    money_write(b, "basic_cny", m->basic_known, m->basic_e8);
    money_write(b, "energy_cny", m->energy_known, m->energy_e8);
    money_write(b, "adjust_cny", m->adjust_known, m->adjust_e8);
    money_write(b, "total_cny", all_known, m->total_e8);
    json_bool(b, "high_use", m->high_use);
    json_bool(b, "verified", m->verified);
    json_close(b);
}

void record_month_write(struct buf *b, const struct record_source *r) {
    const struct month_facts *m = r->month;
    const size_t count = record_account_count(r);

    if (count > 0)
        json_open_list(b, "month");
    for (size_t i = 0; i < count; i++) {
        if (record_takes_account(r, i))
            month_account_write(b, r->site->accounts[i].id, &m->accounts[i]);
    }
    if (count > 0)
        json_close_list(b);
    json_open(b, "load");
    json_decimal(b, "max_kw", m->max_kw, DECIMALS_POWER);
    json_decimal(b, "min_kw", m->min_kw, DECIMALS_POWER);
    json_decimal(b, "load_factor", m->load_factor, DECIMALS_RATIO);
    json_decimal(b, "peak_shaved_kw", m->peak_shaved_kw, DECIMALS_POWER);
    json_close(b);
    json_decimal(b, "pv_hours", m->pv_hours, DECIMALS_POWER);
    json_decimal(b, "performance_ratio", m->performance_ratio, DECIMALS_RATIO);
    json_bool(b, "filed", m->filed);
}
