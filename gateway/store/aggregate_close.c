#include <math.h>

#include "base/err.h"
#include "store/aggregate.h"

static struct slot_point last_value(const struct aggregate *a, size_t point) {
    const struct window *w = &a->points[point].minute;
    return (struct slot_point){.has_value = w->samples > 0 && !isnan(w->last),
                               .last = w->last,
                               .coverage = w->samples > 0 ? 1.0 : 0.0,
                               .quality =
                                   w->samples > 0 ? (enum quality)w->worst : QUALITY_MISSING};
}

static int write_slot(struct aggregate *a, size_t device, enum slot_period p,
                      const struct slot_extent *e) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    struct pack out;
    pack_init(&out, a->body, a->body_cap);
    struct slot_point presence = gauge_result(&state->presence, p, e->length_ms);
    if (e->stepped)
        presence.quality = quality_worst(presence.quality, QUALITY_CLOCK_SUSPECT);
    slot_write_head(&out, &(struct slot_head){.layout = a->layout,
                                              .coverage = presence.coverage,
                                              .quality = presence.quality,
                                              .feed_count = (size_t)state->feed_count});
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        feed_close(&out, f, p, e, &presence);
    }
    slot_write_point_count(&out, d->profile->point_count);
    for (size_t i = 0; i < d->profile->point_count; i++) {
        size_t point = d->point_base + i;
        bool gauge = point_is_gauge(&d->profile->points[i]);
        struct slot_point s =
            gauge ? gauge_result(&a->points[point], p, e->length_ms) : last_value(a, point);
        slot_write_point(&out, &s);
    }
    int err = a->sink.slot(a->sink.arg, p, e->label, device, out.data, out.len);
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        if (err < 0)
            feed_skip(f, p, e->to);
        else
            feed_next_slot(f, p, e->to);
    }
    return err;
}

/* Up to its end, or cut short at `to` by a step of the clock. */
static struct slot_extent extent_of(const struct aggregate *a, enum slot_period p, ms_t minute,
                                    ms_t to) {
    struct slot_extent e = {.label = slot_edge(p, minute), .to = to};
    e.from = aggregate_from(a, p, e.label);
    e.length_ms = to - e.from;
    e.stepped = e.label == a->bend.label[p] || to % slot_ms(SLOT_1M) != 0;
    return e;
}

/* Writes the open minute, and the quarter if it ends with it. */
static bool write_open(struct aggregate *a, size_t device, ms_t to, bool quarter) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    const struct slot_extent minute = extent_of(a, SLOT_1M, state->minute, to);
    const struct slot_extent whole = extent_of(a, SLOT_15M, state->minute, to);
    struct gauge *points = &a->points[d->point_base];
    gauge_close_minute(&state->presence, minute.from, to);
    for (size_t i = 0; i < d->profile->point_count; i++)
        if (point_is_gauge(&d->profile->points[i]))
            gauge_close_minute(&points[i], minute.from, to);
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        gauge_close_minute(&f->power, minute.from, to);
        if (f->supply)
            supply_advance(f->supply, to);
    }
    bool kept = write_slot(a, device, SLOT_1M, &minute) == ERR_OK;
    if (quarter)
        kept = write_slot(a, device, SLOT_15M, &whole) == ERR_OK || kept;
    return kept;
}

void aggregate_close_quarter(struct aggregate *a, size_t device) {
    ms_t minute = a->devices[device].minute;
    struct slot_extent e = extent_of(a, SLOT_15M, minute, minute);
    e.length_ms = e.label + slot_ms(SLOT_15M) - e.from;
    write_slot(a, device, SLOT_15M, &e);
}

static void next(struct gauge *g, bool new_quarter) {
    gauge_next_minute(g);
    if (new_quarter)
        gauge_next_quarter(g);
}

/* leap: nothing is known of the time between. */
static void enter(struct aggregate *a, size_t device, ms_t minute, bool leap) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    bool new_quarter = slot_edge(SLOT_15M, minute) != slot_edge(SLOT_15M, state->minute);
    state->minute = minute;
    state->taken = false;
    next(&state->presence, new_quarter);
    for (size_t i = 0; i < d->profile->point_count; i++) {
        struct gauge *g = &a->points[d->point_base + i];
        next(g, new_quarter);
        if (leap)
            g->hold.held = 0;
    }
    if (leap)
        state->presence.hold.held = 0;
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        next(&f->power, new_quarter);
        if (leap)
            feed_leap(f, minute, new_quarter);
    }
    if (leap) /* the quarter that was left may have been written */
        aggregate_checkpoint(a, device);
}

void aggregate_skip_to(struct aggregate *a, size_t device, ms_t minute) {
    enter(a, device, minute, minute != a->devices[device].minute + slot_ms(SLOT_1M));
}

void aggregate_close_minute(struct aggregate *a, size_t device) {
    ms_t end = a->devices[device].minute + slot_ms(SLOT_1M);
    bool kept = write_open(a, device, end, end % slot_ms(SLOT_15M) == 0);
    enter(a, device, end, false);
    if (kept) /* else the checkpoint before says all that was written */
        aggregate_checkpoint(a, device);
}

void aggregate_leave(struct aggregate *a, size_t device, ms_t at, bool minute, bool quarter,
                     ms_t next_minute) {
    if (minute)
        write_open(a, device, at, quarter);
    else if (quarter)
        aggregate_close_quarter(a, device);
    enter(a, device, next_minute, false);
}
