/* The register images that the simulator serves: every type, ratio, exponent and limit of a
 * profile, read back with the gateway's decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "meter/decode.h"
#include "sim/model_registers.h"
#include "sim/model_values.h"
#include "sim_fixture.h"

enum point {
    POWER,    /* i16 scaled by 10^EXPONENT */
    EXPONENT, /* SunSpec style */
    CT,       /* the meter's own current transformer ratio */
    CURRENT,  /* secondary side */
    IMPORT,   /* u32, low word elsewhere */
    ROLLING,  /* u16 with a modulus */
    HIGH,
    LOW, /* two bytes of one register */
    SERIAL,
    FACTOR, /* a ratio that is a point */
    SCALED, /* multiplied by FACTOR */
    COIL,
    POINTS
};

static struct works_site works;
static struct plant *plant;
static struct registers *registers;
static struct point_def points[POINTS];

static struct point_def *make(enum point i, const char *name, enum quantity q, enum point_type type,
                              uint16_t register_no, uint8_t words) {
    points[i] = works_point(name, q, PHASE_TOTAL, "");
    points[i].type = type;
    points[i].register_no = register_no;
    points[i].registers = words;
    return &points[i];
}

static int set_up(void **state) {
    (void)state;
    works_init(&works);
    make(POWER, "p", QUANTITY_ACTIVE_POWER, POINT_I16, 100, 1)->exponent_point = EXPONENT;
    make(EXPONENT, "p_sf", QUANTITY_SCALE_EXPONENT, POINT_I16, 101, 1);
    make(CT, "ct", QUANTITY_CT_RATIO, POINT_U16, 102, 1);
    make(CURRENT, "i", QUANTITY_CURRENT, POINT_F32, 104, 2)->ratio = RATIO_CT;
    make(IMPORT, "import", QUANTITY_ENERGY_IMPORT, POINT_U32, 200, 2)->split = true;
    points[IMPORT].register_low = 300;
    points[IMPORT].unit = "kWh";
    make(ROLLING, "rolling", QUANTITY_ENERGY_EXPORT, POINT_U16, 210, 1)->modulus = 1000.0;
    points[ROLLING].unit = "kWh";
    make(HIGH, "high", QUANTITY_THD_CURRENT, POINT_BYTE_HIGH, 220, 1);
    make(LOW, "low", QUANTITY_FREQUENCY, POINT_BYTE_LOW, 220, 1);
    make(SERIAL, "serial", QUANTITY_SERIAL, POINT_STRING, 230, 8);
    make(FACTOR, "x_ratio", QUANTITY_OTHER, POINT_U16, 240, 1)->quantity_name = "x_voltage";
    make(SCALED, "scaled", QUANTITY_REACTIVE_POWER, POINT_I32, 242, 2)->ratio = RATIO_POINT;
    points[SCALED].ratio_point = FACTOR;
    make(COIL, "coil", QUANTITY_FAULT, POINT_BIT, 5, 1)->function = 2;
    works.meter.points = points;
    works.meter.point_count = POINTS;
    works.meter.ct_ratio_point = CT;
    works.meter.limits = (struct read_limits){20, 2, 2};
    works.devices[GRID].ct_ratio = 80.0;
    plant = plant_new(&works.site, 4, NOON_MS, CHINA_S);
    registers = plant != NULL ? registers_new(plant) : NULL;
    return registers != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    registers_free(registers);
    plant_free(plant);
    return 0;
}

static const uint16_t *read_at(size_t device, uint8_t function, uint16_t start, uint16_t count) {
    const uint16_t *values = NULL;

    assert_int_equal(registers_read(registers, device, function, start, count, false, &values),
                     REGISTERS_OK);
    return values;
}

static double raw_value(size_t device, enum point i) {
    const struct point_def *d = &points[i];
    uint16_t even = (uint16_t)(d->register_no & ~1u);
    const uint16_t *v = read_at(device, d->function, even, 2);

    return decode_scaled(d, decode_raw(d, v + d->register_no % 2));
}

static void an_exponent_register_makes_a_large_value_fit(void **state) {
    (void)state;
    double exponent = raw_value(GRID, EXPONENT), raw = raw_value(GRID, POWER);
    double watt = (double)plant->nodes[GRID].power_milliw / 1000.0;

    assert_true(exponent > 0.0 && exponent < 4.0); /* 2.25 MW do not fit 16 bits */
    assert_true(fabs(raw * pow(10.0, exponent) - watt) <= 0.5 * pow(10.0, exponent) + 1e-6);
}

static void secondary_values_are_divided_by_the_configured_ratio(void **state) {
    (void)state;
    double primary = value_of_point(plant, GRID, &points[CURRENT]);

    assert_true(fabs(raw_value(GRID, CT) - 80.0) < 1e-9);
    assert_true(fabs(raw_value(GRID, CURRENT) * 80.0 / primary - 1.0) < 1e-6);
    assert_true(fabs(raw_value(FEEDER1, CT) - 1.0) < 1e-9); /* none configured */
}

static void a_value_may_be_multiplied_by_another_point(void **state) {
    (void)state;
    double factor = raw_value(GRID, FACTOR), raw = raw_value(GRID, SCALED);

    assert_true(factor > 1.0);
    assert_true(fabs(raw * factor - value_of_point(plant, GRID, &points[SCALED])) <= factor);
}

static void split_words_bytes_text_and_bits_stand_where_they_belong(void **state) {
    (void)state;
    uint32_t high = read_at(GRID, 3, 200, 2)[0], low = read_at(GRID, 3, 300, 2)[0];
    double kwh = (double)plant->nodes[GRID].counters.forward.mwh / 1e6;

    assert_true(fabs((double)(high << 16 | low) - kwh) <= 0.5 + 1e-6);
    assert_int_equal(read_at(GRID, 3, 220, 2)[0] & 0xFF, 50);
    assert_int_equal(read_at(GRID, 3, 220, 2)[0] >> 8, 4);
    assert_int_equal(read_at(GRID, 3, 230, 8)[0], 'S' << 8 | 'I');
    assert_int_equal(read_at(GRID, 2, 5, 1)[0], 0);
}

static void a_counter_starts_again_after_its_modulus(void **state) {
    (void)state;
    double kwh = (double)plant->nodes[GRID].counters.reverse.mwh / 1e6;

    assert_true(kwh > 1000.0);
    assert_true(fabs(raw_value(GRID, ROLLING) - fmod(kwh, 1000.0)) <= 0.5 + 1e-6);
}

static void limits_answer_as_a_real_device(void **state) {
    (void)state;
    static const struct {
        uint8_t function;
        uint16_t start, count;
        enum register_verdict verdict;
    } cases[] = {
        {3, 100, 6, REGISTERS_OK},        {3, 100, 0, REGISTERS_COUNT},
        {3, 100, 22, REGISTERS_COUNT},    {3, 101, 2, REGISTERS_ADDRESS}, /* odd start */
        {3, 100, 5, REGISTERS_ADDRESS},   {3, 106, 2, REGISTERS_ADDRESS}, /* behind the last */
        {3, 104, 6, REGISTERS_ADDRESS},   {4, 100, 2, REGISTERS_FUNCTION},
        {3, 65534, 2, REGISTERS_ADDRESS}, {2, 5, 1, REGISTERS_OK},
        {2, 5, 2001, REGISTERS_COUNT},    {3, 240, 4, REGISTERS_OK},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint16_t *values = NULL;
        enum register_verdict v = registers_read(registers, GRID, cases[i].function, cases[i].start,
                                                 cases[i].count, false, &values);

        assert_int_equal(v, cases[i].verdict);
        assert_true((values != NULL) == (v == REGISTERS_OK));
    }
}

static void frozen_values_stay_until_they_thaw(void **state) {
    (void)state;
    const uint16_t *values = NULL;
    uint32_t before = read_at(GRID, 3, 300, 2)[0];

    for (size_t i = 0; i < 3600; i++)
        plant_step(plant, CHINA_S);
    assert_int_equal(registers_read(registers, GRID, 3, 300, 2, true, &values), REGISTERS_OK);
    assert_int_equal(values[0], before);
    assert_true(read_at(GRID, 3, 300, 2)[0] != before);
}

static void a_clock_shows_the_time_of_the_plant(void **state) {
    (void)state;
    static const struct meter_clock clock = {.p = {.type = POINT_U32,
                                                   .function = 3,
                                                   .register_no = 400,
                                                   .registers = 2,
                                                   .scale = 1,
                                                   .sign = 1},
                                             .local = true};
    struct registers *plain = registers;
    const uint16_t *v;

    works.meter.clock = &clock;
    registers = registers_new(plant); /* laid out anew */
    assert_non_null(registers);
    v = read_at(GRID, 3, 400, 2);
    assert_int_equal((int64_t)v[0] << 16 | v[1], floor_div(plant->now_ms, MS_PER_S) + CHINA_S);
    registers_set_clock(registers, GRID, -90);
    plant_step(plant, CHINA_S);
    v = read_at(GRID, 3, 400, 2);
    assert_int_equal((int64_t)v[0] << 16 | v[1], floor_div(plant->now_ms, MS_PER_S) + CHINA_S - 90);
    works.meter.clock = NULL;
    registers_free(registers);
    registers = plain;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_shows_the_time_of_the_plant),
        cmocka_unit_test(an_exponent_register_makes_a_large_value_fit),
        cmocka_unit_test(secondary_values_are_divided_by_the_configured_ratio),
        cmocka_unit_test(a_value_may_be_multiplied_by_another_point),
        cmocka_unit_test(split_words_bytes_text_and_bits_stand_where_they_belong),
        cmocka_unit_test(a_counter_starts_again_after_its_modulus),
        cmocka_unit_test(limits_answer_as_a_real_device),
        cmocka_unit_test(frozen_values_stay_until_they_thaw),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
