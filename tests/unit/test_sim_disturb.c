/* Faults of the simulated plant itself: everything measured agrees with what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/model_electrical.h"
#include "sim_fixture.h"

struct rig {
    struct works_site works;
    struct plant *plant;
};

static int set_up(void **state) {
    static struct rig rig;
    works_init(&rig.works);
    rig.plant = plant_new(&rig.works.site, 7, NOON_MS, CHINA_S);
    assert_non_null(rig.plant);
    *state = &rig;
    return 0;
}

static int tear_down(void **state) {
    struct rig *r = *state;
    plant_free(r->plant);
    return 0;
}

static struct node *node(struct rig *r, enum works i) {
    return &r->plant->nodes[plant_node(r->plant, i, NULL)];
}

static double kw(struct rig *r, enum works i) {
    return (double)node(r, i)->power_milliw / 1e6;
}

static void steps(struct rig *r, int n) {
    for (int i = 0; i < n; i++)
        plant_step(r->plant, CHINA_S);
}

/* grid = feeders - sources at the busbar, to the milliwatt. */
static void expect_balance(struct rig *r) {
    assert_int_equal(node(r, GRID)->power_milliw,
                     node(r, FEEDER1)->power_milliw + node(r, FEEDER2)->power_milliw -
                         node(r, PV2)->power_milliw - node(r, PCS)->power_milliw);
}

static void a_dead_inverter_gives_nothing_and_the_grid_takes_over(void **state) {
    struct rig *r = *state;
    steps(r, 1);
    assert_true(kw(r, PV1) > 20.0);
    double before = kw(r, FEEDER1), pv = kw(r, PV1);
    node(r, PV1)->disturbance.output_kw = 0.0;
    steps(r, 1);
    assert_int_equal(node(r, PV1)->power_milliw, 0);
    assert_true(kw(r, FEEDER1) > before + 0.5 * pv); /* its feeder draws it from the busbar */
    expect_balance(r);
    int64_t counted = node(r, PV1)->counters.forward.mwh;
    steps(r, 60);
    assert_int_equal(node(r, PV1)->counters.forward.mwh, counted);
    disturbance_clear(&node(r, PV1)->disturbance);
    steps(r, 1);
    assert_true(kw(r, PV1) > 20.0);
}

static void storage_is_told_what_to_do_within_its_limits(void **state) {
    struct rig *r = *state;
    steps(r, 1);
    assert_true(kw(r, PCS) < -10.0); /* noon: it charges */
    node(r, PCS)->disturbance.output_kw = 0.0;
    steps(r, 1);
    double soc = plant_soc_pct(r->plant, node(r, PCS));
    steps(r, 600);
    assert_int_equal(node(r, PCS)->power_milliw, 0);
    assert_true(fabs(plant_soc_pct(r->plant, node(r, BMS)) - soc) < 1e-9);
    node(r, PCS)->disturbance.output_kw = 500.0; /* of 150 */
    steps(r, 1);
    assert_true(fabs(kw(r, PCS) - 150.0) < 1e-6);
    steps(r, 600);
    assert_true(plant_soc_pct(r->plant, node(r, BMS)) < soc - 5.0);
    assert_true(kw(r, BMS) > 150.0); /* its losses */
    expect_balance(r);
}

static void an_extra_load_is_in_its_feeder_the_incomer_and_their_counters(void **state) {
    struct rig *r = *state;
    struct plant *twin = plant_new(&r->works.site, 7, NOON_MS, CHINA_S);
    assert_non_null(twin);
    node(r, FEEDER2)->disturbance.extra_kw = 360.0;
    for (int i = 0; i < 101; i++) {
        plant_step(r->plant, CHINA_S);
        plant_step(twin, CHINA_S);
    }
    size_t feeder = plant_node(twin, FEEDER2, NULL), grid = plant_node(twin, GRID, NULL);
    assert_true(fabs(kw(r, FEEDER2) - (double)twin->nodes[feeder].power_milliw / 1e6 - 360.0) <
                1e-5);
    assert_true(fabs(kw(r, GRID) - (double)twin->nodes[grid].power_milliw / 1e6 - 360.0) < 1e-5);
    /* 360 kW for 100 s */
    int64_t more =
        node(r, FEEDER2)->counters.forward.mwh - twin->nodes[feeder].counters.forward.mwh;
    assert_true(llabs(more - 10 * MWH_PER_KWH) < 10);
    expect_balance(r);
    plant_free(twin);
}

static void a_load_is_told_what_to_draw_wholly_or_in_part(void **state) {
    struct rig *r = *state;
    struct plant *twin = plant_new(&r->works.site, 7, NOON_MS, CHINA_S);
    assert_non_null(twin);
    struct disturbance *d = &node(r, FEEDER2)->disturbance;
    d->load_kw = 900.0;
    d->load_share = 0.25;
    plant_step(twin, CHINA_S);
    steps(r, 1);
    double usual = (double)twin->nodes[plant_node(twin, FEEDER2, NULL)].power_milliw / 1e6;
    assert_true(fabs(kw(r, FEEDER2) - (0.75 * usual + 225.0)) < 1e-5);
    d->load_share = 1.0;
    steps(r, 1);
    assert_true(fabs(kw(r, FEEDER2) - 900.0) < 1e-5);
    expect_balance(r);
    /* beside what meters below it show */
    disturbance_clear(d);
    node(r, FEEDER1)->disturbance.load_kw = 10.0;
    node(r, FEEDER1)->disturbance.load_share = 1.0;
    steps(r, 1);
    assert_true(kw(r, PV1) > 20.0);
    assert_true(fabs(kw(r, FEEDER1) - kw(r, SUB1) + kw(r, PV1) - 10.0) < 1e-5);
    expect_balance(r);
    plant_free(twin);
}

static void reversed_transformers_turn_the_meter_and_nothing_else(void **state) {
    struct rig *r = *state;
    struct node *n = node(r, FEEDER2);
    steps(r, 1);
    double before = kw(r, FEEDER2);
    assert_true(before > 1.0);
    n->disturbance.reversed_ct = true;
    steps(r, 1);
    struct node_counters c = n->counters;
    steps(r, 100);
    struct electrical e = electrical_of(r->plant, plant_node(r->plant, FEEDER2, NULL));
    assert_true(fabs(e.p[3] + kw(r, FEEDER2) * 1000.0) < 1e-3);
    assert_true(e.p[0] < 0.0 && e.amp[0] > 0.0);
    assert_int_equal(n->counters.forward.mwh, c.forward.mwh);
    assert_true(n->counters.reverse.mwh > c.reverse.mwh + (int64_t)(before * 20000.0));
    assert_true(n->counters.q[2].mwh > c.q[2].mwh); /* q1 seen from the other side */
    assert_true(kw(r, FEEDER2) > 1.0);
    expect_balance(r);
    struct electrical grid = electrical_of(r->plant, plant_node(r->plant, GRID, NULL));
    assert_true(fabs(grid.p[3] - kw(r, GRID) * 1000.0) < 1e-3);
    n->disturbance.reversed_ct = false;
    steps(r, 1);
    c = n->counters;
    steps(r, 10);
    assert_true(n->counters.forward.mwh > c.forward.mwh);
    assert_int_equal(n->counters.reverse.mwh, c.reverse.mwh);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_dead_inverter_gives_nothing_and_the_grid_takes_over,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(storage_is_told_what_to_do_within_its_limits, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            an_extra_load_is_in_its_feeder_the_incomer_and_their_counters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_load_is_told_what_to_draw_wholly_or_in_part, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(reversed_transformers_turn_the_meter_and_nothing_else,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
