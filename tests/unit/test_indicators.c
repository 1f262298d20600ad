/* Indicators of energies: every expected value is worked out in the comment above it. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "calc/indicators.h"

#define UNKNOWN ((double)NAN)

#define assert_near(got, want) assert_near_at(got, want, __FILE__, __LINE__)
static void assert_near_at(double got, double want, const char *file, int line) {
    bool same = isnan(want) ? isnan(got) : fabs(got - want) < 1e-9;
    if (!same) {
        print_error("got %.12g, want %.12g\n", got, want);
        _fail(file, line);
    }
}

struct energies {
    double import, export, pv, wind, load, want;
};

/* (pv + wind - export) / (pv + wind) */
static void self_consumption_is_the_share_that_stayed(void **state) {
    (void)state;
    static const struct energies rows[] = {
        {.pv = 100, .export = 25, .want = 0.75},             /* 75 / 100 */
        {.pv = 100, .wind = 60, .export = 40, .want = 0.75}, /* 120 / 160 */
        {.pv = 100, .export = 0, .want = 1},
        {.pv = 100, .export = 100, .want = 0},
        {.pv = 100, .export = 130, .want = 0},   /* the storage sent 30 out too */
        {.pv = 0, .export = 0, .want = UNKNOWN}, /* nothing of nothing */
        {.pv = UNKNOWN, .export = 1, .want = UNKNOWN},
        {.pv = 5, .export = UNKNOWN, .want = UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct indicator_input in = {
            .pv = rows[i].pv, .wind = rows[i].wind, .export = rows[i].export};
        assert_near(self_consumption(&in), rows[i].want);
    }
}

/* 1 - import / load */
static void self_sufficiency_is_what_was_not_imported(void **state) {
    (void)state;
    static const struct energies rows[] = {
        {.import = 300, .load = 400, .want = 0.25}, {.import = 0, .load = 400, .want = 1},
        {.import = 400, .load = 400, .want = 0},    {.import = 450, .load = 400, .want = 0},
        {.import = 0, .load = 0, .want = UNKNOWN},  {.import = UNKNOWN, .load = 4, .want = UNKNOWN},
        {.import = 5, .load = -1, .want = UNKNOWN}, {.import = 5, .load = UNKNOWN, .want = UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct indicator_input in = {.import = rows[i].import, .load = rows[i].load};
        assert_near(self_sufficiency(&in), rows[i].want);
    }
}

/* (self-used - sold + contract + certificates) / load, at most 1. Own: 100 - 20 = 80 kWh. */
static void green_share_counts_what_was_bought_and_not_sold(void **state) {
    (void)state;
    static const struct {
        double contract, certificates, sold, load, want;
    } rows[] = {
        {0, 0, 0, 400, 0.2},       /* 80 / 400 */
        {120, 40, 0, 400, 0.6},    /* 240 / 400 */
        {120, 40, 30, 400, 0.525}, /* (50 + 160) / 400 */
        {120, 40, 90, 400, 0.4},   /* sold more than was self-used: (0 + 160) / 400 */
        {1000, 0, 0, 400, 1},      /* 1080 / 400 */
        {0, 0, 0, 0, UNKNOWN},     /* no consumption */
        {0, 0, UNKNOWN, 1, UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct indicator_input in = {.pv = 100,
                                     .export = 20,
                                     .claimed = 100,
                                     .load = rows[i].load,
                                     .green_contract = rows[i].contract,
                                     .unbundled_certificates_kwh = rows[i].certificates,
                                     .own_pv_sold = rows[i].sold};
        assert_near(green_share(&in), rows[i].want);
    }
}

/* 150 + 50 generated, 40 exported, 50 curtailed: self-used 160 of 250 available, of 400 consumed;
 * export 40 of 250. */
static void policy_shares_count_curtailed_energy_as_available(void **state) {
    (void)state;
    struct indicator_input in = {.pv = 150, .wind = 50, .export = 40, .curtailed = 50, .load = 400};
    struct policy_shares got;

    policy_shares_of(&in, &got);
    assert_near(got.self_used_of_available, 0.64);
    assert_near(got.self_used_of_consumption, 0.4);
    assert_near(got.export_of_available, 0.16);
    assert_int_equal(got.available_known, 1);
}

/* The same without curtailment known: 160 of 200; 40 of 200. */
static void policy_shares_say_that_curtailment_is_unknown(void **state) {
    (void)state;
    struct indicator_input in = {
        .pv = 150, .wind = 50, .export = 40, .curtailed = UNKNOWN, .load = 400};
    struct policy_shares got;

    policy_shares_of(&in, &got);
    assert_near(got.self_used_of_available, 0.8);
    assert_near(got.export_of_available, 0.2);
    assert_int_equal(got.available_known, 0);
}

/* 100 generated, 130 exported: 30 came from the storage and are no new energy: 0 and 100 of 100. */
static void policy_shares_leave_out_what_the_storage_exports(void **state) {
    (void)state;
    struct indicator_input in = {.pv = 100, .export = 130, .load = 0};
    struct policy_shares got;

    policy_shares_of(&in, &got);
    assert_near(got.self_used_of_available, 0);
    assert_near(got.export_of_available, 1);
    assert_near(got.self_used_of_consumption, UNKNOWN);
    in = (struct indicator_input){.load = 10};
    policy_shares_of(&in, &got);
    assert_near(got.self_used_of_available, UNKNOWN);
    assert_near(got.export_of_available, UNKNOWN);
    assert_near(got.self_used_of_consumption, 0); /* 0 of 10: defined */
}

/* 450 kWh of 100 kWp: 4.5 h. On 5.625 kWh/m2: PR 4.5 / 5.625 = 0.8 (IEC 61724-1). */
/* Full feed-in PV exports what it makes; a third party's PV that is used here is not the site's. */
static void what_is_not_claimed_is_exported_first(void **state) {
    (void)state;
    assert_near(claimed_self_used(100, 0, 20), 80);
    assert_near(claimed_self_used(100, 50, 50), 100); /* all export is the other plant's */
    assert_near(claimed_self_used(100, 50, 70), 80);
    assert_near(claimed_self_used(100, 50, 0), 100);
    assert_near(claimed_self_used(10, 0, 20), 0);
    assert_near(claimed_self_used(UNKNOWN, 0, 0), UNKNOWN);
}

static void yield_and_performance_ratio(void **state) {
    (void)state;
    assert_near(equivalent_hours(450, 100), 4.5);
    assert_near(equivalent_hours(450, UNKNOWN), UNKNOWN);
    assert_near(equivalent_hours(450, 0), UNKNOWN);
    assert_near(performance_ratio(450, 100, 5.625), 0.8);
    assert_near(performance_ratio(450, 100, 0), UNKNOWN);
    assert_near(performance_ratio(450, 100, UNKNOWN), UNKNOWN);
    assert_near(performance_ratio(450, UNKNOWN, 5), UNKNOWN);
}

/* dis / (ch - dSOC x C) with C = 200 */
static void round_trip_takes_the_drift_of_the_charge_off(void **state) {
    (void)state;
    static const struct {
        double charge, discharge, start, end, capacity, want;
    } rows[] = {
        {100, 90, 50, 50, 200, 0.9},
        {120, 90, 50, 60, 200, 0.9},    /* 120 - 0.1 x 200 = 100 */
        {80, 90, 50, 40, 200, 0.9},     /* 80 + 0.1 x 200 = 100 */
        {10, 9, 50, 50, 200, 0.9},      /* 10 = 5 % of 200: just enough */
        {9.9, 9, 50, 50, 200, UNKNOWN}, /* 9.9 < 10 */
        {100, 5, 20, 70, 200, UNKNOWN}, /* 100 - 100 = 0 */
        {100, 90, UNKNOWN, 50, 200, UNKNOWN},
        {100, 90, 50, 50, UNKNOWN, UNKNOWN},
        {100, 90, 50, 50, 0, UNKNOWN},
        {100, UNKNOWN, 50, 50, 200, UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_near(round_trip(rows[i].charge, rows[i].discharge, rows[i].start, rows[i].end,
                               rows[i].capacity),
                    rows[i].want);
}

/* (210 + 190) / (2 x 200) = 1 */
static void a_cycle_is_the_capacity_in_and_out(void **state) {
    (void)state;
    assert_near(equivalent_cycles(210, 190, 200), 1);
    assert_near(equivalent_cycles(210, 190, 0), UNKNOWN);
    assert_near(equivalent_cycles(UNKNOWN, 190, 200), UNKNOWN);
}

/* eta 0.81, sqrt 0.9: stored 100 x 0.9 - 45 / 0.9 = 90 - 50 = 40 kWh. SOC 30 -> 50 % of 200 = 40:
 * drift 0; 30 -> 52 %: 44 - 40 = 4. */
static void soc_drift_is_the_soc_against_the_meter(void **state) {
    (void)state;
    assert_near(soc_drift(100, 45, 30, 50, 200, 0.81), 0);
    assert_near(soc_drift(100, 45, 30, 52, 200, 0.81), 4);
    assert_near(soc_drift(100, 45, 30, 52, 200, 0), UNKNOWN);
    assert_near(soc_drift(100, 45, 30, 52, 200, 1.01), UNKNOWN);
    assert_near(soc_drift(100, 45, 30, 52, 200, UNKNOWN), UNKNOWN);
    assert_near(soc_drift(100, 45, UNKNOWN, 52, 200, 0.81), UNKNOWN);
}

/* 100, 400, 250 (one unknown): difference 300, rate 300 / 400, factor (750 / 3) / 400 = 0.625. */
static void load_shape_leaves_unknown_slots_out(void **state) {
    (void)state;
    static const double kw[] = {100, UNKNOWN, 400, 250};
    struct load_shape got;

    load_shape_of(kw, 4, &got);
    assert_near(got.max_kw, 400);
    assert_near(got.min_kw, 100);
    assert_near(got.difference_kw, 300);
    assert_near(got.difference_rate, 0.75);
    assert_near(got.load_factor, 0.625);
}

static void load_shape_of_nothing_is_unknown(void **state) {
    (void)state;
    static const double unknown[] = {UNKNOWN, UNKNOWN}, still[] = {0, 0};
    struct load_shape got;

    load_shape_of(unknown, 2, &got);
    assert_true(isnan(got.max_kw) && isnan(got.min_kw) && isnan(got.difference_kw));
    assert_true(isnan(got.difference_rate) && isnan(got.load_factor));
    load_shape_of(still, 2, &got); /* a maximum of 0: the rates divide by it */
    assert_near(got.max_kw, 0);
    assert_near(got.difference_kw, 0);
    assert_true(isnan(got.difference_rate) && isnan(got.load_factor));
}

/* grid 300, 350, 320 with storage 0, +100 (discharge), -50: without it 300, 450, 270: 450 - 350. */
static void peak_shaved_compares_with_a_site_without_storage(void **state) {
    (void)state;
    static const double grid[] = {300, 350, 320, 900, UNKNOWN};
    static const double storage[] = {0, 100, -50, UNKNOWN, 900};

    assert_near(peak_shaved(grid, storage, 5), 100);
    assert_near(peak_shaved(grid + 3, storage + 3, 2), UNKNOWN);
    assert_near(peak_shaved(grid + 2, storage + 2, 1), -50); /* 270 - 320: it made the peak */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(self_consumption_is_the_share_that_stayed),
        cmocka_unit_test(self_sufficiency_is_what_was_not_imported),
        cmocka_unit_test(green_share_counts_what_was_bought_and_not_sold),
        cmocka_unit_test(policy_shares_count_curtailed_energy_as_available),
        cmocka_unit_test(policy_shares_say_that_curtailment_is_unknown),
        cmocka_unit_test(policy_shares_leave_out_what_the_storage_exports),
        cmocka_unit_test(what_is_not_claimed_is_exported_first),
        cmocka_unit_test(yield_and_performance_ratio),
        cmocka_unit_test(round_trip_takes_the_drift_of_the_charge_off),
        cmocka_unit_test(a_cycle_is_the_capacity_in_and_out),
        cmocka_unit_test(soc_drift_is_the_soc_against_the_meter),
        cmocka_unit_test(load_shape_leaves_unknown_slots_out),
        cmocka_unit_test(load_shape_of_nothing_is_unknown),
        cmocka_unit_test(peak_shaved_compares_with_a_site_without_storage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
