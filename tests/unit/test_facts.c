/* Slots made of shorter slots: what is added, what is averaged, what wins and what comes last.
 * Expected values are written out in the comments. */
#include "facts_fixture.h"

static void a_new_slot_knows_nothing(void **state) {
    (void)state;
    struct slot_facts f = hour(3);

    assert_int_equal(f.period, SLOT_1H);
    assert_int_equal(f.start, T0 + 3 * HOUR);
    assert_int_equal(f.end, T0 + 4 * HOUR);
    assert_true(f.covered == 0 && f.stored == 0 && f.expected == 0 && !f.late);
    assert_near(f.coverage, 0);
    assert_int_equal(f.quality, QUALITY_GOOD);
    assert_int_equal(f.cause, CAUSE_NONE);
    for (size_t i = 0; i < SITE_POWER_COUNT; i++)
        assert_true(isnan(f.power[i].avg) && isnan(f.power[i].min) && isnan(f.power[i].max));
    for (size_t i = 0; i < SITE_ENERGY_COUNT; i++)
        assert_near(f.energy_kwh[i], UNKNOWN);
    assert_true(isnan(f.soc_start_pct) && isnan(f.soc_end_pct) && isnan(f.clock_offset_ms));
    assert_true(isnan(f.irradiation_kwh_m2) && isnan(f.output));
    assert_true(isnan(f.balance.residual_kwh) && isnan(f.balance.feeders_kwh));
    assert_int_equal(f.balance.suspect.kind, SUSPECT_NONE);
    assert_int_equal(f.balance.suspect.feed, SITE_NONE);
    assert_true(isnan(f.carbon.location_kg) && isnan(f.carbon.factor.kg_per_kwh));
    assert_true(isnan(f.carbon.ess.kwh) && f.carbon.factor.id[0] == '\0');
}

static void parts_of_a_new_slot_know_nothing(void **state) {
    (void)state;
    struct slot_facts f = hour(0);
    const struct point_facts *p = &f.points[0];
    const struct account_facts *a = &f.accounts[0];

    assert_true(isnan(p->import_kwh) && isnan(p->kvarh[3]) && isnan(p->s_kva.avg));
    assert_true(isnan(p->block_kw) && isnan(p->sliding.kw) && isnan(p->month_max.kw));
    assert_true(p->s_max_at == 0 && p->block_at == 0 && p->s_kva.covered_ms == 0);
    assert_true(isnan(a->block_kw) && isnan(a->month_max.kw) && isnan(a->contract_kw));
    assert_true(!a->split_known && !a->cost_known && !a->cost_verified && a->cost_e8 == 0);
    assert_true(isnan(a->import_kwh[TARIFF_SHARP]) && isnan(a->export_kwh[TARIFF_DEEP]));
    assert_true(isnan(f.transformers[0].s_avg_kva) && isnan(f.transformers[0].loss_kwh));
}

static void a_new_slot_counts_and_lacks_what_its_site_does(void **state) {
    (void)state;
    struct slot_facts f = hour(0);
    struct site s = one_of_each();

    assert_true(f.point_count == 1 && f.account_count == 1 && f.transformer_count == 1);
    assert_false(f.absent[SITE_GRID] || f.absent[SITE_LOAD] || f.absent[SITE_LOAD_METERED]);
    assert_true(f.absent[SITE_PV] && f.absent[SITE_STORAGE]);
    s.metering_point_count = s.account_count = s.transformer_count = 1000;
    facts_init(&f, &s, SLOT_1M, 0, 60000);
    assert_int_equal(f.point_count, METERING_POINTS_MAX);
    assert_int_equal(f.account_count, ACCOUNTS_MAX);
    assert_int_equal(f.transformer_count, TRANSFORMERS_MAX);
}

static void causes_have_names(void **state) {
    (void)state;
    assert_null(cause_str(CAUSE_NONE));
    assert_string_equal(cause_str(CAUSE_DEVICE_DOWN), "device_down");
    assert_string_equal(cause_str(CAUSE_GATEWAY_OFF), "gateway_off");
    assert_string_equal(cause_str(CAUSE_INCOMPLETE), "incomplete");
    assert_string_equal(cause_str(CAUSE_CLOCK), "clock");
    assert_null(cause_str((enum cause)99));
}

/* 1 + 2 = 3; unknown + 5 = 5; 4 + unknown = 4; unknown twice stays so. */
static void an_energy_is_unknown_only_when_no_part_knows_it(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1);

    a.energy_kwh[SITE_E_IMPORT] = 1;
    b.energy_kwh[SITE_E_IMPORT] = 2;
    b.energy_kwh[SITE_E_PV] = 5;
    a.energy_kwh[SITE_E_LOAD] = 4;
    a.irradiation_kwh_m2 = 0.25;
    b.irradiation_kwh_m2 = 0.5;
    a.output = 7;
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    assert_near(f.energy_kwh[SITE_E_IMPORT], 3);
    assert_near(f.energy_kwh[SITE_E_PV], 5);
    assert_near(f.energy_kwh[SITE_E_LOAD], 4);
    assert_near(f.energy_kwh[SITE_E_WIND], UNKNOWN);
    assert_near(f.irradiation_kwh_m2, 0.75);
    assert_near(f.output, 7);
}

/* 15 min covered in full and 5 of 15 covered: 20 of 60 min. */
static void coverage_is_of_the_whole_slot(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1);

    a.covered = 900000;
    b.covered = 300000;
    a.expected = b.expected = 3;
    a.stored = 3;
    b.stored = 2;
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    assert_int_equal(f.covered, 1200000);
    assert_near(f.coverage, 1.0 / 3.0);
    assert_int_equal(f.expected, 6);
    assert_int_equal(f.stored, 5);
    a.covered = 4000000; /* a repeated hour: more than the slot is long */
    facts_merge(&f, &a);
    assert_near(f.coverage, 1);
    f.end = f.start;
    facts_merge(&f, &a);
    assert_near(f.coverage, 0);
}

/* 100 kW over 15 min and 40 kW over 5 min: (1500 + 200) / 20 = 85. */
static void mean_power_is_weighted_by_the_time_covered(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1);

    a.covered = 900000;
    a.power[SITE_GRID] = (struct power_stat){100, 80, 130};
    b.covered = 300000;
    b.power[SITE_GRID] = (struct power_stat){40, 10, 50};
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    assert_near(f.power[SITE_GRID].avg, 85);
    assert_near(f.power[SITE_GRID].min, 10);
    assert_near(f.power[SITE_GRID].max, 130);
}

/* PV is unreachable for two quarters and 10, then 20 kW: 15, not drawn to the first known one. */
static void time_when_a_power_was_unknown_has_no_weight(void **state) {
    (void)state;
    static const double pv[] = {UNKNOWN, UNKNOWN, 10, 20};
    struct slot_facts f = hour(0);

    for (int i = 0; i < 4; i++) {
        struct slot_facts q = quarter(i);
        q.covered = 900000;
        q.power[SITE_PV] = (struct power_stat){pv[i], pv[i], pv[i]};
        facts_merge(&f, &q);
    }
    assert_near(f.power[SITE_PV].avg, 15);
    assert_near(f.power[SITE_PV].min, 10);
    assert_near(f.power[SITE_PV].max, 20);
    assert_int_equal(f.power_ms[SITE_PV], 1800000);
}

/* A slot read back from disk has no weights of its own: 30 kW over 30 min covered and 60 over 15
 * make (900 + 900) / 45 = 40. Without any time the earlier stays. */
static void an_average_without_a_weight_counts_its_covered_time(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(2), none = quarter(3);

    f.covered = 1800000;
    f.power[SITE_GRID].avg = 30;
    a.covered = 900000;
    a.power[SITE_GRID].avg = 60;
    facts_merge(&f, &a);
    assert_near(f.power[SITE_GRID].avg, 40);
    f = hour(0);
    none.power[SITE_GRID].avg = 5;
    facts_merge(&f, &none);
    none.power[SITE_GRID].avg = 9;
    facts_merge(&f, &none);
    assert_near(f.power[SITE_GRID].avg, 5);
}

/* (2 x 1000 + 5 x 3000) / 4000 = 4.25; then a part that does not know its mean: only the edges. */
static void a_range_is_weighted_by_its_own_time(void **state) {
    (void)state;
    struct range_stat into = {UNKNOWN, UNKNOWN, UNKNOWN, 0};
    const struct range_stat a = {2, 1, 3, 1000}, b = {5, 4, 9, 3000},
                            c = {UNKNOWN, 0, UNKNOWN, 7000}, d = {8, UNKNOWN, UNKNOWN, 0};

    range_merge(&into, &a);
    range_merge(&into, &b);
    range_merge(&into, &c);
    range_merge(&into, &d);
    assert_near(into.avg, 4.25);
    assert_near(into.min, 0);
    assert_near(into.max, 9);
    assert_int_equal(into.covered_ms, 4000);
}

/* By badness: gateway off, device down, clock, incomplete, none. */
static void the_worst_part_gives_quality_and_cause(void **state) {
    (void)state;
    static const enum cause by_badness[] = {CAUSE_NONE, CAUSE_INCOMPLETE, CAUSE_CLOCK,
                                            CAUSE_DEVICE_DOWN, CAUSE_GATEWAY_OFF};
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++) {
            struct slot_facts f = hour(0), a = quarter(0);
            f.cause = by_badness[i];
            a.cause = by_badness[k];
            facts_merge(&f, &a);
            assert_int_equal(f.cause, by_badness[i > k ? i : k]);
        }
    }
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1);
    a.quality = QUALITY_STALE;
    b.quality = QUALITY_ESTIMATED;
    b.late = true;
    facts_merge(&f, &a);
    assert_false(f.late);
    facts_merge(&f, &b);
    facts_merge(&f, &a);
    assert_int_equal(f.quality, QUALITY_STALE);
    assert_true(f.late);
}

static void the_clock_is_as_bad_as_it_was_at_worst(void **state) {
    (void)state;
    static const double offset[] = {UNKNOWN, 20, -300, 100}, want[] = {UNKNOWN, 20, -300, -300};
    static const uint8_t clock[] = {0, 2, 1, 0}, worst[] = {0, 2, 2, 2};
    struct slot_facts f = hour(0);

    for (int i = 0; i < 4; i++) {
        struct slot_facts q = quarter(i);
        q.clock_offset_ms = offset[i];
        q.clock_state = clock[i];
        facts_merge(&f, &q);
        assert_near(f.clock_offset_ms, want[i]);
        assert_int_equal(f.clock_state, worst[i]);
    }
    struct slot_facts q = quarter(0);
    facts_merge(&f, &q);
    assert_near(f.clock_offset_ms, -300);
}

/* unknown, 40 -> 45, 45 -> 30, unknown: 40 -> 30. */
static void soc_runs_from_the_first_known_to_the_last(void **state) {
    (void)state;
    static const double from[] = {UNKNOWN, 40, 45, UNKNOWN}, to[] = {UNKNOWN, 45, 30, UNKNOWN};
    struct slot_facts f = hour(0);

    for (int i = 0; i < 4; i++) {
        struct slot_facts q = quarter(i);
        q.soc_start_pct = from[i];
        q.soc_end_pct = to[i];
        facts_merge(&f, &q);
    }
    assert_near(f.soc_start_pct, 40);
    assert_near(f.soc_end_pct, 30);
}

/* Blocks 300, 500, 500, unknown: the first 500. Month so far 900, 950, unknown: 950. */
static void demand_keeps_the_earliest_of_the_largest(void **state) {
    (void)state;
    static const double kw[] = {300, 500, 500, UNKNOWN}, month[] = {900, 950, 950, UNKNOWN};
    struct slot_facts f = hour(0);

    for (int i = 0; i < 4; i++) {
        struct slot_facts q = quarter(i);
        struct demand_peak peak = {kw[i], q.start + 60000}, max = {month[i], q.start - 1};
        q.points[0].block_kw = q.accounts[0].block_kw = kw[i];
        q.points[0].block_at = q.accounts[0].block_at = q.start;
        q.points[0].sliding = q.accounts[0].sliding = q.accounts[0].coincident = peak;
        q.points[0].month_max = q.accounts[0].month_max = max;
        facts_merge(&f, &q);
    }
    assert_near(f.points[0].block_kw, 500);
    assert_int_equal(f.points[0].block_at, T0 + QUARTER);
    assert_near(f.accounts[0].block_kw, 500);
    assert_int_equal(f.accounts[0].block_at, T0 + QUARTER);
    assert_int_equal(f.points[0].sliding.at, T0 + QUARTER + 60000);
    assert_int_equal(f.accounts[0].sliding.at, T0 + QUARTER + 60000);
    assert_near(f.accounts[0].coincident.kw, 500);
    assert_near(f.points[0].month_max.kw, 950);
    assert_int_equal(f.points[0].month_max.at, T0 + 2 * QUARTER - 1);
    assert_near(f.accounts[0].month_max.kw, 950);
}

/* On the billing day the maximum starts anew: 950 of the old month, then 200. */
static void a_new_billing_month_lowers_the_months_maximum(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1);

    a.points[0].month_max = a.accounts[0].month_max = (struct demand_peak){950, T0 - HOUR};
    b.points[0].month_max = b.accounts[0].month_max = (struct demand_peak){200, T0 + QUARTER};
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    assert_near(f.points[0].month_max.kw, 200);
    assert_near(f.accounts[0].month_max.kw, 200);
    assert_int_equal(f.accounts[0].month_max.at, T0 + QUARTER);
}

/* import 10 + 20; q1 3 + 4, q4 unknown; S: (100 x 1 + 160 x 2) / 3 = 140, largest in the second. */
static void a_metering_point_adds_up(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1);

    a.points[0].import_kwh = 10;
    b.points[0].import_kwh = 20;
    b.points[0].export_kwh = 1;
    a.points[0].kvarh[0] = 3;
    b.points[0].kvarh[0] = 4;
    a.points[0].kvarh_integrated = true;
    a.points[0].s_kva = (struct range_stat){100, 90, 110, 300000};
    a.points[0].s_max_at = 1;
    b.points[0].s_kva = (struct range_stat){160, 95, 200, 600000};
    b.points[0].s_max_at = 2;
    a.points[0].p_max_kw = 105;
    a.points[0].monitored_ms = 900000;
    a.points[0].qualified_ms = 60000;
    a.points[0].frequency_hz = (struct range_stat){50, 49.9, 50.1, 900000};
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    facts_merge(&f, &a); /* a lower maximum later leaves the time of the largest */
    assert_near(f.points[0].import_kwh, 40);
    assert_near(f.points[0].export_kwh, 1);
    assert_near(f.points[0].kvarh[0], 10);
    assert_near(f.points[0].kvarh[3], UNKNOWN);
    assert_true(f.points[0].kvarh_integrated);
    assert_near(f.points[0].s_kva.avg, 130); /* (100 x 2 + 160 x 2) / 4 */
    assert_near(f.points[0].s_kva.max, 200);
    assert_int_equal(f.points[0].s_max_at, 2);
    assert_near(f.points[0].p_max_kw, 105);
    assert_near(f.points[0].frequency_hz.min, 49.9);
    assert_int_equal(f.points[0].monitored_ms, 1800000); /* of twice a */
    assert_int_equal(f.points[0].qualified_ms, 120000);
    assert_near(f.points[0].voltage_deviation_pct.avg, UNKNOWN);
}

/* Unknown for a quarter, 100 kVA for 15 min, 160 for 15: 130. Losses 0.5 + 0.75. */
static void a_transformer_is_averaged_over_the_time_it_was_known(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1), c = quarter(2);

    b.transformers[0] = (struct transformer_facts){100, 120, 0.5};
    c.transformers[0] = (struct transformer_facts){160, 150, 0.75};
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    facts_merge(&f, &c);
    assert_near(f.transformers[0].s_avg_kva, 130);
    assert_near(f.transformers[0].s_max_kva, 150);
    assert_near(f.transformers[0].loss_kwh, 1.25);
    f.transformer_ms[0] =
        0; /* read back: known since the start, 45 min; (130 x 45 + 250 x 15)/60 */
    struct slot_facts d = quarter(3);
    d.transformers[0].s_avg_kva = 250;
    facts_merge(&f, &d);
    assert_near(f.transformers[0].s_avg_kva, 160);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_slot_knows_nothing),
        cmocka_unit_test(parts_of_a_new_slot_know_nothing),
        cmocka_unit_test(a_new_slot_counts_and_lacks_what_its_site_does),
        cmocka_unit_test(causes_have_names),
        cmocka_unit_test(an_energy_is_unknown_only_when_no_part_knows_it),
        cmocka_unit_test(coverage_is_of_the_whole_slot),
        cmocka_unit_test(mean_power_is_weighted_by_the_time_covered),
        cmocka_unit_test(time_when_a_power_was_unknown_has_no_weight),
        cmocka_unit_test(an_average_without_a_weight_counts_its_covered_time),
        cmocka_unit_test(a_range_is_weighted_by_its_own_time),
        cmocka_unit_test(the_worst_part_gives_quality_and_cause),
        cmocka_unit_test(the_clock_is_as_bad_as_it_was_at_worst),
        cmocka_unit_test(soc_runs_from_the_first_known_to_the_last),
        cmocka_unit_test(demand_keeps_the_earliest_of_the_largest),
        cmocka_unit_test(a_new_billing_month_lowers_the_months_maximum),
        cmocka_unit_test(a_metering_point_adds_up),
        cmocka_unit_test(a_transformer_is_averaged_over_the_time_it_was_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
