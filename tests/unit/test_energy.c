/* Counter registers -> energy: each rule by hand-made tables. Expected values are worked out in the
 * comments, from the rules in calc/energy.h. */
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

/* The clock goes back an hour: a minute is taken to have passed, so 100 Wh, less than 1/30 x (60 s
 * + 1 s) + 1 = 2034, count once. */
static void clock_step_back_loses_and_doubles_nothing(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 1000, ENERGY_FIRST, 0},         {1000, 1020, ENERGY_NONE, 20},
        {-3600000, 1120, ENERGY_NONE, 100}, {1000, 1140, ENERGY_NONE, 20},
        {1000, 1160, ENERGY_NONE, 20},
    };
    assert_int_equal(RUN(rated_100kw, steps), 160);
}

/* Two hours still, read each minute: 15 minutes of that allow 1/30 x (60 s + 900 s) + 1 = 32,001,
 * not the 260,000 of two hours. */
static void still_register_allows_a_quarter_hour(void **state) {
    (void)state;
    struct energy_counter c = {0};
    int64_t delta;

    for (int64_t minute = 0; minute < 120; minute++)
        energy_add(&c, &rated_100kw, 1000, T0 + minute * 60000, &delta);
    assert_int_equal(energy_add(&c, &rated_100kw, 33002, T0 + 7200000, &delta), ENERGY_HELD);
    assert_int_equal(delta, 0);
}

/* Once the register has grown past where it stood before a reset, nothing is undone any more: a
 * wrong value within reach of the old track is a wrong value. */
static void reset_that_was_outgrown_stands(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 50, ENERGY_FIRST, 0},      {1000, 0, ENERGY_HELD, 0},   {1000, 0, ENERGY_HELD, 0},
        {1000, 0, ENERGY_HELD, 0},     {1000, 0, ENERGY_HELD, 0},   {1000, 0, ENERGY_RESET, 0},
        {1000, 30, ENERGY_NONE, 30},   {1000, 60, ENERGY_NONE, 30}, {1000, 20000, ENERGY_HELD, 0},
        {1000, 80, ENERGY_GLITCH, 20},
    };
    assert_int_equal(RUN(rated_100kw, steps), 80);
}

/* 100 were counted since the jump; 50 above the old count is no return, or 50 would be taken back.
 */
static void return_below_what_was_counted_is_none(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 7000000, ENERGY_FIRST, 0},     {1000, 9000000, ENERGY_HELD, 0},
        {1000, 9000000, ENERGY_HELD, 0},   {1000, 9000000, ENERGY_HELD, 0},
        {1000, 9000000, ENERGY_HELD, 0},   {1000, 9000000, ENERGY_JUMP, 0},
        {1000, 9000100, ENERGY_NONE, 100}, {1000, 7000050, ENERGY_HELD, 0},
    };
    assert_int_equal(RUN(rated_100kw, steps), 100);
}

/* A run stays on one side of the base, even where a clock step makes a leap across it look
 * allowed: the run of the high ones begins at the first of them. */
static void run_does_not_cross_the_base(void **state) {
    (void)state;
    const struct step steps[] = {
        {0, 1000000, ENERGY_FIRST, 0},      {-3600000, 999990, ENERGY_HELD, 0},
        {3599000, 1050000, ENERGY_HELD, 0}, {1, 1050000, ENERGY_HELD, 0},
        {1, 1050000, ENERGY_HELD, 0},       {1, 1050000, ENERGY_HELD, 0},
        {1, 1050000, ENERGY_JUMP, 0},
    };
    assert_int_equal(RUN(rated_100kw, steps), 0);
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
        cmocka_unit_test(still_register_allows_a_quarter_hour),
        cmocka_unit_test(reset_that_was_outgrown_stands),
        cmocka_unit_test(return_below_what_was_counted_is_none),
        cmocka_unit_test(run_does_not_cross_the_base),
        cmocka_unit_test(momentary_zero_never_counts_without_rating),
        cmocka_unit_test(growth_past_the_old_count_counts_without_rating),
        cmocka_unit_test(rollover_without_rating_needs_confirmation),
        cmocka_unit_test(extremes_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
