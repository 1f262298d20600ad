/* Hours, days, months and bills from quarters: sums, registers, completeness, restarts, holes, days
 * of 23 and 25 hours. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "week_rig.h"

/* ---- sums --------------------------------------------------------------------------------- */

/* 4 x 180 = 720, 24 x 720 = 17,280, 7 x 17,280 = 120,960 kWh. */
static void each_period_is_the_sum_of_the_one_below(void **state) {
    (void)state;
    billed_run(END + MINUTE, NEXT + 2 * MINUTE);
    for (ms_t h = FIRST; h < FIRST + DAY; h += HOUR) {
        assert_near(sum_of(Q, h, h + HOUR, QUARTER, "energy_kwh/import"), HOUR_KWH, 1e-9);
        assert_near(billed_number(HOURS, h, "energy_kwh/import"), HOUR_KWH, 1e-9);
    }
    assert_near(sum_of(HOURS, FIRST, FIRST + DAY, HOUR, "energy_kwh/import"), 17280, 1e-9);
    assert_near(billed_number(DAYS, FIRST, "energy_kwh/import"), 17280, 1e-9);
    assert_near(billed_number(DAYS, FIRST, "energy_kwh/pv"), 1440, 1e-9);
    assert_near(sum_of(DAYS, FIRST, NEXT, DAY, "energy_kwh/import"), 120960, 1e-9);
    assert_near(billed_number(MONTHS, MONTH, "energy_kwh/import"), 120960, 1e-9);
    assert_near(billed_number(MONTHS, MONTH, "carbon/location_kg"), 120960 * 0.60, 1e-9);
}

/* Each slot once, at revision 0: 168 hours, 7 days, one month; main's bill of two days ended on the
 * 26th, other's with the month. */
static void each_slot_has_one_record(void **state) {
    (void)state;
    billed_run(END + MINUTE, NEXT + 2 * MINUTE);
    assert_int_equal(billed_records(HOURS, 0, INT64_MAX), 168);
    assert_int_equal(billed_records(DAYS, 0, INT64_MAX), 7);
    assert_int_equal(billed_records(MONTHS, 0, INT64_MAX), 1);
    assert_int_equal(billed_records(billed_code("main"), 0, INT64_MAX), 1);
    assert_int_equal(billed_records(billed_code("other"), 0, INT64_MAX), 1);
    assert_int_equal(billed_count("SELECT count(*) FROM record WHERE revision>0"), 0);
    /* and each record has its message */
    assert_int_equal(billed_count("SELECT count(*) FROM outbox WHERE kind>1"), /* 1: events */
                     billed_count("SELECT count(*) FROM record"));
    assert_near(billed_number(billed_code("main"), BILL, "energy_kwh/import"), 2 * 17280, 1e-9);
    assert_near(billed_number(billed_code("other"), MONTH, "energy_kwh/import"), 120960, 1e-9);
    assert_string_equal(billed_text(billed_code("main"), BILL, "account"), "main");
}

/* The register ends an hour where the next one begins; energy = (end - start) x multiplier + edge.
 */
static void registers_chain(void **state) {
    (void)state;
    double last = (double)NAN;
    for (ms_t h = FIRST; h < FIRST + DAY; h += HOUR) {
        struct feed_slot f = billed_row(HOURS, h, GRID, NULL);
        const struct counter_slot *c = &f.counter[FEED_FORWARD];
        assert_true(c->known);
        if (h > FIRST)
            assert_near(c->register_start, last, 0.0);
        last = c->register_end;
        if (h > FIRST)
            assert_near((c->register_end - c->register_start) * c->multiplier +
                            (double)c->edge_parts * c->unit,
                        HOUR_KWH, 1e-6);
    }
    struct feed_slot day = billed_row(DAYS, FIRST, GRID, NULL);
    assert_near(day.counter[FEED_FORWARD].register_end, last, 0.0);
    assert_near(counter_slot_amount(&day.counter[FEED_FORWARD]), 17280, 1e-6);
    assert_near(counter_slot_amount(&day.counter[FEED_Q1]), 4320, 1e-6);
    assert_int_equal(day.method, METHOD_REGISTER);
    assert_int_equal(day.quality, QUALITY_GOOD);
}

static void rows_of_a_day_cover_it(void **state) {
    (void)state;
    struct slot_head h;
    struct feed_slot f = billed_row(DAYS, FIRST + DAY, GRID, &h);
    assert_near(h.coverage, 1.0, 1e-4);
    assert_near(f.coverage, 1.0, 1e-4);
    assert_near(f.power_kw.avg, 720.0, 1e-6);
    assert_near(billed_number(DAYS, FIRST + DAY, "coverage"), 1.0, 1e-4);
    assert_near(billed_number(DAYS, FIRST + DAY, "power_kw/grid/avg"), 720.0, 1e-6);
    /* 96 quarters of three devices */
    assert_near(billed_number(DAYS, FIRST + DAY, "completeness/slots/expected"), 288, 0);
    assert_near(billed_number(DAYS, FIRST + DAY, "completeness/slots/stored"), 288, 0);
    assert_near(billed_number(DAYS, FIRST + DAY, "completeness/slots/acknowledged"), 0, 0);
}

/* Delivered up to the last quarter but two of the day: 94 x 3. */
static void a_day_tells_what_was_delivered(void **state) {
    (void)state;
    b.rig.works.site.mqtt.configured = true;
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT max(seq) FROM outbox WHERE kind=%d AND key<%" PRId64,
             OUTBOX_RECORD_15M, FIRST + DAY - 2 * QUARTER);
    writer_ack(&b.rig.writer, "mqtt", b.rig.writer.epoch, 1, (uint64_t)billed_count(sql));
    billed_commit(END + 20000);
    int filed = -1;
    assert_int_equal(
        rollup_recompute(&b.rig.core.rollup, civil_day(2026, 11, 24), INT32_MAX, &filed), 6);
    billed_settle(END + 20000);
    assert_near(billed_number(DAYS, FIRST, "completeness/slots/acknowledged"), 282, 0);
    assert_near(billed_number(DAYS, FIRST + DAY, "completeness/slots/acknowledged"), 0, 0);
}

/* The month of which only 24 to 30 were seen: 30 x 96 x 3 are expected, 7 x 96 x 3 stored. */
static void a_month_expects_what_the_calendar_has(void **state) {
    (void)state;
    billed_run(END + MINUTE, NEXT + 2 * MINUTE);
    assert_near(billed_number(MONTHS, MONTH, "completeness/slots/expected"), 8640, 0);
    assert_near(billed_number(MONTHS, MONTH, "completeness/slots/stored"), 2016, 0);
    assert_near(billed_number(MONTHS, MONTH, "completeness/day_month_deviation"), 0.0, 1e-9);
}

/* main's month to date on the 26th is that day alone, on the 25th two days. */
static void the_month_to_date_begins_on_the_billing_day(void **state) {
    (void)state;
    assert_near(billed_number(DAYS, FIRST + DAY, "month/0/kwh"), 2 * 17280, 1e-9);
    assert_near(billed_number(DAYS, FIRST + 2 * DAY, "month/0/kwh"), 17280, 1e-9);
    assert_near(billed_number(DAYS, FIRST + 5 * DAY, "month/0/kwh"), 4 * 17280, 1e-9);
    assert_near(billed_number(DAYS, FIRST + 5 * DAY, "month/0/kvarh"), 4 * 4320, 1e-9);
}

/* ---- restarts ----------------------------------------------------------------------------- */

/* The hour ends at 23:00; its record is written 10 s later. Killed before, between and after. */
static void a_restart_around_an_hours_end_loses_nothing_and_makes_nothing_twice(void **state) {
    static const ms_t killed_at[] = {0, 5000, 9000, 14000, 20000};
    for (size_t i = 0; i < sizeof killed_at / sizeof killed_at[0]; i++) {
        ms_t edge = END + HOUR, killed = edge + killed_at[i];
        billed_run(END + MINUTE, edge);
        billed_poll(edge);
        core_second(&b.rig.core, edge + 1000);
        billed_commit(edge + 1000);
        core_second(&b.rig.core, killed); /* closed perhaps, never committed */
        rig_kill(&b.rig);
        billed_open(killed + 1000);
        core_second(&b.rig.core, edge + 25000);
        billed_commit(edge + 25000);
        billed_run(edge + MINUTE, edge + 20 * MINUTE);
        assert_int_equal(billed_records(HOURS, END, edge), 1);
        assert_int_equal(billed_records(Q, END, edge), 4);
        assert_int_equal(billed_records(Q, edge, edge + HOUR), 1);
        assert_near(billed_number(HOURS, END, "energy_kwh/import"), HOUR_KWH, 1e-6);
        assert_near(sum_of(Q, END, edge, QUARTER, "energy_kwh/import"), HOUR_KWH, 1e-6);
        assert_near(counter_slot_amount(&billed_row(HOURS, END, GRID, NULL).counter[FEED_FORWARD]),
                    HOUR_KWH, 1e-6);
        gone(state);
        the_week(state);
    }
}

/* The records of the hours were not made (another program's store, a crash of years ago): they are
 * made from the quarters, a few at a time. */
static void longer_slots_that_are_missing_are_made(void **state) {
    (void)state;
    assert_int_equal(db_exec(b.rig.writer.db, "DELETE FROM record WHERE period>=3600"), ERR_OK);
    billed_settle(END + 20000);
    b.rig.writer.more = true;
    billed_settle(END + 40000);
    assert_int_equal(billed_records(HOURS, 0, INT64_MAX), 166);
    assert_int_equal(billed_records(DAYS, 0, INT64_MAX), 6);
    assert_near(billed_number(billed_code("main"), BILL, "energy_kwh/import"), 2 * 17280, 1e-9);
}

/* ---- holes -------------------------------------------------------------------------------- */

static void a_store_without_any_quarter_makes_nothing(void **state) {
    (void)state;
    billed_fini();
    billed_init(FIRST);
    billed_run(FIRST, FIRST + 10 * MINUTE);
    b.rig.writer.more = true;
    billed_settle(FIRST + 10 * MINUTE);
    assert_true(billed_records(slot_code(SLOT_1M), 0, INT64_MAX) > 0);
    assert_int_equal(billed_count("SELECT count(*) FROM record WHERE period>60"), 0);
}

/* A store that jumps from 1970 to 2026: no hour, day or month of the years between is made up. */
static void a_time_of_which_nothing_is_kept_has_no_longer_slots(void **state) {
    (void)state;
    assert_int_equal(
        db_exec(b.rig.writer.db,
                "DELETE FROM record WHERE period>=3600;"
                "INSERT INTO record SELECT period,0,0,t,layout,offset_s,devices,body,facts FROM"
                " record WHERE period=900 LIMIT 1"),
        ERR_OK);
    b.rig.writer.more = true;
    billed_settle(END + 20000);
    assert_int_equal(billed_records(HOURS, 0, FIRST), 1); /* 1970-01-01 00:00 */
    assert_int_equal(billed_records(DAYS, 0, FIRST), 1);
    assert_int_equal(billed_records(HOURS, FIRST, INT64_MAX), 166);
}

/* Facts of an older program cannot be read: what is made of them says that nothing is known, and
 * the store goes on. */
static void facts_that_cannot_be_read_do_not_stop_the_store(void **state) {
    (void)state;
    char sql[200];
    snprintf(sql, sizeof sql,
             "UPDATE record SET facts=x'01' WHERE period=900 AND start>=%" PRId64
             ";DELETE FROM record WHERE period>=3600 AND start>=%" PRId64,
             END - HOUR, END - HOUR);
    assert_int_equal(db_exec(b.rig.writer.db, sql), ERR_OK);
    billed_run(END + MINUTE, END + HOUR + 2 * MINUTE);
    assert_string_equal(billed_text(HOURS, END - HOUR, "quality"), "missing");
    assert_true(isnan(billed_number(HOURS, END - HOUR, "energy_kwh/import")));
    assert_near(billed_number(HOURS, END, "energy_kwh/import"), HOUR_KWH, 1e-6);
}

/* A quarter's row is damaged: that device is left out of what is made of it. */
static void a_damaged_row_does_not_stop_the_store(void **state) {
    (void)state;
    char sql[200];
    snprintf(sql, sizeof sql,
             "UPDATE slot SET body=x'02ff' WHERE period=900 AND start=%" PRId64
             ";INSERT INTO dirty VALUES(900,%" PRId64 ")",
             END - HOUR, END - HOUR);
    assert_int_equal(db_exec(b.rig.writer.db, sql), ERR_OK);
    b.rig.writer.more = true;
    billed_settle(END + 20000);
    assert_int_equal(billed_revision(Q, END - HOUR), 1);
    assert_true(isnan(billed_number(Q, END - HOUR, "energy_kwh/import")));
    assert_near(billed_number(HOURS, END - HOUR, "energy_kwh/import"), HOUR_KWH - 180.0, 1e-6);
    assert_int_equal(billed_row(HOURS, END - HOUR, GRID, NULL).quality, QUALITY_MISSING);
}

/* ---- another clock ------------------------------------------------------------------------ */

/* The clock goes back by three hours: quarters are written again as revisions, and the hours above
 * them too. */
static void hours_are_made_again_after_a_clock_step_back(void **state) {
    (void)state;
    ms_t back = END - 3 * HOUR;
    billed_run(back, back + 95 * MINUTE);
    billed_settle(back + 95 * MINUTE);
    assert_int_equal(billed_revision(Q, back + QUARTER), 1);
    assert_true(billed_revision(HOURS, back) >= 1);
    assert_int_equal(billed_revision(HOURS, back - HOUR), 0);
}

static void run_a_day_of(int hours, ms_t midnight) {
    billed_fini();
    assert_int_equal(clock_set_zone("Europe/Berlin"), ERR_OK);
    billed_init(midnight);
    billed_run(midnight, midnight + hours * HOUR + 2 * MINUTE);
    assert_int_equal(billed_records(HOURS, 0, INT64_MAX), hours);
    assert_int_equal(billed_records(DAYS, 0, INT64_MAX), 1);
    assert_near(billed_number(DAYS, midnight, "energy_kwh/import"), hours * HOUR_KWH, 1e-6);
    assert_near(billed_number(DAYS, midnight, "completeness/slots/expected"), hours * 4 * 3, 0);
    assert_near(billed_number(DAYS, midnight, "completeness/slots/stored"), hours * 4 * 3, 0);
}

/* Berlin, 29 March 2026: 02:00 becomes 03:00, 92 quarters of three devices. */
static void a_day_may_have_23_hours(void **state) {
    (void)state;
    run_a_day_of(23, utc(2026, 3, 28, 23));
}

/* 25 October 2026: 03:00 becomes 02:00, 100 quarters. */
static void a_day_may_have_25_hours(void **state) {
    (void)state;
    run_a_day_of(25, utc(2026, 10, 24, 22));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_THE_WEEK(each_period_is_the_sum_of_the_one_below),
        IN_THE_WEEK(each_slot_has_one_record),
        IN_THE_WEEK(registers_chain),
        IN_THE_WEEK(rows_of_a_day_cover_it),
        IN_THE_WEEK(a_day_tells_what_was_delivered),
        IN_THE_WEEK(a_month_expects_what_the_calendar_has),
        IN_THE_WEEK(the_month_to_date_begins_on_the_billing_day),
        IN_THE_WEEK(a_restart_around_an_hours_end_loses_nothing_and_makes_nothing_twice),
        IN_THE_WEEK(longer_slots_that_are_missing_are_made),
        IN_THE_WEEK(a_store_without_any_quarter_makes_nothing),
        IN_THE_WEEK(a_time_of_which_nothing_is_kept_has_no_longer_slots),
        IN_THE_WEEK(facts_that_cannot_be_read_do_not_stop_the_store),
        IN_THE_WEEK(a_damaged_row_does_not_stop_the_store),
        IN_THE_WEEK(hours_are_made_again_after_a_clock_step_back),
        IN_THE_WEEK(a_day_may_have_23_hours),
        IN_THE_WEEK(a_day_may_have_25_hours),
    };
    return cmocka_run_group_tests(tests, a_week, no_week);
}
