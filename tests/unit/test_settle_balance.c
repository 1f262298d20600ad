/* What follows from the energies of a slot: balance, nodes, virtual meters, claims, fuels. Expected
 * values are worked out in the comments. */
#include "settle_fixture.h"

/* ---- balance ------------------------------------------------------------------------------ */

/* Load = 100 + 50 import + 20 PV + 5 discharge - 15 charge = 160. Capacity 1600 kVA: at least 10 %
 * of it, 40 kWh, divide. 150 at the feeder: 10 / 150 = 6.7 %, over 5; 155: 5 / 155 = 3.2 %;
 * 20: 140 / 40 = 350 %; 170: -10 / 170 = -5.9 %. */
static void the_residual_is_the_load_without_the_feeders(void **state) {
    (void)state;
    static const struct {
        double feeder_kwh, residual_kwh;
        unsigned bad;
    } rows[] = {{150, 10, 1}, {155, 5, 0}, {20, 140, 1}, {170, -10, 1}, {UNKNOWN, UNKNOWN, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        a_plant(state);
        set_energy(GRID1, 100, 0);
        set_energy(GRID2, 50, 0);
        set_energy(PV1, 20, UNKNOWN);
        set_energy(ESS1, 5, 15);
        set_energy(LOAD1, rows[i].feeder_kwh, UNKNOWN);
        settle_the_energy();
        assert_near(plant.facts.energy_kwh[SITE_E_LOAD], 160);
        assert_near(plant.facts.balance.residual_kwh, rows[i].residual_kwh);
        assert_near(plant.facts.balance.feeders_kwh, rows[i].feeder_kwh);
        assert_int_equal(plant.facts.balance.bad_slots, rows[i].bad);
    }
}

/* Where the capacity is not known, the feeders alone divide: 2 / 20 = 10 %. A minute is not
 * judged. */
static void a_bad_quarter_without_a_known_capacity(void **state) {
    (void)state;
    plant.site.transformer_kva = UNKNOWN;
    for (int i = GRID2; i <= ESS1; i++)
        count_feed(i, i == LOAD1);
    set_energy(GRID1, 22, 0);
    set_energy(LOAD1, 20, UNKNOWN);
    settle_the_energy();
    assert_near(plant.facts.balance.residual_kwh, 2);
    assert_int_equal(plant.facts.balance.bad_slots, 1);
    plant_slot(SLOT_1M, AT(8, 0), AT(8, 1));
    settle_the_energy();
    assert_near(plant.facts.balance.residual_kwh, 2);
    assert_int_equal(plant.facts.balance.bad_slots, 0);
}

static void without_feeders_there_is_no_residual(void **state) {
    (void)state;
    count_feed(LOAD1, false);
    set_energy(GRID1, 100, 0);
    set_energy(GRID2, 50, 0);
    set_energy(PV1, 20, UNKNOWN);
    set_energy(ESS1, 0, 0);
    settle_the_energy();
    assert_near(plant.facts.energy_kwh[SITE_E_LOAD], 170);
    assert_near(plant.facts.balance.residual_kwh, UNKNOWN);
}

/* ---- nodes, virtual meters, claims ---------------------------------------------------------- */

/* A feeder of 100 kWh with another of 70 and PV of 20 below it. What flows through it is 100, below
 * it are 70 less 20 that PV adds: 100 + 20 - 70 = 50. Below the other one nothing is metered:
 * nothing is said of it. */
static void a_node_says_what_is_not_metered_below_it(void **state) {
    (void)state;
    plant.feeds[GEN1] = (struct feed){.role = ROLE_LOAD,
                                      .device = GEN1,
                                      .parent = LOAD1,
                                      .reverse = SITE_NONE,
                                      .power = SITE_NONE};
    plant.feeds[PV1].parent = LOAD1;
    plant.nodes[0] = LOAD1;
    plant.nodes[1] = GEN1;
    plant.node_count = 2;
    set_energy(LOAD1, 100, UNKNOWN);
    set_energy(GEN1, 70, UNKNOWN);
    set_energy(PV1, 20, UNKNOWN);
    settle_the_energy();
    const struct balance_facts *b = &plant.facts.balance;
    assert_int_equal(b->node_count, 2);
    assert_int_equal(b->nodes[0].feed, LOAD1);
    assert_near(b->nodes[0].residual_kwh, 50);
    assert_near(b->nodes[0].flow_kwh, 100);
    assert_near(b->nodes[1].residual_kwh, UNKNOWN);
    set_energy(GEN1, UNKNOWN, UNKNOWN);
    settle_the_energy();
    assert_near(b->nodes[0].residual_kwh, UNKNOWN);
    assert_near(b->nodes[0].flow_kwh, 100);
}

static void more_nodes_than_a_record_has_are_left_out(void **state) {
    (void)state;
    static int32_t many[NODES_MAX + 1];
    const struct settle_input in = {.site = &plant.site,
                                    .feeds = plant.energies,
                                    .supply = plant.supply,
                                    .transformer_supply = plant.own,
                                    .sliding = plant.sliding,
                                    .nodes = many,
                                    .node_count = NODES_MAX + 1,
                                    .device_covered = plant.covered,
                                    .scratch = {plant.scratch[0], plant.scratch[1]},
                                    .zone = zone_shanghai};
    settle_energy(&in, &plant.facts);
    assert_int_equal(plant.facts.balance.node_count, NODES_MAX);
}

/* Feeder less PV: 400 - 80 kW, 100 - (20 - 1) kWh. A storage without a charge register is unknown.
 */
static void a_virtual_meter_is_a_signed_sum(void **state) {
    (void)state;
    plant.feeds[LOAD1].power = 100;
    plant.feeds[PV1].power = 101;
    plant.feeds[PV1].reverse = 0;
    plant.feeds[ESS1].power = 102;
    plant.terms[0] = (struct virtual_term){1.0, 100};
    plant.terms[1] = (struct virtual_term){-1.0, 101};
    plant.virtuals[0] = (struct virtual_def){.id = "v", .terms = plant.terms, .term_count = 2};
    plant.site.virtuals = plant.virtuals;
    plant.site.virtual_count = 1;
    plant_slot(SLOT_15M, AT(8, 0), AT(8, 15));
    set_energy(LOAD1, 100, UNKNOWN);
    set_energy(PV1, 20, 1);
    plant.energies[LOAD1].avg_kw = 400;
    plant.energies[PV1].avg_kw = 80;
    settle_the_energy();
    const struct virtual_facts *v = &plant.facts.virtuals[0];
    assert_near(v->avg_kw, 320);
    assert_near(v->kwh, 81);
    assert_int_equal(v->known_ms, plant.facts.covered);
    plant.terms[1].point = 102; /* the storage, which is not known */
    plant.feeds[ESS1].reverse = SITE_NONE;
    set_energy(ESS1, 5, UNKNOWN);
    settle_the_energy();
    assert_near(v->kwh, UNKNOWN);
    assert_near(v->avg_kw, UNKNOWN);
    assert_int_equal(v->known_ms, 0);
    plant.terms[1].point = 103; /* no feed's power */
    settle_the_energy();
    assert_near(v->kwh, UNKNOWN);
    plant.virtuals[0].term_count = 0;
    settle_the_energy();
    assert_near(v->kwh, UNKNOWN);
}

/* PV of the site's own 20 kWh, wind that is a third party's 7. With one of two own meters silent
 * the own is unknown. */
static void generation_is_told_apart_by_its_attribute(void **state) {
    (void)state;
    plant.feeds[GEN1].role = ROLE_WIND;
    plant.devices[GEN1].claimed = false;
    count_feed(GEN1, true);
    set_energy(PV1, 20, UNKNOWN);
    set_energy(GEN1, 7, UNKNOWN);
    settle_the_energy();
    assert_near(plant.facts.claimed_kwh, 20);
    assert_near(plant.facts.unclaimed_kwh, 7);
    plant.devices[GEN1].claimed = true;
    count_feed(GEN1, true);
    settle_the_energy();
    assert_near(plant.facts.claimed_kwh, 27);
    assert_near(plant.facts.unclaimed_kwh, UNKNOWN);
    set_energy(GEN1, UNKNOWN, UNKNOWN);
    settle_the_energy();
    assert_near(plant.facts.claimed_kwh, UNKNOWN);
    set_energy(GEN1, 7, UNKNOWN);
    set_energy(PV1, UNKNOWN, UNKNOWN);
    settle_the_energy();
    assert_near(plant.facts.claimed_kwh, UNKNOWN);
}

/* ---- fuels and products ------------------------------------------------------------------- */

/* 3 + 4 Nm3. A gas meter behind another one is a detail of it and counts nothing. */
static void meters_of_a_fuel_are_added(void **state) {
    (void)state;
    count_feed(GAS1, true);
    count_feed(GAS2, true);
    count_feed(OIL1, true);
    count_feed(OUT1, true);
    set_energy(GAS1, 3, UNKNOWN);
    set_energy(GAS2, 4, UNKNOWN);
    set_energy(OIL1, 5, UNKNOWN);
    set_energy(OUT1, 6, UNKNOWN);
    settle_the_energy();
    assert_near(plant.facts.carbon.fuel_amount[FUEL_GAS], 7);
    assert_near(plant.facts.carbon.fuel_amount[FUEL_DIESEL], 5);
    assert_near(plant.facts.carbon.fuel_amount[FUEL_OTHER], UNKNOWN);
    assert_near(plant.facts.output, 6);
    count_feed(GAS2, false);
    settle_the_energy();
    assert_near(plant.facts.carbon.fuel_amount[FUEL_GAS], 3);
}

/* Part of a sum is no sum: with one meter silent, or counting another unit, it is unknown. */
static void a_fuel_is_unknown_when_one_of_its_meters_is(void **state) {
    (void)state;
    count_feed(GAS1, true);
    count_feed(GAS2, true);
    set_energy(GAS1, 3, UNKNOWN);
    settle_the_energy();
    assert_near(plant.facts.carbon.fuel_amount[FUEL_GAS], UNKNOWN);
    set_energy(GAS1, UNKNOWN, UNKNOWN);
    set_energy(GAS2, 3, UNKNOWN);
    settle_the_energy();
    assert_near(plant.facts.carbon.fuel_amount[FUEL_GAS], UNKNOWN);
    set_energy(GAS1, 4, UNKNOWN);
    plant.defs[GAS2].unit = "m3";
    settle_the_energy();
    assert_near(plant.facts.carbon.fuel_amount[FUEL_GAS], UNKNOWN);
}

static void a_meter_without_a_counter_has_no_amount(void **state) {
    (void)state;
    count_feed(OUT1, true);
    plant.feeds[OUT1].forward = SITE_NONE;
    settle_the_energy();
    assert_near(plant.facts.output, UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_residual_is_the_load_without_the_feeders, a_plant),
        cmocka_unit_test_setup(a_bad_quarter_without_a_known_capacity, a_plant),
        cmocka_unit_test_setup(without_feeders_there_is_no_residual, a_plant),
        cmocka_unit_test_setup(a_node_says_what_is_not_metered_below_it, a_plant),
        cmocka_unit_test_setup(more_nodes_than_a_record_has_are_left_out, a_plant),
        cmocka_unit_test_setup(a_virtual_meter_is_a_signed_sum, a_plant),
        cmocka_unit_test_setup(generation_is_told_apart_by_its_attribute, a_plant),
        cmocka_unit_test_setup(meters_of_a_fuel_are_added, a_plant),
        cmocka_unit_test_setup(a_fuel_is_unknown_when_one_of_its_meters_is, a_plant),
        cmocka_unit_test_setup(a_meter_without_a_counter_has_no_amount, a_plant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
