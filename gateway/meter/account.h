/* Electricity accounts of a site (户号): who is billed, how, through which meters. Immutable after
 * load, part of struct site. Pure.
 *
 * The short form of the site file (transformer_kva, contract_demand_kw) makes one account "main"
 * with a metering point for each counted incomer. */
#ifndef BUSBAR_METER_ACCOUNT_H
#define BUSBAR_METER_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a whole site: records carry all of them. */
#define ACCOUNTS_MAX        8
#define METERING_POINTS_MAX 16 /* metering points */
#define TRANSFORMERS_MAX    16

enum billing { BILLING_CAPACITY, BILLING_CONTRACT_DEMAND, BILLING_ACTUAL_DEMAND };

/* How the demands of several metering points make the account's (design contract). */
enum demand_combination {
    DEMAND_SUM_OF_MAXIMA, /* each point's own maximum of the month, added */
    DEMAND_COINCIDENT,    /* maximum of the sum at one time */
    DEMAND_MAX            /* the largest point: the others stand by */
};

struct contract_step {
    int32_t from_day; /* local day; INT32_MIN: always */
    double kw;
};

struct transformer {
    const char *id;
    double kva;
    double p0_w, pk_w; /* no-load and load losses, NAN when unknown */
    int32_t feed;      /* its own meter, SITE_NONE: it carries its share of the account by kVA */
    int32_t account;
};

struct metering_point {
    const char *id, *point_no, *line_no;
    int32_t feed;       /* site.feeds: the meter */
    int32_t check_feed; /* the check meter, SITE_NONE */
    int32_t account;
    bool standby;
    double line_limit_kva; /* NAN when not given */
};

struct account {
    const char *id, *account_no;
    enum billing billing;
    bool billing_given; /* false: the short form without a contract: nothing is billed */
    const struct contract_step *contracts; /* oldest first */
    size_t contract_count;
    enum demand_combination combination;
    int billing_day;             /* 1..28 */
    double pf_standard;          /* 0.90, 0.85, 0.80 */
    unsigned pf_quadrants;       /* bit 0 = q1 .. bit 3 = q4: the reactive energy that is charged */
    const char *tariff_id;       /* NULL: none */
    const struct tariff *tariff; /* calc/tariff.h; NULL: none or no file */
    double capacity_kva;         /* sum of its transformers, NAN without any */
};

/* The contract in force on a local day; NAN when there is none. */
double account_contract_kw(const struct account *a, int32_t day);

#endif
