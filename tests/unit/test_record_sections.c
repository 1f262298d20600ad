/* Sections of a record: when one is there, when a value is known, which offset a time has, and how
 * long a record may become. */
#include "unit/record_fixture.h"

/* A value that is there is never kept back, whatever the site is said to have. */
static void known_values_of_absent_roles_are_written(void **state) {
    (void)state;
    struct slot_facts *f = &plant.facts;
    struct live_body l = {.power_kw[SITE_WIND] = 8.0, .absent[SITE_WIND] = true};

    f->absent[SITE_STORAGE] = f->absent[SITE_LOAD_METERED] = true;
    f->power[SITE_WIND] = (struct power_stat){7.0, 6.0, 8.0};
    f->energy_kwh[SITE_E_WIND] = 1.75;
    f->soc_start_pct = UNKNOWN;
    write_members();
    assert_contains("\"wind\":{\"avg\":7,\"min\":6,\"max\":8}");
    assert_contains("\"wind\":1.75");
    assert_contains("\"storage\":{\"soc_start_pct\":null,\"soc_end_pct\":55.25,");
    assert_contains("\"balance\":{\"residual_kwh\":1.75,");
    assert_contains("\"stored_kg\":62.25,");
    f->soc_start_pct = 40.0;
    f->soc_end_pct = UNKNOWN;
    write_members();
    assert_contains("\"storage\":{\"soc_start_pct\":40,\"soc_end_pct\":null,");
    buf_reset(&body);
    live_write(&body, &l, CHINA);
    assert_contains("\"wind\":8");
}

/* Neither storage, nor feeders, nor a carbon file, nor a tariff. */
static void sections_of_what_the_site_lacks_are_left_out(void **state) {
    (void)state;
    struct slot_facts *f = &plant.facts;

    f->absent[SITE_STORAGE] = f->absent[SITE_LOAD_METERED] = true;
    f->soc_start_pct = f->soc_end_pct = f->balance.residual_kwh = UNKNOWN;
    f->carbon.charge_kg = f->carbon.discharge_kg = f->carbon.ess.kg = UNKNOWN;
    plant.accounts[0].tariff_id = plant.accounts[1].tariff_id = NULL;
    f->accounts[0].cost_known = false;
    write_members();
    assert_lacks("\"storage\":{\"soc");
    assert_lacks("\"balance\":");
    assert_lacks("\"tariff\":");
    assert_lacks("\"stored_kg\":");
    assert_contains("\"carbon\":");
    plant.site.carbon_book = NULL;
    write_members();
    assert_lacks("\"carbon\":");
}

static void stored_carbon_is_written_when_any_of_it_is_known(void **state) {
    (void)state;
    struct carbon_facts *c = &plant.facts.carbon;

    plant.facts.absent[SITE_STORAGE] = true;
    c->charge_kg = c->ess.kg = UNKNOWN;
    write_members();
    assert_contains("\"charge_kg\":null,\"discharge_kg\":3.25,\"stored_kg\":null,");
    c->discharge_kg = UNKNOWN;
    c->ess.kg = 1.5;
    write_members();
    assert_contains("\"charge_kg\":null,\"discharge_kg\":null,\"stored_kg\":1.5,");
}

/* ---- tariff ------------------------------------------------------------------------------ */

/* The mark of money that no verified price stands behind. */
static void a_cost_of_unverified_prices_is_marked(void **state) {
    (void)state;
    plant.facts.accounts[0].cost_verified = false;
    plant.facts.accounts[0].priced_by_curve = true;
    write_members();
    assert_contains("\"cost_cny\":\"97.51\",\"arbitrage_cny\":\"-3.20\",\"estimated\":true,"
                    "\"price_version\":3,\"priced_by\":\"curve\"}");
}

/* What is not priced is null and not marked; energies of the periods stay. */
static void an_unknown_cost_is_null(void **state) {
    (void)state;
    plant.facts.accounts[0].cost_known = false;
    write_members();
    assert_contains("\"flat\":5,\"valley\":0,\"deep\":0},\"cost_cny\":null,"
                    "\"arbitrage_cny\":\"-3.20\",\"estimated\":false,\"price_version\":3,"
                    "\"priced_by\":null}");
}

/* A storage whose meter is silent: the import has its cost all the same. */
static void an_unknown_shift_is_null(void **state) {
    (void)state;
    plant.facts.accounts[0].arbitrage_known = false;
    write_members();
    assert_contains("\"cost_cny\":\"97.51\",\"arbitrage_cny\":null,\"estimated\":false,");
}

static void a_site_without_storage_shifts_nothing(void **state) {
    (void)state;
    plant.facts.absent[SITE_STORAGE] = true;
    write_members();
    assert_contains("\"cost_cny\":\"97.51\",\"estimated\":false,");
}

/* Of the day on which the slot begins; after the version's end the account's own name is left. */
static void the_version_is_that_of_the_first_day(void **state) {
    (void)state;
    plant.version.verified = true;
    write_members();
    assert_contains("\"id\":\"henan-2024\",\"document\":\"豫发改价管〔2024〕283号\","
                    "\"status\":\"verified\",");
    plant.version.to_day = 20780; /* 2026-11-23, exclusive */
    write_members();
    assert_contains("{\"account\":\"main\",\"id\":\"henan-2024\",\"document\":null,"
                    "\"status\":\"unverified\",");
}

/* Prices that a platform pushed need no tariff. */
static void an_account_priced_by_curve_alone_has_no_tariff_id(void **state) {
    (void)state;
    plant.accounts[0].tariff_id = NULL;
    plant.accounts[0].tariff = NULL;
    plant.facts.accounts[0].priced_by_curve = true;
    write_record(&head, 0, NULL, 0);
    assert_contains("\"tariff\":[{\"account\":\"main\",\"id\":null,\"document\":null,");
    check_json("record", "curve");
}

/* ---- carbon, balance, storage ------------------------------------------------------------ */

/* 155 x 0.1229 = 19.0495, with 2.5 kgce of fuel 21.5495. A fuel meter that shows nothing makes the
 * sum unknown; without one there is no fuel to add. */
static void standard_coal_is_of_electricity_and_metered_fuel(void **state) {
    (void)state;
    plant.facts.carbon.fuel_kgce = 2.5;
    write_members();
    assert_contains("\"tce_kgce\":21.55,");
    plant.facts.carbon.fuel_kgce = UNKNOWN;
    plant.devices[FEEDER].role = ROLE_GAS;
    write_members();
    assert_contains("\"tce_kgce\":null,");
    plant.devices[FEEDER].role = ROLE_FUEL;
    write_members();
    assert_contains("\"tce_kgce\":null,");
}

static void a_busbar_without_energy_has_no_intensity(void **state) {
    (void)state;
    plant.facts.carbon.busbar_kwh = 0.0;
    write_members();
    assert_contains("\"intensity_kg_per_kwh\":null,");
}

static void the_suspect_is_named_with_what_would_explain_it(void **state) {
    (void)state;
    struct suspect *s = &plant.facts.balance.suspect;

    *s = (struct suspect){.kind = SUSPECT_RATIO, .feed = FEEDER, .ratio = 1.5};
    plant.facts.balance.bad_slots = 2;
    write_record(&head, 0, NULL, 0);
    assert_contains("\"bad_slots\":2,\"suspect\":\"feeder1\",\"suspect_kind\":\"ratio\","
                    "\"suspect_ratio\":1.5}");
    check_json("record", "suspect");
    s->kind = SUSPECT_REVERSED;
    write_members();
    assert_contains(
        "\"suspect\":\"feeder1\",\"suspect_kind\":\"reversed\",\"suspect_ratio\":null}");
    s->kind = SUSPECT_DEAD;
    write_members();
    assert_contains("\"suspect\":\"feeder1\",\"suspect_kind\":\"dead\",\"suspect_ratio\":null}");
    s->kind = SUSPECT_NONE;
    write_members();
    assert_contains("\"suspect\":null,\"suspect_kind\":null,\"suspect_ratio\":null}");
}

/* One that is no feed of this site is not named. */
static void a_suspect_out_of_the_list_is_none(void **state) {
    (void)state;
    plant.facts.balance.suspect = (struct suspect){.kind = SUSPECT_DEAD, .feed = SITE_NONE};
    write_members();
    assert_contains("\"suspect\":null,\"suspect_kind\":null,");
    plant.facts.balance.suspect.feed = PLANT_DEVICES;
    write_members();
    assert_contains("\"suspect\":null,\"suspect_kind\":null,");
}

/* 2 stations of 1000 and 500 kWh: 46 / (2 x 1500) = 0.015333. A second channel of a station adds
 * nothing, one that is not counted neither. */
static void the_capacity_is_of_the_counted_storage(void **state) {
    (void)state;
    plant_add_device(FEEDER, "pcs2", ROLE_STORAGE);
    plant.devices[FEEDER].capacity_kwh = 500.0;
    write_members();
    assert_contains("\"cycles\":0.015333}");
    plant.feeds[FEEDER].device = PCS; /* two channels of one station */
    write_members();
    assert_contains("\"cycles\":0.023}");
    plant.feeds[FEEDER].device = FEEDER;
    plant.feeds[FEEDER].counted = false;
    write_members();
    assert_contains("\"cycles\":0.023}");
    plant.devices[PCS].capacity_kwh = UNKNOWN;
    write_members();
    assert_contains("\"cycles\":null}");
}

/* Wind that the site lacks adds 0 to the ratios; PV that it has and does not know makes them
 * unknown. */
static void an_unknown_energy_makes_a_ratio_unknown(void **state) {
    (void)state;
    plant.facts.energy_kwh[SITE_E_PV] = plant.facts.claimed_kwh = UNKNOWN;
    write_members();
    assert_contains("\"ratios\":{\"self_consumption\":null,\"self_sufficiency\":0,"
                    "\"green_share\":null,");
}

/* ---- times ------------------------------------------------------------------------------- */

/* Berlin, 2026-10-25: 25 hours, begins at +02:00 and ends at +01:00 (python: zoneinfo). */
static void each_time_has_the_offset_of_its_own_instant(void **state) {
    (void)state;
    plant.facts.start = 1792879200000;
    plant.facts.end = 1792969200000;
    plant.facts.points[0].s_max_at = 1792890000000 - 1000;
    plant.facts.points[0].block_at = 1792890000000;
    buf_reset(&body);
    record_site_write(&body, &plant.source, zone_berlin);
    assert_contains("\"start\":\"2026-10-25T00:00:00+02:00\","
                    "\"end\":\"2026-10-26T00:00:00+01:00\"");
    assert_contains("\"s_max_at\":\"2026-10-25T02:59:59+02:00\"");
    assert_contains("\"block_at\":\"2026-10-25T02:00:00+01:00\"");
}

/* A demand that is not known has no time, whatever stands there. */
static void the_time_of_an_unknown_demand_is_null(void **state) {
    (void)state;
    plant.facts.accounts[0].sliding.kw = UNKNOWN;
    write_members();
    assert_contains("\"sliding_max_kw\":null,\"sliding_max_at\":null,\"month_max_kw\":3100.5,");
}

static void combination_names_are_those_of_the_configuration(void **state) {
    (void)state;
    plant.accounts[0].combination = DEMAND_COINCIDENT;
    write_members();
    assert_contains("\"contract_kw\":3200,\"combination\":\"coincident\"}");
}

/* ---- bounds ------------------------------------------------------------------------------ */

/* Facts of a site of another size never reach beyond the site's lists. */
static void facts_of_more_than_the_site_has_are_not_read(void **state) {
    (void)state;
    plant.facts.point_count = METERING_POINTS_MAX;
    plant.facts.account_count = ACCOUNTS_MAX;
    plant.facts.transformer_count = TRANSFORMERS_MAX;
    write_members();
    assert_contains("\"p3\"");
    plant.facts.point_count = plant.facts.account_count = plant.facts.transformer_count = 1;
    write_members();
    assert_contains("\"p1\"");
    assert_lacks("\"p2\"");
    assert_lacks("\"dorm\"");
    assert_lacks("\"t2\"");
}

static void members_too_long_are_told(void **state) {
    (void)state;
    char small[100];

    buf_init(&body, small, sizeof small);
    record_site_write(&body, &plant.source, zone_shanghai);
    assert_false(buf_ok(&body));
    assert_int_equal(strlen(small), body.len);
    init_body(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(known_values_of_absent_roles_are_written, a_quarter),
        cmocka_unit_test_setup(sections_of_what_the_site_lacks_are_left_out, a_quarter),
        cmocka_unit_test_setup(stored_carbon_is_written_when_any_of_it_is_known, a_quarter),
        cmocka_unit_test_setup(a_cost_of_unverified_prices_is_marked, a_quarter),
        cmocka_unit_test_setup(an_unknown_cost_is_null, a_quarter),
        cmocka_unit_test_setup(an_unknown_shift_is_null, a_quarter),
        cmocka_unit_test_setup(a_site_without_storage_shifts_nothing, a_quarter),
        cmocka_unit_test_setup(the_version_is_that_of_the_first_day, a_quarter),
        cmocka_unit_test_setup(an_account_priced_by_curve_alone_has_no_tariff_id, a_quarter),
        cmocka_unit_test_setup(standard_coal_is_of_electricity_and_metered_fuel, a_quarter),
        cmocka_unit_test_setup(a_busbar_without_energy_has_no_intensity, a_quarter),
        cmocka_unit_test_setup(the_suspect_is_named_with_what_would_explain_it, a_quarter),
        cmocka_unit_test_setup(a_suspect_out_of_the_list_is_none, a_quarter),
        cmocka_unit_test_setup(the_capacity_is_of_the_counted_storage, a_quarter),
        cmocka_unit_test_setup(an_unknown_energy_makes_a_ratio_unknown, a_quarter),
        cmocka_unit_test_setup(each_time_has_the_offset_of_its_own_instant, a_quarter),
        cmocka_unit_test_setup(the_time_of_an_unknown_demand_is_null, a_quarter),
        cmocka_unit_test_setup(combination_names_are_those_of_the_configuration, a_quarter),
        cmocka_unit_test_setup(facts_of_more_than_the_site_has_are_not_read, a_quarter),
        cmocka_unit_test_setup(members_too_long_are_told, a_quarter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
