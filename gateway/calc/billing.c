#include "calc/billing.h"

#include <math.h>

#include "calc/tariff.h"

/* Limits are products such as 1.05 x 300: a measured value that equals one is not above it for the
 * rounding of a double. */
#define ROUNDING 1e-12

double billing_demand_kw(const struct billing_rules *r, enum billing mode, double contract_kw,
                         double max_kw, double capacity_kva) {
    switch (mode) {
    case BILLING_CAPACITY:
        return capacity_kva;
    case BILLING_ACTUAL_DEMAND:
        return max_kw;
    case BILLING_CONTRACT_DEMAND:
        break;
    default:
        return (double)NAN;
    }
    double free_kw = r->free_share * contract_kw;
    if (max_kw <= free_kw * (1 + ROUNDING))
        return contract_kw;
    double band_kw = r->band_billed ? free_kw - contract_kw : 0.0;
    return contract_kw + band_kw + r->excess_factor * (max_kw - free_kw);
}

bool billing_high_use(const struct billing_rules *r, double kwh, double capacity_kva) {
    return capacity_kva > 0 && kwh >= r->high_use_kwh_kva * capacity_kva * (1 - ROUNDING);
}

/* ---- power factor ---------------------------------------------------------------------- */

/* Half-up with a slack of 1e-9 hundredths: a tie needs sqrt(200^2 - k^2) to be rational for an odd
 * k, and it never is (40000 - k^2 leaves 7 modulo 8). So energies of whole counts never stand on a
 * tie; those that are computed from one, 855 and sqrt(1000^2 - 855^2), are off by 1e-14 only. */
int pf_month_hundredths(double kwh, double kvarh) {
    double kvah = hypot(kwh, kvarh);
    if (!(kwh >= 0 && kvah > 0 && isfinite(kvah)))
        return -1;
    return (int)floor(100 * kwh / kvah + 0.5 + 1e-9);
}

const struct pf_table *pf_table_of(const struct billing_rules *r, double standard) {
    for (size_t i = 0; i < r->pf_table_count; i++) {
        if (fabs(standard * 100 - r->pf_tables[i].standard_hundredths) < 1e-6)
            return &r->pf_tables[i];
    }
    return NULL;
}

int pf_adjust_e4(const struct pf_table *t, int pf_hundredths) {
    if (t->step_count == 0 || pf_hundredths < 0)
        return 0;
    for (size_t i = 0; i < t->step_count; i++) {
        if (pf_hundredths >= t->steps[i].pf_hundredths)
            return t->steps[i].adjust_e4;
    }
    const struct pf_step *last = &t->steps[t->step_count - 1];
    return last->adjust_e4 + t->below_e4 * (last->pf_hundredths - pf_hundredths);
}

/* tan(acos(pf)) of hundredths above 0. */
static double tan_phi(int pf_hundredths) {
    double pf = pf_hundredths / 100.0;
    return sqrt(1 - pf * pf) / pf;
}

void pf_advise(const struct pf_table *t, double kwh, double kvarh, double hours,
               struct pf_advice *ret) {
    *ret =
        (struct pf_advice){.pf_hundredths = pf_month_hundredths(kwh, kvarh), .next_hundredths = -1};
    if (ret->pf_hundredths < 0)
        return;
    ret->adjust_e4 = pf_adjust_e4(t, ret->pf_hundredths);
    int next = ret->pf_hundredths + 1;
    while (next <= 100 && pf_adjust_e4(t, next) >= ret->adjust_e4)
        next++;
    if (next > 100)
        return;
    ret->next_hundredths = next;
    ret->next_adjust_e4 = pf_adjust_e4(t, next);
    /* next is at least half a hundredth above the unrounded power factor: never negative */
    ret->kvarh_less = fabs(kvarh) - kwh * tan_phi(next);
    ret->kvar = hours > 0 ? ret->kvarh_less / hours : (double)NAN;
}

/* ---- declared-demand adviser ------------------------------------------------------------ */

static int64_t add_money(int64_t a, int64_t b) {
    if (b > 0 && a > INT64_MAX - b)
        return INT64_MAX;
    if (b < 0 && a < INT64_MIN - b)
        return INT64_MIN;
    return a + b;
}

/* The price of a kW after the discount that the month's use earns. */
static int64_t demand_price(const struct billing_rules *r, const struct advice_month *m,
                            double capacity_kva, int64_t price_e8) {
    return billing_high_use(r, m->kwh, capacity_kva) ? money_of(r->high_use_discount, price_e8)
                                                     : price_e8;
}

static bool is_usable(const struct advice_month *m) {
    return m->max_kw >= 0 && m->kwh >= 0 && isfinite(m->max_kw) && isfinite(m->kwh);
}

int64_t billing_contract_cost(const struct billing_rules *r, double capacity_kva,
                              double contract_kw, const struct advice_month *months,
                              size_t month_count) {
    int64_t cost_e8 = 0;
    for (size_t i = 0; i < month_count; i++) {
        const struct advice_month *m = &months[i];
        if (!is_usable(m))
            continue;
        double kw =
            billing_demand_kw(r, BILLING_CONTRACT_DEMAND, contract_kw, m->max_kw, capacity_kva);
        cost_e8 = add_money(cost_e8, money_of(kw, demand_price(r, m, capacity_kva, m->demand_e8)));
    }
    return cost_e8;
}

/* What the two ways without a contract cost. Returns the months counted. */
static size_t other_costs(const struct billing_rules *r, double capacity_kva,
                          const struct advice_month *months, size_t month_count,
                          struct advice *ret) {
    size_t usable = 0;
    for (size_t i = 0; i < month_count; i++) {
        const struct advice_month *m = &months[i];
        if (!is_usable(m))
            continue;
        usable++;
        ret->capacity_cost_e8 =
            add_money(ret->capacity_cost_e8, money_of(capacity_kva, m->capacity_e8));
        ret->actual_cost_e8 =
            add_money(ret->actual_cost_e8,
                      money_of(m->max_kw, demand_price(r, m, capacity_kva, m->actual_e8)));
    }
    return usable;
}

static enum billing cheapest(const struct advice *a) {
    if (a->capacity_cost_e8 <= a->contract_cost_e8 && a->capacity_cost_e8 <= a->actual_cost_e8)
        return BILLING_CAPACITY;
    return a->contract_cost_e8 <= a->actual_cost_e8 ? BILLING_CONTRACT_DEMAND
                                                    : BILLING_ACTUAL_DEMAND;
}

size_t billing_advise(const struct billing_rules *r, double capacity_kva, double step_kw,
                      const struct advice_month *months, size_t month_count, struct advice *ret,
                      double *ret_candidate_kw, int64_t *ret_cost_e8, size_t cap) {
    struct advice a = {0};
    if (!(capacity_kva > 0 && step_kw > 0 && isfinite(capacity_kva)) || isnan(r->free_share) ||
        isnan(r->excess_factor))
        return 0;
    double share = isnan(r->min_contract_share) ? 0.0 : r->min_contract_share;
    double first = fmax(1.0, ceil(share * capacity_kva / step_kw * (1 - ROUNDING)));
    double last = floor(capacity_kva / step_kw * (1 + ROUNDING));
    if (!(first <= last && last - first < ADVICE_CANDIDATES_MAX))
        return 0;
    a.months = other_costs(r, capacity_kva, months, month_count, &a);
    if (a.months == 0)
        return 0;
    size_t count = (size_t)(last - first) + 1;
    for (size_t i = 0; i < count; i++) {
        double kw = (first + (double)i) * step_kw;
        int64_t cost_e8 = billing_contract_cost(r, capacity_kva, kw, months, month_count);
        if (ret_candidate_kw != NULL && i < cap)
            ret_candidate_kw[i] = kw;
        if (ret_cost_e8 != NULL && i < cap)
            ret_cost_e8[i] = cost_e8;
        if (i == 0 || cost_e8 < a.contract_cost_e8) {
            a.contract_kw = kw;
            a.contract_cost_e8 = cost_e8;
        }
    }
    a.best = cheapest(&a);
    *ret = a;
    return count;
}
