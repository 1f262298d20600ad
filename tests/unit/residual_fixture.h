/* Sites drawn by chance: an incomer, PV, storage, feeders, with a day of 15-minute energies. */
#ifndef BUSBAR_TESTS_RESIDUAL_FIXTURE_H
#define BUSBAR_TESTS_RESIDUAL_FIXTURE_H

#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "calc/suspect.h"

#define UNKNOWN ((double)NAN)

enum { FEEDS_MAX = 16, DAY = 96 };

struct day {
    struct feed feeds[FEEDS_MAX];
    struct site site;
    int8_t sign[FEEDS_MAX];
    double kwh[DAY * FEEDS_MAX]; /* as read: [slot * feed_count + feed] */
};

static inline int32_t day_add(struct day *d, enum role role, int32_t parent) {
    size_t i = d->site.feed_count++;
    bool detail = parent != SITE_NONE && d->feeds[parent].role == role;
    assert_true(i < FEEDS_MAX);
    d->feeds[i] = (struct feed){
        .id = "feed", .role = role, .device = (int32_t)i, .parent = parent, .counted = !detail};
    return (int32_t)i;
}

static inline void day_init(struct day *d) {
    memset(d, 0, sizeof *d);
    d->site = (struct site){.feeds = d->feeds, .transformer_kva = UNKNOWN};
}

static inline double *day_at(struct day *d, int slot, int32_t feed) {
    return &d->kwh[(size_t)slot * d->site.feed_count + (size_t)feed];
}

static inline void assert_none(const struct suspect *s) {
    assert_int_equal(s->kind, SUSPECT_NONE);
    assert_int_equal(s->feed, SITE_NONE);
    assert_true(isnan(s->ratio));
}

/* Multiplies what a meter says. */
static inline void day_scale(struct day *d, int32_t feed, double by) {
    for (int k = 0; k < DAY; k++)
        *day_at(d, k, feed) *= by;
}

static inline struct suspect day_suspect(struct day *d, int32_t node) {
    struct suspect found;
    assert_true(residual_signs(&d->site, node, d->sign));
    suspect_find(&d->site, d->sign, d->kwh, DAY, &found);
    return found;
}

/* xorshift64: the same sites on every machine. */
static inline double chance(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

static inline double between(uint64_t *seed, double low, double high) {
    return low + (high - low) * chance(seed);
}

/* A machine hall: a base, one shift with a start and an end, and its own ups and downs. */
static inline void draw_load(struct day *d, int32_t feed, uint64_t *seed) {
    double size = exp(between(seed, log(2.0), log(200.0))); /* kWh a quarter: 8..800 kW */
    double base = between(seed, 0.05, 0.9), from = between(seed, 0, 60);
    double to = from + between(seed, 16, 60), level = 1.0;

    for (int k = 0; k < DAY; k++) {
        level = 0.7 * level + 0.3 * between(seed, 0.5, 1.5);
        *day_at(d, k, feed) = size * level * (k >= from && k < to ? 1.0 : base);
    }
}

static inline void draw_pv(struct day *d, int32_t feed, uint64_t *seed) {
    double size = between(seed, 20, 120);

    for (int k = 0; k < DAY; k++) { /* 06:00 to 18:00, with clouds */
        double sun = sin(3.14159265358979 * (k - 24) / 48.0);
        *day_at(d, k, feed) = k > 24 && k < 72 ? size * sun * between(seed, 0.4, 1.0) : 0.0;
    }
}

/* Charges in the night and at noon, discharges in the two peaks; gives back 90 %. */
static inline void draw_storage(struct day *d, int32_t feed, uint64_t *seed) {
    double size = between(seed, 10, 60);

    for (int k = 0; k < DAY; k++) {
        bool charge = k < 8 || (k >= 48 && k < 56), discharge = k >= 32 && k < 40;
        discharge = discharge || (k >= 72 && k < 80);
        *day_at(d, k, feed) = charge ? -size : discharge ? 0.9 * size : 0.0;
    }
}

/* Feed 0 is the incomer and makes the balance exact: load - pv - storage. */
static inline void draw_site(struct day *d, uint64_t *seed) {
    day_init(d);
    day_add(d, ROLE_GRID, SITE_NONE);
    int pv = (int)between(seed, 0, 3), storage = (int)between(seed, 0, 2);
    int loads = (int)between(seed, 3, 11);
    for (int i = 0; i < pv; i++)
        day_add(d, ROLE_PV, SITE_NONE);
    for (int i = 0; i < storage; i++)
        day_add(d, ROLE_STORAGE, SITE_NONE);
    for (int i = 0; i < loads; i++)
        day_add(d, ROLE_LOAD, SITE_NONE);
    for (int32_t i = 1; i < (int32_t)d->site.feed_count; i++) {
        if (d->feeds[i].role == ROLE_PV)
            draw_pv(d, i, seed);
        else if (d->feeds[i].role == ROLE_STORAGE)
            draw_storage(d, i, seed);
        else
            draw_load(d, i, seed);
        for (int k = 0; k < DAY; k++)
            *day_at(d, k, 0) += (d->feeds[i].role == ROLE_LOAD ? 1 : -1) * *day_at(d, k, i);
    }
}

/* Class 0.5: each meter is off by up to 0.5 % throughout, and each slot by up to 0.5 %. */
static inline void draw_noise(struct day *d, uint64_t *seed) {
    for (int32_t i = 0; i < (int32_t)d->site.feed_count; i++) {
        double off = between(seed, -0.005, 0.005);
        for (int k = 0; k < DAY; k++)
            *day_at(d, k, i) *= 1.0 + off + between(seed, -0.005, 0.005);
    }
}

#endif
