/* The simulated substation as a whole: its balance is exact at every step, its counters are the
 * integral, its storage keeps its limits, and the same seed gives the same day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim_fixture.h"

#define DAY_STEPS 86400

static int64_t power_of(const struct plant *p, enum works i) {
    return p->nodes[i].power_milliw;
}

static void assert_balanced(const struct plant *p) {
    int64_t feeders = power_of(p, FEEDER1) + power_of(p, FEEDER2);

    assert_true(power_of(p, GRID) == feeders - power_of(p, PV2) - power_of(p, PCS));
    assert_true(p->nodes[GRID].reactive_mvar ==
                p->nodes[FEEDER1].reactive_mvar + p->nodes[FEEDER2].reactive_mvar -
                    p->nodes[PV2].reactive_mvar - p->nodes[PCS].reactive_mvar);
    /* the meter above a PV shows load minus PV: added back, what is left draws */
    assert_true(power_of(p, FEEDER1) + power_of(p, PV1) > power_of(p, SUB1));
    for (size_t i = 0; i < p->node_count; i++) {
        const struct node *n = &p->nodes[i];

        assert_true(n->phase_milliw[0] + n->phase_milliw[1] + n->phase_milliw[2] ==
                    n->power_milliw);
        assert_true(n->phase_mvar[0] + n->phase_mvar[1] + n->phase_mvar[2] == n->reactive_mvar);
    }
}

/* 1 s of P mW is P * 1000 mW ms; counters carry the rest below 1 mWh in part. */
static int64_t net_milliw_ms(const struct node *n) {
    return (n->counters.forward.mwh - n->counters.reverse.mwh) * 3600000 +
           n->counters.forward.part - n->counters.reverse.part;
}

static void a_whole_day_balances_and_counters_are_its_integral(void **state) {
    (void)state;
    struct works_site w;
    int64_t start[WORKS], sum[WORKS] = {0}, pv_most = 0;
    bool charged = false, discharged = false;

    works_init(&w);
    struct plant *p = plant_new(&w.site, 42, NOON_MS, CHINA_S);
    assert_non_null(p);
    for (size_t i = 0; i < WORKS; i++)
        start[i] = net_milliw_ms(&p->nodes[i]);
    for (size_t step = 0; step < DAY_STEPS; step++) {
        double soc = plant_soc_pct(p, &p->nodes[PCS]);

        assert_balanced(p);
        assert_true(llabs(power_of(p, PCS)) <= 150000000);
        assert_true(soc >= 10.0 - 1e-6 && soc <= 95.0 + 1e-6);
        for (size_t i = 0; i < WORKS; i++)
            sum[i] += p->nodes[i].power_milliw * PLANT_STEP_MS;
        pv_most = power_of(p, PV1) > pv_most ? power_of(p, PV1) : pv_most;
        charged = charged || power_of(p, PCS) < -10000000;
        discharged = discharged || power_of(p, PCS) > 10000000;
        plant_step(p, CHINA_S);
    }
    for (size_t i = 0; i < WORKS; i++)
        assert_true(net_milliw_ms(&p->nodes[i]) - start[i] == sum[i]);
    assert_int_equal(p->now_ms, NOON_MS + 86400000);
    assert_true(pv_most > 50000000 && pv_most <= 200000000);
    assert_true(charged && discharged);
    plant_free(p);
}

static void counters_never_fall_and_split_directions(void **state) {
    (void)state;
    struct works_site w;

    works_init(&w);
    struct plant *p = plant_new(&w.site, 3, NOON_MS, CHINA_S);
    assert_non_null(p);
    for (size_t step = 0; step < 20000; step++) {
        struct node before[WORKS];

        memcpy(before, p->nodes, sizeof before);
        plant_step(p, CHINA_S);
        for (size_t i = 0; i < WORKS; i++) {
            const struct node_counters *a = &before[i].counters, *b = &p->nodes[i].counters;

            assert_true(b->forward.mwh >= a->forward.mwh && b->reverse.mwh >= a->reverse.mwh);
            if (before[i].power_milliw > 0)
                assert_true(b->reverse.mwh == a->reverse.mwh);
            else
                assert_true(b->forward.mwh == a->forward.mwh);
            assert_true(b->forward.mwh > 0);
        }
    }
    plant_free(p);
}

static void the_state_of_charge_follows_the_battery_terminals(void **state) {
    (void)state;
    struct works_site w;

    works_init(&w);
    struct plant *p = plant_new(&w.site, 1, NOON_MS, CHINA_S);
    assert_non_null(p);
    int64_t before = net_milliw_ms(&p->nodes[BMS]);
    double soc = plant_soc_pct(p, &p->nodes[BMS]);

    for (size_t i = 0; i < 3600; i++)
        plant_step(p, CHINA_S);
    double kwh = (double)(net_milliw_ms(&p->nodes[BMS]) - before) / 3.6e12;
    assert_true(kwh < -50.0); /* it has charged at noon */
    assert_true(fabs(plant_soc_pct(p, &p->nodes[BMS]) - (soc - kwh / 300.0 * 100.0)) < 1e-4);
    plant_free(p);
}

static void the_same_seed_is_the_same_day(void **state) {
    (void)state;
    struct works_site w;

    works_init(&w);
    struct plant *a = plant_new(&w.site, 9, NOON_MS, CHINA_S);
    struct plant *b = plant_new(&w.site, 9, NOON_MS, CHINA_S);
    struct plant *c = plant_new(&w.site, 10, NOON_MS, CHINA_S);
    assert_true(a != NULL && b != NULL && c != NULL);
    assert_true(a->nodes[GRID].counters.forward.mwh != c->nodes[GRID].counters.forward.mwh);
    for (size_t step = 0; step < 2000; step++) {
        for (size_t i = 0; i < WORKS; i++) {
            assert_true(power_of(a, (enum works)i) == power_of(b, (enum works)i));
            assert_true(a->nodes[i].counters.forward.mwh == b->nodes[i].counters.forward.mwh);
        }
        assert_true(power_of(a, FEEDER2) != power_of(c, FEEDER2));
        plant_step(a, CHINA_S);
        plant_step(b, CHINA_S);
        plant_step(c, CHINA_S);
    }
    plant_free(a);
    plant_free(b);
    plant_free(c);
}

static void two_incomers_and_a_check_meter_share_the_import(void **state) {
    (void)state;
    struct works_site w;

    works_init(&w);
    works_device(&w, BMS, "grid2", ROLE_GRID, SITE_NONE, 500.0);
    works_device(&w, SUB1, "check", ROLE_GRID, GRID, 1500.0);
    struct plant *p = plant_new(&w.site, 1, NOON_MS, CHINA_S);
    assert_non_null(p);
    for (size_t i = 0; i < 1000; i++, plant_step(p, CHINA_S)) {
        int64_t import =
            power_of(p, FEEDER1) + power_of(p, FEEDER2) - power_of(p, PV2) - power_of(p, PCS);

        assert_true(power_of(p, GRID) + power_of(p, BMS) == import);
        assert_true(power_of(p, SUB1) == power_of(p, GRID));
    }
    plant_free(p);
}

static void a_site_without_feeders_still_consumes(void **state) {
    (void)state;
    struct works_site w;

    works_init(&w);
    w.site.device_count = 1;
    struct plant *p = plant_new(&w.site, 1, NOON_MS, CHINA_S);
    assert_non_null(p);
    assert_true(power_of(p, GRID) > 100000000);
    plant_free(p);
}

static void each_channel_of_a_hybrid_is_a_participant(void **state) {
    (void)state;
    struct works_site w;
    struct point_def points[3];
    struct device_profile hybrid;

    works_init(&w);
    points[0] = points[1] = points[2] = w.power[0];
    points[0].channel = "pv";
    points[1].channel = "storage";
    points[2].channel = "storage";
    hybrid = w.inverter;
    hybrid.points = points;
    hybrid.point_count = 3;
    w.devices[PV2].profile = &hybrid;
    struct plant *p = plant_new(&w.site, 1, NOON_MS, CHINA_S);
    assert_non_null(p);
    const struct node *pv = &p->nodes[plant_node(p, PV2, "pv")];
    const struct node *storage = &p->nodes[plant_node(p, PV2, "storage")];
    assert_int_equal(p->node_count, WORKS + 1);
    assert_int_equal(pv->role, ROLE_PV);
    assert_int_equal(storage->role, ROLE_STORAGE);
    assert_true(pv->power_milliw > 0 && storage->power_milliw < 0);
    for (size_t i = 0; i < 100; i++, plant_step(p, CHINA_S)) {
        int64_t pcs = p->nodes[plant_node(p, PCS, NULL)].power_milliw;

        assert_true(power_of(p, GRID) == power_of(p, FEEDER1) + power_of(p, FEEDER2) -
                                             pv->power_milliw - storage->power_milliw - pcs);
    }
    plant_free(p);
}

static void demand_is_the_average_of_a_quarter_hour(void **state) {
    (void)state;
    struct works_site w;
    ms_t quarter = NOON_MS - 500 + 15 * MS_PER_MIN;

    works_init(&w);
    struct plant *p = plant_new(&w.site, 1, NOON_MS, CHINA_S);
    assert_non_null(p);
    while (p->now_ms < quarter)
        plant_step(p, CHINA_S);
    assert_int_equal(p->nodes[FEEDER2].demand_milliw, 0); /* not seen from its start */
    int64_t before = p->nodes[FEEDER2].counters.forward.mwh;

    while (p->now_ms < quarter + 15 * MS_PER_MIN)
        plant_step(p, CHINA_S);
    assert_true(p->nodes[FEEDER2].demand_milliw ==
                4 * (p->nodes[FEEDER2].counters.forward.mwh - before));
    assert_true(p->nodes[FEEDER2].max_demand_milliw == p->nodes[FEEDER2].demand_milliw);
    plant_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_day_balances_and_counters_are_its_integral),
        cmocka_unit_test(counters_never_fall_and_split_directions),
        cmocka_unit_test(the_state_of_charge_follows_the_battery_terminals),
        cmocka_unit_test(the_same_seed_is_the_same_day),
        cmocka_unit_test(two_incomers_and_a_check_meter_share_the_import),
        cmocka_unit_test(a_site_without_feeders_still_consumes),
        cmocka_unit_test(each_channel_of_a_hybrid_is_a_participant),
        cmocka_unit_test(demand_is_the_average_of_a_quarter_hour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
