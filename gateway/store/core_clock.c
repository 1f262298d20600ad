/* Which time the core keeps: the wall clock's, once it can be believed. Until then readings are
 * held; then they are stamped by the offset that is known now. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "base/err.h"
#include "store/core.h"
#include "store/held.h"
#include "sys/log.h"

#define WAIT_MAX_US  (10 * 60 * US_PER_S)
#define GIVE_AT_ONCE 20000 /* readings of a second; a commit lies between */

/* What is stored ends with the open minute; a store without records ends where it began. */
static bool is_early(const struct core *c, ms_t utc_ms) {
    return c->clock == CLOCK_UNSYNCED && clock_is_early(utc_ms, c->minute);
}

int core_start(struct core *c, const struct clock_seen *seen, enum clock_sync state,
               uint64_t boot) {
    int64_t waiting = 0, lost = 0;
    ms_t now_ms = floor_div(seen->utc_us, US_PER_MS);
    c->boot = boot;
    c->clock = state;
    c->wait_from_us = seen->mono_us;
    int err = held_open(c->writer, boot, &waiting, &lost);
    if (err < 0)
        return err;
    if (lost > 0)
        log_warn("store %s: %" PRId64 " readings of an earlier boot, which never knew the time, "
                 "cannot be dated and are dropped; their energy is in the registers",
                 c->writer->path, lost);
    c->waits = waiting > 0 || is_early(c, now_ms);
    if (!c->waits)
        core_begin(c, now_ms);
    else if (is_early(c, now_ms))
        log_warn("the clock is not synchronised and shows a time before what is stored: readings "
                 "are held until it is set, for 10 min at most; check NTP");
    return ERR_OK;
}

static void tell_step(struct core *c, const struct clock_step *s) {
    ms_t from = floor_div(s->from_us, US_PER_MS), to = floor_div(s->to_us, US_PER_MS);
    if (c->waits)
        core_tell_step(c, from, to, "readings since then are stamped anew");
    else
        core_step(c, from, to);
}

/* The clock will not be set: time goes on from the end of what is stored. */
static void give_up(struct core *c, const struct clock_seen *seen) {
    ms_t newest = c->minute > CLOCK_EARLIEST_MS ? c->minute : CLOCK_EARLIEST_MS;
    us_t waited = seen->mono_us - c->wait_from_us;
    log_warn("the clock was not set within 10 min: time goes on from the end of what is stored; "
             "its records say unsynced; set the clock or check NTP");
    c->track.lag_us = newest * US_PER_MS + waited - seen->utc_us;
}

ms_t core_see(struct core *c, const struct clock_seen *seen, enum clock_sync state,
              double offset_ms) {
    struct clock_step step;
    core_set_clock(c, state, offset_ms);
    bool stepped = clock_track_see(&c->track, seen, &step);
    if (stepped)
        tell_step(c, &step);
    if (c->waits && !c->dated) {
        c->dated = !is_early(c, floor_div(seen->utc_us, US_PER_MS));
        if (!c->dated && seen->mono_us - c->wait_from_us > WAIT_MAX_US) {
            give_up(c, seen);
            c->dated = true;
        }
    }
    return clock_track_ms(&c->track, seen->mono_us);
}

/* The first of them: books without a record begin with it. */
static void begin_with(struct core *c, ms_t t) {
    ms_t last;
    if (c->begun)
        return;
    if (!writer_last_start(c->writer, slot_code(SLOT_1M), &last)) {
        c->minute = slot_edge(SLOT_1M, t);
        for (size_t i = 0; i < c->site->device_count; i++)
            aggregate_skip_to(&c->aggregate, i, c->minute);
    }
    core_begin(c, t);
}

static void take(void *arg, struct reading *r) {
    struct core *c = arg;
    const struct device_profile *p =
        r->device < c->site->device_count ? c->site->devices[r->device].profile : NULL;
    if (!p || r->point_count != p->point_count || r->register_count != p->image_registers)
        return; /* of another configuration */
    r->utc_ms = clock_track_ms(&c->track, r->mono_us);
    begin_with(c, r->utc_ms);
    core_take(c, r);
    c->given_ms = r->utc_ms;
}

void core_give_held(struct core *c, ms_t now_ms) {
    int64_t last = 0;
    if (!c->dated || held_give(c->writer, GIVE_AT_ONCE, take, c, &last) < 0)
        return;
    int64_t left = 0;
    if (held_left(c->writer, last, &left) < 0)
        return;
    if (left > 0) {
        held_done(c->writer, last);
        core_flush(c);
        return;
    }
    held_give_pending(c->writer, take, c);
    held_done(c->writer, INT64_MAX);
    begin_with(c, now_ms);
    c->waits = false;
}
