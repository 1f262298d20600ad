#include "store/alert_supply.h"

#include <math.h>

#include "alert/signal_supply.h"
#include "calc/power.h"
#include "store/alert_supply_notes.h"

#define POWER_WINDOW_MS   ((ms_t)15 * MS_PER_MIN)
#define VOLTAGE_WINDOW_MS ((ms_t)10 * MS_PER_MIN)
#define LOAD_WINDOW_MS    ((ms_t)MS_PER_MIN)
#define TREND_POLL_MS     5000 /* read more rarely, a trend is not to be seen */
#define UNKNOWN           ((double)NAN)

void alert_supply_init(struct alert_supply *s) {
    for (size_t i = 0; i < ACCOUNTS_MAX; i++)
        demand_trend_init(&s->trend[i]);
    for (size_t i = 0; i < METERING_POINTS_MAX; i++) {
        rolling_init(&s->point[i].p_kw, POWER_WINDOW_MS);
        rolling_init(&s->point[i].kvar, POWER_WINDOW_MS);
        rolling_init(&s->point[i].deviation, VOLTAGE_WINDOW_MS);
        rolling_init(&s->point[i].unbalance, VOLTAGE_WINDOW_MS);
    }
    for (size_t i = 0; i < TRANSFORMERS_MAX; i++)
        rolling_init(&s->transformer_kva[i], LOAD_WINDOW_MS);
}

static void give(struct alerts *a, enum alert_rule_id rule, double value,
                 const struct supply_case *c,
                 void (*explain)(const void *arg, struct alert_change *change)) {
    const struct alert_signal s = {
        .value = value, .at = c->scene->at, .explain = explain, .arg = c};
    alerts_signal(a, rule, c->object, &s);
}

/* ---- accounts ----------------------------------------------------------------------------- */

static bool is_read_rarely(const struct site *s, size_t account) {
    for (size_t i = 0; i < s->metering_point_count; i++) {
        const struct metering_point *p = &s->metering_points[i];
        if ((size_t)p->account == account &&
            s->devices[s->feeds[p->feed].device].poll_ms > TREND_POLL_MS)
            return true;
    }
    return false;
}

static void watch_demand(struct alerts *a, const struct alert_scene *scene, size_t account) {
    const struct account_demand *d = &scene->demand[account];
    const struct alert_limits *l = alerts_limits(a, ALERT_DEMAND_NEAR, account);
    if (!l)
        return;
    double target_kw = l->levels[0].raise / 100.0 * d->contract_kw;
    const struct supply_case c = {.scene = scene,
                                  .object = account,
                                  .account = account,
                                  .value = d->sliding_kw,
                                  .full = d->contract_kw,
                                  .shed_kw = fmax(0.0, d->minute_kw - target_kw),
                                  .more = target_kw};
    /* of a meter that is silent the last energies say nothing */
    bool known = d->contract_kw > 0.0 && !isnan(d->power_kw);
    give(a, ALERT_DEMAND_NEAR, known ? 100.0 * d->sliding_kw / d->contract_kw : UNKNOWN, &c,
         note_demand_near);
}

static void watch_forecast(struct alert_supply *s, struct alerts *a,
                           const struct alert_scene *scene, size_t account) {
    const struct account_demand *d = &scene->demand[account];
    demand_trend_take(&s->trend[account], d->power_kw, scene->at);
    struct demand_outlook o = demand_trend_outlook(&s->trend[account]);
    if (is_read_rarely(scene->site, account)) /* the registers know what lay between the readings */
        o = (struct demand_outlook){.level_kw = isnan(d->power_kw) ? UNKNOWN : d->minute_kw};
    const struct demand_forecast f =
        demand_forecast_ahead(d->so_far_kwh, d->elapsed_ms, &o, d->contract_kw);
    const struct supply_case c = {.scene = scene,
                                  .object = account,
                                  .account = account,
                                  .value = f.block_kw,
                                  .full = d->contract_kw,
                                  .shed_kw = f.shed_kw,
                                  .left_ms = DEMAND_MINUTES * (ms_t)MS_PER_MIN - d->elapsed_ms};
    double value = d->contract_kw > 0.0 ? 100.0 * f.block_kw / d->contract_kw : UNKNOWN;
    const struct alert_limits *l = alerts_limits(a, ALERT_DEMAND_FORECAST, account);
    if (f.early) /* no forecast yet; the last one is over with its block unless it goes on so */
        value = l && 100.0 * o.level_kw <= l->levels[0].clear * d->contract_kw ? 0.0 : UNKNOWN;
    give(a, ALERT_DEMAND_FORECAST, value, &c, note_demand_forecast);
}

/* ---- transformers ------------------------------------------------------------------------- */

struct load {
    double s_kva, p_kw;
};

/* Without reactive power the active power is a lower bound: what it exceeds is exceeded. */
static struct load feed_load(const struct alert_scene *scene, int32_t feed) {
    const struct supply *u = scene->aggregate->feeds[feed].supply;
    struct load l = {.p_kw = scene->feed_kw[feed]};
    double s_kva = u ? power_apparent(l.p_kw, u->q_kvar) : UNKNOWN;
    l.s_kva = isnan(s_kva) ? fabs(l.p_kw) : s_kva;
    return l;
}

/* Its own meter's, else its share by kVA of what the account's points draw. */
static struct load transformer_load(const struct alert_scene *scene, const struct transformer *t) {
    struct load sum = {0.0, 0.0};
    size_t n = 0;
    if (t->feed != SITE_NONE)
        return feed_load(scene, t->feed);
    for (size_t i = 0; i < scene->site->metering_point_count; i++) {
        const struct metering_point *p = &scene->site->metering_points[i];
        if (p->account != t->account)
            continue;
        struct load l = feed_load(scene, p->feed);
        if (p->standby && isnan(l.s_kva))
            continue;
        sum.s_kva += l.s_kva;
        sum.p_kw += l.p_kw;
        n++;
    }
    double share = n > 0 ? t->kva / scene->site->accounts[t->account].capacity_kva : UNKNOWN;
    return (struct load){sum.s_kva * share, sum.p_kw * share};
}

static void watch_transformer(struct alert_supply *s, struct alerts *a,
                              const struct alert_scene *scene, size_t i) {
    const struct transformer *t = &scene->site->transformers[i];
    const struct alert_limits *l = alerts_limits(a, ALERT_TRANSFORMER_LOAD, i);
    struct load now = transformer_load(scene, t);
    rolling_take(&s->transformer_kva[i], now.s_kva, scene->at);
    if (!l)
        return;
    double s_kva = isnan(now.s_kva) ? UNKNOWN : rolling_mean(&s->transformer_kva[i]);
    double over_kva = s_kva - l->levels[0].raise / 100.0 * t->kva;
    double factor = now.s_kva > 0.0 ? fabs(now.p_kw) / now.s_kva : 1.0;
    const struct supply_case c = {.scene = scene,
                                  .object = i,
                                  .account = (size_t)t->account,
                                  .value = s_kva,
                                  .full = t->kva,
                                  .shed_kw = fmax(0.0, over_kva * factor)};
    give(a, ALERT_TRANSFORMER_LOAD, signal_transformer(s_kva, t->kva), &c, note_transformer);
}

/* ---- metering points ---------------------------------------------------------------------- */

static double point_capacity(const struct site *s, const struct metering_point *p) {
    double rated = s->devices[s->feeds[p->feed].device].rated_kw;
    return isnan(rated) ? s->accounts[p->account].capacity_kva : rated;
}

static double rating_of(const struct device *d) {
    return isnan(d->rated_kw) ? d->rated_kwp : d->rated_kw;
}

/* What could flow back: PV by its rating; without PV, or where its rating is not given, every other
 * source that has one; else the capacity of the supply. */
static double back_feed_rating(const struct site *s, const struct metering_point *p) {
    double pv = 0.0, others = 0.0;
    for (size_t i = 0; i < s->feed_count; i++) {
        double kw = rating_of(&s->devices[s->feeds[i].device]);
        if (!s->feeds[i].counted || !(kw > 0.0))
            continue;
        if (s->feeds[i].role == ROLE_PV)
            pv += kw;
        else if (role_is_source(s->feeds[i].role))
            others += kw;
    }
    return pv > 0.0 ? pv : others > 0.0 ? others : point_capacity(s, p);
}

static double live_value(const struct alert_scene *scene, uint32_t point, uint32_t poll_ms) {
    struct sample v;
    if (!scene->live || !live_get(scene->live, point, &v) ||
        !quality_usable((enum quality)v.quality) ||
        scene->at - v.utc_ms > (ms_t)poll_ms * 5 / 2 + MS_PER_S)
        return UNKNOWN;
    return v.value;
}

/* The largest value of a quantity in some phases of a meter. */
static double live_worst(const struct alert_scene *scene, const struct device *d, enum quantity q,
                         unsigned phases) {
    double worst = UNKNOWN;
    for (uint32_t i = 0; i < d->profile->point_count; i++) {
        const struct point_def *p = &d->profile->points[i];
        if (p->quantity == q && p->channel == NULL && phases >> p->phase & 1)
            worst = fmax(worst, live_value(scene, d->point_base + i, d->poll_ms));
    }
    return worst;
}

#define EACH_PHASE   (1u << PHASE_NONE | 1u << PHASE_L1 | 1u << PHASE_L2 | 1u << PHASE_L3)
#define LINE_VOLTAGE (1u << PHASE_L1L2 | 1u << PHASE_L2L3 | 1u << PHASE_L3L1)

static void watch_reactive(struct alert_supply *s, struct alerts *a, struct supply_case *c,
                           const struct supply *u, double p_kw) {
    const struct metering_point *p = &c->scene->site->metering_points[c->object];
    const struct account *account = &c->scene->site->accounts[p->account];
    const struct alert_limits *low = alerts_limits(a, ALERT_POWER_FACTOR, c->object);
    const struct alert_limits *over = alerts_limits(a, ALERT_OVER_COMPENSATION, c->object);
    double q_kvar = isnan(p_kw) ? UNKNOWN : u->q_kvar, capacity = point_capacity(c->scene->site, p);
    struct rolling *mean_p = &s->point[c->object].p_kw, *mean_q = &s->point[c->object].kvar;
    rolling_take(mean_p, p_kw, c->scene->at);
    rolling_take(mean_q, signal_charged_kvar(p_kw, q_kvar, account->pf_quadrants), c->scene->at);
    double kw = isnan(q_kvar) ? UNKNOWN : rolling_mean(mean_p), kvar = rolling_mean(mean_q);
    if (low) {
        c->value = power_factor_of(kw, kvar, UNKNOWN);
        c->full = account->pf_standard;
        c->more = signal_kvar_needed(kw, kvar, account->pf_standard);
        give(a, ALERT_POWER_FACTOR,
             signal_power_factor(kw, kvar, capacity, account->pf_standard, low), c,
             note_power_factor);
    }
    if (over) {
        c->value = q_kvar;
        double pct = signal_over_compensation(p_kw, q_kvar, capacity, over);
        give(a, ALERT_OVER_COMPENSATION, pct, c, NULL);
    }
}

/* The meter answers. */
static bool supply_known(const struct supply *u, const struct alert_scene *scene) {
    return u->until != 0 && scene->at <= u->until + MS_PER_S;
}

static void watch_voltage(struct alert_supply *s, struct alerts *a, struct supply_case *c,
                          const struct supply *u, double p_kw) {
    const struct alert_scene *scene = c->scene;
    const struct metering_point *p = &scene->site->metering_points[c->object];
    const struct device *d = &scene->site->devices[scene->site->feeds[p->feed].device];
    struct rolling *deviation = &s->point[c->object].deviation;
    struct rolling *unbalance = &s->point[c->object].unbalance;
    bool known = supply_known(u, scene);
    rolling_take(deviation, known ? u->value[SUPPLY_U_DEVIATION_PCT] : UNKNOWN, scene->at);
    rolling_take(unbalance, known ? u->value[SUPPLY_U_UNBALANCE_PCT] : UNKNOWN, scene->at);
    c->value = known ? rolling_mean(deviation) : UNKNOWN;
    give(a, ALERT_VOLTAGE, signal_voltage(c->value, u->nominal_v), c, note_measured);
    give(a, ALERT_VOLTAGE_UNBALANCE, known ? rolling_mean(unbalance) : UNKNOWN, c, NULL);
    c->value = live_worst(scene, d, QUANTITY_THD_VOLTAGE, EACH_PHASE | LINE_VOLTAGE);
    give(a, ALERT_HARMONICS, signal_harmonics(c->value, u->nominal_v), c, note_measured);
    const struct alert_limits *l = alerts_limits(a, ALERT_CURRENT_UNBALANCE, c->object);
    if (!l)
        return;
    double line_v = u->nominal_v * (u->by_phase ? sqrt(3.0) : 1.0);
    double s_kva = power_apparent(p_kw, u->q_kvar);
    double neutral = live_worst(scene, d, QUANTITY_CURRENT, 1u << PHASE_N);
    give(a, ALERT_CURRENT_UNBALANCE,
         signal_current_unbalance(u->value[SUPPLY_I_UNBALANCE_PCT], neutral,
                                  isnan(s_kva) ? fabs(p_kw) : s_kva, point_capacity(scene->site, p),
                                  line_v, l),
         c, NULL);
}

static void watch_back_feed(struct alerts *a, struct supply_case *c, double p_kw) {
    const struct site *site = c->scene->site;
    if (!alerts_limits(a, ALERT_BACK_FEED, c->object))
        return;
    c->value = p_kw;
    c->full = back_feed_rating(site, &site->metering_points[c->object]);
    give(a, ALERT_BACK_FEED, signal_back_feed(p_kw, c->full), c, note_back_feed);
}

void alert_supply_second(struct alert_supply *s, struct alerts *a,
                         const struct alert_scene *scene) {
    const struct site *site = scene->site;
    double off_hz = UNKNOWN;
    for (size_t i = 0; i < site->account_count; i++) {
        watch_demand(a, scene, i);
        watch_forecast(s, a, scene, i);
    }
    for (size_t i = 0; i < site->transformer_count; i++)
        watch_transformer(s, a, scene, i);
    for (size_t i = 0; i < site->metering_point_count; i++) {
        const struct supply *u = scene->aggregate->feeds[site->metering_points[i].feed].supply;
        double p_kw = scene->feed_kw[site->metering_points[i].feed];
        struct supply_case c = {.scene = scene, .object = i};
        watch_back_feed(a, &c, p_kw);
        if (!u)
            continue;
        watch_reactive(s, a, &c, u, p_kw);
        watch_voltage(s, a, &c, u, p_kw);
        if (supply_known(u, scene))
            off_hz = fmax(off_hz, signal_frequency(u->value[SUPPLY_HZ]));
    }
    struct supply_case c = {.scene = scene, .object = ALERT_OBJECT_SITE, .value = off_hz};
    give(a, ALERT_FREQUENCY, off_hz, &c, NULL);
}
