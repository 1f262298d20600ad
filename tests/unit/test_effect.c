/* The effect of an alert: pieces, workdays, baselines, sums; worked out by hand. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "calc/effect.h"

#define UNKNOWN ((double)NAN)
#define MINUTE  MS_PER_MIN
#define QUARTER (15 * MINUTE)
#define NOON    ((ms_t)20782 * MS_PER_DAY + 12 * MS_PER_HOUR) /* 2026-11-25, a Wednesday, UTC */

static struct effect_piece piece[EFFECT_PIECES_MAX];
static struct effect_input in;
static struct effect got;

static int begin(void **state) {
    (void)state;
    memset(&in, 0, sizeof in);
    memset(&got, 0x55, sizeof got);
    in.piece = piece;
    for (int f = 0; f < EFFECT_FLOWS; f++)
        in.before_kw[f] = UNKNOWN;
    return 0;
}

/* ---- pieces, days -------------------------------------------------------------------------- */

static void quarters_with_minutes_at_their_ends(void **state) {
    (void)state;
    static const struct {
        ms_t from, to;
        size_t pieces, quarters;
    } cases[] = {
        {NOON, NOON + 2 * QUARTER, 2, 2},
        {NOON - 2 * MINUTE, NOON + QUARTER + 3 * MINUTE, 6, 1},
        {NOON + MINUTE, NOON + QUARTER, 14, 0},
        {NOON + MINUTE, NOON + MINUTE, 0, 0},
        {NOON + MINUTE, NOON - MINUTE, 0, 0},
        {NOON + MINUTE, NOON + 7 * MS_PER_DAY + MINUTE, 14 + 671 + 1, 671},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t quarters = 0, n = effect_cut(cases[i].from, cases[i].to, piece, EFFECT_PIECES_MAX);
        assert_int_equal(n, cases[i].pieces);
        ms_t at = cases[i].from;
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(piece[k].start, at);
            at = piece[k].end;
            quarters += piece[k].end - piece[k].start == QUARTER;
            assert_true(isnan(piece[k].kwh[EFFECT_SITE]) && isnan(piece[k].day_kwh[4][0]));
            assert_true(isnan(piece[k].kg_per_kwh) && !piece[k].price.known);
        }
        assert_int_equal(quarters, cases[i].quarters);
        if (n > 0)
            assert_int_equal(at, cases[i].to);
    }
    assert_int_equal(effect_cut(NOON, NOON + 9 * QUARTER, piece, 4), 4);
}

static void workdays_are_those_of_the_calendar(void **state) {
    (void)state;
    /* 2026-11-25 is day 20782 (python: date(2026,11,25).toordinal()-719163), a Wednesday */
    static const int32_t holidays[] = {20778}, made_up[] = {20779}; /* Saturday 21; Sunday 22 */
    static const int32_t friday_off[] = {20777};
    struct tariff t = {.holidays = holidays, .holiday_count = 1};
    int32_t day[EFFECT_DAYS];
    assert_int_equal(effect_workdays(NULL, 20782, day), 5);
    static const int32_t plain[] = {20781, 20780, 20777, 20776, 20775};
    assert_memory_equal(day, plain, sizeof plain);
    assert_int_equal(effect_workdays(&t, 20782, day), 5);
    assert_memory_equal(day, plain, sizeof plain);
    t = (struct tariff){
        .holidays = friday_off, .holiday_count = 1, .workdays = made_up, .workday_count = 1};
    static const int32_t moved[] = {20781, 20780, 20779, 20776, 20775};
    assert_int_equal(effect_workdays(&t, 20782, day), 5);
    assert_memory_equal(day, moved, sizeof moved);
    assert_int_equal(effect_workdays(NULL, 20778, day), 0); /* a Saturday has no workdays' hours */
    assert_int_equal(effect_workdays(&t, 20777, day), 0);
    assert_int_equal(effect_workdays(&t, 20779, day), 5);
}

/* ---- results ------------------------------------------------------------------------------- */

static struct price yuan(double v) {
    return (struct price){.price_e8 = (int64_t)(v * PRICE_UNIT + 0.5), .known = true};
}

/* The same at the meter, of the import and of the site. */
static void put(size_t i, double kw, double price, double kg) {
    double h = (double)(piece[i].end - piece[i].start) / (double)MS_PER_HOUR;
    for (int f = 0; f < EFFECT_FLOWS; f++)
        piece[i].kwh[f] = kw * h;
    piece[i].price = yuan(price);
    piece[i].kg_per_kwh = kg;
}

static void measure(size_t count, size_t rebound) {
    in.count = count;
    in.rebound_count = rebound;
    effect_measure(&in, &got);
}

static void near(double a, double b) {
    if (!(fabs(a - b) < 1e-9))
        fail_msg("%.12g is not %.12g", a, b);
}

static void against_the_minutes_before(void **state) {
    (void)state;
    /* 1000 kW before. Quarters of 800 and 700 kW: less by 200 and 300: 50 + 75 = 125 kWh. At 1 and
     * 0.5 CNY: 50 + 37.5 = 87.5 CNY; at 0.5 kg: 62.5 kg. Then 1100 and 1000 kW: 25 kWh more. */
    static const double kw[] = {800, 700, 1100, 1000}, price[] = {1.0, 0.5, 0.25, 0.25};
    for (int f = 0; f < EFFECT_FLOWS; f++)
        in.before_kw[f] = 1000.0;
    effect_cut(NOON, NOON + 4 * QUARTER, piece, EFFECT_PIECES_MAX);
    for (size_t i = 0; i < 4; i++)
        put(i, kw[i], price[i], 0.5);
    for (size_t i = 0; i < 4; i++)
        piece[i].kwh[EFFECT_SITE] = 1500 * 0.25; /* the storage did it: the load stayed */
    in.before_kw[EFFECT_SITE] = 1500.0;
    measure(2, 2);
    assert_false(got.workdays);
    assert_int_equal(got.days, 0);
    near(got.coverage, 1.0);
    near(got.meter.base_kw, 1000.0);
    near(got.meter.kw, 250.0);
    near(got.meter.best_kw, 300.0);
    near(got.meter.kwh, 125.0);
    assert_true(got.cny_known);
    assert_int_equal(got.cny_e8, 8750000000);
    near(got.kg, 62.5);
    near(got.meter.rebound_kw, 50.0);
    near(got.meter.rebound_kwh, 25.0);
    assert_true(got.rebound_cny_known);
    assert_int_equal(got.rebound_cny_e8, 625000000);
    near(got.rebound_kg, 12.5);
    near(got.rebound_coverage, 1.0);
    near(got.site.kw, 0.0);
    near(got.site.rebound_kwh, 0.0);
    near(got.site.base_kw, 1500.0);
}

static void days(size_t count, const double *kw) {
    in.day_count = count;
    for (size_t i = 0; i < 4; i++)
        for (size_t d = 0; d < count; d++)
            for (int f = 0; f < EFFECT_FLOWS; f++)
                piece[i].day_kwh[d][f] = kw[d] * 0.25;
}

static void against_the_same_hours_of_workdays(void **state) {
    (void)state;
    static const double kw[] = {1000, 1100, 900, 1200, 800}; /* mean 1000 */
    for (int f = 0; f < EFFECT_FLOWS; f++)
        in.before_kw[f] = 5000.0; /* not looked at */
    effect_cut(NOON, NOON + 4 * QUARTER, piece, EFFECT_PIECES_MAX);
    for (size_t i = 0; i < 4; i++)
        put(i, 900.0, 1.0, 0.5);
    days(5, kw);
    measure(4, 0);
    assert_true(got.workdays);
    assert_int_equal(got.days, 5);
    near(got.meter.base_kw, 1000.0);
    near(got.meter.kw, 100.0);
    near(got.meter.kwh, 100.0);
    assert_int_equal(got.cny_e8, 10000000000);
    near(got.rebound_coverage, 0.0);
    assert_true(isnan(got.meter.rebound_kw) && !got.rebound_cny_known && isnan(got.rebound_kg));
}

static void a_day_with_less_than_eighty_percent_is_not_used(void **state) {
    (void)state;
    static const double kw[] = {1000, 1100, 900, 1200, 800};
    in.before_kw[EFFECT_METER] = 950.0;
    effect_cut(NOON, NOON + 4 * QUARTER, piece, EFFECT_PIECES_MAX);
    for (size_t i = 0; i < 4; i++)
        put(i, 900.0, 1.0, 0.5);
    days(5, kw);
    piece[2].day_kwh[0][EFFECT_METER] = UNKNOWN; /* 75 % of day 0 and day 1 */
    piece[3].day_kwh[1][EFFECT_METER] = UNKNOWN;
    measure(4, 0);
    assert_true(got.workdays);
    assert_int_equal(got.days, 3);
    near(got.meter.base_kw, (900.0 + 1200.0 + 800.0) / 3);
    piece[0].day_kwh[2][EFFECT_METER] = UNKNOWN; /* two are left: the minutes before */
    measure(4, 0);
    assert_false(got.workdays);
    assert_int_equal(got.days, 0);
    near(got.meter.kw, 50.0);
    assert_true(isnan(got.site.kw)); /* of which nothing was known before */
}

static void what_is_unknown_is_left_out_and_counted(void **state) {
    (void)state;
    in.before_kw[EFFECT_METER] = in.before_kw[EFFECT_IMPORT] = 1000.0;
    effect_cut(NOON, NOON + 4 * QUARTER, piece, EFFECT_PIECES_MAX);
    for (size_t i = 0; i < 4; i++)
        put(i, 600.0, 1.0, 0.5);
    piece[1].kwh[EFFECT_METER] = piece[1].kwh[EFFECT_IMPORT] = UNKNOWN;
    piece[1].price.known = false; /* no matter: nothing of it is priced */
    measure(4, 0);
    near(got.coverage, 0.75);
    near(got.meter.kw, 400.0);
    near(got.meter.kwh, 300.0);
    assert_true(got.cny_known);
    assert_int_equal(got.cny_e8, 30000000000);
    near(got.kg, 150.0);
    piece[2].price.known = false;
    piece[3].kg_per_kwh = UNKNOWN;
    measure(4, 0);
    assert_false(got.cny_known);
    assert_true(isnan(got.kg));
    near(got.meter.kwh, 300.0);
}

static void without_anything_known_all_is_unknown(void **state) {
    (void)state;
    size_t n = effect_cut(NOON, NOON + 2 * QUARTER, piece, EFFECT_PIECES_MAX);
    measure(n, 0);
    near(got.coverage, 0.0);
    assert_true(isnan(got.meter.kw) && isnan(got.meter.kwh) && isnan(got.meter.best_kw));
    assert_true(isnan(got.meter.base_kw) && isnan(got.kg) && !got.cny_known);
    measure(0, 0); /* an alert of less than a minute */
    near(got.coverage, 0.0);
    assert_true(isnan(got.site.kw) && isnan(got.site.rebound_kw));
}

static void the_best_is_of_a_quarter_where_there_is_one(void **state) {
    (void)state;
    in.before_kw[EFFECT_METER] = 100.0;
    size_t n = effect_cut(NOON - 2 * MINUTE, NOON + QUARTER, piece, EFFECT_PIECES_MAX);
    assert_int_equal(n, 3);
    put(0, 10.0, 1.0, 0.5);
    put(1, 50.0, 1.0, 0.5);
    put(2, 60.0, 1.0, 0.5);
    measure(2, 0);
    near(got.meter.best_kw, 90.0);
    measure(3, 0);
    near(got.meter.best_kw, 40.0);
    /* 1.5 kWh and 50/60 kWh and 10 kWh of 17 minutes */
    near(got.meter.kwh, 90.0 / 60 + 50.0 / 60 + 40.0 / 4);
}

/* Export is not paid like import, and carries no carbon: what is worth money is the import alone.
 */
static void money_and_carbon_are_of_the_import(void **state) {
    (void)state;
    in.before_kw[EFFECT_METER] = in.before_kw[EFFECT_IMPORT] = 100.0;
    effect_cut(NOON, NOON + QUARTER, piece, EFFECT_PIECES_MAX);
    put(0, -100.0, 1.0, 0.5);
    piece[0].kwh[EFFECT_IMPORT] = 0.0;
    measure(1, 0);
    near(got.meter.kwh, 50.0);
    assert_int_equal(got.cny_e8, 2500000000);
    near(got.kg, 12.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(quarters_with_minutes_at_their_ends, begin),
        cmocka_unit_test_setup(workdays_are_those_of_the_calendar, begin),
        cmocka_unit_test_setup(against_the_minutes_before, begin),
        cmocka_unit_test_setup(against_the_same_hours_of_workdays, begin),
        cmocka_unit_test_setup(a_day_with_less_than_eighty_percent_is_not_used, begin),
        cmocka_unit_test_setup(what_is_unknown_is_left_out_and_counted, begin),
        cmocka_unit_test_setup(without_anything_known_all_is_unknown, begin),
        cmocka_unit_test_setup(the_best_is_of_a_quarter_where_there_is_one, begin),
        cmocka_unit_test_setup(money_and_carbon_are_of_the_import, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
