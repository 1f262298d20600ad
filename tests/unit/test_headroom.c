/* Maximum, percentile and growth of apparent power; N-1; losses. Expected values by hand in the
 * comments, and by the plain textbook way (sort all; two passes for the line) on random series. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "calc/headroom.h"

#define UNKNOWN  ((double)NAN)
#define T0       1792857600000 /* 2026-10-24T16:00Z: midnight in Shanghai */
#define SLOT_MS  900000
#define DAY      96 /* slots */
#define DAYS_MAX 100

static struct headroom_slot slots[DAYS_MAX * DAY];
static double scratch[DAYS_MAX * DAY];

static void assert_near(double got, double want) {
    if (!(fabs(got - want) < 1e-6))
        print_error("got %.12g, want %.12g\n", got, want);
    assert_true(fabs(got - want) < 1e-6);
}

/* 0 .. 1, the same in every run (Numerical Recipes' quick generator). */
static double next_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return (double)(*seed >> 8) / 16777216.0;
}

static struct headroom headroom_over(const double *kva, size_t n, double limit_kva) {
    struct headroom h;
    for (size_t i = 0; i < n; i++)
        slots[i] = (struct headroom_slot){T0 + (ms_t)i * SLOT_MS, kva[i]};
    headroom_of(slots, n, limit_kva, scratch, &h);
    return h;
}

/* n days whose maximum, at noon, is first_kva + day x step_kva; 100 kVA else. */
static void fill_days(size_t days, double first_kva, double step_kva) {
    for (size_t i = 0; i < days * DAY; i++)
        slots[i] = (struct headroom_slot){
            T0 + (ms_t)i * SLOT_MS, i % DAY == 48 ? first_kva + (double)(i / DAY) * step_kva : 100};
}

static double growth_of(size_t n) {
    struct headroom h;
    headroom_of(slots, n, UNKNOWN, scratch, &h);
    return h.growth_pct_year;
}

static void forget(size_t from, size_t n) {
    for (size_t i = from; i < from + n; i++)
        slots[i].s_kva = UNKNOWN;
}

/* Limit 1000: 1000 - 750 = 250, 75 %. Known: 4 of 5. */
static void headroom_is_what_the_maximum_leaves(void **state) {
    (void)state;
    const double kva[] = {500.0, UNKNOWN, 750.0, 750.0, 100.0};
    const struct headroom h = headroom_over(kva, 5, 1000.0);

    assert_near(h.max_kva, 750.0);
    assert_int_equal(h.max_at, T0 + 2 * SLOT_MS); /* the first of equal ones */
    assert_near(h.headroom_kva, 250.0);
    assert_near(h.load_pct, 75.0);
    assert_int_equal(h.known, 4);
    assert_near(headroom_over(kva, 5, 600.0).headroom_kva, -150.0);
    assert_near(headroom_over(kva, 5, 600.0).load_pct, 125.0);
}

static void without_a_limit_there_is_no_headroom(void **state) {
    (void)state;
    const double kva[] = {500.0};
    const struct headroom h = headroom_over(kva, 1, UNKNOWN);

    assert_near(h.max_kva, 500.0);
    assert_true(isnan(h.headroom_kva) && isnan(h.load_pct));
    assert_true(isnan(headroom_over(kva, 1, 0.0).load_pct));
}

static void nothing_known_is_unknown(void **state) {
    (void)state;
    const double kva[] = {UNKNOWN, UNKNOWN};

    for (size_t n = 0; n <= 2; n++) {
        const struct headroom h = headroom_over(kva, n, 1000.0);
        assert_true(isnan(h.max_kva) && isnan(h.p95_kva) && isnan(h.headroom_kva));
        assert_true(isnan(h.load_pct) && isnan(h.growth_pct_year));
        assert_int_equal(h.known, 0);
    }
}

/* h = 0.95 (m - 1). Of 1..21: 19, x[19] = 20. Of 1..20: 18.05, 19 + 0.05. Of 1..10: 8.55, 9 + 0.55.
 * Of 1, 2: 0.95, 1 + 0.95. */
static void percentile_is_linear_between_ranks(void **state) {
    (void)state;
    static const struct {
        size_t n;
        double p95;
    } cases[] = {{21, 20.0}, {20, 19.05}, {10, 9.55}, {2, 1.95}, {1, 1.0}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double rising[21], falling[21];
        for (size_t k = 0; k < cases[i].n; k++) {
            rising[k] = (double)(k + 1);
            falling[k] = (double)(cases[i].n - k);
        }
        assert_near(headroom_over(rising, cases[i].n, UNKNOWN).p95_kva, cases[i].p95);
        assert_near(headroom_over(falling, cases[i].n, UNKNOWN).p95_kva, cases[i].p95);
    }
}

/* The same by sorting everything, over random series with equal and unknown values. */
static double sorted_percentile(double *x, size_t n) {
    for (size_t i = 1; i < n; i++) {
        for (size_t k = i; k > 0 && x[k - 1] > x[k]; k--) {
            double t = x[k];
            x[k] = x[k - 1];
            x[k - 1] = t;
        }
    }
    const double rank = 0.95 * (double)(n - 1);
    const size_t low = (size_t)rank;
    return low + 1 < n ? x[low] + (rank - (double)low) * (x[low + 1] - x[low]) : x[low];
}

static void percentile_equals_that_of_the_sorted_series(void **state) {
    (void)state;
    uint32_t seed = 95;

    for (size_t n = 1; n <= 150; n++) {
        double kva[150], known[150];
        size_t m = 0;
        for (size_t i = 0; i < n; i++) {
            const double r = next_random(&seed);
            kva[i] = r < 0.1 ? UNKNOWN : n % 2 ? 1000.0 * r : floor(10.0 * r);
            if (!isnan(kva[i]))
                known[m++] = kva[i];
        }
        const struct headroom h = headroom_over(kva, n, UNKNOWN);
        assert_int_equal(h.known, m);
        if (m > 0)
            assert_near(h.p95_kva, sorted_percentile(known, m));
    }
}

/* 60 days from 1000 by 1 kVA: mean 1029.5, 365 / 1029.5 = 35.4541 %. */
static void growth_is_the_slope_of_the_daily_maxima(void **state) {
    (void)state;
    fill_days(60, 1000.0, 1.0);
    assert_near(growth_of((size_t)60 * DAY), 36500.0 / 1029.5);
    fill_days(60, 1000.0, -1.0); /* mean 970.5 */
    assert_near(growth_of((size_t)60 * DAY), -36500.0 / 970.5);
    fill_days(60, 1000.0, 0.0);
    assert_near(growth_of((size_t)60 * DAY), 0.0);
}

static void growth_needs_28_days(void **state) {
    (void)state;
    fill_days(28, 1000.0, 1.0); /* mean 1013.5 */
    assert_near(growth_of((size_t)28 * DAY), 36500.0 / 1013.5);
    assert_true(isnan(growth_of((size_t)27 * DAY)));
}

/* 9 slots of 96 may be missing: 87 is 90.6 %, 86 is 89.6 %. */
static void growth_takes_days_known_to_90_percent(void **state) {
    (void)state;
    fill_days(28, 1000.0, 1.0);
    forget((size_t)5 * DAY, 9);
    assert_near(growth_of((size_t)28 * DAY), 36500.0 / 1013.5);
    forget((size_t)5 * DAY + 9, 1);
    assert_true(isnan(growth_of((size_t)28 * DAY)));
}

/* The night of a 31st day does not count as a day of 100 kVA. */
static void growth_leaves_out_the_rest_of_a_day(void **state) {
    (void)state;
    fill_days(31, 1000.0, 0.0);
    assert_near(growth_of((size_t)30 * DAY + 20), 0.0);
}

/* Ten of 60 days are lost, once as unknown slots, once as slots that are not there: the other 50
 * are on the same line, with the mean of days 0..19 and 30..59: 1000 + (190 + 1335) / 50 = 1030.5.
 */
static void growth_counts_lost_days_as_time(void **state) {
    (void)state;
    fill_days(60, 1000.0, 1.0);
    forget((size_t)20 * DAY, (size_t)10 * DAY);
    assert_near(growth_of((size_t)60 * DAY), 36500.0 / 1030.5);

    fill_days(60, 1000.0, 1.0);
    for (size_t i = (size_t)20 * DAY; i < (size_t)50 * DAY; i++)
        slots[i] = slots[i + (size_t)10 * DAY];
    assert_near(growth_of((size_t)50 * DAY), 36500.0 / 1030.5);
}

static void growth_of_nothing_is_unknown(void **state) {
    (void)state;
    fill_days(30, 0.0, 0.0);
    for (size_t i = 0; i < (size_t)30 * DAY; i++)
        slots[i].s_kva = 0.0;
    assert_true(isnan(growth_of((size_t)30 * DAY)));
}

/* Two passes: means, then sums about them, on maxima found here. */
static void growth_equals_the_textbook_line(void **state) {
    (void)state;
    enum { DAYS = 90 };
    uint32_t seed = 365;
    double x = 0.0, y = 0.0, sxx = 0.0, sxy = 0.0, max[DAYS] = {0.0};

    for (size_t i = 0; i < (size_t)DAYS * DAY; i++) {
        const double kva = (500.0 + (double)(i / DAY)) * (0.5 + next_random(&seed));
        slots[i] = (struct headroom_slot){T0 + (ms_t)i * SLOT_MS, kva};
        if (kva > max[i / DAY])
            max[i / DAY] = kva;
    }
    for (size_t d = 0; d < DAYS; d++) {
        x += (double)d / DAYS;
        y += max[d] / DAYS;
    }
    for (size_t d = 0; d < DAYS; d++) {
        sxx += ((double)d - x) * ((double)d - x);
        sxy += ((double)d - x) * (max[d] - y);
    }
    assert_near(growth_of((size_t)DAYS * DAY), sxy / sxx * 365.0 / y * 100.0);
}

/* 1000, 800, 630 without the 1000: 1430 kVA carry 900, 62.937 %. */
static void the_rest_carries_the_load_when_the_largest_fails(void **state) {
    (void)state;
    const double kva[] = {800.0, 1000.0, 630.0};

    assert_near(headroom_n_minus_1_pct(kva, 3, 900.0), 90000.0 / 1430.0);
    assert_near(headroom_n_minus_1_pct(kva, 2, 900.0), 112.5); /* 800 carry 900 */
    assert_true(isnan(headroom_n_minus_1_pct(kva, 1, 900.0)));
    assert_true(isnan(headroom_n_minus_1_pct(kva, 0, 900.0)));
    assert_true(isnan(headroom_n_minus_1_pct(kva, 3, UNKNOWN)));
    assert_true(isnan(headroom_n_minus_1_pct((const double[]){800.0, UNKNOWN}, 2, 900.0)));
    assert_true(isnan(headroom_n_minus_1_pct((const double[]){UNKNOWN, 800.0}, 2, 900.0)));
    assert_true(isnan(headroom_n_minus_1_pct((const double[]){0.0, 800.0}, 2, 900.0)));
}

/* 2000 of 4000 kVA: 2600 + 0.25 x 22000 = 8100 W. */
static void losses_grow_with_the_square_of_the_load(void **state) {
    (void)state;
    assert_near(transformer_loss_w(2600.0, 22000.0, 2000.0, 4000.0), 8100.0);
    assert_near(transformer_loss_w(2600.0, 22000.0, 4000.0, 4000.0), 24600.0);
    assert_near(transformer_loss_w(2600.0, 22000.0, 0.0, 4000.0), 2600.0);
    assert_true(isnan(transformer_loss_w(UNKNOWN, 22000.0, 2000.0, 4000.0)));
    assert_true(isnan(transformer_loss_w(2600.0, UNKNOWN, 2000.0, 4000.0)));
    assert_true(isnan(transformer_loss_w(2600.0, 22000.0, UNKNOWN, 4000.0)));
    assert_true(isnan(transformer_loss_w(2600.0, 22000.0, 2000.0, 0.0)));
    assert_true(isnan(transformer_loss_w(2600.0, 22000.0, 2000.0, UNKNOWN)));
}

/* sqrt(2600 / 22000) = 0.34378; on both sides of it a kVA costs more. */
static void best_load_is_where_a_kva_costs_least(void **state) {
    (void)state;
    const double beta = transformer_best_beta(2600.0, 22000.0), s = beta * 4000.0;
    const double least = transformer_loss_w(2600.0, 22000.0, s, 4000.0) / s;

    assert_near(beta, 0.343776);
    assert_true(transformer_loss_w(2600.0, 22000.0, s * 1.01, 4000.0) / (s * 1.01) > least);
    assert_true(transformer_loss_w(2600.0, 22000.0, s * 0.99, 4000.0) / (s * 0.99) > least);
    assert_near(transformer_best_beta(0.0, 22000.0), 0.0);
    assert_true(isnan(transformer_best_beta(2600.0, 0.0)));
    assert_true(isnan(transformer_best_beta(-1.0, 22000.0)));
    assert_true(isnan(transformer_best_beta(UNKNOWN, 22000.0)));
    assert_true(isnan(transformer_best_beta(2600.0, UNKNOWN)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headroom_is_what_the_maximum_leaves),
        cmocka_unit_test(without_a_limit_there_is_no_headroom),
        cmocka_unit_test(nothing_known_is_unknown),
        cmocka_unit_test(percentile_is_linear_between_ranks),
        cmocka_unit_test(percentile_equals_that_of_the_sorted_series),
        cmocka_unit_test(growth_is_the_slope_of_the_daily_maxima),
        cmocka_unit_test(growth_needs_28_days),
        cmocka_unit_test(growth_takes_days_known_to_90_percent),
        cmocka_unit_test(growth_leaves_out_the_rest_of_a_day),
        cmocka_unit_test(growth_counts_lost_days_as_time),
        cmocka_unit_test(growth_of_nothing_is_unknown),
        cmocka_unit_test(growth_equals_the_textbook_line),
        cmocka_unit_test(the_rest_carries_the_load_when_the_largest_fails),
        cmocka_unit_test(losses_grow_with_the_square_of_the_load),
        cmocka_unit_test(best_load_is_where_a_kva_costs_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
