/* What demand and power factor cost by the rules, and the advice on both. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "calc/billing.h"
#include "calc/tariff.h"
#include "pf_rows.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define UNKNOWN     ((double)NAN)
#define CNY         ((int64_t)PRICE_UNIT)

static const struct billing_rules rules = {.free_share = 1.05,
                                           .excess_factor = 2,
                                           .min_contract_share = 0.40,
                                           .high_use_kwh_kva = 260,
                                           .high_use_discount = 0.90};

static void assert_near(double got, double want) {
    if (!(fabs(got - want) < 1e-6))
        fail_msg("got %.12g, want %.12g", got, want);
}

/* ---- demand ------------------------------------------------------------------------------- */

/* Contract 300 kW, 105 % of it is 315: nothing above the contract up to there. At 106 % 318 - 315 =
 * 3 kW count twice: 306. Where the band is billed too, 15 kW more: 321. */
static void demand_above_105_percent_of_the_contract_counts_twice(void **state) {
    (void)state;
    struct billing_rules band = rules;
    band.band_billed = true;
    static const struct {
        double max_kw, billed_kw, with_band_kw;
    } rows[] = {
        {0, 300, 300},   {150, 300, 300}, {300, 300, 300}, /* 100 % */
        {315, 300, 300},                                   /* 105 % */
        {318, 306, 321},                                   /* 106 % */
        {330, 330, 345},                                   /* 110 %: 2 x 15 */
        {600, 870, 885},                                   /* 200 %: 2 x 285 */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_near(billing_demand_kw(&rules, BILLING_CONTRACT_DEMAND, 300, rows[i].max_kw, 1000),
                    rows[i].billed_kw);
        assert_near(billing_demand_kw(&band, BILLING_CONTRACT_DEMAND, 300, rows[i].max_kw, 1000),
                    rows[i].with_band_kw);
    }
}

/* Contracts of 1 to 2000 kW at exactly 105 %, written in decimal: the band is not billed for the
 * rounding of a double (1.05 x 316 is not the double 331.8). */
static void exactly_105_percent_is_not_above(void **state) {
    (void)state;
    struct billing_rules band = rules;
    band.band_billed = true;
    for (int kw = 1; kw <= 2000; kw++) {
        double max_kw = kw * 105 / 100.0;
        double billed = billing_demand_kw(&band, BILLING_CONTRACT_DEMAND, kw, max_kw, 4000);
        assert_true(billed == kw);
    }
}

static void other_ways_bill_the_maximum_or_the_capacity(void **state) {
    (void)state;
    assert_near(billing_demand_kw(&rules, BILLING_ACTUAL_DEMAND, 300, 318, 1000), 318);
    assert_near(billing_demand_kw(&rules, BILLING_ACTUAL_DEMAND, UNKNOWN, 318, UNKNOWN), 318);
    assert_near(billing_demand_kw(&rules, BILLING_CAPACITY, UNKNOWN, UNKNOWN, 1000), 1000);
    assert_true(isnan(billing_demand_kw(&rules, (enum billing)9, 1, 1, 1)));
}

static void an_unknown_gives_an_unknown_demand(void **state) {
    (void)state;
    struct billing_rules none = rules;
    none.free_share = UNKNOWN;
    assert_true(isnan(billing_demand_kw(&rules, BILLING_CONTRACT_DEMAND, UNKNOWN, 318, 1000)));
    assert_true(isnan(billing_demand_kw(&rules, BILLING_CONTRACT_DEMAND, 300, UNKNOWN, 1000)));
    assert_true(isnan(billing_demand_kw(&none, BILLING_CONTRACT_DEMAND, 300, 200, 1000)));
    assert_true(isnan(billing_demand_kw(&rules, BILLING_ACTUAL_DEMAND, 300, UNKNOWN, 1000)));
    assert_true(isnan(billing_demand_kw(&rules, BILLING_CAPACITY, 300, 200, UNKNOWN)));
}

/* 260 kWh per kVA: 1000 kVA need 260,000 kWh. */
static void high_use_begins_at_its_limit(void **state) {
    (void)state;
    struct billing_rules none = rules;
    none.high_use_kwh_kva = UNKNOWN;
    assert_true(billing_high_use(&rules, 260000, 1000));
    assert_true(billing_high_use(&rules, 300000, 1000));
    assert_false(billing_high_use(&rules, 259999, 1000));
    assert_false(billing_high_use(&none, 300000, 1000));
    assert_false(billing_high_use(&rules, UNKNOWN, 1000));
    assert_false(billing_high_use(&rules, 300000, UNKNOWN));
    assert_false(billing_high_use(&rules, 300000, 0));
}

/* ---- power factor ------------------------------------------------------------------------- */

/* 0.855 -> 0.86 and 0.754 -> 0.75 as a utility's example rounds; energies of 1000 kVAh with that
 * cosine. */
static void the_power_factor_is_rounded_half_up(void **state) {
    (void)state;
    static const struct {
        double pf;
        int hundredths;
    } rows[] = {
        {0.855, 86}, {0.8549999, 85}, {0.754, 75},  {0.895, 90},     {0.8949999, 89},
        {0.005, 1},  {0.0049999, 0},  {0.995, 100}, {0.9949999, 99}, {0.90, 90},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        double kwh = 1000 * rows[i].pf, kvarh = sqrt(1e6 - kwh * kwh);
        assert_int_equal(pf_month_hundredths(kwh, kvarh), rows[i].hundredths);
        assert_int_equal(pf_month_hundredths(kwh, -kvarh), rows[i].hundredths);
    }
    /* every tie of the scale, at three sizes of a bill */
    for (int h = 1; h <= 100; h++) {
        for (double kvah = 7; kvah < 1e10; kvah *= 1009) {
            double kwh = kvah * (2 * h - 1) / 200, kvarh = sqrt(kvah * kvah - kwh * kwh);
            assert_int_equal(pf_month_hundredths(kwh, kvarh), h);
        }
    }
}

static void the_power_factor_has_ends_and_unknowns(void **state) {
    (void)state;
    assert_int_equal(pf_month_hundredths(1000, 0), 100);
    assert_int_equal(pf_month_hundredths(0, 5), 0);
    assert_int_equal(pf_month_hundredths(0, 0), -1);
    assert_int_equal(pf_month_hundredths(UNKNOWN, 5), -1);
    assert_int_equal(pf_month_hundredths(5, UNKNOWN), -1);
    assert_int_equal(pf_month_hundredths(-5, 1), -1);
    assert_int_equal(pf_month_hundredths((double)INFINITY, 1), -1);
    assert_int_equal(pf_month_hundredths(3e200, 4e200), 60);
}

/* The three tables by the rule's words, in percent of 0.01: from the best row down in steps, each
 * so many rows long. */
struct run {
    int rows, step_e4;
};

static struct pf_table table_of(struct pf_step *steps, int standard, int best_pf, int best_e4,
                                const struct run *runs, size_t run_count) {
    struct pf_table t = {.standard_hundredths = (int16_t)standard, .steps = steps, .below_e4 = 200};
    int adjust = best_e4;
    steps[t.step_count++] = (struct pf_step){(int16_t)best_pf, (int16_t)best_e4};
    for (size_t i = 0; i < run_count; i++) {
        for (int row = 0; row < runs[i].rows; row++) {
            adjust += runs[i].step_e4;
            steps[t.step_count] =
                (struct pf_step){(int16_t)(best_pf - (int)t.step_count), (int16_t)adjust};
            t.step_count++;
        }
    }
    return t;
}

static struct pf_step steps_90[64], steps_85[64], steps_80[64];

/* 0.90: 0.15 % a row from 0.95 to 0.90, 0.5 % to 0.70, 1 % to 0.65. 0.85: 0.15 % from 0.94 to 0.90,
 * 0.1 % to 0.85, 0.5 % to 0.65, 1 % to 0.60. 0.80: 0.15 % from 0.92 to 0.90, 0.1 % to 0.80, 0.5 %
 * to 0.60, 1 % to 0.55. Below, 2 % a row. */
static void tables(struct pf_table t[3]) {
    static const struct run r90[] = {{5, 15}, {20, 50}, {5, 100}};
    static const struct run r85[] = {{4, 15}, {5, 10}, {20, 50}, {5, 100}};
    static const struct run r80[] = {{2, 15}, {10, 10}, {20, 50}, {5, 100}};
    t[0] = table_of(steps_90, 90, 95, -75, r90, COUNT(r90));
    t[1] = table_of(steps_85, 85, 94, -110, r85, COUNT(r85));
    t[2] = table_of(steps_80, 80, 92, -130, r80, COUNT(r80));
}

static void every_row_of_the_three_tables_is_found(void **state) {
    (void)state;
    struct pf_table t[3];
    tables(t);
    for (size_t i = 0; i < PF_TABLES; i++) {
        assert_int_equal(t[i].standard_hundredths, pf_rows[i].standard_hundredths);
        for (int row = 0; row < PF_ROWS; row++) {
            int got = pf_adjust_e4(&t[i], 100 - row);
            if (got != pf_rows[i].adjust_e4[row])
                fail_msg("standard %d, %d: %d instead of %d", t[i].standard_hundredths, 100 - row,
                         got, pf_rows[i].adjust_e4[row]);
        }
    }
    assert_int_equal(pf_adjust_e4(&t[0], 0), 1500 + 65 * 200);
    assert_int_equal(pf_adjust_e4(&t[0], -1), 0); /* unknown */
    const struct pf_table empty = {.standard_hundredths = 90, .below_e4 = 200};
    assert_int_equal(pf_adjust_e4(&empty, 50), 0);
}

static void a_table_is_found_by_its_standard(void **state) {
    (void)state;
    struct pf_table t[3];
    tables(t);
    struct billing_rules r = rules;
    r.pf_tables = t;
    r.pf_table_count = 3;
    assert_ptr_equal(pf_table_of(&r, 0.90), &t[0]);
    assert_ptr_equal(pf_table_of(&r, 0.85), &t[1]);
    assert_ptr_equal(pf_table_of(&r, 0.80), &t[2]);
    assert_null(pf_table_of(&r, 0.95));
    assert_null(pf_table_of(&r, UNKNOWN));
    r.pf_table_count = 0;
    assert_null(pf_table_of(&r, 0.90));
}

/* 100,000 kWh and 60,000 kvarh: 0.8575 -> 0.86, +2 %. 0.87 costs 1.5 % and allows 100,000 x
 * tan(acos 0.87) = 56,672.61 kvarh: 3,327.388 less, over 400 hours 8.31847 kvar. */
static void the_advice_leads_to_the_next_step(void **state) {
    (void)state;
    struct pf_table t[3];
    struct pf_advice a;
    tables(t);
    pf_advise(&t[0], 100000, 60000, 400, &a);
    assert_int_equal(a.pf_hundredths, 86);
    assert_int_equal(a.adjust_e4, 200);
    assert_int_equal(a.next_hundredths, 87);
    assert_int_equal(a.next_adjust_e4, 150);
    assert_near(a.kvarh_less, 3327.3883419721824);
    assert_near(a.kvar, 3327.3883419721824 / 400);
    pf_advise(&t[0], 100000, 60000, 0, &a);
    assert_near(a.kvarh_less, 3327.3883419721824);
    assert_true(isnan(a.kvar));
}

/* 0.94 of standard 0.85 has the best adjustment, -1.10 %: nothing better, up to 1. */
static void the_best_step_has_no_next_one(void **state) {
    (void)state;
    struct pf_table t[3];
    struct pf_advice a;
    tables(t);
    pf_advise(&t[1], 940, sqrt(1e6 - 940.0 * 940.0), 100, &a);
    assert_int_equal(a.pf_hundredths, 94);
    assert_int_equal(a.adjust_e4, -110);
    assert_int_equal(a.next_hundredths, -1);
    assert_true(a.kvarh_less == 0 && a.kvar == 0);
    pf_advise(&t[1], 930, sqrt(1e6 - 930.0 * 930.0), 100, &a);
    assert_int_equal(a.next_hundredths, 94);
}

/* 300 and 400: 0.60, ten rows and 10 % below the last row of 0.90. 0.61 is 2 % better. No energy at
 * all: 0.00; the first hundredth is better, and the kvarh over it are those to be avoided. */
static void below_the_table_every_hundredth_is_a_step(void **state) {
    (void)state;
    struct pf_table t[3];
    struct pf_advice a;
    tables(t);
    pf_advise(&t[0], 300, 400, 1, &a);
    assert_int_equal(a.pf_hundredths, 60);
    assert_int_equal(a.adjust_e4, 2500);
    assert_int_equal(a.next_hundredths, 61);
    assert_int_equal(a.next_adjust_e4, 2300);
    assert_near(a.kvarh_less, 400 - 300 * 1.2990187105349202);
    pf_advise(&t[0], 0, 5, 1, &a);
    assert_int_equal(a.pf_hundredths, 0);
    assert_int_equal(a.next_hundredths, 1);
    assert_near(a.kvarh_less, 5);
}

static void without_a_power_factor_nothing_is_advised(void **state) {
    (void)state;
    struct pf_table t[3];
    struct pf_advice a = {.pf_hundredths = 7, .kvar = 7};
    tables(t);
    pf_advise(&t[0], UNKNOWN, 5, 100, &a);
    assert_int_equal(a.pf_hundredths, -1);
    assert_int_equal(a.next_hundredths, -1);
    assert_int_equal(a.adjust_e4, 0);
    assert_true(a.kvarh_less == 0 && a.kvar == 0);
}

/* However the energies lie, the next step is never reached already. */
static void the_advice_is_never_negative(void **state) {
    (void)state;
    struct pf_table t[3];
    struct pf_advice a;
    tables(t);
    for (int kvarh = 0; kvarh <= 3000; kvarh++) {
        pf_advise(&t[kvarh % 3], 1000, kvarh, 24, &a);
        assert_true(a.kvarh_less >= 0 && a.kvar >= 0);
        assert_true(a.next_hundredths < 0 || a.kvarh_less > 0);
    }
}

/* ---- declared demand ---------------------------------------------------------------------- */

/* 1000 kVA, steps of 50 kW, 40 CNY per kW. The second month has 280 kWh per kVA: its kW costs 36.
 * The third is unknown. Worked out outside, with decimals: contract x price, above 105 % twice. */
static const struct advice_month year[] = {
    {600, 120000, 40 * CNY, 48 * CNY, 26 * CNY},
    {700, 280000, 40 * CNY, 48 * CNY, 26 * CNY},
    {UNKNOWN, 5, 40 * CNY, 48 * CNY, 26 * CNY},
    {650, 100000, 40 * CNY, 48 * CNY, 26 * CNY},
};

static void the_adviser_tries_every_contract(void **state) {
    (void)state;
    static const int want_cny[] = {99360, 92980, 86600, 80220,  76240,  76660, 81200,
                                   87000, 92800, 98600, 104400, 110200, 116000};
    double kw[13];
    int64_t cost_e8[13];
    struct advice a;
    assert_int_equal(billing_advise(&rules, 1000, 50, year, COUNT(year), &a, kw, cost_e8, 13), 13);
    for (int i = 0; i < 13; i++) {
        assert_near(kw[i], 400 + 50 * i);
        assert_int_equal(cost_e8[i], want_cny[i] * CNY);
    }
    assert_near(a.contract_kw, 600);
    assert_int_equal(a.contract_cost_e8, 76240 * CNY);
    assert_int_equal(a.actual_cost_e8, 90240 * CNY);   /* (600 + 650) x 48 + 700 x 43.2 */
    assert_int_equal(a.capacity_cost_e8, 78000 * CNY); /* 3 x 1000 x 26 */
    assert_int_equal(a.best, BILLING_CONTRACT_DEMAND);
    assert_int_equal(a.months, 3);
}

/* Contracts that no step of 50 kW meets, the second below the least that is allowed. python: of 615
 * kW 645.75 are free: 615 x 40 + 723.5 x 36 + 623.5 x 40; of 333 kW 349.65: 833.7 x 40 + 1033.7 x
 * 36
 * + 933.7 x 40. */
static void a_contract_that_is_no_candidate_has_its_cost(void **state) {
    (void)state;
    assert_int_equal(billing_contract_cost(&rules, 1000, 615, year, COUNT(year)), 75586 * CNY);
    assert_int_equal(billing_contract_cost(&rules, 1000, 333, year, COUNT(year)),
                     1079092 * (CNY / 10));
    assert_int_equal(billing_contract_cost(&rules, 1000, 615, year, 0), 0);
}

/* The same year with other prices of the two ways without a contract, which costs 76,240. */
static void the_cheapest_way_wins_and_a_tie_goes_to_capacity(void **state) {
    (void)state;
    static const struct {
        int64_t actual_e8, capacity_e8;
        enum billing best;
    } rows[] = {
        {48 * CNY, 25 * CNY, BILLING_CAPACITY},      /* 90240, 75000 */
        {40 * CNY, 26 * CNY, BILLING_ACTUAL_DEMAND}, /* 50000 + 25200 = 75200, 78000 */
        {39 * CNY, 24 * CNY, BILLING_CAPACITY},      /* 48750 + 24570 = 73320, 72000 */
        {39 * CNY, 2444000000, BILLING_CAPACITY},    /* 73320 both */
        {48 * CNY, 2541333333, BILLING_CAPACITY},    /* 76239.99999 */
        {48 * CNY, 2541333334, BILLING_CONTRACT_DEMAND},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct advice_month months[COUNT(year)];
        struct advice a;
        for (size_t m = 0; m < COUNT(year); m++) {
            months[m] = year[m];
            months[m].actual_e8 = rows[i].actual_e8;
            months[m].capacity_e8 = rows[i].capacity_e8;
        }
        assert_int_equal(billing_advise(&rules, 1000, 50, months, COUNT(year), &a, NULL, NULL, 0),
                         13);
        assert_int_equal(a.contract_cost_e8, 76240 * CNY);
        assert_int_equal(a.best, rows[i].best);
    }
}

/* 0.40 x 1010 = 404 -> 450; the last multiple of 50 not above 1010 is 1000: 12. Without the rule
 * 50 ... 1000: 20. 0.40 x 1000 / 0.1 is 4000 and not 4001. */
static void candidates_are_whole_steps_between_the_limits(void **state) {
    (void)state;
    struct billing_rules free = rules;
    double kw[24];
    struct advice a;
    free.min_contract_share = UNKNOWN;
    assert_int_equal(billing_advise(&rules, 1010, 50, year, 1, &a, kw, NULL, 24), 12);
    assert_near(kw[0], 450);
    assert_near(kw[11], 1000);
    assert_int_equal(billing_advise(&free, 1000, 50, year, 1, &a, kw, NULL, 24), 20);
    assert_near(kw[0], 50);
    assert_near(kw[19], 1000);
    assert_int_equal(billing_advise(&rules, 1000, 0.1, year, 1, &a, kw, NULL, 1), 6001);
    assert_near(kw[0], 400);
    assert_int_equal(billing_advise(&rules, 1000, 1000, year, 1, &a, kw, NULL, 1), 1);
    assert_near(a.contract_kw, 1000);
}

static void no_more_is_written_than_there_is_room(void **state) {
    (void)state;
    double kw[3] = {-1, -1, -1};
    int64_t cost_e8[3] = {-1, -1, -1};
    struct advice a;
    assert_int_equal(billing_advise(&rules, 1000, 50, year, COUNT(year), &a, kw, cost_e8, 2), 13);
    assert_near(kw[1], 450);
    assert_true(kw[2] == -1 && cost_e8[2] == -1);
    assert_near(a.contract_kw, 600); /* beyond the room, and found */
}

static void without_months_or_capacity_there_is_no_advice(void **state) {
    (void)state;
    struct billing_rules none = rules;
    struct advice a = {.months = 99};
    static const struct advice_month unknown[] = {{UNKNOWN, 5, CNY, CNY, CNY},
                                                  {5, UNKNOWN, CNY, CNY, CNY},
                                                  {-5, 5, CNY, CNY, CNY},
                                                  {5, -5, CNY, CNY, CNY},
                                                  {(double)INFINITY, 5, CNY, CNY, CNY},
                                                  {5, (double)INFINITY, CNY, CNY, CNY}};
    assert_int_equal(billing_advise(&rules, 1000, 50, year, 0, &a, NULL, NULL, 0), 0);
    assert_int_equal(billing_advise(&rules, 1000, 50, unknown, COUNT(unknown), &a, NULL, NULL, 0),
                     0);
    assert_int_equal(billing_advise(&rules, UNKNOWN, 50, year, 1, &a, NULL, NULL, 0), 0);
    assert_int_equal(billing_advise(&rules, 0, 50, year, 1, &a, NULL, NULL, 0), 0);
    assert_int_equal(billing_advise(&rules, (double)INFINITY, 50, year, 1, &a, NULL, NULL, 0), 0);
    assert_int_equal(billing_advise(&rules, 1000, 0, year, 1, &a, NULL, NULL, 0), 0);
    assert_int_equal(billing_advise(&rules, 1000, UNKNOWN, year, 1, &a, NULL, NULL, 0), 0);
    assert_int_equal(billing_advise(&rules, 1000, 1001, year, 1, &a, NULL, NULL, 0), 0);
    assert_int_equal(billing_advise(&rules, 1000, 0.001, year, 1, &a, NULL, NULL, 0), 0);
    none.free_share = UNKNOWN;
    assert_int_equal(billing_advise(&none, 1000, 50, year, 1, &a, NULL, NULL, 0), 0);
    none = rules;
    none.excess_factor = UNKNOWN;
    assert_int_equal(billing_advise(&none, 1000, 50, year, 1, &a, NULL, NULL, 0), 0);
    assert_int_equal(a.months, 99);
}

/* Absurd prices are held at the ends of the integers instead of wrapping around. */
static void sums_do_not_wrap(void **state) {
    (void)state;
    static const struct advice_month dear[] = {{900, 5, INT64_MAX / 2, INT64_MAX / 2, INT64_MAX},
                                               {900, 5, INT64_MAX / 2, INT64_MAX / 2, INT64_MAX}};
    static const struct advice_month paid[] = {{900, 5, INT64_MIN / 2, INT64_MIN / 2, INT64_MIN},
                                               {900, 5, INT64_MIN / 2, INT64_MIN / 2, INT64_MIN}};
    struct advice a;
    assert_int_equal(billing_advise(&rules, 1000, 500, dear, 2, &a, NULL, NULL, 0), 2);
    assert_true(a.contract_cost_e8 == INT64_MAX && a.capacity_cost_e8 == INT64_MAX);
    assert_int_equal(billing_advise(&rules, 1000, 500, paid, 2, &a, NULL, NULL, 0), 2);
    assert_true(a.contract_cost_e8 == INT64_MIN && a.actual_cost_e8 == INT64_MIN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demand_above_105_percent_of_the_contract_counts_twice),
        cmocka_unit_test(exactly_105_percent_is_not_above),
        cmocka_unit_test(other_ways_bill_the_maximum_or_the_capacity),
        cmocka_unit_test(an_unknown_gives_an_unknown_demand),
        cmocka_unit_test(high_use_begins_at_its_limit),
        cmocka_unit_test(the_power_factor_is_rounded_half_up),
        cmocka_unit_test(the_power_factor_has_ends_and_unknowns),
        cmocka_unit_test(every_row_of_the_three_tables_is_found),
        cmocka_unit_test(a_table_is_found_by_its_standard),
        cmocka_unit_test(the_advice_leads_to_the_next_step),
        cmocka_unit_test(the_best_step_has_no_next_one),
        cmocka_unit_test(below_the_table_every_hundredth_is_a_step),
        cmocka_unit_test(without_a_power_factor_nothing_is_advised),
        cmocka_unit_test(the_advice_is_never_negative),
        cmocka_unit_test(the_adviser_tries_every_contract),
        cmocka_unit_test(a_contract_that_is_no_candidate_has_its_cost),
        cmocka_unit_test(the_cheapest_way_wins_and_a_tie_goes_to_capacity),
        cmocka_unit_test(candidates_are_whole_steps_between_the_limits),
        cmocka_unit_test(no_more_is_written_than_there_is_room),
        cmocka_unit_test(without_months_or_capacity_there_is_no_advice),
        cmocka_unit_test(sums_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
