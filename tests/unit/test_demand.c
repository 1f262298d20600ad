/* Block and sliding demand, maxima, forecast. Expected values are worked out in the comments: kW =
 * kWh / 0.25 h. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "calc/demand.h"

#define UNKNOWN ((double)NAN)
#define T0      1700000100000 /* 2023-11-14T22:15:00Z: a block begins */
#define MIN(n)  ((ms_t)(n)*MS_PER_MIN)

static void assert_near(double got, double want) {
    if (!(fabs(got - want) < 1e-9))
        print_error("got %g, want %g\n", got, want);
    assert_true(fabs(got - want) < 1e-9);
}

/* 0 .. 1, the same in every run (Numerical Recipes' quick generator). */
static double next_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return (double)(*seed >> 8) / 16777216.0;
}

/* A window whose last 15 minutes from T0 have 1, 2, .. 15 kWh: 120 kWh, 480 kW. */
static struct demand_window counted_window(void) {
    struct demand_window w;
    demand_init(&w);
    for (int i = 0; i < DEMAND_MINUTES; i++)
        demand_minute(&w, T0 + MIN(i), i + 1);
    return w;
}

static void demand_is_energy_over_a_quarter_of_an_hour(void **state) {
    (void)state;
    struct demand_window w = counted_window();

    assert_near(demand_sliding_kw(&w), 480.0);
    assert_int_equal(demand_sliding_start(&w), T0);
    demand_minute(&w, T0 + MIN(15), 31.0); /* 120 - 1 + 31 = 150 kWh */
    assert_near(demand_sliding_kw(&w), 600.0);
    assert_int_equal(demand_sliding_start(&w), T0 + MIN(1));
}

static void fewer_than_15_minutes_are_unknown(void **state) {
    (void)state;
    struct demand_window w;

    demand_init(&w);
    assert_true(isnan(demand_sliding_kw(&w)));
    assert_true(demand_sliding_start(&w) == INT64_MIN);
    for (int i = 0; i < DEMAND_MINUTES; i++) {
        assert_true(isnan(demand_sliding_kw(&w)));
        demand_minute(&w, T0 + MIN(i), 1.0);
        assert_int_equal(demand_sliding_start(&w), T0 + MIN(i - 14));
    }
    assert_near(demand_sliding_kw(&w), 60.0);
}

static void zeroed_window_knows_nothing(void **state) {
    (void)state;
    struct demand_window w;

    memset(&w, 0, sizeof w);
    assert_true(isnan(demand_sliding_kw(&w)));
    assert_true(demand_sliding_start(&w) == INT64_MIN);
    for (int i = 0; i < DEMAND_MINUTES - 1; i++)
        demand_minute(&w, T0 + MIN(i), 1.0);
    assert_true(isnan(demand_sliding_kw(&w)));
    demand_minute(&w, T0 + MIN(14), 1.0);
    assert_near(demand_sliding_kw(&w), 60.0);
}

/* A skipped minute is unknown until it leaves the window: 15 minutes later. */
static void skipped_minutes_are_unknown(void **state) {
    (void)state;
    struct demand_window w = counted_window();

    demand_minute(&w, T0 + MIN(16), 1.0); /* 15 was skipped */
    for (int i = 17; i <= 29; i++) {
        assert_true(isnan(demand_sliding_kw(&w)));
        demand_minute(&w, T0 + MIN(i), 1.0);
    }
    assert_true(isnan(demand_sliding_kw(&w))); /* 15..29 */
    demand_minute(&w, T0 + MIN(30), 1.0);      /* 16..30 */
    assert_near(demand_sliding_kw(&w), 60.0);
}

/* After 14 skipped minutes or more nothing of the old window is left. */
static void nothing_is_kept_over_a_long_gap(void **state) {
    (void)state;
    static const int gaps[] = {14, 15, 16, 1440};

    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        struct demand_window w = counted_window();
        for (int n = 0; n < DEMAND_MINUTES; n++) {
            assert_true(n == 0 || isnan(demand_sliding_kw(&w)));
            demand_minute(&w, T0 + MIN(15 + gaps[i] + n), 2.0);
        }
        assert_near(demand_sliding_kw(&w), 120.0);
    }
}

static void an_unknown_minute_makes_the_demand_unknown(void **state) {
    (void)state;
    struct demand_window w = counted_window();

    demand_minute(&w, T0 + MIN(15), UNKNOWN);
    assert_true(isnan(demand_sliding_kw(&w)));
    assert_int_equal(demand_sliding_start(&w), T0 + MIN(1));
}

static void a_late_minute_replaces_its_place(void **state) {
    (void)state;
    struct demand_window w = counted_window();

    demand_minute(&w, T0 + MIN(14), 25.0); /* the newest again: 120 - 15 + 25 = 130 kWh */
    assert_near(demand_sliding_kw(&w), 520.0);
    demand_minute(&w, T0, 11.0); /* the oldest: + 10 */
    assert_near(demand_sliding_kw(&w), 560.0);
    demand_minute(&w, T0 + MIN(16), 5.0); /* 15 is missing, 1 and 2 are out */
    assert_true(isnan(demand_sliding_kw(&w)));
    demand_minute(&w, T0 + MIN(15), 6.0); /* 140 - 11 - 2 + 5 + 6 = 138 kWh */
    assert_near(demand_sliding_kw(&w), 552.0);
    assert_int_equal(demand_sliding_start(&w), T0 + MIN(2));
}

static void time_that_goes_back_is_ignored(void **state) {
    (void)state;
    static const int back[] = {-1, -2, -15, -1440};

    for (size_t i = 0; i < sizeof back / sizeof back[0]; i++) {
        struct demand_window w = counted_window();
        demand_minute(&w, T0 + MIN(back[i]), 1000.0);
        assert_near(demand_sliding_kw(&w), 480.0);
        assert_int_equal(demand_sliding_start(&w), T0);
    }
}

/* Over random minutes, some unknown: at the end of each block the sliding demand is the block's to
 * the last bit (the block summed here on its own), so the largest one is never below it. The sum
 * of each 15 minutes is checked, too. */
static void sliding_is_never_below_block(void **state) {
    (void)state;
    enum { MINUTES = 3 * 1440 };
    static double kwh[MINUTES];
    struct demand_window w;
    struct demand_peak sliding, block;
    uint32_t seed = 20261123;
    int blocks = 0;

    demand_init(&w);
    demand_peak_init(&sliding);
    demand_peak_init(&block);
    for (int i = 0; i < MINUTES; i++) {
        const double r = next_random(&seed);
        kwh[i] = r < 0.005 ? UNKNOWN : r * r * 70.0;
        demand_minute(&w, T0 + MIN(i), kwh[i]);
        const double kw = demand_sliding_kw(&w);
        double sum = i < 14 ? UNKNOWN : 0.0;
        for (int k = i < 14 ? 0 : i - 14; k <= i; k++)
            sum += kwh[k];
        assert_int_equal(isnan(sum) != 0, isnan(kw) != 0);
        if (!isnan(sum))
            assert_near(kw, sum * 4.0);
        demand_peak_take(&sliding, kw, demand_sliding_start(&w));
        if (i % 15 != 14 || isnan(sum))
            continue;
        assert_true(kw == sum / 0.25);
        demand_peak_take(&block, sum / 0.25, T0 + MIN(i - 14));
        assert_true(sliding.kw >= block.kw);
        blocks++;
    }
    assert_true(blocks > 200);          /* of 288 */
    assert_true(sliding.kw > block.kw); /* 4000 windows against 288 */
}

static void a_peak_keeps_the_larger_and_of_equal_ones_the_earlier(void **state) {
    (void)state;
    struct demand_peak p;

    demand_peak_init(&p);
    assert_true(isnan(p.kw));
    assert_false(demand_peak_take(&p, UNKNOWN, 5));
    assert_true(isnan(p.kw));
    assert_true(demand_peak_take(&p, 0.0, 50)); /* 0 kW is a demand */
    assert_true(demand_peak_take(&p, 100.0, 60));
    assert_false(demand_peak_take(&p, 99.0, 70));
    assert_false(demand_peak_take(&p, 100.0, 80));
    assert_int_equal(p.at, 60);
    assert_false(demand_peak_take(&p, 100.0, 55));
    assert_int_equal(p.at, 55);
    assert_false(demand_peak_take(&p, UNKNOWN, 90));
    assert_near(p.kw, 100.0);
    assert_true(demand_peak_take(&p, 100.5, 90));
    assert_near(p.kw, 100.5);
    assert_int_equal(p.at, 90);
}

/* Points 300, 500 and a stand-by of 40. */
static void points_are_combined_as_the_account_says(void **state) {
    (void)state;
    static const bool standby[3] = {false, false, true};
    static const struct {
        double kw[3];
        double sum, max;
    } cases[] = {
        {{300.0, 500.0, 40.0}, 840.0, 500.0},
        {{300.0, 500.0, UNKNOWN}, 800.0, 500.0}, /* a stand-by point may be off */
        {{300.0, 500.0, 900.0}, 1700.0, 900.0},  /* or carry the load */
        {{UNKNOWN, 500.0, 40.0}, UNKNOWN, UNKNOWN},
        {{300.0, UNKNOWN, UNKNOWN}, UNKNOWN, UNKNOWN},
        {{0.0, 0.0, UNKNOWN}, 0.0, 0.0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const double sum = demand_combine(DEMAND_SUM_OF_MAXIMA, cases[i].kw, standby, 3);
        const double coincident = demand_combine(DEMAND_COINCIDENT, cases[i].kw, standby, 3);
        const double max = demand_combine(DEMAND_MAX, cases[i].kw, standby, 3);

        if (isnan(cases[i].sum)) {
            assert_true(isnan(sum) && isnan(coincident) && isnan(max));
            continue;
        }
        assert_near(sum, cases[i].sum);
        assert_near(coincident, cases[i].sum);
        assert_near(max, cases[i].max);
    }
    assert_near(demand_combine(DEMAND_MAX, (const double[]){UNKNOWN}, &standby[2], 1), 0.0);
    assert_true(isnan(demand_combine(DEMAND_COINCIDENT, NULL, NULL, 0)));
}

static void assert_peak(struct demand_peak got, double kw, ms_t at) {
    assert_near(got.kw, kw);
    assert_int_equal(got.at, at);
}

static void month_maximum_of_an_account(void **state) {
    (void)state;
    static const bool standby[3] = {false, false, true};
    const struct demand_peak points[3] = {{300.0, 1000}, {500.0, 2000}, {40.0, 3000}};
    const struct demand_peak sum = {780.0, 4000};

    assert_peak(demand_month_max(DEMAND_SUM_OF_MAXIMA, points, standby, 3, &sum), 840.0, 2000);
    assert_peak(demand_month_max(DEMAND_MAX, points, standby, 3, &sum), 500.0, 2000);
    assert_peak(demand_month_max(DEMAND_COINCIDENT, points, standby, 3, &sum), 780.0, 4000);
}

static void month_maximum_with_unknown_points(void **state) {
    (void)state;
    static const bool standby[3] = {false, false, true};
    static const bool all_standby[2] = {true, true};
    const struct demand_peak none = {UNKNOWN, 0};
    struct demand_peak points[3] = {{500.0, 2000}, {500.0, 1000}, none};

    assert_peak(demand_month_max(DEMAND_SUM_OF_MAXIMA, points, standby, 3, &none), 1000.0, 1000);
    assert_peak(demand_month_max(DEMAND_MAX, points, standby, 3, &none), 500.0, 1000);
    points[0] = none;
    assert_true(isnan(demand_month_max(DEMAND_SUM_OF_MAXIMA, points, standby, 3, &none).kw));
    assert_true(isnan(demand_month_max(DEMAND_MAX, points, standby, 3, &none).kw));
    assert_true(isnan(demand_month_max(DEMAND_COINCIDENT, points, standby, 3, &none).kw));
    points[1] = none;
    assert_true(isnan(demand_month_max(DEMAND_SUM_OF_MAXIMA, points, all_standby, 2, &none).kw));
    assert_true(isnan(demand_month_max(DEMAND_MAX, points, standby, 0, &none).kw));
}

/* D = (E + P (T - t)) / T, shed = P - (L T - E) / (T - t), with T = 0.25 h. */
static void forecast_of_the_block(void **state) {
    (void)state;
    static const struct {
        double so_far_kwh;
        ms_t elapsed_ms;
        double power_kw, limit_kw, block_kw, shed_kw;
        bool early;
    } cases[] = {
        /* just begun: D = P; shed = 1000 - 900 */
        {0.0, 0, 1000.0, 900.0, 1000.0, 100.0, true},
        /* 5 of 15 min: (80 + 1000/6)/0.25 = 986.67; 1000 - (225 - 80)/(1/6) = 130 */
        {80.0, MIN(5), 1000.0, 900.0, 2960.0 / 3.0, 130.0, false},
        {80.0, MIN(5) - 1, 1000.0, UNKNOWN, (80.0 + 600001.0 / 3600.0) / 0.25, UNKNOWN, true},
        /* 12 of 15 min: (200 + 50)/0.25 = 1000; 1000 - (225 - 200)/0.05 = 500 */
        {200.0, MIN(12), 1000.0, 900.0, 1000.0, 500.0, false},
        /* the limit is passed already: 1000 - (225 - 230)/0.05 = 1100, more than there is */
        {230.0, MIN(12), 1000.0, 900.0, 1120.0, 1100.0, false},
        /* room enough: 600 - (225 - 100)/(1/12) = -900, so 0 */
        {100.0, MIN(10), 600.0, 900.0, 600.0, 0.0, false},
        /* exactly at the limit: 750 - (225 - 150)/0.1 = 0 */
        {150.0, MIN(9), 750.0, 900.0, 900.0, 0.0, false},
        /* export is no import: (100 + 0)/0.25 */
        {100.0, MIN(10), -500.0, 900.0, 400.0, 0.0, false},
        /* the end: D = E / T, whatever the power */
        {220.0, MIN(15), 1000.0, 900.0, 880.0, 0.0, false},
        {225.0, MIN(15), UNKNOWN, 900.0, 900.0, 0.0, false},
        {230.0, MIN(15), 1000.0, 900.0, 920.0, UNKNOWN, false},
        {230.0, MIN(15), 1000.0, UNKNOWN, 920.0, UNKNOWN, false},
        /* outside the block: held within */
        {220.0, MIN(16), 1000.0, 900.0, 880.0, 0.0, false},
        {0.0, -MIN(1), 1000.0, 900.0, 1000.0, 100.0, true},
        /* unknown stays unknown */
        {UNKNOWN, MIN(6), 1000.0, 900.0, UNKNOWN, UNKNOWN, false},
        {80.0, MIN(6), UNKNOWN, 900.0, UNKNOWN, UNKNOWN, false},
        {UNKNOWN, MIN(15), 1000.0, 900.0, UNKNOWN, UNKNOWN, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct demand_forecast f = demand_forecast_of(
            cases[i].so_far_kwh, cases[i].elapsed_ms, cases[i].power_kw, cases[i].limit_kw);

        if (isnan(cases[i].block_kw))
            assert_true(isnan(f.block_kw));
        else
            assert_near(f.block_kw, cases[i].block_kw);
        if (isnan(cases[i].shed_kw))
            assert_true(isnan(f.shed_kw));
        else
            assert_near(f.shed_kw, cases[i].shed_kw);
        assert_int_equal(f.early, cases[i].early);
    }
}

/* Shedding what it says holds the limit exactly; nothing to shed means the limit holds. */
static void what_is_shed_holds_the_limit(void **state) {
    (void)state;
    uint32_t seed = 7;
    int shed = 0, held = 0;

    for (int i = 0; i < 2000; i++) {
        const double kwh = 300.0 * next_random(&seed), kw = 2000.0 * next_random(&seed);
        const ms_t elapsed = (ms_t)(899999.0 * next_random(&seed));
        const struct demand_forecast f = demand_forecast_of(kwh, elapsed, kw, 900.0);

        assert_true(f.shed_kw >= 0.0);
        assert_true(f.block_kw >= kwh / 0.25);
        if (f.shed_kw > 0.0 && f.shed_kw <= kw) {
            const struct demand_forecast g =
                demand_forecast_of(kwh, elapsed, kw - f.shed_kw, 900.0);
            assert_true(fabs(g.block_kw - 900.0) < 1e-6);
            shed++;
        } else if (f.shed_kw == 0.0) {
            assert_true(f.block_kw <= 900.0 + 1e-9);
            held++;
        }
    }
    assert_true(shed > 100 && held > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demand_is_energy_over_a_quarter_of_an_hour),
        cmocka_unit_test(fewer_than_15_minutes_are_unknown),
        cmocka_unit_test(zeroed_window_knows_nothing),
        cmocka_unit_test(skipped_minutes_are_unknown),
        cmocka_unit_test(nothing_is_kept_over_a_long_gap),
        cmocka_unit_test(an_unknown_minute_makes_the_demand_unknown),
        cmocka_unit_test(a_late_minute_replaces_its_place),
        cmocka_unit_test(time_that_goes_back_is_ignored),
        cmocka_unit_test(sliding_is_never_below_block),
        cmocka_unit_test(a_peak_keeps_the_larger_and_of_equal_ones_the_earlier),
        cmocka_unit_test(points_are_combined_as_the_account_says),
        cmocka_unit_test(month_maximum_of_an_account),
        cmocka_unit_test(month_maximum_with_unknown_points),
        cmocka_unit_test(forecast_of_the_block),
        cmocka_unit_test(what_is_shed_holds_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
