/* PV, storage and flexible feeders against the sun and the tariff. */
#include <math.h>
#include <stdio.h>

#include "alert/signal_flexible.h"
#include "alert/signal_pv.h"
#include "alert/signal_storage.h"
#include "store/alert_devices.h"

struct peers {
    double pct_sum;
    size_t count;
};

/* What all feeds of a second have in common. */
struct common {
    const struct live_site *site;
    struct peers peers;
    double charging_kw; /* of all storage that is counted */
};

struct feed_note {
    const struct tariff_moment *moment;
    const struct pv_now *pv;
    const struct storage_now *storage;
    const struct moved_energy *moved;
};

static double feed_kw(const struct alert_devices *d, size_t feed) {
    return d->core->tick.feed_kw[feed];
}

static double rated_kw(const struct alert_devices *d, size_t feed) {
    const struct device *device = &d->site->devices[d->site->feeds[feed].device];
    return isnan(device->rated_kw) && d->site->feeds[feed].role == ROLE_PV ? device->rated_kwp
                                                                           : device->rated_kw;
}

static double pct_of_rated(const struct alert_devices *d, size_t feed) {
    return 100.0 * feed_kw(d, feed) / rated_kw(d, feed);
}

static void signal_of(const struct alert_devices *d, enum alert_rule_id rule, size_t feed,
                      double value, void (*explain)(const void *, struct alert_change *),
                      const struct feed_note *note) {
    const struct alert_signal s = {.value = value, .at = d->tick, .explain = explain, .arg = note};
    alerts_signal(d->core->alerts, rule, feed, &s);
}

/* Adds up what the condition costs, from its first second until the alert is over. */
static void follow(const struct alert_devices *d, enum alert_rule_id rule, size_t feed,
                   struct moved_energy *m, double value, double kw, double cny_per_kwh) {
    const struct alert_limits *l = alerts_limits(d->core->alerts, rule, feed);
    bool bad = l && (value - l->levels[0].raise) * l->side > 0.0;
    if (bad || alerts_stands(d->core->alerts, rule, feed))
        moved_take(m, bad ? kw : 0.0, cny_per_kwh, d->tick);
    else
        moved_end(m);
}

/* ---- PV --------------------------------------------------------------------------------- */

static void note_pv(const void *arg, struct alert_change *c) {
    const struct feed_note *n = arg;
    char en[80] = "", zh[80] = "";
    if (!isnan(n->pv->irradiance_w_m2)) {
        snprintf(en, sizeof en, "; irradiance %.0f W/m2", n->pv->irradiance_w_m2);
        snprintf(zh, sizeof zh, "；辐照度 %.0f W/m2", n->pv->irradiance_w_m2);
    } else {
        snprintf(en, sizeof en, "; the other plants give %.0f %% of their rating",
                 n->pv->peers_pct);
        snprintf(zh, sizeof zh, "；其他光伏出力为额定的 %.0f %%", n->pv->peers_pct);
    }
    snprintf(c->note_en, sizeof c->note_en, "%.1f kW of %.0f kW rated%s", n->pv->kw,
             n->pv->rated_kw, en);
    snprintf(c->note_zh, sizeof c->note_zh, "出力 %.1f kW，额定 %.0f kW%s", n->pv->kw,
             n->pv->rated_kw, zh);
}

static void pv_second(struct alert_devices *d, size_t feed, const struct common *all) {
    double own = pct_of_rated(d, feed), others = (double)NAN;
    size_t count = all->peers.count - (isnan(own) ? 0 : 1);
    if (count > 0)
        others = (all->peers.pct_sum - (isnan(own) ? 0.0 : own)) / (double)count;
    int32_t sensor = d->core->records.irradiance_device;
    bool lit = sensor != SITE_NONE && alert_device_fresh(d, (size_t)sensor, d->irradiance_at);
    const struct pv_now now = {.kw = feed_kw(d, feed),
                               .rated_kw = rated_kw(d, feed),
                               .irradiance_w_m2 = lit ? d->irradiance : (double)NAN,
                               .peers_pct = others};
    const struct alert_limits *l = alerts_limits(d->core->alerts, ALERT_PV_DEAD, feed);
    const struct feed_note note = {.pv = &now};
    if (l)
        signal_of(d, ALERT_PV_DEAD, feed, signal_pv_dead(&now, l), note_pv, &note);
}

/* ---- storage ---------------------------------------------------------------------------- */

/* Energy and money for the end of a sentence; without prices it says so. */
static void tell_moved(const struct moved_energy *m, char *en, char *zh, size_t cap) {
    if (isnan(m->cny)) {
        snprintf(en, cap, "%.1f kWh; prices are missing, so no amount", m->kwh);
        snprintf(zh, cap, "%.1f kWh；缺少电价，无法计算金额", m->kwh);
    } else {
        snprintf(en, cap, "%.1f kWh, %.2f CNY", m->kwh, m->cny);
        snprintf(zh, cap, "%.1f kWh，%.2f 元", m->kwh, m->cny);
    }
}

static void note_over(const struct moved_energy *m, struct alert_change *c) {
    char en[120], zh[120];
    tell_moved(m, en, zh, sizeof en);
    snprintf(c->note_en, sizeof c->note_en, "it is over; in all %s", en);
    snprintf(c->note_zh, sizeof c->note_zh, "已结束，合计 %s", zh);
}

static void note_idle(const void *arg, struct alert_change *c) {
    const struct feed_note *n = arg;
    const struct storage_now *s = n->storage;
    char en[120], zh[120];
    if (c->step == ALERT_CLEARED) {
        note_over(n->moved, c);
        return;
    }
    tell_moved(n->moved, en, zh, sizeof en);
    snprintf(c->note_en, sizeof c->note_en,
             "%.0f kW of %.0f kW at a SOC of %.0f %% while the site takes %.0f kW; not delivered "
             "since it began (against the valley's price): %s",
             s->kw, s->rated_kw, s->soc_pct, s->grid_kw, en);
    snprintf(c->note_zh, sizeof c->note_zh,
             "放电 %.0f kW，额定 %.0f kW，SOC %.0f %%，关口受电 %.0f kW；闲置以来少放电"
             "（与谷段价差）：%s",
             s->kw, s->rated_kw, s->soc_pct, s->grid_kw, zh);
}

static void note_valley(const void *arg, struct alert_change *c) {
    const struct storage_now *s = ((const struct feed_note *)arg)->storage;
    double target = isnan(s->soc_max) ? STORAGE_SOC_MAX_PCT : s->soc_max;
    if (c->step == ALERT_CLEARED) {
        snprintf(c->note_en, sizeof c->note_en, "SOC %.0f %% of %.0f %%, charging %.0f kW",
                 s->soc_pct, target, fmax(0.0, -s->kw));
        snprintf(c->note_zh, sizeof c->note_zh, "SOC %.0f %%，目标 %.0f %%，充电 %.0f kW",
                 s->soc_pct, target, fmax(0.0, -s->kw));
        return;
    }
    snprintf(c->note_en, sizeof c->note_en,
             "%d min of the valley are left, SOC %.0f %% of %.0f %%, charging %.0f kW",
             s->valley_left, s->soc_pct, target, fmax(0.0, -s->kw));
    snprintf(c->note_zh, sizeof c->note_zh,
             "谷段剩余 %d 分钟，SOC %.0f %%，目标 %.0f %%，充电 %.0f kW", s->valley_left,
             s->soc_pct, target, fmax(0.0, -s->kw));
}

static void note_charging(const void *arg, struct alert_change *c) {
    const struct feed_note *n = arg;
    char en[120], zh[120];
    if (c->step == ALERT_CLEARED) {
        note_over(n->moved, c);
        return;
    }
    tell_moved(n->moved, en, zh, sizeof en);
    snprintf(c->note_en, sizeof c->note_en,
             "charging %.0f kW while the site takes %.0f kW from the grid; bought for it since it "
             "began (against the valley's price): %s",
             fmax(0.0, -n->storage->kw), n->storage->grid_kw, en);
    snprintf(c->note_zh, sizeof c->note_zh,
             "充电 %.0f kW，关口受电 %.0f kW；以来为此购电（与谷段价差）：%s",
             fmax(0.0, -n->storage->kw), n->storage->grid_kw, zh);
}

/* Its own; else of the batteries behind it, by capacity; else the site's, where it is alone. */
static double soc_of(const struct alert_devices *d, size_t feed, const struct live_site *site) {
    double sum = 0.0, weight = 0.0;
    size_t stations = 0;
    const struct site *s = d->site;
    for (size_t i = 0; i < s->feed_count; i++) {
        const struct feed *f = &s->feeds[i];
        const struct feed_state *state = &d->core->aggregate.feeds[i];
        stations += f->role == ROLE_STORAGE && f->counted;
        bool own = i == feed, behind = f->role == ROLE_BATTERY &&
                                       s->devices[f->device].parent == s->feeds[feed].device;
        if (f->soc == SITE_NONE || isnan(state->soc_pct) || (!own && !behind) ||
            !alert_device_fresh(d, (size_t)f->device, state->soc_utc_ms))
            continue;
        if (own)
            return state->soc_pct;
        double capacity = s->devices[f->device].capacity_kwh;
        sum += state->soc_pct * (capacity > 0.0 ? capacity : 1.0);
        weight += capacity > 0.0 ? capacity : 1.0;
    }
    return weight > 0.0 ? sum / weight : stations == 1 ? site->soc_pct : (double)NAN;
}

static struct storage_now storage_of(const struct alert_devices *d, size_t feed,
                                     const struct tariff_moment *m, const struct common *all) {
    const struct device *device = &d->site->devices[d->site->feeds[feed].device];
    return (struct storage_now){.kw = feed_kw(d, feed),
                                .rated_kw = rated_kw(d, feed),
                                .soc_pct = soc_of(d, feed, all->site),
                                .soc_min = device->soc_min,
                                .soc_max = device->soc_max,
                                .grid_kw = all->site->power_kw[SITE_GRID],
                                .all_charging_kw = all->charging_kw,
                                .tariff_known = m && m->known,
                                .peak =
                                    m && (m->period == TARIFF_PEAK || m->period == TARIFF_SHARP),
                                .valley_left = m ? m->valley_left : -1};
}

static void storage_second(struct alert_devices *d, size_t feed, const struct tariff_moment *m,
                           const struct common *all) {
    struct feed_watch *w = &d->feeds[feed];
    const struct storage_now now = storage_of(d, feed, m, all);
    const struct feed_note idle_note = {.moment = m, .storage = &now, .moved = &w->idle};
    const struct feed_note charge_note = {.moment = m, .storage = &now, .moved = &w->taken};
    double spread = m ? m->cny - m->valley_cny : (double)NAN;
    double idle = signal_storage_idle(&now), charging = signal_charging_in_peak(&now);
    follow(d, ALERT_STORAGE_IDLE, feed, &w->idle, idle, storage_missed_kw(&now), spread);
    follow(d, ALERT_CHARGING_IN_PEAK, feed, &w->taken, charging, charging * now.rated_kw / 100.0,
           spread);
    signal_of(d, ALERT_STORAGE_IDLE, feed, idle, note_idle, &idle_note);
    signal_of(d, ALERT_VALLEY_NOT_CHARGED, feed, signal_valley_not_charged(&now), note_valley,
              &idle_note);
    signal_of(d, ALERT_CHARGING_IN_PEAK, feed, charging, note_charging, &charge_note);
}

/* ---- flexible feeders ------------------------------------------------------------------- */

static void note_flexible(const void *arg, struct alert_change *c) {
    const struct feed_note *n = arg;
    char en[120], zh[120];
    if (c->step == ALERT_CLEARED) {
        note_over(n->moved, c);
        return;
    }
    tell_moved(n->moved, en, zh, sizeof en);
    snprintf(c->note_en, sizeof c->note_en,
             "drawn in the sharp period so far; in a flat period it would have saved: %s", en);
    snprintf(c->note_zh, sizeof c->note_zh, "尖峰时段已用电，移至平段可节省：%s", zh);
}

static void flexible_second(struct alert_devices *d, size_t feed, const struct tariff_moment *m) {
    struct feed_watch *w = &d->feeds[feed];
    const struct feed_note note = {.moment = m, .moved = &w->taken};
    double kw = feed_kw(d, feed);
    double value =
        signal_flexible(kw, rated_kw(d, feed), m && m->known, m && m->period == TARIFF_SHARP);
    follow(d, ALERT_FLEXIBLE_IN_SHARP, feed, &w->taken, value, kw,
           m ? m->cny - m->flat_cny : (double)NAN);
    signal_of(d, ALERT_FLEXIBLE_IN_SHARP, feed, value, note_flexible, &note);
}

/* ---- every second ----------------------------------------------------------------------- */

static struct common common_of(const struct alert_devices *d, const struct live_site *site) {
    struct common all = {.site = site};
    for (size_t i = 0; i < d->site->feed_count; i++) {
        const struct feed *f = &d->site->feeds[i];
        double pct = f->role == ROLE_PV ? pct_of_rated(d, i) : (double)NAN;
        if (!isnan(pct)) {
            all.peers.pct_sum += pct;
            all.peers.count++;
        }
        if (f->role == ROLE_STORAGE && f->counted && feed_kw(d, i) < 0.0)
            all.charging_kw -= feed_kw(d, i);
    }
    return all;
}

void alert_feeds_second(struct alert_devices *d, const struct live_site *site) {
    const struct price_book *prices = &d->core->records.books.books.prices;
    const struct common all = common_of(d, site);
    for (size_t i = 0; i < d->site->account_count; i++)
        tariff_moment_at(&d->moments[i], d->site->accounts[i].tariff, prices, d->tick);
    for (size_t i = 0; i < d->site->feed_count; i++) {
        int32_t account = d->feeds[i].account;
        const struct tariff_moment *m = account == SITE_NONE ? NULL : &d->moments[account];
        const struct feed *f = &d->site->feeds[i];
        const struct device *device = &d->site->devices[f->device];
        if (!device->enabled)
            continue;
        if (f->role == ROLE_PV)
            pv_second(d, i, &all);
        else if (f->role == ROLE_STORAGE)
            storage_second(d, i, m, &all);
        else if (f->role == ROLE_LOAD && device->flexible)
            flexible_second(d, i, m);
    }
}
