/* What the simulator's devices show: signs, directions, units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/model_values.h"
#include "sim_fixture.h"

static struct works_site works;
static struct plant *plant;

static int set_up(void **state) {
    (void)state;
    works_init(&works);
    works.devices[FEEDER2].sign = -1; /* wired the other way round */
    plant = plant_new(&works.site, 4, NOON_MS, CHINA_S);
    return plant != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    plant_free(plant);
    return 0;
}

static double value(enum works device, enum quantity q, const char *unit) {
    struct point_def def = works_point(quantity_str(q), q, PHASE_TOTAL, unit);

    return value_of_point(plant, device, &def);
}

static void assert_near(double a, double b) {
    assert_true(fabs(a - b) <= 1e-9 * fmax(1.0, fabs(b)));
}

static void power_is_positive_in_the_roles_own_direction(void **state) {
    (void)state;
    for (enum works i = GRID; i < BMS; i++) {
        double sign = i == FEEDER2 ? -1.0 : 1.0;

        assert_near(value(i, QUANTITY_ACTIVE_POWER, "W"),
                    sign * (double)plant->nodes[i].power_milliw / 1000.0);
    }
    assert_true(value(PV1, QUANTITY_ACTIVE_POWER, "W") > 0.0);
    assert_true(value(PCS, QUANTITY_ACTIVE_POWER, "W") < 0.0);
}

static void units_scale_the_same_quantity(void **state) {
    (void)state;
    double watt = value(GRID, QUANTITY_ACTIVE_POWER, "W");
    double wh = value(GRID, QUANTITY_ENERGY_IMPORT, "Wh");

    assert_near(value(GRID, QUANTITY_ACTIVE_POWER, "kW"), watt / 1e3);
    assert_near(value(GRID, QUANTITY_ENERGY_IMPORT, "kWh"), wh / 1e3);
    assert_near(value(GRID, QUANTITY_ENERGY_IMPORT, "MWh"), wh / 1e6);
    assert_near(value(GRID, QUANTITY_POWER_FACTOR, "%"),
                100.0 * value(GRID, QUANTITY_POWER_FACTOR, ""));
    assert_near(value(GRID, QUANTITY_VOLTAGE, "mV"), 1e3 * value(GRID, QUANTITY_VOLTAGE, "V"));
}

static void meters_count_import_and_inverters_count_yield(void **state) {
    (void)state;
    const struct node *feeder = &plant->nodes[FEEDER1], *turned = &plant->nodes[FEEDER2];
    const struct node *pv = &plant->nodes[PV2], *pcs = &plant->nodes[PCS];

    assert_near(value(FEEDER1, QUANTITY_ENERGY_IMPORT, "Wh"),
                counter_wh(&feeder->counters.forward));
    assert_near(value(FEEDER1, QUANTITY_ENERGY_EXPORT, "Wh"),
                counter_wh(&feeder->counters.reverse));
    assert_near(value(FEEDER2, QUANTITY_ENERGY_EXPORT, "Wh"),
                counter_wh(&turned->counters.forward));
    assert_near(value(PV2, QUANTITY_ENERGY_EXPORT, "Wh"), counter_wh(&pv->counters.forward));
    assert_near(value(PV2, QUANTITY_PV_ENERGY, "Wh"), counter_wh(&pv->counters.forward));
    assert_near(value(PCS, QUANTITY_CHARGE_ENERGY, "Wh"), counter_wh(&pcs->counters.reverse));
    assert_near(value(PCS, QUANTITY_DISCHARGE_ENERGY, "Wh"), counter_wh(&pcs->counters.forward));
}

static void quadrants_turn_with_the_wiring(void **state) {
    (void)state;
    const struct node_counters *c = &plant->nodes[FEEDER2].counters;

    assert_near(value(FEEDER2, QUANTITY_REACTIVE_ENERGY_Q1, "Wh"), counter_wh(&c->q[2]));
    assert_near(value(FEEDER2, QUANTITY_REACTIVE_ENERGY_Q4, "Wh"), counter_wh(&c->q[1]));
    assert_near(value(FEEDER2, QUANTITY_REACTIVE_ENERGY_TOTAL, "Wh"),
                counter_wh(&c->q[0]) + counter_wh(&c->q[1]) + counter_wh(&c->q[2]) +
                    counter_wh(&c->q[3]));
}

static void alternating_current_is_consistent(void **state) {
    (void)state;
    double p = value(GRID, QUANTITY_ACTIVE_POWER, "W");
    double q = value(GRID, QUANTITY_REACTIVE_POWER, "var");
    double s = value(GRID, QUANTITY_APPARENT_POWER, "VA");

    assert_near(s, sqrt(p * p + q * q));
    assert_near(value(GRID, QUANTITY_POWER_FACTOR, ""), p / s);
    assert_true(fabs(value(GRID, QUANTITY_FREQUENCY, "Hz") - 50.0) < 0.05);
    for (enum phase k = PHASE_L1; k <= PHASE_L3; k++) {
        struct point_def v = works_point("v", QUANTITY_VOLTAGE, k, "V");
        struct point_def i = works_point("i", QUANTITY_CURRENT, k, "A");
        struct point_def va = works_point("s", QUANTITY_APPARENT_POWER, k, "VA");

        assert_near(value_of_point(plant, GRID, &v) * value_of_point(plant, GRID, &i),
                    value_of_point(plant, GRID, &va));
    }
}

static void the_battery_agrees_with_its_converter(void **state) {
    (void)state;
    double dc = value(BMS, QUANTITY_DC_VOLTAGE, "V") * value(BMS, QUANTITY_DC_CURRENT, "A");
    double ac = value(PCS, QUANTITY_ACTIVE_POWER, "W");

    assert_near(value(BMS, QUANTITY_SOC, "%"), value(PCS, QUANTITY_SOC, "%"));
    assert_true(fabs(dc - ac * 0.965) < 0.01); /* charging: what arrives behind the converter */
    assert_true(value(BMS, QUANTITY_CELL_VOLTAGE_MAX, "V") >
                value(BMS, QUANTITY_CELL_VOLTAGE_MIN, "V"));
    assert_near(value(BMS, QUANTITY_REMAINING_CAPACITY, "kWh"),
                value(BMS, QUANTITY_SOC, "%") / 100.0 * 300.0);
}

static void a_state_word_shows_a_healthy_unit_at_work(void **state) {
    (void)state;
    const struct point_bit named[] = {
        {0, "fault"}, {2, "run"}, {3, "grid_tied"}, {5, "charging"}, {6, "discharging"}};
    struct point_def def = works_point("state", QUANTITY_STATE, PHASE_NONE, "");

    assert_near(value_of_point(plant, PCS, &def), 1.0);
    def.bits = named;
    def.bit_count = sizeof named / sizeof named[0];
    assert_true(plant->nodes[PCS].power_milliw < 0); /* noon: it charges */
    assert_near(value_of_point(plant, PCS, &def), 1 << 2 | 1 << 3 | 1 << 5);
}

static void no_value_leaves_its_span(void **state) {
    (void)state;
    static const enum quantity quantities[] = {QUANTITY_ACTIVE_POWER,  QUANTITY_REACTIVE_POWER,
                                               QUANTITY_CURRENT,       QUANTITY_VOLTAGE,
                                               QUANTITY_ENERGY_IMPORT, QUANTITY_DC_POWER};

    for (size_t step = 0; step < 500; step++, plant_step(plant, CHINA_S)) {
        for (size_t k = 0; k < sizeof quantities / sizeof quantities[0]; k++) {
            struct point_def def = works_point("x", quantities[k], PHASE_TOTAL, "");

            assert_true(fabs(value_of_point(plant, PCS, &def)) <= value_span(plant, PCS, &def));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_is_positive_in_the_roles_own_direction),
        cmocka_unit_test(units_scale_the_same_quantity),
        cmocka_unit_test(meters_count_import_and_inverters_count_yield),
        cmocka_unit_test(quadrants_turn_with_the_wiring),
        cmocka_unit_test(alternating_current_is_consistent),
        cmocka_unit_test(the_battery_agrees_with_its_converter),
        cmocka_unit_test(a_state_word_shows_a_healthy_unit_at_work),
        cmocka_unit_test(no_value_leaves_its_span),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
