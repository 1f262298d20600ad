/* What a metering point's meter shows: apparent power, reactive energy by quadrant, power quality,
 * over the open quarter of an hour. Values hold until the next reading, at most 2.5 polls. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "calc/power.h"
#include "slots/supply.h"
#include "store_fixture.h"

enum { U1, U2, U3, I1, I2, I3, HZ, P, Q, CODED, POINTS };

struct meter {
    struct point_def def[POINTS];
    struct device_profile profile;
    struct device device;
    struct site_point points[POINTS];
    struct feed feed;
    struct site site;
    struct supply supply;
    struct sample samples[POINTS];
};

static void point(struct meter *m, int i, enum quantity q, enum phase phase, const char *unit) {
    m->def[i] = works_point("p", q, POINT_F32, 2, 1.0, unit);
    m->def[i].phase = phase;
    m->points[i] = (struct site_point){.id = "m.p", .def = &m->def[i]};
}

/* with_q: it shows reactive power; else a power factor with the quadrant folded in. */
static void meter_init(struct meter *m, bool with_q) {
    memset(m, 0, sizeof *m);
    for (int i = 0; i < 3; i++) {
        point(m, U1 + i, QUANTITY_VOLTAGE, (enum phase)(PHASE_L1 + i), "V");
        point(m, I1 + i, QUANTITY_CURRENT, (enum phase)(PHASE_L1 + i), "A");
    }
    point(m, HZ, QUANTITY_FREQUENCY, PHASE_NONE, "Hz");
    point(m, P, QUANTITY_ACTIVE_POWER, PHASE_TOTAL, "kW");
    point(m, Q, QUANTITY_REACTIVE_POWER, PHASE_TOTAL, "var");
    point(m, CODED, with_q ? QUANTITY_OTHER : QUANTITY_POWER_FACTOR_CODED, PHASE_TOTAL, "");
    m->def[CODED].pf_format = PF_FOLDED;
    works_profile(&m->profile, "meter", m->def, POINTS);
    m->device = (struct device){.id = "m", .profile = &m->profile, .rated_kw = 1000.0};
    m->feed = (struct feed){
        .id = "m", .power = P, .reactive_power = with_q ? Q : SITE_NONE, .power_sign = 1.0};
    m->site = (struct site){.devices = &m->device,
                            .device_count = 1,
                            .points = m->points,
                            .point_count = POINTS,
                            .feeds = &m->feed,
                            .feed_count = 1};
    supply_init(&m->supply, &m->site, &m->feed);
    static const double usual[POINTS] = {220, 220, 220, 100, 100, 100, 50, 0, 0, 1};
    for (int i = 0; i < POINTS; i++)
        m->samples[i] = (struct sample){.value = usual[i], .quality = QUALITY_GOOD};
}

static void at(struct meter *m, ms_t t, double kw) {
    supply_take(&m->supply, m->samples, kw, t, 2500);
}

/* 300 kW and 400 kvar: 500 kVA. A second at 300 kW, -400 kvar is 400 / 3600 kvarh of quadrant 4. */
static void apparent_power_and_reactive_energy_by_quadrant(void **state) {
    (void)state;
    static struct meter m;
    meter_init(&m, true);
    m.samples[Q].value = 400000.0;
    at(&m, 0, 300.0);
    m.samples[Q].value = -400000.0;
    at(&m, 2000, 300.0);
    supply_advance(&m.supply, 3000);
    assert_near(m.supply.open.s_kva.avg, 500.0, 1e-9);
    assert_near(m.supply.open.p_max_kw, 300.0, 0);
    assert_near(supply_kvarh(&m.supply, SLOT_15M, 0), 400.0 * 2 / 3600, 1e-9);
    assert_near(supply_kvarh(&m.supply, SLOT_15M, 3), 400.0 / 3600, 1e-9);
    assert_true(supply_measures_reactive(&m.supply));
}

/* Register 1.2 is a power factor of 0.8 in quadrant 4: Q = -100 x tan(acos 0.8) = -75 kvar. */
static void a_folded_power_factor_gives_reactive_power(void **state) {
    (void)state;
    static struct meter m;
    meter_init(&m, false);
    assert_true(supply_measures_reactive(&m.supply));
    m.samples[CODED].value = 1.2;
    at(&m, 0, 100.0);
    supply_advance(&m.supply, 1000);
    assert_near(m.supply.q_kvar, -75.0, 1e-9);
    assert_near(m.supply.open.s_kva.max, 125.0, 1e-9);
    assert_near(supply_kvarh(&m.supply, SLOT_1M, 3), 75.0 / 3600, 1e-9);
    m.samples[CODED].value = 0.8; /* quadrant 1 */
    at(&m, 2000, 100.0);
    assert_near(m.supply.q_kvar, 75.0, 1e-9);
    m.samples[CODED].value = 1.0; /* nothing to tell a quadrant by, and no reactive power */
    at(&m, 3000, 100.0);
    assert_true(isnan(m.supply.q_kvar) || fabs(m.supply.q_kvar) < 1e-9);
    m.samples[CODED].value = 7.0;
    at(&m, 4000, 100.0);
    assert_true(isnan(m.supply.q_kvar));
}

/* 10 s of silence: the value holds for 2.5 s, the rest is not covered. */
static void a_value_holds_no_longer_than_its_hold(void **state) {
    (void)state;
    static struct meter m;
    meter_init(&m, true);
    at(&m, 0, 300.0);
    at(&m, 10000, 300.0);
    assert_int_equal(m.supply.open.s_kva.covered_ms, 2500);
}

/* Deviation of the worst phase: 198 V is -10 % of 220 V. Unbalance of currents 100, 100, 80: 20 %.
 */
static void voltage_current_and_frequency(void **state) {
    (void)state;
    static struct meter m;
    meter_init(&m, true);
    m.samples[U2].value = 198.0;
    m.samples[I3].value = 80.0;
    m.samples[HZ].value = 50.1;
    at(&m, 0, 300.0);
    supply_advance(&m.supply, 1000);
    assert_near(m.supply.open.voltage_deviation_pct.min, -10.0, 1e-9);
    assert_near(m.supply.open.current_unbalance_pct.max, 20.0, 1e-9);
    assert_near(m.supply.open.frequency_hz.avg, 50.1, 1e-9);
    assert_true(m.supply.open.voltage_unbalance_pct.max > 0.0);
}

static void what_was_not_read_is_unknown(void **state) {
    (void)state;
    static struct meter m;
    meter_init(&m, true);
    for (int i = 0; i < POINTS; i++)
        m.samples[i].quality = QUALITY_MISSING;
    at(&m, 0, (double)NAN);
    supply_advance(&m.supply, 1000);
    assert_int_equal(m.supply.open.s_kva.covered_ms, 0);
    assert_true(isnan(m.supply.open.voltage_deviation_pct.avg));
    assert_near(supply_kvarh(&m.supply, SLOT_15M, 0), 0.0, 0);
}

/* The largest apparent power and when it began; a new quarter starts from nothing. */
static void a_quarter_ends(void **state) {
    (void)state;
    static struct meter m;
    meter_init(&m, true);
    at(&m, 1000, 300.0);
    at(&m, 2000, 600.0);
    at(&m, 3000, 100.0);
    supply_advance(&m.supply, 4000);
    assert_near(m.supply.open.s_kva.max, 600.0, 1e-9);
    assert_int_equal(m.supply.open.s_max_at, 2000);
    supply_next_slot(&m.supply, SLOT_15M);
    assert_int_equal(m.supply.open.s_kva.covered_ms, 0);
    assert_int_equal(m.supply.open.s_max_at, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apparent_power_and_reactive_energy_by_quadrant),
        cmocka_unit_test(a_folded_power_factor_gives_reactive_power),
        cmocka_unit_test(a_value_holds_no_longer_than_its_hold),
        cmocka_unit_test(voltage_current_and_frequency),
        cmocka_unit_test(what_was_not_read_is_unknown),
        cmocka_unit_test(a_quarter_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
