/* The simulator's load curves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/model_load.h"

#define CHINA_S 28800
#define MONDAY  1782057600000 /* 2026-06-22T00:00:00+08:00 */
#define HOUR_MS 3600000

static double average(enum load_kind kind, int day, double from_h, double to_h) {
    ms_t from = MONDAY + day * 24 * (ms_t)HOUR_MS + (ms_t)(from_h * HOUR_MS);
    ms_t to = MONDAY + day * 24 * (ms_t)HOUR_MS + (ms_t)(to_h * HOUR_MS);
    double sum = 0.0;
    size_t n = 0;

    for (ms_t t = from; t < to; t += 10 * MS_PER_S, n++) {
        struct local_time at = local_time_of(t, CHINA_S);

        sum += load_share(kind, 1, 7, t, &at);
    }
    return sum / (double)n;
}

static void shares_stay_between_nothing_and_the_rating(void **state) {
    (void)state;
    for (int kind = 0; kind < LOAD_KIND_COUNT; kind++) {
        for (ms_t t = MONDAY; t < MONDAY + 7 * 24 * (ms_t)HOUR_MS; t += 7 * MS_PER_S) {
            struct local_time at = local_time_of(t, CHINA_S);
            double share = load_share((enum load_kind)kind, 1, 7, t, &at);
            double q = load_reactive_share((enum load_kind)kind, 1, 7, t);

            assert_true(share >= 0.02 && share <= 1.0);
            assert_true(q > 0.15 && q < 0.6);
        }
    }
}

static void the_works_have_shifts_a_lunch_break_and_weekends(void **state) {
    (void)state;
    double shift = average(LOAD_TWO_SHIFTS, 1, 9, 11);

    assert_true(shift > 3.0 * average(LOAD_TWO_SHIFTS, 1, 1, 5));
    assert_true(average(LOAD_TWO_SHIFTS, 1, 12.2, 12.8) < 0.75 * shift);
    assert_true(average(LOAD_TWO_SHIFTS, 6, 9, 11) < 0.4 * shift);
    assert_true(average(LOAD_TWO_SHIFTS, 5, 9, 11) < 0.8 * shift);
    assert_true(average(LOAD_FURNACE, 1, 1, 5) > 0.75 * average(LOAD_FURNACE, 1, 9, 13));
    assert_true(average(LOAD_DAY_SHIFT, 1, 20, 23) < 0.4 * average(LOAD_DAY_SHIFT, 1, 14, 17));
}

static void feeders_of_one_kind_differ(void **state) {
    (void)state;
    struct local_time at = local_time_of(MONDAY + 10 * HOUR_MS, CHINA_S);
    double a = load_share(LOAD_OFFICE, 1, 1, MONDAY + 10 * HOUR_MS, &at);
    double b = load_share(LOAD_OFFICE, 1, 2, MONDAY + 10 * HOUR_MS, &at);

    assert_true(a < b || b < a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_stay_between_nothing_and_the_rating),
        cmocka_unit_test(the_works_have_shifts_a_lunch_break_and_weekends),
        cmocka_unit_test(feeders_of_one_kind_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
