/* Demand as it runs: what the live values say of the last 15 minutes and of the block's end.
 *
 * From the counters' totals at the minutes' edges; records compute demand from stored minutes
 * instead. Historian thread; no I/O. */
#ifndef BUSBAR_STORE_LIVE_DEMAND_H
#define BUSBAR_STORE_LIVE_DEMAND_H

#include "calc/demand.h"
#include "store/aggregate.h"
#include "store/live.h"

struct live_demand {
    ms_t minute[DEMAND_MINUTES + 1]; /* ring of edges: start of the minute, INT64_MIN none */
    double total_kwh[DEMAND_MINUTES + 1][METERING_POINTS_MAX];
};

void live_demand_init(struct live_demand *d);
/* At a tick; fills demand and carbon of the live values. kg_per_kwh: of the import, NAN none. */
void live_demand_take(struct live_demand *d, const struct aggregate *a, ms_t utc_ms,
                      double kg_per_kwh, struct live_site *s);

#endif
