/* Completeness: slots counted against the calendar, days against months. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "calc/completeness.h"

#define UNKNOWN ((double)NAN)
#define QUARTER (15 * MS_PER_MIN)
#define HOUR    (60 * MS_PER_MIN)
/* 2024-07-01 00:00 at UTC+8 = 2024-06-30 16:00 UTC (date -d): a local midnight on a quarter's edge
 */
#define MIDNIGHT ((ms_t)1719763200000)

static void expected_slots_are_those_that_have_ended(void **state) {
    (void)state;
    static const struct {
        ms_t start, end, now;
        uint32_t want;
    } rows[] = {
        {MIDNIGHT, MIDNIGHT + 24 * HOUR, MIDNIGHT + 48 * HOUR, 96},  /* a day that is over */
        {MIDNIGHT, MIDNIGHT + 25 * HOUR, MIDNIGHT + 48 * HOUR, 100}, /* summer time ends */
        {MIDNIGHT, MIDNIGHT + 23 * HOUR, MIDNIGHT + 48 * HOUR, 92},  /* and begins */
        {MIDNIGHT, MIDNIGHT + 24 * HOUR, MIDNIGHT + 2 * HOUR, 8},
        {MIDNIGHT, MIDNIGHT + 24 * HOUR, MIDNIGHT + 2 * HOUR - 1, 7}, /* a ms before the edge */
        {MIDNIGHT, MIDNIGHT + 24 * HOUR, MIDNIGHT, 0},
        {MIDNIGHT, MIDNIGHT + 24 * HOUR, MIDNIGHT - HOUR, 0}, /* the clock is behind */
        {MIDNIGHT + 1, MIDNIGHT + HOUR, MIDNIGHT + HOUR, 3},  /* cut ones do not count */
        {MIDNIGHT, MIDNIGHT + HOUR - 1, MIDNIGHT + HOUR, 3},
        {MIDNIGHT + 1, MIDNIGHT + QUARTER - 1, MIDNIGHT + HOUR, 0},
        {-HOUR - 1, HOUR, HOUR, 8}, /* before 1970 edges lie where they do after it */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(completeness_expected(rows[i].start, rows[i].end, rows[i].now),
                         rows[i].want);
}

static void ratio_of_nothing_expected_is_unknown(void **state) {
    (void)state;
    assert_true(fabs(completeness_ratio(72, 96) - 0.75) < 1e-12);
    assert_true(fabs(completeness_ratio(0, 96)) < 1e-12);
    assert_true(isnan(completeness_ratio(0, 0)));
}

/* Days 100 + 110 + 90 = 300 against a month of 312.5: 12.5 / 312.5 = 0.04; against 250: 50 / 250 =
 * 0.2; a net export of -300 with days of -100, -110, -60: 30 / 300 = 0.1. */
static void days_are_compared_with_their_month(void **state) {
    (void)state;
    static const double days[] = {100, 110, 90}, export[] = {-100, -110, -60};

    assert_true(fabs(completeness_day_month_deviation(days, 3, 312.5) - 0.04) < 1e-12);
    assert_true(fabs(completeness_day_month_deviation(days, 3, 250) - 0.2) < 1e-12);
    assert_true(fabs(completeness_day_month_deviation(export, 3, -300) - 0.1) < 1e-12);
}

/* 100 + 90 of 200: 10 / 200 = 0.05. */
static void an_unknown_day_is_missing_from_the_sum(void **state) {
    (void)state;
    static const double days[] = {100, UNKNOWN, 90};

    assert_true(fabs(completeness_day_month_deviation(days, 3, 200) - 0.05) < 1e-12);
    assert_true(isnan(completeness_day_month_deviation(days + 1, 1, 200)));
    assert_true(isnan(completeness_day_month_deviation(days, 0, 200)));
}

static void without_a_month_there_is_no_deviation(void **state) {
    (void)state;
    static const double days[] = {100};

    assert_true(isnan(completeness_day_month_deviation(days, 1, 0)));
    assert_true(isnan(completeness_day_month_deviation(days, 1, UNKNOWN)));
}

static void boundary_error_is_a_distance(void **state) {
    (void)state;
    assert_int_equal(completeness_boundary_error(MIDNIGHT, MIDNIGHT + 900), 900);
    assert_int_equal(completeness_boundary_error(MIDNIGHT, MIDNIGHT - 60000), 60000);
    assert_int_equal(completeness_boundary_error(MIDNIGHT, MIDNIGHT), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expected_slots_are_those_that_have_ended),
        cmocka_unit_test(ratio_of_nothing_expected_is_unknown),
        cmocka_unit_test(days_are_compared_with_their_month),
        cmocka_unit_test(an_unknown_day_is_missing_from_the_sum),
        cmocka_unit_test(without_a_month_there_is_no_deviation),
        cmocka_unit_test(boundary_error_is_a_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
