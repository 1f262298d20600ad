/* Tariff periods and money of a slot. Prices: settle_prices.h. Expected values are worked out in
 * the comments. */
#include "settle_prices.h"

static struct price_curve curve;

static void quarter_from(int h, int m) {
    plant_slot(SLOT_15M, AT(h, m), AT(h, m) + QUARTER);
}

static void draw(double first_kwh, double second_kwh) {
    plant.facts.points[0].import_kwh = first_kwh;
    plant.facts.points[1].import_kwh = second_kwh;
    plant.facts.points[0].export_kwh = plant.facts.points[1].export_kwh = 0.0;
}

static void settle_the_money(void) {
    settle_money(&plant.site, &plant.books, zone_shanghai, &plant.facts);
}

/* One price for a whole day, from 00:00. */
static void push_curve(int64_t fen) {
    curve = (struct price_curve){.day = civil_day(2026, 11, 23), .version = 7};
    for (size_t i = 0; i < 96; i++)
        curve.price_e8[i] = fen * FEN;
    plant.books.prices.curves = &curve;
    plant.books.prices.curve_count = 1;
}

/* ---- periods ------------------------------------------------------------------------------ */

/* 20 + 10 kWh from 08:00 to 08:15, 5 minutes flat and 10 of peak: 10 x 0.65 + 20 x 0.85 = 23.50. */
static void a_quarter_with_an_edge_is_split_by_minutes(void **state) {
    (void)state;
    draw(20, 10);
    plant.facts.points[1].export_kwh = 3;
    settle_the_money();
    const struct account_facts *a = &plant.facts.accounts[0];
    assert_true(a->split_known && a->cost_known && a->cost_verified && !a->priced_by_curve);
    assert_near(a->import_kwh[TARIFF_FLAT], 10);
    assert_near(a->import_kwh[TARIFF_PEAK], 20);
    assert_near(a->import_kwh[TARIFF_VALLEY], 0);
    assert_near(a->import_kwh[TARIFF_SHARP], 0);
    assert_near(a->export_kwh[TARIFF_FLAT], 1);
    assert_near(a->export_kwh[TARIFF_PEAK], 2);
    assert_int_equal(a->cost_e8, 2350 * FEN);
    assert_int_equal(a->price_version, 1);
}

/* 20 x 0.45 = 9.00 in the valley; 10 x 1.05 = 10.50 in the sharp hour. */
static void each_account_pays_for_its_own_points(void **state) {
    (void)state;
    plant.site.account_count = 2;
    plant.metering[1].account = 1;
    quarter_from(3, 0);
    draw(20, 10);
    settle_the_money();
    assert_int_equal(plant.facts.accounts[0].cost_e8, 900 * FEN);
    assert_int_equal(plant.facts.accounts[1].cost_e8, 450 * FEN);
    quarter_from(18, 0);
    draw(20, 10);
    settle_the_money();
    assert_int_equal(plant.facts.accounts[0].cost_e8, 2100 * FEN);
    assert_int_equal(plant.facts.accounts[1].cost_e8, 1050 * FEN);
}

/* Half a fen of 1e-8 CNY is nowhere lost: 1/3 kWh x 0.45 = 0.15 exactly. */
static void money_is_an_integer_of_small_units(void **state) {
    (void)state;
    quarter_from(3, 0);
    draw(1.0 / 3.0, 0);
    settle_the_money();
    assert_int_equal(plant.facts.accounts[0].cost_e8, 15 * FEN);
}

static void without_a_version_of_that_day_nothing_is_split_or_priced(void **state) {
    (void)state;
    draw(20, 10);
    price_versions[0].to_day = civil_day(2026, 11, 23);
    settle_the_money();
    const struct account_facts *a = &plant.facts.accounts[0];
    assert_true(!a->split_known && !a->cost_known && a->cost_e8 == 0);
    assert_near(a->import_kwh[TARIFF_PEAK], UNKNOWN);
    plant.accounts[0].tariff = NULL;
    settle_the_money();
    assert_true(!a->split_known && !a->cost_known && !a->cost_verified && a->price_version == 0);
}

/* ---- what is not known -------------------------------------------------------------------- */

static void a_missing_component_leaves_the_cost_unknown(void **state) {
    for (size_t missing = 0; missing < 5; missing++) {
        a_priced_plant(state);
        draw(20, 10);
        price_rows[missing].month = LIST_MONTH - 1;
        settle_the_money();
        const struct account_facts *a = &plant.facts.accounts[0];
        assert_true(a->split_known && !a->cost_known && !a->cost_verified);
        assert_int_equal(a->cost_e8, 0);
        assert_int_equal(a->price_version, 0);
        assert_near(a->import_kwh[TARIFF_PEAK], 20);
    }
}

/* The sharp price has no ratio. What was drawn in the valley costs 9.00 all the same; in the sharp
 * hour nothing was drawn, and nothing costs nothing. */
static void a_price_that_nothing_was_drawn_at_may_be_missing(void **state) {
    (void)state;
    price_versions[0].ratio[TARIFF_SHARP] = UNKNOWN;
    quarter_from(3, 0);
    draw(20, 0);
    settle_the_money();
    assert_true(plant.facts.accounts[0].cost_known && plant.facts.accounts[0].cost_verified);
    assert_int_equal(plant.facts.accounts[0].cost_e8, 900 * FEN);
    quarter_from(18, 0);
    draw(0, 0);
    settle_the_money();
    assert_true(plant.facts.accounts[0].cost_known);
    assert_int_equal(plant.facts.accounts[0].cost_e8, 0);
    draw(1, 0);
    settle_the_money();
    assert_false(plant.facts.accounts[0].cost_known);
}

/* An unknown point makes the account unknown, unless it stands by; periods without any time of the
 * slot are 0 whatever was drawn. */
static void an_unknown_import_costs_something_unknown(void **state) {
    (void)state;
    draw(30, UNKNOWN);
    settle_the_money();
    const struct account_facts *a = &plant.facts.accounts[0];
    assert_true(a->split_known && !a->cost_known);
    assert_near(a->import_kwh[TARIFF_PEAK], UNKNOWN);
    assert_near(a->import_kwh[TARIFF_VALLEY], 0);
    plant.metering[1].standby = true;
    settle_the_money(); /* 10 x 0.65 + 20 x 0.85 */
    assert_true(a->cost_known);
    assert_int_equal(a->cost_e8, 2350 * FEN);
    plant.metering[0].standby = true;
    draw(UNKNOWN, UNKNOWN);
    settle_the_money();
    assert_false(a->cost_known);
    assert_near(a->import_kwh[TARIFF_PEAK], UNKNOWN);
}

/* A meter without an export register: nobody knows what left. The cost of the import is known. */
static void an_unknown_export_stays_unknown(void **state) {
    (void)state;
    draw(20, 10);
    plant.facts.points[1].export_kwh = UNKNOWN;
    settle_the_money();
    assert_near(plant.facts.accounts[0].export_kwh[TARIFF_PEAK], UNKNOWN);
    assert_true(plant.facts.accounts[0].cost_known);
}

static void one_unverified_part_makes_the_cost_unverified(void **state) {
    (void)state;
    draw(20, 10);
    price_rows[3].verified = false;
    settle_the_money();
    assert_true(plant.facts.accounts[0].cost_known && !plant.facts.accounts[0].cost_verified);
    price_rows[3].verified = true;
    price_versions[0].verified = false;
    settle_the_money();
    assert_true(plant.facts.accounts[0].cost_known && !plant.facts.accounts[0].cost_verified);
}

/* Losses were corrected twice: version 3 is the highest that went in. The export price, version 9,
 * went into nothing. */
static void the_version_is_the_highest_that_went_in(void **state) {
    (void)state;
    draw(20, 10);
    list_price(PRICE_LOSSES, 99, 2);
    list_price(PRICE_LOSSES, 2, 3);
    list_price(PRICE_EXPORT, 30, 9);
    settle_the_money();
    assert_int_equal(plant.facts.accounts[0].cost_e8, 2350 * FEN);
    assert_int_equal(plant.facts.accounts[0].price_version, 3);
}

/* ---- curves ------------------------------------------------------------------------------- */

/* 30 kWh x 0.50 = 15.00 whatever the period, and whatever the list says. */
static void a_curve_wins_over_the_list(void **state) {
    (void)state;
    draw(20, 10);
    push_curve(50);
    settle_the_money();
    const struct account_facts *a = &plant.facts.accounts[0];
    assert_true(a->cost_known && a->cost_verified && a->priced_by_curve && a->split_known);
    assert_int_equal(a->cost_e8, 1500 * FEN);
    assert_int_equal(a->price_version, 7);
    curve.day--; /* of another day */
    settle_the_money();
    assert_false(a->priced_by_curve);
    assert_int_equal(a->cost_e8, 2350 * FEN);
}

/* Who trades in the market has no periods. */
static void a_curve_prices_an_account_without_a_tariff(void **state) {
    (void)state;
    draw(20, 10);
    push_curve(50);
    plant.accounts[0].tariff = NULL;
    settle_the_money();
    assert_true(plant.facts.accounts[0].cost_known && !plant.facts.accounts[0].split_known);
    assert_int_equal(plant.facts.accounts[0].cost_e8, 1500 * FEN);
    assert_near(plant.facts.accounts[0].import_kwh[TARIFF_PEAK], UNKNOWN);
    draw(UNKNOWN, 10);
    settle_the_money();
    assert_false(plant.facts.accounts[0].cost_known);
}

/* ---- storage ------------------------------------------------------------------------------ */

/* 18 kWh out in the sharp hour: 18.90; 20 kWh in in the valley: -9.00. On the quarter with the edge
 * 3 kWh out: 1 x 0.65 + 2 x 0.85 = 2.35. */
static void the_storage_shifts_at_the_prices_of_its_time(void **state) {
    (void)state;
    static const struct {
        int h;
        double charge, discharge;
        int64_t fen;
    } rows[] = {{18, 0, 18, 1890}, {3, 20, 0, -900}, {8, 0, 3, 235}, {8, 0, 0, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        quarter_from(rows[i].h, 0);
        draw(20, 10);
        plant.facts.energy_kwh[SITE_E_CHARGE] = rows[i].charge;
        plant.facts.energy_kwh[SITE_E_DISCHARGE] = rows[i].discharge;
        settle_the_money();
        assert_true(plant.facts.accounts[0].arbitrage_known);
        assert_int_equal(plant.facts.accounts[0].arbitrage_e8, rows[i].fen * FEN);
    }
    push_curve(50);
    plant.facts.energy_kwh[SITE_E_DISCHARGE] = 3;
    settle_the_money();
    assert_int_equal(plant.facts.accounts[0].arbitrage_e8, 150 * FEN);
}

/* The storage covers all in the sharp hour, of which there is no price: the cost of no import is 0,
 * the shift is unknown. So it is with a silent storage meter, and for any other account. */
static void a_shift_without_price_or_energy_is_unknown(void **state) {
    (void)state;
    price_versions[0].ratio[TARIFF_SHARP] = UNKNOWN;
    plant.site.account_count = 2;
    plant.metering[1].account = 1;
    quarter_from(18, 0);
    draw(0, 0);
    plant.facts.energy_kwh[SITE_E_CHARGE] = 0;
    plant.facts.energy_kwh[SITE_E_DISCHARGE] = 18;
    settle_the_money();
    const struct account_facts *a = plant.facts.accounts;
    assert_true(a[0].cost_known && !a[0].arbitrage_known && a[0].arbitrage_e8 == 0);
    quarter_from(3, 0);
    draw(20, 10);
    plant.facts.energy_kwh[SITE_E_DISCHARGE] = 18;
    settle_the_money();
    assert_true(a[0].cost_known && !a[0].arbitrage_known);
    plant.facts.energy_kwh[SITE_E_CHARGE] = 0;
    settle_the_money();
    assert_true(a[0].arbitrage_known && !a[1].arbitrage_known);
}

/* Prices that came later: nothing of what was settled before remains. */
static void settling_again_starts_anew(void **state) {
    (void)state;
    draw(20, 10);
    push_curve(50);
    plant.facts.energy_kwh[SITE_E_CHARGE] = 0;
    plant.facts.energy_kwh[SITE_E_DISCHARGE] = 18;
    settle_the_money();
    plant.books.prices.curve_count = plant.books.prices.row_count = 0;
    settle_the_money();
    const struct account_facts *a = &plant.facts.accounts[0];
    assert_true(!a->cost_known && !a->cost_verified && !a->arbitrage_known && !a->priced_by_curve);
    assert_true(a->cost_e8 == 0 && a->arbitrage_e8 == 0 && a->price_version == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_quarter_with_an_edge_is_split_by_minutes, a_priced_plant),
        cmocka_unit_test_setup(each_account_pays_for_its_own_points, a_priced_plant),
        cmocka_unit_test_setup(money_is_an_integer_of_small_units, a_priced_plant),
        cmocka_unit_test_setup(without_a_version_of_that_day_nothing_is_split_or_priced,
                               a_priced_plant),
        cmocka_unit_test_setup(a_missing_component_leaves_the_cost_unknown, a_priced_plant),
        cmocka_unit_test_setup(a_price_that_nothing_was_drawn_at_may_be_missing, a_priced_plant),
        cmocka_unit_test_setup(an_unknown_import_costs_something_unknown, a_priced_plant),
        cmocka_unit_test_setup(an_unknown_export_stays_unknown, a_priced_plant),
        cmocka_unit_test_setup(one_unverified_part_makes_the_cost_unverified, a_priced_plant),
        cmocka_unit_test_setup(the_version_is_the_highest_that_went_in, a_priced_plant),
        cmocka_unit_test_setup(a_curve_wins_over_the_list, a_priced_plant),
        cmocka_unit_test_setup(a_curve_prices_an_account_without_a_tariff, a_priced_plant),
        cmocka_unit_test_setup(the_storage_shifts_at_the_prices_of_its_time, a_priced_plant),
        cmocka_unit_test_setup(a_shift_without_price_or_energy_is_unknown, a_priced_plant),
        cmocka_unit_test_setup(settling_again_starts_anew, a_priced_plant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
