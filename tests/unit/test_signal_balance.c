/* A24: what the meters leave unexplained, of a quarter and of a day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/signal_balance.h"
#include "watch_rows.h"

#define UNKNOWN ((double)NAN)
#define QUARTER (15 * MS_PER_MIN)

static void percent_of_the_larger(void **state) {
    (void)state;
    /* 1600 kVA: the floor of a quarter is 40 kWh */
    static const struct {
        double residual, feeders, kva, pct;
    } cases[] = {
        {10, 200, 1600, 5},   {-10, 200, 1600, 5},      {2, 10, 1600, 5},
        {2, 10, UNKNOWN, 20}, {2, 0, UNKNOWN, UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct balance_sum s = {cases[i].residual, cases[i].feeders, 0.25};
        double v = balance_pct(&s, cases[i].kva);
        if (isnan(cases[i].pct))
            assert_true(isnan(v));
        else
            assert_same(v, cases[i].pct);
    }
}

static double value(double quarter, double day, double evening, bool *of_day) {
    const struct balance_sum q = {quarter, 100, 0.25}, d = {day, 100, 24}, e = {evening, 100, 4};
    return signal_balance(&q, &d, &e, UNKNOWN, 5, 3, of_day);
}

static void the_day_has_a_limit_of_its_own(void **state) {
    (void)state;
    bool of_day;
    const struct balance_sum q = {4, 100, 0.25};
    assert_same(signal_balance(&q, NULL, NULL, UNKNOWN, 5, 3, &of_day), 4);
    assert_false(of_day);
    assert_same(value(2, 3.6, 3.5, &of_day), 6); /* 3.6 of 3 as 6 of 5 */
    assert_true(of_day);
    assert_same(value(8, 3.6, 3.5, &of_day), 8);
    assert_false(of_day);
    assert_same(value(2, 2.9, 3.5, &of_day), 2);
    assert_false(of_day);
    assert_same(value(2, 9, 0.5, &of_day), 2); /* repaired in the course of it */
    assert_false(of_day);
    assert_same(value(UNKNOWN, 3.6, 3.5, &of_day), 6);
    assert_true(isnan(value(UNKNOWN, UNKNOWN, UNKNOWN, &of_day)));
    assert_true(isnan(value(UNKNOWN, 2, 2, &of_day)));
}

static void two_slots_raise_and_two_clear(void **state) {
    (void)state;
    static const struct watch_row rows[] = {
        {1 * QUARTER, 6, NOTHING},        {2 * QUARTER, 2, NOTHING},
        {3 * QUARTER, 6, NOTHING},        {4 * QUARTER, 6, ALERT_RAISED},
        {5 * QUARTER, 2, NOTHING},        {6 * QUARTER, 4, NOTHING},
        {7 * QUARTER, 2, NOTHING},        {8 * QUARTER, UNKNOWN, NOTHING},
        {9 * QUARTER, 2, NOTHING},        {10 * QUARTER, 2, ALERT_CLEARED},
        {11 * QUARTER, UNKNOWN, NOTHING}, {20 * QUARTER, 6, NOTHING},
        {21 * QUARTER, 6, ALERT_RAISED},
    };
    FOLLOW(ALERT_BALANCE, rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_of_the_larger),
        cmocka_unit_test(the_day_has_a_limit_of_its_own),
        cmocka_unit_test(two_slots_raise_and_two_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
