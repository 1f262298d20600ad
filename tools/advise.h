/* `busbar advise`: what an energy officer takes to the grid company, made from stored records.
 *
 * advise_make() reads the store and asks calc for every number; advise_text() and advise_json() say
 * it. Owns what it allocates until advise_free(). One thread. Never writes the store, never
 * guesses: what is missing is named, and what rests on it is unknown. */
#ifndef BUSBAR_TOOLS_ADVISE_H
#define BUSBAR_TOOLS_ADVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "calc/billing.h"
#include "calc/facts.h"
#include "calc/headroom.h"
#include "calc/tariff.h"
#include "meter/site.h"
#include "store/reader.h"

/* A billing month counts when the demand of this share of its quarters is known: the maximum of
 * less may be too low, and a contract made by it too small. */
#define ADVISE_LEAST_COVERAGE 0.9

struct advise_options {
    ms_t from, to; /* local midnights, or now; from is included, to is not */
    int account;   /* index; -1: all */
    double step_kw;
};

/* ---- declared demand ---------------------------------------------------------------------- */

enum advise_refusal {
    ADVISE_GIVEN,
    ADVISE_NO_TARIFF,  /* the account has none, or its file is missing */
    ADVISE_NO_VERSION, /* none is valid at the end of the range */
    ADVISE_NO_RULES,   /* the version has no billing section */
    ADVISE_NO_CAPACITY,
    ADVISE_NO_MONTHS,    /* no billing month that ended in the range is recorded */
    ADVISE_NONE_COUNTED, /* each of them lacks something */
    ADVISE_STEP          /* more than ADVICE_CANDIDATES_MAX candidates, or none */
};

enum advise_price { ADVISE_DEMAND, ADVISE_ACTUAL, ADVISE_CAPACITY, ADVISE_PRICES };
/* PRICE_DEMAND, PRICE_ACTUAL_DEMAND, PRICE_CAPACITY */
enum price_component advise_component(enum advise_price p);

struct advise_month_row {
    int32_t month; /* year * 12 + month - 1, of its first day: the month of its prices */
    ms_t start, end;
    double coverage; /* share of its quarters with a known demand */
    struct advice_month values;
    bool price_known[ADVISE_PRICES];
    bool counted, prices_verified;
};

struct advise_demand {
    enum advise_refusal refusal; /* of the advice; what follows is filled as far as it is known */
    const struct tariff_version *version; /* at the end of the range; NULL: none */
    struct advise_month_row *months;      /* recorded ones, oldest first */
    size_t month_count, counted, expected;
    bool verified;      /* rules and every price that counted */
    double contract_kw; /* in force at the end of the range; NAN: none */
    struct advice advice;
    double *candidate_kw;
    int64_t *candidate_e8;
    size_t candidate_count;
    bool present_known;
    int64_t present_e8;
    enum billing best; /* the present way when nothing is cheaper */
    double best_kw;    /* of a contract; else NAN */
    int64_t best_e8;
};

/* ---- capacity ----------------------------------------------------------------------------- */

enum advise_object {
    ADVISE_TRANSFORMER,
    ADVISE_TOGETHER, /* all transformers of the account */
    ADVISE_INCOMER,
    ADVISE_LINE
};
struct advise_capacity {
    enum advise_object object;
    const char *id;
    double limit_kva; /* NAN: none is known */
    struct headroom headroom;
    double mean_kva;
    double n_minus_1_pct;           /* ADVISE_TOGETHER */
    double loss_kwh;                /* ADVISE_TRANSFORMER: over the range */
    double best_kva, best_load_pct; /* of least losses for what it carries */
};
#define ADVISE_ROWS_MAX (TRANSFORMERS_MAX + 1 + 2 * METERING_POINTS_MAX)

/* ---- power factor ------------------------------------------------------------------------- */

struct advise_power_factor {
    ms_t start, end;            /* of the running billing month, up to now */
    struct month_account month; /* settle_month(), to date */
    bool has_table;             /* the rules know the account's standard: percents mean something */
    bool verified;
    struct pf_advice without_pv; /* pf_hundredths -1: no PV, or unknown */
};

struct advise_account {
    size_t index;
    struct advise_demand demand;
    struct advise_capacity rows[ADVISE_ROWS_MAX];
    size_t row_count;
    struct advise_power_factor pf;
};

struct advise {
    const struct site *site;
    struct advise_options options;
    struct advise_account accounts[ACCOUNTS_MAX];
    size_t account_count;
    size_t quarters; /* read in the range */
    uint64_t bad_rows;
};

/* Codes of the store, or ERR_NOMEM; ret holds nothing then. */
int advise_make(struct reader *r, const struct site *site, const struct advise_options *o,
                struct advise *ret);
void advise_free(struct advise *a);
/* False: the store has nothing of the range at all. */
bool advise_has_anything(const struct advise *a);

enum advise_lang { ADVISE_EN, ADVISE_ZH };
void advise_text(const struct advise *a, enum advise_lang lang, FILE *out);
int advise_json(const struct advise *a, FILE *out); /* ERR_NOMEM, ERR_LIMIT */

/* ---- between its files -------------------------------------------------------------------- */

struct books;

/* Months of the account that ended in the range, from its bills; coverage is not known yet. */
int advise_load_months(struct reader *r, const struct site *site, const struct advise_options *o,
                       struct advise_account *a, uint64_t *bad_rows);
/* The quarters once: series of every object, coverage of every month. */
int advise_load_quarters(struct reader *r, struct advise *a);
int advise_load_power_factor(struct reader *r, const struct site *site, const struct books *b,
                             const struct advise_options *o, struct advise_account *a,
                             uint64_t *bad_rows);
/* Prices, then the advice, from the months. */
int advise_demand(const struct site *site, const struct books *b, const struct advise_options *o,
                  struct advise_account *a);

/* Words, in advise_words.c. */
const char *advise_refusal_code(enum advise_refusal r);
const char *advise_object_code(enum advise_object o);
const char *advise_billing_code(enum billing b);
const char *advise_billing_words(enum billing b, enum advise_lang lang);
/* What the advice lacks, one sentence with what to do. */
void advise_refusal_words(const struct advise *a, const struct advise_account *x,
                          enum advise_lang lang, char *out, size_t cap);
/* Why a month does not count; several reasons are joined by "; ". "" when it does. */
void advise_month_words(const struct advise_month_row *m, enum advise_lang lang, char *out,
                        size_t cap);

#endif
