#include "poll/link_fsm.h"

#include <string.h>

#include "base/err.h"
#include "poll/link_choose.h"
#include "poll/tick.h"

#define EXCEPTION_ILLEGAL_ADDRESS 2
#define EXCEPTION_ILLEGAL_VALUE   3    /* up to here: the device lacks what was asked for */
#define EXCEPTION_PATH            0x0A /* gateway path unavailable */
#define EXCEPTION_TARGET          0x0B /* gateway target failed to respond */

static void emit(struct link_fsm *f, enum link_event event, size_t device, int reason, us_t now) {
    f->set.on_event(f->set.arg, event, device, reason, now);
}

static us_t earlier(us_t a, us_t b) {
    return a < b ? a : b;
}

static us_t later(us_t a, us_t b) {
    return a > b ? a : b;
}

static bool closes_on_error(const struct link_fsm *f) {
    return f->set.drain_us == 0;
}

void link_fsm_init(struct link_fsm *f, const struct link_settings *set, struct poll_device *devices,
                   size_t device_count, struct moment m) {
    memset(f, 0, sizeof *f);
    f->set = *set;
    f->devices = devices;
    f->device_count = device_count;
    f->current = LINK_NO_DEVICE;
    f->cap = LINK_NEVER;
    f->not_before = m.now;
    f->quiet_since = m.now;
    f->probed_at = m.now;
    f->report_at = LINK_NEVER;
    f->random = set->random;
    for (size_t i = 0; i < device_count; i++) {
        devices[i].due = m.now;
        rare_start(&devices[i].rare, m.now);
    }
}

/* ---- devices ---- */

static void device_up(struct link_fsm *f, size_t i, us_t now) {
    struct poll_device *d = &f->devices[i];
    d->silent_polls = 0;
    if (d->state == DEVICE_UP)
        return;
    d->state = DEVICE_UP;
    emit(f, LINK_EVENT_DEVICE_UP, i, ERR_OK, now);
}

/* One more poll without any answer. */
static void device_silent(struct link_fsm *f, size_t i, int reason, us_t now) {
    struct poll_device *d = &f->devices[i];
    if (d->state == DEVICE_DOWN)
        return;
    if (++d->silent_polls < LINK_DOWN_POLLS) {
        emit(f, LINK_EVENT_POLL_FAILED, i, reason, now);
        return;
    }
    d->state = DEVICE_DOWN;
    d->report_at = now + LINK_REPORT_US;
    f->report_at = earlier(f->report_at, d->report_at);
    emit(f, LINK_EVENT_DEVICE_DOWN, i, reason, now);
}

static void report_down_devices(struct link_fsm *f, us_t now) {
    if (now < f->report_at)
        return;
    f->report_at = LINK_NEVER;
    for (size_t i = 0; i < f->device_count; i++) {
        struct poll_device *d = &f->devices[i];
        if (d->state != DEVICE_DOWN)
            continue;
        if (now >= d->report_at) {
            d->report_at = now + LINK_REPORT_US;
            emit(f, LINK_EVENT_STILL_DOWN, i, ERR_OK, now);
        }
        f->report_at = earlier(f->report_at, d->report_at);
    }
}

/* ---- polls ---- */

static void poll_begin(struct link_fsm *f, size_t i, us_t cap, us_t now) {
    struct poll_device *d = &f->devices[i];
    f->current = i;
    f->cap = cap;
    if (d->probe)
        f->probed_at = now;
    d->tick = d->state == DEVICE_UP && !d->probe ? d->due : now;
    d->began = now;
    d->next = 0;
    d->answered = 0;
    d->retried = false;
    emit(f, LINK_EVENT_POLL_BEGIN, i, ERR_OK, now);
}

static void rare_begin(struct link_fsm *f, size_t i, us_t cap) {
    f->current = i;
    f->cap = cap;
    f->rare = true;
}

static void poll_good(struct link_fsm *f, size_t i, struct moment m) {
    struct poll_device *d = &f->devices[i];
    backoff_reset(&d->backoff);
    d->probe = false;
    device_up(f, i, m.now);
    d->pace = d->answered > 0 ? (m.now - d->began) / d->answered : 0;
    d->due = tick_next(d->tick, m.now, d->poll_us, m.utc_ahead);
    emit(f, LINK_EVENT_POLL_END, i, ERR_OK, m.now);
}

static void poll_bad(struct link_fsm *f, size_t i, struct moment m, int reason) {
    struct poll_device *d = &f->devices[i];
    d->probe = true;
    d->due = m.now + backoff_fail(&d->backoff, backoff_random(&f->random));
    if (f->ask.device == i) /* it may still answer: not to be taken for the next request's reply */
        d->due = later(d->due, f->ask.sent + d->timeout_us);
    us_t healthy_due = link_healthy_due(f);
    if (healthy_due != LINK_NEVER)
        f->probe_after = later(m.now, earlier(healthy_due, m.now + US_PER_S));
    if (d->answered == 0) {
        device_silent(f, i, reason, m.now);
        return;
    }
    device_up(f, i, m.now);
    emit(f, LINK_EVENT_POLL_END, i, reason, m.now);
}

/* The rare read is over; whether it was answered is no matter of the device's state. */
static void rare_finish(struct link_fsm *f, size_t i, struct moment m, int reason) {
    struct poll_device *d = &f->devices[i];
    f->rare = false;
    f->rare_after = m.now + RARE_APART_US;
    if (reason == ERR_OK)
        return;
    rare_failed(&d->rare, m.now);
    if (f->set.kind != LINK_TCP) /* it may still answer: not to be taken for the next reply */
        d->due = later(d->due, f->ask.sent + d->timeout_us);
    emit(f, LINK_EVENT_RARE_FAILED, i, reason, m.now);
}

static void poll_finish(struct link_fsm *f, struct moment m, int reason) {
    size_t i = f->current;
    if (i == LINK_NO_DEVICE)
        return;
    f->current = LINK_NO_DEVICE;
    f->cap = LINK_NEVER;
    if (f->rare) {
        rare_finish(f, i, m, reason);
        return;
    }
    f->devices[i].alive = false;
    if (reason == ERR_OK)
        poll_good(f, i, m);
    else
        poll_bad(f, i, m, reason);
}

static void poll_advance(struct link_fsm *f, struct moment m) {
    struct poll_device *d = &f->devices[f->current];
    if (f->rare) {
        rare_answered(&d->rare, m.now);
        poll_finish(f, m, ERR_OK);
        return;
    }
    d->answered++;
    d->next++;
    d->retried = false;
    if (d->next >= d->plan.request_count)
        poll_finish(f, m, ERR_OK);
}

/* ---- the link ---- */

/* Closes without blaming the link: it is opened again as soon as a device is due. */
static void close_to_reopen(struct link_fsm *f, struct moment m) {
    f->must_close = true;
    f->state = LINK_CLOSED;
    f->not_before = m.now;
}

/* except: the device whose running poll has just been counted as failed. */
static void link_failed(struct link_fsm *f, struct moment m, int reason, size_t except) {
    f->must_close = true;
    f->state = LINK_CLOSED;
    f->failing = true;
    f->not_before = m.now + backoff_fail(&f->backoff, backoff_random(&f->random));
    if (!f->down) {
        f->down = true;
        emit(f, LINK_EVENT_LINK_DOWN, LINK_NO_DEVICE, reason, m.now);
    }
    for (size_t i = 0; i < f->device_count; i++) {
        f->devices[i].link_failed = true;
        if (i != except)
            device_silent(f, i, reason, m.now);
    }
}

void link_fsm_opened(struct link_fsm *f, struct moment m) {
    f->state = LINK_IDLE;
    f->failing = false;
    f->answered = false;
    f->silent = 0;
    f->late_count = 0;
    f->quiet_since = m.now;
    f->not_before = m.now + f->set.connect_gap_us;
    for (size_t i = 0; i < f->device_count; i++) {
        struct poll_device *d = &f->devices[i];
        if (d->link_failed)
            d->due = m.now;
        d->link_failed = false;
    }
}

void link_fsm_open_failed(struct link_fsm *f, struct moment m, int reason) {
    link_failed(f, m, reason, LINK_NO_DEVICE);
}

void link_fsm_lost(struct link_fsm *f, struct moment m, int reason) {
    size_t asked = f->rare ? LINK_NO_DEVICE : f->current;
    poll_finish(f, m, reason);
    if (f->answered && f->set.kind != LINK_RTU)
        close_to_reopen(f, m);
    else
        link_failed(f, m, reason, asked);
}

static void drain_begin(struct link_fsm *f, us_t now) {
    f->state = LINK_DRAINING;
    f->drain_began = now;
    f->wait_until = now + f->set.drain_us;
}

static void link_answered(struct link_fsm *f, us_t now) {
    f->answered = true;
    f->silent = 0;
    f->quiet_since = now;
    f->cap = LINK_NEVER;
    f->state = LINK_IDLE;
    backoff_reset(&f->backoff);
    if (f->down || !f->seen)
        emit(f, LINK_EVENT_LINK_UP, LINK_NO_DEVICE, ERR_OK, now);
    f->seen = true;
    f->down = false;
}

void link_fsm_reply(struct link_fsm *f, struct moment m) {
    link_answered(f, m.now);
    poll_advance(f, m);
}

static void hole_found(struct link_fsm *f, struct moment m) {
    size_t i = f->current;
    struct poll_device *d = &f->devices[i];
    d->answered++;
    if (plan_split(&d->plan, &d->profile->limits, d->cost, d->next) == ERR_OK)
        return; /* both halves are asked now */
    emit(f, LINK_EVENT_HOLE, i, ERR_EXCEPTION, m.now);
    plan_drop(&d->plan, d->next);
    if (d->plan.request_count == 0) { /* not holes: the wrong device, or one that is starting */
        (void)plan_build(d->profile, d->cost, &d->plan, d->plan.parts, d->plan.requests,
                         d->plan.part_count);
        poll_finish(f, m, ERR_EXCEPTION);
    } else if (d->next >= d->plan.request_count) {
        poll_finish(f, m, ERR_OK);
    }
}

void link_fsm_exception(struct link_fsm *f, struct moment m, uint8_t code) {
    link_answered(f, m.now);
    if (code == EXCEPTION_PATH || code == EXCEPTION_TARGET ||
        (f->rare && code > EXCEPTION_ILLEGAL_VALUE))
        poll_finish(f, m, ERR_EXCEPTION); /* the gateway answers for a silent device */
    else if (code == EXCEPTION_ILLEGAL_ADDRESS && !f->rare)
        hole_found(f, m);
    else
        poll_advance(f, m);
}

void link_fsm_bad_frame(struct link_fsm *f, struct moment m, int reason) {
    f->quiet_since = m.now;
    if (closes_on_error(f)) {
        poll_finish(f, m, reason);
        close_to_reopen(f, m);
        return;
    }
    if (f->state == LINK_BUSY) {
        struct poll_device *d = &f->devices[f->current];
        if (f->rare || d->retried || m.now >= f->cap)
            poll_finish(f, m, reason);
        else
            d->retried = true;
    }
    drain_begin(f, m.now);
}

void link_fsm_noise(struct link_fsm *f, struct moment m) {
    f->quiet_since = m.now;
    if (f->state == LINK_IDLE)
        drain_begin(f, m.now);
    if (f->state != LINK_DRAINING)
        return;
    f->wait_until = m.now + f->set.drain_us;
    if (m.now - f->drain_began > LINK_DRAIN_MAX_US) {
        poll_finish(f, m, ERR_TRAILING);
        close_to_reopen(f, m);
    }
}

/* ---- late replies ---- */

const struct link_ask *link_fsm_given_up(const struct link_fsm *f, uint16_t transaction) {
    size_t kept = f->late_count < LINK_LATE_MAX ? f->late_count : LINK_LATE_MAX;
    for (size_t k = 0; k < kept; k++) {
        if (f->late[k].transaction == transaction && f->late[k].device != LINK_NO_DEVICE)
            return &f->late[k];
    }
    return NULL;
}

const struct link_ask *link_fsm_given_up_last(const struct link_fsm *f) {
    if (f->late_count == 0)
        return NULL;
    const struct link_ask *ask = &f->late[(f->late_count - 1) % LINK_LATE_MAX];
    return ask->device == LINK_NO_DEVICE ? NULL : ask;
}

void link_fsm_late(struct link_fsm *f, struct moment m, const struct link_ask *ask) {
    struct poll_device *d = &f->devices[ask->device];
    f->silent = 0;
    emit(f, LINK_EVENT_LATE, ask->device, ERR_LATE, m.now);
    /* It was given up early only to keep a tick free; a device slower than its own time-out stays
     * in back-off, or it would take the link from the others. */
    if (ask->device != f->current && d->probe && m.now - ask->sent <= d->timeout_us) {
        d->probe = false;
        d->alive = true;
        d->due = m.now;
    }
    f->late[ask - f->late].device = LINK_NO_DEVICE;
}

/* ---- what is next ---- */

/* Devices that never answered wait behind the tick that one of them was cut short for. */
static void unproven_wait(struct link_fsm *f, us_t until) {
    for (size_t i = 0; i < f->device_count; i++) {
        struct poll_device *d = &f->devices[i];
        if (d->state != DEVICE_UP && !d->probe && d->due < until)
            d->due = until;
    }
}

static void give_up_request(struct link_fsm *f, struct moment m) {
    us_t cap = f->rare ? LINK_NEVER : f->cap;
    f->late[f->late_count++ % LINK_LATE_MAX] = f->ask;
    emit(f, LINK_EVENT_TIMEOUT, f->current, ERR_TIMEOUT, m.now);
    poll_finish(f, m, ERR_TIMEOUT);
    if (m.now >= cap)
        unproven_wait(f, cap + link_settle_us(f) + 1);
    if (f->set.kind != LINK_RTU && ++f->silent >= LINK_SILENT_MAX)
        close_to_reopen(f, m); /* the peer may have gone without a word */
    else if (closes_on_error(f))
        f->state = LINK_IDLE;
    else
        drain_begin(f, m.now);
}

static enum link_order next_closed(struct link_fsm *f, struct moment m, bool may_open,
                                   us_t *ret_until) {
    us_t at = f->failing ? f->not_before : later(f->not_before, link_any_due(f));
    if (m.now < at) {
        *ret_until = at;
        return LINK_WAIT;
    }
    *ret_until = LINK_NEVER;
    if (!may_open)
        return LINK_QUEUE;
    f->state = LINK_OPENING;
    f->wait_until = m.now + f->set.connect_timeout_us;
    *ret_until = f->wait_until;
    return LINK_OPEN;
}

static void request_begin(struct link_fsm *f, us_t now) {
    const struct poll_device *d = &f->devices[f->current];
    const struct pdu_read *read = f->rare ? &d->rare.read : &d->plan.requests[d->next].read;
    us_t allowed = d->timeout_us;
    if (f->set.kind == LINK_RTU) /* a slow line may need longer for the bytes alone */
        allowed = later(allowed, 2 * (us_t)link_cost_read_us(d->cost, read));
    f->ask = (struct link_ask){
        .device = f->current,
        .read = *read,
        .transaction = ++f->transaction,
        .unit = d->unit,
        .sent = now,
        .deadline = earlier(now + allowed, f->cap),
    };
    f->state = LINK_BUSY;
}

static enum link_order next_idle(struct link_fsm *f, struct moment m, us_t *ret_until) {
    if (m.now < f->not_before) {
        *ret_until = f->not_before;
        return LINK_WAIT;
    }
    if (f->current == LINK_NO_DEVICE) {
        struct link_choice c = link_choose(f, m.now);
        if (c.device == LINK_NO_DEVICE) {
            *ret_until = c.wake;
            return LINK_WAIT;
        }
        if (c.rare)
            rare_begin(f, c.device, c.cap);
        else
            poll_begin(f, c.device, c.cap, m.now);
    }
    us_t ready = f->quiet_since + later(f->set.silence_us, f->devices[f->current].gap_us);
    if (m.now < ready) {
        *ret_until = ready;
        return LINK_WAIT;
    }
    if (m.now >= f->cap) { /* a drain or a pause took the time that there was */
        poll_finish(f, m, f->rare ? ERR_OK : ERR_TIMEOUT); /* nothing was asked: put off */
        *ret_until = m.now;
        return LINK_WAIT;
    }
    request_begin(f, m.now);
    *ret_until = f->ask.deadline;
    return LINK_SEND;
}

/* Runs what has come due. True when the state changed by it. */
static bool run_deadlines(struct link_fsm *f, struct moment m) {
    if (f->state == LINK_BUSY && m.now >= f->ask.deadline)
        give_up_request(f, m);
    else if (f->state == LINK_OPENING && m.now >= f->wait_until)
        link_failed(f, m, ERR_TIMEOUT, LINK_NO_DEVICE);
    else if (f->state == LINK_DRAINING && m.now >= f->wait_until)
        f->state = LINK_IDLE;
    else
        return false;
    return true;
}

enum link_order link_fsm_next(struct link_fsm *f, struct moment m, bool may_open, us_t *ret_until) {
    report_down_devices(f, m.now);
    while (run_deadlines(f, m))
        continue;
    if (f->must_close) {
        f->must_close = false;
        *ret_until = m.now;
        return LINK_CLOSE;
    }
    us_t until = f->state == LINK_BUSY ? f->ask.deadline : f->wait_until;
    enum link_order order = LINK_WAIT;
    if (f->state == LINK_CLOSED)
        order = next_closed(f, m, may_open, &until);
    else if (f->state == LINK_IDLE)
        order = next_idle(f, m, &until);
    *ret_until = earlier(until, f->report_at);
    return order;
}
