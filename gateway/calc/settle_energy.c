#include <math.h>
#include <string.h>

#include "calc/headroom.h"
#include "calc/settle.h"

#define HOURS(ms) ((double)(ms) / 3600000.0)

static bool any_counted(const struct site *site) {
    for (size_t i = 0; i < site->feed_count; i++)
        if (site->feeds[i].counted)
            return true;
    return false;
}

/* Coverage and quality of the slot: those of the feeds that are in a sum (all, if none is). */
static void sum_up_feeds(const struct settle_input *in, struct slot_facts *f) {
    bool counted_only = any_counted(in->site);
    double coverage = 0.0;
    size_t n = 0;
    f->quality = QUALITY_GOOD;
    for (size_t i = 0; i < in->site->feed_count; i++) {
        if (counted_only && !in->site->feeds[i].counted)
            continue;
        coverage += in->feeds[i].coverage;
        f->quality = quality_worst(f->quality, in->feeds[i].quality);
        n++;
    }
    f->coverage = n > 0 ? coverage / (double)n : 0.0;
    f->covered = (uint64_t)(f->coverage * facts_lived_ms(f) + 0.5);
    if (n == 0)
        f->quality = QUALITY_MISSING;
}

static void count_devices(const struct settle_input *in, struct slot_facts *f) {
    for (size_t i = 0; i < in->site->device_count; i++) {
        f->expected += in->site->devices[i].enabled;
        f->stored += in->site->devices[i].enabled && in->device_covered[i];
    }
}

static void settle_point(const struct settle_input *in, size_t i, struct slot_facts *f) {
    const struct feed_facts *feed = &in->feeds[in->site->metering_points[i].feed];
    const struct supply_facts *supply = &in->supply[i];
    struct point_facts *p = &f->points[i];
    p->import_kwh = feed->kwh[0];
    p->export_kwh = feed->kwh[1];
    memcpy(p->kvarh, feed->kvarh, sizeof p->kvarh);
    p->kvarh_integrated = feed->kvarh_integrated;
    p->s_kva = supply->s_kva;
    p->s_max_at = supply->s_max_at;
    p->p_max_kw = supply->p_max_kw;
    p->voltage_deviation_pct = supply->voltage_deviation_pct;
    p->voltage_unbalance_pct = supply->voltage_unbalance_pct;
    p->current_unbalance_pct = supply->current_unbalance_pct;
    p->frequency_hz = supply->frequency_hz;
    p->monitored_ms = supply->monitored_ms;
    p->qualified_ms = supply->qualified_ms;
    if (f->period == SLOT_15M) {
        p->block_kw = feed->partial ? (double)NAN : p->import_kwh / HOURS(facts_lived_ms(f));
        p->block_at = f->start;
        if (f->lived_ms > 0) /* not confirmed: in no maximum */
            return;
        p->sliding = in->sliding[i];
        demand_peak_take(&p->sliding, p->block_kw, f->start);
    }
}

/* The points of an account side by side: their values at one time, and who stands by. */
static size_t gather(const struct site *s, size_t account, const struct slot_facts *f,
                     double *block, struct demand_peak *sliding, bool *standby) {
    size_t n = 0;
    for (size_t i = 0; i < s->metering_point_count; i++) {
        if (s->metering_points[i].account != (int32_t)account)
            continue;
        block[n] = f->points[i].block_kw;
        sliding[n] = f->points[i].sliding;
        standby[n] = s->metering_points[i].standby;
        n++;
    }
    return n;
}

static void settle_account(const struct settle_input *in, size_t i, struct slot_facts *f) {
    const struct account *a = &in->site->accounts[i];
    struct account_facts *r = &f->accounts[i];
    double block[METERING_POINTS_MAX];
    struct demand_peak sliding[METERING_POINTS_MAX];
    bool standby[METERING_POINTS_MAX];
    r->contract_kw = account_contract_kw(a, local_time(f->start, in->zone).day);
    if (f->period != SLOT_15M)
        return;
    size_t n = gather(in->site, i, f, block, sliding, standby);
    bool any_known = false;
    for (size_t k = 0; k < n; k++)
        any_known = any_known || !isnan(block[k]);
    r->block_kw = any_known ? demand_combine(a->combination, block, standby, n) : (double)NAN;
    r->block_at = f->start;
    /* of several points the block is the best that is known of their sum at one time */
    if (f->lived_ms == 0)
        demand_peak_take(&r->coincident, r->block_kw, f->start);
    if (n == 1)
        r->coincident = sliding[0];
    r->sliding = demand_month_max(a->combination, sliding, standby, n, &r->coincident);
}

/* Mean and largest apparent power of a transformer: of its own meter, else its share by kVA of what
 * the account's points draw. */
static void settle_transformer(const struct settle_input *in, size_t i, struct slot_facts *f) {
    const struct transformer *t = &in->site->transformers[i];
    const struct account *a = &in->site->accounts[t->account];
    struct transformer_facts *r = &f->transformers[i];
    double avg = 0.0, max = 0.0;
    size_t n = 0;
    for (size_t k = 0; k < in->site->metering_point_count && t->feed == SITE_NONE; k++) {
        const struct metering_point *p = &in->site->metering_points[k];
        if (p->account != t->account)
            continue;
        if (p->standby && isnan(f->points[k].s_kva.avg))
            continue;
        avg += f->points[k].s_kva.avg;
        max += f->points[k].s_kva.max;
        n++;
    }
    double share = t->kva / a->capacity_kva;
    r->s_avg_kva = n > 0 ? avg * share : (double)NAN;
    r->s_max_kva = n > 0 ? max * share : (double)NAN;
    if (t->feed != SITE_NONE) {
        r->s_avg_kva = in->transformer_supply[i].s_kva.avg;
        r->s_max_kva = in->transformer_supply[i].s_kva.max;
    }
    r->loss_kwh = transformer_loss_w(t->p0_w, t->pk_w, r->s_avg_kva, t->kva) / 1000.0 *
                  HOURS(facts_lived_ms(f));
}

static void settle_balance(const struct settle_input *in, struct slot_facts *f) {
    double load = f->energy_kwh[SITE_E_LOAD], metered = f->energy_kwh[SITE_E_LOAD_METERED];
    double capacity = in->site->transformer_kva;
    f->balance.residual_kwh = load - metered;
    f->balance.feeders_kwh = metered;
    double floor_kwh = isnan(capacity) ? 0.0 : 0.1 * capacity * HOURS(facts_lived_ms(f));
    double pct = residual_pct(f->balance.residual_kwh, metered, floor_kwh);
    f->balance.bad_slots = f->period == SLOT_15M && fabs(pct) > RESIDUAL_LIMIT_PCT;
}

static const char *unit_of(const struct site *s, size_t feed) {
    int32_t point = s->feeds[feed].forward;
    return point != SITE_NONE ? s->points[point].def->unit : "";
}

/* Forward less reverse; a reverse that no register counts is small night draw, but for a storage.
 */
static double net_kwh(const struct settle_input *in, size_t feed) {
    const struct feed *f = &in->site->feeds[feed];
    const struct feed_facts *e = &in->feeds[feed];
    bool zero = f->reverse == SITE_NONE && isnan(e->kwh[1]) && f->role != ROLE_STORAGE;
    return zero ? e->kwh[0] : e->kwh[0] - e->kwh[1];
}

/* At each inner node: what flows through its meter less what is metered below it. */
static void settle_nodes(const struct settle_input *in, struct slot_facts *f) {
    int8_t *sign = (int8_t *)(void *)in->scratch[1];
    f->balance.node_count = (uint8_t)(in->node_count < NODES_MAX ? in->node_count : NODES_MAX);
    for (size_t n = 0; n < f->balance.node_count; n++) {
        struct node_facts *node = &f->balance.nodes[n];
        node->feed = in->nodes[n];
        if (!residual_signs(in->site, node->feed, sign))
            continue;
        double residual = 0.0;
        for (size_t i = 0; i < in->site->feed_count; i++)
            if (sign[i] != 0)
                residual += (double)sign[i] * net_kwh(in, i);
        node->residual_kwh = residual;
        node->flow_kwh = net_kwh(in, (size_t)node->feed);
    }
}

/* The feed whose power a virtual meter's term names. */
static int32_t feed_of_point(const struct site *s, int32_t point) {
    for (size_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i].power == point)
            return (int32_t)i;
    return SITE_NONE;
}

static void settle_virtuals(const struct settle_input *in, struct slot_facts *f) {
    for (size_t v = 0; v < f->virtual_count; v++) {
        const struct virtual_def *def = &in->site->virtuals[v];
        double kw = def->term_count > 0 ? 0.0 : (double)NAN, kwh = kw;
        for (size_t t = 0; t < def->term_count; t++) {
            int32_t feed = feed_of_point(in->site, def->terms[t].point);
            double sign = feed == SITE_NONE ? (double)NAN : def->terms[t].sign;
            kw += feed == SITE_NONE ? (double)NAN : sign * in->feeds[feed].avg_kw;
            kwh += feed == SITE_NONE ? (double)NAN : sign * net_kwh(in, (size_t)feed);
        }
        f->virtuals[v] = (struct virtual_facts){kw, kwh, isnan(kw) ? 0 : f->covered};
    }
}

/* Renewable energy by whose green attribute it is; unknown when one of its meters is. */
static void settle_claims(const struct settle_input *in, struct slot_facts *f) {
    bool any[2] = {false, false};
    for (size_t i = 0; i < in->site->feed_count; i++) {
        const struct feed *feed = &in->site->feeds[i];
        if (!feed->counted || (feed->role != ROLE_PV && feed->role != ROLE_WIND))
            continue;
        bool claimed = in->site->devices[feed->device].claimed;
        double *sum = claimed ? &f->claimed_kwh : &f->unclaimed_kwh;
        *sum = (any[claimed] ? *sum : 0.0) + in->feeds[i].kwh[0];
        any[claimed] = true;
    }
}

/* What the counted meters of a role measured. Unknown when one of them is, or when they count in
 * different units. */
static double amount_of(const struct settle_input *in, enum role role) {
    const char *unit = NULL;
    double sum = (double)NAN;
    for (size_t i = 0; i < in->site->feed_count; i++) {
        const struct feed *feed = &in->site->feeds[i];
        if (feed->role != role || !feed->counted)
            continue;
        bool first = unit == NULL;
        if (first)
            unit = unit_of(in->site, i);
        bool same = strcmp(unit, unit_of(in->site, i)) == 0;
        sum = same ? (first ? 0.0 : sum) + in->feeds[i].kwh[0] : (double)NAN;
    }
    return sum;
}

void settle_energy(const struct settle_input *in, struct slot_facts *f) {
    for (size_t i = 0; i < in->site->feed_count; i++) {
        in->scratch[0][i] = in->feeds[i].kwh[0];
        in->scratch[1][i] = in->feeds[i].kwh[1];
    }
    sum_up_feeds(in, f);
    count_devices(in, f);
    balance_energy(in->site, in->scratch[0], in->scratch[1], f->energy_kwh);
    for (size_t i = 0; i < in->site->metering_point_count; i++)
        settle_point(in, i, f);
    for (size_t i = 0; i < in->site->account_count; i++)
        settle_account(in, i, f);
    for (size_t i = 0; i < in->site->transformer_count; i++)
        settle_transformer(in, i, f);
    settle_balance(in, f);
    f->carbon.fuel_amount[FUEL_GAS] = amount_of(in, ROLE_GAS);
    f->carbon.fuel_amount[FUEL_DIESEL] = amount_of(in, ROLE_FUEL);
    f->output = amount_of(in, ROLE_OUTPUT);
    settle_claims(in, f);
    settle_virtuals(in, f);
    settle_nodes(in, f);
}

void settle_month_max(const struct site *s, const struct slot_facts *before, struct slot_facts *f) {
    for (size_t i = 0; i < s->metering_point_count; i++) {
        struct point_facts *p = &f->points[i];
        demand_peak_init(&p->month_max);
        if (before)
            p->month_max = before->points[i].month_max;
        demand_peak_take(&p->month_max, p->sliding.kw, p->sliding.at);
    }
    for (size_t i = 0; i < s->account_count; i++) {
        struct account_facts *a = &f->accounts[i];
        struct demand_peak points[METERING_POINTS_MAX], coincident = a->coincident;
        bool standby[METERING_POINTS_MAX];
        size_t n = 0;
        for (size_t k = 0; k < s->metering_point_count; k++)
            if (s->metering_points[k].account == (int32_t)i) {
                points[n] = f->points[k].month_max;
                standby[n++] = s->metering_points[k].standby;
            }
        if (before)
            demand_peak_take(&coincident, before->accounts[i].month_max.kw,
                             before->accounts[i].month_max.at);
        a->month_max =
            demand_month_max(s->accounts[i].combination, points, standby, n, &coincident);
    }
}
