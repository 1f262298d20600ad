/* A link with simulated devices and simulated time, for tests of the link state machine: nothing
 * sleeps, an hour passes in milliseconds. Include in one program only. */
#ifndef BUSBAR_TESTS_LINK_WORLD_H
#define BUSBAR_TESTS_LINK_WORLD_H

#include <string.h>

#include "base/err.h"
#include "poll/link_fsm.h"

#define WORLD_DEVICES 100
#define WORLD_POINTS  8
#define WORLD_SENDS   400000
#define MS            ((us_t)US_PER_MS)
#define SEC           ((us_t)US_PER_S)
/* Monotonic zero of the world is 0.4 s after a full second of UTC. */
#define WORLD_UTC_AHEAD (1763900000 * SEC + 400 * MS)

enum behaviour { ANSWERS, IS_SILENT, REFUSES, GARBLES, RESETS };

struct actor {
    enum behaviour how;
    uint8_t exception;    /* REFUSES */
    uint16_t no_register; /* answers exception 2 to reads that touch it; 0xFFFF = none */
    enum behaviour rare;  /* of reads beyond the points */
    us_t latency;
};

struct send {
    us_t at;
    us_t deadline;
    size_t device;
    bool rare;
    struct pdu_read read;
};

struct world {
    struct link_fsm fsm;
    struct poll_device devices[WORLD_DEVICES];
    struct actor actors[WORLD_DEVICES];
    struct plan_part parts[WORLD_DEVICES][WORLD_POINTS];
    struct plan_request requests[WORLD_DEVICES][WORLD_POINTS];
    struct point_def points[WORLD_POINTS];
    struct device_profile profile;
    us_t now, utc_ahead;
    bool refuse_connects, swallow_connects, deaf; /* deaf: late replies are not delivered */
    bool open;
    us_t opening_until, reply_at, late_at;
    struct link_ask late_ask;
    size_t opens, closes, send_count, early; /* early: sent before the silence was over */
    us_t last_byte;
    size_t polls_good[WORLD_DEVICES], polls_cut[WORLD_DEVICES], polls_failed[WORLD_DEVICES];
    size_t downs[WORLD_DEVICES], still[WORLD_DEVICES], ups[WORLD_DEVICES];
    size_t timeouts, lates, holes, rare_failed, link_downs, link_ups;
    us_t first_good[WORLD_DEVICES], down_at[WORLD_DEVICES];
    int last_reason;
    struct send sends[WORLD_SENDS];
};

static inline struct moment world_moment(const struct world *w) {
    return (struct moment){w->now, w->utc_ahead};
}

static inline void world_event(void *arg, enum link_event event, size_t i, int reason, us_t now) {
    struct world *w = arg;
    if (reason < 0)
        w->last_reason = reason;
    switch (event) {
    case LINK_EVENT_POLL_BEGIN:
        break;
    case LINK_EVENT_POLL_END:
        if (reason < 0) {
            w->polls_cut[i]++;
        } else if (w->polls_good[i]++ == 0) {
            w->first_good[i] = now;
        }
        break;
    case LINK_EVENT_POLL_FAILED:
        w->polls_failed[i]++;
        break;
    case LINK_EVENT_TIMEOUT:
        w->timeouts++;
        break;
    case LINK_EVENT_LATE:
        w->lates++;
        break;
    case LINK_EVENT_HOLE:
        w->holes++;
        break;
    case LINK_EVENT_RARE_FAILED:
        w->rare_failed++;
        break;
    case LINK_EVENT_DEVICE_DOWN:
        w->downs[i]++;
        w->down_at[i] = now;
        break;
    case LINK_EVENT_STILL_DOWN:
        w->still[i]++;
        break;
    case LINK_EVENT_DEVICE_UP:
        w->ups[i]++;
        break;
    case LINK_EVENT_LINK_DOWN:
        w->link_downs++;
        break;
    case LINK_EVENT_LINK_UP:
        w->link_ups++;
        break;
    }
}

/* n devices of `points` single registers; all answer after 5 ms. */
static inline void world_init(struct world *w, enum link_kind kind, size_t n, size_t points,
                              us_t poll_us, us_t timeout_us) {
    memset(w, 0, sizeof *w);
    w->now = 1000 * SEC;
    w->utc_ahead = WORLD_UTC_AHEAD;
    w->opening_until = w->reply_at = w->late_at = LINK_NEVER;
    w->last_byte = -SEC;
    w->profile.points = w->points;
    w->profile.point_count = points;
    w->profile.limits = (struct read_limits){125, 0, 1};
    for (size_t p = 0; p < points; p++) {
        w->points[p].function = 3;
        w->points[p].registers = 1;
        w->points[p].register_no = (uint16_t)p;
    }
    for (size_t i = 0; i < n; i++) {
        w->actors[i].latency = 5 * MS;
        w->actors[i].no_register = UINT16_MAX;
        struct poll_device *d = &w->devices[i];
        d->poll_us = poll_us;
        d->timeout_us = timeout_us;
        d->profile = &w->profile;
        d->cost = kind == LINK_RTU ? link_cost_serial(19200, 0) : link_cost_tcp(0);
        d->unit = (uint8_t)(i + 1);
        (void)plan_build(&w->profile, d->cost, &d->plan, w->parts[i], w->requests[i], WORLD_POINTS);
    }
    struct link_settings set = {
        .kind = kind,
        .connect_timeout_us = SEC,
        .silence_us = kind == LINK_RTU ? 2006 : 0,
        .drain_us = kind == LINK_TCP ? 0 : 22 * MS,
        .on_event = world_event,
        .arg = w,
        .random = 99,
    };
    link_fsm_init(&w->fsm, &set, w->devices, n, world_moment(w));
}

/* What the device makes of the request in flight, at the moment of its reply. */
static inline void world_reply(struct world *w) {
    const struct link_ask *ask = &w->fsm.ask;
    const struct actor *a = &w->actors[ask->device];
    enum behaviour how = a->how;
    struct moment m = world_moment(w);
    w->reply_at = LINK_NEVER;
    w->last_byte = w->now;
    if (w->fsm.rare)
        how = a->rare;
    if (how == RESETS)
        link_fsm_lost(&w->fsm, m, ERR_CLOSED);
    else if (how == GARBLES)
        link_fsm_bad_frame(&w->fsm, m, w->fsm.set.drain_us == 0 ? ERR_UNIT : ERR_CRC);
    else if (how == REFUSES)
        link_fsm_exception(&w->fsm, m, a->exception);
    else if (a->no_register >= ask->read.start &&
             a->no_register < ask->read.start + ask->read.count)
        link_fsm_exception(&w->fsm, m, 2);
    else
        link_fsm_reply(&w->fsm, m);
}

static inline void world_send(struct world *w) {
    const struct link_ask *ask = &w->fsm.ask;
    if (w->send_count < WORLD_SENDS)
        w->sends[w->send_count++] =
            (struct send){w->now, ask->deadline, ask->device, w->fsm.rare, ask->read};
    if (w->now - w->last_byte < w->fsm.set.silence_us)
        w->early++;
    const struct actor *a = &w->actors[ask->device];
    if (a->how == IS_SILENT || (w->fsm.rare && a->rare == IS_SILENT))
        return;
    us_t at = w->now + w->actors[ask->device].latency;
    if (at < ask->deadline) {
        w->reply_at = at;
    } else if (!w->deaf) {
        w->late_at = at;
        w->late_ask = *ask;
    }
}

static inline void world_late(struct world *w) {
    w->late_at = LINK_NEVER;
    const struct link_ask *ask = w->fsm.set.drain_us == 0
                                     ? link_fsm_given_up(&w->fsm, w->late_ask.transaction)
                                     : link_fsm_given_up_last(&w->fsm);
    if (ask != NULL)
        link_fsm_late(&w->fsm, world_moment(w), ask);
    if (w->fsm.set.drain_us != 0)
        link_fsm_noise(&w->fsm, world_moment(w));
}

static inline void world_opening(struct world *w) {
    w->opening_until = LINK_NEVER;
    if (w->refuse_connects) {
        link_fsm_open_failed(&w->fsm, world_moment(w), ERR_REFUSED);
    } else {
        w->open = true;
        link_fsm_opened(&w->fsm, world_moment(w));
    }
}

static inline void world_order(struct world *w, enum link_order order) {
    switch (order) {
    case LINK_OPEN:
        w->opens++;
        if (!w->swallow_connects)
            w->opening_until = w->now + MS;
        break;
    case LINK_SEND:
        world_send(w);
        break;
    case LINK_CLOSE:
        w->closes++;
        w->open = false;
        w->opening_until = w->reply_at = w->late_at = LINK_NEVER;
        break;
    case LINK_WAIT:
    case LINK_QUEUE:
        break;
    }
}

static inline void world_run(struct world *w, us_t until) {
    while (w->now < until) {
        us_t wake;
        enum link_order order = link_fsm_next(&w->fsm, world_moment(w), true, &wake);
        if (order != LINK_WAIT) {
            world_order(w, order);
            continue;
        }
        us_t next = wake < until ? wake : until;
        next = w->opening_until < next ? w->opening_until : next;
        next = w->reply_at < next ? w->reply_at : next;
        next = w->late_at < next ? w->late_at : next;
        if (next > w->now)
            w->now = next;
        if (w->now == w->opening_until)
            world_opening(w);
        else if (w->now == w->reply_at)
            world_reply(w);
        else if (w->now == w->late_at)
            world_late(w);
    }
}

/* Good polls a second of device i from now until now + length. */
static inline double world_rate(struct world *w, size_t i, us_t length) {
    size_t before = w->polls_good[i];
    world_run(w, w->now + length);
    return (double)(w->polls_good[i] - before) * 1e6 / (double)length;
}

static inline double world_slowest(struct world *w, us_t length) {
    size_t before[WORLD_DEVICES];
    memcpy(before, w->polls_good, sizeof before);
    world_run(w, w->now + length);
    double slowest = 1e9;
    for (size_t i = 0; i < w->fsm.device_count; i++) {
        double rate = (double)(w->polls_good[i] - before[i]) * 1e6 / (double)length;
        if (w->actors[i].how == ANSWERS && rate < slowest)
            slowest = rate;
    }
    return slowest;
}

#endif
