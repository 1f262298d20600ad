/* What came late: prices, a gap's energy, an officer's entry, and what is made anew of them; filed
 * months. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/gap.h"
#include "week_rig.h"

/* ---- money -------------------------------------------------------------------------------- */

/* A day: 8 h x 720 x 0.45 = 2592, 10 h x 0.65: 4680, 6 h x 0.85: 3672; 10,944 CNY. Seven: 76,608.
 * main's bill has two: 21,888; demand 600 + 2 x (720 - 630) = 780 kW x 40 = 31,200; power factor 12
 * of 12 and 3: 0.97, -0.75 % of 53,088 = -398.16; 52,689.84 together. */
static void a_late_price_makes_days_and_what_is_above_anew(void **state) {
    (void)state;
    ms_t now = NEXT + 20 * MINUTE;
    billed_run(END + MINUTE, now);
    assert_null(billed_text(DAYS, FIRST, "tariff/0/cost_cny"));
    assert_null(billed_text(billed_code("main"), BILL, "month/0/total_cny"));
    billed_put_prices(10, now);
    billed_put_prices(11, now);
    int filed = -1;
    assert_int_equal(
        rollup_recompute(&b.rig.core.rollup, civil_day(2026, 11, 24), INT32_MAX, &filed), 7);
    billed_settle(now);
    assert_string_equal(billed_text(DAYS, FIRST, "tariff/0/cost_cny"), "10944.00");
    assert_string_equal(billed_text(MONTHS, MONTH, "tariff/0/cost_cny"), "76608.00");
    assert_near(billed_number(DAYS, FIRST, "tariff/0/price_version"), 1, 0);
    const int64_t bill = billed_code("main");
    assert_string_equal(billed_text(bill, BILL, "month/0/energy_cny"), "21888.00");
    assert_string_equal(billed_text(bill, BILL, "month/0/basic_cny"), "31200.00");
    assert_string_equal(billed_text(bill, BILL, "month/0/adjust_cny"), "-398.16");
    assert_string_equal(billed_text(bill, BILL, "month/0/total_cny"), "52689.84");
    assert_near(billed_number(bill, BILL, "month/0/power_factor"), 0.97, 1e-9);
    assert_near(billed_number(bill, BILL, "month/0/demand_kw"), 780, 1e-9);
    /* each once */
    for (ms_t d = FIRST; d < NEXT; d += DAY)
        assert_int_equal(billed_revision(DAYS, d), 1);
    assert_int_equal(billed_revision(MONTHS, MONTH), 1);
    assert_int_equal(billed_revision(bill, BILL), 1);
    assert_int_equal(billed_revision(billed_code("other"), MONTH), 1);
    assert_int_equal(billed_count("SELECT count(*) FROM record WHERE period<=3600 AND revision>0"),
                     0);
}

/* ---- gaps --------------------------------------------------------------------------------- */

/* The meter is silent from 22:05 to 01:35, over the month's end. Until then the last two hours, the
 * day, the month and other's bill miss 115 minutes. */
static void silence_over_the_months_end(void) {
    b.silent_from = END + 5 * MINUTE;
    b.silent_to = NEXT + 95 * MINUTE;
    billed_run(END + MINUTE, NEXT + 95 * MINUTE);
}

static void a_gaps_energy_reaches_all_that_was_made_of_its_slots(void **state) {
    (void)state;
    silence_over_the_months_end();
    assert_true(billed_number(DAYS, NEXT - DAY, "energy_kwh/import") < 17280 - 1000);
    assert_int_equal(billed_revision(HOURS, NEXT - HOUR), 0);
    billed_run(NEXT + 95 * MINUTE, NEXT + 100 * MINUTE);
    billed_settle(NEXT + 100 * MINUTE);
    /* each once, and what lies beside it not at all */
    for (ms_t t = END; t < NEXT + 90 * MINUTE; t += QUARTER)
        assert_int_equal(billed_revision(Q, t), 1);
    for (ms_t t = END; t < NEXT + HOUR; t += HOUR) {
        assert_int_equal(billed_revision(HOURS, t), 1);
        assert_near(billed_number(HOURS, t, "energy_kwh/import"), HOUR_KWH, 1e-6);
    }
    assert_int_equal(billed_revision(DAYS, NEXT - DAY), 1);
    assert_int_equal(billed_revision(MONTHS, MONTH), 1);
    assert_int_equal(billed_revision(billed_code("other"), MONTH), 1);
    assert_int_equal(billed_revision(billed_code("main"), BILL), 0);
    assert_int_equal(billed_revision(HOURS, END - HOUR), 0);
    assert_int_equal(billed_revision(DAYS, NEXT - 2 * DAY), 0);
    assert_near(billed_number(DAYS, NEXT - DAY, "energy_kwh/import"), 17280, 1e-6);
    assert_near(billed_number(MONTHS, MONTH, "energy_kwh/import"), 120960, 1e-6);
    assert_near(billed_number(billed_code("other"), MONTH, "energy_kwh/import"), 120960, 1e-6);
}

/* 22:05 to 24:00 was not seen: of a day's 1440 minutes 115 less the 2.5 polls that a value holds.
 * Its rows are recovered, its energy exact, and its records are marked late. */
static void a_recovered_day_says_so(void **state) {
    (void)state;
    silence_over_the_months_end();
    billed_run(NEXT + 95 * MINUTE, NEXT + 100 * MINUTE);
    billed_settle(NEXT + 100 * MINUTE);
    struct slot_head h;
    struct feed_slot f = billed_row(DAYS, NEXT - DAY, GRID, &h);
    assert_int_equal(f.method, METHOD_RECOVERED);
    assert_near(h.coverage, 1.0 - 113.5 / 1440.0, 0.002);
    assert_near(counter_slot_amount(&f.counter[FEED_FORWARD]), 17280, 1e-6);
    assert_true(fabs(counter_slot_rollover(&f.counter[FEED_FORWARD])) < 1e-6);
    json_t *m = billed_record(DAYS, NEXT - DAY, -1);
    assert_true(json_is_true(json_object_get(m, "late")));
    json_decref(m);
    /* stored: an exact energy counts, though nothing was seen */
    assert_near(billed_number(DAYS, NEXT - DAY, "completeness/slots/stored"), 288, 0);
}

/* Slots keep coming to be marked by a meter that is silent again and again: what waits is made all
 * the same, after a minute. */
static void a_meter_that_comes_and_goes_does_not_hold_up_revisions(void **state) {
    (void)state;
    silence_over_the_months_end();
    ms_t now = NEXT + 95 * MINUTE;
    billed_poll(now);
    core_second(&b.rig.core, now + 15000);
    for (int i = 0; i < 90; i++) {
        char sql[120];
        snprintf(sql, sizeof sql, "INSERT INTO dirty VALUES(60,%d)", i);
        assert_int_equal(db_exec(b.rig.writer.db, sql), ERR_OK);
        b.rig.writer.more = true;
        billed_commit(now + 16000 + i * 1000);
    }
    assert_int_equal(billed_revision(Q, END + QUARTER), 1);
}

/* What an officer's entry does: the incomer's energy of one quarter times a factor. */
static void scale_quarter(ms_t start, double factor, ms_t now) {
    const struct slot_change c = {.device_no = b.rig.writer.device_no[GRID],
                                  .feed = 0,
                                  .factor = factor,
                                  .method = METHOD_MANUAL};
    assert_int_equal(gap_change_slot(&b.rig.writer, SLOT_15M, start, &c, 0), ERR_OK);
    billed_settle(now);
}

/* A quarter of the 25th had twice the power: 1440 kW. The bill of that month has it, 600 + 2 x
 * (1440
 * - 630) = 2220 kW, and when the entry is taken back it is 780 again. */
static void a_bill_has_the_maximum_of_its_days_as_they_are_now(void **state) {
    (void)state;
    const int64_t bill = billed_code("main");
    assert_near(billed_number(bill, BILL, "month/0/demand_kw"), 780, 1e-9);
    scale_quarter(FIRST + DAY + 8 * HOUR, 2.0, END + 20000);
    assert_near(billed_number(Q, FIRST + DAY + 8 * HOUR, "demand/0/block_kw"), 1440, 1e-9);
    assert_near(billed_number(DAYS, FIRST + DAY, "demand/0/month_max_kw"), 1440, 1e-9);
    assert_near(billed_number(bill, BILL, "month/0/demand_kw"), 2220, 1e-9);
    assert_near(billed_number(bill, BILL, "demand/0/month_max_kw"), 1440, 1e-9);
    assert_near(billed_number(bill, BILL, "points/0/month_max_kw"), 1440, 1e-9);
    scale_quarter(FIRST + DAY + 8 * HOUR, 0.5, END + 200000);
    assert_near(billed_number(DAYS, FIRST + DAY, "demand/0/month_max_kw"), 720, 1e-9);
    assert_near(billed_number(bill, BILL, "month/0/demand_kw"), 780, 1e-9);
    assert_int_equal(billed_revision(bill, BILL), 2);
}

/* On the 28th: the quarters of the 30th do not know it, those of the next day do. */
static void a_new_day_goes_on_from_the_maximum_as_it_is_now(void **state) {
    (void)state;
    scale_quarter(FIRST + 4 * DAY, 2.0, END + 20000);
    billed_run(END + MINUTE, NEXT + 32 * MINUTE);
    assert_near(billed_number(Q, NEXT - QUARTER, "demand/0/month_max_kw"), 720, 1e-9);
    assert_near(billed_number(DAYS, NEXT - DAY, "demand/0/month_max_kw"), 1440, 1e-9);
    assert_near(billed_number(MONTHS, MONTH, "demand/0/month_max_kw"), 1440, 1e-9);
    assert_near(billed_number(Q, NEXT, "demand/0/month_max_kw"), 1440, 1e-9);
    assert_near(billed_number(Q, NEXT + QUARTER, "demand/0/month_max_kw"), 1440, 1e-9);
}

/* ---- filed months ------------------------------------------------------------------------- */

static int64_t late_events(void) {
    return billed_count("SELECT count(*) FROM event WHERE body LIKE '%late_after_filing%'");
}

static void a_filed_month_stays_as_it_is(void **state) {
    (void)state;
    silence_over_the_months_end();
    char sql[80];
    snprintf(sql, sizeof sql, "INSERT INTO filed VALUES(%d,'officer',0)", 2026 * 12 + 10);
    assert_int_equal(db_exec(b.rig.writer.db, sql), ERR_OK);
    billed_run(NEXT + 95 * MINUTE, NEXT + 100 * MINUTE);
    billed_settle(NEXT + 100 * MINUTE);
    /* the evidence is there, what was filed is not touched, and an event says so */
    assert_int_equal(billed_revision(Q, END + QUARTER), 1);
    assert_int_equal(billed_revision(HOURS, END), 1);
    assert_int_equal(billed_revision(DAYS, NEXT - DAY), 0);
    assert_int_equal(billed_revision(MONTHS, MONTH), 0);
    assert_int_equal(billed_revision(billed_code("other"), MONTH), 0);
    assert_int_equal(late_events(), 1);
    /* an hour of the month that is open has its revision */
    assert_int_equal(billed_revision(HOURS, NEXT), 1);
}

static void a_recompute_leaves_a_filed_month_too(void **state) {
    (void)state;
    ms_t now = NEXT + 20 * MINUTE;
    billed_run(END + MINUTE, now);
    char sql[80];
    snprintf(sql, sizeof sql, "INSERT INTO filed VALUES(%d,'officer',0)", 2026 * 12 + 10);
    assert_int_equal(db_exec(b.rig.writer.db, sql), ERR_OK);
    int filed = -1;
    rollup_recompute(&b.rig.core.rollup, civil_day(2026, 11, 29), INT32_MAX, &filed);
    assert_int_equal(filed, 2); /* the 29th and the 30th */
    billed_settle(now);
    assert_int_equal(billed_revision(DAYS, NEXT - DAY), 0);
    assert_int_equal(late_events(), 0); /* nothing came: it was asked for */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_THE_WEEK(a_late_price_makes_days_and_what_is_above_anew),
        IN_THE_WEEK(a_gaps_energy_reaches_all_that_was_made_of_its_slots),
        IN_THE_WEEK(a_recovered_day_says_so),
        IN_THE_WEEK(a_meter_that_comes_and_goes_does_not_hold_up_revisions),
        IN_THE_WEEK(a_bill_has_the_maximum_of_its_days_as_they_are_now),
        IN_THE_WEEK(a_new_day_goes_on_from_the_maximum_as_it_is_now),
        IN_THE_WEEK(a_filed_month_stays_as_it_is),
        IN_THE_WEEK(a_recompute_leaves_a_filed_month_too),
    };
    return cmocka_run_group_tests(tests, a_week, no_week);
}
