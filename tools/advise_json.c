/* The advice as one JSON object, for programs. Names and sentences are English. */
#include <math.h>
#include <stdlib.h>

#include "advise.h"
#include "advise_say.h"
#include "base/err.h"
#include "format/json.h"
#include "sys/clock.h"

/* Bytes that the parts take at most: names, numbers of 20 digits, sentences. */
#define HEAD_BYTES      2048
#define ACCOUNT_BYTES   (8192 + ADVISE_ROWS_MAX * 800)
#define MONTH_BYTES     1024
#define CANDIDATE_BYTES 120

static void put_money(struct buf *b, const char *name, bool known, int64_t money_e8) {
    char text[ADVISE_NUMBER_MAX];
    money_format(money_e8, text);
    json_text(b, name, known ? text : NULL);
}

static void put_time(struct buf *b, const char *name, ms_t t) {
    json_time(b, name, t, clock_utc_offset_s(t));
}

static void put_hundredths(struct buf *b, const char *name, int hundredths) {
    json_decimal(b, name, hundredths < 0 ? (double)NAN : hundredths / 100.0, DECIMALS_RATIO);
}

/* ---- declared demand ---------------------------------------------------------------------- */

static void put_price(struct buf *b, const char *name, bool known, int64_t price_e8) {
    json_key(b, name);
    buf_put_decimal(b, known ? (double)price_e8 / PRICE_UNIT : (double)NAN, 8);
}

static void put_months(struct buf *b, const struct advise_demand *d) {
    char text[ADVISE_WORDS_MAX];
    json_open_list(b, "months");
    for (size_t i = 0; i < d->month_count; i++) {
        const struct advise_month_row *m = &d->months[i];
        json_item(b);
        advise_put_month(m->month, text);
        json_text(b, "month", text);
        put_time(b, "start", m->start);
        put_time(b, "end", m->end);
        json_decimal(b, "max_kw", m->values.max_kw, DECIMALS_POWER);
        json_decimal(b, "kwh", m->values.kwh, DECIMALS_POWER);
        json_decimal(b, "coverage", m->coverage, DECIMALS_RATIO);
        put_price(b, "demand_cny_kw", m->price_known[ADVISE_DEMAND], m->values.demand_e8);
        put_price(b, "actual_demand_cny_kw", m->price_known[ADVISE_ACTUAL], m->values.actual_e8);
        put_price(b, "capacity_cny_kva", m->price_known[ADVISE_CAPACITY], m->values.capacity_e8);
        json_bool(b, "counted", m->counted);
        advise_month_words(m, ADVISE_EN, text, sizeof text);
        json_text(b, "why", m->counted ? NULL : text);
        json_close(b);
    }
    json_close_list(b);
}

static void put_candidates(struct buf *b, const struct advise_demand *d) {
    json_open_list(b, "candidates");
    for (size_t i = 0; i < d->candidate_count; i++) {
        json_item(b);
        json_decimal(b, "contract_kw", d->candidate_kw[i], DECIMALS_POWER);
        put_money(b, "cost_cny", true, d->candidate_e8[i]);
        json_close(b);
    }
    json_close_list(b);
}

static void put_way(struct buf *b, const char *name, bool known, enum billing way, double kw,
                    int64_t cost_e8) {
    json_open(b, name);
    json_text(b, "billing", known ? advise_billing_code(way) : NULL);
    json_decimal(b, "contract_kw", known && way == BILLING_CONTRACT_DEMAND ? kw : (double)NAN,
                 DECIMALS_POWER);
    put_money(b, "cost_cny", known, cost_e8);
    json_close(b);
}

static void put_demand(struct buf *b, const struct advise *x, const struct advise_account *a) {
    const struct account *account = &x->site->accounts[a->index];
    const struct advise_demand *d = &a->demand;
    const bool given = d->refusal == ADVISE_GIVEN;
    char why[ADVISE_WORDS_MAX];
    json_open(b, "demand");
    json_u64(b, "months_expected", d->expected);
    json_u64(b, "months_counted", d->counted);
    json_text(b, "tariff", account->tariff_id);
    json_text(b, "document", d->version ? d->version->document : NULL);
    json_bool(b, "verified", d->verified);
    put_months(b, d);
    advise_refusal_words(x, a, ADVISE_EN, why, sizeof why);
    json_text(b, "refusal", advise_refusal_code(d->refusal));
    json_text(b, "why", given ? NULL : why);
    put_candidates(b, d);
    put_money(b, "capacity_cny", given, d->advice.capacity_cost_e8);
    put_money(b, "actual_demand_cny", given, d->advice.actual_cost_e8);
    put_way(b, "present", given && d->present_known, account->billing, d->contract_kw,
            d->present_e8);
    put_way(b, "best", given, d->best, d->best_kw, d->best_e8);
    put_money(b, "difference_cny", given && d->present_known, d->present_e8 - d->best_e8);
    json_close(b);
}

/* ---- capacity ----------------------------------------------------------------------------- */

static void put_capacity(struct buf *b, const struct advise_account *a) {
    json_open_list(b, "capacity");
    for (size_t i = 0; i < a->row_count; i++) {
        const struct advise_capacity *c = &a->rows[i];
        const struct headroom *h = &c->headroom;
        json_item(b);
        json_text(b, "object", advise_object_code(c->object));
        json_text(b, "id", c->id);
        json_decimal(b, "limit_kva", c->limit_kva, DECIMALS_POWER);
        json_decimal(b, "max_kva", h->max_kva, DECIMALS_POWER);
        put_time(b, "max_at", isnan(h->max_kva) ? 0 : h->max_at);
        json_decimal(b, "p95_kva", h->p95_kva, DECIMALS_POWER);
        json_decimal(b, "headroom_kva", h->headroom_kva, DECIMALS_POWER);
        json_decimal(b, "load_pct", h->load_pct, DECIMALS_POWER);
        json_decimal(b, "growth_pct_year", h->growth_pct_year, DECIMALS_POWER);
        json_decimal(b, "mean_kva", c->mean_kva, DECIMALS_POWER);
        json_u64(b, "quarters", h->known);
        if (c->object == ADVISE_TOGETHER)
            json_decimal(b, "n_minus_1_pct", c->n_minus_1_pct, DECIMALS_POWER);
        if (c->object == ADVISE_TRANSFORMER) {
            json_decimal(b, "loss_kwh", c->loss_kwh, DECIMALS_POWER);
            json_decimal(b, "best_load_pct", c->best_load_pct, DECIMALS_POWER);
            json_decimal(b, "best_kva", c->best_kva, DECIMALS_POWER);
        }
        json_close(b);
    }
    json_close_list(b);
}

/* ---- power factor ------------------------------------------------------------------------- */

static void put_step(struct buf *b, const char *name, bool has_table, const struct pf_advice *pf) {
    const bool known = pf->pf_hundredths >= 0 && has_table;
    const bool next = known && pf->next_hundredths >= 0;
    json_open(b, name);
    put_hundredths(b, "power_factor", pf->pf_hundredths);
    json_decimal(b, "adjust_pct", known ? pf->adjust_e4 / 100.0 : (double)NAN, DECIMALS_POWER);
    put_hundredths(b, "next_power_factor", next ? pf->next_hundredths : -1);
    json_decimal(b, "next_adjust_pct", next ? pf->next_adjust_e4 / 100.0 : (double)NAN,
                 DECIMALS_POWER);
    json_decimal(b, "kvarh_less", next ? pf->kvarh_less : (double)NAN, DECIMALS_POWER);
    json_decimal(b, "kvar", next ? pf->kvar : (double)NAN, DECIMALS_POWER);
    json_close(b);
}

static void put_power_factor(struct buf *b, const struct advise_power_factor *pf) {
    json_open(b, "power_factor");
    put_time(b, "start", pf->start);
    put_time(b, "end", pf->end);
    json_decimal(b, "kwh", pf->month.kwh, DECIMALS_POWER);
    json_decimal(b, "kvarh", pf->month.kvarh, DECIMALS_POWER);
    json_decimal(b, "hours", pf->month.hours, DECIMALS_POWER);
    json_bool(b, "verified", pf->verified);
    put_step(b, "so_far", pf->has_table, &pf->month.pf);
    put_step(b, "without_pv", pf->has_table, &pf->without_pv);
    json_close(b);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static size_t bytes_needed(const struct advise *a) {
    size_t n = HEAD_BYTES;
    for (size_t i = 0; i < a->account_count; i++) {
        const struct advise_demand *d = &a->accounts[i].demand;
        n += ACCOUNT_BYTES + d->month_count * MONTH_BYTES + d->candidate_count * CANDIDATE_BYTES;
    }
    return n;
}

int advise_json(const struct advise *a, FILE *out) {
    struct buf b;
    size_t cap = bytes_needed(a);
    char *memory = malloc(cap);
    if (!memory)
        return ERR_NOMEM;
    buf_init(&b, memory, cap);
    buf_putc(&b, '{');
    json_text(&b, "site", a->site->id);
    put_time(&b, "from", a->options.from);
    put_time(&b, "to", a->options.to);
    json_u64(&b, "quarters", a->quarters);
    json_u64(&b, "bad_slots", a->bad_rows);
    json_open_list(&b, "accounts");
    for (size_t i = 0; i < a->account_count; i++) {
        const struct account *account = &a->site->accounts[a->accounts[i].index];
        json_item(&b);
        json_text(&b, "account", account->id);
        json_text(&b, "account_no", account->account_no);
        put_demand(&b, a, &a->accounts[i]);
        put_capacity(&b, &a->accounts[i]);
        put_power_factor(&b, &a->accounts[i].pf);
        json_close(&b);
    }
    json_close_list(&b);
    json_close(&b);
    buf_putc(&b, '\n');
    int err = buf_ok(&b) ? ERR_OK : ERR_LIMIT;
    if (err == ERR_OK && fwrite(b.data, 1, b.len, out) != b.len)
        err = ERR_IO;
    free(memory);
    return err;
}
