#include <math.h>
#include <string.h>

#include "base/err.h"
#include "store/aggregate.h"

/* Bytes of a checkpoint: u8 version, signed minute, the bend (from version 4 on: u8 whether there
 * is one, then label and from of each period and the floor, signed), varint counters, then these.
 */
#define CHECKPOINT_VERSION 4
#define CHECKPOINT_NO_BEND 3
#define AHEAD_MAX_MS       (5 * MS_PER_MIN) /* further, its clock was not to be believed */

/* The n-th counter of a device, whatever feed it belongs to; NULL beyond the last. */
static struct counter *device_counter(const struct aggregate *a, size_t device, size_t n) {
    for (int32_t i = 0; i < a->devices[device].feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        for (int k = 0; k < FEED_COUNTERS; k++) {
            struct counter *c = feed_counter_of(f, k);
            if (c && n-- == 0)
                return c;
        }
    }
    return NULL;
}

static void save_bend(const struct clock_bend *b, struct pack *p) {
    bool any = b->label[SLOT_1M] != INT64_MIN;
    pack_u8(p, any);
    for (int i = 0; any && i < SLOT_OPEN_COUNT; i++) {
        pack_signed(p, b->label[i]);
        pack_signed(p, b->from[i]);
    }
    if (any)
        pack_signed(p, b->gap_floor);
}

static void read_bend(struct clock_bend *b, struct unpack *u) {
    struct clock_bend read;
    if (!unpack_u8(u))
        return;
    for (int i = 0; i < SLOT_OPEN_COUNT; i++) {
        read.label[i] = unpack_signed(u);
        read.from[i] = unpack_signed(u);
    }
    read.gap_floor = unpack_signed(u);
    if (!u->bad)
        *b = read;
}

size_t aggregate_save(const struct aggregate *a, size_t device, uint8_t *out, size_t cap) {
    struct pack p;
    size_t n = 0;
    while (device_counter(a, device, n))
        n++;
    pack_init(&p, out, cap);
    pack_u8(&p, CHECKPOINT_VERSION);
    pack_signed(&p, a->devices[device].minute);
    save_bend(&a->bend, &p);
    pack_varint(&p, n);
    for (size_t i = 0; i < n; i++)
        counter_save(device_counter(a, device, i), &p);
    return p.len;
}

void aggregate_checkpoint(struct aggregate *a, size_t device) {
    size_t n = aggregate_save(a, device, a->body, a->body_cap);
    a->sink.checkpoint(a->sink.arg, device, a->body, n);
}

static struct counter *find_counter(const struct aggregate *a, size_t device, uint64_t name) {
    struct counter *c;
    for (size_t i = 0; (c = device_counter(a, device, i)) != NULL; i++)
        if (c->name == name)
            return c;
    return NULL;
}

/* Slots that ended between the checkpoint and now are behind the counter. */
static void restore_counter(struct counter *c, const struct counter_saved *saved, ms_t saved_minute,
                            ms_t minute, ms_t from) {
    counter_take_over(c, saved);
    for (int p = 0; p < SLOT_OPEN_COUNT; p++) {
        enum slot_period period = (enum slot_period)p;
        if (slot_edge(period, saved_minute) != slot_edge(period, minute))
            counter_skip(c, period, slot_edge(period, minute));
    }
    counter_stand_at(c, from, minute + slot_ms(SLOT_1M));
}

int aggregate_restore(struct aggregate *a, size_t device, const uint8_t *body, size_t n) {
    struct device_state *state = &a->devices[device];
    struct unpack u;
    unpack_init(&u, body, n);
    unsigned version = unpack_u8(&u);
    if (version != CHECKPOINT_VERSION && version != CHECKPOINT_NO_BEND)
        return ERR_VERSION;
    ms_t minute = unpack_signed(&u);
    if (version == CHECKPOINT_VERSION)
        read_bend(&a->bend, &u);
    uint64_t counters = unpack_varint(&u);
    if (u.bad)
        return ERR_CORRUPT;
    if (minute > state->minute && minute - state->minute <= AHEAD_MAX_MS) {
        state->minute = minute;
        state->taken = true; /* by a reading that closed what was before it */
    }
    for (uint64_t i = 0; i < counters; i++) {
        struct counter_saved saved;
        counter_read_saved(&saved, &u);
        if (u.bad)
            return ERR_CORRUPT;
        struct counter *c = find_counter(a, device, saved.counter.name);
        if (c) /* else the configuration has it no more */
            restore_counter(c, &saved, minute, state->minute,
                            aggregate_from(a, SLOT_1M, state->minute));
    }
    return ERR_OK;
}

/* What the minute knew of a feed goes into its open quarter; the counters have it from the
 * checkpoint.
 */
static void restore_feed_minute(struct feed_state *f, const struct feed_slot *s) {
    struct slot_point power = {.is_gauge = true,
                               .has_value = s->coverage > 0.0 && !isnan(s->power_kw.avg),
                               .mean = s->power_kw.avg,
                               .min = s->power_kw.min,
                               .max = s->power_kw.max,
                               .first = s->power_kw.avg,
                               .last = s->power_kw.avg,
                               .coverage = s->coverage,
                               .quality = s->quality};
    gauge_restore_minute(&f->power, &power);
    for (int k = 0; k < FEED_DIRECTIONS; k++)
        if (s->method == METHOD_INTEGRATED && s->counter[k].known)
            f->run.mark[SLOT_15M][k] -= counter_slot_amount(&s->counter[k]);
    for (int q = 0; q < 4 && f->supply && !f->reactive; q++)
        if (s->counter[FEED_Q1 + q].known)
            f->supply->kvarh_mark[SLOT_15M][q] -= counter_slot_amount(&s->counter[FEED_Q1 + q]);
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
                                  .first = 1.0,
                                  .last = 1.0,
                                  .coverage = head.coverage,
                                  .quality = head.quality};
    gauge_restore_minute(&state->presence, &presence);
    for (int32_t i = 0; i < state->feed_count && !u.bad; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        struct feed_slot slot;
        slot_read_feed(&u, &head, start, feed->role, &slot);
        if (!u.bad)
            restore_feed_minute(f, &slot);
    }
    size_t points = slot_read_point_count(&u);
    for (size_t i = 0; i < points && i < d->profile->point_count && !u.bad; i++) {
        bool gauge = point_is_gauge(&d->profile->points[i]);
        struct slot_point s;
        slot_read_point(&u, &head, gauge, &s);
        if (gauge && !u.bad)
            gauge_restore_minute(&a->points[d->point_base + i], &s);
    }
    return u.bad ? ERR_CORRUPT : ERR_OK;
}

/* ---- another configuration -------------------------------------------------------------- */

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
    if (!c || !old)
        return;
    const struct counter_saved from = {*old, counter_unit(old)};
    counter_take_over(c, &from);
}

static void take_over_feed(struct feed_state *f, struct feed_state *old) {
    f->power = old->power;
    f->run = old->run;
    f->kw = old->kw;
    f->kw_utc_ms = old->kw_utc_ms;
    f->kw_quality = old->kw_quality;
    for (int k = 0; k < FEED_COUNTERS; k++)
        take_over_counter(feed_counter_of(f, k), feed_counter_of(old, k));
    if (!f->supply || !old->supply)
        return;
    struct supply fresh = *f->supply;
    *f->supply = *old->supply;
    f->supply->points = fresh.points;
    f->supply->rated_kva = fresh.rated_kva;
    if (!f->supply->voltage.dips.lasts) /* its ratio may be another one now */
        memcpy(f->supply->voltage.nominal, fresh.voltage.nominal, sizeof fresh.voltage.nominal);
}

void aggregate_take_over(struct aggregate *a, const struct aggregate *old) {
    a->bend = old->bend;
    for (size_t i = 0; i < a->site->device_count; i++)
        for (size_t k = 0; k < old->site->device_count; k++)
            if (strcmp(a->site->devices[i].id, old->site->devices[k].id) == 0) {
                a->devices[i].minute = old->devices[k].minute;
                a->devices[i].taken = old->devices[k].taken;
                a->devices[i].presence = old->devices[k].presence;
                a->devices[i].down = old->devices[k].down;
                a->devices[i].answered_utc_ms = old->devices[k].answered_utc_ms;
                take_over_points(a, i, old, k);
            }
    for (size_t i = 0; i < a->site->feed_count; i++)
        for (size_t k = 0; k < old->site->feed_count; k++)
            if (strcmp(a->site->feeds[i].id, old->site->feeds[k].id) == 0)
                take_over_feed(&a->feeds[i], &old->feeds[k]);
}
