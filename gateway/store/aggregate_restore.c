#include <string.h>

#include "base/err.h"
#include "store/aggregate.h"

/* Bytes of a checkpoint: u8 version, signed minute, varint feeds, then of each feed u8 which
 * counters it has and these counters. */
#define CHECKPOINT_VERSION 1
#define AHEAD_MAX_MS       (5 * MS_PER_MIN) /* further, its clock was not to be believed */

static unsigned counters_of(const struct feed_state *f) {
    return (unsigned)(f->counter[FEED_FORWARD].point != SITE_NONE) |
           (unsigned)(f->counter[FEED_REVERSE].point != SITE_NONE) << 1;
}

size_t aggregate_save(const struct aggregate *a, size_t device, uint8_t *out, size_t cap) {
    const struct device_state *state = &a->devices[device];
    struct pack p;
    pack_init(&p, out, cap);
    pack_u8(&p, CHECKPOINT_VERSION);
    pack_signed(&p, state->minute);
    pack_varint(&p, (uint64_t)state->feed_count);
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed_state *f = &a->feeds[a->feed_order[state->first_feed + i]];
        pack_u8(&p, counters_of(f));
        for (int k = 0; k < FEED_DIRECTIONS; k++)
            if (f->counter[k].point != SITE_NONE)
                counter_save(&f->counter[k], &p);
    }
    return p.len;
}

static void restore_feed(struct feed_state *f, ms_t saved_minute, ms_t minute, struct unpack *u) {
    for (int k = 0; k < FEED_DIRECTIONS && !u->bad; k++) {
        struct counter *c = &f->counter[k];
        if (c->point == SITE_NONE)
            continue;
        counter_restore(c, u);
        for (int p = 0; p < SLOT_OPEN_COUNT; p++) {
            enum slot_period period = (enum slot_period)p;
            if (slot_edge(period, saved_minute) != slot_edge(period, minute))
                counter_next_slot(c, period);
        }
    }
}

int aggregate_restore(struct aggregate *a, size_t device, const uint8_t *body, size_t n) {
    struct device_state *state = &a->devices[device];
    struct unpack u;
    unpack_init(&u, body, n);
    if (unpack_u8(&u) != CHECKPOINT_VERSION)
        return ERR_CORRUPT;
    ms_t minute = unpack_signed(&u);
    if (unpack_varint(&u) != (uint64_t)state->feed_count)
        return ERR_CORRUPT;
    if (minute > state->minute && minute - state->minute <= AHEAD_MAX_MS)
        state->minute = minute;
    for (int32_t i = 0; i < state->feed_count; i++) {
        struct feed_state *f = &a->feeds[a->feed_order[state->first_feed + i]];
        if (unpack_u8(&u) != counters_of(f))
            return ERR_CORRUPT;
        restore_feed(f, minute, state->minute, &u);
    }
    return u.bad ? ERR_CORRUPT : ERR_OK;
}

static void restore_power(struct feed_state *f, const struct record_device *d) {
    struct slot_point s = {.is_gauge = true,
                           .has_value = d->coverage > 0.0,
                           .mean = d->power_kw.avg,
                           .min = d->power_kw.min,
                           .max = d->power_kw.max,
                           .coverage = d->coverage,
                           .quality = d->quality};
    gauge_restore_minute(&f->power, &s);
}

int aggregate_restore_minute(struct aggregate *a, size_t device, ms_t start, const uint8_t *body,
                             size_t n) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    struct unpack u;
    unpack_init(&u, body, n);
    struct slot_head head;
    if (slot_read_head(&u, &head) < 0)
        return ERR_CORRUPT;
    if (head.layout != a->layout || head.feed_count != (size_t)state->feed_count)
        return ERR_OK; /* of another configuration: the quarter has less coverage */
    struct slot_point presence = {.is_gauge = true,
                                  .has_value = head.coverage > 0.0,
                                  .mean = 1.0,
                                  .min = 1.0,
                                  .max = 1.0,
                                  .coverage = head.coverage,
                                  .quality = head.quality};
    gauge_restore_minute(&state->presence, &presence);
    for (int32_t i = 0; i < state->feed_count && !u.bad; i++) {
        struct record_device feed;
        slot_read_feed(&u, start, &feed);
        if (!u.bad)
            restore_power(&a->feeds[a->feed_order[state->first_feed + i]], &feed);
    }
    size_t points = slot_read_point_count(&u);
    for (size_t i = 0; i < points && i < d->profile->point_count && !u.bad; i++) {
        bool gauge = point_is_gauge(&d->profile->points[i]);
        struct slot_point s;
        slot_read_point(&u, gauge, &s);
        if (gauge && !u.bad)
            gauge_restore_minute(&a->points[d->point_base + i], &s);
    }
    return u.bad ? ERR_CORRUPT : ERR_OK;
}

int aggregate_restore_closed(struct aggregate *a, size_t device, enum slot_period p, ms_t start,
                             const uint8_t *body, size_t n) {
    struct device_state *state = &a->devices[device];
    struct unpack u;
    unpack_init(&u, body, n);
    struct slot_head head;
    if (slot_read_head(&u, &head) < 0)
        return ERR_CORRUPT;
    if (head.layout != a->layout || head.feed_count != (size_t)state->feed_count)
        return ERR_OK; /* of another configuration: its record says less */
    state->covered[p] = head.coverage > 0.0;
    for (int32_t i = 0; i < state->feed_count; i++) {
        int32_t feed = a->feed_order[state->first_feed + i];
        enum feed_direction in = feed_import(a->site->feeds[feed].role);
        struct record_device d;
        slot_read_feed(&u, start, &d);
        if (u.bad)
            return ERR_CORRUPT;
        struct feed_slot *closed = &a->feeds[feed].closed[p];
        closed->kwh[in] = d.import_kwh;
        closed->kwh[!in] = d.export_kwh;
        closed->coverage = d.coverage;
        closed->quality = d.quality;
    }
    return ERR_OK;
}

static void take_over_points(struct aggregate *a, size_t device, const struct aggregate *old,
                             size_t old_device) {
    const struct device *d = &a->site->devices[device];
    const struct device *o = &old->site->devices[old_device];
    for (size_t i = 0; i < d->profile->point_count; i++)
        for (size_t k = 0; k < o->profile->point_count; k++)
            if (strcmp(a->site->points[d->point_base + i].id,
                       old->site->points[o->point_base + k].id) == 0)
                a->points[d->point_base + i] = old->points[o->point_base + k];
}

static void take_over_counter(struct counter *c, const struct counter *old) {
    if (c->point == SITE_NONE || old->point == SITE_NONE || c->is_float != old->is_float)
        return;
    c->energy = old->energy;
    c->multiplier = old->multiplier;
    memcpy(c->open, old->open, sizeof c->open);
}

static void take_over_feeds(struct aggregate *a, const struct aggregate *old) {
    for (size_t i = 0; i < a->site->feed_count; i++)
        for (size_t k = 0; k < old->site->feed_count; k++) {
            if (strcmp(a->site->feeds[i].id, old->site->feeds[k].id) != 0)
                continue;
            a->feeds[i].power = old->feeds[k].power;
            for (int dir = 0; dir < FEED_DIRECTIONS; dir++)
                take_over_counter(&a->feeds[i].counter[dir], &old->feeds[k].counter[dir]);
        }
}

void aggregate_take_over(struct aggregate *a, const struct aggregate *old) {
    for (size_t i = 0; i < a->site->device_count; i++)
        for (size_t k = 0; k < old->site->device_count; k++)
            if (strcmp(a->site->devices[i].id, old->site->devices[k].id) == 0) {
                a->devices[i].minute = old->devices[k].minute;
                a->devices[i].presence = old->devices[k].presence;
                a->devices[i].down = old->devices[k].down;
                take_over_points(a, i, old, k);
            }
    take_over_feeds(a, old);
}
