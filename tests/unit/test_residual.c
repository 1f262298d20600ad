/* Which feeds make the residual of a node, and with which sign. */
#include "residual_fixture.h"

#include "calc/balance.h"

#define assert_near(got, want) assert_true(fabs((got) - (want)) < 1e-9)

/* Incomer and PV on the busbar; feeder 2 carries PV, storage and two sub-feeders, one of which
 * carries PV again; battery and tie count nowhere. */
enum works { GRID, TIE, PV, FEEDER1, FEEDER2, SUB1, SUB2, PV_SUB2, PCS, BATTERY, STRING1, WORKS };

static void works_init(struct day *d) {
    day_init(d);
    assert_int_equal(day_add(d, ROLE_GRID, SITE_NONE), GRID);
    day_add(d, ROLE_TIE, SITE_NONE);
    day_add(d, ROLE_PV, SITE_NONE);
    day_add(d, ROLE_LOAD, GRID);
    day_add(d, ROLE_LOAD, TIE);
    day_add(d, ROLE_LOAD, FEEDER2);
    day_add(d, ROLE_LOAD, FEEDER2);
    day_add(d, ROLE_PV, SUB2);
    day_add(d, ROLE_STORAGE, FEEDER2);
    day_add(d, ROLE_BATTERY, PCS);
    assert_int_equal(day_add(d, ROLE_PV, PV), STRING1);
}

static void assert_signs(struct day *d, int32_t node, const int8_t *want) {
    int8_t got[FEEDS_MAX];
    assert_true(residual_signs(&d->site, node, got));
    for (size_t i = 0; i < d->site.feed_count; i++) {
        if (got[i] != want[i])
            print_error("feed %zu: sign %d, want %d\n", i, got[i], want[i]);
        assert_int_equal(got[i], want[i]);
    }
}

/* load - load_metered: what hangs below feeder 2 is in both and cancels. */
static void the_site_balances_sources_against_feeders(void **state) {
    (void)state;
    static const int8_t want[WORKS] = {[GRID] = 1, [PV] = 1, [FEEDER1] = -1, [FEEDER2] = -1};
    struct day d;

    works_init(&d);
    assert_signs(&d, SITE_NONE, want);
}

/* Through feeder 2 flows what its sub-feeders take, less what its storage gives: node + storage -
 * subs. The PV below sub-feeder 2 is in that one's meter. */
static void a_feeder_balances_against_its_sub_feeders(void **state) {
    (void)state;
    static const int8_t want[WORKS] = {[FEEDER2] = 1, [SUB1] = -1, [SUB2] = -1, [PCS] = 1};
    struct day d;

    works_init(&d);
    assert_signs(&d, FEEDER2, want);
}

/* A tie is no meter of the tree: feeder 2 hangs below what is above the tie. */
static void an_incomer_balances_against_what_hangs_below_it(void **state) {
    (void)state;
    static const int8_t want[WORKS] = {[GRID] = 1, [FEEDER1] = -1, [FEEDER2] = -1};
    struct day d;

    works_init(&d);
    d.feeds[TIE].parent = GRID;
    assert_signs(&d, GRID, want);
}

/* An inverter against its strings; a load below it takes of what they generate: PV + load - string.
 */
static void a_source_balances_against_its_parts(void **state) {
    (void)state;
    static const int8_t want[WORKS] = {[PV] = 1, [STRING1] = -1},
                        fan[WORKS] = {[PV] = 1, [STRING1] = -1, [FEEDER1] = 1};
    struct day d;

    works_init(&d);
    assert_signs(&d, PV, want);
    d.feeds[FEEDER1].parent = PV;
    assert_signs(&d, PV, fan);
}

/* feeder 1 and the PV of sub-feeder 2 have nothing of their own role below; a battery, a tie and
 * what does not exist are no nodes. */
static void without_metered_children_there_is_no_residual(void **state) {
    (void)state;
    static const int32_t none[] = {FEEDER1, SUB2, PV_SUB2, PCS, BATTERY, TIE, WORKS, -7};
    int8_t sign[FEEDS_MAX];
    struct day d;

    works_init(&d);
    memset(sign, 9, sizeof sign);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(residual_signs(&d.site, none[i], sign));
    assert_int_equal(sign[GRID], 9); /* untouched */
}

static void a_site_needs_an_incomer_and_a_feeder(void **state) {
    (void)state;
    int8_t sign[FEEDS_MAX];
    struct day d;

    works_init(&d);
    d.feeds[GRID].counted = false;
    assert_false(residual_signs(&d.site, SITE_NONE, sign));
    d.feeds[GRID].counted = true;
    d.feeds[FEEDER1].counted = false;
    assert_true(residual_signs(&d.site, SITE_NONE, sign));
    d.feeds[FEEDER2].counted = false;
    assert_false(residual_signs(&d.site, SITE_NONE, sign));
}

/* A check meter (counted: false) below the incomer, and a hybrid's grid channel below a feeder
 * whose other channels are there: neither is in a sum. */
static void meters_out_of_the_sums_are_in_no_residual(void **state) {
    (void)state;
    struct device devices[WORKS + 2];
    static const int8_t grid[WORKS + 2] = {[GRID] = 1, [FEEDER1] = -1};
    static const int8_t feeder[WORKS + 2] = {[FEEDER2] = 1, [SUB1] = -1, [PCS] = 1};
    struct day d;

    works_init(&d);
    int32_t check = day_add(&d, ROLE_GRID, GRID), channel = day_add(&d, ROLE_GRID, FEEDER2);
    d.feeds[channel].counted = false;
    d.site.devices = devices;
    d.site.device_count = WORKS + 2;
    for (size_t i = 0; i < WORKS + 2; i++)
        devices[i] = (struct device){.counted = true, .enabled = true};
    devices[check].counted = false;
    devices[SUB2].enabled = false;
    assert_signs(&d, GRID, grid);
    /* PV below the sub-feeder that is off is seen by feeder 2 itself */
    int8_t with_pv[WORKS + 2];
    memcpy(with_pv, feeder, sizeof with_pv);
    with_pv[PV_SUB2] = 1;
    assert_signs(&d, FEEDER2, with_pv);
    d.feeds[BATTERY].device = SITE_NONE;
    assert_signs(&d, GRID, grid);
}

/* Random trees: the signed sum is what balance.c says, load - load_metered. */
static void the_residual_is_load_less_load_metered(void **state) {
    (void)state;
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    enum role roles[] = {ROLE_GRID, ROLE_LOAD, ROLE_PV, ROLE_STORAGE, ROLE_LOAD, ROLE_GENERATOR};

    for (int n = 0; n < 500; n++) {
        struct day d;
        double forward[FEEDS_MAX], reverse[FEEDS_MAX], kwh[SITE_ENERGY_COUNT], sum = 0.0;
        day_init(&d);
        day_add(&d, ROLE_GRID, SITE_NONE);
        day_add(&d, ROLE_LOAD, 0);
        for (int32_t i = 2; i < 12; i++)
            day_add(&d, roles[(int)between(&seed, 0, 6)], (int32_t)between(&seed, -1, i));
        for (size_t i = 0; i < d.site.feed_count; i++) {
            forward[i] = between(&seed, 0, 9);
            reverse[i] = between(&seed, 0, 9);
        }
        assert_true(residual_signs(&d.site, SITE_NONE, d.sign));
        balance_energy(&d.site, forward, reverse, kwh);
        for (size_t i = 0; i < d.site.feed_count; i++)
            sum += d.sign[i] * (forward[i] - reverse[i]);
        assert_near(sum, kwh[SITE_E_LOAD] - kwh[SITE_E_LOAD_METERED]);
    }
}

/* 5 of 80 = 6.25 %; of a floor of 100: 5 %. */
static void percent_is_of_the_feeders_or_the_floor(void **state) {
    (void)state;
    assert_near(residual_pct(5, 80, 20), 6.25);
    assert_near(residual_pct(-5, 80, 20), -6.25);
    assert_near(residual_pct(5, 80, 100), 5);
    assert_near(residual_pct(5, 80, UNKNOWN), 6.25);
    assert_near(residual_pct(5, -80, 100), 5);
    assert_true(isnan(residual_pct(5, 0, 0)) && isnan(residual_pct(5, -80, UNKNOWN)));
    assert_true(isnan(residual_pct(5, UNKNOWN, 100)) && isnan(residual_pct(UNKNOWN, 80, 100)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_site_balances_sources_against_feeders),
        cmocka_unit_test(a_feeder_balances_against_its_sub_feeders),
        cmocka_unit_test(an_incomer_balances_against_what_hangs_below_it),
        cmocka_unit_test(a_source_balances_against_its_parts),
        cmocka_unit_test(without_metered_children_there_is_no_residual),
        cmocka_unit_test(a_site_needs_an_incomer_and_a_feeder),
        cmocka_unit_test(meters_out_of_the_sums_are_in_no_residual),
        cmocka_unit_test(the_residual_is_load_less_load_metered),
        cmocka_unit_test(percent_is_of_the_feeders_or_the_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
