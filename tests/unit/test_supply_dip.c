/* Sags, interruptions and limits of the voltage: tables of readings. Thresholds of EN 50160 and
 * GB/T 30137, limits of GB/T 12325. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "calc/supply_dip.h"

#define NONE ((double)NAN)
#define S    ((ms_t)1000)

static void nominals(void **state) {
    static const struct {
        double u;
        bool line;
        double nominal;
    } cases[] = {
        {221.3, false, 220.0},      {180.0, false, 220.0},  {170.0, false, NONE},
        {400.0, true, 380.0},       {10400.0, true, 10000}, {5774.0, true, 6000.0},
        {5774.0, false, 5773.5027}, {0.0, true, NONE},      {NONE, true, NONE},
        {35800.0, true, 35000.0},   {100.0, true, NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double found = supply_nominal(cases[i].u, cases[i].line);
        if (isnan(cases[i].nominal))
            assert_true(isnan(found));
        else
            assert_true(fabs(found - cases[i].nominal) < 1e-3);
    }
}

/* 198.0 V and 235.4 V belong to the good ones of 220 V. */
static void limits_are_inclusive(void **state) {
    static const struct {
        double u, nominal;
        bool line, good;
    } cases[] = {
        {198.0, 220.0, false, true},       {197.9, 220.0, false, false},
        {235.4, 220.0, false, true},       {235.5, 220.0, false, false},
        {353.4, 380.0, true, true},        {353.3, 380.0, true, false},
        {406.6, 380.0, true, true},        {406.7, 380.0, true, false},
        {10700.0, 10000, true, true},      {10701.0, 10000, true, false},
        {38500, 35000, true, true},        {38501.0, 35000, true, false},
        {5369.0, 5773.5027, false, false}, {5370.0, 5773.5027, false, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct voltage_limits l = voltage_limits_of(cases[i].nominal, cases[i].line);
        double off = (cases[i].u - cases[i].nominal) / cases[i].nominal * 100.0;
        assert_int_equal(voltage_within(&l, off), cases[i].good);
    }
}

/* What one reading does: "" nothing, "s" a sag begins, "S" ends, "i" and "I" an interruption. */
struct step {
    ms_t t;
    double pct[3];
    const char *does;
};

static void run(struct dip_watch *w, const struct step *steps, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct dip_change c[2];
        char did[3] = "";
        size_t count = dip_take(w, steps[i].pct, 3, steps[i].t, c);
        for (size_t k = 0; k < count; k++)
            did[k] = c[k].kind == DIP_SAG ? (c[k].ended ? 'S' : 's') : (c[k].ended ? 'I' : 'i');
        if (strcmp(did, steps[i].does) != 0)
            fail_msg("step %zu: '%s', expected '%s'", i, did, steps[i].does);
    }
}

static void thresholds_and_hysteresis(void **state) {
    static const struct step steps[] = {
        {0 * S, {100, 100, 100}, ""},   {1 * S, {100, 90.0, 100}, ""}, /* at it: none */
        {2 * S, {100, 89.9, 100}, "s"}, {3 * S, {100, 91.9, 100}, ""}, /* not yet over */
        {4 * S, {100, 92.0, 100}, "S"}, {5 * S, {100, 91.0, 100}, ""},
        {6 * S, {9, 9, 10.0}, "s"},     {7 * S, {9, 9, 9.9}, "Si"},
        {8 * S, {11, 11, 11.9}, ""},    {9 * S, {11, 11, 12.0}, "Is"},
        {10 * S, {100, 100, 100}, "S"},
    };
    struct dip_watch w;
    (void)state;
    dip_init(&w);
    run(&w, steps, sizeof steps / sizeof steps[0]);
}

/* One that is not known proves no interruption, and ends none; of nothing nothing follows. */
static void missing_phases(void **state) {
    static const struct step steps[] = {
        {0 * S, {100, 100, 100}, ""},     {1 * S, {NONE, NONE, NONE}, ""},
        {2 * S, {NONE, 0, 0}, "s"},       {3 * S, {0, 0, 0}, "Si"},
        {4 * S, {NONE, 0, 0}, ""},        {5 * S, {NONE, NONE, NONE}, ""},
        {60 * S, {NONE, 100, NONE}, "I"},
    };
    struct dip_watch w;
    (void)state;
    dip_init(&w);
    run(&w, steps, sizeof steps / sizeof steps[0]);
}

static void depth_duration_and_resolution(void **state) {
    struct dip_watch w;
    struct dip_change c[2];
    (void)state;
    dip_init(&w);
    assert_int_equal(dip_take(&w, (const double[]){100, 100, 100}, 3, 58 * S, c), 0);
    assert_int_equal(dip_take(&w, (const double[]){70, 80, 100}, 3, 59 * S, c), 1);
    assert_int_equal(c[0].resolution_ms, 1 * S);
    assert_false(c[0].begin_unseen);
    assert_int_equal(dip_take(&w, (const double[]){60, 95, 95}, 3, 60 * S, c),
                     0); /* a minute's edge */
    assert_int_equal(dip_take(&w, (const double[]){75, 95, 95}, 3, 61 * S, c), 0);
    /* 4 s without a reading */
    assert_int_equal(dip_take(&w, (const double[]){100, 100, 100}, 3, 65 * S, c), 1);
    assert_true(c[0].ended);
    assert_int_equal(c[0].begin, 59 * S);
    assert_int_equal(c[0].end, 65 * S);
    assert_int_equal(c[0].resolution_ms, 4 * S);
    assert_true(fabs(c[0].lowest_pct - 60.0) < 1e-9);
}

static void there_before_the_first_reading(void **state) {
    struct dip_watch w;
    struct dip_change c[2];
    (void)state;
    dip_init(&w);
    assert_int_equal(dip_take(&w, (const double[]){50, 50, 50}, 3, 5 * S, c), 1);
    assert_true(c[0].begin_unseen);
    assert_int_equal(c[0].resolution_ms, 0);
}

/* A restart in the midst: it keeps its begin and its depth. */
static void goes_on_after_a_restart(void **state) {
    const struct dip_change before = {
        .kind = DIP_INTERRUPTION, .begin = 10 * S, .lowest_pct = 2.0, .resolution_ms = S};
    struct dip_watch w;
    struct dip_change c[2];
    (void)state;
    dip_restore(&w, &before);
    assert_int_equal(dip_take(&w, (const double[]){5, 5, 5}, 3, 100 * S, c), 0);
    assert_int_equal(dip_take(&w, (const double[]){100, 100, 100}, 3, 101 * S, c), 1);
    assert_int_equal(c[0].begin, 10 * S);
    assert_int_equal(c[0].end, 101 * S);
    assert_true(fabs(c[0].lowest_pct - 2.0) < 1e-9);
}

static void the_clock_is_stepped(void **state) {
    struct dip_watch w;
    struct dip_change c[2];
    (void)state;
    dip_init(&w);
    dip_take(&w, (const double[]){100, 100, 100}, 3, 10 * S, c);
    dip_take(&w, (const double[]){80, 80, 80}, 3, 11 * S, c);
    dip_shift(&w, -3600 * S);
    assert_int_equal(dip_take(&w, (const double[]){100, 100, 100}, 3, 13 * S - 3600 * S, c), 1);
    assert_int_equal(c[0].end - c[0].begin, 2 * S);
    assert_int_equal(c[0].resolution_ms, 2 * S);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nominals),
        cmocka_unit_test(limits_are_inclusive),
        cmocka_unit_test(thresholds_and_hysteresis),
        cmocka_unit_test(missing_phases),
        cmocka_unit_test(depth_duration_and_resolution),
        cmocka_unit_test(there_before_the_first_reading),
        cmocka_unit_test(goes_on_after_a_restart),
        cmocka_unit_test(the_clock_is_stepped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
