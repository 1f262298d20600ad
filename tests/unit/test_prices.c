/* Prices of periods from monthly components and from pushed curves; money and its text. Amounts are
 * integers of 1e-8 CNY; expected ones are worked out by hand in the comments. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "calc/tariff.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define MONTH(y, m) ((y)*12 + (m)-1)
#define UNUSED      ((double)NAN)

static int shanghai(ms_t utc_ms) {
    (void)utc_ms;
    return 8 * 3600;
}

/* Sharp is not used; in January valley and peak have other ratios. */
static const struct tariff_season january = {1, {UNUSED, 1.71, 1.0, 0.47, UNUSED}};
static const struct tariff_version version = {.ratio = {UNUSED, 1.72, 1.0, 0.45, 1.005},
                                              .seasons = &january,
                                              .season_count = 1,
                                              .verified = true};

/* 0.4011 x ratio + 0.0156 + 0.1823 + 0.0398 + 0.0271; the last four are 0.2648. */
static const struct price_row june[] = {
    {MONTH(2024, 6), PRICE_ENERGY, 40110000, 1, true},
    {MONTH(2024, 6), PRICE_LOSSES, 1560000, 1, true},
    {MONTH(2024, 6), PRICE_TRANSMISSION, 18230000, 1, true},
    {MONTH(2024, 6), PRICE_SYSTEM_OPERATION, 3980000, 1, true},
    {MONTH(2024, 6), PRICE_FUNDS, 2710000, 1, true},
    {MONTH(2024, 6), PRICE_DEMAND, 4000000000, 1, false},
};

static struct price price_of(const struct price_row *rows, size_t count, int32_t month,
                             enum tariff_period p) {
    const struct price_book b = {.rows = rows, .row_count = count};
    return tariff_price(&version, &b, month, p);
}

static void assert_price(struct price got, int64_t price_e8, bool verified) {
    assert_true(got.known);
    assert_int_equal(got.price_e8, price_e8);
    assert_int_equal(got.verified, verified);
}

static void assert_unknown(struct price got) {
    assert_false(got.known);
    assert_int_equal(got.price_e8, 0);
    assert_false(got.verified);
}

/* peak 0.4011 x 1.72 = 0.689892, + 0.2648 = 0.954692; flat 0.6659; valley 0.180495 + 0.2648 =
 * 0.445295. */
static void only_the_energy_price_floats_with_the_period(void **state) {
    (void)state;
    const int32_t m = MONTH(2024, 6);
    assert_price(price_of(june, COUNT(june), m, TARIFF_PEAK), 95469200, true);
    assert_price(price_of(june, COUNT(june), m, TARIFF_FLAT), 66590000, true);
    assert_price(price_of(june, COUNT(june), m, TARIFF_VALLEY), 44529500, true);
}

static void a_period_without_a_ratio_has_no_price(void **state) {
    (void)state;
    const struct price_book b = {.rows = june, .row_count = COUNT(june)};
    assert_unknown(tariff_price(&version, &b, MONTH(2024, 6), TARIFF_SHARP));
    assert_unknown(tariff_price(&version, &b, MONTH(2024, 6), TARIFF_PERIODS));
    assert_unknown(tariff_price(NULL, &b, MONTH(2024, 6), TARIFF_FLAT));
    struct tariff_version absurd = version;
    absurd.ratio[TARIFF_FLAT] = -0.5;
    assert_unknown(tariff_price(&absurd, &b, MONTH(2024, 6), TARIFF_FLAT));
}

/* January: 0.4011 x 1.71 = 0.685881, + 0.2648 = 0.950681. */
static void a_season_has_ratios_of_its_own(void **state) {
    (void)state;
    struct price_row rows[COUNT(june)];
    memcpy(rows, june, sizeof rows);
    for (size_t i = 0; i < COUNT(rows); i++)
        rows[i].month = MONTH(2025, 1);
    assert_price(price_of(rows, COUNT(rows), MONTH(2025, 1), TARIFF_PEAK), 95068100, true);
    assert_unknown(price_of(rows, COUNT(rows), MONTH(2025, 1), TARIFF_DEEP));
    assert_true(tariff_ratio(&version, 1, TARIFF_VALLEY) == 0.47);
    assert_true(tariff_ratio(&version, 2, TARIFF_VALLEY) == 0.45);
}

static void a_missing_component_makes_the_price_unknown(void **state) {
    (void)state;
    for (size_t missing = 0; missing < 5; missing++) {
        struct price_row rows[COUNT(june)];
        memcpy(rows, june, sizeof rows);
        rows[missing].month = MONTH(2024, 5);
        assert_unknown(price_of(rows, COUNT(rows), MONTH(2024, 6), TARIFF_PEAK));
        assert_unknown(price_of(rows, COUNT(rows), MONTH(2024, 5), TARIFF_PEAK));
        memcpy(rows, june, sizeof rows);
        rows[missing].price_e8 = PRICE_MAX_E8 + 1; /* no price at all */
        assert_unknown(price_of(rows, COUNT(rows), MONTH(2024, 6), TARIFF_PEAK));
        rows[missing].price_e8 = -PRICE_MAX_E8 - 1;
        assert_unknown(price_of(rows, COUNT(rows), MONTH(2024, 6), TARIFF_PEAK));
    }
    assert_unknown(price_of(NULL, 0, MONTH(2024, 6), TARIFF_PEAK));
}

/* A user who pays no funds: the row says 0. 95469200 - 2710000 = 92759200. */
static void a_component_of_zero_is_known(void **state) {
    (void)state;
    struct price_row rows[COUNT(june)];
    memcpy(rows, june, sizeof rows);
    rows[4].price_e8 = 0;
    assert_price(price_of(rows, COUNT(rows), MONTH(2024, 6), TARIFF_PEAK), 92759200, true);
}

/* 1 and 3 of the same component in any order: 3 counts. Losses 0.02 instead of 0.0156. */
static void the_highest_version_of_a_component_counts(void **state) {
    (void)state;
    struct price_row rows[COUNT(june) + 2];
    memcpy(rows, june, sizeof june);
    rows[6] = (struct price_row){MONTH(2024, 6), PRICE_LOSSES, 2000000, 3, false};
    rows[7] = (struct price_row){MONTH(2024, 6), PRICE_LOSSES, 9990000, 2, true};
    assert_price(price_of(rows, COUNT(rows), MONTH(2024, 6), TARIFF_FLAT), 67030000, false);
    assert_int_equal(price_of(rows, COUNT(rows), MONTH(2024, 6), TARIFF_FLAT).version, 3);
    assert_int_equal(price_of(rows, 6, MONTH(2024, 6), TARIFF_FLAT).version, 1);
}

static void one_unverified_part_makes_the_price_unverified(void **state) {
    (void)state;
    struct price_row rows[COUNT(june)];
    for (size_t i = 0; i < 5; i++) {
        memcpy(rows, june, sizeof rows);
        rows[i].verified = false;
        assert_price(price_of(rows, COUNT(rows), MONTH(2024, 6), TARIFF_FLAT), 66590000, false);
    }
    struct tariff_version doubtful = version;
    doubtful.verified = false;
    const struct price_book b = {.rows = june, .row_count = COUNT(june)};
    assert_price(tariff_price(&doubtful, &b, MONTH(2024, 6), TARIFF_FLAT), 66590000, false);
}

/* 50 x 0.45 = 22.5 -> 23; 49 x 0.45 = 22.05 -> 22; -50 x 0.45 -> -23; 100 x 1.005 = 100.5 -> 101,
 * though the double 1.005 is a hair below; 0.45 x 9,999,999,999,999 = 4,499,999,999,999.55. */
static void energy_times_ratio_is_rounded_half_up(void **state) {
    (void)state;
    static const struct {
        int64_t energy_e8;
        enum tariff_period p;
        int64_t want_e8;
    } rows[] = {
        {50, TARIFF_VALLEY, 23},
        {49, TARIFF_VALLEY, 22},
        {-50, TARIFF_VALLEY, -23},
        {100, TARIFF_DEEP, 101},
        {9999999999999, TARIFF_VALLEY, 4500000000000},
        {-9999999999999, TARIFF_VALLEY, -4500000000000},
        {1000001, TARIFF_VALLEY, 450000},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct price_row list[COUNT(june)];
        memcpy(list, june, sizeof list);
        list[0].price_e8 = rows[i].energy_e8;
        for (size_t j = 1; j < 5; j++)
            list[j].price_e8 = 0;
        assert_price(price_of(list, COUNT(list), MONTH(2024, 6), rows[i].p), rows[i].want_e8, true);
    }
}

static void a_component_can_be_asked_alone(void **state) {
    (void)state;
    const struct price_book b = {.rows = june, .row_count = COUNT(june)};
    assert_price(tariff_component(&b, MONTH(2024, 6), PRICE_DEMAND), 4000000000, false);
    assert_unknown(tariff_component(&b, MONTH(2024, 6), PRICE_CAPACITY));
    assert_unknown(tariff_component(&b, MONTH(2024, 7), PRICE_DEMAND));
}

static void components_have_names(void **state) {
    (void)state;
    static const char *const names[] = {"energy",           "losses",        "transmission",
                                        "system_operation", "funds",         "export",
                                        "demand",           "actual_demand", "capacity"};
    enum price_component c = PRICE_COMPONENTS;
    for (int i = 0; i < PRICE_COMPONENTS; i++) {
        assert_string_equal(price_component_str((enum price_component)i), names[i]);
        assert_true(price_component_parse(names[i], &c));
        assert_int_equal(c, i);
    }
    assert_false(price_component_parse("", &c));
    assert_string_equal(price_component_str(PRICE_COMPONENTS), "unknown");
}

/* ---- curves -------------------------------------------------------------------------------- */

/* Point q of the curve is 1000000 x version + q. */
static struct price_curve curve(int32_t day, int32_t number) {
    struct price_curve c = {.day = day, .version = number};
    for (int q = 0; q < 96; q++)
        c.price_e8[q] = 1000000 * (int64_t)number + q;
    return c;
}

/* 1 June 2026 local begins at 16:00 UTC of 31 May. */
static void a_curve_gives_the_price_of_its_local_quarter(void **state) {
    (void)state;
    const int32_t day = civil_day(2026, 6, 1);
    const ms_t midnight = (ms_t)day * MS_PER_DAY - 8 * MS_PER_HOUR;
    struct price_curve curves[] = {curve(day, 2), curve(day, 3), curve(day, 1)};
    const struct price_book b = {.curves = curves, .curve_count = COUNT(curves)};
    assert_price(tariff_curve_price(&b, midnight, shanghai), 3000000, true);
    assert_int_equal(tariff_curve_price(&b, midnight, shanghai).version, 3);
    assert_price(tariff_curve_price(&b, midnight + 15 * MS_PER_MIN - 1, shanghai), 3000000, true);
    assert_price(tariff_curve_price(&b, midnight + 15 * MS_PER_MIN, shanghai), 3000001, true);
    assert_price(tariff_curve_price(&b, midnight + MS_PER_DAY - 1, shanghai), 3000095, true);
    assert_unknown(tariff_curve_price(&b, midnight - 1, shanghai));
    assert_unknown(tariff_curve_price(&b, midnight + MS_PER_DAY, shanghai));
    curves[1].price_e8[4] = -20000000; /* prices below zero do happen */
    assert_price(tariff_curve_price(&b, midnight + MS_PER_HOUR, shanghai), -20000000, true);
    curves[1].price_e8[4] = INT64_MAX;
    assert_unknown(tariff_curve_price(&b, midnight + MS_PER_HOUR, shanghai));
}

/* ---- money --------------------------------------------------------------------------------- */

/* 1234.567 x 0.774 = 955.554858; 1.005 x 100 = 100.5 -> 101. */
static void money_is_rounded_half_up(void **state) {
    (void)state;
    static const struct {
        double kwh;
        int64_t price_e8, money_e8;
    } rows[] = {
        {1234.567, 77400000, 95555485800},
        {0.5, 1, 1},
        {0.4999999, 1, 0},
        {2.5, 1, 3},
        {-2.5, 1, -3},
        {2.5, -1, -3},
        {1.005, 100, 101},
        {1.0049, 100, 100},
        {0, 77400000, 0},
        {12000000, 4000000000, 48000000000000000},
        {1e300, 100, INT64_MAX},
        {-1e300, 100, INT64_MIN},
        {(double)INFINITY, 1, INT64_MAX},
        {(double)NAN, 100, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t got = money_of(rows[i].kwh, rows[i].price_e8);
        if (got != rows[i].money_e8)
            fail_msg("%.17g kWh: %lld", rows[i].kwh, (long long)got);
    }
}

static void money_is_written_with_two_decimals(void **state) {
    (void)state;
    static const struct {
        int64_t money_e8;
        const char *text;
    } rows[] = {
        {0, "0.00"},
        {123457000000, "1234.57"},
        {123456500000, "1234.57"},
        {123456499999, "1234.56"},
        {99999500000, "1000.00"},
        {500000, "0.01"},
        {499999, "0.00"},
        {-499999, "0.00"},
        {-500000, "-0.01"},
        {-123456500000, "-1234.57"},
        {100000000, "1.00"},
        {10000000, "0.10"},
        {INT64_MAX, "92233720368.55"},
        {INT64_MIN, "-92233720368.55"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[32];
        money_format(rows[i].money_e8, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_energy_price_floats_with_the_period),
        cmocka_unit_test(a_period_without_a_ratio_has_no_price),
        cmocka_unit_test(a_season_has_ratios_of_its_own),
        cmocka_unit_test(a_missing_component_makes_the_price_unknown),
        cmocka_unit_test(a_component_of_zero_is_known),
        cmocka_unit_test(the_highest_version_of_a_component_counts),
        cmocka_unit_test(one_unverified_part_makes_the_price_unverified),
        cmocka_unit_test(energy_times_ratio_is_rounded_half_up),
        cmocka_unit_test(a_component_can_be_asked_alone),
        cmocka_unit_test(components_have_names),
        cmocka_unit_test(a_curve_gives_the_price_of_its_local_quarter),
        cmocka_unit_test(money_is_rounded_half_up),
        cmocka_unit_test(money_is_written_with_two_decimals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
