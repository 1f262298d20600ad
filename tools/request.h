/* `busbar request`: one page for the grid company, from stored records: how much capacity is left,
 * how good the voltage was, when the supply failed; and what came of a measure.
 *
 * request_make() reads the store; request_html() and request_csv() say it. Capacity is advise's
 * own (advise.h). Owns what it allocates until request_free(). One thread. Never writes the store.
 */
#ifndef BUSBAR_TOOLS_REQUEST_H
#define BUSBAR_TOOLS_REQUEST_H

#include "advise.h"
#include "calc/compare_supply.h"
#include "store/reader_supply.h"

#define REQUEST_DAY_QUARTERS 100 /* of the longest local day */
#define REQUEST_TIME_MAX     24

struct request_options {
    ms_t from, to, now; /* from is included, to is not */
    int account;        /* index; -1: all */
    int64_t measure;    /* number of the alert that has it; 0: none */
};

struct request_point { /* voltage of a metering point over the range */
    uint64_t monitored_ms, qualified_ms;
    double low_pct, high_pct; /* extremes of the deviation, NAN unknown */
};

struct request_demand { /* of an account over the range */
    double max_kw;      /* sliding, 15 minutes */
    ms_t max_at;
    double contract_kw; /* in force at the end */
};

struct request_curve { /* the day of the highest load of an account's most loaded object */
    const struct advise_capacity *object; /* NULL: nothing is known */
    int32_t transformer, point;           /* which; SITE_NONE */
    ms_t day, end;
    double kva[REQUEST_DAY_QUARTERS]; /* largest of each quarter, NAN unknown */
};

struct request {
    const struct site *site;
    struct request_options options;
    struct advise advice;
    struct request_point points[METERING_POINTS_MAX];
    struct request_demand demand[ACCOUNTS_MAX];
    struct request_curve curves[ACCOUNTS_MAX]; /* in the order of advice.accounts */
    struct supply_entry *dips;                 /* of the range, oldest first */
    size_t dip_count;
    size_t quarters, expected;        /* stored, and that the range has */
    size_t by_quality[QUALITY_COUNT]; /* stored quarters by the quality of the site's record */
    double covered_ms;                /* measured time, mean over the devices */
    bool has_measure;
    struct supply_measure measure;
    struct supply_scope scope;
    struct supply_period periods[2];
    uint64_t bad_rows;
};

/* Codes of the store, ERR_NOMEM; ERR_NOT_FOUND: no such alert, ERR_RANGE: it has no measure. ret
 * holds nothing then. */
int request_make(struct reader *r, const struct site *site, const struct request_options *o,
                 struct request *ret);
void request_free(struct request *r);

void request_html(const struct request *r, enum advise_lang lang, FILE *out);
void request_csv(const struct request *r, FILE *out);

/* ---- between its files -------------------------------------------------------------------- */

/* The curve as an SVG picture with its limits. */
void request_curve_svg(const struct request_curve *c, enum advise_lang lang, FILE *out);
/* What of an account is to be seen in the list of sags and interruptions. */
bool request_concerns(const struct request *r, size_t account, const struct supply_entry *e);
/* A transformer without a meter of its own, beside others: its figures are its share by kVA. */
bool request_is_share(const struct site *s, const struct advise_capacity *c);
/* "2026-11-23 08:15", local. */
void request_put_time(ms_t t, char out[REQUEST_TIME_MAX]);

#endif
