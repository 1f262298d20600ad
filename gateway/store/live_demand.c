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

static double total_of(const struct aggregate *a, size_t point) {
    return aggregate_total(a, a->site->metering_points[point].feed, FEED_FORWARD);
}

/* Import of a point since a minute's edge; NAN when that edge was not seen. */
static double since(const struct live_demand *d, const struct aggregate *a, size_t point,
                    ms_t minute) {
    size_t i = place_of(minute);
    return d->minute[i] == minute ? total_of(a, point) - d->total_kwh[i][point] : (double)NAN;
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

void live_demand_take(struct live_demand *d, const struct aggregate *a, ms_t utc_ms,
                      double kg_per_kwh, struct live_site *s) {
    const struct site *site = a->site;
    double sliding[METERING_POINTS_MAX], block[METERING_POINTS_MAX], minute_kw[METERING_POINTS_MAX];
    ms_t minute = slot_edge(SLOT_1M, utc_ms), quarter = slot_edge(SLOT_15M, utc_ms);
    size_t place = place_of(minute), n = site->metering_point_count;
    if (d->minute[place] != minute) {
        d->minute[place] = minute;
        for (size_t i = 0; i < n; i++)
            d->total_kwh[place][i] = total_of(a, i);
    }
    ms_t oldest = minute - (DEMAND_MINUTES - 1) * MS_PER_MIN;
    for (size_t i = 0; i < n; i++) {
        double hours = (double)(utc_ms - oldest) / 3600000.0;
        sliding[i] = since(d, a, i, oldest) / hours;
        block[i] = aggregate_so_far(a, site->metering_points[i].feed, FEED_FORWARD, SLOT_15M);
        double kw = a->feeds[site->metering_points[i].feed].kw;
        minute_kw[i] = since(d, a, i, minute - MS_PER_MIN) /
                       ((double)(utc_ms - minute + MS_PER_MIN) / 3600000.0);
        if (isnan(minute_kw[i]))
            minute_kw[i] = fmax(kw, 0.0);
    }
    /* in the first seconds of a quarter its block may still be that of the one before */
    struct demand_forecast f =
        demand_forecast_of(combine(site, block), utc_ms - quarter, combine(site, minute_kw),
                           contract_of(site, utc_ms));
    s->demand_kw = n > 0 ? combine(site, sliding) : (double)NAN;
    s->demand_forecast_kw = n > 0 ? f.block_kw : (double)NAN;
    s->demand_shed_kw = n > 0 ? f.shed_kw : (double)NAN;
    s->contract_kw = contract_of(site, utc_ms);
    s->carbon_kg_h = fmax(s->power_kw[SITE_GRID], 0.0) * kg_per_kwh;
    if (isnan(s->power_kw[SITE_GRID]))
        s->carbon_kg_h = (double)NAN;
}
