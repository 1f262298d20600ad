#include "store/alert_devices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/signal_health.h"

#define JUMP_MS (5 * MS_PER_S) /* the clock was stepped, or the historian stood still */

/* ---- memory ----------------------------------------------------------------------------- */

static int32_t feed_of(const struct site *s, int32_t device, bool wants_soc) {
    for (size_t i = 0; i < s->feed_count; i++) {
        const struct feed *f = &s->feeds[i];
        bool power = f->power != SITE_NONE || f->power_phase[0] != SITE_NONE;
        if (f->device == device && (wants_soc ? f->soc != SITE_NONE : power))
            return (int32_t)i;
    }
    return SITE_NONE;
}

static int32_t meter_of(const struct site *s, int32_t device) {
    for (size_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i].device == device &&
            (s->feeds[i].forward != SITE_NONE || s->feeds[i].reverse != SITE_NONE))
            return (int32_t)i;
    return SITE_NONE;
}

static void init_device(struct alert_devices *d, size_t i) {
    const struct device *device = &d->site->devices[i];
    struct device_watch *w = &d->devices[i];
    const double none = (double)NAN;
    *w = (struct device_watch){.rest_spread_mv = none,
                               .day_coverage = none,
                               .round_trip_pct = none,
                               .meter_feed = meter_of(d->site, (int32_t)i),
                               .soc_feed = feed_of(d->site, (int32_t)i, true)};
    bool behind = device->role == ROLE_BATTERY && device->parent != SITE_NONE;
    w->power_feed = feed_of(d->site, behind ? device->parent : (int32_t)i, false);
    w->seen = (struct storage_seen){none, none, false, SITE_NONE, 0};
    gap_init(&w->gap);
    stuck_init(&w->stuck);
}

/* The account whose metering point it stands behind; without one the first with a tariff. */
static int32_t account_of(const struct site *s, int32_t feed) {
    for (int32_t f = feed; f != SITE_NONE; f = s->feeds[f].parent)
        for (size_t i = 0; i < s->metering_point_count; i++)
            if (s->metering_points[i].feed == f)
                return s->metering_points[i].account;
    for (size_t i = 0; i < s->account_count; i++)
        if (s->accounts[i].tariff)
            return (int32_t)i;
    return SITE_NONE;
}

static void init_feed(struct alert_devices *d, size_t i) {
    d->feeds[i].account = account_of(d->site, (int32_t)i);
    moved_init(&d->feeds[i].idle);
    moved_init(&d->feeds[i].taken);
}

static void take_over(struct alert_devices *d, const struct alert_devices *old) {
    d->clock = old->clock;
    d->link = old->link;
    d->tick = old->tick;
    for (size_t i = 0; i < d->site->device_count; i++)
        for (size_t k = 0; k < old->site->device_count; k++)
            if (strcmp(d->site->devices[i].id, old->site->devices[k].id) == 0) {
                d->devices[i].gap = old->devices[k].gap;
                d->devices[i].stuck = old->devices[k].stuck;
                d->devices[i].rest_spread_mv = old->devices[k].rest_spread_mv;
            }
    for (size_t i = 0; i < d->site->feed_count; i++)
        for (size_t k = 0; k < old->site->feed_count; k++)
            if (strcmp(d->site->feeds[i].id, old->site->feeds[k].id) == 0) {
                d->feeds[i].idle = old->feeds[k].idle;
                d->feeds[i].taken = old->feeds[k].taken;
            }
}

struct alert_devices *alert_devices_new(struct core *c, const struct alert_devices *old) {
    struct alert_devices *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    *d = (struct alert_devices){
        .core = c, .site = c->site, .tick = INT64_MIN, .irradiance = (double)NAN, .day = INT32_MIN};
    d->devices = calloc(c->site->device_count + 1, sizeof *d->devices);
    d->feeds = calloc(c->site->feed_count + 1, sizeof *d->feeds);
    if (!d->devices || !d->feeds) {
        alert_devices_free(d);
        return NULL;
    }
    for (size_t i = 0; i < c->site->device_count; i++)
        init_device(d, i);
    for (size_t i = 0; i < c->site->feed_count; i++)
        init_feed(d, i);
    for (size_t i = 0; i < ACCOUNTS_MAX; i++)
        d->moments[i].minute = INT64_MIN;
    clock_watch_init(&d->clock);
    link_init(&d->link);
    if (old)
        take_over(d, old);
    return d;
}

void alert_devices_free(struct alert_devices *d) {
    if (!d)
        return;
    free(d->devices);
    free(d->feeds);
    free(d);
}

/* ---- readings --------------------------------------------------------------------------- */

static bool usable(const struct sample *s) {
    return quality_usable((enum quality)s->quality) && !isnan(s->value);
}

/* What the eye would compare: changes with any bit of any value. */
static uint64_t mix(uint64_t hash, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    hash = (hash ^ bits) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

static void see_energy(const struct alert_devices *d, const struct device_watch *w,
                       const struct device *device, const struct sample *samples,
                       struct stuck_poll *p) {
    p->energy = p->kw = (double)NAN;
    if (w->meter_feed == SITE_NONE)
        return;
    const struct feed_state *f = &d->core->aggregate.feeds[w->meter_feed];
    double sum = 0.0;
    p->kw = f->kw;
    for (int k = 0; k < FEED_DIRECTIONS; k++) {
        const struct counter *c = &f->counter[k];
        if (c->point == SITE_NONE || isnan(c->per_register))
            continue;
        const struct sample *s = &samples[(size_t)c->point - device->point_base];
        if (!usable(s))
            return;
        double digit = fabs(c->scale * c->multiplier);
        if (c->is_float) /* the last bit of a single-precision register */
            digit = fmax(digit, fabs(s->value) * 0x1p-23);
        p->energy_step = fmax(p->energy_step, digit * c->per_register);
        sum += s->value * c->per_register;
    }
    p->energy = p->energy_step > 0.0 ? sum : (double)NAN;
}

static void see_meter(struct alert_devices *d, const struct device *device, struct device_watch *w,
                      const struct reading *r, const struct sample *samples) {
    struct stuck_poll p = {
        .at = r->utc_ms, .poll_ms = device->poll_ms, .current = -1.0, .rated_kw = device->rated_kw};
    bool other = false;
    for (size_t i = 0; i < device->profile->point_count; i++) {
        enum quantity q = device->profile->points[i].quantity;
        if (q != QUANTITY_CURRENT && q != QUANTITY_VOLTAGE && q != QUANTITY_ACTIVE_POWER)
            continue;
        if (!usable(&samples[i]))
            continue;
        p.seen = mix(p.seen, samples[i].value);
        if (q == QUANTITY_CURRENT)
            p.current = fmax(p.current, fabs(samples[i].value));
        else
            other = true;
    }
    p.whole = other && p.current >= 0.0;
    see_energy(d, w, device, samples, &p);
    stuck_take(&w->stuck, &p);
}

/* Bits of a fault word; of a state word those that are named so. */
static uint32_t fault_bits(const struct point_def *p, double value) {
    uint32_t bits = value >= 0.0 && value <= (double)UINT32_MAX ? (uint32_t)value : 0, mask = 0;
    if (p->quantity == QUANTITY_FAULT)
        return bits;
    for (size_t i = 0; i < p->bit_count; i++)
        if (strstr(p->bits[i].name, "fault"))
            mask |= 1u << p->bits[i].bit;
    return bits & mask;
}

static double millivolts(const struct point_def *p, double value) {
    return strcmp(p->unit, "mV") == 0 ? value : value * 1000.0;
}

static void see_storage(const struct device *device, struct device_watch *w,
                        const struct sample *samples) {
    struct storage_seen seen = {(double)NAN, (double)NAN, false, SITE_NONE, 0};
    double high = (double)NAN, low = (double)NAN;
    for (size_t i = 0; i < device->profile->point_count; i++) {
        const struct point_def *p = &device->profile->points[i];
        const struct sample *s = &samples[i];
        bool cells = p->quantity == QUANTITY_CELL_TEMPERATURE_MAX ||
                     p->quantity == QUANTITY_CELL_TEMPERATURE;
        if (!usable(s))
            continue;
        if (p->quantity == QUANTITY_FAULT || p->quantity == QUANTITY_STATE) {
            uint32_t bits = fault_bits(p, s->value);
            seen.fault_known = seen.fault_known || p->quantity == QUANTITY_FAULT;
            if (bits != 0 && seen.fault_point == SITE_NONE) {
                seen.fault_known = true;
                seen.fault_point = (int32_t)s->point;
                seen.fault_bits = bits;
            }
        }
        /* of a converter it is a heat sink's, which may be hotter */
        if (cells || (p->quantity == QUANTITY_TEMPERATURE && device->role == ROLE_BATTERY))
            seen.temperature_c = fmax(seen.temperature_c, s->value);
        if (p->quantity == QUANTITY_CELL_VOLTAGE_MAX || p->quantity == QUANTITY_CELL_VOLTAGE)
            high = fmax(high, millivolts(p, s->value));
        if (p->quantity == QUANTITY_CELL_VOLTAGE_MIN || p->quantity == QUANTITY_CELL_VOLTAGE)
            low = fmin(low, millivolts(p, s->value));
    }
    seen.spread_mv = high - low;
    w->seen = seen;
}

static bool any_usable(const struct sample *samples, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (usable(&samples[i]))
            return true;
    return false;
}

void alert_devices_reading(struct alert_devices *d, const struct reading *r,
                           const struct sample *samples) {
    const struct device *device = &d->site->devices[r->device];
    struct device_watch *w = &d->devices[r->device];
    if (r->kind != READING_POLL || !any_usable(samples, device->profile->point_count))
        return;
    gap_good(&w->gap, r->utc_ms);
    w->good_at = r->utc_ms;
    see_meter(d, device, w, r, samples);
    if (device->role == ROLE_STORAGE || device->role == ROLE_BATTERY)
        see_storage(device, w, samples);
    const struct records *records = &d->core->records;
    if (records->irradiance_device == (int32_t)r->device) {
        const struct sample *s = &samples[records->irradiance_point];
        d->irradiance = usable(s) ? s->value : (double)NAN;
        d->irradiance_at = r->utc_ms;
    }
}

void alert_devices_event(struct alert_devices *d, const struct event_body *e) {
    static const char *const events[] = {"counter_reset", "counter_rollover", "counter_jump",
                                         "counter_glitch"};
    bool of_counter = false;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        of_counter = of_counter || strcmp(e->event, events[i]) == 0;
    for (size_t i = 0; of_counter && i < d->site->point_count; i++) {
        const struct site_point *p = &d->site->points[i];
        if (strcmp(p->id, e->object) != 0)
            continue;
        struct device_watch *w = &d->devices[p->device];
        w->news = (struct register_news){
            .point = p->id, .unit = p->def->unit, .before = e->threshold, .now = e->value};
        snprintf(w->news.what, sizeof w->news.what, "%s", e->event);
        register_happened(&w->registers);
        return;
    }
}

/* ---- signals ---------------------------------------------------------------------------- */

bool alert_device_fresh(const struct alert_devices *d, size_t device, ms_t at) {
    ms_t hold = (ms_t)d->site->devices[device].poll_ms * 5 / 2 + MS_PER_S;
    return at != 0 && d->tick - at <= hold && at - d->tick <= hold;
}

static void signal_of(struct alert_devices *d, enum alert_rule_id rule, size_t device, double value,
                      void (*explain)(const void *, struct alert_change *), const void *detail) {
    const struct device_note note = {d, device, detail};
    const struct alert_signal s = {.value = value, .at = d->tick, .explain = explain, .arg = &note};
    alerts_signal(d->core->alerts, rule, device, &s);
}

static void gap_second(struct alert_devices *d, size_t i) {
    const struct alert_limits *l = alerts_limits(d->core->alerts, ALERT_DATA_GAP, i);
    struct device_watch *w = &d->devices[i];
    if (!l)
        return;
    double value = signal_gap(&w->gap, d->tick, gap_allowed(d->site->devices[i].poll_ms), l);
    if (w->day_coverage < GAP_DAY_PART)
        value = fmax(value, GAP_DAY_LOST);
    signal_of(d, ALERT_DATA_GAP, i, value, note_gap, NULL);
}

static double soc_of(const struct alert_devices *d, const struct device_watch *w) {
    if (w->soc_feed == SITE_NONE)
        return (double)NAN;
    const struct feed_state *f = &d->core->aggregate.feeds[w->soc_feed];
    size_t device = (size_t)d->site->feeds[w->soc_feed].device;
    return alert_device_fresh(d, device, f->soc_utc_ms) ? f->soc_pct : (double)NAN;
}

/* A battery without limits of its own has its converter's. */
static const struct device *limits_of(const struct site *s, const struct device *d) {
    bool own = !isnan(d->soc_min) || !isnan(d->soc_max);
    return own || d->parent == SITE_NONE ? d : &s->devices[d->parent];
}

static bool is_at_rest(const struct alert_devices *d, const struct device_watch *w) {
    if (w->power_feed == SITE_NONE)
        return false;
    double rated = d->site->devices[d->site->feeds[w->power_feed].device].rated_kw;
    return fabs(d->core->tick.feed_kw[w->power_feed]) < HEALTH_REST_PCT / 100.0 * rated;
}

static void health_second(struct alert_devices *d, size_t i, bool fresh) {
    const struct device *device = &d->site->devices[i], *limits = limits_of(d->site, device);
    struct device_watch *w = &d->devices[i];
    if (!fresh) { /* stands still */
        signal_of(d, ALERT_STORAGE_HEALTH, i, (double)NAN, NULL, NULL);
        return;
    }
    if (is_at_rest(d, w) && !isnan(w->seen.spread_mv))
        w->rest_spread_mv = w->seen.spread_mv;
    const struct health_now now = {.soc_pct = soc_of(d, w),
                                   .soc_min = limits->soc_min,
                                   .soc_max = limits->soc_max,
                                   .spread_mv = w->rest_spread_mv,
                                   .temperature_c = w->seen.temperature_c,
                                   .round_trip_pct = w->round_trip_pct,
                                   .design_pct = device->round_trip_pct,
                                   .fault_known = w->seen.fault_known,
                                   .fault = w->seen.fault_point != SITE_NONE};
    const struct health h = signal_health(&now);
    signal_of(d, ALERT_STORAGE_HEALTH, i, h.value, note_health, &h);
}

static void device_second(struct alert_devices *d, size_t i) {
    struct device_watch *w = &d->devices[i];
    bool fresh = alert_device_fresh(d, i, w->good_at);
    enum stuck_sign sign;
    gap_second(d, i);
    signal_of(d, ALERT_METER_STUCK, i, fresh ? signal_stuck(&w->stuck, &sign) : (double)NAN,
              note_stuck, NULL);
    signal_of(d, ALERT_REGISTER, i, signal_register(&w->registers, fresh), note_register, NULL);
    if (d->site->devices[i].role == ROLE_STORAGE || d->site->devices[i].role == ROLE_BATTERY)
        health_second(d, i, fresh);
}

static void clock_second(struct alert_devices *d) {
    const struct alert_limits *l = alerts_limits(d->core->alerts, ALERT_CLOCK, ALERT_OBJECT_SITE);
    if (!l)
        return;
    bool synced = d->core->clock == CLOCK_SYNCED || d->core->clock == CLOCK_HOLDOVER, alone;
    double value = signal_clock(&d->clock, synced, d->core->clock_offset_ms, d->tick, l, &alone);
    signal_of(d, ALERT_CLOCK, ALERT_OBJECT_SITE, value, note_clock, &alone);
}

/* The link to the platform, from its cursor: nothing else of publishing is known here. */
static void link_second(struct alert_devices *d) {
    struct writer *w = d->core->writer;
    uint64_t acknowledged = 0, head;
    bool found = false; /* there is none before its first acknowledgement */
    if (!d->site->mqtt.configured)
        return;
    pthread_mutex_lock(&w->lock);
    head = w->seq_next - 1;
    for (size_t i = 0; i < w->dest_count && !found; i++) {
        found = strcmp(w->dests[i].name, "mqtt") == 0;
        if (found)
            acknowledged = w->dests[i].cursor.floor + cursor_above_floor(&w->dests[i].cursor);
    }
    pthread_mutex_unlock(&w->lock);
    const uint64_t waiting = head > acknowledged ? head - acknowledged : 0;
    signal_of(d, ALERT_DATA_GAP, ALERT_OBJECT_SITE,
              signal_link(&d->link, acknowledged, head, d->tick), note_link, &waiting);
}

/* Silences go on as long as they were. */
static void jump(struct alert_devices *d, ms_t by) {
    for (size_t i = 0; i < d->site->device_count; i++) {
        struct gap_state *g = &d->devices[i].gap;
        g->good_at += g->good_at == INT64_MIN ? 0 : by;
    }
    d->link.moved_at += d->link.moved_at == INT64_MIN ? 0 : by;
    d->clock.alone_since += d->clock.alone_since == INT64_MIN ? 0 : by;
}

void alert_devices_second(struct alert_devices *d, ms_t tick, const struct live_site *s) {
    ms_t by = d->tick == INT64_MIN ? 0 : tick - d->tick - MS_PER_S;
    if (by > JUMP_MS || by < -JUMP_MS)
        jump(d, by);
    d->tick = tick;
    alert_days_look(d);
    for (size_t i = 0; i < d->site->device_count; i++)
        if (d->site->devices[i].enabled)
            device_second(d, i);
    alert_feeds_second(d, s);
    clock_second(d);
    link_second(d);
}
