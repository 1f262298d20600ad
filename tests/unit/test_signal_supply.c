/* What the rules on points of supply and transformers watch: values at, just inside and just
 * outside the limits, and what is unknown. Limits: docs/alerts.md. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "alert/past.h"
#include "alert/rolling.h"
#include "alert/rules.h"
#include "alert/shed.h"
#include "alert/signal_supply.h"

#define UNKNOWN ((double)NAN)
#define T0      1700000000000

static void assert_near(double got, double want) {
    if (isnan(want) ? !isnan(got) : !(fabs(got - want) < 1e-6))
        fail_msg("got %g, want %g", got, want);
}

static const struct alert_limits *limits(enum alert_rule_id id) {
    return &alert_rule(id)->limits;
}

static void voltage_by_its_class(void **state) {
    static const struct {
        double deviation, nominal, expected;
    } cases[] = {
        {7.0, 380, 0.0},     {-7.0, 10000, 0.0}, {7.2, 10000, 0.2},       {-6.5, 380, -0.5},
        {7.0, 220, 0.0},     {-7.5, 220, -2.5},  {-10.0, 220, 0.0},       {-10.1, 220, 3.1},
        {10.0, 380, 3.0},    {10.5, 380, 3.5},   {-12.0, 10000, 5.0},     {9.0, 35000, -1.0},
        {-10.2, 20207, 3.2}, {8.0, 5774, 1.0},   {UNKNOWN, 380, UNKNOWN}, {5.0, UNKNOWN, UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_near(signal_voltage(cases[i].deviation, cases[i].nominal), cases[i].expected);
}

static void harmonics_by_voltage(void **state) {
    (void)state;
    assert_near(signal_harmonics(5.5, 380), 0.5);
    assert_near(signal_harmonics(4.5, 10000), 0.5);
    assert_near(signal_harmonics(4.5, 220), -0.5);
    assert_near(signal_harmonics(3.5, 35000), 0.5);
    assert_near(signal_harmonics(5.0, UNKNOWN), UNKNOWN);
    assert_near(signal_harmonics(UNKNOWN, 380), UNKNOWN);
}

static void power_factor_against_the_standard(void **state) {
    const struct alert_limits *l = limits(ALERT_POWER_FACTOR);
    (void)state;
    /* 800 kW and 600 kvar: 0.8 */
    assert_near(signal_power_factor(800, 600, 4000, 0.90, l), -0.10);
    assert_near(signal_power_factor(800, 0, 4000, 0.90, l), 0.10);
    assert_near(signal_power_factor(400, 900, 4000, 0.90, l), alert_limits_between(l)); /* 10 % */
    assert_near(signal_power_factor(-800, 600, 4000, 0.90, l), alert_limits_between(l));
    assert_near(signal_power_factor(800, UNKNOWN, 4000, 0.90, l), UNKNOWN);
    assert_near(signal_power_factor(800, 600, UNKNOWN, 0.90, l), UNKNOWN);
    /* tan acos 0.9 = 0.484322; tan acos 0.8 = 0.75 */
    assert_near(signal_kvar_needed(800, 600, 0.90), 600 - 800 * 0.48432210483785254);
    assert_near(signal_kvar_needed(800, 100, 0.90), 0.0);
    assert_near(signal_charged_kvar(800, 600, 1 | 8), 600);
    assert_near(signal_charged_kvar(800, -600, 1 | 8), 600);
    assert_near(signal_charged_kvar(800, -600, 1), 0.0);
    assert_near(signal_charged_kvar(UNKNOWN, 1, 1), UNKNOWN);
}

static void over_compensation_while_power_is_drawn(void **state) {
    const struct alert_limits *l = limits(ALERT_OVER_COMPENSATION);
    (void)state;
    assert_near(signal_over_compensation(500, -240, 4000, l), -6.0);
    assert_near(signal_over_compensation(500, 240, 4000, l), 6.0);
    assert_near(signal_over_compensation(-10, -240, 4000, l), alert_limits_between(l));
    assert_near(signal_over_compensation(500, UNKNOWN, 4000, l), UNKNOWN);
}

static void currents_unbalanced_or_in_the_neutral(void **state) {
    const struct alert_limits *l = limits(ALERT_CURRENT_UNBALANCE);
    const double rated_a = 100000.0 / (sqrt(3.0) * 380.0); /* 100 kVA */
    (void)state;
    assert_near(signal_current_unbalance(16, UNKNOWN, 50, 100, 380, l), 16);
    assert_near(signal_current_unbalance(3, 0.25 * rated_a, 50, 100, 380, l), 15);
    assert_near(signal_current_unbalance(UNKNOWN, 0.5 * rated_a, 50, 100, 380, l), 30);
    assert_near(signal_current_unbalance(90, UNKNOWN, 30, 100, 380, l), alert_limits_between(l));
    assert_near(signal_current_unbalance(90, UNKNOWN, 30.1, 100, 380, l), 90);
    assert_near(signal_current_unbalance(90, UNKNOWN, 50, UNKNOWN, 380, l), UNKNOWN);
    assert_near(signal_current_unbalance(UNKNOWN, UNKNOWN, 50, 100, 380, l), UNKNOWN);
}

static void the_rest_is_a_ratio(void **state) {
    double outdoor, indoor;
    (void)state;
    assert_near(signal_frequency(49.7), 0.3);
    assert_near(signal_frequency(UNKNOWN), UNKNOWN);
    assert_near(signal_back_feed(-15, 500), -3.0);
    assert_near(signal_back_feed(-15, UNKNOWN), UNKNOWN);
    assert_near(signal_transformer(900, 1000), 90.0);
    assert_false(signal_overload_time(100.0, &outdoor, &indoor));
    static const struct {
        double pct, outdoor, indoor;
    } times[] = {{101, 120, 60}, {130, 120, 60}, {131, 30, 15},
                 {170, 15, 8},   {200, 7.5, 4},  {201, 0, 0}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        assert_true(signal_overload_time(times[i].pct, &outdoor, &indoor));
        assert_near(outdoor, times[i].outdoor);
        assert_near(indoor, times[i].indoor);
    }
}

static void a_rolling_mean_needs_most_of_its_window(void **state) {
    struct rolling r;
    (void)state;
    rolling_init(&r, 600000);
    for (int s = 0; s < 479; s++)
        rolling_take(&r, 10, T0 + s * 1000);
    assert_near(rolling_mean(&r), UNKNOWN);
    rolling_take(&r, 10, T0 + 479000);
    assert_near(rolling_mean(&r), 10);
    for (int s = 480; s < 1200; s++)
        rolling_take(&r, 20, T0 + s * 1000);
    assert_near(rolling_mean(&r), 20);
    for (int s = 1200; s < 1500; s++)
        rolling_take(&r, UNKNOWN, T0 + s * 1000);
    assert_near(rolling_mean(&r), UNKNOWN);
    rolling_take(&r, 5, T0 - 3600000); /* the clock went back */
    assert_near(rolling_mean(&r), UNKNOWN);
}

static void the_past_reaches_over_twice_the_hold_time(void **state) {
    struct past p;
    struct alert_curve c;
    (void)state;
    past_init(&p, limits(ALERT_TRANSFORMER_LOAD)); /* 15 min */
    for (int s = 0; s < 7200; s++)
        past_take(&p, s, T0 + s * 1000);
    past_show(&p, &c);
    assert_int_equal(c.count, ALERT_CURVE_MAX);
    assert_true(c.t[c.count - 1] - c.t[0] >= 1700000);
    for (uint32_t i = 0; i < c.count; i++) {
        assert_near(c.value[i], (double)((c.t[i] - T0) / 1000));
        assert_true(i == 0 || c.t[i] > c.t[i - 1]);
    }
    past_take(&p, 7, T0 - 1000000); /* the clock went back */
    past_show(&p, &c);
    assert_int_equal(c.count, 1);
    assert_near(c.value[0], 7);
}

/* Two incomers of two accounts; under the first f0 > f1 (flexible), f2; f3 under none. */
enum { IN0, IN1, F0, F1, F2, F3, FEEDS };

static void those_who_can_give_are_named_in_order(void **state) {
    struct device devices[FEEDS] = {[F1] = {.flexible = true}};
    struct feed feeds[FEEDS] = {
        [IN0] = {.id = "in0", .role = ROLE_GRID, .parent = SITE_NONE, .counted = true},
        [IN1] = {.id = "in1", .role = ROLE_GRID, .parent = SITE_NONE, .counted = true},
        [F0] = {.id = "f0", .role = ROLE_LOAD, .parent = IN0, .counted = true},
        [F1] = {.id = "f1", .role = ROLE_LOAD, .parent = F0},
        [F2] = {.id = "f2", .role = ROLE_LOAD, .parent = IN1, .counted = true},
        [F3] = {.id = "f3", .role = ROLE_LOAD, .parent = SITE_NONE, .counted = true}};
    struct metering_point points[] = {{.feed = IN0, .account = 0}, {.feed = IN1, .account = 1}};
    const double kw[FEEDS] = {900, 300, 500, 120, 300, 200};
    struct shed_list l;
    char text[200];
    (void)state;
    for (int i = 0; i < FEEDS; i++)
        feeds[i].device = i;
    const struct site s = {.devices = devices,
                           .device_count = FEEDS,
                           .feeds = feeds,
                           .feed_count = FEEDS,
                           .metering_points = points,
                           .metering_point_count = 2};
    shed_find(&s, 0, kw, 100, &l);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.feed[0], F1);
    shed_find(&s, 0, kw, 250, &l); /* not f0: f1 is part of it; not f2: another account's */
    assert_int_equal(l.count, 2);
    assert_int_equal(l.feed[1], F3);
    shed_write(&s, kw, &l, false, text, sizeof text);
    assert_string_equal(text, "f1 120 kW (flexible), f3 200 kW");
    shed_write(&s, kw, &l, true, text, sizeof text);
    assert_string_equal(text, "f1 120 kW（可调）、f3 200 kW");
    shed_write(&s, kw, &l, false, text, 25);
    assert_string_equal(text, "f1 120 kW (flexible)");
    shed_find(&s, 1, kw, 1000, &l);
    assert_int_equal(l.feed[0], F2);
    assert_int_equal(l.feed[1], F3);
    assert_int_equal(l.count, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(voltage_by_its_class),
        cmocka_unit_test(harmonics_by_voltage),
        cmocka_unit_test(power_factor_against_the_standard),
        cmocka_unit_test(over_compensation_while_power_is_drawn),
        cmocka_unit_test(currents_unbalanced_or_in_the_neutral),
        cmocka_unit_test(the_rest_is_a_ratio),
        cmocka_unit_test(a_rolling_mean_needs_most_of_its_window),
        cmocka_unit_test(the_past_reaches_over_twice_the_hold_time),
        cmocka_unit_test(those_who_can_give_are_named_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
