/* Counter registers -> energy: conservation over 100,000 random histories of glitches, long
 * glitches, resets, rollovers, gaps and slow refresh, checked after every true sample. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "calc/energy.h"

#define T0 1700000000000 /* any time */

static uint64_t random_state = 0x9E3779B97F4A7C15;

static int64_t random_below(int64_t n) { /* xorshift64 */
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (int64_t)(random_state % (uint64_t)n);
}

#define FAR 5000000 /* counts that no allowed step of these histories reaches */

/* A meter, what it has truly counted, and what a reader of it must have been given. */
struct history {
    struct energy_counter counter;
    struct energy_limits limits;
    int64_t rate;          /* most counts a second */
    int64_t shown, hidden; /* register, and energy it has not shown yet */
    int64_t refresh_ms, refreshed;
    ms_t t;
    int64_t sum, truth;
    int64_t highest; /* register before a reset */
    bool was_reset;
};

static void history_init(struct history *h) {
    *h = (struct history){.t = T0, .rate = 1 + random_below(50)};
    h->limits.max_counts_per_ms = 1.2 * (double)h->rate / 1000.0;
    h->refresh_ms = random_below(3) == 0 ? 1000 * (1 + random_below(600)) : 0;
    h->shown = 1000000 + random_below(9000000);
    if (random_below(2) == 0) {
        h->limits.modulus = 10000000;
        if (random_below(2) == 0)
            h->shown = h->limits.modulus - 1 - random_below(5000);
    }
    h->refreshed = h->t;
}

/* Time passes and energy flows, at most at the rated power. */
static void history_flow(struct history *h, ms_t dt) {
    h->t += dt;
    h->hidden += random_below(h->rate * dt / 1000 + 1);
    if (h->t - h->refreshed < h->refresh_ms)
        return;
    h->refreshed = h->t;
    h->shown += h->hidden;
    h->truth += h->hidden;
    h->hidden = 0;
    if (h->limits.modulus > 0)
        h->shown %= h->limits.modulus;
}

static int64_t history_read(struct history *h, int64_t count) {
    int64_t delta = -1;

    energy_add(&h->counter, &h->limits, count, h->t, &delta);
    assert_true(delta >= 0);
    h->sum += delta;
    return delta;
}

static void history_read_true(struct history *h) {
    history_read(h, h->shown);
    assert_int_equal(h->sum, h->truth);
}

/* A wrong value that no rule can take for energy: far above all, or below the base and far from a
 * wrap. */
static int64_t wrong_value(const struct history *h, bool low) {
    int64_t top = h->shown > h->highest ? h->shown : h->highest;

    if (low)
        return random_below(h->shown < 100000 ? 1 : 100000) - (random_below(4) == 0);
    return (top > h->limits.modulus ? top : h->limits.modulus) + FAR + random_below(FAR);
}

static bool low_is_telling(const struct history *h) {
    return h->counter.base > 200000 &&
           (h->limits.modulus == 0 || h->limits.modulus - h->counter.base > 300000);
}

/* Up to four wrong values, or a longer run of one value: none may count. */
static void history_glitch(struct history *h) {
    bool low = low_is_telling(h) && random_below(2) == 0;
    bool constant = random_below(2) == 0;
    int64_t n = constant ? 1 + random_below(30) : 1 + random_below(4);
    int64_t value = wrong_value(h, low);

    for (int64_t i = 0; i < n; i++) {
        history_flow(h, 1000);
        assert_int_equal(history_read(h, value), 0);
        if (!constant)
            value = wrong_value(h, low);
    }
    history_flow(h, 1000);
    history_read_true(h);
}

/* The register starts again low: what flowed between the last reading before and the first after
 * is not defined, everything later is. */
static void history_reset(struct history *h) {
    if (h->was_reset || h->refresh_ms > 0 || !low_is_telling(h))
        return;
    h->was_reset = true;
    h->highest = h->shown;
    history_flow(h, 1000);
    h->shown = random_below(100000);
    h->truth = h->sum;
    for (int i = 0; i < ENERGY_CONSISTENT - 1; i++) {
        assert_int_equal(history_read(h, h->shown), 0);
        history_flow(h, 1000 * (1 + random_below(10)));
    }
    history_read_true(h);
}

static void history_go(struct history *h) {
    history_read_true(h);
    for (int i = 0; i < 30; i++) {
        switch (random_below(10)) {
        case 0:
        case 1:
            history_glitch(h);
            break;
        case 2:
            history_reset(h);
            break;
        case 3: /* a gap */
            history_flow(h, 1000 * (1 + random_below(1000)));
            history_read_true(h);
            break;
        default:
            history_flow(h, 1000);
            history_read_true(h);
            break;
        }
    }
}

static void random_histories_conserve_energy(void **state) {
    (void)state;
    int64_t resets = 0, total = 0;

    for (int i = 0; i < 100000; i++) {
        struct history h;
        history_init(&h);
        history_go(&h);
        resets += h.was_reset;
        total += h.sum;
    }
    assert_true(resets > 10000); /* the histories did contain what they are meant to test */
    assert_true(total > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_histories_conserve_energy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
