/* Carbon of a slot: factors, fuels, the generator, the storage over a day. Expected values are
 * worked out in the comments. */
#include "settle_fixture.h"

static struct grid_factor factors[4];
static struct fuel_factor fuels[2];
static struct carbon_book book;
static struct ess_carbon before;

/* Province 0.60 and country 0.50 of 2026; gas 2 kg and 1.3 kgce a Nm3, oil 2.5 kg and 1.2 kgce a
 * litre. 130 kWh of import, 3 of export, 20 of PV; storage at rest. A setup function. */
static int a_carbon_plant(void **state) {
    a_plant(state);
    factors[0] = (struct grid_factor){
        FACTOR_PROVINCE, "A", 2026, INT32_MIN, INT32_MAX, 1, 0.60, true, "", 1};
    factors[1] = (struct grid_factor){
        FACTOR_NATIONAL, "C", 2026, INT32_MIN, INT32_MAX, 1, 0.50, true, "", 2};
    fuels[0] = (struct fuel_factor){FUEL_GAS, "Nm3", 2.0, 1.3, "", "", true};
    fuels[1] = (struct fuel_factor){FUEL_DIESEL, "L", 2.5, 1.2, "", "", true};
    book = (struct carbon_book){.id = "b",
                                .province = "A",
                                .country = "C",
                                .factors = factors,
                                .factor_count = 2,
                                .fuels = fuels,
                                .fuel_count = 2};
    plant.site.carbon_book = &book;
    plant.books.known_day = civil_day(2026, 11, 23);
    before = (struct ess_carbon){0};
    static const double energies[SITE_ENERGY_COUNT] = {
        [SITE_E_IMPORT] = 130, [SITE_E_EXPORT] = 3, [SITE_E_PV] = 20};
    memcpy(plant.facts.energy_kwh, energies, sizeof energies);
    plant.facts.claimed_kwh = 20;
    return 0;
}

static const struct carbon_facts *settle_the_carbon(void) {
    settle_carbon(&plant.site, &plant.books, zone_shanghai, &before, &plant.facts);
    return &plant.facts.carbon;
}

static void set(enum site_energy e, double kwh) {
    plant.facts.energy_kwh[e] = kwh;
}

/* The rest of the plant stays: the energies are not touched. */
static void count_fuel(int feed, enum fuel_kind kind, double amount) {
    plant.feeds[feed].counted = true;
    plant.facts.carbon.fuel_amount[kind] = amount;
}

/* ---- factors ------------------------------------------------------------------------------ */

/* 130 x 0.60 = 78, x 0.50 = 65; (20 - 3) x 0.60 = 10.2; busbar 150 kWh with 78 kg. */
static void import_has_the_carbon_of_its_province(void **state) {
    (void)state;
    const struct carbon_facts *c = settle_the_carbon();
    assert_near(c->location_kg, 78);
    assert_near(c->national_kg, 65);
    assert_near(c->market_base_kwh, 130);
    assert_near(c->avoided_pv_kg, 10.2);
    assert_near(c->avoided_storage_kg, UNKNOWN); /* one factor a year: domain facts 3.2 */
    assert_near(c->busbar_kwh, 150);
    assert_near(c->busbar_kg, 78);
    assert_near(c->scope1_kg, UNKNOWN);
    assert_near(c->fuel_kgce, UNKNOWN);
    assert_string_equal(c->factor.id, "province/A/2026");
    assert_string_equal(c->factor.area, "A");
    assert_int_equal(c->factor.year, 2026);
    assert_false(c->factor.provisional || c->factor_varies);
    assert_string_equal(c->national.id, "national_average/C/2026");
}

static void without_a_book_there_is_no_carbon(void **state) {
    (void)state;
    plant.site.carbon_book = NULL;
    assert_near(settle_the_carbon()->location_kg, UNKNOWN);
    assert_near(plant.facts.carbon.market_base_kwh, UNKNOWN);
}

/* Only one of 2024 is there: it stands in. 130 x 0.60 all the same. */
static void a_factor_of_an_earlier_year_is_provisional(void **state) {
    (void)state;
    factors[0].year = 2024;
    assert_near(settle_the_carbon()->location_kg, 78);
    assert_true(plant.facts.carbon.factor.provisional);
    assert_int_equal(plant.facts.carbon.factor.year, 2024);
    assert_false(plant.facts.carbon.national.provisional);
}

/* Valid from the 24th: on the 23rd nobody knows it, on the 24th it weighs the 23rd too. */
static void a_factor_counts_from_the_day_that_it_is_known(void **state) {
    (void)state;
    factors[0].from_day = civil_day(2026, 11, 24);
    const struct carbon_facts *c = settle_the_carbon();
    assert_near(c->location_kg, UNKNOWN);
    assert_near(c->avoided_pv_kg, UNKNOWN);
    assert_string_equal(c->factor.id, "");
    assert_near(c->national_kg, 65);
    plant.books.known_day++;
    assert_near(settle_the_carbon()->location_kg, 78);
}

/* 08:00 is the 33rd quarter of the day. 130 x 0.80 = 104; what the storage shifted shows: (6 - 10)
 * x 0.80. The version that is higher wins; the national figure stays. */
static void a_pushed_curve_wins_over_the_years_factor(void **state) {
    (void)state;
    static struct factor_curve curves[3];
    for (int i = 0; i < 3; i++) {
        curves[i] = (struct factor_curve){.day = civil_day(2026, 11, 23), .version = 1 + i % 2};
        curves[i].kg_per_kwh[32] = i == 1 ? 0.80 : 9.0;
    }
    curves[2].day--;
    curves[2].version = 99;
    plant.books.factors = curves;
    plant.books.factor_count = 3;
    factors[0].year = 2024;
    set(SITE_E_CHARGE, 10);
    set(SITE_E_DISCHARGE, 6);
    const struct carbon_facts *c = settle_the_carbon();
    assert_near(c->location_kg, 104);
    assert_near(c->national_kg, 65);
    assert_near(c->avoided_storage_kg, -3.2);
    assert_true(c->factor_varies && !c->factor.provisional);
    assert_string_equal(c->factor.id, "curve");
    assert_near(c->factor.kg_per_kwh, 0.80);
}

/* An area longer than a record's member is cut, never run over. */
static void a_long_area_is_cut(void **state) {
    (void)state;
    static const char name[] = "a name of an area that is longer than 32 bytes";
    book.province = factors[0].area = name;
    assert_int_equal(strlen(settle_the_carbon()->factor.area), 31);
    assert_memory_equal(plant.facts.carbon.factor.area, name, 31);
}

/* ---- what is not known -------------------------------------------------------------------- */

static void an_unknown_import_has_unknown_carbon(void **state) {
    (void)state;
    set(SITE_E_IMPORT, UNKNOWN);
    const struct carbon_facts *c = settle_the_carbon();
    assert_near(c->location_kg, UNKNOWN);
    assert_near(c->busbar_kg, UNKNOWN);
    assert_near(c->busbar_kwh, UNKNOWN); /* so that sums are of the same slots */
    assert_near(c->avoided_pv_kg, 10.2);
}

/* A meter that cannot count export, or did not: how much of PV stayed is not known. */
static void an_unknown_export_leaves_the_avoided_carbon_unknown(void **state) {
    (void)state;
    set(SITE_E_EXPORT, UNKNOWN);
    assert_near(settle_the_carbon()->avoided_pv_kg, UNKNOWN);
    assert_near(plant.facts.carbon.location_kg, 78);
    assert_near(plant.facts.carbon.busbar_kg, 78);
}

/* 20 kWh whose attribute is the site's, 2 that are fed in: of the 3 exported 2 are taken from
 * those. 19 x 0.60 = 11.4. While the latter are not known, neither is what stayed. */
static void only_claimed_generation_avoids(void **state) {
    (void)state;
    plant.feeds[GEN1] = plant.feeds[PV1];
    plant.feeds[GEN1].device = GEN1;
    plant.devices[GEN1].claimed = false;
    plant.facts.unclaimed_kwh = 2;
    assert_near(settle_the_carbon()->avoided_pv_kg, 11.4);
    plant.facts.unclaimed_kwh = UNKNOWN;
    assert_near(settle_the_carbon()->avoided_pv_kg, UNKNOWN);
    plant.feeds[GEN1].role = ROLE_WIND;
    assert_near(settle_the_carbon()->avoided_pv_kg, UNKNOWN);
    plant.feeds[GEN1].counted = false;
    assert_near(settle_the_carbon()->avoided_pv_kg, 10.2);
    plant.facts.claimed_kwh = UNKNOWN;
    assert_near(settle_the_carbon()->avoided_pv_kg, UNKNOWN);
}

static void a_site_without_pv_and_storage_avoids_nothing(void **state) {
    (void)state;
    count_feed(PV1, false);
    count_feed(ESS1, false); /* and with the slot's start all claims are unknown */
    set(SITE_E_IMPORT, 100);
    set(SITE_E_EXPORT, 0);
    const struct carbon_facts *c = settle_the_carbon();
    assert_near(c->avoided_pv_kg, UNKNOWN);
    assert_near(c->avoided_storage_kg, UNKNOWN);
    assert_near(c->charge_kg, UNKNOWN);
    assert_near(c->ess.kwh, UNKNOWN);
    assert_near(c->busbar_kg, 60); /* what the site lacks adds nothing */
}

/* No factor is needed for what did not flow, and nothing flowed. */
static void a_slot_without_energy_has_no_carbon(void **state) {
    (void)state;
    set(SITE_E_IMPORT, 0);
    set(SITE_E_PV, 0);
    const struct carbon_facts *c = settle_the_carbon();
    assert_near(c->location_kg, 0);
    assert_near(c->busbar_kg, 0);
    assert_near(c->busbar_kwh, 0);
    assert_near(c->charge_kg, 0);
    assert_near(c->discharge_kg, 0);
}

/* ---- fuels -------------------------------------------------------------------------------- */

/* 7 Nm3 x 2 = 14 kg, x 1.3 = 9.1 kgce; 4 L x 2.5 = 10 kg, x 1.2 = 4.8 kgce. */
static void scope_1_is_that_of_all_fuels(void **state) {
    (void)state;
    count_fuel(GAS1, FUEL_GAS, 7);
    assert_near(settle_the_carbon()->scope1_kg, 14);
    assert_near(plant.facts.carbon.fuel_kgce, 9.1);
    count_fuel(OIL1, FUEL_DIESEL, 4);
    assert_near(settle_the_carbon()->scope1_kg, 24);
    assert_near(plant.facts.carbon.fuel_kgce, 13.9);
}

/* Oil is known, gas is not, or has no factor in its unit: their sum is not known. */
static void scope_1_is_unknown_when_one_fuel_is(void **state) {
    (void)state;
    count_fuel(OIL1, FUEL_DIESEL, 4);
    count_fuel(GAS1, FUEL_GAS, UNKNOWN);
    assert_near(settle_the_carbon()->scope1_kg, UNKNOWN);
    count_fuel(GAS1, FUEL_GAS, 7);
    plant.defs[GAS1].unit = "m3";
    assert_near(settle_the_carbon()->scope1_kg, UNKNOWN);
    assert_near(plant.facts.carbon.fuel_kgce, UNKNOWN);
    plant.feeds[GAS1].forward = SITE_NONE; /* no counter: no unit either */
    assert_near(settle_the_carbon()->scope1_kg, UNKNOWN);
}

/* The generator's oil, 8 L x 2.5 = 20 kg, for 25 kWh: 0.8. Busbar (130 x 0.6 + 20) kg of 175 kWh.
 * Gas is burnt in the boiler: in scope 1, not in the busbar. */
static void the_generator_carries_its_oil_and_no_gas(void **state) {
    (void)state;
    plant.feeds[GEN1].counted = true;
    plant.facts.absent[SITE_GENERATOR] = false;
    set(SITE_E_GENERATOR, 25);
    count_fuel(OIL1, FUEL_DIESEL, 8);
    count_fuel(GAS1, FUEL_GAS, 100);
    const struct carbon_facts *c = settle_the_carbon();
    assert_near(c->scope1_kg, 220);
    assert_near(c->busbar_kwh, 175);
    assert_near(c->busbar_kg, 98);
}

/* It ran and nobody knows on what: unknown. It stood still: nothing to know. */
static void a_generator_without_a_fuel_meter(void **state) {
    (void)state;
    plant.feeds[GEN1].counted = true;
    plant.facts.absent[SITE_GENERATOR] = false;
    set(SITE_E_GENERATOR, 25);
    assert_near(settle_the_carbon()->busbar_kg, UNKNOWN);
    assert_near(plant.facts.carbon.busbar_kwh, UNKNOWN);
    set(SITE_E_GENERATOR, 0);
    assert_near(settle_the_carbon()->busbar_kg, 78);
}

/* ---- storage ------------------------------------------------------------------------------ */

/* 50 % of 200 kWh at the intensity of the busbar, 78 / 150 = 0.52: 100 kWh with 52 kg, assumed. 10
 * kWh more at 0.52. The discharge of 11 kWh takes 11 / 0.88 = 12.5 of the 110 kWh, 57.2 kg: 6.5. */
static void the_first_content_is_assumed_from_the_state_of_charge(void **state) {
    (void)state;
    plant.facts.soc_start_pct = 50;
    set(SITE_E_CHARGE, 10);
    set(SITE_E_DISCHARGE, 0);
    const struct carbon_facts *c = settle_the_carbon();
    assert_near(c->ess.kwh, 110);
    assert_near(c->ess.kg, 57.2);
    assert_true(c->ess.estimated);
    assert_near(c->charge_kg, 5.2);
    assert_near(c->discharge_kg, 0);
    before = c->ess;
    set(SITE_E_CHARGE, 0);
    set(SITE_E_DISCHARGE, 11);
    settle_the_carbon();
    assert_near(c->discharge_kg, 6.5);
    assert_near(c->ess.kwh, 97.5);
    assert_near(c->ess.kg, 50.7);
    assert_near(c->charge_kg, 0);
    /* what the discharge carried is in the busbar: 78 + 6.5 kg of 161 kWh */
    assert_near(c->busbar_kwh, 161);
    assert_near(c->busbar_kg, 84.5);
}

/* 10 kWh in at 0.52 onto 10 kWh with 0 kg, then 8.8 kWh out: half of the 20 kWh and of the 5.2 kg.
 * The busbar gets just these 2.6 kg, not what the storage held before it was charged. */
static void the_busbar_gets_what_the_storage_gives(void **state) {
    (void)state;
    before = (struct ess_carbon){.kwh = 10};
    set(SITE_E_CHARGE, 10);
    set(SITE_E_DISCHARGE, 8.8);
    const struct carbon_facts *c = settle_the_carbon();
    assert_near(c->charge_kg, 5.2);
    assert_near(c->discharge_kg, 2.6);
    assert_near(c->ess.kg, 2.6);
    assert_near(c->busbar_kg, 80.6);
}

/* The slot before was of a site without storage, or had no state of charge: the content begins
 * where it can be told, and is not lost for ever. */
static void a_content_that_was_never_known_begins(void **state) {
    (void)state;
    before = (struct ess_carbon){.kwh = UNKNOWN, .kg = UNKNOWN};
    set(SITE_E_CHARGE, 10);
    set(SITE_E_DISCHARGE, 0);
    const struct carbon_facts *c = settle_the_carbon();
    assert_near(c->ess.kwh, 10);
    assert_near(c->ess.kg, 5.2);
    assert_false(c->ess.estimated);
    plant.facts.soc_start_pct = 50; /* what was seen going in is not assumed again */
    before = c->ess;
    settle_the_carbon();
    assert_near(c->ess.kwh, 20);
}

/* The intensity is not known yet: assumed with the first slot that has one. */
static void a_content_is_not_assumed_without_an_intensity(void **state) {
    (void)state;
    plant.facts.soc_start_pct = 50;
    set(SITE_E_IMPORT, UNKNOWN);
    set(SITE_E_CHARGE, 0);
    set(SITE_E_DISCHARGE, 0);
    before = settle_the_carbon()->ess;
    assert_near(before.kwh, 0);
    assert_false(before.estimated);
    set(SITE_E_IMPORT, 130);
    assert_near(settle_the_carbon()->ess.kwh, 100);
    plant.devices[ESS1].capacity_kwh = UNKNOWN; /* then it begins empty */
    assert_near(settle_the_carbon()->ess.kwh, 0);
    assert_true(plant.facts.carbon.ess.estimated);
}

/* A silent storage meter: nothing moves, nothing is lost. */
static void an_unknown_charge_leaves_the_content_as_it_was(void **state) {
    (void)state;
    before = (struct ess_carbon){.kwh = 100, .kg = 50};
    set(SITE_E_CHARGE, UNKNOWN);
    set(SITE_E_DISCHARGE, 5);
    const struct carbon_facts *c = settle_the_carbon();
    assert_near(c->charge_kg, UNKNOWN);
    assert_near(c->discharge_kg, UNKNOWN);
    assert_near(c->ess.kwh, 100);
    assert_near(c->busbar_kwh, UNKNOWN);
}

/* A device with two storage channels has its capacity once. */
static void capacity_counts_a_device_once(void **state) {
    (void)state;
    assert_near(settle_storage_kwh(&plant.site), 200);
    plant.feeds[GEN1] = plant.feeds[ESS1];
    assert_near(settle_storage_kwh(&plant.site), 200);
    plant.feeds[GEN1].device = GEN1;
    plant.devices[GEN1].capacity_kwh = 50;
    assert_near(settle_storage_kwh(&plant.site), 250);
    plant.feeds[GEN1].counted = false;
    assert_near(settle_storage_kwh(&plant.site), 200);
}

/* A day of quarters: 12 of charging 10 kWh at noon from PV and grid, 12 of discharging 8 kWh in the
 * evening. What went in is what came out and what is held: carbon is conserved. Held: 120 kWh in,
 * 96 / 0.88 = 109.0909 taken. */
static void carbon_of_a_day_is_conserved(void **state) {
    (void)state;
    double in = 0, out = 0;
    for (int i = 0; i < 96; i++) {
        plant_slot(SLOT_15M, AT(0, 15 * i), AT(0, 15 * (i + 1)));
        set(SITE_E_IMPORT, 100 + i);
        set(SITE_E_EXPORT, 0);
        set(SITE_E_PV, i >= 32 && i < 64 ? 3 * (i - 32) : 0);
        set(SITE_E_CHARGE, i >= 44 && i < 56 ? 10 : 0);
        set(SITE_E_DISCHARGE, i >= 72 && i < 84 ? 8 : 0);
        const struct carbon_facts *c = settle_the_carbon();
        in += c->charge_kg;
        out += c->discharge_kg;
        before = c->ess;
    }
    assert_true(in > 0 && in < 120 * 0.60); /* PV lowers it */
    assert_near(in, out + before.kg);
    assert_near(before.kwh, 120 - 96 / 0.88);
    assert_near(out, in * (96 / 0.88) / 120); /* one mix: nothing was charged in between */
    assert_false(before.estimated);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(import_has_the_carbon_of_its_province, a_carbon_plant),
        cmocka_unit_test_setup(without_a_book_there_is_no_carbon, a_carbon_plant),
        cmocka_unit_test_setup(a_factor_of_an_earlier_year_is_provisional, a_carbon_plant),
        cmocka_unit_test_setup(a_factor_counts_from_the_day_that_it_is_known, a_carbon_plant),
        cmocka_unit_test_setup(a_pushed_curve_wins_over_the_years_factor, a_carbon_plant),
        cmocka_unit_test_setup(a_long_area_is_cut, a_carbon_plant),
        cmocka_unit_test_setup(an_unknown_import_has_unknown_carbon, a_carbon_plant),
        cmocka_unit_test_setup(an_unknown_export_leaves_the_avoided_carbon_unknown, a_carbon_plant),
        cmocka_unit_test_setup(only_claimed_generation_avoids, a_carbon_plant),
        cmocka_unit_test_setup(a_site_without_pv_and_storage_avoids_nothing, a_carbon_plant),
        cmocka_unit_test_setup(a_slot_without_energy_has_no_carbon, a_carbon_plant),
        cmocka_unit_test_setup(scope_1_is_that_of_all_fuels, a_carbon_plant),
        cmocka_unit_test_setup(scope_1_is_unknown_when_one_fuel_is, a_carbon_plant),
        cmocka_unit_test_setup(the_generator_carries_its_oil_and_no_gas, a_carbon_plant),
        cmocka_unit_test_setup(a_generator_without_a_fuel_meter, a_carbon_plant),
        cmocka_unit_test_setup(the_first_content_is_assumed_from_the_state_of_charge,
                               a_carbon_plant),
        cmocka_unit_test_setup(the_busbar_gets_what_the_storage_gives, a_carbon_plant),
        cmocka_unit_test_setup(a_content_that_was_never_known_begins, a_carbon_plant),
        cmocka_unit_test_setup(a_content_is_not_assumed_without_an_intensity, a_carbon_plant),
        cmocka_unit_test_setup(an_unknown_charge_leaves_the_content_as_it_was, a_carbon_plant),
        cmocka_unit_test_setup(capacity_counts_a_device_once, a_carbon_plant),
        cmocka_unit_test_setup(carbon_of_a_day_is_conserved, a_carbon_plant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
