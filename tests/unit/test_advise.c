/* The advice from a store: contracts, capacity, power factor; what is missing is named. Expected
 * values were worked out with Python from the rules in calc/billing.h and calc/headroom.h. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "advise_fixture.h"

static struct plant plant; /* filled once: tests change its site, never its store */
static struct advise advice;

static int open_plant(void **state) {
    (void)state;
    plant_open(&plant);
    plant_fill(&plant);
    return 0;
}

static int close_plant(void **state) {
    (void)state;
    plant_close(&plant);
    return 0;
}

static const struct advise_account *advise(const struct advise_options *o) {
    plant_advise(&plant, o, &advice);
    return &advice.accounts[0];
}

/* October and what follows: a fifth of the quarters. */
static struct advise_options from_october(void) {
    struct advise_options o = plant_options();
    o.from = local_day(2026, 10, 1);
    return o;
}

/* The site as it was, after a test's change. */
static int restore(void **state) {
    (void)state;
    advise_free(&advice);
    plant_site(&plant);
    return 0;
}

/* ---- declared demand ---------------------------------------------------------------------- */

static void every_contract_has_its_charge_over_the_months_that_count(void **state) {
    (void)state;
    /* python: per month b = c, above 1.05 c: c + 2 (max - 1.05 c); October x 0.90, for 1.1 GWh
     * is more than 260 kWh x 4000 kVA */
    static const int64_t want_cny[] = {338804, 320742, 302680, 284618, 267600, 260500, 255640,
                                       260300, 264960, 279140, 295560, 311980, 328400};
    const struct advise_options o = plant_options();
    const struct advise_demand *d = &advise(&o)->demand;
    assert_int_equal(d->refusal, ADVISE_GIVEN);
    assert_int_equal(d->candidate_count, 13); /* 40 % of 4000 kVA to all of it */
    for (int i = 0; i < 13; i++) {
        assert_near(d->candidate_kw[i], 1600.0 + 200.0 * i, 0);
        assert_int_equal(d->candidate_e8[i], want_cny[i] * PRICE_UNIT);
    }
    assert_int_equal(d->advice.months, 3);
    assert_int_equal(d->advice.capacity_cost_e8, INT64_C(292000) * PRICE_UNIT);
    /* 2900 x 32 + 3400 x 32 + 2500 x 29 x 0.9: October has no price of its own for actual demand */
    assert_int_equal(d->advice.actual_cost_e8, INT64_C(266850) * PRICE_UNIT);
    assert_true(d->verified);
}

static void the_present_contract_is_compared_with_the_best_way(void **state) {
    (void)state;
    const struct advise_options o = plant_options();
    const struct advise_demand *d = &advise(&o)->demand;
    assert_true(d->present_known);
    assert_near(d->contract_kw, 3200.0, 0);
    assert_int_equal(d->present_e8, INT64_C(264960) * PRICE_UNIT);
    assert_int_equal(d->best, BILLING_CONTRACT_DEMAND);
    assert_near(d->best_kw, 2800.0, 0);
    assert_int_equal(d->best_e8, INT64_C(255640) * PRICE_UNIT);
}

static void a_contract_between_two_candidates_may_be_the_best(void **state) {
    (void)state;
    struct advise_options o = plant_options();
    o.step_kw = 400.0; /* 1600, 2000, 2400, 2800, ... */
    plant.contract.kw = 2770.0;
    const struct advise_demand *d = &advise(&o)->demand;
    /* Aug 2770 x 28 (2900 <= 2908.5), Sep (2770 + 2 x (3400 - 2908.5)) x 28, Oct 2770 x 26.1 */
    assert_int_equal(d->present_e8, INT64_C(25494100) * (PRICE_UNIT / 100));
    assert_int_equal(d->best, BILLING_CONTRACT_DEMAND);
    assert_near(d->best_kw, 2770.0, 0);
    assert_int_equal(d->best_e8, d->present_e8);
}

static void other_ways_of_billing_have_their_present_cost(void **state) {
    (void)state;
    /* 4000 kVA x 25; 2500 kW x 29 x 0.9; a contract of 2400 kW allows 2520: 2400 x 29 x 0.9 */
    const struct advise_options o = from_october();
    plant.account.billing = BILLING_CAPACITY;
    assert_int_equal(advise(&o)->demand.present_e8, INT64_C(100000) * PRICE_UNIT);
    advise_free(&advice);
    plant.account.billing = BILLING_ACTUAL_DEMAND;
    assert_int_equal(advise(&o)->demand.present_e8, INT64_C(65250) * PRICE_UNIT);
    advise_free(&advice);
    plant.account.billing_given = false;
    assert_false(advise(&o)->demand.present_known);
    assert_int_equal(advice.accounts[0].demand.best_e8, INT64_C(62640) * PRICE_UNIT);
    advise_free(&advice);
    plant.account.billing_given = true;
    plant.account.billing = BILLING_CONTRACT_DEMAND;
    plant.account.contract_count = 0;
    assert_false(advise(&o)->demand.present_known);
}

static void a_month_without_prices_does_not_count_and_says_so(void **state) {
    (void)state;
    char why[400];
    const struct advise_options o = plant_options();
    const struct advise_demand *d = &advise(&o)->demand;
    assert_int_equal(d->expected, 4);
    assert_int_equal(d->month_count, 4);
    assert_int_equal(d->counted, 3);
    assert_int_equal(d->months[0].month, 2026 * 12 + 6);
    assert_near(d->months[0].coverage, 1.0, 1e-9);
    assert_false(d->months[0].counted);
    advise_month_words(&d->months[0], ADVISE_EN, why, sizeof why);
    assert_string_equal(why, "no price demand for 2026-07: busbar import prices; "
                             "no price capacity for 2026-07: busbar import prices");
    advise_month_words(&d->months[1], ADVISE_EN, why, sizeof why);
    assert_string_equal(why, "");
}

static void a_month_that_was_hardly_measured_does_not_count(void **state) {
    (void)state;
    char why[400];
    struct advise_options o = plant_options();
    o.from = local_day(2026, 5, 1);
    o.to = local_day(2026, 7, 1);
    const struct advise_demand *d = &advise(&o)->demand;
    assert_int_equal(d->month_count, 2);
    assert_int_equal(d->counted, 0);
    advise_month_words(&d->months[0], ADVISE_EN, why, sizeof why);
    assert_string_equal(why, "maximum demand unknown; energy unknown; demand of only 0.0 % of the "
                             "month is known; no price demand for 2026-05: busbar import prices; "
                             "no price capacity for 2026-05: busbar import prices");
    assert_near(d->months[1].coverage, 0.1, 1e-9); /* 3 of 30 days */
    advise_month_words(&d->months[1], ADVISE_EN, why, sizeof why);
    assert_string_equal(why, "demand of only 10.0 % of the month is known");
    advise_month_words(&d->months[1], ADVISE_ZH, why, sizeof why);
    assert_string_equal(why, "全月只有 10.0 % 的需量已知");
}

static void months_count_that_end_in_the_range(void **state) {
    (void)state;
    struct advise_options o = plant_options();
    o.from = local_day(2026, 8, 2); /* August ends in it, July does not */
    o.to = local_day(2026, 10, 31); /* October does not */
    const struct advise_demand *d = &advise(&o)->demand;
    assert_int_equal(d->expected, 2);
    assert_int_equal(d->month_count, 2);
    assert_int_equal(d->months[0].month, 2026 * 12 + 7);
    assert_true(d->months[0].counted); /* its first day is read, although before the range */
    assert_near(d->months[0].coverage, 1.0, 1e-9);
    assert_int_equal(advice.quarters, 90 * 96); /* 2 August to 30 October */
}

struct refusal_case {
    enum advise_refusal want;
    const char *words;
    void (*change)(void);
};

static void no_tariff(void) {
    plant.account.tariff = NULL;
    plant.account.tariff_id = NULL;
}
static void no_file(void) {
    plant.account.tariff = NULL;
}
static void no_version(void) {
    plant.version.to_day = civil_day(2026, 11, 1);
}
static void no_rules(void) {
    plant.version.billing.free_share = (double)NAN;
}
static void no_capacity(void) {
    plant.account.capacity_kva = (double)NAN;
}
static void another_account(void) {
    plant.account.id = "other";
}

static void what_is_missing_is_refused_in_words(void **state) {
    (void)state;
    static const struct refusal_case cases[] = {
        {ADVISE_NO_TARIFF, "no tariff for account main", no_tariff},
        {ADVISE_NO_TARIFF, "the file of tariff own-2026 was not found", no_file},
        {ADVISE_NO_VERSION, "tariff own-2026 has no version that is valid", no_version},
        {ADVISE_NO_RULES, "tariff own-2026 has no billing rules", no_rules},
        {ADVISE_NO_CAPACITY, "account main has no transformers", no_capacity},
        {ADVISE_NO_MONTHS, "no billing month that ended in this range", another_account},
    };
    const struct advise_options o = from_october();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char words[400];
        plant_site(&plant);
        cases[i].change();
        const struct advise_account *a = advise(&o);
        assert_int_equal(a->demand.refusal, cases[i].want);
        assert_int_equal(a->demand.candidate_count, 0);
        advise_refusal_words(&advice, a, ADVISE_EN, words, sizeof words);
        if (!strstr(words, cases[i].words))
            fail_msg("'%s' is not in '%s'", cases[i].words, words);
        advise_refusal_words(&advice, a, ADVISE_ZH, words, sizeof words);
        assert_true(strlen(words) > 0);
        assert_non_null(advise_refusal_code(a->demand.refusal));
        advise_free(&advice);
    }
}

static void a_range_whose_months_all_lack_something_gives_no_advice(void **state) {
    (void)state;
    struct advise_options o = plant_options();
    o.to = local_day(2026, 8, 1);
    assert_int_equal(advise(&o)->demand.refusal, ADVISE_NONE_COUNTED);
    assert_int_equal(advice.accounts[0].demand.month_count, 1);
}

static void steps_that_give_no_or_too_many_contracts_are_refused(void **state) {
    (void)state;
    static const double steps[] = {4001.0, 0.001}; /* no multiple up to 4000; 2.4 million of them */
    for (size_t i = 0; i < 2; i++) {
        struct advise_options o = from_october();
        o.step_kw = steps[i];
        assert_int_equal(advise(&o)->demand.refusal, ADVISE_STEP);
        advise_free(&advice);
    }
}

static void unverified_rules_or_prices_mark_the_advice(void **state) {
    (void)state;
    const struct advise_options o = from_october();
    plant.version.billing.verified = false;
    assert_false(advise(&o)->demand.verified);
    assert_true(advice.accounts[0].demand.months[0].prices_verified);
    assert_false(advice.accounts[0].pf.verified);
}

/* ---- capacity ----------------------------------------------------------------------------- */

struct row_case {
    enum advise_object object;
    const char *id;
    double limit, max, p95, headroom, load_pct, mean;
};

static void each_transformer_incomer_and_line_has_its_headroom(void **state) {
    (void)state;
    static const struct row_case want[] = {
        {ADVISE_TRANSFORMER, "t1", 2500, 2250, 1230.625, 250, 90, 863.97322101},
        {ADVISE_TRANSFORMER, "t2", 1500, 1350, 738.375, 150, 90, 518.38393261},
        {ADVISE_TOGETHER, "main", 4000, 3600, 1969, 400, 90, 1382.35715361},
        {ADVISE_INCOMER, "p1", 4000, 3600, 1969, 400, 90, 1382.35715361},
        {ADVISE_LINE, "10-3", 6000, 3600, 1969, 2400, 60, 1382.35715361},
    };
    const struct advise_options o = plant_options();
    const struct advise_account *a = advise(&o);
    assert_int_equal(advice.quarters, 124 * 96 + 48);
    assert_int_equal(a->row_count, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct advise_capacity *c = &a->rows[i];
        assert_int_equal(c->object, want[i].object);
        assert_string_equal(c->id, want[i].id);
        assert_near(c->limit_kva, want[i].limit, 0);
        assert_near(c->headroom.max_kva, want[i].max, 1e-9);
        assert_int_equal(c->headroom.max_at, local_day(2026, 8, 15) + 58 * QUARTER);
        assert_near(c->headroom.p95_kva, want[i].p95, 1e-9);
        assert_near(c->headroom.headroom_kva, want[i].headroom, 1e-9);
        assert_near(c->headroom.load_pct, want[i].load_pct, 1e-9);
        assert_near(c->headroom.growth_pct_year, 15.02432650675444, 1e-9);
        assert_near(c->mean_kva, want[i].mean, 1e-7);
        assert_int_equal(c->headroom.known, 124 * 96 + 48);
    }
    assert_near(a->rows[2].n_minus_1_pct, 240.0, 1e-9); /* 3600 kVA on the 1500 that are left */
}

static void losses_are_summed_and_the_best_load_is_of_the_two_losses(void **state) {
    (void)state;
    const struct advise_options o = plant_options();
    const struct advise_account *a = advise(&o);
    assert_near(a->rows[0].loss_kwh, 11952 * 1.25, 1e-6);
    assert_near(a->rows[0].best_load_pct, 34.377582547616434, 1e-9); /* sqrt(2600 / 22000) */
    assert_near(a->rows[0].best_kva, 859.4395636904108, 1e-9);
    assert_true(isnan(a->rows[1].loss_kwh)); /* t2 has neither p0_w nor pk_w */
    assert_true(isnan(a->rows[1].best_kva));
}

/* The first quarter read is at noon: days are still local days, so the first is half and does not
 * count. From 2026-07-01 12:00 the daily maxima of 2026-07-02 .. 11-01: python's line over them. */
static void growth_is_of_local_days_wherever_the_range_begins(void **state) {
    (void)state;
    struct advise_options o = plant_options();
    o.from += 12 * MS_PER_HOUR;
    const struct advise_account *a = advise(&o);
    assert_int_equal(advice.quarters, 123 * 96 + 96);
    assert_near(a->rows[3].headroom.growth_pct_year, 14.852675112720165, 1e-9);
}

static void two_incomers_have_no_limit_of_their_own(void **state) {
    (void)state;
    static struct metering_point points[2];
    struct advise_options o = from_october();
    points[0] = plant.point;
    points[1] = (struct metering_point){
        .id = "p2", .feed = GRID, .check_feed = SITE_NONE, .line_limit_kva = (double)NAN};
    plant.works.site.metering_points = points;
    plant.works.site.metering_point_count = 2;
    const struct advise_account *a = advise(&o);
    assert_int_equal(a->row_count, 6);
    assert_true(isnan(a->rows[3].limit_kva));
    assert_near(a->rows[3].headroom.max_kva, 2073.0, 0); /* 1000 + 950 + day 123 */
    assert_true(isnan(a->rows[3].headroom.headroom_kva));
    assert_string_equal(a->rows[5].id, "p2"); /* nothing is recorded of it, and it has no line */
    assert_int_equal(a->rows[5].headroom.known, 0);
    assert_true(isnan(a->demand.months[0].values.kwh)); /* nor of its energy: no month counts */
    assert_int_equal(a->demand.refusal, ADVISE_NONE_COUNTED);
}

/* ---- power factor ------------------------------------------------------------------------- */

static void the_running_month_is_its_days_and_the_quarters_after_them(void **state) {
    (void)state;
    const struct advise_options o = from_october();
    const struct advise_power_factor *pf = &advise(&o)->pf;
    assert_int_equal(pf->start, local_day(2026, 11, 1));
    /* 10000 + 48 x 100 kWh, 5000 + 48 x 60 kvarh in 24 + 12 hours: the first day counts once */
    assert_near(pf->month.kwh, 14800.0, 1e-6);
    assert_near(pf->month.kvarh, 7880.0, 1e-6);
    assert_near(pf->month.hours, 36.0, 1e-9);
    assert_true(pf->has_table);
    assert_int_equal(pf->month.pf.pf_hundredths, 88); /* 0.88268 */
    assert_int_equal(pf->month.pf.adjust_e4, 100);
    assert_int_equal(pf->month.pf.next_hundredths, 89);
    assert_int_equal(pf->month.pf.next_adjust_e4, 50);
    assert_near(pf->month.pf.kvarh_less, 297.73509642092813, 1e-6);
    assert_near(pf->month.pf.kvar, 8.27041934502578, 1e-9);
}

static void without_pv_its_energy_would_have_come_through_the_meter(void **state) {
    (void)state;
    const struct advise_options o = from_october();
    const struct pf_advice *pf = &advise(&o)->pf.without_pv;
    assert_int_equal(pf->pf_hundredths, 91); /* 17660 kWh (+ 2960 - 100), 7880 kvarh: 0.91321 */
    assert_int_equal(pf->adjust_e4, -15);
    assert_int_equal(pf->next_hundredths, 92);
    assert_near(pf->kvar, 9.913097306517304, 1e-9);
}

static void a_standard_without_a_table_leaves_the_power_factor(void **state) {
    (void)state;
    const struct advise_options o = from_october();
    plant.account.pf_standard = 0.85;
    const struct advise_power_factor *pf = &advise(&o)->pf;
    assert_false(pf->has_table);
    assert_int_equal(pf->month.pf.pf_hundredths, 88);
    assert_int_equal(pf->without_pv.pf_hundredths, 91);
}

static void a_range_before_all_records_has_nothing(void **state) {
    (void)state;
    struct advise_options o = plant_options();
    o.from = local_day(2025, 1, 1);
    o.to = local_day(2025, 6, 1);
    const struct advise_account *a = advise(&o);
    assert_false(advise_has_anything(&advice));
    assert_int_equal(a->demand.refusal, ADVISE_NO_VERSION); /* the tariff begins in 2026 */
    assert_int_equal(a->pf.month.pf.pf_hundredths, -1);
    advise_free(&advice);
    o = from_october();
    assert_int_equal(advise(&o)->index, 0);
    assert_true(advise_has_anything(&advice));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, restore)
        T(every_contract_has_its_charge_over_the_months_that_count),
        T(the_present_contract_is_compared_with_the_best_way),
        T(a_contract_between_two_candidates_may_be_the_best),
        T(other_ways_of_billing_have_their_present_cost),
        T(a_month_without_prices_does_not_count_and_says_so),
        T(a_month_that_was_hardly_measured_does_not_count),
        T(months_count_that_end_in_the_range),
        T(what_is_missing_is_refused_in_words),
        T(a_range_whose_months_all_lack_something_gives_no_advice),
        T(steps_that_give_no_or_too_many_contracts_are_refused),
        T(unverified_rules_or_prices_mark_the_advice),
        T(each_transformer_incomer_and_line_has_its_headroom),
        T(losses_are_summed_and_the_best_load_is_of_the_two_losses),
        T(growth_is_of_local_days_wherever_the_range_begins),
        T(two_incomers_have_no_limit_of_their_own),
        T(the_running_month_is_its_days_and_the_quarters_after_them),
        T(without_pv_its_energy_would_have_come_through_the_meter),
        T(a_standard_without_a_table_leaves_the_power_factor),
        T(a_range_before_all_records_has_nothing),
    };
    return cmocka_run_group_tests(tests, open_plant, close_plant);
}
