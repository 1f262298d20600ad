#include "store/tick.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static void open_window(struct tick_window *w, ms_t start) {
    memset(w, 0, sizeof *w);
    w->start = start;
    w->soc_first = w->soc_last = (double)NAN;
}

int tick_init(struct tick *t, const struct site *site) {
    memset(t, 0, sizeof *t);
    for (int p = 0; p < SLOT_OPEN_COUNT; p++)
        for (int i = 0; i < 2; i++)
            open_window(&t->windows[p][i], -1);
    t->feed_kw = calloc(site->feed_count + 1, sizeof *t->feed_kw);
    return t->feed_kw ? ERR_OK : ERR_NOMEM;
}

void tick_fini(struct tick *t) {
    free(t->feed_kw);
    t->feed_kw = NULL;
}

/* Younger than 2.5 polls: still what the device does now. */
static bool is_fresh(const struct site *site, const struct feed *feed, ms_t at, ms_t now) {
    ms_t hold = (ms_t)site->devices[feed->device].poll_ms * 5 / 2;
    return at != 0 && now - at <= hold + MS_PER_S && at - now <= hold + MS_PER_S;
}

/* Mean SOC by capacity. The batteries' own, where there are any; else what the converters say. */
static double site_soc(const struct aggregate *a, ms_t now) {
    double sum[2] = {0.0, 0.0}, weight[2] = {0.0, 0.0};
    for (size_t i = 0; i < a->site->feed_count; i++) {
        const struct feed *feed = &a->site->feeds[i];
        const struct feed_state *f = &a->feeds[i];
        if (feed->soc == SITE_NONE || isnan(f->soc_pct) ||
            !is_fresh(a->site, feed, f->soc_utc_ms, now))
            continue;
        double capacity = a->site->devices[feed->device].capacity_kwh;
        double w = capacity > 0.0 ? capacity : 1.0;
        int kind = feed->role == ROLE_BATTERY ? 0 : 1;
        sum[kind] += w * f->soc_pct;
        weight[kind] += w;
    }
    int kind = weight[0] > 0.0 ? 0 : 1;
    return weight[kind] > 0.0 ? sum[kind] / weight[kind] : (double)NAN;
}

static void count_devices(const struct aggregate *a, struct live_site *ret) {
    for (size_t i = 0; i < a->site->device_count; i++) {
        const struct device_state *s = &a->devices[i];
        if (!a->site->devices[i].enabled)
            continue;
        ret->devices_total++;
        ret->devices_online += !s->down && s->answered_utc_ms != 0;
    }
}

static void add_tick(struct tick_window *w, const struct live_site *s) {
    for (size_t i = 0; i < SITE_POWER_COUNT; i++) {
        double kw = s->power_kw[i];
        if (isnan(kw))
            continue;
        bool first = w->power[i].ticks++ == 0;
        w->power[i].sum += kw;
        w->power[i].min = first ? kw : fmin(w->power[i].min, kw);
        w->power[i].max = first ? kw : fmax(w->power[i].max, kw);
    }
    if (isnan(s->soc_pct))
        return;
    if (isnan(w->soc_first))
        w->soc_first = s->soc_pct;
    w->soc_last = s->soc_pct;
}

void tick_take(struct tick *t, const struct aggregate *a, ms_t utc_ms, struct live_site *ret) {
    struct live_site s = {.utc_ms = utc_ms, .quality = QUALITY_GOOD};
    for (size_t i = 0; i < a->site->feed_count; i++) {
        const struct feed *feed = &a->site->feeds[i];
        const struct feed_state *f = &a->feeds[i];
        bool fresh = is_fresh(a->site, feed, f->kw_utc_ms, utc_ms);
        t->feed_kw[i] = fresh ? f->kw : (double)NAN;
        if (feed->counted && !isnan(f->kw_factor))
            s.quality =
                quality_worst(s.quality, !fresh ? QUALITY_STALE : (enum quality)f->kw_quality);
    }
    balance_power(a->site, t->feed_kw, s.power_kw);
    s.soc_pct = site_soc(a, utc_ms);
    count_devices(a, &s);
    for (int p = 0; p < SLOT_OPEN_COUNT; p++) {
        ms_t start = aggregate_label(a, (enum slot_period)p, utc_ms);
        struct tick_window *w = t->windows[p];
        if (start != w[0].start) {
            w[1] = w[0];
            open_window(&w[0], start);
        }
        add_tick(&w[0], &s);
    }
    *ret = s;
}

void tick_result(const struct tick *t, enum slot_period p, ms_t start, struct record_seed *r) {
    struct tick_window none;
    open_window(&none, start);
    const struct tick_window *w = &none;
    for (int i = 0; i < 2; i++)
        if (t->windows[p][i].start == start)
            w = &t->windows[p][i];
    for (size_t i = 0; i < SITE_POWER_COUNT; i++) {
        uint32_t n = w->power[i].ticks;
        double unknown = (double)NAN;
        r->power[i] = (struct power_stat){unknown, unknown, unknown};
        r->power_ms[i] = (uint64_t)n * MS_PER_S;
        if (n > 0)
            r->power[i] =
                (struct power_stat){w->power[i].sum / (double)n, w->power[i].min, w->power[i].max};
    }
    r->soc_start_pct = w->soc_first;
    r->soc_end_pct = w->soc_last;
}
