#include "poll/link_choose.h"

#define SETTLE_MARGIN_US       2000
#define TCP_WINDOW_US          10000  /* a probe shorter than this proves nothing */
#define BRIDGE_WINDOW_US       200000 /* RTU over TCP: the speed of the line behind is unknown */
#define SERIAL_EXTRA_US        30000  /* beyond the time on the wire */
#define PROBE_STARVED_TIMEOUTS 20 /* a line that never has room gives a probe 1/20 of its time */

struct scan {
    size_t healthy, probe; /* with the earliest due time, of each kind */
    us_t healthy_due, probe_due;
    us_t proven_due; /* of the devices that are up */
};

static us_t min_us(us_t a, us_t b) {
    return a < b ? a : b;
}

static us_t max_us(us_t a, us_t b) {
    return a > b ? a : b;
}

static struct scan scan_devices(const struct link_fsm *f) {
    struct scan s = {LINK_NO_DEVICE, LINK_NO_DEVICE, LINK_NEVER, LINK_NEVER, LINK_NEVER};
    us_t began = LINK_NEVER;
    for (size_t i = 0; i < f->device_count; i++) {
        const struct poll_device *d = &f->devices[i];
        if (d->probe) {
            if (d->due < s.probe_due) {
                s.probe_due = d->due;
                s.probe = i;
            }
            continue;
        }
        if (d->due < s.healthy_due || (d->due == s.healthy_due && d->began < began)) {
            s.healthy_due = d->due;
            s.healthy = i;
            began = d->began;
        }
        if (d->state == DEVICE_UP && d->due < s.proven_due)
            s.proven_due = d->due;
    }
    return s;
}

us_t link_healthy_due(const struct link_fsm *f) {
    return scan_devices(f).healthy_due;
}

us_t link_any_due(const struct link_fsm *f) {
    struct scan s = scan_devices(f);
    return min_us(s.healthy_due, s.probe_due);
}

us_t link_settle_us(const struct link_fsm *f) {
    return f->set.drain_us + SETTLE_MARGIN_US;
}

/* The shortest time in which the device could answer a request that takes cost_us on the wire. */
static us_t answer_us(const struct link_fsm *f, const struct poll_device *d, uint32_t cost_us) {
    us_t window = TCP_WINDOW_US;
    if (f->set.kind == LINK_RTU_OVER_TCP)
        window = BRIDGE_WINDOW_US;
    if (f->set.kind == LINK_RTU)
        window = cost_us + SERIAL_EXTRA_US;
    return min_us(window, d->timeout_us) + d->gap_us;
}

/* The same of its first request. */
static us_t window_us(const struct link_fsm *f, const struct poll_device *d) {
    return answer_us(f, d, d->plan.request_count > 0 ? d->plan.requests[0].cost_us : 0);
}

/* The deadline limit that keeps the tick at due free, LINK_NEVER without one, or 0: no room for
 * window. */
static us_t cap_before(const struct link_fsm *f, us_t window, us_t due, us_t now) {
    if (due == LINK_NEVER)
        return LINK_NEVER;
    us_t cap = due - link_settle_us(f);
    return cap >= now + window ? cap : 0;
}

/* The rare read that is due first, of a device that answers. */
static size_t first_rare(const struct link_fsm *f, us_t *ret_due) {
    size_t first = LINK_NO_DEVICE;
    *ret_due = LINK_NEVER;
    for (size_t i = 0; i < f->device_count; i++) {
        const struct poll_device *d = &f->devices[i];
        if (d->state == DEVICE_UP && !d->probe && d->rare.due < *ret_due) {
            *ret_due = d->rare.due;
            first = i;
        }
    }
    return first;
}

/* Chooses a rare read that has its time before the next poll, or has waited too long for that; else
 * says when to look again. */
static bool choose_rare(const struct link_fsm *f, us_t healthy_due, us_t now,
                        struct link_choice *c) {
    us_t due;
    size_t i = first_rare(f, &due);
    if (i == LINK_NO_DEVICE)
        return false;
    const struct poll_device *d = &f->devices[i];
    us_t ready = max_us(due, f->rare_after), forced = max_us(due + RARE_STARVED_US, ready);
    us_t cap = now >= forced ? LINK_NEVER : 0;
    if (cap == 0 && now >= ready && healthy_due > now) {
        us_t known = min_us(2 * d->pace, d->timeout_us); /* as long as it has lately taken */
        us_t window = answer_us(f, d, link_cost_read_us(d->cost, &d->rare.read));
        cap = cap_before(f, max_us(window, known + d->gap_us), healthy_due, now);
    }
    if (cap == 0) {
        c->wake = min_us(c->wake, ready > now ? ready : forced);
        return false;
    }
    *c = (struct link_choice){.device = i, .rare = true, .cap = cap};
    return true;
}

struct link_choice link_choose(const struct link_fsm *f, us_t now) {
    struct scan s = scan_devices(f);
    struct link_choice c = {.device = LINK_NO_DEVICE, .cap = LINK_NEVER, .wake = s.healthy_due};
    if (s.probe != LINK_NO_DEVICE) {
        const struct poll_device *d = &f->devices[s.probe];
        us_t ready = max_us(s.probe_due, f->probe_after);
        us_t forced = max_us(s.probe_due, f->probed_at) + PROBE_STARVED_TIMEOUTS * d->timeout_us;
        if (now >= forced) {
            c.device = s.probe;
            return c;
        }
        if (now >= ready && s.healthy_due > now) {
            us_t cap = cap_before(f, window_us(f, d), s.healthy_due, now);
            if (cap != 0) {
                c.device = s.probe;
                c.cap = cap;
                return c;
            }
        }
        c.wake = min_us(c.wake, ready > now ? ready : forced);
    }
    if (choose_rare(f, s.healthy_due, now, &c) || s.healthy_due > now)
        return c;
    const struct poll_device *d = &f->devices[s.healthy];
    c.device = s.healthy;
    if (d->state != DEVICE_UP && !d->alive) {
        us_t cap = cap_before(f, window_us(f, d), s.proven_due, now);
        c.cap = cap != 0 ? cap : LINK_NEVER;
    }
    return c;
}
