/* Declared demand: the recorded billing months with their prices, and what each contract would have
 * cost in them. */
#include <math.h>
#include <stdlib.h>

#include "advise.h"
#include "base/err.h"
#include "calc/settle.h"
#include "sys/clock.h"

#define MONTH_MS_MAX (32 * MS_PER_DAY)

enum price_component advise_component(enum advise_price p) {
    static const enum price_component components[ADVISE_PRICES] = {
        [ADVISE_DEMAND] = PRICE_DEMAND,
        [ADVISE_ACTUAL] = PRICE_ACTUAL_DEMAND,
        [ADVISE_CAPACITY] = PRICE_CAPACITY};
    return components[p];
}

/* ---- months ------------------------------------------------------------------------------- */

struct months {
    const struct site *site;
    const struct advise_options *options;
    struct advise_account *account;
    size_t cap;
};

static int32_t month_of(ms_t start) {
    struct local_time t = local_time(start, clock_utc_offset_s);
    return (int32_t)(t.year * 12 + t.month - 1);
}

/* The energy that settle_month() finds in the account's points: NAN when one is unknown. */
static double energy_of(const struct site *site, size_t account, const struct slot_facts *f) {
    static const struct books no_books;
    struct month_account m;
    settle_month(site, &no_books, clock_utc_offset_s, account, f, false, &m);
    return m.kwh;
}

static int on_bill(void *arg, const struct slot_facts *f) {
    struct months *m = arg;
    struct advise_demand *d = &m->account->demand;
    if (f->end <= m->options->from || f->end > m->options->to)
        return ERR_OK;
    if (d->month_count == m->cap) {
        size_t cap = m->cap > 0 ? 2 * m->cap : 16;
        struct advise_month_row *rows = reallocarray(d->months, cap, sizeof *rows);
        if (!rows)
            return ERR_NOMEM;
        d->months = rows;
        m->cap = cap;
    }
    d->months[d->month_count++] =
        (struct advise_month_row){.month = month_of(f->start),
                                  .start = f->start,
                                  .end = f->end,
                                  .values = {.max_kw = f->accounts[m->account->index].month_max.kw,
                                             .kwh = energy_of(m->site, m->account->index, f)}};
    return ERR_OK;
}

/* Billing months of the calendar that end in the range. */
static size_t expected_months(const struct advise_options *o, int billing_day) {
    size_t n = 0;
    ms_t end = slot_start(SLOT_BILL, o->from, clock_utc_offset_s, billing_day);
    while ((end = slot_end(SLOT_BILL, end, clock_utc_offset_s, billing_day)) <= o->to)
        n++;
    return n;
}

int advise_load_months(struct reader *r, const struct site *site, const struct advise_options *o,
                       struct advise_account *a, uint64_t *bad_rows) {
    struct months m = {.site = site, .options = o, .account = a};
    uint64_t bad = 0;
    a->demand.expected = expected_months(o, site->accounts[a->index].billing_day);
    int err = reader_facts(r, site, SLOT_BILL, (int)a->index, o->from - MONTH_MS_MAX, o->to,
                           on_bill, &m, &bad);
    *bad_rows += bad;
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* never heard of: it has no months */
}

/* ---- prices ------------------------------------------------------------------------------- */

static void price_month(const struct books *b, struct advise_month_row *m) {
    const struct basic_prices basic = tariff_basic_prices(&b->prices, m->month);
    const struct price price[ADVISE_PRICES] = {[ADVISE_DEMAND] = basic.demand,
                                               [ADVISE_ACTUAL] = basic.actual,
                                               [ADVISE_CAPACITY] = basic.capacity};
    m->prices_verified = true;
    for (int p = 0; p < ADVISE_PRICES; p++) {
        m->price_known[p] = price[p].known;
        m->prices_verified = m->prices_verified && price[p].verified;
    }
    m->values.demand_e8 = price[ADVISE_DEMAND].price_e8;
    m->values.actual_e8 = price[ADVISE_ACTUAL].price_e8;
    m->values.capacity_e8 = price[ADVISE_CAPACITY].price_e8;
    m->counted = !isnan(m->values.max_kw) && !isnan(m->values.kwh) &&
                 m->coverage >= ADVISE_LEAST_COVERAGE && m->price_known[ADVISE_DEMAND] &&
                 m->price_known[ADVISE_ACTUAL] && m->price_known[ADVISE_CAPACITY];
}

/* ---- advice ------------------------------------------------------------------------------- */

static enum advise_refusal refusal_of(const struct account *a, const struct advise_demand *d) {
    if (!a->tariff)
        return ADVISE_NO_TARIFF;
    if (!d->version)
        return ADVISE_NO_VERSION;
    if (isnan(d->version->billing.free_share))
        return ADVISE_NO_RULES;
    if (!(a->capacity_kva > 0.0))
        return ADVISE_NO_CAPACITY;
    if (d->month_count == 0)
        return ADVISE_NO_MONTHS;
    return d->counted == 0 ? ADVISE_NONE_COUNTED : ADVISE_GIVEN;
}

/* What the way that is agreed now costs in the same months. */
static bool present_cost(const struct account *a, const struct advise_demand *d,
                         const struct advice_month *months, int64_t *ret_e8) {
    if (!a->billing_given)
        return false;
    switch (a->billing) {
    case BILLING_CAPACITY:
        *ret_e8 = d->advice.capacity_cost_e8;
        return true;
    case BILLING_ACTUAL_DEMAND:
        *ret_e8 = d->advice.actual_cost_e8;
        return true;
    case BILLING_CONTRACT_DEMAND:
        break;
    }
    if (isnan(d->contract_kw))
        return false;
    *ret_e8 = billing_contract_cost(&d->version->billing, a->capacity_kva, d->contract_kw, months,
                                    d->counted);
    return true;
}

static void choose(const struct account *a, struct advise_demand *d) {
    const struct advice *v = &d->advice;
    d->best = v->best;
    d->best_e8 = v->best == BILLING_CAPACITY        ? v->capacity_cost_e8
                 : v->best == BILLING_ACTUAL_DEMAND ? v->actual_cost_e8
                                                    : v->contract_cost_e8;
    d->best_kw = v->best == BILLING_CONTRACT_DEMAND ? v->contract_kw : (double)NAN;
    if (!d->present_known || d->best_e8 < d->present_e8)
        return;
    d->best = a->billing; /* a contract between two candidates may be cheaper than both */
    d->best_e8 = d->present_e8;
    d->best_kw = a->billing == BILLING_CONTRACT_DEMAND ? d->contract_kw : (double)NAN;
}

/* Asks twice: for the number of candidates, then for them. */
static int advise_contract(const struct account *a, double step_kw, struct advice_month *months,
                           struct advise_demand *d) {
    const struct billing_rules *rules = &d->version->billing;
    size_t n = billing_advise(rules, a->capacity_kva, step_kw, months, d->counted, &d->advice, NULL,
                              NULL, 0);
    if (n == 0) {
        d->refusal = ADVISE_STEP;
        return ERR_OK;
    }
    d->candidate_kw = calloc(n, sizeof *d->candidate_kw);
    d->candidate_e8 = calloc(n, sizeof *d->candidate_e8);
    if (!d->candidate_kw || !d->candidate_e8)
        return ERR_NOMEM;
    d->candidate_count = billing_advise(rules, a->capacity_kva, step_kw, months, d->counted,
                                        &d->advice, d->candidate_kw, d->candidate_e8, n);
    d->present_known = present_cost(a, d, months, &d->present_e8);
    choose(a, d);
    return ERR_OK;
}

int advise_demand(const struct site *site, const struct books *b, const struct advise_options *o,
                  struct advise_account *x) {
    const struct account *a = &site->accounts[x->index];
    struct advise_demand *d = &x->demand;
    int32_t day = local_time(o->to - 1, clock_utc_offset_s).day;
    struct advice_month *months = calloc(d->month_count + 1, sizeof *months);
    if (!months)
        return ERR_NOMEM;
    d->version = a->tariff ? tariff_at(a->tariff, day) : NULL;
    d->contract_kw = account_contract_kw(a, day);
    d->best_kw = (double)NAN;
    d->verified = d->version && d->version->billing.verified;
    for (size_t i = 0; i < d->month_count; i++) {
        struct advise_month_row *m = &d->months[i];
        price_month(b, m);
        if (!m->counted)
            continue;
        months[d->counted++] = m->values;
        d->verified = d->verified && m->prices_verified;
    }
    d->refusal = refusal_of(a, d);
    int err = ERR_OK;
    if (d->refusal == ADVISE_GIVEN)
        err = advise_contract(a, o->step_kw, months, d);
    free(months);
    return err;
}
