/* The short form of accounts: site.transformer_kva and site.contract_demand_kw are one account
 * "main" with one transformer, one contract and a metering point for each counted incomer. With the
 * section accounts they may complete a single account or repeat what it says; a contradiction is an
 * error. Defaults of both forms that depend on other keys are settled here too. */
#include <math.h>

#include "config/site_draft.h"

#define Q1_Q4 0x9U /* bit 0 and bit 3 */

static void settle_billing(struct account_draft *a) {
    a->a.billing_given = a->billing >= 0 || a->a.contract_count > 0;
    if (a->billing >= 0) {
        a->a.billing = (enum billing)a->billing;
    } else {
        a->a.billing = a->a.contract_count > 0 ? BILLING_CONTRACT_DEMAND : BILLING_CAPACITY;
    }
}

static void settle_capacity(struct accounts_draft *all) {
    for (size_t i = 0; i < all->count && i < ACCOUNTS_MAX; i++) {
        all->accounts[i].a.capacity_kva = (double)NAN;
    }
    for (size_t i = 0; i < all->transformer_count && i < TRANSFORMERS_MAX; i++) {
        const struct transformer *t = &all->transformers[i].t;
        double *sum = &all->accounts[t->account].a.capacity_kva;
        *sum = isnan(*sum) ? t->kva : *sum + t->kva;
    }
}

static void begin_main(struct site_draft *d) {
    struct account_draft *a = &d->accounts.accounts[d->accounts.count++];
    *a = (struct account_draft){.billing = -1,
                                .a = {.id = "main",
                                      .billing_day = 1,
                                      .pf_standard = 0.90,
                                      .pf_quadrants = Q1_Q4,
                                      .tariff_id = d->site->tariff,
                                      .tariff = d->site_tariff,
                                      .capacity_kva = (double)NAN}};
    settle_billing(a);
}

static struct place short_key(struct site_draft *d, const char *key) {
    struct reader *r = d->reader;
    return yaml_doc_place_of(r->doc, yaml_doc_find(r->doc, yaml_doc_root(r->doc), "site"), key);
}

static void report_several(struct site_draft *d, const char *key, const char *long_key) {
    message_error(d->load->errors, short_key(d, key),
                  "%s is short for a single account; with %zu accounts write %s in each", key,
                  d->accounts.count, long_key);
}

/* The sum of all transformers; NAN without any, 0 when one could not be read. */
static double total_kva(const struct accounts_draft *all) {
    double sum = (double)NAN;
    for (size_t i = 0; i < all->transformer_count && i < TRANSFORMERS_MAX; i++) {
        double kva = all->transformers[i].t.kva;
        if (kva <= 0) {
            return 0;
        }
        sum = isnan(sum) ? kva : sum + kva;
    }
    return sum;
}

static void settle_kva(struct site_draft *d) {
    struct accounts_draft *all = &d->accounts;
    double *own = &d->site->transformer_kva, sum = total_kva(all);
    if (isnan(*own)) {
        *own = sum;
    } else if (isnan(sum) && all->count == 1) {
        all->transformers[all->transformer_count++] =
            (struct transformer_draft){.t = {.id = "t1",
                                             .kva = *own,
                                             .p0_w = (double)NAN,
                                             .pk_w = (double)NAN,
                                             .feed = SITE_NONE}};
    } else if (isnan(sum)) {
        report_several(d, "transformer_kva", "transformers");
    } else if (sum > 0 && fabs(sum - *own) > 1e-6) {
        message_error(d->load->errors, short_key(d, "transformer_kva"),
                      "transformer_kva %.15g contradicts accounts, whose transformers have %.15g "
                      "kVA; keep one of them",
                      *own, sum);
    }
}

static void settle_contract(struct site_draft *d) {
    struct accounts_draft *all = &d->accounts;
    double *own = &d->site->contract_demand_kw;
    struct account *first = &all->accounts[0].a;
    bool single = all->count == 1;
    double kw = single && first->contract_count == 1 ? first->contracts[0].kw : (double)NAN;
    if (isnan(*own)) {
        *own = kw;
    } else if (single && first->contract_count == 0) {
        struct contract_step *step = arena_alloc(d->load->arena, 1, sizeof *step);
        if (step == NULL) {
            schema_error(d->reader, yaml_doc_root(d->reader->doc), "out of memory");
            return;
        }
        *step = (struct contract_step){INT32_MIN, *own};
        first->contracts = step;
        first->contract_count = 1;
    } else if (!single) {
        report_several(d, "contract_demand_kw", "contract_demand");
    } else if (isnan(kw) || fabs(kw - *own) > 1e-6) {
        message_error(d->load->errors, short_key(d, "contract_demand_kw"),
                      "contract_demand_kw %.15g contradicts accounts, which has contract_demand of "
                      "its own; keep one of them",
                      *own);
    }
}

void accounts_settle(struct site_draft *d) {
    struct accounts_draft *all = &d->accounts;
    bool asked = !isnan(d->site->transformer_kva) || !isnan(d->site->contract_demand_kw);
    if (!all->given && asked) {
        begin_main(d);
    }
    if (all->count > 0) {
        settle_kva(d);
        settle_contract(d);
    }
    settle_capacity(all);
    for (size_t i = 0; i < all->count && i < ACCOUNTS_MAX; i++) {
        struct account_draft *a = &all->accounts[i];
        a->a.pf_quadrants = a->a.pf_quadrants != 0 ? a->a.pf_quadrants : Q1_Q4;
        settle_billing(a);
    }
}

void accounts_short_points(struct site_draft *d) {
    struct accounts_draft *all = &d->accounts;
    for (size_t i = 0; i < d->site->feed_count; i++) {
        const struct feed *f = &d->site->feeds[i];
        if (f->role != ROLE_GRID || !f->counted) {
            continue;
        }
        yaml_node_t *node = d->devices[f->device].node;
        if (all->count == 0) {
            begin_main(d);
        }
        if (all->point_count == METERING_POINTS_MAX) {
            schema_error(d->reader, node, "more than %d counted incomers; use several gateways",
                         METERING_POINTS_MAX);
            return;
        }
        char id[8];
        snprintf(id, sizeof id, "p%zu", all->point_count + 1);
        all->points[all->point_count++] =
            (struct metering_draft){.node = node,
                                    .p = {.id = arena_strdup(d->load->arena, id),
                                          .feed = (int32_t)i,
                                          .check_feed = SITE_NONE,
                                          .line_limit_kva = (double)NAN}};
    }
}
