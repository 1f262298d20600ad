/* Slots made of shorter slots: tariff, cost, carbon and balance, and a whole day of them. Expected
 * values are written out in the comments. */
#include "facts_fixture.h"

#include <stdio.h>

/* Peak 5 + 3, flat 7; export 1. A part without a split has nothing to add. */
static void a_split_adds_the_parts_that_have_one(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1), c = quarter(2);

    a.accounts[0].split_known = b.accounts[0].split_known = true;
    a.accounts[0].import_kwh[TARIFF_PEAK] = 5;
    b.accounts[0].import_kwh[TARIFF_PEAK] = 3;
    b.accounts[0].import_kwh[TARIFF_FLAT] = 7;
    b.accounts[0].export_kwh[TARIFF_FLAT] = 1;
    c.accounts[0].import_kwh[TARIFF_PEAK] = 99;
    facts_merge(&f, &c);
    assert_false(f.accounts[0].split_known);
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    facts_merge(&f, &c);
    assert_true(f.accounts[0].split_known);
    assert_near(f.accounts[0].import_kwh[TARIFF_PEAK], 8);
    assert_near(f.accounts[0].import_kwh[TARIFF_FLAT], 7);
    assert_near(f.accounts[0].export_kwh[TARIFF_FLAT], 1);
    assert_near(f.accounts[0].import_kwh[TARIFF_DEEP], UNKNOWN);
}

static void contract_is_the_one_at_the_start(void **state) {
    (void)state;
    static const double kw[] = {UNKNOWN, 800, 1000, UNKNOWN};
    struct slot_facts f = hour(0);

    for (int i = 0; i < 4; i++) {
        struct slot_facts q = quarter(i);
        q.accounts[0].contract_kw = kw[i];
        facts_merge(&f, &q);
    }
    assert_near(f.accounts[0].contract_kw, 800);
}

/* A quarter with so much import in the flat period and a cost: known k, verified v, unknown -. */
static struct slot_facts priced(int i, double kwh, char price) {
    struct slot_facts q = quarter(i);
    struct account_facts *a = &q.accounts[0];

    a->split_known = true;
    a->import_kwh[TARIFF_FLAT] = kwh;
    q.energy_kwh[SITE_E_IMPORT] = kwh;
    a->cost_known = price != '-';
    a->cost_verified = price == 'v';
    a->cost_e8 = a->cost_known && !isnan(kwh) ? (int64_t)(kwh * 60000000.0) : 0; /* 0.60 CNY/kWh */
    a->arbitrage_e8 = 5;
    a->price_version = price == 'k' ? 2 : 1;
    return q;
}

/* Cost of an hour by its quarters: energy, price. What is known and what is verified. */
static void a_cost_is_known_when_every_part_with_import_has_one(void **state) {
    (void)state;
    static const struct {
        double kwh[4];
        const char *price;
        bool known, verified;
    } rows[] = {
        {{1, 2, 3, 4}, "vvvv", true, true},
        {{1, 2, 3, 4}, "vvkv", true, false},
        {{1, 2, 3, 4}, "v-vv", false, false}, /* 2 kWh without a price */
        {{1, 2, 3, 4}, "-vvv", false, false},
        {{1, 2, 3, 4}, "vvv-", false, false},
        {{1, 0, 3, 4}, "v-vv", true, true}, /* nothing to pay in it */
        {{0, 0, 3, 4}, "--vv", true, true},
        {{1, UNKNOWN, 3, 4}, "v-vv", true, true}, /* a gap: coverage says so */
        {{0, 0, 0, 0}, "----", false, false},
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct slot_facts f = hour(0);
        for (int i = 0; i < 4; i++) {
            struct slot_facts q = priced(i, rows[r].kwh[i], rows[r].price[i]);
            facts_merge(&f, &q);
        }
        assert_int_equal(f.accounts[0].cost_known, rows[r].known);
        assert_int_equal(f.accounts[0].cost_verified, rows[r].verified);
        assert_int_equal(f.accounts[0].arbitrage_e8, 20);
    }
}

/* What the storage moved in each quarter (in or out), and whether its worth is known. */
static void a_shift_is_known_when_every_part_that_moved_has_one(void **state) {
    (void)state;
    static const struct {
        double charge[3], discharge[3];
        bool part_known[3], known;
    } rows[] = {
        {{0, 5, 0}, {0, 0, 4}, {true, true, true}, true},
        {{0, 5, 0}, {0, 0, 4}, {true, false, true}, false},
        {{0, 5, 0}, {0, 0, 4}, {true, true, false}, false},
        {{0, 5, 0}, {0, 0, 4}, {false, true, true}, true},             /* nothing moved in it */
        {{UNKNOWN, 5, 0}, {UNKNOWN, 0, 4}, {false, true, true}, true}, /* a gap */
        {{0, 0, 0}, {0, 0, 0}, {false, false, false}, false},
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct slot_facts f = hour(0);
        for (int i = 0; i < 3; i++) {
            struct slot_facts q = quarter(i);
            q.energy_kwh[SITE_E_CHARGE] = rows[r].charge[i];
            q.energy_kwh[SITE_E_DISCHARGE] = rows[r].discharge[i];
            q.accounts[0].arbitrage_known = rows[r].part_known[i];
            q.accounts[0].arbitrage_e8 = rows[r].part_known[i] ? 7 : 0;
            facts_merge(&f, &q);
        }
        assert_int_equal(f.accounts[0].arbitrage_known, rows[r].known);
        if (rows[r].known)
            assert_int_equal(
                f.accounts[0].arbitrage_e8,
                7 * (rows[r].part_known[0] + rows[r].part_known[1] + rows[r].part_known[2]));
    }
}

/* The second part has another node (a feeder with meters below it was added) and lacks the first.
 */
static void nodes_are_merged_by_their_feed(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1);

    a.balance.nodes[0] = (struct node_facts){7, 1, 10};
    a.balance.nodes[1] = (struct node_facts){5, 2, 20};
    a.balance.node_count = 2;
    b.balance.nodes[0] = (struct node_facts){5, 4, 30};
    b.balance.nodes[1] = (struct node_facts){9, UNKNOWN, 40};
    b.balance.node_count = 2;
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    assert_int_equal(f.balance.node_count, 3);
    assert_int_equal(f.balance.nodes[0].feed, 7);
    assert_near(f.balance.nodes[0].residual_kwh, 1);
    assert_near(f.balance.nodes[1].residual_kwh, 6);
    assert_near(f.balance.nodes[1].flow_kwh, 50);
    assert_int_equal(f.balance.nodes[2].feed, 9);
    assert_near(f.balance.nodes[2].residual_kwh, UNKNOWN);
    for (int32_t i = 0; i < NODES_MAX + 3; i++) { /* more than fit: the first ones stay */
        struct slot_facts q = quarter(2);
        q.balance.nodes[0] = (struct node_facts){100 + i, 1, 1};
        q.balance.node_count = 1;
        facts_merge(&f, &q);
    }
    assert_int_equal(f.balance.node_count, NODES_MAX);
    assert_int_equal(f.balance.nodes[NODES_MAX - 1].feed, 100 + NODES_MAX - 4);
}

/* 3 kWh at 0.60 = 1.80 CNY; the highest price version is kept. */
static void costs_are_added_in_integers(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = priced(0, 1, 'v'), b = priced(1, 2, 'k'),
                      c = priced(2, 0, 'v');

    b.accounts[0].priced_by_curve = true;
    facts_merge(&f, &a);
    assert_false(f.accounts[0].priced_by_curve);
    facts_merge(&f, &b);
    facts_merge(&f, &c);
    assert_int_equal(f.accounts[0].cost_e8, 180000000);
    assert_int_equal(f.accounts[0].price_version, 2);
    assert_true(f.accounts[0].priced_by_curve);
}

/* The tariff begins after the first quarter: its 5 kWh have no split and no price. With several
 * accounts the site's import cannot say whose it was, the split can. */
static void energy_before_the_tariff_leaves_the_cost_unknown(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = priced(1, 0, '-'), c = priced(2, 3, 'v');

    a.energy_kwh[SITE_E_IMPORT] = 5;
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    facts_merge(&f, &c);
    assert_false(f.accounts[0].cost_known);
    f = hour(0);
    f.account_count = b.account_count = c.account_count = 2;
    b.energy_kwh[SITE_E_IMPORT] = 8; /* the other account's */
    facts_merge(&f, &b);
    facts_merge(&f, &c);
    assert_true(f.accounts[0].cost_known);
    assert_false(f.accounts[1].cost_known);
}

/* 10 + 5 kg; the storage's content is that of the last part that knows it. */
static void carbon_adds_up_and_the_storage_ends_last(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1), c = quarter(2);

    a.carbon.location_kg = 10;
    b.carbon.location_kg = 5;
    b.carbon.busbar_kwh = 4;
    a.carbon.avoided_storage_kg = -1;
    b.carbon.avoided_storage_kg = 3;
    a.carbon.ess = (struct ess_carbon){.kwh = 50, .kg = 30, .estimated = true};
    b.carbon.ess = (struct ess_carbon){.kwh = 40, .kg = 24};
    b.carbon.factor_varies = true;
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    facts_merge(&f, &c);
    assert_near(f.carbon.location_kg, 15);
    assert_near(f.carbon.busbar_kwh, 4);
    assert_near(f.carbon.busbar_kg, UNKNOWN);
    assert_near(f.carbon.avoided_storage_kg, 2);
    assert_near(f.carbon.ess.kwh, 40);
    assert_near(f.carbon.ess.kg, 24);
    assert_false(f.carbon.ess.estimated);
    assert_true(f.carbon.factor_varies);
}

static struct factor_used factor(const char *id, double kg_per_kwh, bool provisional) {
    struct factor_used u = {.provisional = provisional, .kg_per_kwh = kg_per_kwh};
    snprintf(u.id, sizeof u.id, "%s", id);
    return u;
}

/* A provisional one is replaced in the second part: the slot stays provisional. */
static void the_later_factor_is_named_and_provisional_sticks(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1), c = quarter(2);

    a.carbon.factor = factor("province/a/2022", 0.6, true);
    a.carbon.national = factor("national/cn/2022", 0.5, false);
    b.carbon.factor = factor("province/a/2023", 0.55, false);
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    facts_merge(&f, &c); /* has none */
    assert_string_equal(f.carbon.factor.id, "province/a/2023");
    assert_near(f.carbon.factor.kg_per_kwh, 0.55);
    assert_true(f.carbon.factor.provisional);
    assert_string_equal(f.carbon.national.id, "national/cn/2022");
    assert_false(f.carbon.national.provisional);
}

/* -2 + 5 = 3 of 40 + 60; the last word on the suspect counts. */
static void residuals_are_added_and_the_last_suspect_stands(void **state) {
    (void)state;
    struct slot_facts f = hour(0), a = quarter(0), b = quarter(1), c = quarter(2);

    a.balance = (struct balance_facts){.residual_kwh = -2,
                                       .feeders_kwh = 40,
                                       .bad_slots = 1,
                                       .suspect = {SUSPECT_REVERSED, 1, UNKNOWN, 9, 1},
                                       .nodes = {{3, UNKNOWN, 8}},
                                       .node_count = 1};
    b.balance = (struct balance_facts){.residual_kwh = 5,
                                       .feeders_kwh = 60,
                                       .bad_slots = 2,
                                       .suspect = {SUSPECT_RATIO, 0, 2, 9, 1},
                                       .nodes = {{3, 0.5, 9}},
                                       .node_count = 1};
    facts_merge(&f, &a);
    facts_merge(&f, &b);
    assert_near(f.balance.residual_kwh, 3);
    assert_int_equal(f.balance.node_count, 1);
    assert_int_equal(f.balance.nodes[0].feed, 3);
    assert_near(f.balance.nodes[0].residual_kwh, 0.5); /* unknown in one part */
    assert_near(f.balance.nodes[0].flow_kwh, 17);
    assert_near(f.balance.feeders_kwh, 100);
    assert_int_equal(f.balance.bad_slots, 3);
    assert_int_equal(f.balance.suspect.kind, SUSPECT_RATIO);
    facts_merge(&f, &c);
    assert_near(f.balance.residual_kwh, 3);
    assert_int_equal(f.balance.suspect.kind, SUSPECT_NONE);
}

/* Quarter i of a day with every kind of number in it; each is unknown in some quarters. */
static struct slot_facts busy_quarter(int i) {
    struct slot_facts q = priced(i, i % 7 == 3 ? UNKNOWN : i, i % 5 ? 'v' : 'k');
    struct account_facts *a = &q.accounts[0];
    struct point_facts *p = &q.points[0];

    q.covered = (uint64_t)(900000 - 1000 * (i % 11));
    q.quality = i == 40 ? QUALITY_SUSPECT : QUALITY_GOOD;
    q.cause = i == 17 ? CAUSE_CLOCK : i == 60 ? CAUSE_INCOMPLETE : CAUSE_NONE;
    q.clock_offset_ms = i == 9 ? -40 : 3;
    if (i >= 24 && i < 76) /* the inverters sleep at night */
        q.power[SITE_PV] = (struct power_stat){100 - fabs(i - 50.0), i, 100 + i};
    q.soc_start_pct = i > 5 ? 30 + i % 40 : UNKNOWN;
    q.soc_end_pct = i < 90 ? 31 + i % 40 : UNKNOWN;
    p->block_kw = a->block_kw = i * 37 % 50;
    p->block_at = a->block_at = q.start;
    a->sliding = (struct demand_peak){i * 31 % 53, q.start};
    a->month_max = i % 4 ? (struct demand_peak){500 + i, q.start} : a->month_max;
    p->s_kva = (struct range_stat){i, i - 1, i + 1, (uint32_t)q.covered};
    if (i % 3)
        q.transformers[0] = (struct transformer_facts){i, 2 * i, 0.25};
    q.carbon.location_kg = i % 6 ? 0.5 * i : UNKNOWN;
    q.balance.residual_kwh = i % 8 ? 1 : UNKNOWN;
    return q;
}

static void assert_same_sums(const struct slot_facts *a, const struct slot_facts *b) {
    for (size_t i = 0; i < SITE_ENERGY_COUNT; i++)
        assert_near(a->energy_kwh[i], b->energy_kwh[i]);
    assert_int_equal(a->covered, b->covered);
    assert_near(a->coverage, b->coverage);
    assert_int_equal(a->quality, b->quality);
    assert_int_equal(a->cause, b->cause);
    assert_near(a->clock_offset_ms, b->clock_offset_ms);
    assert_near(a->soc_start_pct, b->soc_start_pct);
    assert_near(a->soc_end_pct, b->soc_end_pct);
    assert_near(a->power[SITE_PV].avg, b->power[SITE_PV].avg);
    assert_near(a->power[SITE_PV].min, b->power[SITE_PV].min);
    assert_near(a->power[SITE_PV].max, b->power[SITE_PV].max);
    assert_near(a->points[0].s_kva.avg, b->points[0].s_kva.avg);
    assert_int_equal(a->points[0].block_at, b->points[0].block_at);
    assert_near(a->transformers[0].s_avg_kva, b->transformers[0].s_avg_kva);
    assert_near(a->transformers[0].loss_kwh, b->transformers[0].loss_kwh);
    assert_near(a->carbon.location_kg, b->carbon.location_kg);
    assert_near(a->balance.residual_kwh, b->balance.residual_kwh);
}

static void assert_same_account(const struct account_facts *a, const struct account_facts *b) {
    assert_near(a->block_kw, b->block_kw);
    assert_int_equal(a->sliding.at, b->sliding.at);
    assert_near(a->month_max.kw, b->month_max.kw);
    assert_near(a->import_kwh[TARIFF_FLAT], b->import_kwh[TARIFF_FLAT]);
    assert_int_equal(a->cost_e8, b->cost_e8);
    assert_int_equal(a->cost_known, b->cost_known);
    assert_int_equal(a->cost_verified, b->cost_verified);
    assert_int_equal(a->price_version, b->price_version);
}

/* A day of 96 quarters is the day of its 24 hours. The sums by hand: imports i = 0..95 without
 * those of i mod 7 = 3: 4560 - (3 + 10 + ... + 94) = 4560 - 14 x 97 / 2 = 3881; PV's mean is over
 * i = 24..75 only and so above 74; 64 quarters of losses, 16; 84 residuals of 1. */
static void a_day_of_quarters_is_a_day_of_hours(void **state) {
    (void)state;
    struct site s = one_of_each();
    struct slot_facts by_quarter, by_hour;

    facts_init(&by_quarter, &s, SLOT_1D, T0, T0 + 24 * HOUR);
    by_hour = by_quarter;
    for (int h = 0; h < 24; h++) {
        struct slot_facts one = hour(h);
        for (int i = 4 * h; i < 4 * h + 4; i++) {
            struct slot_facts q = busy_quarter(i);
            facts_merge(&one, &q);
            facts_merge(&by_quarter, &q);
        }
        facts_merge(&by_hour, &one);
    }
    assert_same_sums(&by_hour, &by_quarter);
    assert_same_account(&by_hour.accounts[0], &by_quarter.accounts[0]);
    assert_near(by_hour.energy_kwh[SITE_E_IMPORT], 3881);
    assert_true(by_hour.power[SITE_PV].avg > 74 && by_hour.power[SITE_PV].avg < 100);
    assert_near(by_hour.transformers[0].loss_kwh, 16);
    assert_near(by_hour.balance.residual_kwh, 84);
    assert_near(by_hour.accounts[0].month_max.kw, 595); /* of i = 95, not divisible by 4 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_split_adds_the_parts_that_have_one),
        cmocka_unit_test(contract_is_the_one_at_the_start),
        cmocka_unit_test(a_cost_is_known_when_every_part_with_import_has_one),
        cmocka_unit_test(a_shift_is_known_when_every_part_that_moved_has_one),
        cmocka_unit_test(nodes_are_merged_by_their_feed),
        cmocka_unit_test(costs_are_added_in_integers),
        cmocka_unit_test(energy_before_the_tariff_leaves_the_cost_unknown),
        cmocka_unit_test(carbon_adds_up_and_the_storage_ends_last),
        cmocka_unit_test(the_later_factor_is_named_and_provisional_sticks),
        cmocka_unit_test(residuals_are_added_and_the_last_suspect_stands),
        cmocka_unit_test(a_day_of_quarters_is_a_day_of_hours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
