/* Registers, the gateway's clock, flexible feeders: small signals, each through its rule. */
#include "signal_run.h"

#include "alert/signal_clock.h"
#include "alert/signal_flexible.h"
#include "alert/signal_register.h"

static void a_register_event_is_raised_at_once_and_is_over_in_a_minute(void **state) {
    (void)state;
    struct register_watch w = {0};
    struct signal_run r;
    run_start(&r, ALERT_REGISTER);
    for (int i = 0; i < 100; i++)
        run_value(&r, signal_register(&w, true));
    run_expect(&r, NOTHING);
    register_happened(&w);
    run_value(&r, signal_register(&w, true));
    run_expect(&r, ALERT_RAISED);
    for (int i = 0; i < 30; i++)
        run_value(&r, signal_register(&w, true));
    register_happened(&w); /* another one: the same alert */
    for (int i = 0; i < 61; i++)
        run_value(&r, signal_register(&w, true));
    run_expect(&r, NOTHING);
    run_value(&r, signal_register(&w, true));
    run_expect(&r, ALERT_CLEARED);
    register_happened(&w);
    run_value(&r, signal_register(&w, false)); /* told although the device went silent */
    run_expect(&r, ALERT_REOPENED);
    for (int i = 0; i < 300; i++)
        run_value(&r, signal_register(&w, false));
    run_expect(&r, NOTHING);
}

static double offset(double ms) {
    struct clock_watch w;
    bool alone;
    clock_watch_init(&w);
    return signal_clock(&w, true, ms, SIGNAL_T0, &alert_rule(ALERT_CLOCK)->limits, &alone);
}

static void a_clock_is_wrong_in_both_directions(void **state) {
    (void)state;
    run_life(ALERT_CLOCK, offset(1001.0), offset(499.0));
    run_life(ALERT_CLOCK, offset(-1500.0), offset(-100.0));
    struct signal_run r;
    run_start(&r, ALERT_CLOCK);
    run_for(&r, offset(1000.0), 100);
    run_expect(&r, NOTHING);
    run_for(&r, offset(-5001.0), 4);
    assert_int_equal(r.watch.level, 2);
    assert_true(isnan(offset((double)NAN)));
}

static void a_clock_that_nobody_keeps_is_told_after_an_hour(void **state) {
    (void)state;
    const struct alert_limits *l = &alert_rule(ALERT_CLOCK)->limits;
    struct clock_watch w;
    struct signal_run r;
    bool alone;
    clock_watch_init(&w);
    run_start(&r, ALERT_CLOCK);
    for (int i = 0; i < 3600; i++)
        assert_true(isnan(signal_clock(&w, false, 9000.0, r.t + i * MS_PER_S, l, &alone)));
    assert_false(alone);
    r.t += 3600 * MS_PER_S;
    for (int i = 0; i < 5; i++)
        run_value(&r, signal_clock(&w, false, (double)NAN, r.t, l, &alone));
    assert_true(alone);
    run_expect(&r, ALERT_RAISED);
    assert_int_equal(r.watch.level, 1);
    for (int i = 0; i < 5; i++)
        run_value(&r, signal_clock(&w, true, 2.0, r.t, l, &alone));
    assert_false(alone);
    run_expect(&r, ALERT_CLEARED);
}

static void a_flexible_feeder_counts_in_the_sharp_period_only(void **state) {
    (void)state;
    CLOSE(signal_flexible(60.0, 200.0, true, true), 30.0);
    CLOSE(signal_flexible(60.0, 200.0, true, false), 0.0);
    assert_true(isnan(signal_flexible((double)NAN, 200.0, true, true)));
    assert_true(isnan(signal_flexible(60.0, (double)NAN, true, true)));
    assert_true(isnan(signal_flexible(60.0, 200.0, false, true)));
    run_life(ALERT_FLEXIBLE_IN_SHARP, signal_flexible(41.0, 200.0, true, true),
             signal_flexible(41.0, 200.0, true, false));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_register_event_is_raised_at_once_and_is_over_in_a_minute),
        cmocka_unit_test(a_clock_is_wrong_in_both_directions),
        cmocka_unit_test(a_clock_that_nobody_keeps_is_told_after_an_hour),
        cmocka_unit_test(a_flexible_feeder_counts_in_the_sharp_period_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
