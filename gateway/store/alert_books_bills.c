/* What the last bills say of the way an account is billed. */
#include <math.h>

#include "alert/signal_capacity.h"
#include "calc/settle.h"
#include "store/alert_books_impl.h"
#include "store/alert_books_words.h"
#include "sys/clock.h"

#define ADVICE_STEP_KW 10.0

struct bills {
    struct alert_books *b;
    size_t account, count;
    struct advice_month months[CAPACITY_MONTHS];
    ms_t last; /* start of the last one */
};

/* A month of which too little is known, or a price, does not count: then nothing is advised. */
static void take_bill(void *arg, const struct slot_facts *f) {
    struct bills *x = arg;
    struct alert_books *b = x->b;
    const struct books *books = &b->records->books.books;
    struct local_time at = local_time(f->start, clock_utc_offset_s);
    const struct basic_prices p = tariff_basic_prices(&books->prices, at.year * 12 + at.month - 1);
    struct month_account month;
    if (f->coverage < CAPACITY_KNOWN || !p.demand.known || !p.actual.known || !p.capacity.known ||
        x->count == CAPACITY_MONTHS)
        return;
    settle_month(b->site, books, clock_utc_offset_s, x->account, f, false, &month);
    x->last = f->start;
    x->months[x->count++] = (struct advice_month){.max_kw = f->accounts[x->account].month_max.kw,
                                                  .kwh = month.kwh,
                                                  .demand_e8 = p.demand.price_e8,
                                                  .actual_e8 = p.actual.price_e8,
                                                  .capacity_e8 = p.capacity.price_e8};
}

/* The cheapest contract, where the tariff has rules for one. */
static void find_contract(const struct bills *x, const struct account *a, struct billing_words *w) {
    struct advice advice;
    const struct tariff_version *v =
        a->tariff ? tariff_at(a->tariff, local_time(x->last, clock_utc_offset_s).day) : NULL;
    w->contract_kw = (double)NAN;
    if (!v || isnan(v->billing.free_share) ||
        billing_advise(&v->billing, a->capacity_kva, ADVICE_STEP_KW, x->months, x->count, &advice,
                       NULL, NULL, 0) == 0)
        return;
    w->contract_kw = advice.contract_kw;
    w->contract_e8 = advice.contract_cost_e8;
    w->capacity_e8 = advice.capacity_cost_e8;
    w->actual_e8 = advice.actual_cost_e8;
}

static void advise(struct alert_books *b, size_t account, ms_t now_ms) {
    const struct account *a = &b->site->accounts[account];
    struct bills x = {.b = b, .account = account};
    ms_t newest;
    if (!a->billing_given || !(a->capacity_kva > 0.0) ||
        !books_newest(b, SLOT_BILL, (int)account, &newest))
        return;
    ms_t from = newest;
    for (int i = 1; i < CAPACITY_MONTHS; i++)
        from = slot_start(SLOT_BILL, from - 1, clock_utc_offset_s, a->billing_day);
    books_each(b, SLOT_BILL, (int)account, from, newest + 1, take_bill, &x);
    if (x.count < CAPACITY_MONTHS)
        return;
    const struct advice_month *m = x.months;
    struct billing_words words = {.account = a,
                                  .ratio = (m[0].max_kw + m[1].max_kw + m[2].max_kw) / 3.0 /
                                           a->capacity_kva,
                                  .even_ratio = (double)m[2].capacity_e8 / (double)m[2].actual_e8};
    find_contract(&x, a, &words);
    const struct alert_signal s = {
        .value = signal_billing_mode_pct(a->billing, a->capacity_kva, x.months),
        .at = now_ms,
        .explain = words_billing,
        .arg = &words};
    alerts_signal(b->alerts, ALERT_BILLING_MODE, account, &s);
}

bool books_bills(struct alert_books *b, ms_t now_ms) {
    for (size_t i = 0; i < b->site->account_count; i++)
        advise(b, i, now_ms);
    return true;
}
