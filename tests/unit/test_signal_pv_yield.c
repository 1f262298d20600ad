/* A15: a PV feed against the sun and its own past, or against its neighbours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alert/signal_pv_yield.h"
#include "watch_rows.h"

#define UNKNOWN ((double)NAN)

static void ratio_of_an_hour(void **state) {
    (void)state;
    /* 100 kWp, 0.5 kWh/m2: 40 kWh are a performance ratio of 0.8 */
    assert_same(pv_hour_ratio(40, 100, 0.5, 1), 0.8);
    assert_same(pv_hour_ratio(24, 100, 0.3, 1), 0.8);
    assert_true(isnan(pv_hour_ratio(24, 100, 0.29, 1))); /* 290 W/m2 */
    assert_same(pv_hour_ratio(12, 100, 0.15, 0.5), 0.8);
    assert_true(isnan(pv_hour_ratio(40, 100, UNKNOWN, 1)));
    assert_true(isnan(pv_hour_ratio(UNKNOWN, 100, 0.5, 1)));
}

static void median_of_thirty_days(void **state) {
    (void)state;
    static struct pv_history h;
    double scratch[PV_HOURS_MAX];
    memset(&h, 0, sizeof h);
    for (int32_t i = 0; i < PV_HOURS_LEAST; i++) {
        assert_true(isnan(pv_history_median(&h, 1000, scratch)));
        pv_history_take(&h, 900 + i, 0.8);
    }
    pv_history_take(&h, 950, UNKNOWN);
    assert_same(pv_history_median(&h, 1000, scratch), 0.8);
    pv_history_take(&h, 900, 0.1); /* again: replaced */
    assert_int_equal(h.count, PV_HOURS_LEAST);
    assert_same(pv_history_median(&h, 1000, scratch), 0.8);
    assert_true(isnan(pv_history_median(&h, 900 + 10, scratch)));               /* ten before it */
    assert_true(isnan(pv_history_median(&h, 900 + PV_DAYS * 24 + 5, scratch))); /* too old */
}

static void the_oldest_hour_goes(void **state) {
    (void)state;
    static struct pv_history h;
    double scratch[PV_HOURS_MAX];
    memset(&h, 0, sizeof h);
    for (int32_t i = 0; i < PV_HOURS_MAX; i++)
        pv_history_take(&h, 100 + i, 0.5);
    for (int32_t i = 0; i < PV_HOURS_MAX; i++)
        pv_history_take(&h, 450 + i, 0.9);
    assert_int_equal(h.count, PV_HOURS_MAX);
    assert_same(pv_history_median(&h, 800, scratch), 0.9);
    pv_history_take(&h, 7, 0.1); /* older than all */
    for (size_t i = 0; i < PV_HOURS_MAX; i++)
        assert_true(h.ratio[i] > 0.8);
}

static void a_day_against_the_neighbours(void **state) {
    (void)state;
    const double yield[] = {4.0, 4.2, 3.4, 4.1, UNKNOWN};
    double scratch[5], peers;
    /* its limit is 0.85 of the peers', brought to the rule's 80 % */
    double v = signal_pv_day(yield, 5, 2, 80, scratch, &peers);
    assert_same(peers, 4.1);
    assert_same(v, 100 * 3.4 / 4.1 * 80 / 85);
    assert_true(v < 80);
    assert_true(signal_pv_day(yield, 5, 0, 80, scratch, &peers) > 80);
    assert_true(isnan(signal_pv_day(yield, 5, 4, 80, scratch, &peers)));
    assert_true(isnan(signal_pv_day(yield, 2, 0, 80, scratch, &peers))); /* one neighbour */
    const double night[] = {0, 0, 0};
    assert_true(isnan(signal_pv_day(night, 3, 0, 80, scratch, &peers)));
}

static void two_hours_of_little_yield(void **state) {
    (void)state;
    static const struct watch_row rows[] = {
        {10 * HOUR_MS, 70, NOTHING},
        {11 * HOUR_MS, 70, NOTHING},
        {12 * HOUR_MS, 70, ALERT_RAISED},
        {13 * HOUR_MS, 85, NOTHING},
        {14 * HOUR_MS, 95, NOTHING},
        {15 * HOUR_MS, UNKNOWN, NOTHING}, /* dusk: time stands still */
        {34 * HOUR_MS, 95, NOTHING},
        {35 * HOUR_MS, 95, NOTHING},
        {36 * HOUR_MS, 95, ALERT_CLEARED},
    };
    FOLLOW(ALERT_PV_PERFORMANCE, rows);
}

static void one_hour_is_not_enough(void **state) {
    (void)state;
    static const struct watch_row rows[] = {
        {10 * HOUR_MS, 70, NOTHING}, {11 * HOUR_MS, 90, NOTHING},      {12 * HOUR_MS, 70, NOTHING},
        {13 * HOUR_MS, 70, NOTHING}, {14 * HOUR_MS, 70, ALERT_RAISED},
    };
    FOLLOW(ALERT_PV_PERFORMANCE, rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratio_of_an_hour),          cmocka_unit_test(median_of_thirty_days),
        cmocka_unit_test(the_oldest_hour_goes),      cmocka_unit_test(a_day_against_the_neighbours),
        cmocka_unit_test(two_hours_of_little_yield), cmocka_unit_test(one_hour_is_not_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
