/* A point over one slot: mean with the last value held, extremes, coverage, quality. The expected
 * numbers are worked out in the comments: sum of value x seconds / seconds. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "calc/window.h"

#define START 1700000040000 /* on a minute */
#define END   (START + 60000)
#define HOLD  2500 /* 2.5 polls of a second */

struct slot {
    struct window w;
    struct window_hold h;
};

static struct slot empty_slot(void) {
    struct slot s = {.h = {0}};
    window_clear(&s.w);
    return s;
}

static void add(struct slot *s, ms_t at_ms, double value, enum quality quality, uint32_t hold_ms) {
    struct sample sample = {.utc_ms = START + at_ms, .value = value, .quality = (uint8_t)quality};
    window_add(&s->w, &s->h, START, END, &sample, hold_ms);
}

static void close_slot(struct slot *s) {
    window_hold_to(&s->w, &s->h, START, END, END);
}

static void assert_near(double got, double want) {
    assert_true(fabs(got - want) < 1e-9);
}

static void empty_slot_is_unknown(void **state) {
    (void)state;
    struct slot s = empty_slot();
    close_slot(&s);
    assert_true(isnan(window_mean(&s.w)));
    assert_true(isnan(s.w.min) && isnan(s.w.max) && isnan(s.w.first) && isnan(s.w.last));
    assert_near(window_coverage(&s.w, START, END), 0.0);
}

/* 10 kW for 45 s, 50 kW for 15 s: (450 + 750) / 60 = 20; the mean of the samples would be 30. */
static void mean_is_weighted_by_time(void **state) {
    (void)state;
    struct slot s = empty_slot();
    add(&s, 0, 10.0, QUALITY_GOOD, 60000);
    add(&s, 45000, 50.0, QUALITY_GOOD, 60000);
    close_slot(&s);
    assert_near(window_mean(&s.w), 20.0);
    assert_near(window_coverage(&s.w, START, END), 1.0);
    assert_near(s.w.min, 10.0);
    assert_near(s.w.max, 50.0);
    assert_near(s.w.first, 10.0);
    assert_near(s.w.last, 50.0);
    assert_int_equal(s.w.samples, 2);
}

/* Two samples held 2.5 s each: 5 s of 60 s are covered; (2.5 x 4 + 2.5 x 8) / 5 = 6. */
static void longer_than_the_hold_is_a_gap(void **state) {
    (void)state;
    struct slot s = empty_slot();
    add(&s, 1000, 4.0, QUALITY_GOOD, HOLD);
    add(&s, 30000, 8.0, QUALITY_GOOD, HOLD);
    close_slot(&s);
    assert_int_equal(s.w.covered_ms, 5000);
    assert_near(window_coverage(&s.w, START, END), 5.0 / 60.0);
    assert_near(window_mean(&s.w), 6.0);
}

/* Read 1 s before the slot: holds 1.5 s of it with value 100, then 60 for 1 s before 2.5 s are up:
 * next sample at 1.5 s ... until 4 s. (1.5 x 100 + 2.5 x 60) / 4 = 75. */
static void value_held_from_before_counts_for_its_share(void **state) {
    (void)state;
    struct slot s = empty_slot();
    struct sample before = {.utc_ms = START - 1000, .value = 100.0, .quality = QUALITY_SUSPECT};
    struct window previous;

    window_clear(&previous);
    window_add(&previous, &s.h, START - 60000, START, &before, HOLD);
    window_hold_to(&previous, &s.h, START - 60000, START, START);
    assert_int_equal(previous.covered_ms, 1000);
    add(&s, 1500, 60.0, QUALITY_GOOD, HOLD);
    close_slot(&s);
    assert_near(window_mean(&s.w), 75.0);
    assert_int_equal(s.w.covered_ms, 4000);
    assert_near(s.w.max, 100.0);
    assert_near(s.w.first, 100.0);
    assert_int_equal(s.w.samples, 1);
    assert_int_equal(s.w.worst, QUALITY_SUSPECT);
}

/* A value whose hold ended before the slot leaves no trace in it. */
static void expired_value_does_not_count(void **state) {
    (void)state;
    struct slot s = empty_slot();
    s.h = (struct window_hold){
        .value = 100.0, .since_utc_ms = START - 9000, .until_utc_ms = START, .held = 1};
    add(&s, 10000, 60.0, QUALITY_GOOD, HOLD);
    close_slot(&s);
    assert_near(s.w.max, 60.0);
    assert_near(window_mean(&s.w), 60.0);
}

/* 6 s at 10, unusable from 6 s to 20 s, then 5 s at 20: (60 + 100) / 11. */
static void unusable_sample_ends_the_hold_and_lowers_quality(void **state) {
    (void)state;
    static const enum quality unusable[] = {QUALITY_OUT_OF_RANGE, QUALITY_EXCEPTION, QUALITY_STALE,
                                            QUALITY_MISSING, QUALITY_CLOCK_SUSPECT};
    for (size_t i = 0; i < sizeof unusable / sizeof unusable[0]; i++) {
        struct slot s = empty_slot();
        add(&s, 0, 10.0, QUALITY_GOOD, 10000);
        add(&s, 6000, 999.0, unusable[i], 10000);
        add(&s, 20000, 20.0, QUALITY_GOOD, 5000);
        close_slot(&s);
        assert_near(window_mean(&s.w), 160.0 / 11.0);
        assert_near(s.w.max, 20.0);
        assert_int_equal(s.w.samples, 2);
        assert_int_equal(s.w.worst, unusable[i]);
    }
}

static void nan_of_good_quality_is_not_a_number_to_hold(void **state) {
    (void)state;
    struct slot s = empty_slot();
    add(&s, 0, (double)NAN, QUALITY_GOOD, HOLD);
    add(&s, 1000, (double)INFINITY, QUALITY_GOOD, HOLD);
    close_slot(&s);
    assert_int_equal(s.w.covered_ms, 0);
    assert_int_equal(s.w.samples, 0);
    assert_true(isnan(window_mean(&s.w)));
}

/* The clock goes back 5 s at second 10: seconds 5 to 10 are not counted again. 10 s at 10, then
 * from 10 s to 15 s at 30: (100 + 150) / 15. */
static void clock_step_back_counts_no_time_twice(void **state) {
    (void)state;
    struct slot s = empty_slot();
    add(&s, 0, 10.0, QUALITY_GOOD, 20000);
    window_hold_to(&s.w, &s.h, START, END, START + 10000);
    add(&s, 5000, 30.0, QUALITY_GOOD, 10000);
    close_slot(&s);
    assert_int_equal(s.w.covered_ms, 15000);
    assert_near(window_mean(&s.w), 250.0 / 15.0);
}

/* Rounding of a sum of tenths must not put the mean above the largest value. */
static void mean_stays_between_the_extremes(void **state) {
    (void)state;
    struct slot s = empty_slot();
    for (ms_t at = 0; at < 60000; at += 7)
        add(&s, at, 0.1, QUALITY_GOOD, HOLD);
    close_slot(&s);
    assert_true(window_mean(&s.w) >= s.w.min && window_mean(&s.w) <= s.w.max);
    assert_int_equal(s.w.covered_ms, 60000);
}

/* Fifteen minutes of i kW, i = 1..15, the last one half covered:
 * (60 x (1 + .. + 14) + 30 x 15) / (14 x 60 + 30) = (6300 + 450) / 870. */
static void merged_slots_equal_the_long_slot(void **state) {
    (void)state;
    struct window quarter;
    window_clear(&quarter);
    for (int i = 1; i <= 15; i++) {
        struct slot s = empty_slot();
        add(&s, 0, (double)i, i == 3 ? QUALITY_ESTIMATED : QUALITY_GOOD, i == 15 ? 30000 : 60000);
        close_slot(&s);
        window_merge(&quarter, &s.w);
    }
    struct slot gap = empty_slot();
    window_merge(&quarter, &gap.w); /* an empty minute changes nothing */
    assert_near(window_mean(&quarter), 6750.0 / 870.0);
    assert_near(window_coverage(&quarter, START, START + 900000), 870.0 / 900.0);
    assert_near(quarter.min, 1.0);
    assert_near(quarter.max, 15.0);
    assert_near(quarter.first, 1.0);
    assert_near(quarter.last, 15.0);
    assert_int_equal(quarter.samples, 15);
    assert_int_equal(quarter.worst, QUALITY_ESTIMATED);
}

static void coverage_of_no_time_is_zero(void **state) {
    (void)state;
    struct window w;
    window_clear(&w);
    assert_near(window_coverage(&w, START, START), 0.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_slot_is_unknown),
        cmocka_unit_test(mean_is_weighted_by_time),
        cmocka_unit_test(longer_than_the_hold_is_a_gap),
        cmocka_unit_test(value_held_from_before_counts_for_its_share),
        cmocka_unit_test(expired_value_does_not_count),
        cmocka_unit_test(unusable_sample_ends_the_hold_and_lowers_quality),
        cmocka_unit_test(nan_of_good_quality_is_not_a_number_to_hold),
        cmocka_unit_test(clock_step_back_counts_no_time_twice),
        cmocka_unit_test(mean_stays_between_the_extremes),
        cmocka_unit_test(merged_slots_equal_the_long_slot),
        cmocka_unit_test(coverage_of_no_time_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
