#include "acquire/link.h"

#include "acquire/link_report.h"
#include "base/err.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "wire/rtu.h"

#define DRAIN_EXTRA_US   20000 /* beyond 3.5 characters: adapters deliver in lumps */
#define DRAIN_BRIDGE_US  50000 /* RTU over TCP: the network's own delays come on top */
#define SILENCE_EXTRA_US 2     /* the clock counts whole microseconds */
#define SEED_MIX         2654435761u

struct moment link_moment(void) {
    struct instant t = clock_now();
    return (struct moment){t.mono_us, t.utc_us - t.mono_us};
}

/* The rare read of a device that has a clock of its own. */
static int clock_new(struct arena *arena, const struct device *def, uint32_t index,
                     struct poll_device *p, struct link_device *d) {
    const struct meter_clock *c = def->profile->clock;
    if (c == NULL)
        return ERR_OK;
    d->clock = arena_alloc(arena, 1, reading_size(0, c->p.registers));
    if (d->clock == NULL)
        return ERR_NOMEM;
    reading_init(d->clock, index, 0, c->p.registers);
    p->rare.every_us = (us_t)c->every_s * US_PER_S;
    return plan_alone(&def->profile->limits, &c->p, &p->rare.read);
}

static int device_new(struct arena *arena, const struct site *site, struct link_cost cost,
                      uint32_t index, struct poll_device *p, struct link_device *d) {
    const struct device *def = &site->devices[index];
    size_t parts = plan_part_count(def->profile);
    struct plan_part *part_memory = arena_alloc(arena, parts, sizeof *part_memory);
    struct plan_request *requests = arena_alloc(arena, parts, sizeof *requests);
    size_t bytes = reading_size(def->profile->point_count, def->profile->image_registers);
    d->image = arena_alloc(arena, 1, bytes);
    if (part_memory == NULL || requests == NULL || d->image == NULL)
        return ERR_NOMEM;
    d->index = index;
    reading_init(d->image, index, def->profile->point_count, def->profile->image_registers);
    *p = (struct poll_device){
        .poll_us = (us_t)def->poll_ms * US_PER_MS,
        .timeout_us = (us_t)def->timeout_ms * US_PER_MS,
        .gap_us = (us_t)def->request_gap_ms * US_PER_MS,
        .profile = def->profile,
        .cost = cost,
        .unit = def->unit,
    };
    int rc = plan_build(def->profile, cost, &p->plan, part_memory, requests, parts);
    if (rc == ERR_OK)
        rc = clock_new(arena, def, index, p, d);
    if (rc < 0)
        log_error("device %s: no read of at most %u registers covers profile %s; correct "
                  "max_registers in the profile",
                  def->id, def->profile->limits.max_registers, def->profile->name);
    return rc;
}

static bool on_link(const struct device *d, size_t link) {
    return d->link == (int32_t)link && d->enabled && d->profile->point_count > 0;
}

static struct link_settings link_settings(struct link *l, us_t connect_gap_us, size_t i) {
    const struct link_def *def = l->def;
    struct link_settings set = {
        .kind = def->kind,
        .connect_timeout_us = (us_t)def->timeout_ms * US_PER_MS,
        .connect_gap_us = connect_gap_us,
        .on_event = link_report_event,
        .arg = l,
        .random = ((uint32_t)i + 1) * SEED_MIX,
    };
    if (def->kind == LINK_RTU) {
        set.silence_us = (us_t)rtu_silence_us(def->baud) + SILENCE_EXTRA_US;
        set.drain_us = set.silence_us + DRAIN_EXTRA_US;
    } else if (def->kind == LINK_RTU_OVER_TCP) {
        set.drain_us = DRAIN_BRIDGE_US;
    }
    return set;
}

int link_new(struct arena *arena, const struct site *site, size_t i, uint32_t site_version,
             struct ring *readings, struct moment m, struct link **ret) {
    const struct link_def *def = &site->links[i];
    size_t n = 0;
    for (size_t k = 0; k < site->device_count; k++)
        n += on_link(&site->devices[k], i);
    *ret = NULL;
    if (n == 0)
        return ERR_OK;
    struct link *l = arena_alloc(arena, 1, sizeof *l);
    struct poll_device *polls = arena_alloc(arena, n, sizeof *polls);
    struct link_device *devices = arena_alloc(arena, n, sizeof *devices);
    if (l == NULL || polls == NULL || devices == NULL)
        return ERR_NOMEM;
    uint32_t connect_gap_ms = def->connect_gap_ms;
    size_t at = 0;
    for (size_t k = 0; k < site->device_count; k++) {
        const struct device *d = &site->devices[k];
        if (!on_link(d, i))
            continue;
        struct link_cost cost = def->kind == LINK_RTU
                                    ? link_cost_serial(def->baud, d->request_gap_ms)
                                    : link_cost_tcp(d->request_gap_ms);
        int rc = device_new(arena, site, cost, (uint32_t)k, &polls[at], &devices[at]);
        if (rc < 0)
            return rc;
        if (d->profile->connect_gap_ms > connect_gap_ms)
            connect_gap_ms = d->profile->connect_gap_ms;
        at++;
    }
    l->def = def;
    l->site = site;
    l->readings = readings;
    l->site_version = site_version;
    l->devices = devices;
    l->utc_ahead = m.utc_ahead;
    l->fd = -1;
    heap_node_init(&l->timer);
    struct link_settings set = link_settings(l, (us_t)connect_gap_ms * US_PER_MS, i);
    link_fsm_init(&l->fsm, &set, polls, n, m);
    *ret = l;
    return ERR_OK;
}

void link_device_stats(const struct link_device *d, struct acquire_device_stats *ret) {
    uint64_t n[COUNT_MAX];
    for (size_t k = 0; k < COUNT_MAX; k++)
        n[k] = atomic_load_explicit(&d->count[k], memory_order_relaxed);
    *ret = (struct acquire_device_stats){
        .polls = n[COUNT_POLLS],
        .requests = n[COUNT_REQUESTS],
        .timeouts = n[COUNT_TIMEOUTS],
        .crc_errors = n[COUNT_CRC_ERRORS],
        .exceptions = n[COUNT_EXCEPTIONS],
        .late_replies = n[COUNT_LATE_REPLIES],
        .bad_frames = n[COUNT_BAD_FRAMES],
        .values_asked = n[COUNT_VALUES_ASKED],
        .values_good = n[COUNT_VALUES_GOOD],
        .latency_us_last = atomic_load_explicit(&d->latency_us_last, memory_order_relaxed),
        .latency_us_max = atomic_load_explicit(&d->latency_us_max, memory_order_relaxed),
        .up = atomic_load_explicit(&d->up, memory_order_relaxed),
        .holes = atomic_load_explicit(&d->holes, memory_order_relaxed),
    };
}
