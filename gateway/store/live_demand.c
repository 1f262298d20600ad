#include "store/live_demand.h"

#include <math.h>

#include "sys/clock.h"

void live_demand_init(struct live_demand *d) {
    for (size_t i = 0; i <= DEMAND_MINUTES; i++)
        d->minute[i] = INT64_MIN;
}

static size_t place_of(ms_t minute) {
    return (size_t)(floor_div(minute, MS_PER_MIN) % (DEMAND_MINUTES + 1));
}

/* Younger than 2.5 polls: what is known of the import is of now. */
static bool is_fresh(const struct aggregate *a, int32_t feed, ms_t utc_ms) {
    ms_t hold = (ms_t)a->site->devices[a->site->feeds[feed].device].poll_ms * 5 / 2 + MS_PER_S;
    const struct feed_state *f = &a->feeds[feed];
    const struct counter *c = &f->counter[FEED_FORWARD];
    return utc_ms - (c->point != SITE_NONE ? c->read_utc_ms : f->kw_utc_ms) <= hold;
}

/* NAN while the meter is silent: what it counts then comes at once when it speaks again, and is no
 * demand of the minutes around that. */
static double total_of(const struct aggregate *a, size_t point, ms_t utc_ms) {
    int32_t feed = a->site->metering_points[point].feed;
    return is_fresh(a, feed, utc_ms) ? aggregate_total(a, feed, FEED_FORWARD) : (double)NAN;
}

/* Import of a point since a minute's edge; NAN when that edge was not seen. */
static double since(const struct live_demand *d, const struct aggregate *a, size_t point,
                    ms_t minute, ms_t utc_ms) {
    size_t i = place_of(minute);
    bool seen = d->minute[i] == minute;
    return seen ? total_of(a, point, utc_ms) - d->total_kwh[i][point] : (double)NAN;
}

/* Of the site: with one account as it says, else the sum. */
static double combine(const struct site *s, const double *kw) {
    bool standby[METERING_POINTS_MAX];
    for (size_t i = 0; i < s->metering_point_count; i++)
        standby[i] = s->metering_points[i].standby;
    enum demand_combination c =
        s->account_count == 1 ? s->accounts[0].combination : DEMAND_COINCIDENT;
    return demand_combine(c, kw, standby, s->metering_point_count);
}

static double contract_of(const struct site *s, ms_t utc_ms) {
    int32_t day = local_time(utc_ms, clock_utc_offset_s).day;
    double sum = s->account_count > 0 ? 0.0 : (double)NAN;
    for (size_t i = 0; i < s->account_count; i++)
        sum += account_contract_kw(&s->accounts[i], day);
    return sum;
}

/* Of one account, from a value of each of the site's points. */
static double combine_own(const struct site *s, size_t account, const double *values) {
    double own[METERING_POINTS_MAX];
    bool standby[METERING_POINTS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < s->metering_point_count; i++) {
        if ((size_t)s->metering_points[i].account != account)
            continue;
        own[n] = values[i];
        standby[n++] = s->metering_points[i].standby;
    }
    return demand_combine(s->accounts[account].combination, own, standby, n);
}

/* Values of each point at a tick whose edges are kept. */
struct point_values {
    double sliding_kw[METERING_POINTS_MAX], block_kwh[METERING_POINTS_MAX],
        minute_kw[METERING_POINTS_MAX], power_kw[METERING_POINTS_MAX];
};

static void point_values_of(const struct live_demand *d, const struct aggregate *a, ms_t utc_ms,
                            struct point_values *v) {
    const struct site *site = a->site;
    ms_t minute = slot_edge(SLOT_1M, utc_ms);
    ms_t oldest = minute - (DEMAND_MINUTES - 1) * MS_PER_MIN;
    double hours = (double)(utc_ms - oldest) / 3600000.0;
    double minute_hours = (double)(utc_ms - minute + MS_PER_MIN) / 3600000.0;
    for (size_t i = 0; i < site->metering_point_count; i++) {
        int32_t feed = site->metering_points[i].feed;
        v->power_kw[i] = a->feeds[feed].kw;
        v->sliding_kw[i] = since(d, a, i, oldest, utc_ms) / hours;
        v->block_kwh[i] = aggregate_so_far(a, feed, FEED_FORWARD, SLOT_15M);
        v->minute_kw[i] = since(d, a, i, minute - MS_PER_MIN, utc_ms) / minute_hours;
        if (isnan(v->minute_kw[i]))
            v->minute_kw[i] = fmax(v->power_kw[i], 0.0);
    }
}

void live_demand_take(struct live_demand *d, const struct aggregate *a, ms_t utc_ms,
                      double kg_per_kwh, struct live_site *s) {
    const struct site *site = a->site;
    struct point_values v;
    ms_t minute = slot_edge(SLOT_1M, utc_ms), quarter = slot_edge(SLOT_15M, utc_ms);
    size_t place = place_of(minute), n = site->metering_point_count;
    if (d->minute[place] != minute) {
        d->minute[place] = minute;
        for (size_t i = 0; i < n; i++)
            d->total_kwh[place][i] = total_of(a, i, utc_ms);
    }
    point_values_of(d, a, utc_ms, &v);
    /* in the first seconds of a quarter its block may still be that of the one before */
    struct demand_forecast f =
        demand_forecast_of(combine(site, v.block_kwh), utc_ms - quarter, combine(site, v.minute_kw),
                           contract_of(site, utc_ms));
    s->demand_kw = n > 0 ? combine(site, v.sliding_kw) : (double)NAN;
    s->demand_forecast_kw = n > 0 ? f.block_kw : (double)NAN;
    s->demand_shed_kw = n > 0 ? f.shed_kw : (double)NAN;
    s->contract_kw = contract_of(site, utc_ms);
    s->carbon_kg_h = fmax(s->power_kw[SITE_GRID], 0.0) * kg_per_kwh;
    if (isnan(s->power_kw[SITE_GRID]))
        s->carbon_kg_h = (double)NAN;
}

/* The instant that what is counted of an account's block belongs to: its last readings. */
static ms_t block_as_of(const struct aggregate *a, size_t account, ms_t quarter, ms_t utc_ms) {
    ms_t at = utc_ms;
    for (size_t i = 0; i < a->site->metering_point_count; i++) {
        const struct metering_point *p = &a->site->metering_points[i];
        ms_t read_ms = a->feeds[p->feed].kw_utc_ms;
        if ((size_t)p->account == account && !p->standby && read_ms < at)
            at = read_ms;
    }
    return at > quarter ? at : quarter;
}

void live_demand_accounts(struct live_demand *d, const struct aggregate *a, ms_t utc_ms,
                          const double *feed_kw) {
    const struct site *site = a->site;
    struct point_values v;
    point_values_of(d, a, utc_ms, &v);
    for (size_t i = 0; i < site->metering_point_count; i++) {
        double kw = feed_kw[site->metering_points[i].feed]; /* NAN: stale */
        v.power_kw[i] = isnan(kw) ? kw : fmax(kw, 0.0);
    }
    int32_t day = local_time(utc_ms, clock_utc_offset_s).day;
    ms_t quarter = slot_edge(SLOT_15M, utc_ms);
    for (size_t i = 0; i < site->account_count; i++)
        d->account[i] =
            (struct account_demand){.sliding_kw = combine_own(site, i, v.sliding_kw),
                                    .so_far_kwh = combine_own(site, i, v.block_kwh),
                                    .minute_kw = combine_own(site, i, v.minute_kw),
                                    .power_kw = combine_own(site, i, v.power_kw),
                                    .contract_kw = account_contract_kw(&site->accounts[i], day),
                                    .elapsed_ms = block_as_of(a, i, quarter, utc_ms) - quarter};
}
