/* What a reading says of feeders whose truth is known. */
#include "feeder_rig.h"

#define DEG (M_PI / 180.0)

static void plain_values_of_a_balanced_feeder(void **state) {
    (void)state;
    struct feeder_rig r;
    rig_init(&r, 50.0f, 230.0f, 5.0f, 30.0f);
    rig_run(&r, 3.2f);
    assert_int_equal(r.seconds, 3);
    const float *v = r.second.value;
    for (int p = 0; p < PHASES; p++) {
        assert_near(v[VALUE_VOLTAGE + p], 230.0, 0.05);
        assert_near(v[VALUE_LINE_VOLTAGE + p], 230.0 * sqrt(3.0), 0.1);
        assert_near(v[VALUE_ACTIVE + p], 1150.0 * cos(30.0 * DEG), 0.5);
        assert_near(v[VALUE_REACTIVE + p], 575.0, 0.5);
        assert_near(v[VALUE_APPARENT + p], 1150.0, 0.5);
        assert_near(v[VALUE_NONACTIVE + p], 575.0, 1.0);
        assert_near(v[VALUE_POWER_FACTOR + p], cos(30.0 * DEG), 0.001);
        assert_near(v[VALUE_THD_VOLTAGE + p], 0.0, 0.05);
    }
    assert_near(v[VALUE_ACTIVE + 3], 3450.0 * cos(30.0 * DEG), 1.5);
    assert_near(v[VALUE_REACTIVE + 3], 1725.0, 1.5);
    assert_near(v[VALUE_UNBALANCE], 0.0, 0.02);
    assert_near(v[VALUE_CURRENT + 3], 0.0, 0.001);
}

static void four_quadrants_have_the_right_signs(void **state) {
    (void)state;
    static const struct {
        float phi_deg;
        enum energy_kind active;
        enum energy_kind reactive;
    } rows[] = {{30.0f, ENERGY_IMPORT, ENERGY_Q1},
                {150.0f, ENERGY_EXPORT, ENERGY_Q2},
                {-150.0f, ENERGY_EXPORT, ENERGY_Q3},
                {-30.0f, ENERGY_IMPORT, ENERGY_Q4}};
    for (int i = 0; i < 4; i++) {
        struct feeder_rig r;
        rig_init(&r, 50.0f, 230.0f, 5.0f, rows[i].phi_deg);
        rig_run(&r, 1.1f); /* the first window is cut by the start of the wave */
        rig_reset_energy(&r);
        rig_run(&r, 4.0f);
        const double hours = r.measured_s / 3600.0;
        for (int k = 0; k < ENERGY_APPARENT; k++) {
            const double truth = k == (int)rows[i].active     ? 3450.0 * cos(30.0 * DEG) * hours
                                 : k == (int)rows[i].reactive ? 1725.0 * hours
                                                              : 0.0;
            assert_near(rig_wh(&r, (enum energy_kind)k), truth, 0.002 * truth);
        }
        assert_near(rig_wh(&r, ENERGY_APPARENT), 3450.0 * hours, 0.002 * 3450.0 * hours);
    }
}

static void windows_cover_all_time(void **state) {
    (void)state;
    struct feeder_rig r;
    rig_init(&r, 47.3f, 230.0f, 5.0f, 0.0f);
    rig_run(&r, 30.0f);
    const double open_s = (double)r.sampler.open.length / SAMPLE_HZ;
    assert_near(r.measured_s + open_s, 30.0, 0.001);
}

static void harmonics_and_thd_are_told_apart(void **state) {
    (void)state;
    struct feeder_rig r;
    rig_init(&r, 49.3f, 230.0f, 5.0f, 40.0f);
    double squares = 0.0;
    for (int h = 2; h <= HARMONICS; h++) {
        r.synth.voltage_part[h - 1] = 0.002f * (float)h;
        r.synth.current_part[h - 1] = 0.30f / (float)h;
        r.synth.harmonic_deg[h - 1] = 17.0f * (float)h;
        squares += pow(0.30 / h, 2.0);
    }
    r.synth.droop_s = r.cal.droop = 1.0f / SAMPLE_HZ;
    rig_run(&r, 3.2f);
    for (int p = 0; p < PHASES; p++) {
        for (int h = 2; h <= HARMONICS; h++) {
            const int at = p * HARMONIC_ROWS + h - 2;
            assert_near(r.second.value[VALUE_HARMONIC_VOLTAGE + at], 0.2 * h, 0.02);
            assert_near(r.second.value[VALUE_HARMONIC_CURRENT + at], 30.0 / h, 0.05);
        }
        assert_near(r.second.value[VALUE_THD_CURRENT + p], 100.0 * sqrt(squares), 0.05);
    }
}

/* 230, 230 and 180 V at 120 degrees: the negative over the positive sequence, by hand. */
static void unbalance_is_negative_over_positive_sequence(void **state) {
    (void)state;
    struct feeder_rig r;
    rig_init(&r, 50.0f, 230.0f, 5.0f, 0.0f);
    r.synth.rms[CHANNEL_U3] = 180.0f;
    rig_run(&r, 2.2f);
    assert_near(r.second.value[VALUE_UNBALANCE], 100.0 * (50.0 / 3.0) / (640.0 / 3.0), 0.02);
    assert_near(r.second.value[VALUE_UNBALANCE + 1], 0.0, 0.02);
}

static void the_neutral_is_measured(void **state) {
    (void)state;
    struct feeder_rig r;
    rig_init(&r, 50.0f, 230.0f, 5.0f, 0.0f);
    r.synth.rms[CHANNEL_IN] = 1.7f;
    rig_run(&r, 2.2f);
    assert_near(r.second.value[VALUE_CURRENT + 3], 1.7, 0.002);
}

/* A transformer that leads by 1 degree is wrong by 3 % at power factor 0.5, until it is told. */
static void the_lead_of_a_transformer_is_taken_back(void **state) {
    (void)state;
    const double watts = 1150.0 * 0.5;
    for (int told = 0; told < 2; told++) {
        struct feeder_rig r;
        rig_init(&r, 50.0f, 230.0f, 5.0f, 60.0f);
        for (int p = 0; p < PHASES; p++) {
            r.synth.angle_deg[CHANNEL_I1 + p] += 1.0f;
            r.cal.lead_rad[p] = told ? (float)DEG : 0.0f;
        }
        rig_run(&r, 2.2f);
        const double error = 100.0 * ((double)r.second.value[VALUE_ACTIVE] / watts - 1.0);
        if (told) {
            assert_near(error, 0.0, 0.05);
            assert_near(r.second.value[VALUE_REACTIVE], 1150.0 * sin(60.0 * DEG), 1.0);
        } else {
            assert_near(error, 3.0, 0.1);
        }
    }
}

static void late_currents_are_taken_back(void **state) {
    (void)state;
    struct feeder_rig r;
    rig_init(&r, 52.0f, 230.0f, 5.0f, 60.0f);
    r.synth.late_s = r.cal.current_late_s = 30e-6f;
    rig_run(&r, 2.2f);
    assert_near(r.second.value[VALUE_ACTIVE], 575.0, 0.3);
}

static void frequency_survives_the_loss_of_phases(void **state) {
    (void)state;
    struct feeder_rig r;
    rig_init(&r, 51.0f, 230.0f, 5.0f, 0.0f);
    rig_run(&r, 2.0f);
    r.synth.rms[CHANNEL_U1] = 0.0f;
    rig_run(&r, 3.0f);
    assert_near(r.second.value[VALUE_FREQUENCY], 51.0, 0.01);
    r.synth.rms[CHANNEL_U2] = 0.0f;
    rig_run(&r, 3.0f);
    assert_near(r.second.value[VALUE_FREQUENCY], 51.0, 0.01);
    r.synth.rms[CHANNEL_U3] = 0.0f;
    rig_run(&r, 3.0f);
    assert_true(isnan(r.second.value[VALUE_FREQUENCY]));
    assert_true(isnan(r.second.value[VALUE_THD_VOLTAGE]));
    assert_near(r.second.value[VALUE_CURRENT], 5.0, 0.05);
    assert_near(r.second.value[VALUE_ACTIVE + 3], 0.0, 0.5);
}

/* One cycle of 10 % voltage must be seen, though 200 ms and the second hardly move. */
static void a_dip_of_one_cycle_is_seen(void **state) {
    (void)state;
    struct feeder_rig r;
    rig_init(&r, 50.0f, 230.0f, 5.0f, 0.0f);
    rig_run(&r, 2.05f);
    for (int i = 0; i < 3; i++)
        r.synth.rms[i] = 23.0f;
    rig_run(&r, 0.04f);
    for (int i = 0; i < 3; i++)
        r.synth.rms[i] = 230.0f;
    float least = 1e9f;
    for (int i = 0; i < 40; i++) {
        rig_run(&r, 0.01f);
        least = fminf(least, r.cal.scale[0] * sqrtf(r.sampler.cycle_volts_min[0]));
    }
    assert_near(least, 23.0, 12.0);
}

static void a_clipped_input_is_told(void **state) {
    (void)state;
    struct feeder_rig r;
    rig_init(&r, 50.0f, 230.0f, 9.0f, 0.0f);
    rig_run(&r, 1.0f);
    assert_true(r.sampler.closed_clipped);
    r.synth.rms[CHANNEL_I1] = r.synth.rms[CHANNEL_I2] = r.synth.rms[CHANNEL_I3] = 5.0f;
    rig_run(&r, 1.0f);
    assert_false(r.sampler.closed_clipped);
}

static void no_load_creeps_not_and_the_start_current_counts(void **state) {
    (void)state;
    const float no_load_w = 0.0004f * 230.0f * 5.0f;
    struct feeder_rig r;
    rig_init(&r, 50.0f, 230.0f, 0.0f, 0.0f);
    r.no_load_w = no_load_w;
    r.synth.noise = 4.0f;
    rig_run(&r, 1.0f);
    rig_reset_energy(&r);
    rig_run(&r, 20.0f);
    assert_int_equal(r.energy.mj[ENERGY_IMPORT] + r.energy.mj[ENERGY_EXPORT], 0);
    /* IEC 62053-22: starts at 0.1 % of In */
    rig_init(&r, 50.0f, 230.0f, 0.005f, 0.0f);
    r.no_load_w = no_load_w;
    r.synth.noise = 4.0f;
    rig_run(&r, 1.0f);
    rig_reset_energy(&r);
    rig_run(&r, 20.0f);
    assert_near(rig_wh(&r, ENERGY_IMPORT), 3.45 * r.measured_s / 3600.0, 0.001);
}

/* 3 mW for 0.2 s is less than a count: it must add up. */
static void what_is_less_than_a_count_is_carried(void **state) {
    (void)state;
    struct energy e = {0};
    struct reading r = {0};
    for (int p = 0; p < PHASES; p++)
        r.value[VALUE_ACTIVE + p] = -0.001f;
    for (int i = 0; i < 1000; i++)
        energy_add(&e, &r, 0.2f, 0.0f);
    assert_near(e.mj[ENERGY_EXPORT], 600.0, 1.0);
    assert_int_equal(e.mj[ENERGY_IMPORT], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_values_of_a_balanced_feeder),
        cmocka_unit_test(four_quadrants_have_the_right_signs),
        cmocka_unit_test(windows_cover_all_time),
        cmocka_unit_test(what_is_less_than_a_count_is_carried),
        cmocka_unit_test(harmonics_and_thd_are_told_apart),
        cmocka_unit_test(unbalance_is_negative_over_positive_sequence),
        cmocka_unit_test(the_neutral_is_measured),
        cmocka_unit_test(the_lead_of_a_transformer_is_taken_back),
        cmocka_unit_test(late_currents_are_taken_back),
        cmocka_unit_test(frequency_survives_the_loss_of_phases),
        cmocka_unit_test(a_dip_of_one_cycle_is_seen),
        cmocka_unit_test(a_clipped_input_is_told),
        cmocka_unit_test(no_load_creeps_not_and_the_start_current_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
