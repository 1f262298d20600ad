#include "acquire/link_report.h"

#include <stdio.h>

#include "base/err.h"
#include "sys/log.h"
#include "wire/pdu.h"

#define LOG_QUIET_US (60 * (us_t)US_PER_S)

static void count_one(struct link_device *d, enum link_counter c) {
    atomic_fetch_add_explicit(&d->count[c], 1, memory_order_relaxed);
}

/* How many values a poll was for and how many it brought. */
static void count_values(struct link_device *d) {
    uint64_t good = 0;
    const uint8_t *quality = reading_quality(d->image);
    for (size_t i = 0; i < d->image->point_count; i++)
        good += quality[i] == QUALITY_GOOD;
    atomic_fetch_add_explicit(&d->count[COUNT_VALUES_ASKED], d->image->point_count,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&d->count[COUNT_VALUES_GOOD], good, memory_order_relaxed);
}

static const char *device_id(const struct link *l, const struct link_device *d) {
    return l->site->devices[d->index].id;
}

#define REPEATS_MAX 48

/* How often the same was not said since the last line; "" for never. */
static const char *repeats(char out[REPEATS_MAX], uint64_t unsaid) {
    out[0] = '\0';
    if (unsaid > 0)
        (void)snprintf(out, REPEATS_MAX, " (%llu more like it not shown)",
                       (unsigned long long)unsaid);
    return out;
}

/* True when the message may be said; *ret_unsaid is how many were not since the last. */
static bool gate_open(struct log_gate *g, us_t now, uint64_t *ret_unsaid) {
    if (now < g->quiet_until) {
        g->unsaid++;
        return false;
    }
    *ret_unsaid = g->unsaid;
    g->unsaid = 0;
    g->quiet_until = now + LOG_QUIET_US;
    return true;
}

/* ---- readings ---- */

static void image_begin(struct link *l, size_t i) {
    struct link_device *d = &l->devices[i];
    const struct poll_device *p = &l->fsm.devices[i];
    reading_init(d->image, d->index, p->profile->point_count, p->profile->image_registers);
    d->image->site_version = l->site_version;
    d->image_begun = false;
    if (atomic_load_explicit(&d->holes, memory_order_relaxed) == 0)
        return;
    uint8_t *quality = reading_quality(d->image);
    for (size_t k = 0; k < p->plan.part_count; k++) {
        if (p->plan.parts[k].hole)
            quality[p->plan.parts[k].point] = QUALITY_EXCEPTION;
    }
}

static void image_stamp(struct link *l, struct reading *r, us_t now) {
    r->mono_us = now;
    r->utc_ms = floor_div(now + l->utc_ahead, US_PER_MS);
}

static void image_push(struct link *l, size_t i, enum reading_kind kind, us_t now) {
    struct link_device *d = &l->devices[i];
    if (!d->image_begun)
        image_stamp(l, d->image, now);
    d->image->kind = (uint8_t)kind;
    count_values(d);
    (void)ring_push(l->readings, d->image, d->image->bytes); /* a full ring counts the refusal */
}

static void push_missing(struct link *l, size_t i, enum reading_kind kind, us_t now) {
    image_begin(l, i);
    image_push(l, i, kind, now);
}

/* Points of requests that were not answered any more: a split point may have one half. */
static void unread_missing(struct link *l, size_t i) {
    const struct poll_device *p = &l->fsm.devices[i];
    uint8_t *quality = reading_quality(l->devices[i].image);
    for (size_t k = p->next; k < p->plan.request_count; k++) {
        const struct plan_request *r = &p->plan.requests[k];
        for (size_t n = 0; n < r->count; n++)
            quality[p->plan.parts[r->first + n].point] = QUALITY_MISSING;
    }
}

void link_report_values(struct link *l, const uint16_t *values, us_t now) {
    size_t i = l->fsm.current;
    struct link_device *d = &l->devices[i];
    const struct poll_device *p = &l->fsm.devices[i];
    struct reading *r = d->image;
    if (!d->image_begun) {
        image_stamp(l, r, now);
        d->image_begun = true;
    }
    us_t delay = (now - r->mono_us) / US_PER_MS;
    uint16_t delay_ms = (uint16_t)(delay < UINT16_MAX ? delay : UINT16_MAX);
    uint16_t *delays = reading_delay(r), *registers = reading_registers(r);
    uint8_t *quality = reading_quality(r);
    const struct plan_request *q = &p->plan.requests[p->next];
    for (size_t k = 0; k < q->count; k++) {
        const struct plan_part *part = &p->plan.parts[q->first + k];
        const uint16_t *from = values + (part->register_no - q->read.start);
        for (size_t n = 0; n < part->registers; n++)
            registers[part->image_offset + n] = from[n];
        delays[part->point] = delay_ms;
        if (quality[part->point] == QUALITY_MISSING)
            quality[part->point] = QUALITY_GOOD;
    }
    us_t latency = now - l->fsm.ask.sent;
    uint32_t us = (uint32_t)(latency < UINT32_MAX ? latency : UINT32_MAX);
    atomic_store_explicit(&d->latency_us_last, us, memory_order_relaxed);
    if (us > atomic_load_explicit(&d->latency_us_max, memory_order_relaxed))
        atomic_store_explicit(&d->latency_us_max, us, memory_order_relaxed);
}

void link_report_clock(struct link *l, const uint16_t *values, us_t now) {
    size_t i = l->fsm.current;
    struct reading *r = l->devices[i].clock;
    const struct poll_device *p = &l->fsm.devices[i];
    const uint16_t *from = values + (p->profile->clock->p.register_no - l->fsm.ask.read.start);
    r->kind = READING_CLOCK;
    r->site_version = l->site_version;
    image_stamp(l, r, l->fsm.ask.sent + (now - l->fsm.ask.sent) / 2);
    for (size_t n = 0; n < r->register_count; n++)
        reading_registers(r)[n] = from[n];
    (void)ring_push(l->readings, r, r->bytes); /* a full ring counts the refusal */
}

/* Its values are no worse for it. Said each time: a few times a day at most. */
static void clock_refused(const struct link *l, uint8_t code) {
    log_info(
        "device %s on link %s: exception %u (%s) to a read of its own clock, register %u; asked "
        "again within a day, take the clock out of the profile if the device has none",
        device_id(l, &l->devices[l->fsm.current]), l->def->id, code, pdu_exception_str(code),
        l->fsm.ask.read.start);
}

void link_report_exception(struct link *l, uint8_t code, us_t now) {
    if (l->fsm.rare) {
        count_one(&l->devices[l->fsm.current], COUNT_EXCEPTIONS);
        clock_refused(l, code);
        return;
    }
    size_t i = l->fsm.current;
    struct link_device *d = &l->devices[i];
    const struct poll_device *p = &l->fsm.devices[i];
    const struct plan_request *q = &p->plan.requests[p->next];
    uint8_t *quality = reading_quality(d->image);
    for (size_t k = 0; k < q->count; k++)
        quality[p->plan.parts[q->first + k].point] = QUALITY_EXCEPTION;
    count_one(d, COUNT_EXCEPTIONS);
    d->last_exception = code;
    uint64_t unsaid = 0;
    char said[REPEATS_MAX];
    if (code != 2 && gate_open(&d->gate, now, &unsaid))
        log_warn("device %s on link %s: exception %u (%s) to a read of %u registers from %u; asked "
                 "again at the next poll%s",
                 device_id(l, d), l->def->id, code, pdu_exception_str(code), q->read.count,
                 q->read.start, repeats(said, unsaid));
}

void link_report_bad_frame(struct link *l, int reason, us_t now) {
    const char *next = l->def->kind == LINK_TCP ? "connection is closed and opened again"
                                                : "line is drained and asked once more";
    size_t i = l->fsm.current;
    if (i == LINK_NO_DEVICE) {
        log_debug("link %s: bytes that nobody asked for: %s; %s", l->def->id, err_str(reason),
                  next);
        return;
    }
    struct link_device *d = &l->devices[i];
    count_one(d, reason == ERR_CRC ? COUNT_CRC_ERRORS : COUNT_BAD_FRAMES);
    uint64_t unsaid = 0;
    char said[REPEATS_MAX];
    if (gate_open(&d->gate, now, &unsaid))
        log_warn("device %s on link %s: %s; %s%s", device_id(l, d), l->def->id, err_str(reason),
                 next, repeats(said, unsaid));
}

/* ---- events ---- */

static void device_down(struct link *l, size_t i, int reason, us_t now) {
    struct link_device *d = &l->devices[i];
    d->down_since = now;
    atomic_store_explicit(&d->up, 2, memory_order_relaxed);
    push_missing(l, i, READING_DOWN, now);
    if (!l->fsm.failing) /* else the link's own line says it for all its devices */
        log_warn("device %s on link %s: %s, %d polls in a row; it is down, asked again after 1, 2, "
                 "4 .. 60 s",
                 device_id(l, d), l->def->id, err_str(reason), LINK_DOWN_POLLS);
}

static void device_up(struct link *l, size_t i, us_t now) {
    struct link_device *d = &l->devices[i];
    uint8_t was = atomic_exchange_explicit(&d->up, 1, memory_order_relaxed);
    if (was == 2)
        log_info("device %s on link %s: answers again after %lld s; polled every %u ms",
                 device_id(l, d), l->def->id, (long long)((now - d->down_since) / US_PER_S),
                 l->site->devices[d->index].poll_ms);
    else
        log_debug("device %s on link %s: first reply", device_id(l, d), l->def->id);
}

static void poll_cut_short(struct link *l, size_t i, int reason, us_t now) {
    struct link_device *d = &l->devices[i];
    const struct poll_device *p = &l->fsm.devices[i];
    unread_missing(l, i);
    uint64_t unsaid = 0;
    char said[REPEATS_MAX];
    if (gate_open(&d->gate, now, &unsaid))
        log_warn("device %s on link %s: poll cut short at read %u of %zu: %s; the rest is missing, "
                 "asked again after a pause%s",
                 device_id(l, d), l->def->id, p->next + 1u, p->plan.request_count, err_str(reason),
                 repeats(said, unsaid));
}

static void hole_found(struct link *l, size_t i) {
    struct link_device *d = &l->devices[i];
    const struct poll_device *p = &l->fsm.devices[i];
    const struct plan_request *q = &p->plan.requests[p->next];
    uint8_t holes = atomic_load_explicit(&d->holes, memory_order_relaxed);
    unsigned sum = holes + (unsigned)q->read.count;
    atomic_store_explicit(&d->holes, (uint8_t)(sum < UINT8_MAX ? sum : UINT8_MAX),
                          memory_order_relaxed);
    log_warn("device %s on link %s: register %u (%s) answers exception 2; it is left out until the "
             "next start, check the profile",
             device_id(l, d), l->def->id, q->read.start,
             p->profile->points[p->plan.parts[q->first].point].name);
}

static void link_down(struct link *l, int reason, us_t now) {
    l->down_since = now;
    log_warn("link %s: %s; %zu device%s waiting, next try after 1, 2, 4 .. 60 s", l->def->id,
             err_str(reason), l->fsm.device_count, l->fsm.device_count == 1 ? " is" : "s are");
}

static void link_up(struct link *l, us_t now) {
    if (l->down_since != 0)
        log_info("link %s: works again after %lld s", l->def->id,
                 (long long)((now - l->down_since) / US_PER_S));
    l->down_since = 0;
}

void link_report_event(void *arg, enum link_event event, size_t i, int reason, us_t now) {
    struct link *l = arg;
    switch (event) {
    case LINK_EVENT_POLL_BEGIN:
        count_one(&l->devices[i], COUNT_POLLS);
        image_begin(l, i);
        break;
    case LINK_EVENT_POLL_END:
        if (reason < 0)
            poll_cut_short(l, i, reason, now);
        image_push(l, i, READING_POLL, now);
        break;
    case LINK_EVENT_POLL_FAILED:
        push_missing(l, i, READING_POLL, now);
        break;
    case LINK_EVENT_TIMEOUT:
        count_one(&l->devices[i], COUNT_TIMEOUTS);
        break;
    case LINK_EVENT_LATE:
        count_one(&l->devices[i], COUNT_LATE_REPLIES);
        break;
    case LINK_EVENT_HOLE:
        hole_found(l, i);
        break;
    case LINK_EVENT_RARE_FAILED:
        log_debug("device %s on link %s: its own clock was not read: %s; tried again later",
                  device_id(l, &l->devices[i]), l->def->id, err_str(reason));
        break;
    case LINK_EVENT_DEVICE_DOWN:
        device_down(l, i, reason, now);
        break;
    case LINK_EVENT_STILL_DOWN:
        push_missing(l, i, READING_STILL_DOWN, now);
        break;
    case LINK_EVENT_DEVICE_UP:
        device_up(l, i, now);
        break;
    case LINK_EVENT_LINK_DOWN:
        link_down(l, reason, now);
        break;
    case LINK_EVENT_LINK_UP:
        link_up(l, now);
        break;
    }
}
