/* What readers see: bodies that never change, raw readings as they were, ranges by time. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/db.h"
#include "store_rig.h"

static void topics_are_those_of_the_contract(void **state) {
    (void)state;
    assert_string_equal(outbox_topic(OUTBOX_EVENT), "event");
    assert_string_equal(outbox_topic(OUTBOX_RECORD_1M), "record/1m");
    assert_string_equal(outbox_topic(OUTBOX_RECORD_15M), "record/15m");
}

static void a_body_is_the_same_bytes_after_restart_and_reload(void **state) {
    (void)state;
    static struct rig g;
    static char *before[BODIES_MAX], *after[BODIES_MAX];
    static struct outbox_row rows[BODIES_MAX];
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 15 * MINUTE + 30000);
    size_t n = rig_bodies(&g.works, before, rows);
    assert_int_equal(n, 16);
    rig_kill(&g);
    g.works.devices[GRID].ct_ratio = 100.0; /* everything that a body might look up changes */
    g.works.devices[PV].id = g.works.feeds[PV].id = "other";
    g.works.feeds[GRID].role = ROLE_LOAD;
    g.works.site.id = "elsewhere";
    assert_int_equal(rig_open(&g, T0 + 15 * MINUTE + 31000), ERR_OK);
    rig_run(&g, T0 + 15 * MINUTE + 31000, T0 + 17 * MINUTE);
    assert_true(rig_bodies(&g.works, after, rows) >= n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(before[i], after[i]);
    for (size_t i = 0; i < n; i++)
        free(before[i]);
    for (size_t i = 0; after[i]; i++)
        free(after[i]);
    rig_fini(&g);
}

static void a_slot_closed_under_the_old_configuration_keeps_its_feeds(void **state) {
    (void)state;
    static struct rig g;
    static struct works next;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + QUARTER + 1000); /* devices closed their quarter, the record waits */
    next = g.works;
    works_points(&next);
    works_devices(&next);
    next.site.devices = next.devices;
    next.site.points = next.points;
    next.site.feeds = next.feeds;
    next.devices[BMS].id = next.feeds[BMS].id = "bms2";
    assert_int_equal(writer_set_site(&g.writer, &next.site), ERR_OK);
    assert_int_equal(core_set_site(&g.core, &next.site), ERR_OK);
    rig_run(&g, T0 + QUARTER + 1000, T0 + QUARTER + 5000);
    json_t *quarters = rig_messages(&g.works, OUTBOX_RECORD_15M);
    const json_t *q = json_array_get(quarters, 0);
    assert_near(number_at(q, "devices/0/energy_import_kwh"), 899.9 * 8.0, 1e-6);
    json_decref(quarters);
    rig_fini(&g);
}

static void minute_records_hold_devices_only_when_asked_for(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + MINUTE + 5000);
    g.works.site.mqtt.minute_devices = true;
    rig_run(&g, T0 + MINUTE + 5000, T0 + 2 * MINUTE + 5000);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    assert_null(json_object_get(json_array_get(minutes, 0), "devices"));
    assert_int_equal(json_array_size(json_object_get(json_array_get(minutes, 1), "devices")), 3);
    json_decref(minutes);
    rig_fini(&g);
}

struct raw_check {
    size_t readings;
    double power_kw;
    ms_t first, last;
};

static int on_reading(void *arg, const struct site *site, struct reading *r) {
    struct raw_check *c = arg;
    struct sample samples[8];
    if (c->readings++ == 0)
        c->first = r->utc_ms;
    c->last = r->utc_ms;
    if (r->device == GRID) {
        assert_string_equal(site->points[G_POWER].id, "grid.active_power.total");
        assert_int_equal(decode_reading(&site->devices[GRID], r, samples), GRID_POINTS);
        c->power_kw += samples[G_POWER].value;
        assert_near(samples[G_IMPORT].value, grid_register(r->utc_ms - 100) * 80.0, 1e-6);
    }
    return ERR_OK;
}

static void raw_readings_of_a_range_come_back(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    struct raw_check c = {0};
    uint64_t bad = 99;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 200000);
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    assert_int_equal(reader_readings(r, &(struct raw_query){.from = T0 + 50000, .to = T0 + 150000},
                                     on_reading, &c, &bad),
                     ERR_OK);
    assert_int_equal(bad, 0);
    assert_int_equal(c.readings, 300);
    assert_int_equal(c.first, T0 + 50100);
    assert_int_equal(c.last, T0 + 149100);
    assert_near(c.power_kw, 100 * GRID_KW, 1e-3);
    reader_close(r);
    rig_fini(&g);
}

static void raw_rows_of_the_same_time_after_a_step_back_stay_apart(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    struct raw_check c = {0};
    uint64_t bad = 99;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 100000);
    rig_run(&g, T0 + 20000, T0 + 60000); /* the same milliseconds again */
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    assert_int_equal(reader_readings(r, &(struct raw_query){.from = T0, .to = T0 + 100000},
                                     on_reading, &c, &bad),
                     ERR_OK);
    assert_int_equal(bad, 0);
    assert_int_equal(c.readings, 300 + 120);
    reader_close(r);
    rig_fini(&g);
}

static int stop_at_once(void *arg, const struct site *site, struct reading *r) {
    (void)site;
    (void)r;
    ++*(int *)arg;
    return ERR_LIMIT;
}

static void a_callback_can_stop_and_a_damaged_row_is_skipped(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    struct raw_check c = {0};
    uint64_t bad = 0;
    int calls = 0;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 130000);
    assert_int_equal(db_exec(g.writer.db, "UPDATE raw SET body=x'0100ffff' WHERE t=(SELECT t FROM"
                                          " raw ORDER BY t LIMIT 1 OFFSET 10)"),
                     ERR_OK);
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    assert_int_equal(reader_readings(r, &(struct raw_query){.from = T0, .to = T0 + 130000},
                                     stop_at_once, &calls, &bad),
                     ERR_LIMIT);
    assert_int_equal(calls, 1);
    assert_int_equal(reader_readings(r, &(struct raw_query){.from = T0, .to = T0 + 130000},
                                     on_reading, &c, &bad),
                     ERR_OK);
    assert_int_equal(bad, 50); /* the rest of its chain: until the next key row */
    assert_int_equal(c.readings, 80 * 3);
    reader_close(r);
    rig_fini(&g);
}

static void ranges_are_by_slot_start_and_event_time(void **state) {
    (void)state;
    static struct rig g;
    static struct outbox_row rows[100];
    struct reader *r;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 5 * MINUTE);
    struct event_body e = {.event = "test",
                           .severity = "info",
                           .state = "raised",
                           .at = T0 + 5 * MINUTE,
                           .value = (double)NAN,
                           .threshold = (double)NAN};
    core_event(&g.core, &e);
    rig_run(&g, T0 + 5 * MINUTE, T0 + 16 * MINUTE);
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    unsigned records = 1u << OUTBOX_RECORD_1M | 1u << OUTBOX_RECORD_15M;
    assert_int_equal(reader_range(r, records, T0 + MINUTE, T0 + 4 * MINUTE, 0, rows, 100), 3);
    assert_int_equal(rows[0].key, T0 + MINUTE);
    assert_int_equal(reader_range(r, records, T0, T0 + MINUTE, 0, rows, 100), 2);
    assert_int_equal(rows[1].kind, OUTBOX_RECORD_15M);
    assert_int_equal(reader_range(r, 1u << OUTBOX_EVENT, T0, T0 + 5 * MINUTE, 0, rows, 100), 0);
    assert_int_equal(reader_range(r, 1u << OUTBOX_EVENT, T0, T0 + 6 * MINUTE, 0, rows, 100), 1);
    assert_int_equal(reader_range(r, records, T0, T0 + QUARTER, rows[0].seq, rows, 1), 1);
    reader_close(r);
    rig_fini(&g);
}

static void a_row_without_content_is_not_found(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    char memory[1000];
    struct buf b;
    struct outbox_row row = {.seq = 1, .kind = OUTBOX_RECORD_1M, .key = 42, .part = 1, .parts = 1};
    rig_init(&g, T0);
    buf_init(&b, memory, sizeof memory);
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    assert_int_equal(reader_body(r, &row, &b), ERR_NOT_FOUND);
    row.kind = OUTBOX_EVENT;
    assert_int_equal(reader_body(r, &row, &b), ERR_NOT_FOUND);
    reader_close(r);
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_are_those_of_the_contract),
        cmocka_unit_test(a_body_is_the_same_bytes_after_restart_and_reload),
        cmocka_unit_test(a_slot_closed_under_the_old_configuration_keeps_its_feeds),
        cmocka_unit_test(minute_records_hold_devices_only_when_asked_for),
        cmocka_unit_test(raw_readings_of_a_range_come_back),
        cmocka_unit_test(raw_rows_of_the_same_time_after_a_step_back_stay_apart),
        cmocka_unit_test(a_callback_can_stop_and_a_damaged_row_is_skipped),
        cmocka_unit_test(ranges_are_by_slot_start_and_event_time),
        cmocka_unit_test(a_row_without_content_is_not_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
