/* The wall clock is stepped, or not known at the start: slots say so, their demand divides by the
 * time that really passed, and no energy is lost or counted twice. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "billed_rig.h"
#include "sys/log.h"

#define QUARTERS   slot_code(SLOT_15M)
#define MINUTES    slot_code(SLOT_1M)
#define MINUTE_KWH 12.0 /* of the incomer: 720 kW */
#define BLOCK      "demand/0/block_kw"
#define MONTH_MAX  "demand/0/month_max_kw"
#define MONO_START (100 * US_PER_S)

static ms_t start;

static int open_works(void **state) {
    (void)state;
    start = utc(2026, 11, 24, 20);
    billed_init(start - 2 * QUARTER);
    return 0;
}

static int close_works(void **state) {
    (void)state;
    billed_fini();
    return 0;
}

/* The clock is stepped at `at`; the meter counts on as before. */
static void step(ms_t at, ms_t by) {
    core_step(&b.rig.core, at, at + by);
    b.began += by;
}

static double stored_kwh(int64_t code) {
    sqlite3_stmt *s = NULL;
    double sum = 0.0;
    assert_int_equal(db_prepare(b.rig.writer.db,
                                "SELECT start,max(revision) FROM record WHERE period=? GROUP BY"
                                " start",
                                &s),
                     ERR_OK);
    sqlite3_bind_int64(s, 1, code);
    while (sqlite3_step(s) == SQLITE_ROW) {
        double kwh = billed_number(code, sqlite3_column_int64(s, 0), "energy_kwh/import");
        sum += isnan(kwh) ? 0.0 : kwh;
    }
    sqlite3_finalize(s);
    return sum;
}

/* What the closed slots hold is what the meter has counted up to the open one. */
static void assert_conserved(double minutes) {
    assert_near(stored_kwh(MINUTES), minutes * MINUTE_KWH, 0.05);
}

static void a_step_back_makes_the_open_slot_longer(void **state) {
    (void)state;
    billed_run(start - 2 * QUARTER, start + MINUTE);
    b.surplus_kw = 600.0; /* the most of the month, if one believes it */
    billed_run(start + MINUTE, start + 7 * MINUTE);
    step(start + 7 * MINUTE - 30000, -10 * MINUTE);
    billed_run(start - 3 * MINUTE, start + 6 * MINUTE);
    b.surplus_kw = 0.0;
    billed_run(start + 6 * MINUTE, start + 2 * QUARTER + 2 * MINUTE);
    billed_settle(start + 2 * QUARTER + 2 * MINUTE);
    assert_int_equal(billed_revision(QUARTERS, start), 0); /* once */
    assert_string_equal(billed_text(QUARTERS, start, "clock/state"), "stepped");
    assert_near(billed_number(QUARTERS, start, "clock/length_s"), 1500.0, 0.001);
    assert_string_equal(billed_text(QUARTERS, start, "quality"), "clock_suspect");
    assert_near(billed_number(QUARTERS, start, "energy_kwh/import"), 25 * 12.0 + 15 * 10.0, 1.0);
    assert_near(billed_number(QUARTERS, start, "coverage"), 1.0, 0.02);
    assert_near(billed_number(QUARTERS, start, BLOCK), 1080.0, 3.0);
    assert_near(billed_number(QUARTERS, start, MONTH_MAX), 720.0, 1.0);
    assert_near(billed_number(QUARTERS, start + QUARTER, MONTH_MAX), 720.0, 5.0);
    assert_near(billed_number(MINUTES, start + 6 * MINUTE, "clock/length_s"), 660.0, 0.001);
    assert_string_equal(billed_text(QUARTERS, start - QUARTER, "clock/state"), "unsynced");
}

static void a_step_forward_cuts_the_open_slot_and_leaves_no_hole(void **state) {
    (void)state;
    billed_run(start - 2 * QUARTER, start + 7 * MINUTE);
    step(start + 7 * MINUTE - 30000, 60 * MINUTE);
    billed_run(start + 67 * MINUTE, start + 92 * MINUTE);
    billed_settle(start + 92 * MINUTE);
    assert_near(billed_number(QUARTERS, start, "clock/length_s"), 390.0, 0.001);
    assert_near(billed_number(QUARTERS, start, BLOCK), 720.0, 5.0);
    assert_near(billed_number(QUARTERS, start + 4 * QUARTER, "clock/length_s"), 510.0, 0.001);
    assert_near(billed_number(QUARTERS, start + 4 * QUARTER, BLOCK), 720.0, 5.0);
    for (int i = 1; i < 4; i++) {
        assert_string_equal(billed_text(QUARTERS, start + i * QUARTER, "cause"), "clock");
        assert_true(isnan(billed_number(QUARTERS, start + i * QUARTER, "energy_kwh/import")));
    }
    assert_int_equal(billed_records(MINUTES, start, start + 90 * MINUTE), 90);
    assert_near(billed_number(QUARTERS, start + 5 * QUARTER, MONTH_MAX), 720.0, 5.0);
    assert_conserved(30 + 7 + 24); /* 91 minutes less the hour that was none, but for an edge */
}

static void time_that_is_lived_through_again_is_added(void **state) {
    (void)state;
    ms_t back = start - 180 * MINUTE;
    billed_fini();
    billed_init(back);
    billed_run(back, start + 7 * MINUTE);
    double before = billed_number(QUARTERS, back + QUARTER, "energy_kwh/import");
    step(start + 7 * MINUTE - 30000, -180 * MINUTE);
    billed_run(back + 7 * MINUTE, back + 47 * MINUTE);
    billed_settle(back + 47 * MINUTE);
    assert_true(billed_revision(QUARTERS, back + QUARTER) >= 1);
    assert_near(billed_number(QUARTERS, back + QUARTER, "energy_kwh/import"),
                before + 15 * MINUTE_KWH, 0.05);
    assert_near(billed_number(QUARTERS, back + QUARTER, "clock/length_s"), 1800.0, 0.001);
    assert_near(billed_number(QUARTERS, back + QUARTER, BLOCK), 720.0, 5.0);
    assert_string_equal(billed_text(QUARTERS, back + QUARTER, "quality"), "clock_suspect");
    assert_conserved(180 + 7 + 39);
}

static void a_kill_after_a_step_takes_up_where_the_clock_stands(void **state) {
    (void)state;
    billed_run(start - 2 * QUARTER, start + 7 * MINUTE);
    step(start + 7 * MINUTE - 30000, -10 * MINUTE);
    billed_run(start - 3 * MINUTE, start + 2 * MINUTE);
    rig_kill(&b.rig);
    billed_open(start + 2 * MINUTE);
    billed_run(start + 2 * MINUTE, start + QUARTER + 2 * MINUTE);
    billed_settle(start + QUARTER + 2 * MINUTE);
    assert_int_equal(billed_revision(QUARTERS, start), 0);
    assert_near(billed_number(QUARTERS, start, "clock/length_s"), 1500.0, 0.001);
    assert_near(billed_number(QUARTERS, start, BLOCK), 720.0, 5.0);
}

/* ---- before the clock is known ------------------------------------------------------------- */

static struct clock_seen seen;

static void look(us_t after_us, ms_t set_ms, enum clock_sync state) {
    seen.mono_us += after_us;
    seen.utc_us = set_ms != 0 ? set_ms * US_PER_MS : seen.utc_us + after_us;
    core_see(&b.rig.core, &seen, state, (double)NAN);
}

/* As the historian starts: the clock shows 1970. */
static void start_unknown(uint64_t boot) {
    struct rig *g = &b.rig;
    assert_int_equal(writer_open(&g->writer, g->works.path, 1000), ERR_OK);
    assert_int_equal(writer_set_site(&g->writer, &g->works.site), ERR_OK);
    g->live = live_new(g->works.site.point_count);
    assert_int_equal(core_open(&g->core, &g->works.site, g->live, &g->writer), ERR_OK);
    assert_int_equal(core_start(&g->core, &seen, CLOCK_UNSYNCED, boot), ERR_OK);
}

/* A poll of the incomer every second, stamped with what the wall clock shows. */
static void poll_for(int seconds, double *kwh, enum clock_sync state) {
    for (int i = 0; i < seconds; i++) {
        look(US_PER_S, 0, state);
        struct reading *r = works_reading(&b.rig.works, GRID, seen.utc_us / US_PER_MS);
        works_set(&b.rig.works, r, G_POWER, 720.0);
        works_set(&b.rig.works, r, G_IMPORT, *kwh += 0.2);
        r->mono_us = seen.mono_us;
        core_reading(&b.rig.core, r);
        core_second(&b.rig.core, core_see(&b.rig.core, &seen, state, (double)NAN));
        billed_commit(seen.utc_us / US_PER_MS);
    }
}

static void readings_before_ntp_are_stamped_when_it_is_there(void **state) {
    (void)state;
    double kwh = 5000.0;
    rig_kill(&b.rig);
    assert_int_equal(unlink(b.rig.works.path), 0);
    seen = (struct clock_seen){MONO_START, 1000 * US_PER_S, 0};
    start_unknown(7);
    poll_for(60, &kwh, CLOCK_UNSYNCED);
    assert_int_equal(billed_count("SELECT count(*) FROM raw"), 0);
    rig_kill(&b.rig); /* within the same boot: they are still good */
    start_unknown(7);
    poll_for(60, &kwh, CLOCK_UNSYNCED);
    assert_int_equal(billed_count("SELECT count(*) FROM held"), 120);
    look(0, start, CLOCK_SYNCED);
    poll_for(120, &kwh, CLOCK_SYNCED);
    assert_int_equal(billed_count("SELECT count(*) FROM held"), 0);
    assert_int_equal(billed_count("SELECT min(t) FROM raw"), start - 2 * MINUTE + 1000);
    assert_int_equal(billed_count("SELECT min(start) FROM record WHERE period=60"),
                     start - 2 * MINUTE);
    assert_near(billed_number(MINUTES, start - MINUTE, "energy_kwh/import"), 12.0, 0.21);
    assert_near(billed_number(MINUTES, start - MINUTE, "coverage"), 0.5,
                0.05); /* the inverter says nothing */
    assert_int_equal(billed_records(MINUTES, start - 2 * MINUTE, start + MINUTE), 3);
    assert_int_equal(billed_count("SELECT count(*) FROM event WHERE body LIKE '%clock_step%'"), 1);
}

static void readings_of_a_boot_that_never_knew_the_time_are_dropped(void **state) {
    (void)state;
    double kwh = 5000.0;
    rig_kill(&b.rig);
    assert_int_equal(unlink(b.rig.works.path), 0);
    seen = (struct clock_seen){MONO_START, 1000 * US_PER_S, 0};
    start_unknown(7);
    poll_for(60, &kwh, CLOCK_UNSYNCED);
    rig_kill(&b.rig);
    seen = (struct clock_seen){MONO_START, start * US_PER_MS, 0};
    start_unknown(8);
    assert_int_equal(billed_count("SELECT count(*) FROM held"), 0);
    poll_for(10, &kwh, CLOCK_SYNCED);
    assert_int_equal(billed_count("SELECT count(*) FROM raw"), 10);
}

static void without_ntp_time_goes_on_after_ten_minutes(void **state) {
    (void)state;
    double kwh = 5000.0;
    billed_run(start - 2 * QUARTER, start + MINUTE);
    rig_kill(&b.rig);
    seen = (struct clock_seen){MONO_START, 1000 * US_PER_S, 0};
    start_unknown(7);
    poll_for(11 * 60, &kwh, CLOCK_UNSYNCED);
    assert_int_equal(billed_count("SELECT count(*) FROM held"), 0);
    assert_string_equal(billed_text(MINUTES, start + 5 * MINUTE, "clock/state"), "unsynced");
    assert_int_equal(billed_records(MINUTES, 0, start - 2 * QUARTER), 0);
}

#define WITH_WORKS(test) cmocka_unit_test_setup_teardown(test, open_works, close_works)

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    if (clock_set_zone("UTC") < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        WITH_WORKS(a_step_back_makes_the_open_slot_longer),
        WITH_WORKS(a_step_forward_cuts_the_open_slot_and_leaves_no_hole),
        WITH_WORKS(time_that_is_lived_through_again_is_added),
        WITH_WORKS(a_kill_after_a_step_takes_up_where_the_clock_stands),
        WITH_WORKS(readings_before_ntp_are_stamped_when_it_is_there),
        WITH_WORKS(readings_of_a_boot_that_never_knew_the_time_are_dropped),
        WITH_WORKS(without_ntp_time_goes_on_after_ten_minutes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
