/* What an officer's entry and a gap's energy do to a stored feed, and what an exchange left out. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "slots/slot_change.h"

#define UNIT 0.0008 /* kWh of a part: 0.01 kWh x 80 / 1000 */

static void assert_near(double got, double want) {
    if (!(fabs(got - want) <= 1e-9))
        fail_msg("%.9f is not %.9f", got, want);
}

/* 80 kWh that the register counted, at 320 kW. */
static struct feed_slot a_quarter(void) {
    struct feed_slot f;
    feed_slot_clear(&f);
    f.method = METHOD_REGISTER;
    f.quality = QUALITY_GOOD;
    f.power_kw = (struct power_stat){320.0, 300.0, 340.0};
    f.counter[FEED_FORWARD] =
        (struct counter_slot){.known = true, .parts = 100000, .unit = UNIT, .multiplier = 80.0};
    return f;
}

static double forward(const struct feed_slot *f) {
    return counter_slot_amount(&f->counter[FEED_FORWARD]);
}

/* docs/operations.md: (2679.77 - 2679.27 + 1511.99 - 1511.74) x 80 = 60. */
static void an_exchange_leaves_out_both_ends(void **state) {
    (void)state;
    assert_near(exchange_amount(2679.77, 2679.27, 1511.99, 1511.74, 80), 60);
    assert_near(exchange_amount(100, 100, 0, 0, 80), 0);
}

static void an_amount_is_added_beside_the_parts(void **state) {
    (void)state;
    struct feed_slot f = a_quarter();
    const struct slot_change c = {
        .amount = 60, .unit = UNIT, .factor = 1.0, .method = METHOD_MANUAL};
    slot_change_apply(&c, &f);
    assert_near(forward(&f), 140);
    assert_int_equal(f.counter[FEED_FORWARD].parts, 100000);
    assert_int_equal(f.method, METHOD_MANUAL);
    assert_int_equal(f.quality, QUALITY_RECOVERED);
    assert_false(f.counter[FEED_FORWARD].recovered);
}

static void parts_of_the_same_unit_stay_integers(void **state) {
    (void)state;
    struct feed_slot f = a_quarter();
    const struct slot_change c = {
        .parts = 2500, .unit = UNIT, .factor = 1.0, .method = METHOD_RECOVERED};
    slot_change_apply(&c, &f);
    assert_int_equal(f.counter[FEED_FORWARD].parts, 102500);
    assert_int_equal(f.counter[FEED_FORWARD].edge_parts, 2500);
    assert_near(f.counter[FEED_FORWARD].carry, 0);
    assert_true(f.counter[FEED_FORWARD].recovered);
}

static void parts_of_another_unit_become_an_amount(void **state) {
    (void)state;
    struct feed_slot f = a_quarter();
    const struct slot_change c = {
        .parts = 1000, .unit = 2 * UNIT, .factor = 1.0, .method = METHOD_RECOVERED};
    slot_change_apply(&c, &f);
    assert_int_equal(f.counter[FEED_FORWARD].parts, 100000);
    assert_near(forward(&f), 80 + 1.6);
}

/* The silent meter's register stood still over the gap: its energy is known now, and is 0. */
static void a_gap_without_energy_makes_a_slot_known(void **state) {
    (void)state;
    struct feed_slot f;
    feed_slot_clear(&f);
    f.quality = QUALITY_MISSING;
    const struct slot_change c = {.unit = UNIT, .factor = 1.0, .method = METHOD_RECOVERED};
    assert_true(isnan(forward(&f)));
    slot_change_apply(&c, &f);
    assert_near(forward(&f), 0);
    assert_int_equal(f.quality, QUALITY_RECOVERED);
}

/* CT 100 instead of 80: energies, powers and the multiplier by 1.25; no counter becomes known. */
static void a_factor_scales_energies_and_powers(void **state) {
    (void)state;
    struct feed_slot f = a_quarter();
    f.counter[FEED_FORWARD].carry = 8;
    const struct slot_change c = {.factor = 1.25, .method = METHOD_MANUAL};
    slot_change_apply(&c, &f);
    assert_near(forward(&f), 110);
    assert_near(f.counter[FEED_FORWARD].multiplier, 100);
    assert_near(f.power_kw.avg, 400);
    assert_near(f.power_kw.min, 375);
    assert_near(f.power_kw.max, 425);
    assert_true(isnan(counter_slot_amount(&f.counter[FEED_REVERSE])));
}

/* An entry does not make a suspect slot better. */
static void a_worse_quality_stays(void **state) {
    (void)state;
    struct feed_slot f = a_quarter();
    f.quality = QUALITY_SUSPECT;
    const struct slot_change c = {.amount = 1, .factor = 1.0, .method = METHOD_MANUAL};
    slot_change_apply(&c, &f);
    assert_int_equal(f.quality, quality_worst(QUALITY_SUSPECT, QUALITY_RECOVERED));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exchange_leaves_out_both_ends),
        cmocka_unit_test(an_amount_is_added_beside_the_parts),
        cmocka_unit_test(parts_of_the_same_unit_stay_integers),
        cmocka_unit_test(parts_of_another_unit_become_an_amount),
        cmocka_unit_test(a_gap_without_energy_makes_a_slot_known),
        cmocka_unit_test(a_factor_scales_energies_and_powers),
        cmocka_unit_test(a_worse_quality_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
