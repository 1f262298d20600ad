/* The simulated substation: every device of a site, one electrical whole.
 *
 * Powers are integers (mW, mvar) that hold for one step of simulated time, so that the balance of
 * the electrical tree is exact and counters are the exact integral. A node is what one meter sees:
 * a device, or one channel of a hybrid. Signs are those of the role: grid and load > 0 draw, pv and
 * storage > 0 deliver. Owned by the caller, one thread. No I/O, no clock: time is an argument. */
#ifndef BUSBAR_SIM_MODEL_PLANT_H
#define BUSBAR_SIM_MODEL_PLANT_H

#include <stdbool.h>

#include "meter/site.h"
#include "sim/model_counter.h"
#include "sim/model_load.h"
#include "sim/model_storage.h"

#define PLANT_STEP_MS 1000
#define NODE_NONE     ((size_t)-1)

struct node_counters {
    struct counter forward, reverse; /* P > 0, P < 0 */
    struct counter phase_forward[3], phase_reverse[3];
    struct counter q[4]; /* reactive energy by quadrant of (P, Q) */
    struct counter apparent;
};

/* What is wrong with a part of the plant itself, so that everything measured of it agrees. */
struct disturbance {
    double output_kw; /* a source gives this, storage within its limits; NAN: what it would */
    double load_kw, load_share; /* a load draws this instead, to that share: 0 no, 1 wholly */
    double extra_kw;            /* a load draws it besides */
    bool
        reversed_ct; /* the meter sees every current the other way round; the plant does not care */
};

struct node {
    size_t device;
    const char *channel; /* NULL, or the hybrid's channel */
    enum role role;
    size_t parent; /* node, or NODE_NONE */
    size_t children;
    bool counted;
    bool may_absorb; /* its register can show a source's negative power */
    double rated_kw, rated_kwp;
    enum load_kind load_kind;
    size_t store; /* index in plant.stores for storage and battery, else NODE_NONE */
    double share; /* of the store (batteries) or of the site's import (incomers) */
    int64_t power_milliw, reactive_mvar;
    int64_t phase_milliw[3], phase_mvar[3];
    struct disturbance disturbance; /* from the next step on */
    bool sees_reversed;             /* the meter, now */
    struct node_counters counters;
    int64_t day_forward_mwh, day_reverse_mwh; /* counters at the last local midnight */
    int64_t block_start_mwh, demand_milliw, max_demand_milliw; /* 15-minute demand of forward */
    bool block_whole; /* the running block was seen from its start */
};

struct plant {
    const struct site *site;
    uint64_t seed;
    ms_t start_ms, now_ms;
    uint64_t steps; /* since the start */
    struct local_time local;
    struct node *nodes;
    size_t node_count;
    size_t *order;        /* nodes, children before parents */
    size_t *channel_base; /* first node of each device; its nodes are consecutive */
    struct storage *stores;
    size_t store_count;
    double irradiance_w_m2, air_c, frequency_hz;
    int64_t unmetered_milliw; /* load behind no feeder meter: only when the site has no feeders */
    int64_t unmetered_mvar;
};

/* NULL without memory. The site must outlive the plant. */
struct plant *plant_new(const struct site *site, uint64_t seed, ms_t start_ms, int utc_offset_s);
void plant_free(struct plant *p);
/* Lets PLANT_STEP_MS pass: counters take the powers that held, then new powers are found.
 * utc_offset_s belongs to the instant after the step. */
void plant_step(struct plant *p, int utc_offset_s);
void disturbance_clear(struct disturbance *d);
/* The node that a point of that device and channel (NULL: none) belongs to. */
size_t plant_node(const struct plant *p, size_t device, const char *channel);
/* State of charge in percent; NAN for a node without a store. */
double plant_soc_pct(const struct plant *p, const struct node *n);

#endif
