/* An account's month: power factor, advice, bill. Rules and prices: settle_prices.h. Expected
 * values are worked out in the comments. */
#include "settle_prices.h"

#define PF_KVARH                                                                                   \
    51862.7997701628 /* sqrt(100000^2 - 85500^2): with 85,500 kWh a power factor of 0.855 */

static struct contract_step contract = {INT32_MIN, 1000};
static struct month_account month;

/* November: 60,000 + 25,500 kWh, the reactive energy of 0.855, 100 hours covered, at most 1060 kW,
 * 100,000 CNY of energy. Contract 1000 kW. Demand 40, actual demand 45 CNY/kW, capacity 28 CNY/kVA.
 * A setup function. */
static int a_month(void **state) {
    a_priced_plant(state);
    plant.accounts[0].billing = BILLING_CONTRACT_DEMAND;
    plant.accounts[0].billing_given = true;
    plant.accounts[0].contracts = &contract;
    plant.accounts[0].contract_count = 1;
    list_price(PRICE_DEMAND, 4000, 1);
    list_price(PRICE_ACTUAL_DEMAND, 4500, 1);
    list_price(PRICE_CAPACITY, 2800, 1);
    ms_t start = local_midnight(civil_day(2026, 11, 1), zone_shanghai);
    plant_slot(SLOT_BILL, start, slot_end(SLOT_BILL, start, zone_shanghai, 1));
    struct slot_facts *f = &plant.facts;
    f->covered = (uint64_t)(100 * MS_PER_HOUR);
    f->points[0].import_kwh = 60000;
    f->points[1].import_kwh = 25500;
    f->points[0].kvarh[0] = 40000;
    f->points[0].kvarh[1] = 7777; /* q2 is not of this account's power factor */
    f->points[0].kvarh[3] = 1862.7997701628;
    f->points[1].kvarh[0] = 10000;
    f->accounts[0].month_max.kw = 1060;
    f->accounts[0].contract_kw = 1000;
    f->accounts[0].cost_e8 = 100000 * CNY;
    f->accounts[0].cost_known = f->accounts[0].cost_verified = true;
    return 0;
}

static void settle(bool is_bill) {
    settle_month(&plant.site, &plant.books, zone_shanghai, 0, &plant.facts, is_bill, &month);
}

static void assert_all_known(bool known) {
    assert_int_equal(month.basic_known && month.energy_known && month.adjust_known, known);
}

/* ---- power factor ------------------------------------------------------------------------- */

/* 0.855 is 0.86 (half-up): +2 %. The next step is 0.87, +1.5 %: tan acos 0.87 = 0.5667261, x 85,500
 * = 48,455.083 kvarh; 3407.717 less, over 100 h 34.077 kvar. */
static void the_month_says_what_the_next_step_needs(void **state) {
    (void)state;
    settle(false);
    assert_near(month.kwh, 85500);
    assert_near(month.kvarh, PF_KVARH);
    assert_near(month.hours, 100);
    assert_int_equal(month.pf.pf_hundredths, 86);
    assert_int_equal(month.pf.adjust_e4, 200);
    assert_int_equal(month.pf.next_hundredths, 87);
    assert_int_equal(month.pf.next_adjust_e4, 150);
    assert_true(fabs(month.pf.kvarh_less - 3407.7168) < 1e-3);
    assert_true(fabs(month.pf.kvar - 34.077168) < 1e-5);
    /* of a day there is no money */
    assert_true(!month.energy_known && !month.basic_known && !month.adjust_known);
    assert_near(month.demand_kw, UNKNOWN);
}

/* Where the tariff has no table for the standard, or there is no tariff, only the power factor is
 * known. */
static void without_a_table_there_is_no_advice(void **state) {
    (void)state;
    plant.accounts[0].pf_standard = 0.80;
    settle(true);
    assert_int_equal(month.pf.pf_hundredths, 86);
    assert_int_equal(month.pf.next_hundredths, -1);
    assert_near(month.pf.kvarh_less, UNKNOWN);
    assert_true(month.basic_known && !month.adjust_known);
    plant.accounts[0].tariff = NULL;
    settle(true);
    assert_int_equal(month.pf.pf_hundredths, 86);
    assert_int_equal(month.pf.next_hundredths, -1);
    assert_true(month.energy_known && !month.basic_known && !month.adjust_known);
}

/* Point 2 has no register of q4: its q1 counts. One without any reactive register, or unknown: the
 * account's is unknown; unless it stands by and is unknown. */
static void reactive_energy_needs_every_point(void **state) {
    (void)state;
    static const struct {
        double import_kwh, q1;
        bool standby;
        double kwh, kvarh;
    } rows[] = {
        {25500, 10000, false, 85500, PF_KVARH},
        {25500, UNKNOWN, false, 85500, UNKNOWN},
        {25500, UNKNOWN, true, 85500, UNKNOWN},
        {UNKNOWN, UNKNOWN, false, UNKNOWN, UNKNOWN},
        {UNKNOWN, UNKNOWN, true, 60000, PF_KVARH - 10000},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        a_month(state);
        plant.facts.points[1].import_kwh = rows[i].import_kwh;
        plant.facts.points[1].kvarh[0] = rows[i].q1;
        plant.metering[1].standby = rows[i].standby;
        settle(false);
        assert_near(month.kwh, rows[i].kwh);
        assert_near(month.kvarh, rows[i].kvarh);
        assert_int_equal(month.pf.pf_hundredths >= 0, !isnan(rows[i].kvarh));
    }
}

static void an_account_without_a_known_point_is_unknown(void **state) {
    (void)state;
    plant.metering[0].standby = plant.metering[1].standby = true;
    plant.facts.points[0].import_kwh = plant.facts.points[1].import_kwh = UNKNOWN;
    settle(true);
    assert_near(month.kwh, UNKNOWN);
    assert_int_equal(month.pf.pf_hundredths, -1);
    assert_true(!month.adjust_known && !month.high_use);
}

/* 16,500 kWh of PV, 2000 exported: 14,500 came from it instead of through the meter. 100,000 kWh
 * with 51,862.80 kvarh: 0.8877, 0.89. */
static void pv_lowers_the_power_factor(void **state) {
    (void)state;
    plant.facts.energy_kwh[SITE_E_PV] = 16500;
    plant.facts.energy_kwh[SITE_E_EXPORT] = 2000;
    settle(false);
    assert_int_equal(month.pf.pf_hundredths, 86);
    assert_int_equal(month.pf_without_pv_hundredths, 89);
    plant.facts.energy_kwh[SITE_E_EXPORT] = UNKNOWN;
    settle(false);
    assert_int_equal(month.pf_without_pv_hundredths, -1);
    plant.facts.energy_kwh[SITE_E_EXPORT] = 2000;
    plant.site.account_count = 2; /* behind which of the two it stands is not known */
    settle(false);
    assert_int_equal(month.pf_without_pv_hundredths, -1);
}

static void without_pv_there_is_nothing_to_compare(void **state) {
    (void)state;
    settle(false);
    assert_int_equal(month.pf_without_pv_hundredths, -1);
}

/* ---- bill --------------------------------------------------------------------------------- */

/* 106 % of the contract: 1000 + 2 x (1060 - 1050) = 1020 kW x 40 = 40,800. Energy 100,000. 2 % of
 * both: 2816. Together 143,616. */
static void a_bill_by_contract_demand(void **state) {
    (void)state;
    settle(true);
    assert_all_known(true);
    assert_near(month.demand_kw, 1020);
    assert_int_equal(month.basic_e8, 40800 * CNY);
    assert_int_equal(month.energy_e8, 100000 * CNY);
    assert_int_equal(month.adjust_e8, 2816 * CNY);
    assert_int_equal(month.total_e8, 143616 * CNY);
    assert_true(month.verified && !month.high_use);
}

/* 1060 kW x 45 = 47,700; where actual demand has no price of its own, x 40 = 42,400. */
static void a_bill_by_actual_demand(void **state) {
    (void)state;
    plant.accounts[0].billing = BILLING_ACTUAL_DEMAND;
    settle(true);
    assert_near(month.demand_kw, 1060);
    assert_int_equal(month.basic_e8, 47700 * CNY);
    price_rows[6].month--; /* actual demand */
    settle(true);
    assert_int_equal(month.basic_e8, 42400 * CNY);
}

/* 1600 kVA x 28 = 44,800, whatever the demand was. */
static void a_bill_by_capacity(void **state) {
    (void)state;
    plant.accounts[0].billing = BILLING_CAPACITY;
    plant.facts.accounts[0].month_max.kw = UNKNOWN;
    settle(true);
    assert_near(month.demand_kw, 1600);
    assert_int_equal(month.basic_e8, 44800 * CNY);
    assert_all_known(true);
}

/* 260 kWh a kVA: 416,000 kWh. 1020 kW x 0.9 x 40 = 36,720; a capacity charge has no discount. */
static void high_use_lowers_the_demand_price(void **state) {
    (void)state;
    plant.facts.points[0].import_kwh = 416000 - 25500;
    settle(true);
    assert_true(month.high_use);
    assert_near(month.demand_kw, 1020);
    assert_int_equal(month.basic_e8, 36720 * CNY);
    plant.accounts[0].billing = BILLING_CAPACITY;
    settle(true);
    assert_true(month.high_use);
    assert_int_equal(month.basic_e8, 44800 * CNY);
}

/* 2 % of the energy charge alone: 2000. Then it does not need the basic charge either. */
static void the_adjustment_may_leave_the_basic_charge_out(void **state) {
    (void)state;
    price_versions[0].billing.pf_includes_basic = false;
    settle(true);
    assert_int_equal(month.adjust_e8, 2000 * CNY);
    assert_int_equal(month.total_e8, 142800 * CNY);
    price_rows[5].month--; /* no demand price */
    settle(true);
    assert_true(month.adjust_known && !month.basic_known);
    assert_int_equal(month.adjust_e8, 2000 * CNY);
    assert_all_known(false);
}

/* 97,000 kWh with 20,000 kvarh: 0.9794, 0.98, at the cap: -0.75 % of 140,800 = -1056. */
static void a_good_power_factor_is_rewarded(void **state) {
    (void)state;
    plant.facts.points[0].import_kwh = 97000 - 25500;
    plant.facts.points[0].kvarh[0] = 20000;
    plant.facts.points[0].kvarh[3] = UNKNOWN;
    plant.facts.points[1].kvarh[0] = 0;
    settle(true);
    assert_int_equal(month.pf.pf_hundredths, 98);
    assert_int_equal(month.adjust_e8, -1056 * CNY);
    assert_int_equal(month.pf.next_hundredths, -1);
}

/* ---- what is missing ---------------------------------------------------------------------- */

static void without_a_demand_price_basic_and_total_are_unknown(void **state) {
    (void)state;
    price_rows[5].month--;
    settle(true);
    assert_true(month.energy_known && !month.basic_known && !month.adjust_known);
    assert_int_equal(month.basic_e8, 0);
    assert_near(month.demand_kw, 1020); /* the demand itself is known */
    assert_false(month.verified);
}

static void an_unknown_maximum_or_contract_leaves_basic_unknown(void **state) {
    (void)state;
    plant.facts.accounts[0].month_max.kw = UNKNOWN;
    settle(true);
    assert_true(!month.basic_known && isnan(month.demand_kw));
    plant.facts.accounts[0].month_max.kw = 900;
    plant.facts.accounts[0].contract_kw = UNKNOWN;
    settle(true);
    assert_true(!month.basic_known && isnan(month.demand_kw));
}

static void an_unknown_energy_cost_leaves_the_adjustment_unknown(void **state) {
    (void)state;
    plant.facts.accounts[0].cost_known = plant.facts.accounts[0].cost_verified = false;
    plant.facts.accounts[0].cost_e8 = 0;
    settle(true);
    assert_true(!month.energy_known && month.basic_known && !month.adjust_known);
    assert_false(month.verified);
}

static void an_unknown_power_factor_leaves_the_adjustment_unknown(void **state) {
    (void)state;
    plant.facts.points[1].kvarh[0] = UNKNOWN;
    settle(true);
    assert_true(month.energy_known && month.basic_known && !month.adjust_known);
}

/* The short form without a contract: nothing is billed, the energy has its cost. */
static void an_account_without_a_way_of_billing_has_energy_alone(void **state) {
    (void)state;
    plant.accounts[0].billing_given = false;
    settle(true);
    assert_true(month.energy_known && !month.basic_known && !month.adjust_known);
    assert_int_equal(month.energy_e8, 100000 * CNY);
    assert_near(month.demand_kw, UNKNOWN);
}

/* Energy, rules and price each unverify the bill. */
static void a_bill_is_verified_when_all_of_it_is(void **state) {
    for (int i = 0; i < 3; i++) {
        a_month(state);
        plant.facts.accounts[0].cost_verified = i != 0;
        price_versions[0].billing.verified = i != 1;
        price_rows[5].verified = i != 2;
        settle(true);
        assert_all_known(true);
        assert_false(month.verified);
    }
}

/* The bill from October 26 is billed by October's list and the tariff of its first day. */
static void a_bill_has_the_prices_of_its_first_day(void **state) {
    (void)state;
    ms_t start = local_midnight(civil_day(2026, 10, 26), zone_shanghai);
    plant.facts.start = start;
    plant.facts.end = slot_end(SLOT_BILL, start, zone_shanghai, 26);
    settle(true);
    assert_false(month.basic_known);
    price_rows[5].month--;
    settle(true);
    assert_int_equal(month.basic_e8, 40800 * CNY);
    price_versions[0].from_day = civil_day(2026, 10, 27);
    settle(true);
    assert_false(month.basic_known || month.adjust_known);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_month_says_what_the_next_step_needs, a_month),
        cmocka_unit_test_setup(without_a_table_there_is_no_advice, a_month),
        cmocka_unit_test_setup(reactive_energy_needs_every_point, a_month),
        cmocka_unit_test_setup(an_account_without_a_known_point_is_unknown, a_month),
        cmocka_unit_test_setup(pv_lowers_the_power_factor, a_month),
        cmocka_unit_test_setup(without_pv_there_is_nothing_to_compare, a_month),
        cmocka_unit_test_setup(a_bill_by_contract_demand, a_month),
        cmocka_unit_test_setup(a_bill_by_actual_demand, a_month),
        cmocka_unit_test_setup(a_bill_by_capacity, a_month),
        cmocka_unit_test_setup(high_use_lowers_the_demand_price, a_month),
        cmocka_unit_test_setup(the_adjustment_may_leave_the_basic_charge_out, a_month),
        cmocka_unit_test_setup(a_good_power_factor_is_rewarded, a_month),
        cmocka_unit_test_setup(without_a_demand_price_basic_and_total_are_unknown, a_month),
        cmocka_unit_test_setup(an_unknown_maximum_or_contract_leaves_basic_unknown, a_month),
        cmocka_unit_test_setup(an_unknown_energy_cost_leaves_the_adjustment_unknown, a_month),
        cmocka_unit_test_setup(an_unknown_power_factor_leaves_the_adjustment_unknown, a_month),
        cmocka_unit_test_setup(an_account_without_a_way_of_billing_has_energy_alone, a_month),
        cmocka_unit_test_setup(a_bill_is_verified_when_all_of_it_is, a_month),
        cmocka_unit_test_setup(a_bill_has_the_prices_of_its_first_day, a_month),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
