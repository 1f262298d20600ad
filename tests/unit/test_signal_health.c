/* Storage health: which sign is worst, where each one is raised and goes back. */
#include "signal_run.h"

#include "alert/signal_health.h"

static const double none = (double)NAN;

/* Everything in order. */
static struct health_now sound(void) {
    return (struct health_now){.soc_pct = 50.0,
                               .soc_min = none,
                               .soc_max = none,
                               .spread_mv = 10.0,
                               .temperature_c = 25.0,
                               .round_trip_pct = none,
                               .design_pct = none,
                               .fault_known = true};
}

static double value(const struct health_now *n) {
    return signal_health(n).value;
}

enum { SOC, SOC_OWN, SPREAD, TEMPERATURE, TRIP };

static struct health_now with(int what, double v) {
    struct health_now n = sound();
    if (what == SOC || what == SOC_OWN)
        n.soc_pct = v;
    if (what == SOC_OWN) {
        n.soc_min = 20.0;
        n.soc_max = 90.0;
    }
    if (what == SPREAD)
        n.spread_mv = v;
    if (what == TEMPERATURE)
        n.temperature_c = v;
    if (what == TRIP) {
        n.round_trip_pct = v;
        n.design_pct = 88.0;
    }
    return n;
}

static void each_sign_has_its_limit_and_its_way_back(void **state) {
    (void)state;
    static const struct {
        int what;
        double fine, bad, still, back;
        enum health_sign sign;
        int level;
    } cases[] = {
        {SOC, 10.0, 9.9, 14.0, 15.0, HEALTH_SOC_LOW, 1},
        {SOC, 95.0, 95.1, 91.0, 90.0, HEALTH_SOC_HIGH, 1},
        {SOC_OWN, 20.0, 19.0, 24.0, 25.0, HEALTH_SOC_LOW, 1},
        {SOC_OWN, 90.0, 91.0, 86.0, 85.0, HEALTH_SOC_HIGH, 1},
        {SPREAD, 50.0, 50.1, 48.0, 47.0, HEALTH_SPREAD, 1},
        {TEMPERATURE, 45.0, 45.1, 43.0, 42.0, HEALTH_TEMPERATURE, 1},
        {TEMPERATURE, 45.0, 55.1, 43.0, 42.0, HEALTH_TEMPERATURE, 3},
        {TRIP, 83.0, 82.9, 83.5, 84.0, HEALTH_ROUND_TRIP, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct signal_run r;
        struct health_now fine = with(cases[i].what, cases[i].fine),
                          bad = with(cases[i].what, cases[i].bad),
                          still = with(cases[i].what, cases[i].still),
                          back = with(cases[i].what, cases[i].back);
        run_start(&r, ALERT_STORAGE_HEALTH);
        run_for(&r, value(&fine), 100);
        run_for(&r, value(&bad), 60);
        run_expect(&r, NOTHING);
        run_value(&r, value(&bad));
        run_expect(&r, ALERT_RAISED);
        assert_int_equal(r.watch.level, cases[i].level);
        assert_int_equal(signal_health(&bad).sign, cases[i].sign);
        r.steps = 0;
        run_for(&r, value(&still), 100);
        assert_true(r.watch.level > 0);
        r.steps = 0;
        run_for(&r, value(&back), 100);
        run_expect(&r, ALERT_CLEARED);
    }
}

static void a_fault_bit_is_major_and_the_worst_sign_is_named(void **state) {
    (void)state;
    struct health_now n = with(TEMPERATURE, 46.0);
    n.fault = true;
    struct health h = signal_health(&n);
    assert_int_equal(h.sign, HEALTH_FAULT_BIT);
    struct signal_run r;
    run_start(&r, ALERT_STORAGE_HEALTH);
    run_for(&r, h.value, 61);
    assert_int_equal(r.rule->limits.levels[r.watch.level - 1].severity, ALERT_MAJOR);
    n.temperature_c = 56.0;
    h = signal_health(&n);
    assert_int_equal(h.sign, HEALTH_TEMPERATURE);
    CLOSE(h.measured, 56.0);
    CLOSE(h.limit, HEALTH_HOT_C);
}

static void signs_that_are_not_known_are_left_out(void **state) {
    (void)state;
    struct health_now n = {none, none, none, none, none, none, none, false, true};
    assert_true(isnan(value(&n)));
    n.temperature_c = 50.0;
    CLOSE(value(&n), 150.0);
    n.fault_known = true;
    CLOSE(value(&n), HEALTH_FAULT);
    struct health_now bad = with(SPREAD, 80.0), good = sound();
    run_life(ALERT_STORAGE_HEALTH, value(&bad), value(&good));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sign_has_its_limit_and_its_way_back),
        cmocka_unit_test(a_fault_bit_is_major_and_the_worst_sign_is_named),
        cmocka_unit_test(signs_that_are_not_known_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
