/* How long the voltage was within its limits, minute by minute; and silence of all devices. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "slots/silence.h"
#include "slots/supply_voltage.h"

#define NONE ((double)NAN)
#define S    ((ms_t)1000)

static const double no_line[3] = {NONE, NONE, NONE};

static void hold(struct supply_voltage *v, const double u[3], ms_t t, ms_t ms) {
    supply_voltage_take(v, no_line, u, t);
    supply_voltage_hold(v, ms);
}

static void the_mean_of_the_minute_decides(void **state) {
    /* of the last phase over 60 s: volts in the first and in the second half */
    static const struct {
        double first, second;
        uint64_t qualified;
    } cases[] = {
        {220, 220, 60000}, {230, 240, 60000}, {231, 240, 0}, /* 235.0 and 235.5 V in the mean */
        {198, 198, 60000}, {197, 198, 0},     {245, 205, 60000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct supply_voltage v;
        struct supply_facts f = {0};
        supply_voltage_init(&v, 3);
        hold(&v, (const double[]){220, 220, cases[i].first}, 0, 30 * S);
        hold(&v, (const double[]){220, 220, cases[i].second}, 30 * S, 30 * S);
        supply_voltage_minute(&v, &f);
        assert_int_equal(f.monitored_ms, 60000);
        assert_int_equal(f.qualified_ms, cases[i].qualified);
        supply_voltage_minute(&v, &f); /* a minute without any reading */
        assert_int_equal(f.monitored_ms, 60000);
    }
}

/* What was not seen is not monitored; nor is an interruption: that is told apart. */
static void only_what_was_seen_and_was_supplied(void **state) {
    struct supply_voltage v;
    struct supply_facts f = {0};
    (void)state;
    supply_voltage_init(&v, 3);
    hold(&v, (const double[]){220, NONE, 221}, 0, 20 * S);
    hold(&v, (const double[]){NONE, NONE, NONE}, 20 * S, 20 * S);
    hold(&v, (const double[]){0, 0, 0}, 40 * S, 20 * S);
    supply_voltage_minute(&v, &f);
    assert_int_equal(f.monitored_ms, 20000);
    assert_int_equal(f.qualified_ms, 20000);
}

static void line_voltages_come_first(void **state) {
    struct supply_voltage v;
    struct supply_facts f = {0};
    (void)state;
    supply_voltage_init(&v, 3);
    /* a delta-connected meter shows no phases: its zeros are no interruption */
    supply_voltage_take(&v, (const double[]){10100, 10100, 10000}, (const double[]){0, 0, 0}, 0);
    assert_int_equal(v.change_count, 0);
    supply_voltage_hold(&v, 10 * S);
    supply_voltage_minute(&v, &f);
    assert_int_equal(f.qualified_ms, 10000);
    assert_true(fabs(v.nominal[1] - 10000.0) < 1e-9);
}

static void a_meter_of_one_phase(void **state) {
    struct supply_voltage v;
    (void)state;
    supply_voltage_init(&v, 1);
    supply_voltage_take(&v, no_line, (const double[]){NONE, 219, NONE}, 0);
    supply_voltage_take(&v, no_line, (const double[]){NONE, 3, NONE}, S);
    assert_int_equal(v.change_count, 1);
    assert_int_equal(v.change[0].kind, DIP_INTERRUPTION);
    supply_voltage_take(&v, no_line, (const double[]){NONE, 225, NONE}, 3 * S);
    assert_int_equal(v.change_count, 1);
    assert_int_equal(v.change[0].end - v.change[0].begin, 2 * S);
}

/* Without a nominal voltage nothing can be said: not even that there is none. */
static void no_nominal_voltage(void **state) {
    struct supply_voltage v;
    struct supply_facts f = {0};
    (void)state;
    supply_voltage_init(&v, 3);
    hold(&v, (const double[]){0, 0, 0}, 0, 10 * S);
    assert_int_equal(v.change_count, 0);
    supply_voltage_minute(&v, &f);
    assert_int_equal(f.monitored_ms, 0);
}

/* ---- silence ------------------------------------------------------------------------------ */

static struct silence_seen seen_of(ms_t a, ms_t b) {
    struct silence_seen s = {0};
    silence_see(&s, a, 1 * S);
    silence_see(&s, b, 5 * S);
    return s;
}

static void all_fall_silent_at_once(void **state) {
    struct silence s = {0};
    struct dip_change d;
    struct silence_seen seen = seen_of(1000 * S, 996 * S);
    (void)state;
    assert_false(silence_take(&s, &seen, 1059 * S, &d));
    assert_true(silence_take(&s, &seen, 1060 * S, &d));
    assert_false(d.ended);
    assert_int_equal(d.begin, 1000 * S);
    assert_true(isnan(d.lowest_pct));
    assert_false(silence_take(&s, &seen, 1100 * S, &d)); /* once */
    seen = seen_of(1000 * S, 1200 * S);
    assert_true(silence_take(&s, &seen, 1200 * S, &d));
    assert_true(d.ended);
    assert_int_equal(d.end, 1200 * S);
}

static void what_is_no_interruption(void **state) {
    static const struct {
        ms_t a, b;
    } cases[] = {
        {1000 * S, 970 * S}, /* one by one */
        {1000 * S, 0},       /* one never answered */
        {1000 * S, 1190 * S} /* one answers */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct silence s = {0};
        struct dip_change d;
        const struct silence_seen seen = seen_of(cases[i].a, cases[i].b);
        assert_false(silence_take(&s, &seen, 1200 * S, &d));
    }
    struct silence s = {0};
    struct dip_change d;
    struct silence_seen one = {0};
    silence_see(&one, 1000 * S, S);
    assert_false(silence_take(&s, &one, 2000 * S, &d));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_of_the_minute_decides),
        cmocka_unit_test(only_what_was_seen_and_was_supplied),
        cmocka_unit_test(line_voltages_come_first),
        cmocka_unit_test(a_meter_of_one_phase),
        cmocka_unit_test(no_nominal_voltage),
        cmocka_unit_test(all_fall_silent_at_once),
        cmocka_unit_test(what_is_no_interruption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
