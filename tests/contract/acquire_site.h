/* A small site for tests of acquire with real sockets and ptys, and the tally of what comes out of
 * its ring. Every device has four registers 0..3 of function 3; register r holds 100 + r. */
#ifndef BUSBAR_TESTS_CONTRACT_ACQUIRE_SITE_H
#define BUSBAR_TESTS_CONTRACT_ACQUIRE_SITE_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "acquire/acquire.h"
#include "base/err.h"
#include "meter/reading.h"
#include "sys/clock.h"
#include "sys/ring.h"

#define SITE_LINKS     2
#define SITE_DEVICES   3
#define SITE_REGISTERS 4
#define SITE_WAIT_US   (20 * (us_t)US_PER_S) /* an event that takes longer is a failure */

struct tally {
    size_t good, partial, missing, down, still_down, wrong;
    us_t last_good, longest_gap; /* between good readings */
};

struct test_site {
    struct point_def points[SITE_REGISTERS];
    struct device_profile profile;
    struct link_def links[SITE_LINKS];
    struct device devices[SITE_DEVICES];
    struct site site;
    struct ring *ring;
    struct acquire *acquire;
    struct tally tally[SITE_DEVICES];
};

static inline void site_init(struct test_site *s, uint32_t poll_ms, uint32_t timeout_ms) {
    static const char *const ids[SITE_DEVICES] = {"sick", "neighbour", "far"};
    memset(s, 0, sizeof *s);
    s->profile = (struct device_profile){
        .name = "four",
        .limits = {125, 0, 1},
        .points = s->points,
        .point_count = SITE_REGISTERS,
        .image_registers = SITE_REGISTERS,
    };
    for (uint16_t r = 0; r < SITE_REGISTERS; r++)
        s->points[r] = (struct point_def){
            .name = "r", .function = 3, .registers = 1, .register_no = r, .image_offset = r};
    for (size_t i = 0; i < SITE_DEVICES; i++)
        s->devices[i] = (struct device){
            .id = ids[i],
            .link = i == 2,
            .unit = (uint8_t)(i + 1),
            .profile = &s->profile,
            .poll_ms = poll_ms,
            .timeout_ms = timeout_ms,
            .enabled = true,
        };
    s->site = (struct site){
        .links = s->links,
        .link_count = SITE_LINKS,
        .devices = s->devices,
        .device_count = SITE_DEVICES,
    };
}

static inline int site_start(struct test_site *s) {
    s->ring = ring_new(1 << 20);
    return s->ring == NULL ? ERR_NOMEM : acquire_start(&s->site, 7, s->ring, &s->acquire);
}

static inline void site_stop(struct test_site *s) {
    acquire_stop(s->acquire);
    ring_free(s->ring);
}

static inline void tally_poll(struct tally *t, struct reading *r) {
    size_t good = 0;
    for (size_t p = 0; p < r->point_count; p++) {
        if (reading_quality(r)[p] != QUALITY_GOOD)
            continue;
        good++;
        t->wrong += reading_registers(r)[p] != 100 + p; /* a value that nobody sent */
    }
    if (good < r->point_count) {
        *(good == 0 ? &t->missing : &t->partial) += 1;
        return;
    }
    if (t->good++ > 0 && r->mono_us - t->last_good > t->longest_gap)
        t->longest_gap = r->mono_us - t->last_good;
    t->last_good = r->mono_us;
}

static inline void site_take(struct test_site *s) {
    uint64_t block[64];
    while (ring_pop(s->ring, block, sizeof block) > 0) {
        struct reading *r = (struct reading *)(void *)block;
        struct tally *t = &s->tally[r->device];
        t->wrong += r->site_version != 7;
        if (r->kind == READING_DOWN)
            t->down++;
        else if (r->kind == READING_STILL_DOWN)
            t->still_down++;
        else
            tally_poll(t, r);
    }
}

static inline void site_forget(struct test_site *s) {
    site_take(s);
    memset(s->tally, 0, sizeof s->tally);
}

/* Takes readings until *what has grown to n. False when that takes too long. */
static inline bool site_wait(struct test_site *s, const size_t *what, size_t n) {
    us_t until = clock_now().mono_us + SITE_WAIT_US;
    while (*what < n && clock_now().mono_us < until) {
        ring_wait(s->ring, clock_now().mono_us + 100 * US_PER_MS);
        site_take(s);
    }
    return *what >= n;
}

static inline struct acquire_device_stats site_stats(const struct test_site *s, size_t device) {
    struct acquire_device_stats stats = {0};
    (void)acquire_device_stats(s->acquire, device, &stats);
    return stats;
}

#endif
