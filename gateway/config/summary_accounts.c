/* The accounts in the summary: how each is billed, through which meters, at which prices, and which
 * of its numbers stay null. */
#include <math.h>
#include <string.h>

#include "calc/calendar.h"
#include "calc/carbon.h"
#include "calc/tariff.h"
#include "config/summary.h"

static const char *const billing_words[] = {[BILLING_CAPACITY] = "capacity",
                                            [BILLING_CONTRACT_DEMAND] = "contract demand",
                                            [BILLING_ACTUAL_DEMAND] = "actual demand"};
static const char *const combination_words[] = {
    [DEMAND_SUM_OF_MAXIMA] = "the sum of its points' maxima",
    [DEMAND_COINCIDENT] = "the maximum of its points' sum",
    [DEMAND_MAX] = "the largest of its points"};

static void print_day(int32_t day, FILE *out) {
    int year, month, dom;
    civil_date(day, &year, &month, &dom);
    fprintf(out, "%04d-%02d-%02d", year, month, dom);
}

static void print_terms(const struct account *a, FILE *out) {
    fprintf(out, "  %-16s ", a->id);
    if (a->account_no != NULL) {
        fprintf(out, "%s, ", a->account_no);
    }
    fprintf(out, "%s%s, month from day %d; demand is %s; power factor %.15g, reactive",
            a->billing_given ? "billed by " : "billing not given",
            a->billing_given ? billing_words[a->billing] : "", a->billing_day,
            combination_words[a->combination], a->pf_standard);
    for (int i = 0; i < 4; i++) {
        if ((a->pf_quadrants >> i & 1U) != 0) {
            fprintf(out, " q%d", i + 1);
        }
    }
    fputc('\n', out);
}

static void print_contracts(const struct account *a, FILE *out) {
    for (size_t i = 0; i < a->contract_count; i++) {
        fprintf(out, "    contract       %.15g kW", a->contracts[i].kw);
        if (a->contracts[i].from_day != INT32_MIN) {
            fputs(" from ", out);
            print_day(a->contracts[i].from_day, out);
        }
        fputc('\n', out);
    }
}

static void print_transformers(const struct site *s, int32_t account, FILE *out) {
    for (size_t i = 0; i < s->transformer_count; i++) {
        const struct transformer *t = &s->transformers[i];
        if (t->account != account) {
            continue;
        }
        fprintf(out, "    transformer    %s, %.15g kVA, ", t->id, t->kva);
        if (t->feed >= 0) {
            fprintf(out, "measured by %s\n", s->feeds[t->feed].id);
        } else {
            fputs("takes its share of the account by kVA\n", out);
        }
    }
}

static void print_points(const struct site *s, int32_t account, FILE *out) {
    for (size_t i = 0; i < s->metering_point_count; i++) {
        const struct metering_point *p = &s->metering_points[i];
        if (p->account != account) {
            continue;
        }
        fprintf(out, "    point          %s at %s", p->id, s->feeds[p->feed].id);
        if (p->check_feed >= 0) {
            fprintf(out, ", checked by %s", s->feeds[p->check_feed].id);
        }
        if (!isnan(p->line_limit_kva)) {
            fprintf(out, ", line %s up to %.15g kVA", p->line_no != NULL ? p->line_no : "-",
                    p->line_limit_kva);
        }
        fputs(p->standby ? ", stands by\n" : "\n", out);
    }
}

static void print_tariff(const struct account *a, FILE *out) {
    fprintf(out, "    tariff         %s", a->tariff_id != NULL ? a->tariff_id : "none");
    if (a->tariff_id != NULL && a->tariff == NULL) {
        fputs(", has no file", out);
    }
    fputc('\n', out);
    for (size_t i = 0; a->tariff != NULL && i < a->tariff->version_count; i++) {
        const struct tariff_version *v = &a->tariff->versions[i];
        fputs("                   from ", out);
        print_day(v->from_day, out);
        if (v->to_day != INT32_MAX) {
            fputs(" to before ", out);
            print_day(v->to_day, out);
        }
        fprintf(out, ": %s\n", v->verified ? "verified" : "unverified");
    }
}

/* The newest factor of each series; which one a record takes depends on its year. */
static void print_carbon(const struct site *s, FILE *out) {
    const struct carbon_book *b = s->carbon_book;
    fprintf(out, "carbon             %s%s\n", s->carbon != NULL ? s->carbon : "none",
            s->carbon != NULL && b == NULL ? ", has no file" : "");
    for (int series = 0; b != NULL && series < FACTOR_SERIES_COUNT; series++) {
        const struct grid_factor *best = NULL;
        for (size_t i = 0; i < b->factor_count; i++) {
            const struct grid_factor *f = &b->factors[i];
            bool newer = best == NULL || f->year > best->year ||
                         (f->year == best->year && f->version > best->version);
            best = (int)f->series == series && newer ? f : best;
        }
        if (best != NULL) {
            fprintf(out, "  %-16s %d: %.15g kg/kWh, %s\n", best->area, best->year, best->kg_per_kwh,
                    best->verified ? "verified" : "unverified");
        }
    }
}

void config_summary_accounts(const struct site *s, FILE *out) {
    if (s->account_count > 0) {
        fputs("accounts\n", out);
    }
    for (size_t i = 0; i < s->account_count; i++) {
        const struct account *a = &s->accounts[i];
        print_terms(a, out);
        print_contracts(a, out);
        print_transformers(s, (int32_t)i, out);
        print_points(s, (int32_t)i, out);
        print_tariff(a, out);
    }
    print_carbon(s, out);
}

/* ---- what is left out ------------------------------------------------------------------- */

/* "what: why", with the account's id when there are several. */
static void print_gap(const struct site *s, const struct account *a, bool missing, const char *what,
                      const char *why, FILE *out) {
    if (missing && s->account_count > 1) {
        fprintf(out, "  %s of account %s: %s\n", what, a->id, why);
    } else if (missing) {
        fprintf(out, "  %s: %s\n", what, why);
    }
}

/* Reactive energy by quadrant, or at least by the sign of Q. */
static bool has_reactive(const struct feed *f) {
    bool quadrants = true;
    for (int i = 0; i < 4; i++) {
        quadrants = quadrants && f->reactive_quadrant[i] >= 0;
    }
    return quadrants || f->reactive_import >= 0;
}

static void print_account_gaps(const struct site *s, size_t index, FILE *out) {
    const struct account *a = &s->accounts[index];
    size_t points = 0;
    for (size_t i = 0; i < s->metering_point_count; i++) {
        const struct metering_point *p = &s->metering_points[i];
        if (p->account != (int32_t)index) {
            continue;
        }
        points++;
        if (!has_reactive(&s->feeds[p->feed])) {
            fprintf(out,
                    "  power factor and its adjustment at %s: null; the profile of %s has no "
                    "reactive energy\n",
                    p->id, s->feeds[p->feed].id);
        }
    }
    print_gap(s, a, points == 0, "demand, energy and cost", "null without metering_points", out);
    print_gap(s, a, isnan(a->capacity_kva), "transformer load",
              "null without site.transformer_kva or transformers", out);
    print_gap(s, a, a->contract_count == 0, "demand against contract",
              "null without site.contract_demand_kw or contract_demand", out);
    print_gap(s, a, !a->billing_given, "demand or capacity charge",
              "null without billing or a contract", out);
    print_gap(s, a, a->tariff_id == NULL, "cost", "null without site.tariff or the account's", out);
    print_gap(s, a, a->tariff_id != NULL && a->tariff == NULL, "cost",
              "null without the tariff's file", out);
}

void config_summary_account_gaps(const struct site *s, FILE *out) {
    if (s->account_count == 0) {
        fputs("  transformer load: null without site.transformer_kva\n"
              "  demand, cost, power factor: null without a counted grid device\n",
              out);
    }
    for (size_t i = 0; i < s->account_count; i++) {
        print_account_gaps(s, i, out);
    }
    if (s->carbon == NULL) {
        fputs("  carbon: null without site.carbon\n", out);
    } else if (s->carbon_book == NULL) {
        fputs("  carbon: null without the file of site.carbon\n", out);
    }
}
