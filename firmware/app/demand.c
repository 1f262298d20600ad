#include "app/demand.h"

#include <math.h>
#include <string.h>

#define MINUTE_S 60.0f

void demand_init(struct demand *d, float max_w) {
    memset(d, 0, sizeof *d);
    d->now_w = NAN;
    d->max_w = max_w;
}

static void add_edge(struct demand *d, uint64_t import_mj) {
    d->newest = (d->newest + 1) % (DEMAND_MINUTES + 1);
    d->edge_mj[d->newest] = import_mj;
    if (d->edges <= DEMAND_MINUTES)
        d->edges++;
    if (d->edges <= DEMAND_MINUTES)
        return;
    const uint64_t oldest_mj = d->edge_mj[(d->newest + 1) % (DEMAND_MINUTES + 1)];
    d->now_w = (float)(import_mj - oldest_mj) / (1000.0f * DEMAND_MINUTES * MINUTE_S);
    d->max_w = fmaxf(d->max_w, d->now_w);
}

void demand_pass(struct demand *d, float seconds, uint64_t import_mj) {
    if (d->edges == 0) {
        add_edge(d, import_mj);
        return;
    }
    d->since_edge_s += seconds;
    if (d->since_edge_s >= MINUTE_S) {
        d->since_edge_s -= MINUTE_S;
        add_edge(d, import_mj);
    }
}
