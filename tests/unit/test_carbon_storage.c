/* Carbon of stored energy: mixing, losses, conservation over random histories, running dry. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "calc/carbon.h"

#define UNKNOWN ((double)NAN)

static void assert_within(double got, double want, double limit) {
    bool equal = isnan(want) ? isnan(got) : fabs(got - want) < limit;
    if (!equal)
        print_error("got %.15g, want %.15g\n", got, want);
    assert_true(equal);
}

static void assert_near(double got, double want) {
    assert_within(got, want, 1e-9);
}

/* 100 kWh at 0.6 are 60 kg. With 0.9 there and back 90 kWh come out, and all 60 kg with them:
 * 60 / 90 = 0.6667 = 0.6 / 0.9. */
static void losses_raise_the_intensity_by_one_over_eta(void **state) {
    (void)state;
    struct ess_carbon e = {0};
    assert_near(ess_step(&e, 100, 0, 0.6, 0.9), 0);
    assert_near(e.kwh, 100);
    assert_near(e.kg, 60);
    assert_near(ess_intensity(&e, 0.9), 0.6 / 0.9);
    assert_near(ess_step(&e, 0, 90, 0.6, 0.9), 60);
    assert_near(e.kwh, 0);
    assert_near(e.kg, 0);
    assert_false(e.estimated);
}

/* 50 kWh at 0.6 and 50 at 0 (PV): 30 kg of 100 kWh. Eta 0.8: 30 / 80 = 0.375. 20 kWh take
 * 20 / (0.8 x 100) = 1/4: 7.5 kg and 25 kWh; the rest has the same intensity. */
static void what_is_charged_mixes(void **state) {
    (void)state;
    struct ess_carbon e = {0};
    ess_step(&e, 50, 0, 0.6, 0.8);
    ess_step(&e, 50, 0, 0.0, 0.8);
    assert_near(ess_intensity(&e, 0.8), 0.375);
    assert_near(ess_step(&e, 0, 20, 0.6, 0.8), 7.5);
    assert_near(e.kwh, 75);
    assert_near(e.kg, 22.5);
    assert_near(ess_intensity(&e, 0.8), 0.375);
}

/* 60 kWh at 0.5 onto 40 kWh with 10 kg: 40 kg of 100 kWh; then 10 of 100 (eta 1): 4 kg. */
static void a_slot_charges_first(void **state) {
    (void)state;
    struct ess_carbon e = {40, 10, false};
    assert_near(ess_step(&e, 60, 10, 0.5, 1.0), 4);
    assert_near(e.kwh, 90);
    assert_near(e.kg, 36);
}

/* 50 % of 200 kWh at 0.6: 100 kWh, 60 kg, and marked. */
static void the_first_filling_is_estimated(void **state) {
    (void)state;
    struct ess_carbon e;
    ess_init(&e, 50, 200, 0.6);
    assert_near(e.kwh, 100);
    assert_near(e.kg, 60);
    assert_true(e.estimated);
    ess_step(&e, 10, 20, 0.5, 0.9);
    assert_true(e.estimated);
}

static void an_unknown_first_filling_is_empty_and_estimated(void **state) {
    (void)state;
    static const double args[][3] = {
        {UNKNOWN, 200, 0.6}, {50, UNKNOWN, 0.6}, {50, 200, UNKNOWN}, {0, 200, 0.6}, {-1, 200, 0.6},
    };
    for (size_t i = 0; i < sizeof args / sizeof args[0]; i++) {
        struct ess_carbon e = {1, 1, false};
        ess_init(&e, args[i][0], args[i][1], args[i][2]);
        assert_near(e.kwh, 0);
        assert_near(e.kg, 0);
        assert_true(e.estimated);
        assert_true(isnan(ess_intensity(&e, 0.9)));
        ess_step(&e, 10, 1, 0.5, 0.9); /* there is more in it than was seen */
        assert_true(e.estimated);
    }
}

/* Nothing was ever put in: its carbon is unknown, not 0. */
static void an_empty_storage_gives_unknown_carbon(void **state) {
    (void)state;
    struct ess_carbon e = {0};
    assert_true(isnan(ess_intensity(&e, 0.9)));
    assert_near(ess_step(&e, 0, 0, 0.5, 0.9), 0);
    assert_false(e.estimated);
    assert_true(isnan(ess_step(&e, 0, 5, 0.5, 0.9)));
    assert_near(e.kwh, 0);
    assert_near(e.kg, 0);
    assert_true(e.estimated);
}

/* 10 kWh at 0.9, eta 0.9: 9 kWh at 1.0. Of 12 kWh, 3 were never seen going in: all 12 at 1.0. The
 * next 4 too. Charged again, all that it holds was seen: 10 kWh at 0.3. */
static void what_is_taken_beyond_the_content_carries_the_last_intensity(void **state) {
    (void)state;
    struct ess_carbon e = {0};
    ess_step(&e, 10, 0, 0.9, 0.9);
    assert_near(ess_step(&e, 0, 12, 0.9, 0.9), 12);
    assert_near(e.kwh, 0);
    assert_near(e.kg, 0);
    assert_true(e.estimated);
    assert_near(ess_intensity(&e, 0.9), 1.0);
    assert_near(ess_step(&e, 0, 4, 0.9, 0.9), 4);
    assert_near(ess_intensity(&e, 0.9), 1.0);
    assert_true(e.estimated);
    ess_step(&e, 10, 0, 0.3, 0.9);
    assert_near(e.kwh, 10);
    assert_near(e.kg, 3);
    assert_false(e.estimated);
}

/* 0.1 taken from 3 thirty times ends at -1.5e-15 in doubles: rounding is no overdraft. */
static void emptying_in_small_steps_is_not_an_estimate(void **state) {
    (void)state;
    struct ess_carbon e = {0};
    double out = 0;
    ess_step(&e, 3, 0, 0.5, 1.0);
    for (int i = 0; i < 30; i++)
        out += ess_step(&e, 0, 0.1, 0.5, 1.0);
    assert_near(out, 1.5);
    assert_near(e.kwh, 0);
    assert_false(e.estimated);
}

static void unknown_arguments_change_nothing(void **state) {
    (void)state;
    static const double args[][4] = {
        {UNKNOWN, 1, 0.5, 0.9}, {1, UNKNOWN, 0.5, 0.9}, {1, 1, UNKNOWN, 0.9},
        {1, 1, 0.5, UNKNOWN},   {-1, 1, 0.5, 0.9},      {1, -1, 0.5, 0.9},
        {1, 1, 0.5, 0},         {1, 1, 0.5, -0.9},      {1, 1, 0.5, 1.01},
    };
    for (size_t i = 0; i < sizeof args / sizeof args[0]; i++) {
        struct ess_carbon e = {100, 60, false};
        assert_true(isnan(ess_step(&e, args[i][0], args[i][1], args[i][2], args[i][3])));
        assert_near(e.kwh, 100);
        assert_near(e.kg, 60);
        assert_false(e.estimated);
    }
}

/* 100 kWh, 60 kg, eta 0.9: 9 kWh take 10 of 100 and 6 kg. */
static void a_slot_without_charge_needs_no_charge_intensity(void **state) {
    (void)state;
    struct ess_carbon e = {100, 60, false};
    assert_near(ess_step(&e, 0, 9, UNKNOWN, 0.9), 6);
    assert_near(e.kwh, 90);
    assert_near(e.kg, 54);
}

/* Park and Miller's generator: the same histories everywhere. */
static double random_01(uint64_t *seed) {
    *seed = *seed * 48271 % 2147483647;
    return (double)*seed / 2147483647.0;
}

/* 200 histories of 500 slots. Carbon in = carbon out + carbon held, when not more is taken than
 * there is; the energy taken out is eta of what left. */
static void carbon_is_conserved(void **state) {
    (void)state;
    uint64_t seed = 20260115;
    for (int history = 0; history < 200; history++) {
        struct ess_carbon e = {0};
        double eta = 0.5 + 0.5 * random_01(&seed), in = 0, out = 0, in_kwh = 0, out_kwh = 0;
        for (int slot = 0; slot < 500; slot++) {
            double charge = random_01(&seed) < 0.5 ? 100 * random_01(&seed) : 0;
            double discharge = random_01(&seed) * eta * (e.kwh + charge);
            double intensity = 1.2 * random_01(&seed);
            in += charge * intensity;
            in_kwh += charge;
            out_kwh += discharge;
            out += ess_step(&e, charge, discharge, intensity, eta);
            assert_true(e.kwh >= 0 && e.kg >= 0 && e.kg <= 1.2 * e.kwh + 1e-9);
        }
        assert_within(out + e.kg, in, 1e-9 * (in + 1));
        assert_within(out_kwh / eta + e.kwh, in_kwh, 1e-9 * (in_kwh + 1));
        assert_false(e.estimated);
    }
}

/* The same with up to twice of what is there taken: what came beyond the content is known from the
 * energies alone, and is all that the balance lacks. */
static void carbon_beyond_the_content_is_the_only_surplus(void **state) {
    (void)state;
    uint64_t seed = 7;
    for (int history = 0; history < 200; history++) {
        struct ess_carbon e = {0};
        double eta = 0.5 + 0.5 * random_01(&seed), in = 0, out = 0, surplus = 0;
        ess_step(&e, 1, 0, 0.5, eta);
        in = 0.5;
        for (int slot = 0; slot < 500; slot++) {
            double charge = random_01(&seed) < 0.5 ? 100 * random_01(&seed) : 0;
            double there = eta * (e.kwh + charge), discharge = 2 * random_01(&seed) * there;
            double intensity = 1.2 * random_01(&seed);
            double kg = ess_step(&e, charge, discharge, intensity, eta);
            in += charge * intensity;
            out += kg;
            if (discharge > there) {
                surplus += kg / discharge * (discharge - there);
                assert_true(e.kwh < 1e-9);
                assert_true(e.estimated || discharge - there < 1e-5);
            }
        }
        assert_within(out - surplus + e.kg, in, 1e-9 * (in + 1));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_raise_the_intensity_by_one_over_eta),
        cmocka_unit_test(what_is_charged_mixes),
        cmocka_unit_test(a_slot_charges_first),
        cmocka_unit_test(the_first_filling_is_estimated),
        cmocka_unit_test(an_unknown_first_filling_is_empty_and_estimated),
        cmocka_unit_test(an_empty_storage_gives_unknown_carbon),
        cmocka_unit_test(what_is_taken_beyond_the_content_carries_the_last_intensity),
        cmocka_unit_test(emptying_in_small_steps_is_not_an_estimate),
        cmocka_unit_test(unknown_arguments_change_nothing),
        cmocka_unit_test(a_slot_without_charge_needs_no_charge_intensity),
        cmocka_unit_test(carbon_is_conserved),
        cmocka_unit_test(carbon_beyond_the_content_is_the_only_surplus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
