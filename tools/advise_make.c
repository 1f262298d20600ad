/* Puts the advice together: months, quarters, prices, the running month's power factor. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "advise.h"
#include "base/err.h"
#include "store/books.h"
#include "sys/clock.h"

/* ---- power factor ------------------------------------------------------------------------- */

struct month_run {
    struct slot_facts sum;
    ms_t days_end; /* of the last whole day taken */
};

static int on_day(void *arg, const struct slot_facts *f) {
    struct month_run *m = arg;
    if (f->end > m->sum.end)
        return ERR_OK; /* its quarters are taken */
    facts_merge(&m->sum, f);
    m->days_end = f->end;
    return ERR_OK;
}

static int on_quarter(void *arg, const struct slot_facts *f) {
    struct month_run *m = arg;
    facts_merge(&m->sum, f);
    return ERR_OK;
}

/* PV's energy given back to the meter, where settle_month() has done so. */
static void advise_without_pv(const struct pf_table *table, const struct month_account *m,
                              const struct slot_facts *sum, struct pf_advice *ret) {
    double export = sum->energy_kwh[SITE_E_EXPORT];
    double kwh = m->kwh + sum->energy_kwh[SITE_E_PV] - (isnan(export) ? 0.0 : export);
    *ret = (struct pf_advice){.pf_hundredths = m->pf_without_pv_hundredths, .next_hundredths = -1};
    if (table && m->pf_without_pv_hundredths >= 0)
        pf_advise(table, kwh, m->kvarh, m->hours, ret);
}

int advise_load_power_factor(struct reader *r, const struct site *site, const struct books *b,
                             const struct advise_options *o, struct advise_account *a,
                             uint64_t *bad_rows) {
    const struct account *account = &site->accounts[a->index];
    struct advise_power_factor *pf = &a->pf;
    uint64_t bad[2] = {0, 0};
    struct month_run *run = malloc(sizeof *run);
    if (!run)
        return ERR_NOMEM;
    pf->start = slot_start(SLOT_BILL, o->to - 1, clock_utc_offset_s, account->billing_day);
    pf->end = o->to;
    facts_init(&run->sum, site, SLOT_1MO, pf->start, pf->end);
    run->days_end = pf->start;
    int err = reader_facts(r, site, SLOT_1D, -1, pf->start, pf->end, on_day, run, &bad[0]);
    if (err == ERR_OK)
        err = reader_facts(r, site, SLOT_15M, -1, run->days_end, pf->end, on_quarter, run, &bad[1]);
    if (err == ERR_OK) {
        settle_month(site, b, clock_utc_offset_s, a->index, &run->sum, false, &pf->month);
        const struct tariff_version *v =
            account->tariff
                ? tariff_at(account->tariff, local_time(pf->start, clock_utc_offset_s).day)
                : NULL;
        const struct pf_table *table = v ? pf_table_of(&v->billing, account->pf_standard) : NULL;
        pf->has_table = table != NULL;
        pf->verified = v && v->billing.verified;
        advise_without_pv(table, &pf->month, &run->sum, &pf->without_pv);
        *bad_rows += bad[0] + bad[1];
    }
    free(run);
    return err;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static int fill(struct reader *r, const struct books *b, struct advise *a) {
    int err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < a->account_count; i++)
        err = advise_load_months(r, a->site, &a->options, &a->accounts[i], &a->bad_rows);
    if (err == ERR_OK)
        err = advise_load_quarters(r, a);
    for (size_t i = 0; err == ERR_OK && i < a->account_count; i++) {
        err = advise_demand(a->site, b, &a->options, &a->accounts[i]);
        if (err == ERR_OK)
            err =
                advise_load_power_factor(r, a->site, b, &a->options, &a->accounts[i], &a->bad_rows);
    }
    return err;
}

int advise_make(struct reader *r, const struct site *site, const struct advise_options *o,
                struct advise *ret) {
    struct books_store books;
    memset(ret, 0, sizeof *ret);
    ret->site = site;
    ret->options = *o;
    for (size_t i = 0; i < site->account_count; i++)
        if (o->account < 0 || (size_t)o->account == i)
            ret->accounts[ret->account_count++].index = i;
    int err = reader_books(r, o->to, &books);
    if (err == ERR_OK) {
        err = fill(r, &books.books, ret);
        books_free(&books);
    }
    if (err < 0)
        advise_free(ret);
    return err;
}

void advise_free(struct advise *a) {
    for (size_t i = 0; i < a->account_count; i++) {
        free(a->accounts[i].demand.months);
        free(a->accounts[i].demand.candidate_kw);
        free(a->accounts[i].demand.candidate_e8);
    }
    memset(a, 0, sizeof *a);
}

bool advise_has_anything(const struct advise *a) {
    bool any = a->quarters > 0;
    for (size_t i = 0; i < a->account_count; i++)
        any = any || a->accounts[i].demand.month_count > 0 || a->accounts[i].pf.month.hours > 0.0;
    return any;
}
