/* A month's completeness from rows in a real store: written by the store itself where that is
 * quick, else one by one with known contents. Months are year * 12 + month - 1. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/db.h"
#include "store/slot_code.h"
#include "store_rig.h"
#include "zones.h"

/* T0 is 2023-11-14 22:15 UTC (date -u -d @1700000100): 89 quarters of that day lie before it */
#define NOVEMBER (2023 * 12 + 10)
#define DAY_14   13
#define BEFORE   89
#define DAY      ((ms_t)86400000)
/* 2023-11-01 00:00 UTC (date -u -d 2023-11-01 +%s) */
#define NOV_1 ((ms_t)1698796800000)

static int utc(ms_t t) {
    (void)t;
    return 0;
}

static struct device_month months[WORKS_DEVICES];

static void look(const struct rig *g, const char *dest, int32_t month, utc_offset_fn *zone,
                 ms_t now) {
    struct reader *r;
    assert_int_equal(reader_open(g->works.path, &r), ERR_OK);
    assert_int_equal(reader_completeness(r, &g->works.site, dest, month, zone, now, months),
                     ERR_OK);
    reader_close(r);
}

static void run_sql(struct rig *g, const char *sql) {
    assert_int_equal(db_exec(g->writer.db, sql), ERR_OK);
}

/* A row of one feed: kWh counted by its forward register, which was read at both times. */
struct written {
    enum slot_period period;
    ms_t start;
    enum works_device device;
    int revision;
    double coverage;
    enum energy_method method;
    int64_t kwh;
    ms_t read_from, read_to; /* 0: no register */
};

static void write_row(struct rig *g, const struct written *w) {
    uint8_t bytes[512];
    struct pack p;
    struct feed_slot f;
    sqlite3_stmt *s = NULL;
    feed_slot_clear(&f);
    f.method = w->method;
    f.coverage = w->coverage;
    f.counter[FEED_FORWARD] = (struct counter_slot){.known = w->method != METHOD_NONE,
                                                    .parts = w->kwh,
                                                    .unit = 1.0,
                                                    .multiplier = 1.0,
                                                    .register_start = (double)NAN,
                                                    .register_end = (double)NAN};
    if (w->read_from != 0) {
        f.counter[FEED_FORWARD].register_start = 1000.0;
        f.counter[FEED_FORWARD].register_end = 1000.0 + (double)w->kwh;
        f.counter[FEED_FORWARD].start_utc_ms = w->read_from;
        f.counter[FEED_FORWARD].end_utc_ms = w->read_to;
    }
    pack_init(&p, bytes, sizeof bytes);
    slot_write_head(&p, &(struct slot_head){.layout = 1, .coverage = w->coverage, .feed_count = 1});
    slot_write_feed(&p, w->start, &f);
    slot_write_point_count(&p, 0);
    assert_false(p.overflow);
    assert_int_equal(db_prepare(g->writer.db, "INSERT INTO slot VALUES(?,?,?,?,?)", &s), ERR_OK);
    sqlite3_bind_int64(s, 1, slot_code(w->period));
    sqlite3_bind_int64(s, 2, w->start);
    sqlite3_bind_int64(s, 3, g->writer.device_no[w->device]);
    sqlite3_bind_int(s, 4, w->revision);
    sqlite3_bind_blob(s, 5, p.data, (int)p.len, SQLITE_STATIC);
    assert_int_equal(db_run(s), ERR_OK);
    sqlite3_finalize(s);
}

static void write_quarter(struct rig *g, enum works_device d, ms_t start, double coverage) {
    const struct written w = {.period = SLOT_15M,
                              .start = start,
                              .device = d,
                              .coverage = coverage,
                              .method = METHOD_NONE};
    write_row(g, &w);
}

static void write_energy(struct rig *g, enum slot_period p, enum works_device d, ms_t start,
                         int64_t kwh) {
    const struct written w = {.period = p,
                              .start = start,
                              .device = d,
                              .coverage = 1.0,
                              .method = METHOD_REGISTER,
                              .kwh = kwh};
    write_row(g, &w);
}

/* ---- stored ------------------------------------------------------------------------------- */

static void quarters_that_were_measured_count_against_the_calendar(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + QUARTER + 5000);
    look(&g, NULL, NOVEMBER, utc, T0 + QUARTER + 5000);
    for (int d = 0; d < WORKS_DEVICES; d++) {
        assert_int_equal(months[d].day[DAY_14].expected, BEFORE + 1);
        assert_int_equal(months[d].day[DAY_14].stored, 1);
        assert_int_equal(months[d].day[DAY_14 - 1].expected, 96);
        assert_int_equal(months[d].day[DAY_14 - 1].stored, 0);
        assert_int_equal(months[d].day[DAY_14 + 1].expected, 0); /* not begun */
    }
    rig_fini(&g);
}

/* The counters of grid and pv bridge a silent quarter exactly; the battery rack has none. A value
 * holds for 2.5 polls: the silence begins five seconds before the quarter. */
static void a_silent_quarter_counts_where_its_energy_came_back(void **state) {
    (void)state;
    static struct rig g;
    ms_t back = T0 + 2 * QUARTER;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + QUARTER - 5000);
    rig_idle(&g, T0 + QUARTER - 5000, back);
    look(&g, NULL, NOVEMBER, utc, back);
    assert_int_equal(months[GRID].day[DAY_14].stored, 1);
    rig_run(&g, back, back + 30000);
    look(&g, NULL, NOVEMBER, utc, back + 30000);
    assert_int_equal(months[GRID].day[DAY_14].expected, BEFORE + 2);
    assert_int_equal(months[GRID].day[DAY_14].stored, 2);
    assert_int_equal(months[PV].day[DAY_14].stored, 2);
    assert_int_equal(months[BMS].day[DAY_14].stored, 1);
    rig_fini(&g);
}

static void data_is_coverage_or_an_exact_energy(void **state) {
    (void)state;
    static struct rig g;
    static const struct {
        double coverage;
        enum energy_method method;
        uint32_t stored;
    } rows[] = {
        {0.0001, METHOD_NONE, 1},   {0.0, METHOD_NONE, 0},     {0.0, METHOD_INTEGRATED, 0},
        {0.0, METHOD_RECOVERED, 1}, {0.0, METHOD_REGISTER, 1}, {0.0, METHOD_MANUAL, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig_init(&g, T0);
        const struct written w = {.period = SLOT_15M,
                                  .start = NOV_1,
                                  .device = GRID,
                                  .coverage = rows[i].coverage,
                                  .method = rows[i].method,
                                  .kwh = 5};
        write_row(&g, &w);
        look(&g, NULL, NOVEMBER, utc, T0);
        assert_int_equal(months[GRID].day[0].stored, rows[i].stored);
        rig_fini(&g);
    }
}

static void the_newest_revision_decides(void **state) {
    (void)state;
    static struct rig g;
    struct written w = {.period = SLOT_15M, .start = NOV_1, .device = GRID, .method = METHOD_NONE};
    rig_init(&g, T0);
    write_row(&g, &w);
    look(&g, NULL, NOVEMBER, utc, T0);
    assert_int_equal(months[GRID].day[0].stored, 0);
    w.revision = 1;
    w.method = METHOD_RECOVERED;
    write_row(&g, &w);
    look(&g, NULL, NOVEMBER, utc, T0);
    assert_int_equal(months[GRID].day[0].stored, 1);
    rig_fini(&g);
}

static void rows_of_the_future_of_strangers_and_damaged_ones_do_not_count(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    write_quarter(&g, GRID, T0, 1.0);
    write_quarter(&g, GRID, T0 - QUARTER, 1.0);
    run_sql(&g, "INSERT INTO slot VALUES(900,1698796800000,99,0,x'02')");
    run_sql(&g, "INSERT INTO slot VALUES(900,1698796800000,1,0,x'ffffff')");
    run_sql(&g, "INSERT INTO slot VALUES(900,1698796800000,2,0,x'0201102700010000')");
    look(&g, NULL, NOVEMBER, utc, T0 + QUARTER - 1); /* T0's quarter ends a millisecond later */
    assert_int_equal(months[GRID].day[DAY_14].stored, 1);
    assert_int_equal(months[GRID].day[DAY_14].expected, BEFORE);
    assert_int_equal(months[GRID].day[0].stored, 0);
    assert_int_equal(months[PV].day[0].stored, 0);
    rig_fini(&g);
}

static void a_disabled_device_is_not_expected(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    write_quarter(&g, PV, NOV_1, 1.0);
    g.works.devices[PV].enabled = false;
    look(&g, NULL, NOVEMBER, utc, T0);
    assert_int_equal(months[PV].day[0].expected, 0);
    assert_int_equal(months[PV].day[0].stored, 0);
    assert_int_equal(months[GRID].day[0].expected, 96);
    rig_fini(&g);
}

static void a_device_that_the_store_does_not_know_has_nothing(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    write_quarter(&g, PV, NOV_1, 1.0);
    g.works.devices[PV].id = "new";
    look(&g, NULL, NOVEMBER, utc, T0);
    assert_int_equal(months[PV].day[0].expected, 96);
    assert_int_equal(months[PV].day[0].stored, 0);
    rig_fini(&g);
}

/* Berlin: 2026-03-29 has 23 hours, 2026-10-25 has 25. Its last quarter is 23:45 local time, 22:45
 * UTC (date -u -d '2026-10-25 22:45' +%s). 2024 was a leap year. */
static void a_day_has_the_slots_that_the_calendar_gives_it(void **state) {
    (void)state;
    static struct rig g;
    const ms_t last = 1792968300000;
    rig_init(&g, T0);
    write_quarter(&g, GRID, last, 1.0);
    write_quarter(&g, GRID, last + QUARTER, 1.0); /* of the 26th */
    look(&g, NULL, 2026 * 12 + 9, zone_berlin, last + 40 * DAY);
    assert_int_equal(months[GRID].day[23].expected, 96);
    assert_int_equal(months[GRID].day[24].expected, 100);
    assert_int_equal(months[GRID].day[24].stored, 1);
    assert_int_equal(months[GRID].day[25].stored, 1);
    look(&g, NULL, 2026 * 12 + 2, zone_berlin, last);
    assert_int_equal(months[GRID].day[28].expected, 92);
    look(&g, NULL, 2024 * 12 + 1, utc, last);
    assert_int_equal(months[GRID].day[28].expected, 96);
    assert_int_equal(months[GRID].day[29].expected, 0);
    rig_fini(&g);
}

/* ---- acknowledged ------------------------------------------------------------------------- */

static uint32_t acknowledged(const struct rig *g, const char *dest) {
    look(g, dest, NOVEMBER, utc, T0 + 2 * QUARTER);
    return months[GRID].day[DAY_14].acknowledged;
}

static void a_slot_is_acknowledged_with_the_newest_revision_of_its_record(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + QUARTER + 5000); /* seq 1 to 15 are minutes, 16 is the quarter */
    assert_int_equal(acknowledged(&g, "mqtt"), 0);
    writer_ack(&g.writer, "mqtt", g.writer.epoch, 16, 16); /* above a floor of 0 */
    rig_commit(&g, T0 + QUARTER + 5000);
    assert_int_equal(acknowledged(&g, "mqtt"), 1);
    assert_int_equal(months[PV].day[DAY_14].acknowledged, 1);
    assert_int_equal(acknowledged(&g, "other"), 0);
    assert_int_equal(acknowledged(&g, NULL), 0);
    run_sql(&g, "INSERT INTO record SELECT period,start,1,t,layout,offset_s,devices,body,facts FROM"
                " record WHERE period=900 AND revision=0");
    run_sql(&g, "INSERT INTO outbox SELECT 17,kind,key,1,1,2,t FROM outbox WHERE seq=16");
    run_sql(&g, "INSERT INTO outbox SELECT 18,kind,key,1,2,2,t FROM outbox WHERE seq=16");
    assert_int_equal(acknowledged(&g, "mqtt"), 0);
    run_sql(&g, "UPDATE cursor SET floor=17,ranges=x''");
    assert_int_equal(acknowledged(&g, "mqtt"), 0); /* its second part is on the way */
    run_sql(&g, "UPDATE cursor SET floor=18");
    assert_int_equal(acknowledged(&g, "mqtt"), 1);
    rig_fini(&g);
}

static void a_message_that_was_let_go_counts_as_acknowledged(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + QUARTER + 5000);
    run_sql(&g, "DELETE FROM outbox WHERE seq=16");
    assert_int_equal(acknowledged(&g, "mqtt"), 1);
    run_sql(&g, "DELETE FROM record WHERE period=900"); /* a row whose record is not written yet */
    assert_int_equal(acknowledged(&g, "mqtt"), 0);
    assert_int_equal(months[GRID].day[DAY_14].stored, 1);
    rig_fini(&g);
}

/* ---- days and their edges ----------------------------------------------------------------- */

/* grid: days of 100 and 110 against quarters of 60 + 40 and 115: |210 - 215| / 215; the third day
 * is not stored yet, so its quarter is left out. pv: 50 against 50 + 50, its second day is missing:
 * 50 / 100. bms: no energy. */
static void stored_days_are_held_against_their_quarters(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    write_energy(&g, SLOT_1D, GRID, NOV_1, 100);
    write_energy(&g, SLOT_1D, GRID, NOV_1 + DAY, 110);
    write_energy(&g, SLOT_15M, GRID, NOV_1, 60);
    write_energy(&g, SLOT_15M, GRID, NOV_1 + QUARTER, 40);
    write_energy(&g, SLOT_15M, GRID, NOV_1 + 2 * DAY - QUARTER, 115);
    write_energy(&g, SLOT_15M, GRID, NOV_1 + 2 * DAY, 7);
    write_energy(&g, SLOT_1D, PV, NOV_1, 50);
    write_energy(&g, SLOT_15M, PV, NOV_1, 50);
    write_energy(&g, SLOT_15M, PV, NOV_1 + DAY, 50);
    write_quarter(&g, BMS, NOV_1, 1.0);
    look(&g, NULL, NOVEMBER, utc, T0);
    assert_near(months[GRID].day_month_deviation, 5.0 / 215.0, 1e-12);
    assert_near(months[PV].day_month_deviation, 0.5, 1e-12);
    assert_true(isnan(months[BMS].day_month_deviation));
    look(&g, NULL, NOVEMBER - 1, utc, T0);
    assert_true(isnan(months[GRID].day_month_deviation));
    rig_fini(&g);
}

static void a_day_is_as_far_from_its_edges_as_the_farther_reading(void **state) {
    (void)state;
    static struct rig g;
    struct written w = {.period = SLOT_1D,
                        .start = NOV_1,
                        .device = GRID,
                        .coverage = 1.0,
                        .method = METHOD_REGISTER,
                        .kwh = 5,
                        .read_from = NOV_1 + 900,
                        .read_to = NOV_1 + DAY - 61000};
    rig_init(&g, T0);
    write_row(&g, &w);
    w.start += DAY;
    w.read_from = w.start - 1500;
    w.read_to = w.start + DAY + 400;
    write_row(&g, &w);
    w.start += DAY;
    w.read_from = w.read_to = 0;
    write_row(&g, &w);
    look(&g, NULL, NOVEMBER, utc, T0);
    assert_near(months[GRID].boundary_ms[0], 61000, 1e-9);
    assert_near(months[GRID].boundary_ms[1], 1500, 1e-9);
    assert_true(isnan(months[GRID].boundary_ms[2])); /* without registers */
    assert_true(isnan(months[GRID].boundary_ms[3])); /* without a row */
    rig_fini(&g);
}

static void an_impossible_month_leaves_everything_as_it_was(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    rig_init(&g, T0);
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    memset(months, 0x5a, sizeof months);
    const int32_t wrong[] = {1970 * 12 - 1, -1, 10000 * 12};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(reader_completeness(r, &g.works.site, "mqtt", wrong[i], utc, T0, months),
                         ERR_RANGE);
    assert_int_equal(months[0].day[0].stored, 0x5a5a5a5a);
    run_sql(&g, "DROP TABLE slot");
    assert_true(reader_completeness(r, &g.works.site, "mqtt", NOVEMBER, utc, T0, months) < 0);
    assert_int_equal(months[0].day[0].stored, 0x5a5a5a5a);
    reader_close(r);
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quarters_that_were_measured_count_against_the_calendar),
        cmocka_unit_test(a_silent_quarter_counts_where_its_energy_came_back),
        cmocka_unit_test(data_is_coverage_or_an_exact_energy),
        cmocka_unit_test(the_newest_revision_decides),
        cmocka_unit_test(rows_of_the_future_of_strangers_and_damaged_ones_do_not_count),
        cmocka_unit_test(a_disabled_device_is_not_expected),
        cmocka_unit_test(a_device_that_the_store_does_not_know_has_nothing),
        cmocka_unit_test(a_day_has_the_slots_that_the_calendar_gives_it),
        cmocka_unit_test(a_slot_is_acknowledged_with_the_newest_revision_of_its_record),
        cmocka_unit_test(a_message_that_was_let_go_counts_as_acknowledged),
        cmocka_unit_test(stored_days_are_held_against_their_quarters),
        cmocka_unit_test(a_day_is_as_far_from_its_edges_as_the_farther_reading),
        cmocka_unit_test(an_impossible_month_leaves_everything_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
