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

static int write_slot(struct aggregate *a, size_t device, enum slot_period p, ms_t start,
                      ms_t end) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    struct pack out;
    pack_init(&out, a->body, a->body_cap);
    struct slot_point presence = gauge_result(&state->presence, p);
    slot_write_head(&out, &(struct slot_head){.layout = a->layout,
                                              .coverage = presence.coverage,
                                              .quality = presence.quality,
                                              .feed_count = (size_t)state->feed_count});
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        feed_close(&out, f, p, start, end, &presence);
    }
    slot_write_point_count(&out, d->profile->point_count);
    for (size_t i = 0; i < d->profile->point_count; i++) {
        size_t point = d->point_base + i;
        bool gauge = point_is_gauge(&d->profile->points[i]);
        struct slot_point s = gauge ? gauge_result(&a->points[point], p) : last_value(a, point);
        slot_write_point(&out, &s);
    }
    int err = a->sink.slot(a->sink.arg, p, start, device, out.data, out.len);
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        if (err < 0)
            feed_skip(f, p, end);
        else
            feed_next_slot(f, p, end);
    }
    return err;
}

void aggregate_close_minute(struct aggregate *a, size_t device) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    ms_t start = state->minute, end = start + slot_ms(SLOT_1M);
    struct gauge *points = &a->points[d->point_base];
    gauge_close_minute(&state->presence, start);
    for (size_t i = 0; i < d->profile->point_count; i++)
        if (point_is_gauge(&d->profile->points[i]))
            gauge_close_minute(&points[i], start);
    for (int32_t i = 0; i < state->feed_count; i++) {
        const struct feed *feed;
        struct feed_state *f = aggregate_feed(a, device, i, &feed);
        gauge_close_minute(&f->power, start);
        if (f->supply)
            supply_advance(f->supply, end);
    }
    bool kept = write_slot(a, device, SLOT_1M, start, end) == ERR_OK;
    if (end % slot_ms(SLOT_15M) == 0)
        kept = write_slot(a, device, SLOT_15M, end - slot_ms(SLOT_15M), end) == ERR_OK || kept;
    aggregate_skip_to(a, device, end);
    if (kept) /* else the checkpoint before says all that was written */
        aggregate_checkpoint(a, device);
}

void aggregate_close_quarter(struct aggregate *a, size_t device) {
    ms_t minute = a->devices[device].minute;
    write_slot(a, device, SLOT_15M, slot_edge(SLOT_15M, minute), minute);
}

static void next(struct gauge *g, bool new_quarter) {
    gauge_next_minute(g);
    if (new_quarter)
        gauge_next_quarter(g);
}

void aggregate_skip_to(struct aggregate *a, size_t device, ms_t minute) {
    struct device_state *state = &a->devices[device];
    const struct device *d = &a->site->devices[device];
    bool new_quarter = slot_edge(SLOT_15M, minute) != slot_edge(SLOT_15M, state->minute);
    bool leap = minute != state->minute + slot_ms(SLOT_1M);
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
