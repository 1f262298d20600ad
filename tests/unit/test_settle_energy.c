/* What follows from the energies of a slot: sums, metering points, demand, transformers. Expected
 * values are worked out in the comments. */
#include "settle_fixture.h"

/* ---- coverage, quality, devices ----------------------------------------------------------- */

/* (1 + 0.5 + 1 + 1 + 0.75) / 5 = 0.85 of the five counted feeds: 765 of 900 s. The gas meter, which
 * is in no sum, does not spoil it. */
static void coverage_and_quality_are_those_of_the_counted_feeds(void **state) {
    (void)state;
    plant.energies[GRID2].coverage = 0.5;
    plant.energies[ESS1].coverage = 0.75;
    plant.energies[ESS1].quality = QUALITY_RECOVERED;
    plant.energies[GAS1].coverage = 0.0;
    plant.energies[GAS1].quality = QUALITY_MISSING;
    settle_the_energy();
    assert_near(plant.facts.coverage, 0.85);
    assert_int_equal(plant.facts.covered, 765000);
    assert_int_equal(plant.facts.quality, QUALITY_RECOVERED);
}

/* Ten feeds, one of them half covered: 0.95. */
static void where_nothing_is_counted_all_feeds_are_taken(void **state) {
    (void)state;
    for (int i = 0; i < FEEDS; i++)
        count_feed(i, false);
    plant.energies[GAS1].coverage = 0.5;
    plant.energies[GAS1].quality = QUALITY_STALE;
    settle_the_energy();
    assert_near(plant.facts.coverage, 0.95);
    assert_int_equal(plant.facts.quality, QUALITY_STALE);
}

static void a_site_without_feeds_is_missing(void **state) {
    (void)state;
    plant.site.feed_count = plant.site.metering_point_count = 0;
    settle_the_energy();
    assert_near(plant.facts.coverage, 0.0);
    assert_int_equal(plant.facts.quality, QUALITY_MISSING);
}

/* Of ten devices one is switched off, and answered all the same; four others answered. */
static void only_enabled_devices_are_expected(void **state) {
    (void)state;
    plant.devices[GAS2].enabled = false;
    plant.covered[GAS2] = true;
    for (int i = GRID1; i <= PV1; i++)
        plant.covered[i] = true;
    settle_the_energy();
    assert_int_equal(plant.facts.expected, 9);
    assert_int_equal(plant.facts.stored, 4);
}

/* ---- metering points ---------------------------------------------------------------------- */

/* 100 kWh in a quarter of an hour are 400 kW. */
static void a_point_has_what_its_meter_shows(void **state) {
    (void)state;
    struct feed_facts *f = &plant.energies[GRID1];
    set_energy(GRID1, 100, 3);
    f->kvarh[0] = 40;
    f->kvarh[3] = 2;
    f->kvarh_integrated = true;
    plant.supply[0] = (struct supply_facts){.s_kva = {480, 400, 520, 900000},
                                            .voltage_deviation_pct = {1, 0, 2, 900000},
                                            .voltage_unbalance_pct = {3, 2, 4, 900000},
                                            .current_unbalance_pct = {5, 4, 6, 900000},
                                            .frequency_hz = {50, 49, 51, 900000},
                                            .s_max_at = AT(8, 7),
                                            .p_max_kw = 510,
                                            .monitored_ms = 800000,
                                            .qualified_ms = 700000};
    settle_the_energy();
    const struct point_facts *p = &plant.facts.points[0];
    assert_near(p->import_kwh, 100);
    assert_near(p->export_kwh, 3);
    assert_near(p->kvarh[0], 40);
    assert_near(p->kvarh[1], UNKNOWN);
    assert_near(p->kvarh[3], 2);
    assert_true(p->kvarh_integrated);
    assert_near(p->s_kva.max, 520);
    assert_int_equal(p->s_max_at, AT(8, 7));
    assert_near(p->p_max_kw, 510);
    assert_near(p->voltage_deviation_pct.max, 2);
    assert_near(p->voltage_unbalance_pct.max, 4);
    assert_near(p->current_unbalance_pct.max, 6);
    assert_near(p->frequency_hz.min, 49);
    assert_int_equal(p->monitored_ms, 800000);
    assert_int_equal(p->qualified_ms, 700000);
    assert_near(p->block_kw, 400);
    assert_int_equal(p->block_at, AT(8, 0));
}

/* The block is one of the sliding windows: sliding is never below it. */
static void sliding_demand_is_at_least_the_block(void **state) {
    (void)state;
    static const struct {
        double sliding_kw, import_kwh, kw;
        ms_t at;
    } rows[] = {
        {410, 100, 410, -5 * MS_PER_MIN}, /* a window that began at 07:55 */
        {390, 100, 400, 0},               /* the block itself */
        {UNKNOWN, 100, 400, 0},           /* minutes are missing, the quarter's counter is not */
        {410, UNKNOWN, 410, -5 * MS_PER_MIN},
        {UNKNOWN, UNKNOWN, UNKNOWN, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        a_plant(state);
        plant.sliding[0] = (struct demand_peak){rows[i].sliding_kw, AT(7, 55)};
        set_energy(GRID1, rows[i].import_kwh, 0);
        settle_the_energy();
        assert_near(plant.facts.points[0].sliding.kw, rows[i].kw);
        if (!isnan(rows[i].kw))
            assert_int_equal(plant.facts.points[0].sliding.at, AT(8, 0) + rows[i].at);
    }
}

static void a_minute_has_no_demand(void **state) {
    (void)state;
    plant_slot(SLOT_1M, AT(8, 0), AT(8, 1));
    set_energy(GRID1, 100, 0);
    settle_the_energy();
    assert_near(plant.facts.points[0].import_kwh, 100);
    assert_near(plant.facts.points[0].block_kw, UNKNOWN);
    assert_near(plant.facts.accounts[0].block_kw, UNKNOWN);
    assert_near(plant.facts.accounts[0].sliding.kw, UNKNOWN);
}

/* ---- accounts ----------------------------------------------------------------------------- */

/* Point 1: 100 kWh, 400 kW, sliding 410 at 07:55; point 2: 50 kWh, 200 kW, sliding 220 at 07:50.
 * Added: 600 and 630; at one time: what is known is the blocks' sum, 600; the larger: 400 and 410.
 * Without point 2 (unknown) only a point that stands by leaves the rest known. */
static void demands_are_combined_as_the_account_says(void **state) {
    (void)state;
    static const struct {
        enum demand_combination how;
        double second_kwh;
        bool standby;
        double block_kw, sliding_kw;
    } rows[] = {
        {DEMAND_SUM_OF_MAXIMA, 50, false, 600, 630},
        {DEMAND_COINCIDENT, 50, false, 600, 600},
        {DEMAND_MAX, 50, false, 400, 410},
        {DEMAND_SUM_OF_MAXIMA, 50, true, 600, 630},
        {DEMAND_SUM_OF_MAXIMA, UNKNOWN, true, 400, 410},
        {DEMAND_COINCIDENT, UNKNOWN, true, 400, 400},
        {DEMAND_MAX, UNKNOWN, true, 400, 410},
        {DEMAND_SUM_OF_MAXIMA, UNKNOWN, false, UNKNOWN, UNKNOWN},
        {DEMAND_COINCIDENT, UNKNOWN, false, UNKNOWN, UNKNOWN},
        {DEMAND_MAX, UNKNOWN, false, UNKNOWN, UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        a_plant(state);
        bool known = !isnan(rows[i].second_kwh);
        plant.accounts[0].combination = rows[i].how;
        plant.metering[1].standby = rows[i].standby;
        plant.sliding[0] = (struct demand_peak){410, AT(7, 55)};
        plant.sliding[1] = (struct demand_peak){known ? 220 : UNKNOWN, AT(7, 50)};
        set_energy(GRID1, 100, 0);
        set_energy(GRID2, rows[i].second_kwh, 0);
        settle_the_energy();
        assert_near(plant.facts.accounts[0].block_kw, rows[i].block_kw);
        assert_near(plant.facts.accounts[0].coincident.kw, rows[i].block_kw);
        assert_near(plant.facts.accounts[0].sliding.kw, rows[i].sliding_kw);
        assert_int_equal(plant.facts.accounts[0].block_at, AT(8, 0));
    }
}

/* With one point its sliding maximum is the account's, also as one at one time. */
static void each_of_two_accounts_has_its_own_demand(void **state) {
    (void)state;
    plant.site.account_count = 2;
    plant.metering[1].account = 1;
    plant.accounts[1].combination = DEMAND_COINCIDENT;
    plant_slot(SLOT_15M, AT(8, 0), AT(8, 15));
    plant.sliding[1] = (struct demand_peak){220, AT(7, 50)};
    set_energy(GRID1, 100, 0);
    set_energy(GRID2, 50, 0);
    settle_the_energy();
    assert_near(plant.facts.accounts[0].block_kw, 400);
    assert_near(plant.facts.accounts[0].sliding.kw, 400);
    assert_near(plant.facts.accounts[1].block_kw, 200);
    assert_near(plant.facts.accounts[1].sliding.kw, 220);
    assert_int_equal(plant.facts.accounts[1].sliding.at, AT(7, 50));
}

static void an_account_of_which_no_point_is_known_is_unknown(void **state) {
    (void)state;
    plant.metering[0].standby = plant.metering[1].standby = true;
    settle_the_energy();
    assert_near(plant.facts.accounts[0].block_kw, UNKNOWN);
    assert_near(plant.facts.accounts[0].sliding.kw, UNKNOWN);
}

/* From the 23rd on 800 kW; the slot from 00:00 has them, the one before 1000. */
static void the_contract_is_that_of_the_local_day(void **state) {
    (void)state;
    static struct contract_step steps[] = {{INT32_MIN, 1000}, {0, 800}};
    steps[1].from_day = civil_day(2026, 11, 23);
    plant.accounts[0].contracts = steps;
    plant.accounts[0].contract_count = 2;
    plant_slot(SLOT_15M, AT(0, 0), AT(0, 15));
    settle_the_energy();
    assert_near(plant.facts.accounts[0].contract_kw, 800);
    plant_slot(SLOT_15M, AT(0, -15), AT(0, 0));
    settle_the_energy();
    assert_near(plant.facts.accounts[0].contract_kw, 1000);
}

/* ---- maxima of the month ------------------------------------------------------------------ */

/* Before: 500 and 100, at one time 550. Now 450 and 180, blocks together 590. Added 500 + 180;
 * at one time 590; the larger 500. */
static void maxima_of_the_month_go_on(void **state) {
    (void)state;
    static const struct {
        enum demand_combination how;
        double before_kw, now_kw;
        ms_t at;
    } rows[] = {
        {DEMAND_SUM_OF_MAXIMA, 600, 680, 0},
        {DEMAND_COINCIDENT, 550, 590, 480},
        {DEMAND_MAX, 500, 500, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        a_plant(state);
        struct slot_facts before = plant.facts, *f = &plant.facts;
        plant.accounts[0].combination = rows[i].how;
        before.points[0].month_max = (struct demand_peak){500, AT(0, 0)};
        before.points[1].month_max = (struct demand_peak){100, AT(0, 15)};
        before.accounts[0].month_max = (struct demand_peak){rows[i].before_kw, AT(0, 0)};
        f->points[0].sliding = (struct demand_peak){450, AT(8, 0)};
        f->points[1].sliding = (struct demand_peak){180, AT(8, 0)};
        f->accounts[0].coincident = (struct demand_peak){590, AT(8, 0)};
        settle_month_max(&plant.site, &before, f);
        assert_near(f->points[0].month_max.kw, 500);
        assert_int_equal(f->points[0].month_max.at, AT(0, 0));
        assert_near(f->points[1].month_max.kw, 180);
        assert_near(f->accounts[0].month_max.kw, rows[i].now_kw);
        assert_int_equal(f->accounts[0].month_max.at, AT(0, rows[i].at));
    }
}

static void a_new_month_knows_its_own_slot_only(void **state) {
    (void)state;
    struct slot_facts *f = &plant.facts;
    f->points[0].sliding = (struct demand_peak){450, AT(8, 0)};
    f->points[1].sliding = (struct demand_peak){180, AT(8, 0)};
    f->points[0].month_max = (struct demand_peak){9999, 1}; /* of an earlier use of the memory */
    settle_month_max(&plant.site, NULL, f);
    assert_near(f->points[0].month_max.kw, 450);
    assert_near(f->accounts[0].month_max.kw, 630);
}

static void months_of_two_accounts_are_apart(void **state) {
    (void)state;
    plant.site.account_count = 2;
    plant.metering[1].account = 1;
    plant_slot(SLOT_15M, AT(8, 0), AT(8, 15));
    plant.facts.points[0].sliding = (struct demand_peak){450, AT(8, 0)};
    settle_month_max(&plant.site, NULL, &plant.facts);
    assert_near(plant.facts.accounts[0].month_max.kw, 450);
    assert_near(plant.facts.accounts[1].month_max.kw, UNKNOWN);
}

/* ---- transformers ------------------------------------------------------------------------- */

/* 800 kVA over 1000 + 600 kVA: 500 and 300, both at half their rating. Losses 1000 W + 0.25 x
 * 10,000 W = 3500 W, in a quarter of an hour 0.875 kWh. Maxima 960: 600 and 360. */
static void transformers_share_the_account_by_their_ratings(void **state) {
    (void)state;
    plant.supply[0].s_kva = (struct range_stat){500, 400, 700, 900000};
    plant.supply[1].s_kva = (struct range_stat){300, 200, 260, 900000};
    settle_the_energy();
    const struct transformer_facts *t = plant.facts.transformers;
    assert_near(t[0].s_avg_kva, 500);
    assert_near(t[0].s_max_kva, 600);
    assert_near(t[0].loss_kwh, 0.875);
    assert_near(t[1].s_avg_kva, 300);
    assert_near(t[1].s_max_kva, 360);
    assert_near(t[1].loss_kwh, 0.875);
}

/* 250 kVA of 1000: beta 0.25, 1000 + 625 W: 0.40625 kWh. */
static void a_transformer_with_a_meter_has_what_it_shows(void **state) {
    (void)state;
    plant.transformers[0].feed = LOAD1;
    plant.own[0].s_kva = (struct range_stat){250, 200, 320, 900000};
    plant.supply[0].s_kva = (struct range_stat){9999, 9999, 9999, 900000};
    settle_the_energy();
    assert_near(plant.facts.transformers[0].s_avg_kva, 250);
    assert_near(plant.facts.transformers[0].s_max_kva, 320);
    assert_near(plant.facts.transformers[0].loss_kwh, 0.40625);
}

/* 800 kVA of point 1 alone: 500 and 300. */
static void an_unknown_point_leaves_the_transformers_known_only_when_it_stands_by(void **state) {
    (void)state;
    plant.supply[0].s_kva = (struct range_stat){800, 800, 800, 900000};
    plant.metering[1].standby = true;
    settle_the_energy();
    assert_near(plant.facts.transformers[0].s_avg_kva, 500);
    plant.metering[1].standby = false;
    plant_slot(SLOT_15M, AT(8, 0), AT(8, 15));
    settle_the_energy();
    assert_near(plant.facts.transformers[0].s_avg_kva, UNKNOWN);
    assert_near(plant.facts.transformers[0].loss_kwh, UNKNOWN);
    plant.supply[0].s_kva.avg = UNKNOWN;
    plant.metering[0].standby = plant.metering[1].standby = true;
    plant_slot(SLOT_15M, AT(8, 0), AT(8, 15));
    settle_the_energy();
    assert_near(plant.facts.transformers[0].s_avg_kva, UNKNOWN);
    assert_near(plant.facts.transformers[0].s_max_kva, UNKNOWN);
}

static void a_transformer_carries_its_own_account_only(void **state) {
    (void)state;
    plant.site.account_count = 2;
    plant.metering[1].account = plant.transformers[1].account = 1;
    plant.accounts[0].capacity_kva = 1000;
    plant.accounts[1].capacity_kva = 600;
    plant_slot(SLOT_15M, AT(8, 0), AT(8, 15));
    plant.supply[0].s_kva = (struct range_stat){500, 400, 700, 900000};
    plant.supply[1].s_kva = (struct range_stat){300, 200, 260, 900000};
    settle_the_energy();
    assert_near(plant.facts.transformers[0].s_avg_kva, 500);
    assert_near(plant.facts.transformers[1].s_avg_kva, 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(coverage_and_quality_are_those_of_the_counted_feeds, a_plant),
        cmocka_unit_test_setup(where_nothing_is_counted_all_feeds_are_taken, a_plant),
        cmocka_unit_test_setup(a_site_without_feeds_is_missing, a_plant),
        cmocka_unit_test_setup(only_enabled_devices_are_expected, a_plant),
        cmocka_unit_test_setup(a_point_has_what_its_meter_shows, a_plant),
        cmocka_unit_test_setup(sliding_demand_is_at_least_the_block, a_plant),
        cmocka_unit_test_setup(a_minute_has_no_demand, a_plant),
        cmocka_unit_test_setup(demands_are_combined_as_the_account_says, a_plant),
        cmocka_unit_test_setup(each_of_two_accounts_has_its_own_demand, a_plant),
        cmocka_unit_test_setup(an_account_of_which_no_point_is_known_is_unknown, a_plant),
        cmocka_unit_test_setup(the_contract_is_that_of_the_local_day, a_plant),
        cmocka_unit_test_setup(maxima_of_the_month_go_on, a_plant),
        cmocka_unit_test_setup(a_new_month_knows_its_own_slot_only, a_plant),
        cmocka_unit_test_setup(months_of_two_accounts_are_apart, a_plant),
        cmocka_unit_test_setup(transformers_share_the_account_by_their_ratings, a_plant),
        cmocka_unit_test_setup(a_transformer_with_a_meter_has_what_it_shows, a_plant),
        cmocka_unit_test_setup(
            an_unknown_point_leaves_the_transformers_known_only_when_it_stands_by, a_plant),
        cmocka_unit_test_setup(a_transformer_carries_its_own_account_only, a_plant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
