/* Demand as it runs: what the live values say of the last 15 minutes and of the block's end.
 *
 * From the counters' totals at the minutes' edges; records compute demand from stored minutes
 * instead. Historian thread; no I/O. */
#ifndef BUSBAR_STORE_LIVE_DEMAND_H
#define BUSBAR_STORE_LIVE_DEMAND_H

#include "calc/demand.h"
#include "store/aggregate.h"
#include "store/live.h"

/* Of one account at the last tick, combined from its points as it says; NAN unknown. */
struct account_demand {
    double sliding_kw;  /* of the last 15 minutes */
    double so_far_kwh;  /* of the block */
    double minute_kw;   /* of about the last minute, by the registers */
    double power_kw;    /* import now */
    double contract_kw; /* in force */
    ms_t elapsed_ms;    /* of the block */
};

struct live_demand {
    struct account_demand account[ACCOUNTS_MAX];
    ms_t minute[DEMAND_MINUTES + 1]; /* ring of edges: start of the minute, INT64_MIN none */
    double total_kwh[DEMAND_MINUTES + 1][METERING_POINTS_MAX];
};

void live_demand_init(struct live_demand *d);
/* At a tick; fills demand and carbon of the live values. kg_per_kwh: of the import, NAN none. */
void live_demand_take(struct live_demand *d, const struct aggregate *a, ms_t utc_ms,
                      double kg_per_kwh, struct live_site *s);
/* Of each account; power: of the feeds at this tick. After live_demand_take() of the same tick. */
void live_demand_accounts(struct live_demand *d, const struct aggregate *a, ms_t utc_ms,
                          const double *feed_kw);

#endif
