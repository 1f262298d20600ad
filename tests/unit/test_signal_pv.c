/* PV without output by day: light, peers, night. */
#include "signal_run.h"

#include "alert/signal_pv.h"

static double dead(double kw, double g, double peers) {
    const struct pv_now n = {.kw = kw, .rated_kw = 500.0, .irradiance_w_m2 = g, .peers_pct = peers};
    return signal_pv_dead(&n, &alert_rule(ALERT_PV_DEAD)->limits);
}

static void it_is_judged_by_light_or_by_its_peers(void **state) {
    (void)state;
    const double none = (double)NAN, between = 1.5;
    static const struct {
        double kw, g, peers, want; /* want NAN: unknown */
    } cases[] = {
        {4.0, 201.0, (double)NAN, 0.8}, {-0.2, 800.0, 0.0, -0.04},
        {4.0, 200.0, (double)NAN, 1.5}, {4.0, (double)NAN, 10.1, 0.8},
        {4.0, (double)NAN, 9.9, 1.5},   {4.0, 50.0, 40.0, 0.8},
        {250.0, 500.0, 50.0, 50.0},     {-0.2, 0.0, 0.0, 1.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CLOSE(dead(cases[i].kw, cases[i].g, cases[i].peers), cases[i].want);
    assert_true(isnan(dead(none, 500.0, 50.0)));
    assert_true(isnan(dead(4.0, none, none)));
    CLOSE(dead(0.0, 0.0, none), between);
    const struct pv_now unrated = {0.0, (double)NAN, 500.0, 50.0};
    assert_true(isnan(signal_pv_dead(&unrated, &alert_rule(ALERT_PV_DEAD)->limits)));
}

static void dead_for_15_minutes_it_is_raised_and_stands_over_night(void **state) {
    (void)state;
    struct signal_run r;
    run_life(ALERT_PV_DEAD, dead(1.0, 600.0, 50.0), dead(100.0, 600.0, 50.0));
    run_start(&r, ALERT_PV_DEAD);
    run_for(&r, dead(0.0, 600.0, 50.0), 901);
    run_expect(&r, ALERT_RAISED);
    run_for(&r, dead(0.0, 0.0, 0.0), 12 * 3600);
    run_expect(&r, NOTHING);
    run_for(&r, dead(100.0, 600.0, 50.0), 901);
    run_expect(&r, ALERT_CLEARED);
}

static void a_plant_in_the_dark_is_never_called_dead(void **state) {
    (void)state;
    struct signal_run r;
    run_start(&r, ALERT_PV_DEAD);
    run_for(&r, dead(-0.2, 0.0, -0.04), 12 * 3600);
    run_for(&r, dead(0.0, 250.0, 12.0), 899); /* a morning that is not long enough */
    run_for(&r, dead(0.0, 150.0, 5.0), 10);
    run_for(&r, dead(0.0, 250.0, 12.0), 899);
    run_expect(&r, NOTHING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_judged_by_light_or_by_its_peers),
        cmocka_unit_test(dead_for_15_minutes_it_is_raised_and_stands_over_night),
        cmocka_unit_test(a_plant_in_the_dark_is_never_called_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
