/* Slots of the small works where nothing was read for a while: first unknown, then recovered from
 * the register, never lost and never twice. The clock is the test's. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slots_fixture.h"
#include "store/db.h"

/* First each missed slot says that nothing is known; when the meter is back, its register tells the
 * energy, and revisions say so. */
static void a_long_stop_is_first_unknown_then_recovered(void **state) {
    (void)state;
    static struct rig g;
    ms_t stopped = T0 + 7 * MINUTE + 30000, back = T0 + 3 * QUARTER + 2 * MINUTE + 10000;
    rig_init(&g, T0);
    rig_run(&g, T0, stopped);
    rig_kill(&g);
    assert_int_equal(rig_open(&g, back), ERR_OK);
    rig_run(&g, back, T0 + 4 * QUARTER + 5000);
    json_t *quarters = rig_messages(&g.works, OUTBOX_RECORD_15M);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    json_t *last_minutes = newest(minutes), *last_quarters = newest(quarters);
    assert_int_equal(json_array_size(last_minutes), 60);
    assert_int_equal(json_array_size(last_quarters), 4);
    assert_int_equal(json_array_size(quarters), 7); /* three were made again */
    double counted = counted_to(T0 + 4 * QUARTER);
    assert_near(sum_of(last_minutes, "energy_kwh/import"), counted, 1e-6);
    assert_near(sum_of(last_quarters, "energy_kwh/import"), counted, 1e-6);
    const json_t *dark = json_array_get(quarters, 1);
    assert_true(isnan(number_at(dark, "energy_kwh/import")));
    assert_near(number_at(dark, "coverage"), 0.0, 0);
    assert_string_equal(text_at(dark, "quality"), "missing");
    assert_string_equal(text_at(dark, "cause"), "gateway_off");
    const json_t *known = json_array_get(last_quarters, 1);
    assert_int_equal((int)number_at(known, "revision"), 1);
    assert_true(json_is_true(json_object_get(known, "late")));
    assert_near(number_at(known, "energy_kwh/import"), 15 * GRID_MINUTE_KWH, 1e-3);
    assert_near(number_at(known, "coverage"), 0.0, 0);
    /* its export register stood still: known as well, to be 0 */
    assert_near(number_at(known, "energy_kwh/export"), 0.0, 0);
    assert_near(number_at(known, "energy_kwh/net_import"), 15 * GRID_MINUTE_KWH, 1e-3);
    /* an exact energy counts as stored; the battery has no counter */
    assert_near(number_at(dark, "completeness/stored"), 0.0, 0);
    assert_near(number_at(known, "completeness/stored"), 2.0, 0);
    const json_t *device = json_array_get(json_object_get(known, "devices"), 0);
    assert_string_equal(text_at(device, "energy_method"), "recovered");
    assert_string_equal(text_at(device, "quality"), "recovered");
    for (size_t i = 1; i < 60; i++)
        assert_near(number_at(json_array_get(last_minutes, i), "energy_kwh/import"),
                    GRID_MINUTE_KWH, 2e-3);
    json_decref(last_minutes);
    json_decref(last_quarters);
    json_decref(minutes);
    json_decref(quarters);
    rig_fini(&g);
}

/* The meter is silent over the edge of an hour: the hour before it is written again and late. In
 * the hour after it a quarter is written again; the hour itself is written once, in time. */
static void an_hour_is_late_when_it_is_written_again(void **state) {
    (void)state;
    static struct rig g;
    ms_t hour = (T0 + 3600000) / 3600000 * 3600000, from = hour - 2 * QUARTER;
    rig_init(&g, from);
    rig_run(&g, from, hour - 5 * MINUTE);
    for (ms_t s = hour - 5 * MINUTE; s < hour + 20 * MINUTE; s += 1000) {
        core_reading(&g.core, works_pv(&g.works, s + 100, PV_KW, pv_register(s)));
        rig_idle(&g, s, s + 1000);
    }
    rig_run(&g, hour + 20 * MINUTE, hour + 3600000 + 5000);
    json_t *hours = rig_messages(&g.works, OUTBOX_RECORD_1H);
    static const struct {
        int revision;
        bool late;
    } want[] = {{0, false}, {1, true}, {0, false}};
    assert_int_equal(json_array_size(hours), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *h = json_array_get(hours, i);
        assert_int_equal((int)number_at(h, "revision"), want[i].revision);
        assert_int_equal(json_is_true(json_object_get(h, "late")), want[i].late);
    }
    assert_string_equal(text_at(json_array_get(hours, 0), "start"),
                        text_at(json_array_get(hours, 1), "start"));
    assert_string_equal(text_at(json_array_get(hours, 2), "quality"), "recovered");
    json_decref(hours);
    rig_fini(&g);
}

/* The last reading stands 0.9 s before an edge, and power is held for 2.5 s: the minute before the
 * edge is given 0.9 s in advance, and the quarter that ends a minute later not more than that. */
static void a_quarter_is_its_minutes_when_the_meter_falls_silent(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 14 * MINUTE);
    rig_idle(&g, T0 + 14 * MINUTE, T0 + 15 * MINUTE + 5000);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    json_t *quarters = rig_messages(&g.works, OUTBOX_RECORD_15M);
    assert_int_equal(json_array_size(quarters), 1);
    assert_near(sum_of(minutes, "energy_kwh/import"), counted_to(T0 + 14 * MINUTE), 2e-3);
    assert_near(sum_of(quarters, "energy_kwh/import"), sum_of(minutes, "energy_kwh/import"), 2e-3);
    json_decref(minutes);
    json_decref(quarters);
    rig_fini(&g);
}

/* The disk hangs: readings that had come until the ring was full are taken together, the next ones
 * are of two hours later. What was read before stands in its own slots, the rest is recovered. */
static void a_stall_of_hours_loses_nothing_that_was_read(void **state) {
    (void)state;
    static struct rig g;
    ms_t stall = T0 + 10 * MINUTE, full = T0 + 14 * MINUTE + 20000, on = T0 + 8 * QUARTER;
    rig_init(&g, T0);
    rig_run(&g, T0, stall);
    for (ms_t s = stall; s < full; s += 1000)
        rig_poll_all(&g, s + 100);
    rig_run(&g, on, on + 2 * QUARTER + 5000);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    json_t *quarters = rig_messages(&g.works, OUTBOX_RECORD_15M);
    json_t *last_minutes = newest(minutes), *last_quarters = newest(quarters);
    double counted = counted_to(on + 2 * QUARTER);
    assert_int_equal(json_array_size(last_minutes), 150);
    assert_int_equal(json_array_size(last_quarters), 10);
    assert_near(sum_of(last_minutes, "energy_kwh/import"), counted, 1e-3);
    assert_near(sum_of(last_quarters, "energy_kwh/import"), counted, 1e-3);
    for (size_t i = 1; i < 150; i++)
        assert_near(number_at(json_array_get(last_minutes, i), "energy_kwh/import"),
                    GRID_MINUTE_KWH, 2e-3);
    const json_t *read = json_array_get(last_minutes, 13), *cut = json_array_get(last_minutes, 14);
    assert_string_equal(text_at(read, "quality"), "good");
    assert_near(number_at(read, "coverage"), 1.0, 1e-6);
    assert_true(number_at(cut, "coverage") > 0.3 && number_at(cut, "coverage") < 0.5);
    assert_near(number_at(json_array_get(last_quarters, 0), "coverage"), 860.0 / 900.0, 0.01);
    json_decref(last_minutes);
    json_decref(last_quarters);
    json_decref(minutes);
    json_decref(quarters);
    rig_fini(&g);
}

/* The program stands still over the start of an hour: quarters without a reading come first, and
 * the hour can be reproduced from its registers all the same. */
static void an_hour_that_begins_with_a_gap_can_be_reproduced(void **state) {
    (void)state;
    static struct rig g;
    ms_t hour = (T0 + 3600000) / 3600000 * 3600000;
    rig_init(&g, hour - QUARTER);
    rig_run(&g, hour - QUARTER, hour - MINUTE);
    rig_kill(&g);
    assert_int_equal(rig_open(&g, hour + 2 * QUARTER + 20000), ERR_OK);
    rig_run(&g, hour + 2 * QUARTER + 20000, hour + 3600000 + 5000);
    json_t *hours = rig_messages(&g.works, OUTBOX_RECORD_1H);
    json_t *last = newest(hours);
    const json_t *d = json_array_get(json_object_get(json_array_get(last, 1), "devices"), 0);
    assert_near(number_at(d, "energy_import_kwh"), 60 * GRID_MINUTE_KWH, 2e-3);
    assert_near(number_at(d, "multiplier"), 80.0, 0);
    assert_near((number_at(d, "register/import/end") - number_at(d, "register/import/start")) *
                        number_at(d, "multiplier") +
                    number_at(d, "edge_kwh") + number_at(d, "rollover_kwh"),
                60 * GRID_MINUTE_KWH, 4e-3);
    json_decref(last);
    json_decref(hours);
    rig_fini(&g);
}

static void a_device_that_is_silent_for_minutes(void **state) {
    (void)state;
    static struct rig g;
    ms_t down = T0 + 3 * MINUTE, up = T0 + 8 * MINUTE + 20000, end = T0 + 15 * MINUTE + 5000;
    rig_init(&g, T0);
    rig_run(&g, T0, down);
    for (ms_t s = down; s < up; s += 1000) {
        struct reading *r = works_reading(&g.works, GRID, s + 300);
        r->kind = s == down ? READING_DOWN : READING_STILL_DOWN;
        if ((s - down) % MINUTE == 0)
            core_reading(&g.core, r);
        core_reading(&g.core, works_pv(&g.works, s + 100, PV_KW, pv_register(s)));
        rig_idle(&g, s, s + 1000);
    }
    rig_run(&g, up, end);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    json_t *quarters = rig_messages(&g.works, OUTBOX_RECORD_15M);
    json_t *events = rig_plain_events(&g.works);
    assert_int_equal(json_array_size(events), 2);
    assert_string_equal(text_at(json_array_get(events, 0), "event"), "device_down");
    assert_string_equal(text_at(json_array_get(events, 0), "object"), "grid");
    assert_string_equal(text_at(json_array_get(events, 0), "state"), "raised");
    assert_string_equal(text_at(json_array_get(events, 1), "event"), "device_up");
    const json_t *dark = json_array_get(minutes, 5);
    assert_true(isnan(number_at(dark, "energy_kwh/import")));
    assert_true(isnan(number_at(dark, "power_kw/grid/avg")));
    assert_near(number_at(dark, "energy_kwh/pv"), PV_MINUTE_KWH, 1e-6);
    assert_string_equal(text_at(dark, "cause"), "device_down");
    assert_string_equal(text_at(dark, "quality"), "missing");
    /* the device is back: its register tells what went through, spread over the minutes */
    json_t *last = newest(minutes);
    assert_int_equal(json_array_size(last), 15);
    for (size_t i = 1; i < 15; i++)
        assert_near(number_at(json_array_get(last, i), "energy_kwh/import"), GRID_MINUTE_KWH, 2e-3);
    const json_t *known = json_array_get(last, 5);
    assert_int_equal((int)number_at(known, "revision"), 1);
    assert_near(number_at(known, "energy_kwh/pv"), PV_MINUTE_KWH, 1e-6);
    assert_true(isnan(number_at(known, "power_kw/grid/avg"))); /* nobody saw it */
    assert_near(sum_of(last, "energy_kwh/import"), counted_to(T0 + QUARTER), 1e-6);
    assert_near(sum_of(quarters, "energy_kwh/import"), counted_to(T0 + QUARTER), 1e-6);
    json_decref(last);
    json_decref(minutes);
    json_decref(quarters);
    json_decref(events);
    rig_fini(&g);
}

/* One damaged row must not stop every commit that has energy for it. */
static void energy_for_a_damaged_row_is_written_all_the_same(void **state) {
    (void)state;
    static struct rig g;
    char sql[160];
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 2 * MINUTE);
    rig_idle(&g, T0 + 2 * MINUTE, T0 + 5 * MINUTE + 30000);
    snprintf(sql, sizeof sql, "UPDATE slot SET body=x'02' WHERE period=60 AND start=%" PRId64,
             T0 + 3 * MINUTE);
    assert_int_equal(db_exec(g.writer.db, sql), ERR_OK);
    assert_true(sqlite3_changes(g.writer.db) > 0);
    rig_run(&g, T0 + 5 * MINUTE + 30000, T0 + 8 * MINUTE); /* rig_commit asserts each commit */
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M), *last = newest(minutes);
    assert_near(sum_of(last, "energy_kwh/import"), counted_to(T0 + 7 * MINUTE), 1e-6);
    json_decref(last);
    json_decref(minutes);
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_stop_is_first_unknown_then_recovered),
        cmocka_unit_test(an_hour_is_late_when_it_is_written_again),
        cmocka_unit_test(a_quarter_is_its_minutes_when_the_meter_falls_silent),
        cmocka_unit_test(a_stall_of_hours_loses_nothing_that_was_read),
        cmocka_unit_test(an_hour_that_begins_with_a_gap_can_be_reproduced),
        cmocka_unit_test(a_device_that_is_silent_for_minutes),
        cmocka_unit_test(energy_for_a_damaged_row_is_written_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
