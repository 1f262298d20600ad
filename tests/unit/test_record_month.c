/* Records of a day, a month and a bill: what they say beside a slot's own members. */
#include "unit/record_fixture.h"

/* Local midnights at +08:00 (python: datetime.timestamp()). */
#define DAY_START   1795363200000 /* 2026-11-23 */
#define DAY_END     1795449600000
#define MONTH_START 1793462400000 /* 2026-11-01 */
#define MONTH_END   1796054400000
#define BILL_START  1792944000000 /* 2026-10-26 */
#define BILL_END    1795622400000

static const struct month_account unknown_month = {.kwh = UNKNOWN,
                                                   .kvarh = UNKNOWN,
                                                   .hours = UNKNOWN,
                                                   .pf = {.pf_hundredths = -1},
                                                   .pf_without_pv_hundredths = -1,
                                                   .demand_kw = UNKNOWN};

/* Basic 3200 kW x 28 = 89,600; energy 52,345.675; adjustment -0.3 % of both, -425.84: together
 * 141,519.835, half-up 141,519.84. main alone: dorm is unknown. */
static int a_day(void **state) {
    a_quarter(state);
    plant.month = (struct month_facts){.accounts = {{.kwh = 70000.5,
                                                     .kvarh = 30000.25,
                                                     .hours = 540.0,
                                                     .pf = {.pf_hundredths = 92,
                                                            .adjust_e4 = -30,
                                                            .next_hundredths = 93,
                                                            .next_adjust_e4 = -45,
                                                            .kvarh_less = 2333.5,
                                                            .kvar = 4.375},
                                                     .pf_without_pv_hundredths = 95,
                                                     .demand_kw = 3200.0,
                                                     .basic_e8 = 8960000000000,
                                                     .energy_e8 = 5234567500000,
                                                     .adjust_e8 = -42584000000,
                                                     .total_e8 = 14151983500000,
                                                     .basic_known = true,
                                                     .energy_known = true,
                                                     .adjust_known = true,
                                                     .high_use = true}},
                                       .market_kg = 1234.5,
                                       .slots_expected = 480,
                                       .slots_stored = 478,
                                       .slots_acknowledged = 470,
                                       .day_month_deviation = UNKNOWN,
                                       .boundary_error_ms = 1250.0,
                                       .max_kw = 1200.5,
                                       .min_kw = 80.25,
                                       .load_factor = 0.61234,
                                       .peak_shaved_kw = 150.0,
                                       .performance_ratio = UNKNOWN};
    plant.month.accounts[1] = unknown_month;
    plant.facts.period = SLOT_1D;
    plant.facts.start = DAY_START;
    plant.facts.end = DAY_END;
    plant.facts.energy_kwh[SITE_E_CHARGE] = 800.0;
    plant.facts.energy_kwh[SITE_E_DISCHARGE] = 700.0;
    plant.facts.soc_end_pct = 35.0;
    plant.source.month = &plant.month;
    plant.source.acknowledged = 7;
    plant.source.storage_eta = 0.81;
    return 0;
}

#define MAIN_MONTH                                                                                 \
    "{\"account\":\"main\",\"kwh\":70000.5,\"kvarh\":30000.25,\"power_factor\":0.92,"              \
    "\"adjust_pct\":-0.3,\"next_power_factor\":0.93,\"next_adjust_pct\":-0.45,"                    \
    "\"kvarh_less\":2333.5,\"kvar\":4.375,\"power_factor_without_pv\":0.95,\"demand_kw\":3200,"    \
    "\"basic_cny\":\"89600.00\",\"energy_cny\":\"52345.68\",\"adjust_cny\":\"-425.84\","           \
    "\"total_cny\":\"141519.84\",\"high_use\":true,\"verified\":false}"
#define DORM_MONTH                                                                                 \
    "{\"account\":\"dorm\",\"kwh\":null,\"kvarh\":null,\"power_factor\":null,"                     \
    "\"adjust_pct\":null,\"next_power_factor\":null,\"next_adjust_pct\":null,\"kvarh_less\":null," \
    "\"kvar\":null,\"power_factor_without_pv\":null,\"demand_kw\":null,\"basic_cny\":null,"        \
    "\"energy_cny\":null,\"adjust_cny\":null,\"total_cny\":null,\"high_use\":false,"               \
    "\"verified\":false}"
#define LOAD                                                                                       \
    ",\"load\":{\"max_kw\":1200.5,\"min_kw\":80.25,\"load_factor\":0.6123,"                        \
    "\"peak_shaved_kw\":150},\"pv_hours\":0,\"performance_ratio\":null,\"filed\":"

/* Round trip 700 / (800 + 0.05 x 1000) = 0.8235; (800 + 700) / 2000 = 0.75 cycles. Drift: -50 -
 * (800 x 0.9 - 700 / 0.9) = 7.778. 478 / 480 = 0.9958. */
static void a_day_has_the_month_so_far(void **state) {
    (void)state;
    write_record(&head, 0, NULL, 0);
    assert_contains("\"period\":\"1d\",\"start\":\"2026-11-23T00:00:00+08:00\","
                    "\"end\":\"2026-11-24T00:00:00+08:00\",");
    assert_contains(",\"storage\":{\"soc_start_pct\":40,\"soc_end_pct\":35,\"cycles\":0.75,"
                    "\"round_trip\":0.8235,\"soc_drift_kwh\":7.778},");
    assert_contains(",\"completeness\":{\"expected\":9,\"stored\":9,\"acknowledged\":7,"
                    "\"slots\":{\"expected\":480,\"stored\":478,\"acknowledged\":470,"
                    "\"ratio\":0.9958},\"boundary_error_s\":1.25,\"day_month_deviation\":null},"
                    "\"month\":[" MAIN_MONTH "," DORM_MONTH "]" LOAD "false}");
    assert_lacks("\"market_kg\"");              /* slots do not add up to it */
    assert_lacks("\"self_used_of_available\""); /* of a month */
    check_json("record", "day");
}

/* Without an efficiency there is nothing to compare the state of charge with. */
static void drift_needs_an_efficiency(void **state) {
    (void)state;
    plant.source.storage_eta = 0.0;
    write_members();
    assert_contains("\"round_trip\":0.8235,\"soc_drift_kwh\":null}");
}

static void a_day_of_a_site_without_accounts(void **state) {
    (void)state;
    plant.site.account_count = plant.site.metering_point_count = plant.site.transformer_count = 0;
    plant.month.slots_acknowledged = UINT32_MAX;
    plant.month.slots_expected = plant.month.slots_stored = 0;
    write_members();
    assert_lacks("\"points\":");
    assert_lacks("\"demand\":");
    assert_lacks("\"transformers\":");
    assert_lacks("\"tariff\":");
    assert_lacks("\"month\":");
    assert_contains("\"slots\":{\"expected\":0,\"stored\":0,\"acknowledged\":null,"
                    "\"ratio\":null}");
    assert_contains(LOAD "false");
}

/* 30 of 365 days of the year's supply: contract 365,000 kWh gives 30,000; 146 certificates, 73 of
 * them the contract's, give 6,000; of own PV 36,500 are sold: 3,000. Self-used 42,000 - 2,000 =
 * 40,000. (40,000 - 3,000 + 30,000 + 6,000) / 540,000 = 0.1352. 40,000 / 42,000 = 0.9524, 40,000 /
 * 540,000 = 0.0741, 2,000 / 42,000 = 0.0476; 1 - 500,000 / 540,000 = 0.0741. */
static int a_month(void **state) {
    a_day(state);
    plant.facts.period = SLOT_1MO;
    plant.facts.start = MONTH_START;
    plant.facts.end = MONTH_END;
    plant.facts.energy_kwh[SITE_E_IMPORT] = 500000.0;
    plant.facts.energy_kwh[SITE_E_EXPORT] = 2000.0;
    plant.facts.energy_kwh[SITE_E_PV] = 42000.0;
    plant.facts.claimed_kwh = 42000.0;
    plant.facts.energy_kwh[SITE_E_LOAD] = 540000.0;
    plant.site.green = (struct green_supply){365000.0, 146.0, 73.0, 36500.0};
    plant.month.day_month_deviation = 0.00125;
    plant.month.performance_ratio = 0.81255;
    plant.month.filed = true;
    return 0;
}

static void a_month_has_market_carbon_and_policy_shares(void **state) {
    (void)state;
    write_record(&head, 2, NULL, 0);
    assert_contains("\"period\":\"1mo\",\"start\":\"2026-11-01T00:00:00+08:00\","
                    "\"end\":\"2026-12-01T00:00:00+08:00\",");
    assert_contains("\"market_base_kwh\":155,\"market_kg\":1234.5,");
    assert_contains("\"ratios\":{\"self_consumption\":0.9524,\"self_sufficiency\":0.0741,"
                    "\"green_share\":0.1352,\"transformer_load\":0.135,"
                    "\"self_used_of_available\":0.9524,\"self_used_of_consumption\":0.0741,"
                    "\"export_of_available\":0.0476,\"available_known\":false}");
    assert_contains("\"boundary_error_s\":1.25,\"day_month_deviation\":0.0013}");
    assert_contains("\"performance_ratio\":0.8126,\"filed\":true}");
    check_json("record", "month");
}

/* More bundled certificates than certificates: none is left over, none is taken away. */
static void bundled_certificates_are_never_subtracted(void **state) {
    (void)state;
    plant.site.green = (struct green_supply){0.0, 10.0, 73.0, 0.0};
    write_members();
    assert_contains("\"green_share\":0.0741,"); /* 40,000 / 540,000 */
}

/* ---- a bill ------------------------------------------------------------------------------ */

static int a_bill(void **state) {
    a_month(state);
    plant.facts.period = SLOT_BILL;
    plant.facts.start = BILL_START;
    plant.facts.end = BILL_END;
    plant.month.market_kg = UNKNOWN;
    plant.source.account = 1;
    return 0;
}

static size_t length_of(const json_t *root, const char *name) {
    const json_t *list = json_object_get(root, name);
    assert_true(json_is_array(list));
    return json_array_size(list);
}

static void a_bill_is_of_one_account(void **state) {
    (void)state;
    json_error_t error;

    write_record(&head, 0, NULL, 0);
    assert_contains("\"period\":\"bill\",\"account\":\"dorm\","
                    "\"start\":\"2026-10-26T00:00:00+08:00\","
                    "\"end\":\"2026-11-26T00:00:00+08:00\",");
    assert_contains("\"points\":[{\"id\":\"p3\",");
    assert_contains("\"demand\":[{\"account\":\"dorm\",");
    assert_contains("\"transformers\":[{\"id\":\"t3\",");
    assert_contains("\"tariff\":[{\"account\":\"dorm\",");
    assert_contains("\"month\":[" DORM_MONTH "]");
    assert_contains("\"market_kg\":null,");
    assert_lacks("\"main\"");
    json_t *root = json_loads(body.data, 0, &error);
    for (const char *const *name =
             (const char *const[]){"points", "demand", "transformers", "tariff", "month", NULL};
         *name != NULL; name++)
        assert_int_equal(length_of(root, *name), 1);
    json_decref(root);
    check_json("record", "bill");
}

static void the_other_account_has_a_bill_of_its_own(void **state) {
    (void)state;
    plant.source.account = 0;
    write_record(&head, 0, NULL, 0);
    assert_contains("\"period\":\"bill\",\"account\":\"main\",");
    assert_contains("\"month\":[" MAIN_MONTH "]");
    assert_contains("{\"id\":\"t2\",");
    assert_lacks("\"dorm\"");
    assert_lacks("\"p3\"");
    assert_lacks("\"t3\"");
    check_json("record", "bill-main");
}

/* Of an account without any: the list is there and empty. */
static void a_bill_of_an_account_without_points(void **state) {
    (void)state;
    plant.points[2].account = 0;
    plant.transformers[2].account = 0;
    write_members();
    assert_contains(",\"points\":[],\"demand\":[{");
    assert_contains(",\"transformers\":[],");
}

/* ---- money and power factor -------------------------------------------------------------- */

/* A total with a part missing would look like a bill: it is null. */
static void a_total_needs_all_its_parts(void **state) {
    (void)state;
    struct month_account *m = &plant.month.accounts[0];

    m->basic_known = false;
    write_members();
    assert_contains("\"basic_cny\":null,\"energy_cny\":\"52345.68\",\"adjust_cny\":\"-425.84\","
                    "\"total_cny\":null,");
    m->basic_known = true;
    m->energy_known = false;
    write_members();
    assert_contains("\"energy_cny\":null,\"adjust_cny\":\"-425.84\",\"total_cny\":null,");
    m->energy_known = true;
    m->adjust_known = false;
    write_members();
    assert_contains("\"adjust_cny\":null,\"total_cny\":null,");
}

/* At the best step there is nothing to gain. */
static void the_best_power_factor_has_no_next_step(void **state) {
    (void)state;
    plant.month.accounts[0].pf.pf_hundredths = 100;
    plant.month.accounts[0].pf.adjust_e4 = -75;
    plant.month.accounts[0].pf.next_hundredths = -1;
    write_members();
    assert_contains("\"power_factor\":1,\"adjust_pct\":-0.75,\"next_power_factor\":null,"
                    "\"next_adjust_pct\":null,\"kvarh_less\":null,\"kvar\":null,");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_day_has_the_month_so_far, a_day),
        cmocka_unit_test_setup(drift_needs_an_efficiency, a_day),
        cmocka_unit_test_setup(a_day_of_a_site_without_accounts, a_day),
        cmocka_unit_test_setup(a_month_has_market_carbon_and_policy_shares, a_month),
        cmocka_unit_test_setup(bundled_certificates_are_never_subtracted, a_month),
        cmocka_unit_test_setup(a_bill_is_of_one_account, a_bill),
        cmocka_unit_test_setup(the_other_account_has_a_bill_of_its_own, a_bill),
        cmocka_unit_test_setup(a_bill_of_an_account_without_points, a_bill),
        cmocka_unit_test_setup(a_total_needs_all_its_parts, a_day),
        cmocka_unit_test_setup(the_best_power_factor_has_no_next_step, a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
