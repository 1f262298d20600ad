#include "store/aggregate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "meter/decode.h"
#include "store/layout.h"
#include "store/pack.h"

#define BYTES_PER_POINT 14  /* of an encoded slot, at most */
#define BYTES_PER_FEED  400 /* of an encoded checkpoint or slot, at most */

static uint32_t hold_ms(const struct device *d) {
    return d->poll_ms * 5 / 2;
}

static const struct device *device_of(const struct aggregate *a, size_t device) {
    return &a->site->devices[device];
}

static struct feed_state *device_feed(struct aggregate *a, const struct device_state *s, int32_t i,
                                      const struct feed **ret_feed) {
    int32_t feed = a->feed_order[s->first_feed + i];
    *ret_feed = &a->site->feeds[feed];
    return &a->feeds[feed];
}

static void init_feed(struct aggregate *a, size_t i) {
    const struct feed *feed = &a->site->feeds[i];
    struct feed_state *s = &a->feeds[i];
    int32_t power = feed->power != SITE_NONE ? feed->power : feed->power_phase[0];
    counter_init(&s->counter[FEED_FORWARD], a->site, feed, feed->forward);
    counter_init(&s->counter[FEED_REVERSE], a->site, feed, feed->reverse);
    gauge_init(&s->power);
    s->kw_factor = (double)NAN;
    if (power != SITE_NONE)
        s->kw_factor = unit_kilo_factor(a->site->points[power].def->unit) * feed->power_sign;
    s->kw = s->soc_pct = (double)NAN;
    for (int p = 0; p < SLOT_OPEN_COUNT; p++)
        s->closed[p] =
            (struct feed_slot){.kwh = {(double)NAN, (double)NAN}, .quality = QUALITY_MISSING};
}

static int allocate(struct aggregate *a) {
    const struct site *site = a->site;
    size_t points_max = 1, feeds_max = 1;
    int32_t *group = calloc(2 * site->device_count + 1, sizeof *group);
    a->points = calloc(site->point_count + 1, sizeof *a->points);
    a->devices = calloc(site->device_count + 1, sizeof *a->devices);
    a->feeds = calloc(site->feed_count + 1, sizeof *a->feeds);
    a->feed_order = calloc(site->feed_count + 1, sizeof *a->feed_order);
    if (!group || !a->points || !a->devices || !a->feeds || !a->feed_order) {
        free(group);
        return ERR_NOMEM;
    }
    layout_group_feeds(site, a->feed_order, group, group + site->device_count);
    for (size_t d = 0; d < site->device_count; d++) {
        struct device_state *s = &a->devices[d];
        s->first_feed = group[d];
        s->feed_count = group[site->device_count + d];
        size_t points = site->devices[d].profile->point_count;
        points_max = points > points_max ? points : points_max;
        feeds_max = (size_t)s->feed_count > feeds_max ? (size_t)s->feed_count : feeds_max;
    }
    free(group);
    a->body_cap = 64 + points_max * BYTES_PER_POINT + feeds_max * 2 * BYTES_PER_FEED;
    a->body = malloc(a->body_cap);
    a->scratch = calloc(points_max, sizeof *a->scratch);
    return a->body && a->scratch ? ERR_OK : ERR_NOMEM;
}

int aggregate_init(struct aggregate *a, const struct site *site, int64_t layout, struct live *live,
                   const struct aggregate_sink *sink, ms_t minute) {
    *a = (struct aggregate){.site = site, .layout = layout, .live = live, .sink = *sink};
    if (allocate(a) < 0) {
        aggregate_fini(a);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < site->point_count; i++)
        gauge_init(&a->points[i]);
    for (size_t i = 0; i < site->device_count; i++) {
        a->devices[i].minute = slot_edge(SLOT_1M, minute);
        gauge_init(&a->devices[i].presence);
    }
    for (size_t i = 0; i < site->feed_count; i++)
        init_feed(a, i);
    return ERR_OK;
}

void aggregate_fini(struct aggregate *a) {
    free(a->points);
    free(a->devices);
    free(a->feeds);
    free(a->feed_order);
    free(a->scratch);
    free(a->body);
    memset(a, 0, sizeof *a);
}

static void report_counter(struct aggregate *a, const struct counter *c, ms_t at,
                           const struct counter_change *change) {
    const struct point_def *def = a->site->points[c->point].def;
    struct event_body e = {.object = a->site->points[c->point].id,
                           .severity = "warning",
                           .state = "raised",
                           .at = at,
                           .value = counter_register(c, change->new_count),
                           .threshold = counter_register(c, change->old_count),
                           .unit = def->unit};
    if (change->ratio_changed) {
        e.event = "ratio_change";
        e.note = "the ratio of the device changed; value: new ratio, threshold: old ratio; the "
                 "energy of this slot is the sum of both parts";
        e.value = c->multiplier;
        e.threshold = change->old_multiplier;
        e.unit = "";
        a->sink.event(a->sink.arg, &e);
    }
    e.value = counter_register(c, change->new_count);
    e.threshold = counter_register(c, change->old_count);
    e.unit = def->unit;
    switch (change->event) {
    case ENERGY_ROLLOVER:
        e.event = "counter_rollover";
        e.severity = "info";
        e.note = "the counter rolled over at its modulus; value: new register, threshold: old one";
        break;
    case ENERGY_RESET:
        e.event = "counter_reset";
        e.note = "the counter was reset or the meter exchanged; value: new register, threshold: "
                 "old one; energy counts on from the new one";
        break;
    case ENERGY_JUMP:
        e.event = "counter_jump";
        e.note = "the counter rose more than the rated power allows; value: new register, "
                 "threshold: old one; the step is not counted";
        break;
    case ENERGY_NONE:
    case ENERGY_FIRST:
    case ENERGY_GLITCH:
    case ENERGY_HELD:
        return;
    }
    a->sink.event(a->sink.arg, &e);
}

static void take_counter(struct aggregate *a, struct device_state *state, struct counter *c,
                         struct reading *r) {
    if (c->point == SITE_NONE)
        return;
    const struct device *d = device_of(a, r->device);
    size_t i = (size_t)c->point - d->point_base;
    const struct sample *s = &a->scratch[i];
    if (!quality_usable((enum quality)s->quality))
        return;
    if (a->replaying && c->energy.started && s->utc_ms <= c->energy.base_utc_ms)
        return;
    const struct point_def *def = &d->profile->points[i];
    bool conflict;
    struct counter_change change =
        counter_add(c, def, decode_raw(def, reading_registers(r) + def->image_offset),
                    decode_multiplier(d, r, i, &conflict), s->utc_ms, (ms_t)hold_ms(d));
    if (change.event == ENERGY_NONE && !change.ratio_changed)
        return;
    if (change.event != ENERGY_HELD)
        state->checkpoint = true;
    report_counter(a, c, s->utc_ms, &change);
}

/* The feed's power from the samples of its device: the total, else the sum of the phases. */
static struct sample feed_power(const struct aggregate *a, const struct device *d,
                                const struct feed *feed, double factor) {
    struct sample power = {.value = 0.0, .quality = QUALITY_GOOD};
    const int32_t *points = feed->power != SITE_NONE ? &feed->power : feed->power_phase;
    size_t count = feed->power != SITE_NONE ? 1 : 3;
    for (size_t i = 0; i < count; i++) {
        if (points[i] == SITE_NONE)
            continue;
        const struct sample *s = &a->scratch[(size_t)points[i] - d->point_base];
        power.value += s->value;
        power.utc_ms = s->utc_ms;
        power.quality =
            (uint8_t)quality_worst((enum quality)power.quality, (enum quality)s->quality);
    }
    power.value *= factor;
    return power;
}

static void take_feed(struct aggregate *a, struct device_state *state, struct feed_state *f,
                      const struct feed *feed, struct reading *r, bool late) {
    const struct device *d = device_of(a, r->device);
    if (!isnan(f->kw_factor)) {
        struct sample power = feed_power(a, d, feed, f->kw_factor);
        bool usable = quality_usable((enum quality)power.quality) && !isnan(power.value);
        f->kw = usable ? power.value : (double)NAN;
        f->kw_utc_ms = power.utc_ms;
        f->kw_quality = power.quality;
        if (!late)
            gauge_add(&f->power, state->minute, &power, hold_ms(d));
    }
    if (feed->soc != SITE_NONE) {
        const struct sample *soc = &a->scratch[(size_t)feed->soc - d->point_base];
        f->soc_pct = quality_usable((enum quality)soc->quality) ? soc->value : (double)NAN;
        f->soc_utc_ms = soc->utc_ms;
    }
    for (int i = 0; i < FEED_DIRECTIONS; i++)
        take_counter(a, state, &f->counter[i], r);
}

static void take_points(struct aggregate *a, const struct device_state *state,
                        const struct device *d, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct gauge *g = &a->points[d->point_base + i];
        const struct sample *s = &a->scratch[i];
        if (point_is_gauge(&d->profile->points[i])) {
            gauge_add(g, state->minute, s, hold_ms(d));
        } else { /* the last one counts */
            g->minute.last = s->value;
            g->minute.samples++;
            g->minute.worst = s->quality;
        }
    }
}

static void report_presence(struct aggregate *a, struct device_state *state, const struct device *d,
                            const struct reading *r, bool answered) {
    struct event_body e = {.object = d->id,
                           .severity = "warning",
                           .at = r->utc_ms,
                           .value = (double)NAN,
                           .threshold = (double)NAN};
    if (r->kind == READING_DOWN && !state->down) {
        state->down = true;
        e.event = "device_down";
        e.state = "raised";
        e.note = "the device does not answer; it is asked again at growing intervals";
        a->sink.event(a->sink.arg, &e);
    } else if (answered && state->down) {
        state->down = false;
        e.event = "device_up";
        e.severity = "info";
        e.state = "cleared";
        e.note = "the device answers again";
        a->sink.event(a->sink.arg, &e);
    }
}

static bool any_was_read(const struct sample *samples, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (samples[i].quality <= QUALITY_OUT_OF_RANGE)
            return true;
    return false;
}

void aggregate_reading(struct aggregate *a, struct reading *r) {
    struct device_state *state = &a->devices[r->device];
    const struct device *d = device_of(a, r->device);
    size_t n = decode_reading(d, r, a->scratch);
    a->samples += n;
    if (a->live && !a->replaying)
        live_put_samples(a->live, a->scratch, n);
    while (r->utc_ms >= state->minute + slot_ms(SLOT_1M))
        aggregate_close_minute(a, r->device);
    bool late = r->utc_ms < state->minute;
    bool answered = r->kind == READING_POLL && any_was_read(a->scratch, n);
    if (answered)
        state->answered_utc_ms = r->utc_ms;
    if (late) {
        a->late_samples += n;
    } else {
        struct sample presence = {.utc_ms = r->utc_ms,
                                  .value = 1.0,
                                  .quality = answered ? QUALITY_GOOD : QUALITY_MISSING};
        gauge_add(&state->presence, state->minute, &presence, hold_ms(d));
        take_points(a, state, d, n);
    }
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = device_feed(a, state, i, &feed);
        take_feed(a, state, f, feed, r, late);
    }
    report_presence(a, state, d, r, answered);
    if (state->checkpoint) {
        state->checkpoint = false;
        size_t bytes = aggregate_save(a, r->device, a->body, a->body_cap);
        a->sink.checkpoint(a->sink.arg, r->device, a->body, bytes);
    }
}
