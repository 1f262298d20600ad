#include <math.h>

#include "calc/settle.h"

#define HOURS(ms) ((double)(ms) / 3600000.0)

/* Energy and the reactive energy that counts, over the account's points; unknown when none is
 * known. A quadrant that no register counts is left out, but one has to be there. */
static void reactive(const struct site *s, size_t account, const struct slot_facts *f,
                     double *ret_kwh, double *ret_kvarh) {
    unsigned quadrants = s->accounts[account].pf_quadrants;
    size_t n = 0;
    *ret_kwh = *ret_kvarh = 0.0;
    for (size_t i = 0; i < s->metering_point_count; i++) {
        if (s->metering_points[i].account != (int32_t)account)
            continue;
        const struct point_facts *p = &f->points[i];
        if (s->metering_points[i].standby && isnan(p->import_kwh))
            continue;
        *ret_kwh += p->import_kwh;
        bool any = false;
        for (unsigned q = 0; q < 4; q++)
            if ((quadrants & 1u << q) && !isnan(p->kvarh[q])) {
                *ret_kvarh += p->kvarh[q];
                any = true;
            }
        if (!any)
            *ret_kvarh = (double)NAN;
        n++;
    }
    if (n == 0)
        *ret_kwh = *ret_kvarh = (double)NAN;
}

/* The rules that hold on the first day: a month is billed by one version. */
static const struct billing_rules *rules_of(const struct account *a, ms_t start,
                                            utc_offset_fn *zone) {
    const struct tariff_version *v =
        a->tariff ? tariff_at(a->tariff, local_time(start, zone).day) : NULL;
    return v ? &v->billing : NULL;
}

static void power_factor(const struct site *s, size_t i, const struct billing_rules *rules,
                         const struct slot_facts *month, struct month_account *r) {
    const struct account *a = &s->accounts[i];
    const struct pf_table *table = rules ? pf_table_of(rules, a->pf_standard) : NULL;
    reactive(s, i, month, &r->kwh, &r->kvarh);
    r->hours = HOURS(month->covered);
    r->pf = (struct pf_advice){.pf_hundredths = pf_month_hundredths(r->kwh, r->kvarh),
                               .next_hundredths = -1,
                               .kvarh_less = (double)NAN,
                               .kvar = (double)NAN};
    if (table)
        pf_advise(table, r->kwh, r->kvarh, r->hours, &r->pf);
    /* Without PV its energy would have come through the meter; the reactive energy stays. Which of
     * several accounts PV stands behind is not known. */
    double self_used = month->energy_kwh[SITE_E_PV] - month->energy_kwh[SITE_E_EXPORT];
    r->pf_without_pv_hundredths =
        s->account_count == 1 ? pf_month_hundredths(r->kwh + self_used, r->kvarh) : -1;
}

static struct price basic_price(const struct account *a, const struct books *b, int32_t month) {
    const struct basic_prices prices = tariff_basic_prices(&b->prices, month);
    switch (a->billing) {
    case BILLING_CAPACITY:
        return prices.capacity;
    case BILLING_ACTUAL_DEMAND:
        return prices.actual;
    case BILLING_CONTRACT_DEMAND:
        break;
    }
    return prices.demand;
}

/* Basic charge and power-factor adjustment: each unknown until all that it needs is known. */
static void bill(const struct account *a, const struct books *b, const struct billing_rules *rules,
                 int32_t month, const struct account_facts *f, struct month_account *r) {
    double max = f->month_max.kw;
    r->demand_kw = billing_demand_kw(rules, a->billing, f->contract_kw, max, a->capacity_kva);
    r->high_use = billing_high_use(rules, r->kwh, a->capacity_kva);
    struct price price = basic_price(a, b, month);
    r->basic_known = price.known && !isnan(r->demand_kw);
    if (r->basic_known) {
        bool discount = r->high_use && a->billing != BILLING_CAPACITY;
        double kw = discount ? r->demand_kw * rules->high_use_discount : r->demand_kw;
        r->basic_e8 = money_of(kw, price.price_e8);
    }
    const struct pf_table *table = pf_table_of(rules, a->pf_standard);
    bool base_known = r->energy_known && (r->basic_known || !rules->pf_includes_basic);
    r->adjust_known = table && r->pf.pf_hundredths >= 0 && base_known;
    if (r->adjust_known) {
        int64_t base = r->energy_e8 + (rules->pf_includes_basic ? r->basic_e8 : 0);
        r->adjust_e8 =
            money_of((double)base / PRICE_UNIT, (int64_t)r->pf.adjust_e4 * (PRICE_UNIT / 10000));
    }
    r->verified = f->cost_verified && rules->verified && price.verified;
    r->total_e8 = r->energy_e8 + r->basic_e8 + r->adjust_e8;
}

void settle_month(const struct site *s, const struct books *b, utc_offset_fn *zone, size_t account,
                  const struct slot_facts *month, bool is_bill, struct month_account *ret) {
    const struct account *a = &s->accounts[account];
    struct local_time first = local_time(month->start, zone);
    const struct billing_rules *rules = rules_of(a, month->start, zone);
    *ret = (struct month_account){.demand_kw = (double)NAN};
    power_factor(s, account, rules, month, ret);
    if (!is_bill)
        return;
    ret->energy_known = month->accounts[account].cost_known;
    ret->energy_e8 = month->accounts[account].cost_e8;
    if (rules && a->billing_given)
        bill(a, b, rules, first.year * 12 + first.month - 1, &month->accounts[account], ret);
}
