/* Demand: mean active import power of the last 15 whole minutes, moving on each minute. Pure.
 *
 * The node has no wall clock: minutes are counted from its start, and for the first 15 there is no
 * demand. Block demand on the grid's quarter hours is the gateway's business. */
#ifndef NODE_APP_DEMAND_H
#define NODE_APP_DEMAND_H

#include <stdint.h>

#define DEMAND_MINUTES 15

struct demand {
    uint64_t edge_mj[DEMAND_MINUTES + 1]; /* import counter at the last edges of minutes, a ring */
    int edges;                            /* edges known */
    int newest;
    float since_edge_s;
    float now_w; /* NaN until known */
    float max_w; /* 0 until known */
};

void demand_init(struct demand *d, float max_w);

/* `seconds` have passed, and the import counter stands at import_mj. */
void demand_pass(struct demand *d, float seconds, uint64_t import_mj);

#endif
