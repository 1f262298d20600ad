/* Counter registers -> energy: each rule by hand-made tables, and conservation over 100,000 random
 * histories. Expected values are worked out in the comments, from the rules in calc/energy.h. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "calc/energy.h"

#define T0 1700000000000 /* any time */

/* One reading: dt after the one before. */
struct step {
    ms_t dt_ms;
    int64_t count;
    enum energy_event event;
    int64_t delta;
};

/* Feeds the steps; returns the sum of what was accepted. */
static int64_t run(const struct energy_limits *limits, const struct step *steps, size_t n) {
    struct energy_counter c = {0};
    ms_t t = T0;
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t delta = -1;
        t += steps[i].dt_ms;
        enum energy_event event = energy_add(&c, limits, steps[i].count, t, &delta);
        if (event != steps[i].event || delta != steps[i].delta)
            print_error("step %zu: count %lld gave event %d delta %lld\n", i,
                        (long long)steps[i].count, (int)event, (long long)delta);
        assert_int_equal(event, steps[i].event);
        assert_int_equal(delta, steps[i].delta);
        sum += delta;
    }
    return sum;
}
#define RUN(limits, steps) run(&(limits), steps, sizeof(steps) / sizeof((steps)[0]))

/* 100 kW: 1.2 x 100,000 Wh / 3,600,000 ms = 1/30 Wh a ms: 33.3 Wh a second. Counts are Wh. */
static const struct energy_limits rated_100kw = {.max_counts_per_ms = 1.0 / 30.0};

static void plain_steps_add_up(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 5000, ENERGY_FIRST, 0},    {1000, 5020, ENERGY_NONE, 20}, {1000, 5020, ENERGY_NONE, 0},
        {1000, 5053, ENERGY_NONE, 33}, {1000, 5060, ENERGY_NONE, 7},
    };
    assert_int_equal(RUN(rated_100kw, steps), 5060 - 5000);
}

/* Field case (MyEMS data): 999984.0625 kWh, then 20 kWh on a register of six digits:
 * 20 + 1,000,000 - 999,984.0625 = 35.9375 kWh. Counts are 1/10000 kWh. 15 min at 200 kW allow
 * 1.2 x 50 kWh = 60 kWh. */
static void six_digit_register_rolls_over(void **state) {
    (void)state;
    const struct energy_limits limits = {.modulus = 10000000000,
                                         .max_counts_per_ms = 1.2 * 200 * 10000 / 3600000};
    const struct step steps[] = {
        {0, 9999840625, ENERGY_FIRST, 0},
        {900000, 200000, ENERGY_ROLLOVER, 359375},
        {900000, 500000, ENERGY_NONE, 300000},
    };
    assert_int_equal(RUN(limits, steps), 659375);
}

/* 2^32 raw counts: 4294967290 -> 4 is 4 + 4294967296 - 4294967290 = 10. */
static void raw_32_bit_counter_rolls_over(void **state) {
    (void)state;
    const struct energy_limits limits = {.modulus = 4294967296, .max_counts_per_ms = 0.02};
    const struct step steps[] = {
        {0, 4294967290, ENERGY_FIRST, 0},
        {1000, 4, ENERGY_ROLLOVER, 10},
        {1000, 5, ENERGY_NONE, 1},
    };
    assert_int_equal(RUN(limits, steps), 11);
}

/* Field case (MyEMS data): runs of 0, tiny negatives, 0.003, then the true value again. Counts are
 * 1/1000 kWh. The difference over the run is exact: 7,000,060 - 7,000,000. */
static void low_glitch_is_dropped_and_its_energy_kept(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 7000000, ENERGY_FIRST, 0},    {1000, 0, ENERGY_HELD, 0},
        {1000, -2, ENERGY_HELD, 0},       {1000, 3, ENERGY_HELD, 0},
        {1000, 0, ENERGY_HELD, 0},        {1000, 7000060, ENERGY_GLITCH, 60},
        {1000, 7000070, ENERGY_NONE, 10},
    };
    assert_int_equal(RUN(rated_100kw, steps), 70);
}

/* The rule says five consistent samples below the base are a reset. When the true value returns
 * within a day it was none: the sum is that of the dropped run, 7,000,200 - 7,000,000. */
static void long_run_of_zeros_that_ends_is_undone(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 7000000, ENERGY_FIRST, 0},    {1000, 0, ENERGY_HELD, 0},
        {1000, 0, ENERGY_HELD, 0},        {1000, 0, ENERGY_HELD, 0},
        {1000, 0, ENERGY_HELD, 0},        {1000, 0, ENERGY_RESET, 0},
        {1000, 3, ENERGY_NONE, 3},        {1000, 7000200, ENERGY_GLITCH, 197},
        {1000, 7000210, ENERGY_NONE, 10},
    };
    assert_int_equal(RUN(rated_100kw, steps), 210);
}

/* Reset: only 12 - 2 = 10 was seen by the fifth sample; then it goes on. */
static void five_consistent_samples_below_are_a_reset(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 7000000, ENERGY_FIRST, 0}, {1000, 2, ENERGY_HELD, 0}, {1000, 4, ENERGY_HELD, 0},
        {1000, 4, ENERGY_HELD, 0},     {1000, 9, ENERGY_HELD, 0}, {1000, 12, ENERGY_RESET, 10},
        {1000, 20, ENERGY_NONE, 8},
    };
    assert_int_equal(RUN(rated_100kw, steps), 18);
}

/* A falling sample, and a step above 34 Wh in a second, each start the run anew. */
static void inconsistent_samples_start_the_run_anew(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 7000000, ENERGY_FIRST, 0}, {1000, 50, ENERGY_HELD, 0},
        {1000, 51, ENERGY_HELD, 0},    {1000, 52, ENERGY_HELD, 0},
        {1000, 53, ENERGY_HELD, 0},    {1000, 40, ENERGY_HELD, 0}, /* falls: 1 */
        {1000, 41, ENERGY_HELD, 0},    {1000, 42, ENERGY_HELD, 0},
        {1000, 43, ENERGY_HELD, 0},    {1000, 90, ENERGY_HELD, 0}, /* 47 > 34: 1 */
        {1000, 91, ENERGY_HELD, 0},    {1000, 92, ENERGY_HELD, 0},
        {1000, 93, ENERGY_HELD, 0},    {1000, 94, ENERGY_RESET, 4},
    };
    assert_int_equal(RUN(rated_100kw, steps), 4);
}

/* d_max after the first reading is 1/30 x (1 s + 15 min) + 1 = 30,034: 30,034 is taken, and one
 * more is not (1/30 x 901,000 = 30,033.3, + 1 = 30,034.3). */
static void largest_step_is_the_rated_energy_and_one_count(void **state) {
    (void)state;
    const struct step taken[] = {{0, 1000, ENERGY_FIRST, 0}, {1000, 31034, ENERGY_NONE, 30034}};
    const struct step held[] = {{0, 1000, ENERGY_FIRST, 0}, {1000, 31035, ENERGY_HELD, 0}};
    /* right after a movement: two seconds since another count was read, 66.7 + 1 = 67 */
    const struct step moving[] = {{0, 1000, ENERGY_FIRST, 0},
                                  {1000, 1001, ENERGY_NONE, 1},
                                  {1000, 1068, ENERGY_NONE, 67},
                                  {1000, 1136, ENERGY_HELD, 0}};
    assert_int_equal(RUN(rated_100kw, taken), 30034);
    assert_int_equal(RUN(rated_100kw, held), 0);
    assert_int_equal(RUN(rated_100kw, moving), 68);
}

static void high_glitch_never_counts(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 7000000, ENERGY_FIRST, 0},    {1000, 4294967295, ENERGY_HELD, 0},
        {1000, 9000000, ENERGY_HELD, 0},  {1000, 7000030, ENERGY_GLITCH, 30},
        {1000, 7000040, ENERGY_NONE, 10},
    };
    assert_int_equal(RUN(rated_100kw, steps), 40);
}

/* A meter exchanged for one that stands higher: the step of two million is not counted, the 4 and
 * the 10 seen after it are. */
static void five_consistent_samples_above_are_a_jump(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 7000000, ENERGY_FIRST, 0},    {1000, 9000000, ENERGY_HELD, 0},
        {1000, 9000001, ENERGY_HELD, 0},  {1000, 9000002, ENERGY_HELD, 0},
        {1000, 9000003, ENERGY_HELD, 0},  {1000, 9000004, ENERGY_JUMP, 4},
        {1000, 9000014, ENERGY_NONE, 10},
    };
    assert_int_equal(RUN(rated_100kw, steps), 14);
}

static void long_high_run_that_ends_is_undone(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 7000000, ENERGY_FIRST, 0},       {1000, 9000000, ENERGY_HELD, 0},
        {1000, 9000000, ENERGY_HELD, 0},     {1000, 9000000, ENERGY_HELD, 0},
        {1000, 9000000, ENERGY_HELD, 0},     {1000, 9000000, ENERGY_JUMP, 0},
        {1000, 7000100, ENERGY_GLITCH, 100},
    };
    assert_int_equal(RUN(rated_100kw, steps), 100);
}

/* After more than a day it is not undone: the value that returns is a jump of its own. */
static void reset_older_than_a_day_stands(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 9000000, ENERGY_FIRST, 0}, {1000, 0, ENERGY_HELD, 0},       {1000, 0, ENERGY_HELD, 0},
        {1000, 0, ENERGY_HELD, 0},     {1000, 0, ENERGY_HELD, 0},       {1000, 0, ENERGY_RESET, 0},
        {86400000, 0, ENERGY_NONE, 0}, {1000, 9000100, ENERGY_HELD, 0},
    };
    assert_int_equal(RUN(rated_100kw, steps), 0);
}

/* Rule 5: six hours without a reading at 80 kW; 480,000 Wh <= 1.2 x 100 kW x 6 h = 720,000. */
static void gap_is_exact_in_total(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 100, ENERGY_FIRST, 0},
        {1000, 120, ENERGY_NONE, 20},
        {6 * 3600000, 480120, ENERGY_NONE, 480000},
    };
    assert_int_equal(RUN(rated_100kw, steps), 480020);
}

/* Refreshed once a minute, read once a second: 90 kW is 1500 Wh a minute, 45 times d_max of one
 * second, and all of it counts. */
static void slowly_refreshed_register_is_no_jump(void **state) {
    (void)state;
    struct energy_counter c = {0};
    int64_t sum = 0, delta;

    for (int64_t second = 0; second <= 600; second++) {
        int64_t count = 50000 + second / 60 * 1500;
        enum energy_event event = energy_add(&c, &rated_100kw, count, T0 + second * 1000, &delta);
        assert_int_equal(event, second == 0 ? ENERGY_FIRST : ENERGY_NONE);
        sum += delta;
    }
    assert_int_equal(sum, 10 * 1500);
}

/* A register that wavers by its last digit while nothing flows creates no energy. */
static void wavering_last_digit_creates_nothing(void **state) {
    (void)state;
    struct energy_counter c = {0};
    int64_t delta;

    energy_add(&c, &rated_100kw, 1000, T0, &delta);
    for (int64_t i = 1; i <= 100; i++) {
        int64_t count = i / 10 % 2 == 1 ? 999 : 1000; /* ten polls low, ten polls high */
        assert_int_equal(energy_add(&c, &rated_100kw, count, T0 + i * 1000, &delta), ENERGY_NONE);
        assert_int_equal(delta, 0);
    }
}

/* The clock goes back an hour: a minute is taken to have passed, so steps still count once. */
static void clock_step_back_loses_and_doubles_nothing(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 1000, ENERGY_FIRST, 0},        {1000, 1020, ENERGY_NONE, 20},
        {-3600000, 1040, ENERGY_NONE, 20}, {1000, 1060, ENERGY_NONE, 20},
        {1000, 1080, ENERGY_NONE, 20},
    };
    assert_int_equal(RUN(rated_100kw, steps), 80);
}

/* evcc PR 30592: a momentary 0 became 53.7 MWh. No rating is known, so no step is too large; the
 * leap back onto the old track is told by being larger than all that was counted since. */
static void momentary_zero_never_counts_without_rating(void **state) {
    (void)state;
    const struct energy_limits unrated = {0};
    const struct step shorter[] = {
        {0, 53700000, ENERGY_FIRST, 0},
        {1000, 0, ENERGY_HELD, 0},
        {1000, 53700010, ENERGY_GLITCH, 10},
    };
    const struct step longer[] = {
        {0, 53700000, ENERGY_FIRST, 0},    {1000, 0, ENERGY_HELD, 0},
        {1000, 0, ENERGY_HELD, 0},         {1000, 0, ENERGY_HELD, 0},
        {1000, 0, ENERGY_HELD, 0},         {1000, 0, ENERGY_RESET, 0},
        {1000, 0, ENERGY_NONE, 0},         {1000, 53700030, ENERGY_GLITCH, 30},
        {1000, 53700040, ENERGY_NONE, 10},
    };
    assert_int_equal(RUN(unrated, shorter), 10);
    assert_int_equal(RUN(unrated, longer), 40);
}

/* Growth past the old count after a true reset is ordinary energy: 900 + 200 since the reset. */
static void growth_past_the_old_count_counts_without_rating(void **state) {
    (void)state;
    const struct energy_limits unrated = {0};
    const struct step steps[] = {
        {0, 1000, ENERGY_FIRST, 0},     {1000, 0, ENERGY_HELD, 0},      {1000, 0, ENERGY_HELD, 0},
        {1000, 0, ENERGY_HELD, 0},      {1000, 0, ENERGY_HELD, 0},      {1000, 0, ENERGY_RESET, 0},
        {1000, 900, ENERGY_NONE, 900},  {1000, 1100, ENERGY_NONE, 200}, {1000, 500, ENERGY_HELD, 0},
        {1000, 1100, ENERGY_GLITCH, 0},
    };
    assert_int_equal(RUN(unrated, steps), 1100);
}

/* Without a rating a wrap needs five samples and a skip of at most a thousandth of a turn:
 * 1,000,000 - 999,990 + 14 = 24. From 990,000 the same run is a reset: 14 - 10 = 4. */
static void rollover_without_rating_needs_confirmation(void **state) {
    (void)state;
    const struct energy_limits limits = {.modulus = 1000000};
    const struct step wrap[] = {
        {0, 999990, ENERGY_FIRST, 0}, {1000, 10, ENERGY_HELD, 0}, {1000, 11, ENERGY_HELD, 0},
        {1000, 12, ENERGY_HELD, 0},   {1000, 13, ENERGY_HELD, 0}, {1000, 14, ENERGY_ROLLOVER, 24},
    };
    const struct step reset[] = {
        {0, 990000, ENERGY_FIRST, 0}, {1000, 10, ENERGY_HELD, 0}, {1000, 11, ENERGY_HELD, 0},
        {1000, 12, ENERGY_HELD, 0},   {1000, 13, ENERGY_HELD, 0}, {1000, 14, ENERGY_RESET, 4},
    };
    assert_int_equal(RUN(limits, wrap), 24);
    assert_int_equal(RUN(limits, reset), 4);
}

/* Whatever bits a register gives: no overflow, nothing negative. */
static void extremes_are_harmless(void **state) {
    (void)state;
    static const int64_t extremes[] = {INT64_MIN, INT64_MAX, 0, -1, 1, INT64_MIN + 1};
    const size_t n = sizeof extremes / sizeof extremes[0];
    const struct energy_limits limits[] = {
        {.modulus = INT64_MAX, .max_counts_per_ms = 1e300}, {.modulus = 2}, {0}};

    for (size_t l = 0; l < 3; l++) {
        struct energy_counter c = {0};
        for (size_t i = 0; i < n * n * n; i++) {
            int64_t delta;
            energy_add(&c, &limits[l], extremes[i / n % n], extremes[i % n] / 4, &delta);
            energy_add(&c, &limits[l], extremes[i / n / n], T0, &delta);
            assert_true(delta >= 0);
        }
    }
}

/* --- random histories --- */

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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_steps_add_up),
        cmocka_unit_test(six_digit_register_rolls_over),
        cmocka_unit_test(raw_32_bit_counter_rolls_over),
        cmocka_unit_test(low_glitch_is_dropped_and_its_energy_kept),
        cmocka_unit_test(long_run_of_zeros_that_ends_is_undone),
        cmocka_unit_test(five_consistent_samples_below_are_a_reset),
        cmocka_unit_test(inconsistent_samples_start_the_run_anew),
        cmocka_unit_test(largest_step_is_the_rated_energy_and_one_count),
        cmocka_unit_test(high_glitch_never_counts),
        cmocka_unit_test(five_consistent_samples_above_are_a_jump),
        cmocka_unit_test(long_high_run_that_ends_is_undone),
        cmocka_unit_test(reset_older_than_a_day_stands),
        cmocka_unit_test(gap_is_exact_in_total),
        cmocka_unit_test(slowly_refreshed_register_is_no_jump),
        cmocka_unit_test(wavering_last_digit_creates_nothing),
        cmocka_unit_test(clock_step_back_loses_and_doubles_nothing),
        cmocka_unit_test(momentary_zero_never_counts_without_rating),
        cmocka_unit_test(growth_past_the_old_count_counts_without_rating),
        cmocka_unit_test(rollover_without_rating_needs_confirmation),
        cmocka_unit_test(extremes_are_harmless),
        cmocka_unit_test(random_histories_conserve_energy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
