/* Prices, curves, recomputing and filing: what they make again, and what stays. The month ends
 * after an hour of readings: 8 kWh a second of import. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "order_rig.h"

#define DAY_START   (LAST_HOUR - 23 * HOUR)
#define MONTH_START (DAY_START - 29 * MS_PER_DAY)
#define NEXT_DAY    (LAST_HOUR + HOUR)

static struct scene scene;

/* Slots up to 00:15 of December the 1st have closed; month and bill of November are there. */
static int begin(void **state) {
    (void)state;
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    scene_begin(&scene, LAST_HOUR, 30000);
    scene_run(&scene, NEXT_DAY + 16 * MINUTE);
    return 0;
}

static int end(void **state) {
    (void)state;
    scene_end(&scene);
    return 0;
}

/* ---- orders ------------------------------------------------------------------------------ */

/* A month's list: its price of energy; the rest 0.21 together. */
static struct order price_list(int32_t month, int32_t version, int64_t energy_e8) {
    static const struct price_row rows[] = {
        {.component = PRICE_LOSSES, .price_e8 = 1000000},
        {.component = PRICE_TRANSMISSION, .price_e8 = 15000000},
        {.component = PRICE_SYSTEM_OPERATION, .price_e8 = 3000000},
        {.component = PRICE_FUNDS, .price_e8 = 2000000},
        {.component = PRICE_ENERGY}};
    struct order o = {.kind = ORDER_PRICES};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct price_row row = rows[i];
        row.month = month;
        row.version = version;
        row.verified = true;
        if (row.component == PRICE_ENERGY)
            row.price_e8 = energy_e8;
        o.prices.rows[o.prices.count++] = row;
    }
    return o;
}

static struct order curve_order(enum curve_kind kind, int32_t day, int32_t version, int64_t e8) {
    struct order o = {.kind = ORDER_CURVE, .curve = {.kind = kind, .day = day, .version = version}};
    for (size_t i = 0; i < ORDER_CURVE_POINTS; i++)
        o.curve.value_e8[i] = e8;
    return o;
}

static struct order recompute_order(int32_t from_day) {
    return (struct order){.kind = ORDER_RECOMPUTE, .recompute = {.from_day = from_day}};
}

static struct order file_order(int32_t month) {
    return (struct order){.kind = ORDER_FILE_MONTH, .file_month = {.month = month, .by = "Li Na"}};
}

static struct order late_entry(void) {
    struct order o = exchange_order();
    o.meter_change.at = LAST_HOUR + 20 * MINUTE;
    o.meter_change.old_end = 2.5; /* against the ledger row of late_exchange(): 600 kWh */
    return o;
}

/* An exchange of the grid meter that has not been entered. */
static void late_exchange(void) {
    char sql[300];
    snprintf(sql, sizeof sql,
             "INSERT INTO ledger(t,device,feed,counter,event,old,first,new,multiplier)"
             " SELECT %lld,id,0,0,%d,0.0,5.0,7.0,80.0 FROM device WHERE name='grid'",
             (long long)(LAST_HOUR + 20 * MINUTE), (int)ENERGY_RESET);
    assert_int_equal(db_exec(scene.rig.writer.db, sql), ERR_OK);
}

/* ---- what records say --------------------------------------------------------------------- */

static void assert_cost_at(enum outbox_kind kind, ms_t start, const char *want, int line) {
    json_t *m = scene_record(&scene, kind, start);
    const json_t *account = json_array_get(json_object_get(m, "tariff"), 0);
    const char *got = text_at(account, "cost_cny");
    if (want ? !got || strcmp(got, want) != 0 : got != NULL) {
        print_error("cost %s, want %s\n", got ? got : "null", want ? want : "null");
        _fail(__FILE__, line);
    }
    json_decref(m);
}
#define assert_cost(kind, start, want) assert_cost_at(kind, start, want, __LINE__)

static void assert_all_cost(const char *want) {
    assert_cost(OUTBOX_RECORD_1D, DAY_START, want);
    assert_cost(OUTBOX_RECORD_1MO, MONTH_START, want);
    assert_cost(OUTBOX_RECORD_BILL, MONTH_START, want);
}

static int revision_of(enum outbox_kind kind, ms_t start) {
    return (int)scene_number(&scene, kind, start, "revision");
}

/* ---- prices ------------------------------------------------------------------------------- */

/* 3599.9 s x 8 kWh = 28799.2 kWh, at 0.40 + 0.21 = 0.61 CNY/kWh: 17567.512. Of each quarter to
 * 1e-8: 7199.2 and three times 7200 kWh. */
static void a_price_list_makes_day_month_and_bill_known(void **state) {
    (void)state;
    struct order o = price_list(NOVEMBER, 1, 40000000);
    assert_all_cost(NULL);
    assert_done(&scene, &o, "days", 1);
    scene_settle(&scene);
    assert_all_cost("17567.51");
    assert_int_equal(revision_of(OUTBOX_RECORD_1D, DAY_START), 1);
    assert_int_equal(revision_of(OUTBOX_RECORD_1MO, MONTH_START), 1);
    assert_int_equal(revision_of(OUTBOX_RECORD_BILL, MONTH_START), 1);
    json_t *bill = scene_record(&scene, OUTBOX_RECORD_BILL, MONTH_START);
    assert_string_equal(text_at(json_array_get(json_object_get(bill, "month"), 0), "energy_cny"),
                        "17567.51");
    json_decref(bill);
}

static void quarters_and_hours_are_not_sent_again(void **state) {
    (void)state;
    struct order o = price_list(NOVEMBER, 1, 40000000);
    size_t minutes = scene_messages(&scene, OUTBOX_RECORD_1M);
    size_t quarters = scene_messages(&scene, OUTBOX_RECORD_15M);
    size_t hours = scene_messages(&scene, OUTBOX_RECORD_1H);
    size_t days = scene_messages(&scene, OUTBOX_RECORD_1D);
    assert_done(&scene, &o, "days", 1);
    scene_settle(&scene);
    assert_int_equal(scene_messages(&scene, OUTBOX_RECORD_1M), minutes);
    assert_int_equal(scene_messages(&scene, OUTBOX_RECORD_15M), quarters);
    assert_int_equal(scene_messages(&scene, OUTBOX_RECORD_1H), hours);
    assert_int_equal(scene_messages(&scene, OUTBOX_RECORD_1D), days + 1);
}

static void quarters_that_close_later_take_the_new_prices(void **state) {
    (void)state;
    struct order o = price_list(NOVEMBER + 1, 1, 40000000);
    assert_done(&scene, &o, "days", 0); /* December the 1st is not over */
    assert_cost(OUTBOX_RECORD_15M, NEXT_DAY, NULL);
    scene_run(&scene, NEXT_DAY + 31 * MINUTE);
    assert_cost(OUTBOX_RECORD_15M, NEXT_DAY + QUARTER, "4392.00"); /* 7200 x 0.61 */
    assert_all_cost(NULL);
}

static void a_missing_component_leaves_the_cost_unknown(void **state) {
    (void)state;
    struct order o = price_list(NOVEMBER, 1, 40000000);
    o.prices.count--; /* no price of energy */
    assert_done(&scene, &o, "days", 1);
    scene_settle(&scene);
    assert_all_cost(NULL);
}

static void the_highest_version_counts(void **state) {
    (void)state;
    struct order second = price_list(NOVEMBER, 2, 40000000);
    struct order first = price_list(NOVEMBER, 1, 90000000);
    struct order third = price_list(NOVEMBER, 3, 50000000);
    assert_done(&scene, &second, "days", 1);
    scene_settle(&scene);
    assert_done(&scene, &first, "days", 1);
    scene_settle(&scene);
    assert_all_cost("17567.51");
    assert_done(&scene, &third, "days", 1);
    scene_settle(&scene);
    assert_all_cost("20447.43"); /* 28799.2 x 0.71 = 20447.432 */
}

static void prices_of_other_months_make_nothing_again(void **state) {
    (void)state;
    struct order o = price_list(NOVEMBER - 1, 1, 40000000);
    struct order after = price_list(NOVEMBER + 1, 1, 40000000);
    for (size_t i = 0; i < 5; i++)
        o.prices.rows[o.prices.count++] = after.prices.rows[i];
    assert_done(&scene, &o, "days", 0);
    scene_settle(&scene);
    assert_int_equal(revision_of(OUTBOX_RECORD_1D, DAY_START), 0);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM price"), 10);
}

static void two_lists_in_a_row_make_a_day_again_once(void **state) {
    (void)state;
    struct order o = price_list(NOVEMBER, 1, 90000000);
    struct order again = price_list(NOVEMBER, 2, 40000000);
    assert_done(&scene, &o, "days", 1);
    assert_done(&scene, &again, "days", 1);
    scene_settle(&scene);
    assert_all_cost("17567.51");
    assert_int_equal(revision_of(OUTBOX_RECORD_1D, DAY_START), 1);
}

/* ---- curves ------------------------------------------------------------------------------- */

static void a_curve_wins_over_the_list_on_its_day(void **state) {
    (void)state;
    struct order list = price_list(NOVEMBER, 1, 40000000);
    struct order o = curve_order(CURVE_PRICE, NOV_30, 2, 10000000);
    struct order older = curve_order(CURVE_PRICE, NOV_30, 1, 90000000);
    struct order other = curve_order(CURVE_PRICE, NOV_30 - 1, 9, 90000000);
    assert_done(&scene, &list, "days", 1);
    for (size_t i = 92; i < 94; i++) /* the first half of the last hour */
        o.curve.value_e8[i] = 20000000;
    assert_done(&scene, &o, "days", 1);
    assert_done(&scene, &older, "days", 1);
    assert_done(&scene, &other, "days", 0);
    scene_settle(&scene);
    assert_all_cost("4319.84"); /* 14399.2 x 0.20 + 14400 x 0.10 */
    json_t *day = scene_record(&scene, OUTBOX_RECORD_1D, DAY_START);
    assert_string_equal(text_at(json_array_get(json_object_get(day, "tariff"), 0), "priced_by"),
                        "curve");
    json_decref(day);
}

static void a_factor_curve_makes_the_carbon_again(void **state) {
    (void)state;
    struct order o = curve_order(CURVE_FACTOR, NOV_30, 1, 25000000);
    size_t quarters = scene_messages(&scene, OUTBOX_RECORD_15M);
    double kwh = scene_number(&scene, OUTBOX_RECORD_1D, DAY_START, "energy_kwh/import");
    assert_near(scene_number(&scene, OUTBOX_RECORD_1D, DAY_START, "carbon/location_kg"), kwh * 0.5,
                0.001);
    assert_done(&scene, &o, "days", 1);
    scene_settle(&scene);
    assert_near(scene_number(&scene, OUTBOX_RECORD_1D, DAY_START, "carbon/location_kg"), kwh * 0.25,
                0.001);
    assert_near(scene_number(&scene, OUTBOX_RECORD_1MO, MONTH_START, "carbon/location_kg"),
                kwh * 0.25, 0.001);
    assert_int_equal(scene_messages(&scene, OUTBOX_RECORD_15M), quarters);
}

/* ---- recomputing -------------------------------------------------------------------------- */

static void recomputing_counts_its_days(void **state) {
    (void)state;
    struct order o = recompute_order(NOV_30);
    assert_done(&scene, &o, "days", 1);
    assert_done(&scene, &o, "days", 1); /* it waits already */
    scene_settle(&scene);
    assert_int_equal(revision_of(OUTBOX_RECORD_1D, DAY_START), 1);
    assert_int_equal(revision_of(OUTBOX_RECORD_1MO, MONTH_START), 1);
    o = recompute_order(NOV_30 + 1);
    assert_done(&scene, &o, "days", 0);
    o = recompute_order(10957); /* 2000-01-01 */
    assert_done(&scene, &o, "days", 1);
}

/* ---- filing ------------------------------------------------------------------------------- */

static void a_filed_month_says_so_and_is_filed_once(void **state) {
    (void)state;
    struct order o = file_order(NOVEMBER);
    assert_done(&scene, &o, "records", 1);
    json_t *month = scene_record(&scene, OUTBOX_RECORD_1MO, MONTH_START);
    assert_true(json_is_true(json_object_get(month, "filed")));
    assert_int_equal((int)number_at(month, "revision"), 1);
    json_decref(month);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM filed WHERE month=24286 AND"
                                         " actor='Li Na (local:wang)'"), /* 2023 x 12 + 10 */
                     1);
    assert_refused(&scene, &o, "2023-11 was filed before; a filed month stays as it is");
    assert_int_equal(revision_of(OUTBOX_RECORD_1D, DAY_START), 0);
}

static void what_cannot_be_filed_is_refused(void **state) {
    (void)state;
    struct order open = file_order(NOVEMBER + 1), o = file_order(NOVEMBER);
    struct order prices = price_list(NOVEMBER, 1, 40000000);
    assert_refused(&scene, &open, "2023-12 has no record of the month yet; file it after");
    open = file_order(NOVEMBER - 1); /* before the store began */
    assert_refused(&scene, &open, "2023-10 has no record of the month yet");
    assert_done(&scene, &prices, "days", 1);
    assert_refused(&scene, &o, "1 slots of 2023-11 wait to be made again; file it when");
    scene_settle(&scene);
    assert_done(&scene, &o, "records", 1); /* with its prices */
    assert_all_cost("17567.51");
}

static void after_filing_late_energy_is_told_and_days_and_months_stay(void **state) {
    (void)state;
    struct order file = file_order(NOVEMBER), late = late_entry();
    late_exchange();
    assert_done(&scene, &file, "records", 1);
    double quarter =
        scene_number(&scene, OUTBOX_RECORD_15M, LAST_HOUR + QUARTER, "energy_kwh/import");
    double day = scene_number(&scene, OUTBOX_RECORD_1D, DAY_START, "energy_kwh/import");
    size_t days = scene_messages(&scene, OUTBOX_RECORD_1D);
    size_t months = scene_messages(&scene, OUTBOX_RECORD_1MO);
    size_t bills = scene_messages(&scene, OUTBOX_RECORD_BILL);
    assert_done(&scene, &late, "slots", 2);
    scene_settle(&scene);
    json_t *e = scene_event(&scene, "late_after_filing");
    assert_string_equal(text_at(e, "object"), "1d");
    assert_string_equal(text_at(e, "severity"), "warning");
    assert_string_equal(text_at(e, "at"), "2023-11-30T00:00:00+00:00");
    json_decref(e);
    /* what was measured is corrected, what was filed is not */
    assert_near(scene_number(&scene, OUTBOX_RECORD_15M, LAST_HOUR + QUARTER, "energy_kwh/import"),
                quarter + 600.0, 1e-6);
    assert_int_equal(revision_of(OUTBOX_RECORD_1H, LAST_HOUR), 1);
    assert_near(scene_number(&scene, OUTBOX_RECORD_1D, DAY_START, "energy_kwh/import"), day, 0);
    assert_int_equal(scene_messages(&scene, OUTBOX_RECORD_1D), days);
    assert_int_equal(scene_messages(&scene, OUTBOX_RECORD_1MO), months);
    assert_int_equal(scene_messages(&scene, OUTBOX_RECORD_BILL), bills);
}

/* Nothing came late: no event, the reply counts them. */
static void prices_of_a_filed_month_are_kept_and_change_nothing(void **state) {
    (void)state;
    struct order file = file_order(NOVEMBER), prices = price_list(NOVEMBER, 1, 40000000);
    struct order curve = curve_order(CURVE_PRICE, NOV_30, 1, 10000000);
    struct order again = recompute_order(NOV_30 - 10);
    const struct order *orders[] = {&prices, &curve, &again};
    assert_done(&scene, &file, "records", 1);
    size_t events = scene_messages(&scene, OUTBOX_EVENT);
    for (size_t i = 0; i < 3; i++) {
        json_t *reply = scene_order(&scene, orders[i]);
        assert_true(json_is_true(json_object_get(reply, "ok")));
        assert_int_equal((int)number_at(reply, "days"), 0);
        assert_int_equal((int)number_at(reply, "filed_days"), 1);
        json_decref(reply);
    }
    scene_settle(&scene);
    assert_int_equal(scene_messages(&scene, OUTBOX_EVENT), events);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM price"), 5);
    assert_all_cost(NULL);
}

/* ---- the disk, and the power --------------------------------------------------------------- */

/* 500 rows do not fit: neither table nor memory has any of them. */
static void a_list_that_finds_no_room_leaves_no_price(void **state) {
    (void)state;
    static struct order o;
    char sql[64], text[ORDER_REPLY_MAX];
    struct order good = price_list(NOVEMBER, 1, 40000000);
    o = (struct order){.kind = ORDER_PRICES, .id = "list"};
    o.prices.count = ORDER_PRICES_MAX;
    for (size_t i = 0; i < ORDER_PRICES_MAX; i++) {
        o.prices.rows[i] = good.prices.rows[i % 5];
        o.prices.rows[i].version = 2 + (int32_t)i / 5;
    }
    assert_done(&scene, &good, "days", 1);
    scene_settle(&scene);
    snprintf(sql, sizeof sql, "PRAGMA max_page_count=%d",
             (int)scene_count(&scene, "PRAGMA page_count"));
    assert_int_equal(db_exec(scene.rig.writer.db, sql), ERR_OK);
    const struct order_desk desk = scene_desk(&scene);
    int64_t before = scene_trace(&scene);
    order_desk_run(&desk, &o, "mqtt", text, sizeof text);
    assert_non_null(strstr(text, "no space left; nothing was changed"));
    assert_int_equal(scene_trace(&scene), before);
    assert_int_equal(scene.rig.core.records.books.books.prices.row_count, 5);
    assert_int_equal(db_exec(scene.rig.writer.db, "PRAGMA max_page_count=1000000"), ERR_OK);
    assert_done(&scene, &o, "days", 1);
    assert_int_equal(scene.rig.core.records.books.books.prices.row_count, 505);
}

static void after_a_kill_prices_and_filing_are_there(void **state) {
    (void)state;
    struct order prices = price_list(NOVEMBER, 1, 40000000), file = file_order(NOVEMBER);
    assert_done(&scene, &prices, "days", 1);
    scene_kill(&scene);
    scene_run(&scene, scene.now + MINUTE);
    scene_settle(&scene);
    assert_all_cost("17567.51");
    assert_done(&scene, &file, "records", 1);
    scene_kill(&scene);
    assert_refused(&scene, &file, "was filed before");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_price_list_makes_day_month_and_bill_known),
        TEST(quarters_and_hours_are_not_sent_again),
        TEST(quarters_that_close_later_take_the_new_prices),
        TEST(a_missing_component_leaves_the_cost_unknown),
        TEST(the_highest_version_counts),
        TEST(prices_of_other_months_make_nothing_again),
        TEST(two_lists_in_a_row_make_a_day_again_once),
        TEST(a_curve_wins_over_the_list_on_its_day),
        TEST(a_factor_curve_makes_the_carbon_again),
        TEST(recomputing_counts_its_days),
        TEST(a_filed_month_says_so_and_is_filed_once),
        TEST(what_cannot_be_filed_is_refused),
        TEST(after_filing_late_energy_is_told_and_days_and_months_stay),
        TEST(prices_of_a_filed_month_are_kept_and_change_nothing),
        TEST(a_list_that_finds_no_room_leaves_no_price),
        TEST(after_a_kill_prices_and_filing_are_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
