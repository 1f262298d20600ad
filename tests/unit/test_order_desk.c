/* An exchanged meter as an officer enters it: what the exchange left out reaches its slots, once;
 * an order is executed once, wholly or not at all. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "order_rig.h"

/* (11034.0 - 11031.5 + 5.0 - 0) x 80: 2.5 that the old meter counted after its last reading, 5.0 of
 * the new one before its first. */
#define LEFT_OUT_KWH 600.0

static struct scene scene;

/* Past the end of the hour in which the meter was exchanged: T0 is a quarter past. */
static int begin(void **state) {
    (void)state;
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    scene_begin(&scene, T0, 5000);
    scene.gone = GONE;
    scene.back = BACK;
    scene_run(&scene, T0 + 46 * MINUTE);
    return 0;
}

static int end(void **state) {
    (void)state;
    scene_end(&scene);
    return 0;
}

static double minute_import(ms_t start) {
    return scene_number(&scene, OUTBOX_RECORD_1M, start, "energy_kwh/import");
}

static double quarter_import(ms_t start) {
    return scene_number(&scene, OUTBOX_RECORD_15M, start, "energy_kwh/import");
}

/* ---- what the exchange left out ----------------------------------------------------------- */

static void an_entered_exchange_counts_what_was_left_out(void **state) {
    (void)state;
    struct order o = exchange_order();
    double before = quarter_import(T0);
    assert_true(isnan(minute_import(EXCHANGE_AT))); /* no meter was there */
    assert_done(&scene, &o, "slots", 2);
    scene_settle(&scene);
    assert_near(minute_import(EXCHANGE_AT), LEFT_OUT_KWH, 1e-6);
    assert_near(quarter_import(T0), before + LEFT_OUT_KWH, 1e-6);
    json_t *quarter = scene_record(&scene, OUTBOX_RECORD_15M, T0);
    const json_t *grid = json_array_get(json_object_get(quarter, "devices"), 0);
    assert_string_equal(text_at(grid, "energy_method"), "manual");
    assert_near(number_at(grid, "energy_import_kwh"), before + LEFT_OUT_KWH, 1e-6);
    assert_int_equal((int)number_at(quarter, "revision"), 1);
    assert_true(json_is_true(json_object_get(quarter, "late")));
    json_decref(quarter);
}

/* energy = (end - start) x multiplier + edge + rollover, as docs/mqtt.md says. */
static void assert_explained(enum outbox_kind kind, ms_t start) {
    json_t *m = scene_record(&scene, kind, start);
    const json_t *grid = json_array_get(json_object_get(m, "devices"), 0);
    double by_register =
        (number_at(grid, "register/import/end") - number_at(grid, "register/import/start")) *
        MULTIPLIER;
    assert_near(number_at(grid, "multiplier"), MULTIPLIER, 1e-9);
    assert_near(by_register + number_at(grid, "edge_kwh") + number_at(grid, "rollover_kwh"),
                number_at(grid, "energy_import_kwh"), 0.003);
    json_decref(m);
}

static void the_record_still_explains_its_energy(void **state) {
    (void)state;
    struct order o = exchange_order();
    assert_done(&scene, &o, "slots", 2);
    scene_settle(&scene);
    assert_explained(OUTBOX_RECORD_15M, T0);
    assert_explained(OUTBOX_RECORD_1H, T0 - QUARTER);
}

/* The gateway was off while the meter was exchanged, and in the last quarter of the hour nothing
 * was stored at all. The energy that is entered for it is of the same unit as the rest of the hour.
 */
static void an_hour_with_a_quarter_without_any_row(void **state) {
    (void)state;
    struct order o = exchange_order();
    scene_end(&scene);
    scene_begin(&scene, T0, 5000);
    scene_run(&scene, T0 + 25 * MINUTE);
    scene.gone = scene.now;
    scene.back = T0 + 46 * MINUTE;
    rig_kill(&scene.rig);
    scene.now = scene.back;
    assert_int_equal(rig_open(&scene.rig, scene.now), ERR_OK);
    scene_run(&scene, scene.now + MINUTE);
    assert_true(isnan(quarter_import(T0 + 2 * QUARTER)));
    o.meter_change.at = T0 + 35 * MINUTE;
    o.meter_change.old_end = 11150.0; /* last read 1000 + 0.1 x (1495 + 100000) = 11149.5 */
    assert_done(&scene, &o, "slots", 2);
    scene_settle(&scene);
    assert_near(quarter_import(T0 + 2 * QUARTER), (0.5 + 5.0) * 80.0, 1e-6);
    assert_explained(OUTBOX_RECORD_1H, T0 - QUARTER);
}

static void the_hour_follows_and_other_slots_stay(void **state) {
    (void)state;
    struct order o = exchange_order();
    double hour = scene_number(&scene, OUTBOX_RECORD_1H, T0 - QUARTER, "energy_kwh/import");
    size_t minutes = scene_messages(&scene, OUTBOX_RECORD_1M);
    size_t quarters = scene_messages(&scene, OUTBOX_RECORD_15M);
    assert_done(&scene, &o, "slots", 2);
    scene_settle(&scene);
    json_t *after = scene_record(&scene, OUTBOX_RECORD_1H, T0 - QUARTER);
    assert_near(number_at(after, "energy_kwh/import"), hour + LEFT_OUT_KWH, 1e-6);
    assert_int_equal((int)number_at(after, "revision"), 1);
    json_decref(after);
    assert_int_equal(scene_messages(&scene, OUTBOX_RECORD_1M), minutes + 1);
    assert_int_equal(scene_messages(&scene, OUTBOX_RECORD_15M), quarters + 1);
}

static void the_entry_is_an_event_with_who_and_why(void **state) {
    (void)state;
    struct order o = exchange_order();
    assert_done(&scene, &o, "slots", 2);
    json_t *e = scene_event(&scene, "meter_change");
    assert_string_equal(text_at(e, "object"), "grid");
    assert_string_equal(text_at(e, "actor"), "王工 (local:wang)");
    assert_string_equal(text_at(e, "note"), "seal 77");
    assert_string_equal(text_at(e, "at"), "2023-11-14T22:21:00+00:00"); /* T0 is 22:15 */
    assert_string_equal(text_at(e, "unit"), "kWh");
    assert_near(number_at(e, "value"), 0.0, 0);
    assert_near(number_at(e, "threshold"), OLD_LAST + 2.5, 1e-9);
    json_decref(e);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM ledger WHERE actor='王工 "
                                         "(local:wang)' AND note='seal 77'"),
                     1);
}

/* ---- corrections -------------------------------------------------------------------------- */

static void entering_it_again_corrects_and_does_not_add(void **state) {
    (void)state;
    struct order o = exchange_order();
    double before = quarter_import(T0);
    assert_done(&scene, &o, "slots", 2);
    o.meter_change.old_end = OLD_LAST + 1.0; /* (1.0 + 5.0) x 80 = 480 */
    assert_done(&scene, &o, "slots", 2);     /* before the revisions of the first are made */
    scene_settle(&scene);
    assert_near(quarter_import(T0), before + 480.0, 1e-6);
    o.meter_change.new_start = NEW_FIRST; /* 1.0 x 80 = 80 */
    assert_done(&scene, &o, "slots", 2);
    scene_settle(&scene);
    assert_near(minute_import(EXCHANGE_AT), 80.0, 1e-6);
    assert_near(quarter_import(T0), before + 80.0, 1e-6);
    assert_int_equal((int)scene_number(&scene, OUTBOX_RECORD_15M, T0, "revision"), 2);
}

static void a_corrected_time_moves_the_energy(void **state) {
    (void)state;
    struct order o = exchange_order();
    double first = quarter_import(T0), second = quarter_import(T0 + QUARTER);
    assert_done(&scene, &o, "slots", 2);
    scene_settle(&scene);
    o.meter_change.at = EXCHANGE_AT - MINUTE / 2; /* 22:20:30: another minute, the same quarter */
    double known = minute_import(T0 + 5 * MINUTE);
    assert_done(&scene, &o, "slots", 3);
    scene_settle(&scene);
    assert_near(minute_import(EXCHANGE_AT), 0.0, 1e-6);
    assert_near(minute_import(T0 + 5 * MINUTE), known + LEFT_OUT_KWH, 1e-6);
    assert_near(quarter_import(T0), first + LEFT_OUT_KWH, 1e-6);
    o.meter_change.at = T0 + 20 * MINUTE; /* another quarter */
    o.meter_change.old_end = OLD_LAST;    /* 5.0 x 80 = 400 */
    assert_done(&scene, &o, "slots", 4);
    scene_settle(&scene);
    assert_near(minute_import(T0 + 5 * MINUTE), known, 1e-6);
    assert_near(quarter_import(T0), first, 1e-6);
    assert_near(quarter_import(T0 + QUARTER), second + 400.0, 1e-6);
}

/* ---- once ----------------------------------------------------------------------------------- */

static void an_order_of_the_same_id_is_answered_and_not_executed(void **state) {
    (void)state;
    struct order o = exchange_order();
    snprintf(o.id, sizeof o.id, "77");
    assert_done(&scene, &o, "slots", 2);
    scene_settle(&scene);
    double once = quarter_import(T0);
    uint64_t seq = scene.rig.writer.seq_next;
    o.meter_change.old_end = OLD_LAST + 100.0;
    assert_done(&scene, &o, "slots", 2);
    scene.now += 6 * MS_PER_DAY;
    const struct order_desk desk = scene_desk(&scene);
    char text[ORDER_REPLY_MAX];
    order_desk_run(&desk, &o, "local:li", text, sizeof text);
    assert_string_equal(text, "{\"ok\":true,\"slots\":2}");
    assert_int_equal(scene.rig.writer.seq_next, seq);
    scene.now -= 6 * MS_PER_DAY;
    scene_settle(&scene);
    assert_near(quarter_import(T0), once, 1e-6);
}

static void after_a_week_an_id_is_forgotten(void **state) {
    (void)state;
    struct order o = exchange_order();
    snprintf(o.id, sizeof o.id, "77");
    assert_done(&scene, &o, "slots", 2);
    struct order_desk desk = scene_desk(&scene);
    uint64_t seq = scene.rig.writer.seq_next;
    char text[ORDER_REPLY_MAX];
    desk.now_ms = scene.now + 7 * MS_PER_DAY;
    o.meter_change.old_end = OLD_LAST;
    order_desk_run(&desk, &o, "local:wang", text, sizeof text);
    assert_true(scene.rig.writer.seq_next > seq);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM command"), 1);
    scene_settle(&scene);
    assert_near(minute_import(EXCHANGE_AT), 400.0, 1e-6); /* 5.0 x 80 */
}

static void a_refused_order_may_be_given_again_under_its_id(void **state) {
    (void)state;
    struct order o = exchange_order();
    snprintf(o.id, sizeof o.id, "77");
    o.meter_change.old_end = 1.0;
    assert_refused(&scene, &o, "old_end");
    o.meter_change.old_end = OLD_LAST;
    assert_done(&scene, &o, "slots", 2);
}

/* ---- refusals ------------------------------------------------------------------------------- */

static void what_cannot_be_is_refused_in_words(void **state) {
    (void)state;
    struct order o[9];
    static const char *const words[9] = {
        "the site has no meter grid2; busbar check",
        "of that moment has not closed; enter it when busbard has made its record",
        "has not closed", /* tomorrow */
        "there is no record of the quarter of an hour of that moment",
        "no reset or exchange of this counter is on record within 7 days",
        "no reset or exchange of this counter is on record",
        "old_end 11031.400 is less than the last register that was read, 11031.500; check both",
        "new_start 5.100 is more than the first register of the new meter, 5.000; check both",
        "this gateway delivers nothing over MQTT; configure mqtt.url first"};
    for (size_t i = 0; i < 9; i++)
        o[i] = exchange_order();
    snprintf(o[0].meter_change.device, sizeof o[0].meter_change.device, "grid2");
    o[1].meter_change.at = T0 + 45 * MINUTE;
    o[2].meter_change.at = T0 + MS_PER_DAY;
    o[3].meter_change.at = T0 - MINUTE;
    o[4].meter_change.direction = ORDER_EXPORT; /* its register went on */
    snprintf(o[5].meter_change.device, sizeof o[5].meter_change.device, "pv1");
    o[6].meter_change.old_end = OLD_LAST - 0.1;
    o[7].meter_change.new_start = NEW_FIRST + 0.1;
    o[8].kind = ORDER_REPLAY;
    for (size_t i = 0; i < 9; i++)
        assert_refused(&scene, &o[i], words[i]);
    scene_settle(&scene);
    assert_true(isnan(minute_import(EXCHANGE_AT)));
}

/* A source's forward is what it gives, which its meter names export (docs/design-notes/
 * feeds-and-directions.md). Counters: 0 forward, 1 reverse. */
static void a_direction_names_its_counter(void **state) {
    (void)state;
    static const struct {
        const char *device;
        enum order_direction direction;
        int counter;
    } cases[] = {{"grid", ORDER_IMPORT, 0},  {"grid", ORDER_EXPORT, 1}, {"grid", ORDER_FORWARD, 0},
                 {"grid", ORDER_REVERSE, 1}, {"pv1", ORDER_EXPORT, 0},  {"pv1", ORDER_IMPORT, 1},
                 {"pv1", ORDER_FORWARD, 0},  {"pv1", ORDER_REVERSE, 1}};
    char sql[300];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct order o = exchange_order();
        snprintf(o.meter_change.device, sizeof o.meter_change.device, "%s", cases[i].device);
        o.meter_change.direction = cases[i].direction;
        assert_int_equal(db_exec(scene.rig.writer.db, "DELETE FROM ledger"), ERR_OK);
        /* a reset from 11031.5 to 5.0 of both counters of both devices */
        for (int k = 0; k < 4; k++) {
            snprintf(sql, sizeof sql,
                     "INSERT INTO ledger(t,device,feed,counter,event,old,first,new,multiplier)"
                     " SELECT %lld,id,0,%d,%d,11031.5,5.0,7.0,80.0 FROM device WHERE name='%s'",
                     (long long)BACK, k % 2, (int)ENERGY_RESET, k < 2 ? "grid" : "pv1");
            assert_int_equal(db_exec(scene.rig.writer.db, sql), ERR_OK);
        }
        assert_done(&scene, &o, "slots", 2);
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM ledger JOIN device ON device.id=ledger.device WHERE"
                 " entered=600 AND name='%s' AND counter=%d",
                 cases[i].device, cases[i].counter);
        assert_int_equal(scene_count(&scene, sql), 1);
        assert_int_equal(scene_count(&scene, "SELECT count(*) FROM ledger WHERE entered<>0"), 1);
    }
}

static void the_nearest_exchange_is_meant(void **state) {
    (void)state;
    struct order o = exchange_order();
    char sql[200];
    snprintf(sql, sizeof sql,
             "INSERT INTO ledger(t,device,feed,counter,event,old,first,new,multiplier)"
             " SELECT %lld,device,feed,counter,event,20.0,1.0,2.0,multiplier FROM ledger",
             (long long)(T0 + 30 * MINUTE));
    assert_int_equal(db_exec(scene.rig.writer.db, sql), ERR_OK);
    o.meter_change.at = T0 + 29 * MINUTE;
    o.meter_change.old_end = 21.0; /* (21 - 20 + 1 - 0) x 80 = 160 */
    double before = quarter_import(T0 + QUARTER);
    assert_done(&scene, &o, "slots", 2);
    scene_settle(&scene);
    assert_near(quarter_import(T0 + QUARTER), before + 160.0, 1e-6);
}

/* ---- the disk, and the power ---------------------------------------------------------------- */

/* Entries with new ids, until the pages are used up: one of them finds no room in its middle. */
static void a_full_disk_leaves_nothing_half_done(void **state) {
    (void)state;
    struct order o = exchange_order();
    char sql[64], text[ORDER_REPLY_MAX] = "";
    memset(o.meter_change.note, 'n', ORDER_NOTE_MAX);
    core_flush(&scene.rig.core);
    rig_commit(&scene.rig, scene.now);
    snprintf(sql, sizeof sql, "PRAGMA max_page_count=%d",
             (int)scene_count(&scene, "PRAGMA page_count"));
    assert_int_equal(db_exec(scene.rig.writer.db, sql), ERR_OK);
    const struct order_desk desk = scene_desk(&scene);
    int64_t before = 0;
    uint64_t seq = 0;
    for (int i = 0; i < 100 && !strstr(text, "\"ok\":false"); i++) {
        before = scene_trace(&scene);
        seq = scene.rig.writer.seq_next;
        snprintf(o.id, sizeof o.id, "%d", i);
        order_desk_run(&desk, &o, "local:wang", text, sizeof text);
    }
    assert_string_equal(text, "{\"ok\":false,\"error\":\"the store refused it: no space left; "
                              "nothing was changed, try again later\"}");
    assert_int_equal(scene_trace(&scene), before);
    assert_int_equal(scene.rig.writer.seq_next, seq);
    assert_int_equal(db_exec(scene.rig.writer.db, "PRAGMA max_page_count=1000000"), ERR_OK);
    assert_done(&scene, &o, "slots", 2); /* the id was not used up */
    scene_settle(&scene);
    assert_near(minute_import(EXCHANGE_AT), LEFT_OUT_KWH, 1e-6);
}

/* Slots that are closed in memory only would get a row beside their own. */
static void while_readings_wait_for_the_disk_no_order_is_executed(void **state) {
    (void)state;
    struct order o = exchange_order();
    char text[ORDER_REPLY_MAX];
    scene_poll(&scene);
    core_second(&scene.rig.core, scene.now + 500);
    assert_true(scene.rig.writer.pending.len > 0);
    int64_t before = scene_trace(&scene);
    const struct order_desk desk = scene_desk(&scene);
    order_desk_run(&desk, &o, "local:wang", text, sizeof text);
    assert_non_null(strstr(text, "\"ok\":false"));
    assert_non_null(strstr(text, "readings wait in memory because the store cannot be written"));
    assert_int_equal(scene_trace(&scene), before);
    assert_done(&scene, &o, "slots", 2); /* it commits first */
}

static void after_a_kill_the_entry_is_there_and_its_revisions_are_made(void **state) {
    (void)state;
    struct order o = exchange_order();
    double before = quarter_import(T0);
    snprintf(o.id, sizeof o.id, "77");
    assert_done(&scene, &o, "slots", 2);
    scene_kill(&scene);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM dirty"), 2);
    assert_near(quarter_import(T0), before, 1e-6); /* not yet */
    scene_run(&scene, scene.now + MINUTE);
    scene_settle(&scene);
    assert_near(quarter_import(T0), before + LEFT_OUT_KWH, 1e-6);
    assert_near(minute_import(EXCHANGE_AT), LEFT_OUT_KWH, 1e-6);
    o.meter_change.old_end = OLD_LAST;
    assert_done(&scene, &o, "slots", 2); /* the id is remembered */
    scene_settle(&scene);
    assert_near(minute_import(EXCHANGE_AT), LEFT_OUT_KWH, 1e-6);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_entered_exchange_counts_what_was_left_out),
        TEST(the_record_still_explains_its_energy),
        TEST(an_hour_with_a_quarter_without_any_row),
        TEST(the_hour_follows_and_other_slots_stay),
        TEST(the_entry_is_an_event_with_who_and_why),
        TEST(entering_it_again_corrects_and_does_not_add),
        TEST(a_corrected_time_moves_the_energy),
        TEST(an_order_of_the_same_id_is_answered_and_not_executed),
        TEST(after_a_week_an_id_is_forgotten),
        TEST(a_refused_order_may_be_given_again_under_its_id),
        TEST(what_cannot_be_is_refused_in_words),
        TEST(a_direction_names_its_counter),
        TEST(the_nearest_exchange_is_meant),
        TEST(a_full_disk_leaves_nothing_half_done),
        TEST(while_readings_wait_for_the_disk_no_order_is_executed),
        TEST(after_a_kill_the_entry_is_there_and_its_revisions_are_made)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
