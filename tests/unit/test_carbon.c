/* Factors, slots, market-based figure, fuels. Expected values are worked out in the comments, from
 * the formulas of docs/carbon.md. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "calc/carbon.h"

#define UNKNOWN ((double)NAN)
#define OPEN    INT32_MAX
#define ALWAYS  INT32_MIN

static void assert_says(const char *says, double got, double want) {
    bool equal = isnan(want) ? isnan(got) : fabs(got - want) < 1e-9;
    if (!equal)
        print_error("%s: got %.12g, want %.12g\n", says, got, want);
    assert_true(equal);
}

static void assert_near(double got, double want) {
    assert_says("", got, want);
}

/* ---- factors ---- */

/* Days since 1970-01-01, by `date -d DAY +%s` / 86400 in UTC. */
enum {
    D2024_04_19 = 19832,
    D2024_12_27 = 20084,
    D2025_06_01 = 20240,
    D2025_09_01 = 20332,
    D2026_01_15 = 20468
};

enum { P2021, P2022, P2022_V2, P2023, OTHER_PROVINCE, N2021, N2022, RESIDUAL, FOSSIL, FACTORS };

/* In no order: the choice must not depend on it. 2022 has a second version for one summer. */
static const struct grid_factor factors[FACTORS] = {
    [P2023] = {FACTOR_PROVINCE, "河南", 2023, D2026_01_15, OPEN, 1, 0.5897, false, "", 1},
    [P2022_V2] = {FACTOR_PROVINCE, "河南", 2022, D2025_06_01, D2025_09_01, 2, 0.61, true, "", 2},
    [P2021] = {FACTOR_PROVINCE, "河南", 2021, D2024_04_19, OPEN, 7, 0.6369, true, "", 3},
    [P2022] = {FACTOR_PROVINCE, "河南", 2022, D2024_12_27, OPEN, 1, 0.6058, true, "", 4},
    [OTHER_PROVINCE] = {FACTOR_PROVINCE, "河北", 2024, ALWAYS, OPEN, 9, 0.7252, true, "", 5},
    [N2021] = {FACTOR_NATIONAL, "全国", 2021, ALWAYS, OPEN, 1, 0.5568, true, "", 6},
    [N2022] = {FACTOR_NATIONAL, "全国", 2022, ALWAYS, OPEN, 1, 0.5366, true, "", 7},
    [RESIDUAL] = {FACTOR_RESIDUAL, "全国", 2022, ALWAYS, OPEN, 1, 0.5856, true, "", 8},
    [FOSSIL] = {FACTOR_NATIONAL_FOSSIL, "全国", 2022, ALWAYS, OPEN, 1, 0.8325, true, "", 9},
};

static const struct carbon_book book = {.id = "test",
                                        .province = "河南",
                                        .region = "华中",
                                        .country = "全国",
                                        .factors = factors,
                                        .factor_count = FACTORS};

static void assert_choice(const struct carbon_book *b, enum factor_series s, int year, int32_t day,
                          int want, bool provisional) {
    struct factor_choice got = carbon_factor(b, s, year, day);
    int index = got.factor == NULL ? -1 : (int)(got.factor - b->factors);
    if (index != want || got.provisional != provisional)
        print_error("%s %d on day %d: factor %d\n", factor_series_str(s), year, (int)day, index);
    assert_int_equal(index, want);
    assert_int_equal(got.provisional, provisional);
}

static void the_factor_of_the_asked_year_counts_from_its_validity_on(void **state) {
    (void)state;
    assert_choice(&book, FACTOR_PROVINCE, 2022, D2024_12_27, P2022, false);
    assert_choice(&book, FACTOR_PROVINCE, 2022, D2026_01_15, P2022, false);
    assert_choice(&book, FACTOR_PROVINCE, 2023, D2026_01_15, P2023, false);
    assert_choice(&book, FACTOR_PROVINCE, 2021, D2024_04_19, P2021, false);
    assert_choice(&book, FACTOR_NATIONAL, 2021, 0, N2021, false);
}

static void an_earlier_year_stands_in_and_is_provisional(void **state) {
    (void)state;
    assert_choice(&book, FACTOR_PROVINCE, 2022, D2024_12_27 - 1, P2021, true);
    assert_choice(&book, FACTOR_PROVINCE, 2025, D2026_01_15 - 1, P2022, true);
    assert_choice(&book, FACTOR_PROVINCE, 2025, D2026_01_15, P2023, true);
    assert_choice(&book, FACTOR_NATIONAL, 2100, 0, N2022, true);
}

static void a_later_year_is_never_used(void **state) {
    (void)state;
    assert_choice(&book, FACTOR_PROVINCE, 2021, D2026_01_15, P2021, false);
    assert_choice(&book, FACTOR_PROVINCE, 2020, D2026_01_15, -1, false);
    assert_choice(&book, FACTOR_RESIDUAL, 2021, D2026_01_15, -1, false);
}

/* Version 2 of 2022 counts from its first day to the day before its end; version 7 of 2021 does not
 * beat version 1 of a newer year. */
static void the_highest_version_counts_while_it_is_valid(void **state) {
    (void)state;
    assert_choice(&book, FACTOR_PROVINCE, 2022, D2025_06_01 - 1, P2022, false);
    assert_choice(&book, FACTOR_PROVINCE, 2022, D2025_06_01, P2022_V2, false);
    assert_choice(&book, FACTOR_PROVINCE, 2022, D2025_09_01 - 1, P2022_V2, false);
    assert_choice(&book, FACTOR_PROVINCE, 2022, D2025_09_01, P2022, false);
    assert_choice(&book, FACTOR_PROVINCE, 2024, D2025_06_01, P2022_V2, true);
}

static void without_a_valid_factor_there_is_none(void **state) {
    (void)state;
    struct carbon_book none = {.province = "河南", .country = "全国"};
    struct carbon_book no_region = book;
    no_region.region = NULL;
    assert_choice(&book, FACTOR_PROVINCE, 2022, D2024_04_19 - 1, -1, false);
    assert_choice(&book, FACTOR_REGION, 2022, D2026_01_15, -1, false);
    assert_choice(&no_region, FACTOR_REGION, 2022, D2026_01_15, -1, false);
    assert_null(carbon_factor(&none, FACTOR_PROVINCE, 2022, D2026_01_15).factor);
}

static void each_series_has_its_own_area(void **state) {
    (void)state;
    struct carbon_book hebei = book;
    hebei.province = "河北";
    assert_choice(&hebei, FACTOR_PROVINCE, 2024, 0, OTHER_PROVINCE, false);
    assert_choice(&book, FACTOR_RESIDUAL, 2022, 0, RESIDUAL, false);
    assert_choice(&book, FACTOR_NATIONAL_FOSSIL, 2022, 0, FOSSIL, false);
    const struct grid_factor region = {.series = FACTOR_REGION, .area = "华中", .to_day = OPEN};
    hebei.factors = &region;
    hebei.factor_count = 1;
    assert_choice(&hebei, FACTOR_REGION, 2022, 0, 0, true);
}

static void the_order_of_the_file_does_not_matter(void **state) {
    (void)state;
    struct grid_factor reversed[FACTORS];
    for (size_t i = 0; i < FACTORS; i++)
        reversed[FACTORS - 1 - i] = factors[i];
    struct carbon_book b = book;
    b.factors = reversed;
    assert_choice(&b, FACTOR_PROVINCE, 2022, D2025_06_01, FACTORS - 1 - P2022_V2, false);
    assert_choice(&b, FACTOR_PROVINCE, 2025, D2026_01_15, FACTORS - 1 - P2023, true);
    assert_choice(&b, FACTOR_PROVINCE, 2021, D2025_06_01, FACTORS - 1 - P2021, false);
}

static void factors_that_compete_on_a_day_overlap(void **state) {
    (void)state;
    const struct grid_factor base = {FACTOR_PROVINCE, "河南", 2022, 100, 200, 1, 0.6, true, "", 1};
    struct grid_factor other = base;
    assert_true(grid_factor_overlaps(&base, &other));
    other.version = 2;
    assert_false(grid_factor_overlaps(&base, &other));
    other = base;
    other.year = 2023;
    assert_false(grid_factor_overlaps(&base, &other));
    other = base;
    other.series = FACTOR_REGION;
    assert_false(grid_factor_overlaps(&base, &other));
    other = base;
    other.area = "河北";
    assert_false(grid_factor_overlaps(&base, &other));
    other = base;
    other.from_day = 200; /* the day on which the first one ends */
    other.to_day = OPEN;
    assert_false(grid_factor_overlaps(&base, &other));
    assert_false(grid_factor_overlaps(&other, &base));
    other.from_day = 199;
    assert_true(grid_factor_overlaps(&base, &other));
    assert_true(grid_factor_overlaps(&other, &base));
}

static void the_first_overlap_of_a_book_is_found(void **state) {
    (void)state;
    size_t first = 99, second = 99;
    assert_false(carbon_overlap(&book, &first, &second));
    assert_int_equal(first, 99);
    assert_int_equal(second, 99);
    struct grid_factor copy[FACTORS];
    memcpy(copy, factors, sizeof copy);
    copy[P2022_V2].version = 1; /* inside the validity of P2022 */
    copy[N2021].year = 2022;    /* the second pair */
    struct carbon_book b = book;
    b.factors = copy;
    assert_true(carbon_overlap(&b, &first, &second));
    assert_int_equal(first, P2022);
    assert_int_equal(second, P2022_V2);
}

static void series_have_names(void **state) {
    (void)state;
    static const char *const names[] = {"province", "national_average", "region",
                                        "national_excl_market_nonfossil", "national_fossil"};
    for (size_t i = 0; i < FACTOR_SERIES_COUNT; i++) {
        enum factor_series s = FACTOR_SERIES_COUNT;
        assert_string_equal(factor_series_str((enum factor_series)i), names[i]);
        assert_true(factor_series_parse(names[i], &s));
        assert_int_equal(s, i);
    }
    enum factor_series untouched = FACTOR_REGION;
    assert_false(factor_series_parse("provinces", &untouched));
    assert_int_equal(untouched, FACTOR_REGION);
    assert_string_equal(factor_series_str(FACTOR_SERIES_COUNT), "unknown");
}

/* The longest: 30 bytes of series, 27 of area (nine characters), 4 of year, 2 slashes: 63. */
static void an_id_names_series_area_and_year(void **state) {
    (void)state;
    char id[64];
    carbon_factor_id(&factors[P2022], id, sizeof id);
    assert_string_equal(id, "province/河南/2022");
    struct grid_factor longest = factors[RESIDUAL];
    longest.area = "九个汉字长的地名哦";
    assert_int_equal(strlen(longest.area), CARBON_AREA_MAX);
    carbon_factor_id(&longest, id, sizeof id);
    assert_string_equal(id, "national_excl_market_nonfossil/九个汉字长的地名哦/2022");
    assert_int_equal(strlen(id), 63);
    char small[12]; /* what does not fit as a whole is left out */
    carbon_factor_id(&factors[P2022], small, sizeof small);
    assert_string_equal(small, "province/");
}

/* ---- one slot ---- */

struct slot_case {
    const char *says;
    struct carbon_input in;
    struct carbon_slot want;
};

static void check_slots(const struct slot_case *c, size_t n) {
    for (size_t i = 0; i < n; i++, c++) {
        struct carbon_slot got;
        carbon_slot_of(&c->in, &got);
        assert_says(c->says, got.location_kg, c->want.location_kg);
        assert_says(c->says, got.market_base_kwh, c->want.market_base_kwh);
        assert_says(c->says, got.avoided_pv_kg, c->want.avoided_pv_kg);
        assert_says(c->says, got.avoided_storage_kg, c->want.avoided_storage_kg);
        assert_says(c->says, got.intensity, c->want.intensity);
    }
}

static void known_slots(void **state) {
    (void)state;
    static const struct slot_case cases[] = {
        /* 100 x 0.6 = 60; (50 + 10 - 20) x 0.6 = 24; CI: (100 x 0.6 + 20 x 0.8 + 30 x 0.5) /
         * (100 + 20 + 50 + 10 + 30) = 91 / 210. The export of 20 lowers nothing. */
        {"all sources",
         {.import = 100,
          .export = 20,
          .pv = 50,
          .wind = 10,
          .generator = 20,
          .discharge = 30,
          .generator_kg_per_kwh = 0.8,
          .factor = 0.6,
          .ess_intensity = 0.5},
         {60, 100, 24, UNKNOWN, 91.0 / 210.0}},
        /* grid alone: the intensity is the grid's */
        {"grid alone",
         {.import = 40,
          .factor = 0.6058,
          .generator_kg_per_kwh = UNKNOWN,
          .ess_intensity = UNKNOWN},
         {24.232, 40, 0, UNKNOWN, 0.6058}},
        /* charging takes from the busbar: 50 x 0.6 / (50 + 50) = 0.3, whatever is charged */
        {"charging from grid and PV",
         {.import = 50, .pv = 50, .charge = 80, .factor = 0.6, .ess_intensity = UNKNOWN},
         {30, 50, 30, UNKNOWN, 0.3}},
        /* PV alone is 0 and known; (80 - 30) x 0.6 = 30 */
        {"PV alone, without import",
         {.pv = 80, .export = 30, .factor = 0.6, .ess_intensity = UNKNOWN},
         {0, 0, 30, UNKNOWN, 0}},
        /* the storage exports: 5 - 25 < 0, so PV avoided nothing, and no less */
        {"more export than PV",
         {.import = 10,
          .pv = 5,
          .export = 25,
          .discharge = 30,
          .factor = 0.6,
          .ess_intensity = 0.4},
         {6, 10, 0, UNKNOWN, (6.0 + 12.0) / 45.0}},
        /* an inverter draws 0.5 at night: a load, not a source of less than nothing */
        {"PV below 0",
         {.import = 10, .pv = -0.5, .factor = 0.6, .ess_intensity = UNKNOWN},
         {6, 10, 0, UNKNOWN, 0.6}},
    };
    check_slots(cases, sizeof cases / sizeof cases[0]);
}

static void slots_with_a_factor_of_the_hour(void **state) {
    (void)state;
    static const struct slot_case cases[] = {
        /* (30 - 10) x 0.7 = 14 with the factor of the hour; charging makes it negative */
        {"discharging at a pushed factor",
         {.charge = 10,
          .discharge = 30,
          .factor = 0.7,
          .factor_varies = true,
          .ess_intensity = 0.4},
         {0, 0, 0, 14, 0.4}},
        {"charging at a pushed factor",
         {.import = 30,
          .charge = 30,
          .factor = 0.4,
          .factor_varies = true,
          .ess_intensity = UNKNOWN},
         {12, 30, 0, -12, 0.4}},
    };
    check_slots(cases, sizeof cases / sizeof cases[0]);
}

static void an_unknown_is_never_zero(void **state) {
    (void)state;
    static const struct slot_case cases[] = {
        {"no factor",
         {.import = 10, .pv = 5, .factor = UNKNOWN, .factor_varies = true},
         {UNKNOWN, 10, UNKNOWN, UNKNOWN, UNKNOWN}},
        {"no factor and no import: the intensity needs none",
         {.pv = 5, .factor = UNKNOWN},
         {UNKNOWN, 0, UNKNOWN, UNKNOWN, 0}},
        {"generator without a factor",
         {.import = 10, .generator = 1, .generator_kg_per_kwh = UNKNOWN, .factor = 0.6},
         {6, 10, 0, UNKNOWN, UNKNOWN}},
        {"discharge of unknown carbon",
         {.import = 10, .discharge = 1, .factor = 0.6, .ess_intensity = UNKNOWN},
         {6, 10, 0, UNKNOWN, UNKNOWN}},
        {"import unknown",
         {.import = UNKNOWN, .pv = 10, .factor = 0.6},
         {UNKNOWN, UNKNOWN, 6, UNKNOWN, UNKNOWN}},
        {"PV unknown",
         {.import = 10, .pv = UNKNOWN, .factor = 0.6},
         {6, 10, UNKNOWN, UNKNOWN, UNKNOWN}},
        {"wind unknown",
         {.import = 10, .wind = UNKNOWN, .factor = 0.6},
         {6, 10, UNKNOWN, UNKNOWN, UNKNOWN}},
        {"generator unknown",
         {.import = 10, .generator = UNKNOWN, .generator_kg_per_kwh = 0.8, .factor = 0.6},
         {6, 10, 0, UNKNOWN, UNKNOWN}},
        {"export unknown",
         {.import = 10, .export = UNKNOWN, .factor = 0.6},
         {6, 10, UNKNOWN, UNKNOWN, 0.6}},
        {"charge unknown",
         {.import = 10, .charge = UNKNOWN, .factor = 0.6, .factor_varies = true},
         {6, 10, 0, UNKNOWN, 0.6}},
        {"discharge unknown",
         {.import = 10,
          .discharge = UNKNOWN,
          .ess_intensity = 0.4,
          .factor = 0.6,
          .factor_varies = true},
         {6, 10, 0, UNKNOWN, UNKNOWN}},
        {"nothing flows", {.factor = 0.6, .ess_intensity = 0.4}, {0, 0, 0, UNKNOWN, UNKNOWN}},
    };
    check_slots(cases, sizeof cases / sizeof cases[0]);
}

/* ---- market-based ---- */

static void market_based(void **state) {
    (void)state;
    static const struct {
        const char *says;
        struct market_input in;
        double want_kg;
    } cases[] = {
        {"nothing bought: 50000 x 0.5856", {50000, 0, 0, 0, 0, 0.5856}, 29280},
        {"contract: (50000 - 20000) x 0.5", {50000, 20000, 0, 0, 0, 0.5}, 15000},
        {"10 certificates: (50000 - 10000) x 0.5", {50000, 0, 10, 0, 0, 0.5}, 20000},
        {"both: (50000 - 20000 - 10000) x 0.5", {50000, 20000, 10, 0, 0, 0.5}, 10000},
        {"20 of 25 belong to the contract: (50000 - 20000 - 5000) x 0.5",
         {50000, 20000, 25, 20, 0, 0.5},
         12500},
        {"all are bundled: (50000 - 20000) x 0.5", {50000, 20000, 20, 20, 0, 0.5}, 15000},
        {"more bundled than there are add nothing", {50000, 20000, 10, 20, 0, 0.5}, 15000},
        {"certificates above the import: 0", {50000, 0, 60, 0, 0, 0.5}, 0},
        {"contract above the import: 0", {50000, 60000, 0, 0, 0, 0.5}, 0},
        {"sold: (50000 + 3000) x 0.5", {50000, 0, 0, 0, 3000, 0.5}, 26500},
        {"certificates do not cover what was sold: (0 + 3000) x 0.5",
         {50000, 0, 60, 0, 3000, 0.5},
         1500},
        {"import unknown", {UNKNOWN, 20000, 10, 0, 0, 0.5}, UNKNOWN},
        {"factor unknown", {50000, 0, 0, 0, 0, UNKNOWN}, UNKNOWN},
        {"certificates unknown", {50000, 0, UNKNOWN, 0, 0, 0.5}, UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_says(cases[i].says, carbon_market_kg(&cases[i].in), cases[i].want_kg);
    }
}

/* ---- fuels ---- */

/* 42.652 GJ/t x 20.2 kgC/GJ x 0.98 x 44/12 = 3095.91 kg/t; x 0.84 kg/L = 2.6006 kg/L;
 * 389.31 GJ/10^4 Nm3 x 15.3 x 0.99 x 44/12 = 21621.9 kg/10^4 Nm3. */
static const struct fuel_factor fuels[] = {
    {FUEL_GAS, "Nm3", 2.1622, 1.33, "", "", false},
    {FUEL_DIESEL, "kg", 3.0959, 1.4571, "", "", false},
    {FUEL_DIESEL, "L", 2.6006, UNKNOWN, "", "", false},
};

static void fuel_factors_follow_from_their_constants(void **state) {
    (void)state;
    double c = 44.0 / 12.0;
    assert_true(fabs(42.652 * 20.2 * 0.98 * c / 1000.0 - fuels[1].kg_per_unit) < 5e-5);
    assert_true(fabs(42.652 * 20.2 * 0.98 * c / 1000.0 * 0.84 - fuels[2].kg_per_unit) < 5e-5);
    assert_true(fabs(389.31 * 15.3 * 0.99 * c / 10000.0 - fuels[0].kg_per_unit) < 5e-5);
}

static void a_fuel_counts_in_its_own_unit_only(void **state) {
    (void)state;
    struct carbon_book b = {.fuels = fuels, .fuel_count = 3};
    assert_near(carbon_fuel_kg(&b, FUEL_GAS, "Nm3", 1000), 2162.2);
    assert_near(carbon_fuel_kgce(&b, FUEL_GAS, "Nm3", 1000), 1330);
    assert_near(carbon_fuel_kg(&b, FUEL_DIESEL, "kg", 10), 30.959);
    assert_near(carbon_fuel_kgce(&b, FUEL_DIESEL, "kg", 10), 14.571);
    assert_near(carbon_fuel_kg(&b, FUEL_DIESEL, "L", 10), 26.006);
    assert_near(carbon_fuel_kgce(&b, FUEL_DIESEL, "L", 10), UNKNOWN);
    assert_near(carbon_fuel_kg(&b, FUEL_GAS, "m3", 1000), UNKNOWN);
    assert_near(carbon_fuel_kg(&b, FUEL_OTHER, "kg", 1), UNKNOWN);
    assert_near(carbon_fuel_kgce(&b, FUEL_OTHER, "kg", 1), UNKNOWN);
    assert_near(carbon_fuel_kg(&b, FUEL_GAS, "Nm3", UNKNOWN), UNKNOWN);
    assert_near(carbon_fuel_kg(&b, FUEL_GAS, "Nm3", 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_factor_of_the_asked_year_counts_from_its_validity_on),
        cmocka_unit_test(an_earlier_year_stands_in_and_is_provisional),
        cmocka_unit_test(a_later_year_is_never_used),
        cmocka_unit_test(the_highest_version_counts_while_it_is_valid),
        cmocka_unit_test(without_a_valid_factor_there_is_none),
        cmocka_unit_test(each_series_has_its_own_area),
        cmocka_unit_test(the_order_of_the_file_does_not_matter),
        cmocka_unit_test(factors_that_compete_on_a_day_overlap),
        cmocka_unit_test(the_first_overlap_of_a_book_is_found),
        cmocka_unit_test(series_have_names),
        cmocka_unit_test(an_id_names_series_area_and_year),
        cmocka_unit_test(known_slots),
        cmocka_unit_test(slots_with_a_factor_of_the_hour),
        cmocka_unit_test(an_unknown_is_never_zero),
        cmocka_unit_test(market_based),
        cmocka_unit_test(fuel_factors_follow_from_their_constants),
        cmocka_unit_test(a_fuel_counts_in_its_own_unit_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
