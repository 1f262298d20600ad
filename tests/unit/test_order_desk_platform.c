/* The platform's alerts at the desk: taken once, refused with the reason, cleared when their time
 * is over; the same over kill -9. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform_rig.h"

#define UNTIL (T0 + 10 * MINUTE)

static void a_good_one_is_a_row_and_an_event(void **state) {
    (void)state;
    const struct order o = alert_order("a-1", "PEAK-SHAVE", UNTIL);
    run_at(3600.0, T0 + MINUTE);
    int id = give(&o, NULL);
    assert_true(id > 0);
    assert_int_equal(scene_count(&scene,
                                 "SELECT count(*) FROM alert WHERE source=1 AND rule='PEAK-SHAVE'"
                                 " AND object='site' AND active AND handling=0 AND severity=2 AND"
                                 " message_id='a-1' AND expected_kw=3000 AND text_zh='压减负荷' AND"
                                 " text_en='Cut the load' AND cleared IS NULL"),
                     1);
    assert_int_equal(scene_count(&scene, "SELECT valid_until FROM alert"), UNTIL);
    assert_int_equal(scene_count(&scene, "SELECT raised FROM alert"), scene.now);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM alert_step WHERE step=0 AND n=1"),
                     1);
    json_t *e = scene_event(&scene, "alert");
    assert_string_equal(text_at(e, "state"), "raised");
    assert_string_equal(text_at(e, "message_id"), "a-1");
    assert_string_equal(text_at(e, "rule"), "PEAK-SHAVE");
    assert_string_equal(text_at(e, "object"), "site");
    assert_string_equal(text_at(e, "severity"), "major");
    assert_string_equal(text_at(json_object_get(e, "text"), "zh"), "压减负荷");
    assert_int_equal((int)number_at(e, "alert"), id);
    assert_null(json_object_get(e, "effect"));
    json_decref(e);
}

static void the_same_id_again_changes_nothing(void **state) {
    (void)state;
    struct order o = alert_order("a-1", "PEAK-SHAVE", UNTIL);
    int id = give(&o, NULL);
    int64_t outbox = scene_count(&scene, "SELECT count(*) FROM outbox");
    assert_int_equal(give(&o, NULL), id);
    scene_kill(&scene);
    snprintf(o.platform_alert.code, sizeof o.platform_alert.code, "OTHER");
    assert_int_equal(give(&o, NULL), id);
    scene.now = UNTIL + MINUTE; /* and when it would be too late for a new one */
    assert_int_equal(give(&o, NULL), id);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM alert"), 1);
    assert_int_equal(count_events("alert", "raised"), 1);
    assert_int_equal(count_events("alert", "refused"), 0);
    assert_true(outbox > 0);
}

static void two_of_one_code_may_stand(void **state) {
    (void)state;
    const struct order a = alert_order("a-1", "PEAK-SHAVE", UNTIL);
    const struct order b = alert_order("a-2", "PEAK-SHAVE", UNTIL + MINUTE);
    assert_true(give(&a, NULL) != give(&b, NULL));
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM alert WHERE active"), 2);
    /* a command's id is of another kind */
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM command"), 0);
}

static void an_expired_one_is_refused_once_in_seven_days(void **state) {
    (void)state;
    const struct order o = alert_order("late", "PEAK-SHAVE", T0);
    assert_int_equal(give(&o, "expired: valid_until 2023-11-14T22:15:00+00:00 has passed"), 0);
    assert_int_equal(give(&o, "expired: valid_until"), 0);
    scene_kill(&scene);
    assert_int_equal(give(&o, "expired: valid_until"), 0);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM alert"), 0);
    assert_int_equal(count_events("alert", "refused"), 1);
    json_t *e = scene_event(&scene, "alert");
    assert_string_equal(text_at(e, "message_id"), "late");
    assert_string_equal(text_at(e, "rule"), "PEAK-SHAVE");
    assert_non_null(strstr(text_at(e, "note"), "the gateway's clock says 2023-11-14T22:15:00"));
    assert_null(json_object_get(e, "alert"));
    json_decref(e);
    scene.now += 7 * MS_PER_DAY;
    assert_int_equal(give(&o, "expired"), 0);
    assert_int_equal(count_events("alert", "refused"), 2);
}

static void one_that_is_none_is_refused_by_an_event(void **state) {
    (void)state;
    struct order o = {.kind = ORDER_PLATFORM_ALERT,
                      .platform_alert = {.refusal = "severity is missing; it is a word"}};
    assert_int_equal(give(&o, "severity is missing"), 0);
    json_t *e = scene_event(&scene, "alert");
    assert_true(json_is_null(json_object_get(e, "message_id")));
    assert_true(json_is_null(json_object_get(e, "rule")));
    assert_string_equal(text_at(e, "note"), "severity is missing; it is a word");
    assert_string_equal(text_at(e, "severity"), "warning");
    json_decref(e);
    /* the sender may put it right under the same id */
    snprintf(o.platform_alert.id, sizeof o.platform_alert.id, "a-1");
    give(&o, "severity is missing");
    o = alert_order("a-1", "PEAK-SHAVE", UNTIL);
    assert_true(give(&o, NULL) > 0);
    assert_int_equal(count_events("alert", "refused"), 2);
}

static void no_more_than_sixty_four_stand(void **state) {
    (void)state;
    char id[20];
    struct order o;
    for (int i = 0; i < PLATFORM_ALERT_OPEN_MAX; i++) {
        snprintf(id, sizeof id, "a-%d", i);
        o = alert_order(id, "X", UNTIL);
        assert_true(give(&o, NULL) > 0);
    }
    o = alert_order("more", "X", UNTIL + 10 * MINUTE);
    assert_int_equal(give(&o, "64 alerts of the platform stand already"), 0);
    run_at(3600.0, UNTIL + 2 * MINUTE); /* a few in each transaction */
    assert_true(give(&o, NULL) > 0);    /* not remembered: it could come again */
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM alert WHERE NOT active"), 64);
    assert_int_equal(count_events("alert", "cleared"), 64);
}

static void it_is_cleared_when_its_time_is_over(void **state) {
    (void)state;
    const struct order o = alert_order("a-1", "PEAK-SHAVE", UNTIL);
    give(&o, NULL);
    run_at(3600.0, UNTIL - 10000);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM alert WHERE active"), 1);
    scene_kill(&scene);
    scene.now = UNTIL + MINUTE; /* the gateway was off when it ended */
    run_at(3600.0, UNTIL + 2 * MINUTE);
    assert_int_equal(scene_count(&scene, "SELECT cleared FROM alert WHERE NOT active"), UNTIL);
    json_t *all = events_of("alert", "cleared");
    assert_int_equal(json_array_size(all), 1);
    const json_t *e = json_array_get(all, 0);
    assert_string_equal(text_at(e, "at"), "2023-11-14T22:25:00+00:00");
    assert_string_equal(text_at(e, "message_id"), "a-1");
    assert_string_equal(text_at(e, "note"), "its time is over");
    json_decref(all);
    assert_int_equal(scene_count(&scene, "SELECT handling FROM alert"), 0); /* nobody closed it */
}

static void fill(char *out, size_t cap, const char *with) {
    out[0] = '\0';
    while (strlen(out) + strlen(with) < cap)
        snprintf(out + strlen(out), cap - strlen(out), "%s", with);
}

/* Its events are written inside commits: one that did not fit would stop them. */
static void the_longest_alert_finds_room_in_its_events(void **state) {
    (void)state;
    struct order o = alert_order("", "", UNTIL);
    struct platform_alert *a = &o.platform_alert;
    fill(a->id, sizeof a->id, "\"");
    fill(a->code, sizeof a->code, "x");
    fill(a->text_zh, sizeof a->text_zh, "\xf0\x9f\x94\x8b");
    fill(a->text_en, sizeof a->text_en, "\xf0\x9f\x94\x8b");
    a->expected_kw = -PLATFORM_ALERT_KW_MAX / 7;
    assert_int_equal(strlen(a->text_zh), 4 * PLATFORM_ALERT_TEXT_MAX);
    run_at(3600.0, T0 + MINUTE);
    assert_true(give(&o, NULL) > 0);
    run_at(987654.321, UNTIL + 2 * MINUTE);
    assert_int_equal(count_events("alert", "raised"), 1);
    assert_int_equal(count_events("alert", "cleared"), 1);
    assert_int_equal(count_events("alert_effect", ""), 1);
}

static void an_officers_answer_names_the_message(void **state) {
    (void)state;
    const struct order o = alert_order("a-1", "PEAK-SHAVE", UNTIL);
    const struct order p = alert_order("a-2", "PEAK-SHAVE", UNTIL);
    run_at(3600.0, T0 + MINUTE);
    int id = give(&o, NULL);
    int id2 = give(&p, NULL);
    struct order ack = {.kind = ORDER_ALERT_ACK, .alert = {.alert = id, .by = "wang"}};
    struct order no = {.kind = ORDER_ALERT_REFUSE,
                       .alert = {.alert = id2, .by = "wang", .note = "cannot"}};
    assert_done(&scene, &ack, "alert", id);
    run_at(3600.0, T0 + 5 * MINUTE);
    assert_done(&scene, &no, "alert", id2);
    run_at(3600.0, T0 + 7 * MINUTE);
    json_t *e = scene_event(&scene, "alert_effect");
    assert_string_equal(text_at(e, "message_id"), "a-2");
    json_decref(e);
    e = events_of("alert", "refused");
    assert_string_equal(text_at(json_array_get(e, 0), "message_id"), "a-2");
    json_decref(e);
    e = events_of("alert", "acknowledged");
    assert_string_equal(text_at(json_array_get(e, 0), "message_id"), "a-1");
    assert_string_equal(text_at(json_object_get(json_array_get(e, 0), "text"), "zh"), "压减负荷");
    json_decref(e);
    run_at(3600.0, UNTIL + 2 * MINUTE);
    assert_int_equal(count_events("alert", "cleared"), 2);
    assert_int_equal(count_events("alert_effect", ""), 2);
}

static void while_readings_wait_in_memory_nothing_is_taken(void **state) {
    (void)state;
    const struct order o = alert_order("a-1", "PEAK-SHAVE", UNTIL);
    const struct order_desk desk = scene_desk(&scene);
    char reply[ORDER_REPLY_MAX];
    struct pending_block b = {.kind = PENDING_EVENT, .bytes = 1, .t = scene.now};
    pending_add(&scene.rig.writer.pending, &b, "x");
    order_desk_run(&desk, &o, "mqtt", reply, sizeof reply);
    assert_non_null(strstr(reply, "\"ok\":false"));
    pending_clear(&scene.rig.writer.pending);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM alert"), 0);
    assert_true(give(&o, NULL) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_one_is_a_row_and_an_event, begin_platform,
                                        end_platform),
        cmocka_unit_test_setup_teardown(the_same_id_again_changes_nothing, begin_platform,
                                        end_platform),
        cmocka_unit_test_setup_teardown(two_of_one_code_may_stand, begin_platform, end_platform),
        cmocka_unit_test_setup_teardown(an_expired_one_is_refused_once_in_seven_days,
                                        begin_platform, end_platform),
        cmocka_unit_test_setup_teardown(one_that_is_none_is_refused_by_an_event, begin_platform,
                                        end_platform),
        cmocka_unit_test_setup_teardown(no_more_than_sixty_four_stand, begin_platform,
                                        end_platform),
        cmocka_unit_test_setup_teardown(it_is_cleared_when_its_time_is_over, begin_platform,
                                        end_platform),
        cmocka_unit_test_setup_teardown(the_longest_alert_finds_room_in_its_events, begin_platform,
                                        end_platform),
        cmocka_unit_test_setup_teardown(an_officers_answer_names_the_message, begin_platform,
                                        end_platform),
        cmocka_unit_test_setup_teardown(while_readings_wait_in_memory_nothing_is_taken,
                                        begin_platform, end_platform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
