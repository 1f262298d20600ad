#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model_balance.h"
#include "sim/model_noise.h"
#include "sim/model_plant.h"

enum { STREAM_COUNTERS = 0x1000, STREAM_KIND = 0x2000, STREAM_SOC = 0x80 };

static double or_default(double v, double otherwise) {
    return isfinite(v) && v > 0.0 ? v : otherwise;
}

static bool same_channel(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

size_t plant_node(const struct plant *p, size_t device, const char *channel) {
    for (size_t i = p->channel_base[device]; i < p->node_count && p->nodes[i].device == device;
         i++) {
        if (same_channel(p->nodes[i].channel, channel))
            return i;
    }
    return p->channel_base[device];
}

void disturbance_clear(struct disturbance *d) {
    *d = (struct disturbance){.output_kw = (double)NAN};
}

double plant_soc_pct(const struct plant *p, const struct node *n) {
    return n->store == NODE_NONE ? (double)NAN : storage_soc_pct(&p->stores[n->store]);
}

/* ---- building ---- */

static bool point_signed(const struct point_def *d) {
    return d->type == POINT_I16 || d->type == POINT_I32 || d->type == POINT_I64 ||
           d->type == POINT_F32 || d->type == POINT_F64;
}

static void node_init(struct plant *p, size_t device, const char *channel) {
    const struct device *d = &p->site->devices[device];
    size_t i = p->node_count++;
    struct node *n = &p->nodes[i];
    enum role role = d->role;

    if (channel != NULL)
        (void)role_parse(channel, &role);
    *n = (struct node){.device = device,
                       .channel = channel,
                       .role = role,
                       .parent = NODE_NONE,
                       .counted = d->counted,
                       .may_absorb = true,
                       .store = NODE_NONE,
                       .share = 1.0};
    disturbance_clear(&n->disturbance);
    n->rated_kw = or_default(d->rated_kw, or_default(d->rated_kwp, 200.0));
    n->rated_kwp = or_default(d->rated_kwp, n->rated_kw);
    n->load_kind = (enum load_kind)(noise_hash(p->seed, STREAM_KIND, 0) % LOAD_KIND_COUNT + i) %
                   LOAD_KIND_COUNT;
    for (size_t k = 0; k < d->profile->point_count; k++) {
        const struct point_def *def = &d->profile->points[k];

        if (def->quantity == QUANTITY_ACTIVE_POWER && same_channel(def->channel, channel) &&
            !point_signed(def))
            n->may_absorb = false;
    }
}

static void nodes_of_device(struct plant *p, size_t device) {
    const struct device_profile *profile = p->site->devices[device].profile;
    size_t first = p->node_count;
    bool channels = false, plain = false;

    for (size_t k = 0; k < profile->point_count; k++) {
        channels = channels || profile->points[k].channel != NULL;
        plain = plain || profile->points[k].channel == NULL;
    }
    p->channel_base[device] = first;
    if (!channels) {
        node_init(p, device, NULL);
        return;
    }
    for (size_t k = 0; k < profile->point_count; k++) {
        const char *channel = profile->points[k].channel;
        bool known = channel == NULL;

        for (size_t i = first; i < p->node_count; i++)
            known = known || same_channel(p->nodes[i].channel, channel);
        if (!known)
            node_init(p, device, channel);
    }
}

static size_t count_nodes(const struct site *site) {
    size_t n = 0;

    for (size_t d = 0; d < site->device_count; d++)
        n += 1 + site->devices[d].profile->point_count; /* an upper bound */
    return n;
}

static size_t depth_of(const struct plant *p, size_t i) {
    size_t depth = 0;

    while (p->nodes[i].parent != NODE_NONE && depth <= p->node_count) {
        i = p->nodes[i].parent;
        depth++;
    }
    return depth;
}

static void link_nodes(struct plant *p) {
    size_t done = 0;

    for (size_t i = 0; i < p->node_count; i++) {
        int32_t parent = p->site->devices[p->nodes[i].device].parent;

        if (parent != SITE_NONE)
            p->nodes[i].parent = p->channel_base[parent];
        if (parent != SITE_NONE)
            p->nodes[p->channel_base[parent]].children++;
    }
    for (size_t depth = p->node_count + 1; depth-- > 0 && done < p->node_count;) {
        for (size_t i = 0; i < p->node_count; i++) {
            if (depth_of(p, i) == depth)
                p->order[done++] = i;
        }
    }
}

static void store_init(struct plant *p, struct node *n) {
    const struct device *d = &p->site->devices[n->device];
    size_t index = p->store_count++;
    struct storage *s = &p->stores[index];
    double lo = isfinite(d->soc_min) ? d->soc_min : 10.0;
    double hi = isfinite(d->soc_max) ? d->soc_max : 95.0;

    *s = (struct storage){.rated_kw = n->rated_kw,
                          .capacity_kwh = or_default(d->capacity_kwh, 0.0),
                          .soc_min = lo,
                          .soc_max = hi,
                          .efficiency = 0.965};
    n->store = index;
}

/* The storage that a battery belongs to: its parent, else the first one, else none. */
static size_t storage_of(const struct plant *p, size_t battery) {
    size_t parent = p->nodes[battery].parent;

    if (parent != NODE_NONE && p->nodes[parent].store != NODE_NONE)
        return parent;
    for (size_t i = 0; i < p->node_count; i++) {
        if (p->nodes[i].role == ROLE_STORAGE)
            return i;
    }
    return NODE_NONE;
}

static void link_stores(struct plant *p) {
    for (size_t i = 0; i < p->node_count; i++) {
        if (p->nodes[i].role == ROLE_STORAGE)
            store_init(p, &p->nodes[i]);
    }
    for (size_t i = 0; i < p->node_count; i++) {
        struct node *n = &p->nodes[i];
        size_t storage = n->role == ROLE_BATTERY ? storage_of(p, i) : NODE_NONE;

        if (n->role == ROLE_BATTERY && storage == NODE_NONE)
            store_init(p, n);
        else if (n->role == ROLE_BATTERY)
            n->store = p->nodes[storage].store;
    }
    for (size_t s = 0; s < p->store_count; s++) {
        struct storage *st = &p->stores[s];
        double batteries_kwh = 0.0;
        size_t batteries = 0;

        for (size_t i = 0; i < p->node_count; i++) {
            const struct node *n = &p->nodes[i];

            if (n->role == ROLE_BATTERY && n->store == s) {
                batteries++;
                batteries_kwh += or_default(p->site->devices[n->device].capacity_kwh, 0.0);
            }
        }
        for (size_t i = 0; i < p->node_count; i++) {
            if (p->nodes[i].role == ROLE_BATTERY && p->nodes[i].store == s)
                p->nodes[i].share = 1.0 / (double)batteries;
        }
        st->capacity_kwh =
            or_default(st->capacity_kwh, or_default(batteries_kwh, 2.0 * st->rated_kw));
        st->stored_kwh = st->capacity_kwh / 100.0 *
                         (st->soc_min + (st->soc_max - st->soc_min) *
                                            (0.35 + 0.3 * noise_unit(p->seed, STREAM_SOC, s)));
    }
}

/* Meters are not new: every counter starts at some hours of rated power. */
static void seed_counters(struct plant *p) {
    for (size_t i = 0; i < p->node_count; i++) {
        struct node_counters *c = &p->nodes[i].counters;
        double rated_mwh = p->nodes[i].rated_kw * MWH_PER_KWH;
        struct counter *all[] = {&c->forward, &c->reverse, &c->q[0],    &c->q[1],
                                 &c->q[2],    &c->q[3],    &c->apparent};
        static const double typical_hours[] = {90, 8, 30, 3, 3, 5, 100};

        for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
            double u = 0.5 + noise_unit(p->seed, STREAM_COUNTERS + i, k);

            all[k]->mwh = (int64_t)(rated_mwh * typical_hours[k] * u);
        }
        if (p->nodes[i].store != NODE_NONE) /* what goes out was put in, and a little more */
            c->reverse.mwh = c->forward.mwh + c->forward.mwh / 12;
        else if (role_is_source(p->nodes[i].role))
            c->reverse.mwh = c->forward.mwh / 200;
        for (size_t k = 0; k < 3; k++) {
            c->phase_forward[k].mwh = c->forward.mwh / 3;
            c->phase_reverse[k].mwh = c->reverse.mwh / 3;
        }
        p->nodes[i].day_forward_mwh = c->forward.mwh;
        p->nodes[i].day_reverse_mwh = c->reverse.mwh;
        p->nodes[i].block_start_mwh = c->forward.mwh;
    }
}

struct plant *plant_new(const struct site *site, uint64_t seed, ms_t start_ms, int utc_offset_s) {
    size_t most = count_nodes(site) + 1;
    struct plant *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->site = site;
    p->seed = seed;
    p->start_ms = p->now_ms = start_ms;
    p->local = local_time_of(start_ms, utc_offset_s);
    p->nodes = calloc(most, sizeof *p->nodes);
    p->order = calloc(most, sizeof *p->order);
    p->stores = calloc(most, sizeof *p->stores);
    p->channel_base = calloc(site->device_count + 1, sizeof *p->channel_base);
    if (p->nodes == NULL || p->order == NULL || p->stores == NULL || p->channel_base == NULL) {
        plant_free(p);
        return NULL;
    }
    for (size_t d = 0; d < site->device_count; d++)
        nodes_of_device(p, d);
    link_nodes(p);
    link_stores(p);
    seed_counters(p);
    balance_solve(p);
    return p;
}

void plant_free(struct plant *p) {
    if (p == NULL)
        return;
    free(p->nodes);
    free(p->order);
    free(p->stores);
    free(p->channel_base);
    free(p);
}

/* ---- stepping ---- */

static void split_add(struct counter *forward, struct counter *reverse, int64_t milliw) {
    if (milliw >= 0)
        register_add(forward, milliw, PLANT_STEP_MS);
    else
        register_add(reverse, -milliw, PLANT_STEP_MS);
}

/* As the meter sees it. */
static void node_integrate(struct node *n) {
    struct node_counters *c = &n->counters;
    int64_t sign = n->sees_reversed ? -1 : 1;
    int64_t milliw = sign * n->power_milliw, mvar = sign * n->reactive_mvar;
    double p = (double)milliw, q = (double)mvar;
    size_t quadrant = milliw >= 0 ? (mvar >= 0 ? 0u : 3u) : (mvar >= 0 ? 1u : 2u);

    split_add(&c->forward, &c->reverse, milliw);
    for (size_t k = 0; k < 3; k++)
        split_add(&c->phase_forward[k], &c->phase_reverse[k], sign * n->phase_milliw[k]);
    register_add(&c->q[quadrant], llabs(mvar), PLANT_STEP_MS);
    register_add(&c->apparent, (int64_t)sqrt(p * p + q * q), PLANT_STEP_MS);
}

/* At a new quarter of an hour the running demand block closes; at midnight the day counters start.
 */
static void node_edges(struct node *n, const struct local_time *before,
                       const struct local_time *after) {
    if ((int)(before->hour * 4.0) != (int)(after->hour * 4.0)) {
        if (n->block_whole) {
            n->demand_milliw = (n->counters.forward.mwh - n->block_start_mwh) * 4;
            if (n->demand_milliw > n->max_demand_milliw)
                n->max_demand_milliw = n->demand_milliw;
        }
        n->block_start_mwh = n->counters.forward.mwh;
        n->block_whole = true;
    }
    if (before->day != after->day) {
        n->day_forward_mwh = n->counters.forward.mwh;
        n->day_reverse_mwh = n->counters.reverse.mwh;
    }
}

void plant_step(struct plant *p, int utc_offset_s) {
    struct local_time before = p->local;

    for (size_t i = 0; i < p->node_count; i++) {
        struct node *n = &p->nodes[i];

        node_integrate(n);
        if (n->role == ROLE_STORAGE) {
            double ac_kw = (double)n->power_milliw / 1e6;

            storage_advance(&p->stores[n->store], ac_kw, PLANT_STEP_MS);
        }
    }
    p->now_ms += PLANT_STEP_MS;
    p->steps++;
    p->local = local_time_of(p->now_ms, utc_offset_s);
    for (size_t i = 0; i < p->node_count; i++)
        node_edges(&p->nodes[i], &before, &p->local);
    balance_solve(p);
}
