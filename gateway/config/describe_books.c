/* Tariffs and carbon factors in facts: each version with its span and a fingerprint of what it
 * says. The files themselves say more than a line could. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "calc/calendar.h"
#include "calc/carbon.h"
#include "calc/tariff.h"
#include "config/describe.h"

#define SPAN_MAX 64

static uint64_t add_number(uint64_t h, double v) {
    double plain = isnan(v) ? -1e300 : v; /* NANs are not all the same bytes */
    return hash_bytes(h, &plain, sizeof plain);
}

static uint64_t add_text(uint64_t h, const char *text) {
    return hash_file(h, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

static void span(char out[SPAN_MAX], int32_t from, int32_t to) {
    int y, m, d, n;
    civil_date(from, &y, &m, &d);
    n = snprintf(out, SPAN_MAX, "from %04d-%02d-%02d", y, m, d);
    if (to == INT32_MAX)
        return;
    civil_date(to, &y, &m, &d);
    (void)snprintf(out + n, SPAN_MAX - (size_t)n, " to %04d-%02d-%02d", y, m, d);
}

static uint64_t hash_billing(uint64_t h, const struct billing_rules *r) {
    const double terms[] = {r->free_share,        r->excess_factor,     r->min_contract_share,
                            r->high_use_kwh_kva,  r->high_use_discount, r->band_billed,
                            r->pf_includes_basic, r->verified};
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++)
        h = add_number(h, terms[i]);
    return h;
}

static uint64_t hash_version(const struct tariff_version *v) {
    uint64_t h = add_text(add_text(HASH_START, v->document), v->source);
    for (size_t i = 0; i < v->window_count; i++) {
        const struct tariff_window *w = &v->windows[i];
        const double terms[] = {w->months, w->day_types, w->from_min,
                                w->to_min, w->period,    w->priority};
        for (size_t k = 0; k < sizeof terms / sizeof terms[0]; k++)
            h = add_number(h, terms[k]);
    }
    for (int p = 0; p < TARIFF_PERIODS; p++)
        h = add_number(h, v->ratio[p]);
    for (size_t i = 0; i < v->season_count; i++) {
        h = add_number(h, v->seasons[i].months);
        for (int p = 0; p < TARIFF_PERIODS; p++)
            h = add_number(h, v->seasons[i].ratio[p]);
    }
    return hash_billing(h, &v->billing);
}

void describe_tariff(const struct tariff *t, struct fact_list *out) {
    uint64_t days = HASH_START;
    for (size_t i = 0; i < t->version_count; i++) {
        const struct tariff_version *v = &t->versions[i];
        char when[SPAN_MAX], print[17];
        span(when, v->from_day, v->to_day);
        hash_hex(hash_version(v), print);
        fact_add(out, "version", "%s %s, %zu windows, contents %.8s", when,
                 v->verified ? "verified" : "unverified", v->window_count, print);
    }
    for (size_t i = 0; i < t->holiday_count; i++)
        days = add_number(days, t->holidays[i]);
    for (size_t i = 0; i < t->workday_count; i++)
        days = add_number(days, -1.0 - t->workdays[i]);
    char print[17];
    hash_hex(days, print);
    fact_add(out, "calendar", "%zu holidays, %zu make-up workdays, contents %.8s", t->holiday_count,
             t->workday_count, print);
}

void describe_carbon(const struct carbon_book *b, struct fact_list *out) {
    uint64_t factors = HASH_START, fuels = HASH_START;
    char print[17];
    for (size_t i = 0; i < b->factor_count; i++) {
        const struct grid_factor *f = &b->factors[i];
        const double terms[] = {f->series,  f->year,       f->from_day, f->to_day,
                                f->version, f->kg_per_kwh, f->verified};
        factors = add_text(factors, f->area);
        for (size_t k = 0; k < sizeof terms / sizeof terms[0]; k++)
            factors = add_number(factors, terms[k]);
    }
    for (size_t i = 0; i < b->fuel_count; i++) {
        const struct fuel_factor *f = &b->fuels[i];
        fuels =
            add_number(add_number(add_number(fuels, f->kind), f->kg_per_unit), f->kgce_per_unit);
        fuels = add_text(fuels, f->unit);
    }
    fact_text(out, "id", b->id);
    fact_text(out, "province", b->province);
    fact_text(out, "region", b->region);
    fact_text(out, "country", b->country);
    hash_hex(factors, print);
    fact_add(out, "factors", "%zu, contents %.8s", b->factor_count, print);
    hash_hex(fuels, print);
    fact_add(out, "fuels", "%zu, contents %.8s", b->fuel_count, print);
    fact_number(out, "kgce_per_kwh", b->kgce_per_kwh);
}
