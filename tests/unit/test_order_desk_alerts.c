/* What an officer does with an alert: each is a step in the ledger and an event under a name;
 * closing takes a measure, a verifier and a week without return. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert_rig.h"

#define AT   (T0 + 2 * MINUTE)
#define DAY  (24 * HOUR)
#define WEEK (7 * DAY)

static struct scene scene;
static struct ledger ledger;

static int begin(void **state) {
    (void)state;
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    scene_begin(&scene, T0, 5000);
    scene_run(&scene, AT);
    return 0;
}

static int end(void **state) {
    (void)state;
    scene_end(&scene);
    return 0;
}

static void rule_says(enum alert_step step, enum alert_severity severity, ms_t at) {
    const struct alert_change c = change_of(step, severity, 85.0, at);
    take_change(&scene.rig, &c);
}

static struct order order_on(enum order_kind kind, int64_t alert) {
    return (struct order){.kind = kind,
                          .alert = {.alert = alert,
                                    .by = "王工",
                                    .note = "seen",
                                    .owner = "李工",
                                    .due_day = (int32_t)(T0 / DAY) + 2,
                                    .code = "shed_load",
                                    .text = "moved \"kiln 2\"",
                                    .object = "room, 2",
                                    .severity = ALERT_MAJOR}};
}

static void done(enum order_kind kind, int n) {
    const struct order o = order_on(kind, n);
    assert_done(&scene, &o, "alert", n);
    ledger_read(&scene.rig.works, &ledger);
}

static void refused(enum order_kind kind, int64_t n, const char *words) {
    const struct order o = order_on(kind, n);
    assert_refused(&scene, &o, words);
}

static const struct alert_entry_step *last_step(void) {
    return &ledger.steps[ledger.step_count - 1];
}

static void assert_event(const char *state, const char *actor, const char *note) {
    json_t *e = scene_event(&scene, "alert");
    assert_string_equal(text_at(e, "state"), state);
    assert_string_equal(text_at(e, "actor"), actor);
    assert_string_equal(text_at(e, "note"), note);
    assert_int_equal(number_at(e, "alert"), 1);
    json_decref(e);
}

/* ---- one thing each ------------------------------------------------------------------------- */

static void acknowledged_and_refused_under_a_name(void **state) {
    (void)state;
    rule_says(ALERT_RAISED, ALERT_WARNING, AT);
    done(ORDER_ALERT_ACK, 1);
    assert_int_equal(ledger.entry.handling, HANDLING_ACKNOWLEDGED);
    assert_string_equal(last_step()->actor, "王工 (local:wang)");
    assert_string_equal(last_step()->note_en, "seen");
    assert_event("acknowledged", "王工 (local:wang)", "seen");
    done(ORDER_ALERT_REFUSE, 1);
    assert_int_equal(ledger.entry.handling, HANDLING_REFUSED);
    assert_true(ledger.entry.active); /* its condition is what it is */
    refused(ORDER_ALERT_REFUSE, 1, "refused already");
    refused(ORDER_ALERT_ASSIGN, 1, "acknowledge it first");
    done(ORDER_ALERT_ACK, 1);
    assert_int_equal(ledger.entry.handling, HANDLING_ACKNOWLEDGED);
    assert_told(&scene.rig);
}

static void what_gets_worse_after_that_is_open_again(void **state) {
    (void)state;
    rule_says(ALERT_RAISED, ALERT_WARNING, AT);
    done(ORDER_ALERT_REFUSE, 1);
    rule_says(ALERT_ESCALATED, ALERT_CRITICAL, AT + 1000);
    ledger_read(&scene.rig.works, &ledger);
    assert_int_equal(ledger.entry.handling, HANDLING_OPEN);
}

static void an_owner_and_a_day(void **state) {
    (void)state;
    struct reader *r;
    struct alert_counts counts;
    const ms_t due = (T0 / DAY + 3) * DAY; /* the end of that day */
    rule_says(ALERT_RAISED, ALERT_WARNING, AT);
    done(ORDER_ALERT_ASSIGN, 1);
    assert_string_equal(ledger.entry.owner, "李工");
    assert_int_equal(ledger.entry.due, due);
    /* python: datetime(2023,11,14) + 2 days; T0 is 2023-11-14T22:15 */
    assert_string_equal(last_step()->note_en, "owner 李工, due 2023-11-16: seen");
    assert_string_equal(last_step()->note_zh, "责任人 李工，期限 2023-11-16：seen");
    assert_int_equal(reader_open(scene.rig.works.path, &r), ERR_OK);
    assert_int_equal(reader_alert_counts(r, due - 1, &counts), ERR_OK);
    assert_int_equal(counts.overdue, 0);
    assert_int_equal(counts.open[ALERT_WARNING], 1);
    assert_int_equal(reader_alert_counts(r, due, &counts), ERR_OK);
    assert_int_equal(counts.overdue, 1);
    struct alert_query q = alert_query_all(due);
    q.choice = ALERTS_OVERDUE;
    assert_int_equal(reader_alerts(r, &q, ledger_entry, &ledger), 1);
    q.now = due - 1;
    assert_int_equal(reader_alerts(r, &q, ledger_entry, &ledger), 0);
    reader_close(r);
}

static void a_measure_says_what_when_and_by_whom(void **state) {
    (void)state;
    struct order o = order_on(ORDER_ALERT_MEASURE, 1);
    rule_says(ALERT_RAISED, ALERT_WARNING, AT);
    scene.now = AT + HOUR;
    o.alert.at = AT + 2 * HOUR;
    assert_refused(&scene, &o, "in the future");
    o.alert.at = AT - MINUTE;
    assert_refused(&scene, &o, "older than the alert");
    o.alert.at = AT + MINUTE;
    assert_done(&scene, &o, "alert", 1);
    ledger_read(&scene.rig.works, &ledger);
    assert_string_equal(ledger.entry.measure, "shed_load");
    assert_string_equal(ledger.entry.measure_text, "moved \"kiln 2\"");
    assert_string_equal(ledger.entry.measured_by, "王工 (local:wang)");
    assert_int_equal(ledger.entry.measured, AT + MINUTE);
    assert_int_equal(ledger.entry.handling, HANDLING_ACKNOWLEDGED);
    assert_event("measure", "王工 (local:wang)",
                 "shed_load at 2023-11-14T22:18:00+00:00: moved \"kiln 2\"");
}

static void a_number_that_is_not_there(void **state) {
    (void)state;
    for (int k = ORDER_ALERT_ACK; k <= ORDER_ALERT_CLOSE; k++)
        refused((enum order_kind)k, 7, "there is no alert 7");
}

/* ---- closing -------------------------------------------------------------------------------- */

static void closing_waits_for_all_it_takes(void **state) {
    (void)state;
    struct order nobody = order_on(ORDER_ALERT_CLOSE, 1);
    nobody.alert.by[0] = '\0';
    rule_says(ALERT_RAISED, ALERT_WARNING, AT);
    assert_refused(&scene, &nobody,
                   "its condition still holds; no measure is entered; no verifier is named");
    done(ORDER_ALERT_MEASURE, 1);
    scene.now = AT + HOUR;
    rule_says(ALERT_CLEARED, ALERT_WARNING, AT + HOUR);
    scene.now = AT + HOUR + WEEK - 1;
    /* 22:17 + 1 h, and 7 days */
    refused(ORDER_ALERT_CLOSE, 1, "it must stay away for 7 days, until 2023-11-21 23:17");
    scene.now++;
    assert_refused(&scene, &nobody, "no verifier is named");
    done(ORDER_ALERT_CLOSE, 1);
    assert_int_equal(ledger.entry.handling, HANDLING_CLOSED);
    assert_int_equal(ledger.entry.closed, scene.now);
    assert_string_equal(ledger.entry.verifier, "王工 (local:wang)");
    assert_event("closed", "王工 (local:wang)", "seen");
    refused(ORDER_ALERT_ACK, 1, "is closed");
    assert_told(&scene.rig);
}

static void a_return_asks_for_another_measure(void **state) {
    (void)state;
    rule_says(ALERT_RAISED, ALERT_WARNING, AT);
    done(ORDER_ALERT_MEASURE, 1);
    rule_says(ALERT_CLEARED, ALERT_WARNING, AT + HOUR);
    rule_says(ALERT_RAISED, ALERT_WARNING, AT + 2 * HOUR);
    rule_says(ALERT_CLEARED, ALERT_WARNING, AT + 3 * HOUR);
    scene.now = AT + 3 * HOUR + WEEK;
    refused(ORDER_ALERT_CLOSE, 1, "it came back after the measure");
    done(ORDER_ALERT_MEASURE, 1);
    refused(ORDER_ALERT_CLOSE, 1, "it must stay away for 7 days");
    scene.now += WEEK;
    done(ORDER_ALERT_CLOSE, 1);
}

static void the_days_are_the_sites(void **state) {
    (void)state;
    scene.rig.works.site.alert_close_after_days = 1;
    assert_int_equal(writer_set_site(&scene.rig.writer, &scene.rig.works.site), ERR_OK);
    rule_says(ALERT_RAISED, ALERT_WARNING, AT);
    rule_says(ALERT_CLEARED, ALERT_WARNING, AT + 1000);
    scene.now = AT + MINUTE;
    done(ORDER_ALERT_MEASURE, 1);
    refused(ORDER_ALERT_CLOSE, 1, "it must stay away for 1 day, until 2023-11-15 22:18");
    scene.now += DAY;
    done(ORDER_ALERT_CLOSE, 1);
}

/* ---- found on foot -------------------------------------------------------------------------- */

static void a_problem_is_entered_and_lives_as_the_others(void **state) {
    (void)state;
    done(ORDER_ALERT_ENTER, 1);
    const struct alert_entry *e = &ledger.entry;
    assert_true(e->active && e->source == ALERT_BY_HAND && e->handling == HANDLING_OPEN);
    assert_string_equal(e->rule, "shed_load");
    assert_string_equal(e->object, "room, 2");
    assert_string_equal(e->text_zh, "moved \"kiln 2\"");
    assert_int_equal(e->severity, ALERT_MAJOR);
    assert_int_equal(e->raised, scene.now);
    assert_true(isnan(e->value) && isnan(e->threshold));
    refused(ORDER_ALERT_ENTER, 0, "alert 1 stands for that already");
    scene.now += MINUTE;
    done(ORDER_ALERT_MEASURE, 1);
    assert_true(ledger.entry.active);
    scene.now += WEEK;
    done(ORDER_ALERT_CLOSE, 1);
    assert_false(ledger.entry.active);
    assert_int_equal(ledger.entry.cleared, scene.now);
    assert_told(&scene.rig);
}

static void found_again_after_the_measure_it_is_the_same(void **state) {
    (void)state;
    done(ORDER_ALERT_ENTER, 1);
    scene.now += MINUTE;
    done(ORDER_ALERT_MEASURE, 1);
    scene.now += WEEK;
    done(ORDER_ALERT_ENTER, 1); /* the measure did not help */
    assert_int_equal(ledger.entry.returns, 1);
    assert_int_equal(last_step()->step, ALERT_REOPENED);
    refused(ORDER_ALERT_CLOSE, 1, "it came back after the measure");
    scene.now += MINUTE;
    done(ORDER_ALERT_MEASURE, 1);
    scene.now += WEEK;
    done(ORDER_ALERT_CLOSE, 1);
    scene.now += WEEK - 1;
    done(ORDER_ALERT_ENTER, 1);
    assert_int_equal(ledger.entry.closed, 0);
    assert_told(&scene.rig);
}

static void a_refused_one_is_not_there(void **state) {
    (void)state;
    done(ORDER_ALERT_ENTER, 1);
    done(ORDER_ALERT_REFUSE, 1);
    assert_false(ledger.entry.active);
    done(ORDER_ALERT_ACK, 1);
    assert_true(ledger.entry.active);
    struct order late = order_on(ORDER_ALERT_ENTER, 0);
    late.alert.at = scene.now + 1;
    assert_refused(&scene, &late, "in the future");
}

/* ---- once, wholly or not at all ------------------------------------------------------------- */

static void a_repeated_order_is_answered_and_not_executed_again(void **state) {
    (void)state;
    struct order o = order_on(ORDER_ALERT_ENTER, 0);
    snprintf(o.id, sizeof o.id, "e-1");
    assert_done(&scene, &o, "alert", 1);
    size_t events = scene_messages(&scene, OUTBOX_EVENT);
    assert_done(&scene, &o, "alert", 1);
    ledger_read(&scene.rig.works, &ledger);
    assert_int_equal(ledger.step_count, 1);
    assert_int_equal(scene_messages(&scene, OUTBOX_EVENT), events);
}

static void an_order_that_cannot_be_written_leaves_nothing(void **state) {
    (void)state;
    const struct order o = order_on(ORDER_ALERT_ENTER, 0);
    const struct order_desk desk = scene_desk(&scene);
    char reply[ORDER_REPLY_MAX] = "{\"ok\":false}";
    int failures = 0;
    core_flush(&scene.rig.core);
    rig_commit(&scene.rig, scene.now);
    int64_t before = scene_trace(&scene);
    for (int steps = 1; strstr(reply, "\"ok\":false"); steps += 3) {
        struct fault fault = {.left = steps};
        assert_int_equal(scene_trace(&scene), before);
        assert_int_equal(scene_count(&scene, "SELECT count(*) FROM alert"), 0);
        assert_int_equal(scene_count(&scene, "SELECT count(*) FROM alert_step"), 0);
        fault_begin(scene.rig.writer.db, &fault);
        order_desk_run(&desk, &o, "local:wang", reply, sizeof reply);
        fault_end(scene.rig.writer.db);
        failures++;
    }
    assert_true(failures > 30);
    ledger_read(&scene.rig.works, &ledger);
    assert_int_equal(ledger.entries, 1);
    assert_told(&scene.rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(acknowledged_and_refused_under_a_name, begin, end),
        cmocka_unit_test_setup_teardown(what_gets_worse_after_that_is_open_again, begin, end),
        cmocka_unit_test_setup_teardown(an_owner_and_a_day, begin, end),
        cmocka_unit_test_setup_teardown(a_measure_says_what_when_and_by_whom, begin, end),
        cmocka_unit_test_setup_teardown(a_number_that_is_not_there, begin, end),
        cmocka_unit_test_setup_teardown(closing_waits_for_all_it_takes, begin, end),
        cmocka_unit_test_setup_teardown(a_return_asks_for_another_measure, begin, end),
        cmocka_unit_test_setup_teardown(the_days_are_the_sites, begin, end),
        cmocka_unit_test_setup_teardown(a_problem_is_entered_and_lives_as_the_others, begin, end),
        cmocka_unit_test_setup_teardown(found_again_after_the_measure_it_is_the_same, begin, end),
        cmocka_unit_test_setup_teardown(a_refused_one_is_not_there, begin, end),
        cmocka_unit_test_setup_teardown(a_repeated_order_is_answered_and_not_executed_again, begin,
                                        end),
        cmocka_unit_test_setup_teardown(an_order_that_cannot_be_written_leaves_nothing, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
