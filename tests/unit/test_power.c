/* Apparent power, power factor, unbalance, deviation. Expected values: by hand, and for the
 * unbalance from phasors (Python, complex numbers): with a = 1 at 120 degrees,
 * U+ = (Ua + a Ub + a^2 Uc) / 3, U- = (Ua + a^2 Ub + a Uc) / 3, eps = |U-| / |U+|. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "calc/power.h"

#define UNKNOWN ((double)NAN)

static void assert_within(double got, double want, double tolerance) {
    if (!(fabs(got - want) <= tolerance))
        print_error("got %.12g, want %.12g\n", got, want);
    assert_true(fabs(got - want) <= tolerance);
}

static void assert_near(double got, double want) {
    assert_within(got, want, 1e-9);
}

static void apparent_power_is_the_vector_sum(void **state) {
    (void)state;
    assert_near(power_apparent(3.0, 4.0), 5.0);
    assert_near(power_apparent(-300.0, 400.0), 500.0);
    assert_near(power_apparent(0.0, 0.0), 0.0);
    assert_true(isnan(power_apparent(UNKNOWN, 1.0)) && isnan(power_apparent(1.0, UNKNOWN)));
}

static void power_factor_has_the_sign_of_the_active_power(void **state) {
    (void)state;
    assert_near(power_factor_of(3.0, 4.0, UNKNOWN), 0.6);
    assert_near(power_factor_of(3.0, -4.0, UNKNOWN), 0.6);
    assert_near(power_factor_of(-3.0, 4.0, UNKNOWN), -0.6);
    assert_near(power_factor_of(0.0, 4.0, UNKNOWN), 0.0);
    assert_near(power_factor_of(-7.0, 0.0, UNKNOWN), -1.0);
    assert_true(isnan(power_factor_of(UNKNOWN, 4.0, 100.0)));
    assert_true(isnan(power_factor_of(3.0, UNKNOWN, 100.0)));
}

/* S = 5 kVA is 1 % of 500 kVA. */
static void power_factor_is_undefined_below_1_percent_of_rated(void **state) {
    (void)state;
    assert_near(power_factor_of(3.0, 4.0, 500.0), 0.6);
    assert_true(isnan(power_factor_of(3.0, 4.0, 500.1)));
    assert_true(isnan(power_factor_of(0.0, 0.0, 500.0)));
    assert_true(isnan(power_factor_of(0.0, 0.0, UNKNOWN)));
    assert_near(power_factor_of(3e-6, 4e-6, UNKNOWN), 0.6);
    assert_true(isnan(power_factor_of(3e-10, 4e-10, UNKNOWN))); /* below 1e-9 */
    assert_near(power_factor_of(3.0, 4.0, 0.0), 0.6);           /* 0: not known */
    assert_true(isnan(power_factor_of(0.0, 0.0, 0.0)));
}

static void power_factor_stays_within_1(void **state) {
    (void)state;
    for (int i = 1; i < 5000; i++) {
        const double p = i * 0.1, q = p * 1e-9;
        assert_true(power_factor_of(p, q, 1.0) <= 1.0);
        assert_true(power_factor_of(-p, q, 1.0) >= -1.0);
    }
}

static void power_factor_of_energies(void **state) {
    (void)state;
    assert_near(power_factor_energy(30.0, 40.0), 0.6);
    assert_near(power_factor_energy(0.001, 0.0), 1.0);
    assert_near(power_factor_energy(0.0, 5.0), 0.0);
    assert_true(isnan(power_factor_energy(0.0, 0.0)));
    assert_true(isnan(power_factor_energy(UNKNOWN, 40.0)));
    assert_true(isnan(power_factor_energy(30.0, UNKNOWN)));
}

static void quadrants_by_the_signs(void **state) {
    (void)state;
    assert_int_equal(power_quadrant(1.0, 1.0), 1);
    assert_int_equal(power_quadrant(-1.0, 1.0), 2);
    assert_int_equal(power_quadrant(-1.0, -1.0), 3);
    assert_int_equal(power_quadrant(1.0, -1.0), 4);
    assert_int_equal(power_quadrant(0.0, 0.0), 1);
    assert_int_equal(power_quadrant(-0.0, -0.0), 1);
    assert_int_equal(power_quadrant(-1.0, 0.0), 2);
    assert_int_equal(power_quadrant(0.0, -1.0), 4);
    assert_int_equal(power_quadrant(UNKNOWN, 1.0), 0);
    assert_int_equal(power_quadrant(1.0, UNKNOWN), 0);
}

/* Q1 reg, Q4 2 - reg, Q2 -2 - reg, Q3 reg; the other revision has Q2 and Q3 the other way round,
 * and with them the power factor that a register of -1.2 or -0.8 stands for stays -0.8. */
static void power_factor_registers_of_all_quadrants(void **state) {
    (void)state;
    static const struct {
        double reg, pf;
        int folded, folded_23;
    } rows[] = {
        {0.8, 0.8, 1, 1},       {0.05, 0.05, 1, 1},      {1.0, 1.0, 1, 1},
        {1.2, 0.8, 4, 4},       {2.0, 0.0, 4, 4},        {-0.8, -0.8, 3, 2},
        {-1.0, -1.0, 2, 2},     {-1.2, -0.8, 2, 3},      {-2.0, 0.0, 2, 3},
        {-1.95, -0.05, 2, 3},   {0.0, 0.0, 0, 0},        {-0.05, -0.05, 3, 2},
        {2.001, UNKNOWN, 0, 0}, {-2.001, UNKNOWN, 0, 0}, {UNKNOWN, UNKNOWN, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int quadrant = 9, quadrant_23 = 9;
        const double pf = power_factor_register(rows[i].reg, PF_FOLDED, &quadrant);
        const double pf_23 = power_factor_register(rows[i].reg, PF_FOLDED_23, &quadrant_23);

        assert_int_equal(quadrant, rows[i].folded);
        assert_int_equal(quadrant_23, rows[i].folded_23);
        if (isnan(rows[i].pf)) {
            assert_true(isnan(pf) && isnan(pf_23));
        } else {
            assert_near(pf, rows[i].pf);
            assert_near(pf_23, rows[i].pf);
        }
    }
}

static void signed_register_tells_no_quadrant(void **state) {
    (void)state;
    static const double good[] = {-1.0, -0.8, 0.0, 0.8, 1.0}, bad[] = {-1.01, 1.01, 2.0, UNKNOWN};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int quadrant = 9;
        assert_near(power_factor_register(good[i], PF_SIGNED, &quadrant), good[i]);
        assert_int_equal(quadrant, 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int quadrant = 9;
        assert_true(isnan(power_factor_register(bad[i], PF_SIGNED, &quadrant)));
        assert_int_equal(quadrant, 0);
    }
}

/* Line voltages are |Ua - Ub|, |Ub - Uc|, |Uc - Ua|. */
static void line_unbalance_is_that_of_the_phasors(void **state) {
    (void)state;
    static const struct {
        double u[3], eps;
    } cases[] = {
        /* Ua 220 at 0, Ub 215 at -121, Uc 224 at 119 degrees */
        {{378.612733392, 380.211783089, 382.568733918}, 0.604287194},
        /* Ua 231 at 0, Ub 228.5 at -119.2, Uc 219 at 121.7 */
        {{396.327050094, 385.807145967, 393.049832352}, 1.583206545},
        /* Ua 20207 at 0, Ub 20207 at -118, Uc 20207 at 120 */
        {{34641.559290575, 35346.880844332, 34999.550668544}, 1.163651299},
        /* U+ 100 and U- 2, both at 0: Ua 102, Ub and Uc 100 a^2 + 2 a, 100 a + 2 a^2 */
        {{174.962853200, 169.740979142, 174.962853200}, 2.0},
        /* Ub all but gone: Ua 220 at 0, Ub 0.1 at -120, Uc 220 at 120 */
        {{220.050017042, 220.050017042, 381.051177665}, 49.965916837},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const double *u = cases[i].u;
        assert_within(voltage_unbalance_line(u[0], u[1], u[2]), cases[i].eps, 1e-7);
        assert_within(voltage_unbalance_line(u[2], u[0], u[1]), cases[i].eps, 1e-7);
        assert_within(voltage_unbalance_line(u[2], u[1], u[0]), cases[i].eps, 1e-7);
    }
}

/* 3 - 6 L of equal voltages is above 1 for some of these, by rounding. The error of r, 1e-16, is
 * 1e-6 % of eps: sqrt(1e-16 / 2) x 100. */
static void balanced_voltages_have_no_unbalance(void **state) {
    (void)state;
    int above = 0;

    for (int i = 1; i < 50000; i++) {
        const double u = i * 0.7, u2 = u * u, sum = u2 + u2 + u2;
        above += 3.0 - 6.0 * ((u2 * u2 + u2 * u2 + u2 * u2) / (sum * sum)) > 1.0;
        assert_within(voltage_unbalance_line(u, u, u), 0.0, 3e-6);
        assert_within(voltage_unbalance_phase(u, u, u), 0.0, 3e-6);
    }
    assert_true(above > 0);
}

/* Three voltages that make no triangle are no three-phase system: 100 %. */
static void impossible_line_voltages_are_fully_unbalanced(void **state) {
    (void)state;
    assert_near(voltage_unbalance_line(100.0, 100.0, 300.0), 100.0);
    assert_near(voltage_unbalance_line(100.0, 200.0, 300.0), 100.0); /* on one line */
}

static void unbalance_needs_three_voltages(void **state) {
    (void)state;
    static const double bad[] = {0.0, -380.0, UNKNOWN};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_true(isnan(voltage_unbalance_line(bad[i], 380.0, 380.0)));
        assert_true(isnan(voltage_unbalance_line(380.0, bad[i], 380.0)));
        assert_true(isnan(voltage_unbalance_line(380.0, 380.0, bad[i])));
        assert_true(isnan(voltage_unbalance_phase(bad[i], 220.0, 220.0)));
        assert_true(isnan(voltage_unbalance_phase(220.0, bad[i], 220.0)));
        assert_true(isnan(voltage_unbalance_phase(220.0, 220.0, bad[i])));
    }
}

/* Phases at 0, -120 and 120 degrees: exact. 110 V of one phase: U+ = (110 + 220 + 220) / 3, U- =
 * (110 + 220 a + 220 a^2) / 3 = -110 / 3, so 110 / 550 = 20 %. */
static void phase_unbalance_without_angle_error(void **state) {
    (void)state;
    assert_within(voltage_unbalance_phase(110.0, 220.0, 220.0), 20.0, 1e-7);
    assert_within(voltage_unbalance_phase(220.0, 220.0, 110.0), 20.0, 1e-7);
    assert_within(voltage_unbalance_phase(5773.5, 5600.0, 5900.0), 1.510222374, 1e-7);
    assert_within(voltage_unbalance_phase(220.0, 0.1, 220.0), 49.965916837, 1e-7);
}

static void current_unbalance_is_the_spread_over_the_largest(void **state) {
    (void)state;
    assert_near(current_unbalance(100.0, 85.0, 90.0, UNKNOWN), 15.0);
    assert_near(current_unbalance(85.0, 90.0, 100.0, 200.0), 15.0);
    assert_near(current_unbalance(90.0, 100.0, 0.0, 200.0), 100.0);
    assert_near(current_unbalance(-100.0, -85.0, -90.0, UNKNOWN), 15.0); /* signed: export */
    assert_near(current_unbalance(50.0, 50.0, 50.0, UNKNOWN), 0.0);
}

/* 30 % of 200 A is 60 A. */
static void current_unbalance_needs_load(void **state) {
    (void)state;
    assert_near(current_unbalance(60.0, 30.0, 45.0, 200.0), 50.0);
    assert_true(isnan(current_unbalance(59.9, 30.0, 45.0, 200.0)));
    assert_near(current_unbalance(1.0, 0.5, 0.75, UNKNOWN), 50.0);
    assert_true(isnan(current_unbalance(0.0, 0.0, 0.0, UNKNOWN)));
    assert_true(isnan(current_unbalance(UNKNOWN, 90.0, 100.0, UNKNOWN)));
    assert_true(isnan(current_unbalance(90.0, UNKNOWN, 100.0, UNKNOWN)));
    assert_true(isnan(current_unbalance(90.0, 100.0, UNKNOWN, UNKNOWN)));
}

/* The limits of GB/T 12325 as quoted: 220 V + 7 % - 10 % is 198.0 .. 235.4 V. */
static void voltage_deviation_in_percent_of_the_nominal(void **state) {
    (void)state;
    assert_near(voltage_deviation(235.4, 220.0), 7.0);
    assert_near(voltage_deviation(198.0, 220.0), -10.0);
    assert_near(voltage_deviation(10000.0, 10000.0), 0.0);
    assert_true(isnan(voltage_deviation(UNKNOWN, 220.0)));
    assert_true(isnan(voltage_deviation(220.0, UNKNOWN)));
    assert_true(isnan(voltage_deviation(220.0, 0.0)));
}

static void nominal_is_the_nearest_within_20_percent(void **state) {
    (void)state;
    static const struct {
        double u, nominal;
    } cases[] = {
        {220.0, 220.0},
        {231.0, 220.0},
        {176.0, 220.0},
        {264.0, 220.0},
        {400.0, 380.0},
        {304.0, 380.0},
        {456.0, 380.0},
        {10450.0, 10000.0},
        {9300.0, 10000.0},
        {6300.0, 6000.0},
        {36500.0, 35000.0},
        {3500.0, 3464.1016151377544},
        {5700.0, 5773.502691896258},
        {20500.0, 20207.259421636903},
        /* between 10 kV phase and 6 kV line, even at 5884.5: 2 x 5773.5 x 6000 / 11773.5 */
        {5884.0, 5773.502691896258},
        {5885.0, 6000.0},
        {175.0, UNKNOWN},
        {265.0, UNKNOWN},
        {303.0, UNKNOWN},
        {457.0, UNKNOWN},
        {2771.0, UNKNOWN},
        {7201.0, UNKNOWN},
        {12001.0, UNKNOWN},
        {42001.0, UNKNOWN},
        {0.0, UNKNOWN},
        {-220.0, UNKNOWN},
        {UNKNOWN, UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const double got = voltage_nominal(cases[i].u);
        if (isnan(cases[i].nominal))
            assert_true(isnan(got));
        else
            assert_near(got, cases[i].nominal);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apparent_power_is_the_vector_sum),
        cmocka_unit_test(power_factor_has_the_sign_of_the_active_power),
        cmocka_unit_test(power_factor_is_undefined_below_1_percent_of_rated),
        cmocka_unit_test(power_factor_stays_within_1),
        cmocka_unit_test(power_factor_of_energies),
        cmocka_unit_test(quadrants_by_the_signs),
        cmocka_unit_test(power_factor_registers_of_all_quadrants),
        cmocka_unit_test(signed_register_tells_no_quadrant),
        cmocka_unit_test(line_unbalance_is_that_of_the_phasors),
        cmocka_unit_test(balanced_voltages_have_no_unbalance),
        cmocka_unit_test(impossible_line_voltages_are_fully_unbalanced),
        cmocka_unit_test(unbalance_needs_three_voltages),
        cmocka_unit_test(phase_unbalance_without_angle_error),
        cmocka_unit_test(current_unbalance_is_the_spread_over_the_largest),
        cmocka_unit_test(current_unbalance_needs_load),
        cmocka_unit_test(voltage_deviation_in_percent_of_the_nominal),
        cmocka_unit_test(nominal_is_the_nearest_within_20_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
