#include <math.h>

#include "sim/model_balance.h"
#include "sim/model_noise.h"

enum { STREAM_WIND = 0x90, STREAM_FREQUENCY = 0x70, STREAM_PHASE = 0x4000 };

static int64_t milliw(double kw) {
    return llround(kw * 1e6);
}

/* ---- leaves ---- */

static double source_kw(const struct plant *p, size_t i) {
    const struct node *n = &p->nodes[i];
    double kw;

    if (!isnan(n->disturbance.output_kw))
        return n->disturbance.output_kw;
    if (n->role == ROLE_PV) {
        double local_cloud = 0.04 * noise_smooth(p->seed, 0x3000 + i, p->now_ms, 25 * MS_PER_S);

        kw = pv_output_kw(p->irradiance_w_m2 * (1.0 + local_cloud), p->air_c, n->rated_kwp,
                          n->rated_kw);
    } else if (n->role == ROLE_WIND) {
        double wind = 0.5 + 0.5 * noise_smooth(p->seed, STREAM_WIND, p->now_ms, 40 * MS_PER_MIN);

        kw = n->rated_kw * wind * wind * wind;
    } else { /* a generator on stand-by */
        kw = 0.0;
    }
    if (kw <= 0.0 && n->may_absorb && n->role != ROLE_GENERATOR)
        kw = -0.0004 * n->rated_kw; /* the inverter's own supply at night */
    return kw;
}

static double node_load_kw(const struct plant *p, size_t i) {
    const struct node *n = &p->nodes[i];

    return n->rated_kw * load_share(n->load_kind, p->seed, i, p->now_ms, &p->local);
}

/* A storage with a limited charge; the same figure the counters will integrate. */
static double storage_kw(const struct plant *p, const struct node *n) {
    const struct storage *s = &p->stores[n->store];
    double asked = n->disturbance.output_kw;

    return storage_limit_kw(s, isnan(asked) ? storage_schedule_kw(s, &p->local) : asked,
                            PLANT_STEP_MS);
}

/* ---- tree ---- */

static bool is_meter_role(enum role r) {
    return r == ROLE_LOAD || role_is_source(r);
}

struct below {
    int64_t load_mw, load_mvar;     /* meters of load children */
    int64_t source_mw, source_mvar; /* counted sources directly below */
    int64_t same_mw, same_mvar;     /* children of the node's own role */
    size_t loads, same;
};

static struct below sum_below(const struct plant *p, size_t parent) {
    struct below b = {0};

    for (size_t i = 0; i < p->node_count && p->nodes[parent].children > 0; i++) {
        const struct node *n = &p->nodes[i];

        if (n->parent != parent)
            continue;
        if (n->role == p->nodes[parent].role) {
            b.same_mw += n->power_milliw;
            b.same_mvar += n->reactive_mvar;
            b.same++;
        }
        if (n->role == ROLE_LOAD) {
            b.load_mw += n->power_milliw;
            b.load_mvar += n->reactive_mvar;
            b.loads++;
        } else if (role_is_source(n->role) && n->counted) {
            b.source_mw += n->power_milliw;
            b.source_mvar += n->reactive_mvar;
        }
    }
    return b;
}

/* A feeder's meter: its load less what sources below it deliver. A feeder with sub-meters draws
 * what they show and a tenth of its own curve besides. */
static void solve_load(struct plant *p, size_t i) {
    struct node *n = &p->nodes[i];
    struct below b = sum_below(p, i);
    const struct disturbance *d = &n->disturbance;
    double usual_kw = node_load_kw(p, i) * (b.loads > 0 ? 0.1 : 1.0);
    double own_kw = usual_kw + (d->load_kw - usual_kw) * d->load_share + d->extra_kw;
    double own_kvar = own_kw * load_reactive_share(n->load_kind, p->seed, i, p->now_ms);

    n->power_milliw = milliw(own_kw) + b.load_mw - b.source_mw;
    n->reactive_mvar = milliw(own_kvar) + b.load_mvar - b.source_mvar;
}

static void solve_source(struct plant *p, size_t i) {
    struct node *n = &p->nodes[i];
    struct below b = sum_below(p, i);
    double kw;

    if (b.same > 0) { /* a plant logger shows the sum of its inverters */
        n->power_milliw = b.same_mw;
        n->reactive_mvar = b.same_mvar;
        return;
    }
    kw = n->role == ROLE_STORAGE ? storage_kw(p, n) : source_kw(p, i);
    n->power_milliw = milliw(kw);
    n->reactive_mvar = milliw(fabs(kw) * 0.03);
}

/* The battery's terminals behind its PCS, or one of its own without a PCS. */
static void solve_battery(struct plant *p, struct node *n) {
    const struct storage *s = &p->stores[n->store];
    double ac_kw = 0.0;

    for (size_t i = 0; i < p->node_count; i++) {
        if (p->nodes[i].role == ROLE_STORAGE && p->nodes[i].store == n->store)
            ac_kw = (double)p->nodes[i].power_milliw / 1e6;
    }
    n->power_milliw = milliw(storage_dc_kw(s, ac_kw) * n->share);
    n->reactive_mvar = 0;
}

/* ---- incomers ---- */

/* The incomer above a node, NODE_NONE when none is named. */
static size_t grid_above(const struct plant *p, const struct node *n) {
    size_t i = n->parent;

    return i != NODE_NONE && p->nodes[i].role == ROLE_GRID ? i : NODE_NONE;
}

static bool at_busbar(const struct plant *p, const struct node *n) {
    size_t i = n->parent;

    return i == NODE_NONE || p->nodes[i].role == ROLE_GRID || p->nodes[i].role == ROLE_TIE;
}

/* What flows out of the busbar to nodes below that incomer (NODE_NONE: to nodes below none). */
static void busbar_demand(const struct plant *p, size_t grid, int64_t *ret_mw, int64_t *ret_mvar) {
    int64_t mw = 0, mvar = 0;

    for (size_t i = 0; i < p->node_count; i++) {
        const struct node *n = &p->nodes[i];
        int sign = n->role == ROLE_LOAD ? 1 : -1;

        if (!is_meter_role(n->role) || !n->counted || !at_busbar(p, n) || grid_above(p, n) != grid)
            continue;
        mw += sign * n->power_milliw;
        mvar += sign * n->reactive_mvar;
    }
    *ret_mw = mw;
    *ret_mvar = mvar;
}

static bool is_incomer(const struct node *n) {
    return n->role == ROLE_GRID && n->parent == NODE_NONE && n->counted;
}

/* Shared demand by rating; the last incomer takes the rest, so the sum is exact. */
static void solve_incomers(struct plant *p) {
    double rated = 0.0;
    size_t last = NODE_NONE;
    int64_t mw, mvar, left_mw, left_mvar;

    for (size_t i = 0; i < p->node_count; i++) {
        if (is_incomer(&p->nodes[i])) {
            rated += p->nodes[i].rated_kw;
            last = i;
        }
    }
    busbar_demand(p, NODE_NONE, &mw, &mvar);
    mw += p->unmetered_milliw;
    mvar += p->unmetered_mvar;
    left_mw = mw;
    left_mvar = mvar;
    for (size_t i = 0; i < p->node_count; i++) {
        struct node *n = &p->nodes[i];
        int64_t own_mw, own_mvar, share_mw, share_mvar;

        if (!is_incomer(n))
            continue;
        busbar_demand(p, i, &own_mw, &own_mvar);
        share_mw = i == last ? left_mw : llround((double)mw * n->rated_kw / rated);
        share_mvar = i == last ? left_mvar : llround((double)mvar * n->rated_kw / rated);
        left_mw -= share_mw;
        left_mvar -= share_mvar;
        n->power_milliw = own_mw + share_mw;
        n->reactive_mvar = own_mvar + share_mvar;
    }
}

/* Check meters and meters behind an incomer show what it shows, split when there are several. */
static void solve_other_grids(struct plant *p) {
    for (size_t i = 0; i < p->node_count; i++) {
        struct node *n = &p->nodes[i];
        size_t twins = 0, above = n->parent;

        if (n->role == ROLE_TIE) {
            n->power_milliw = milliw(0.05 * n->rated_kw);
            n->reactive_mvar = 0;
        }
        if (n->role != ROLE_GRID || is_incomer(n))
            continue;
        for (size_t k = 0; k < p->node_count && above == NODE_NONE; k++) {
            if (is_incomer(&p->nodes[k]))
                above = k;
        }
        for (size_t k = 0; k < p->node_count; k++)
            twins += p->nodes[k].role == ROLE_GRID && p->nodes[k].parent == n->parent &&
                     n->parent != NODE_NONE;
        if (above == NODE_NONE)
            continue;
        n->power_milliw = p->nodes[above].power_milliw / (int64_t)(twins > 1 ? twins : 1);
        n->reactive_mvar = p->nodes[above].reactive_mvar / (int64_t)(twins > 1 ? twins : 1);
    }
}

/* A site without feeder meters still consumes. */
static void solve_unmetered(struct plant *p) {
    double rated_kw = 0.0, kw;

    p->unmetered_milliw = p->unmetered_mvar = 0;
    for (size_t i = 0; i < p->node_count; i++) {
        if (p->nodes[i].role == ROLE_LOAD && p->nodes[i].counted)
            return;
        if (p->nodes[i].role == ROLE_GRID)
            rated_kw += p->nodes[i].rated_kw;
    }
    kw = 0.5 * rated_kw * load_share(LOAD_TWO_SHIFTS, p->seed, 0xFFFF, p->now_ms, &p->local);
    p->unmetered_milliw = milliw(kw);
    p->unmetered_mvar = milliw(0.4 * kw);
}

/* ---- phases ---- */

static void split_phases(const struct plant *p, size_t i) {
    struct node *n = &p->nodes[i];
    int64_t left_mw = n->power_milliw, left_mvar = n->reactive_mvar;

    for (size_t k = 0; k < 2; k++) {
        double w = 1.0 / 3.0 + 0.012 * noise_smooth(p->seed, STREAM_PHASE + i * 4 + k, p->now_ms,
                                                    3 * MS_PER_MIN);

        n->phase_milliw[k] = llround((double)n->power_milliw * w);
        n->phase_mvar[k] = llround((double)n->reactive_mvar * w);
        left_mw -= n->phase_milliw[k];
        left_mvar -= n->phase_mvar[k];
    }
    n->phase_milliw[2] = left_mw;
    n->phase_mvar[2] = left_mvar;
}

void balance_solve(struct plant *p) {
    p->irradiance_w_m2 = sun_clear_w_m2(&p->local) * sun_clouds(p->seed, p->now_ms);
    p->air_c = air_temperature_c(p->seed, p->now_ms, &p->local);
    p->frequency_hz = 50.0 +
                      0.025 * noise_smooth(p->seed, STREAM_FREQUENCY, p->now_ms, 20 * MS_PER_S) +
                      0.01 * noise_smooth(p->seed, STREAM_FREQUENCY + 1, p->now_ms, 3 * MS_PER_S);
    for (size_t k = 0; k < p->node_count; k++) {
        size_t i = p->order[k];
        struct node *n = &p->nodes[i];

        if (n->role == ROLE_LOAD)
            solve_load(p, i);
        else if (role_is_source(n->role))
            solve_source(p, i);
        else if (n->role > ROLE_LOAD) /* fuel, heat, water, ...: a flow of the works' activity */
            n->power_milliw = milliw(node_load_kw(p, i));
    }
    solve_unmetered(p);
    solve_incomers(p);
    solve_other_grids(p);
    for (size_t i = 0; i < p->node_count; i++) {
        if (p->nodes[i].role == ROLE_BATTERY)
            solve_battery(p, &p->nodes[i]);
        split_phases(p, i);
        p->nodes[i].sees_reversed = p->nodes[i].disturbance.reversed_ct;
    }
}
