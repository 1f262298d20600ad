/* The ledger of alerts: one row an alert, its evidence, what returns is the same alert, and a step
 * is there together with its event or not at all. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/rules.h"
#include "alert_rig.h"

#define AT    (T0 + 16 * MINUTE + 20000)
#define EARLY (AT - MINUTE) /* where nobody asks for records before it */
#define WATCH (7 * 24 * HOUR)

static struct scene scene;
static struct ledger ledger;

static int begin_at(ms_t start) {
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    scene_begin(&scene, start, 5000);
    snprintf(scene.rig.writer.config, sizeof scene.rig.writer.config, "0123456789abcdef");
    scene_run(&scene, AT);
    return 0;
}

static int begin(void **state) {
    (void)state;
    return begin_at(EARLY);
}

static int begin_with_a_quarter(void **state) {
    (void)state;
    return begin_at(T0);
}

static int end(void **state) {
    (void)state;
    scene_end(&scene);
    return 0;
}

static void take(enum alert_step step, enum alert_severity severity, double value, ms_t at) {
    const struct alert_change c = change_of(step, severity, value, at);
    take_change(&scene.rig, &c);
    ledger_read(&scene.rig.works, &ledger);
}

static const struct alert_entry_step *last_step(void) {
    return &ledger.steps[ledger.step_count - 1];
}

/* ---- evidence ----------------------------------------------------------------------------- */

static void a_raise_is_a_row_with_what_the_rule_says(void **state) {
    (void)state;
    enum alert_rule_id id;
    assert_true(alert_rule_find("A03", &id));
    const struct alert_rule *rule = alert_rule(id);
    take(ALERT_RAISED, ALERT_WARNING, 85.0, AT);
    const struct alert_entry *e = &ledger.entry;
    assert_int_equal(ledger.entries, 1);
    assert_true(e->active && e->source == ALERT_BY_RULE && e->handling == HANDLING_OPEN);
    assert_string_equal(e->rule, "A03");
    assert_string_equal(e->object, "t1");
    assert_string_equal(e->unit, "%");
    assert_string_equal(e->config, "0123456789abcdef");
    assert_string_equal(e->action, rule->action);
    assert_non_null(strstr(e->text_zh, rule->advice_zh));
    assert_non_null(strstr(e->text_en, rule->advice_en));
    assert_near(e->value, 85.0, 0);
    assert_near(e->peak, 85.0, 0);
    assert_near(e->threshold, 80.0, 0);
    assert_int_equal(e->raised, AT);
    assert_int_equal(e->returned, AT);
    assert_int_equal(ledger.step_count, 1);
    assert_string_equal(ledger.steps[0].note_en, "allowed for 2 h");
    assert_string_equal(ledger.steps[0].note_zh, "允许 2 h");
    json_t *told = scene_event(&scene, "alert");
    assert_string_equal(text_at(told, "rule"), "A03");
    assert_string_equal(text_at(told, "state"), "raised");
    assert_string_equal(text_at(told, "severity"), "warning");
    assert_string_equal(text_at(told, "action"), rule->action);
    assert_string_equal(text_at(told, "note_zh"), "允许 2 h");
    assert_non_null(strstr(text_at(json_object_get(told, "text"), "zh"), rule->advice_zh));
    json_decref(told);
    assert_told(&scene.rig);
}

static int64_t of_seq(uint64_t seq, const char *column) {
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT %s FROM outbox WHERE seq=%llu", column,
             (unsigned long long)seq);
    return scene_count(&scene, sql);
}

static void the_evidence_is_the_newest_minute_and_quarter_before_it(void **state) {
    (void)state;
    take(ALERT_RAISED, ALERT_WARNING, 85.0, AT);
    const struct alert_entry_step *s = &ledger.steps[0];
    assert_int_equal(s->evidence_count, 2);
    assert_int_equal(s->epoch, scene.rig.writer.epoch);
    assert_int_equal(of_seq(s->evidence[0], "kind"), OUTBOX_RECORD_1M);
    assert_int_equal(of_seq(s->evidence[0], "key"), T0 + 15 * MINUTE);
    assert_int_equal(of_seq(s->evidence[1], "kind"), OUTBOX_RECORD_15M);
    assert_int_equal(of_seq(s->evidence[1], "key"), T0);
    json_t *told = scene_event(&scene, "alert");
    const json_t *list = json_object_get(told, "evidence");
    assert_int_equal(json_array_size(list), 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(json_integer_value(json_array_get(list, i)), s->evidence[i]);
    json_decref(told);
}

static void a_minute_that_was_made_again_counts_in_its_newest_revision(void **state) {
    (void)state;
    sqlite3 *db = scene.rig.writer.db;
    struct alert_change c = change_of(ALERT_RAISED, ALERT_WARNING, 85.0, T0 + 3 * MINUTE);
    char sql[300];
    snprintf(
        sql, sizeof sql,
        "INSERT INTO record SELECT period,start,1,t,layout,offset_s,devices,body,facts FROM"
        " record WHERE period=60 AND start=%lld;"
        "INSERT INTO outbox SELECT 9001,kind,key,1,1,1,t FROM outbox WHERE kind=2 AND key=%lld",
        (long long)(T0 + 2 * MINUTE), (long long)(T0 + 2 * MINUTE));
    assert_int_equal(db_exec(db, sql), ERR_OK);
    scene.rig.writer.seq_next = 9002;
    take_change(&scene.rig, &c);
    ledger_read(&scene.rig.works, &ledger);
    assert_int_equal(ledger.steps[0].evidence_count, 1); /* no quarter had ended by then */
    assert_int_equal(ledger.steps[0].evidence[0], 9001);
}

static void values_before_and_at_the_raise_are_kept(void **state) {
    (void)state;
    struct alert_change c = change_of(ALERT_RAISED, ALERT_WARNING, 85.0, AT);
    c.before.count = 3;
    for (uint32_t i = 0; i < 3; i++) {
        c.before.t[i] = AT - (3 - i) * MINUTE;
        c.before.value[i] = 70.0 + i;
    }
    take_change(&scene.rig, &c);
    ledger_read(&scene.rig.works, &ledger);
    assert_memory_equal(&ledger.steps[0].before, &c.before, sizeof c.before);
    assert_near(ledger.steps[0].value, 85.0, 0);
    assert_near(ledger.entry.peak, 85.0, 0); /* before it, the value was no part of the alert */
}

/* ---- one alert as time goes on -------------------------------------------------------------- */

static void what_stands_is_not_raised_twice(void **state) {
    (void)state;
    take(ALERT_RAISED, ALERT_WARNING, 85.0, AT);
    size_t events = scene_messages(&scene, OUTBOX_EVENT);
    take(ALERT_RAISED, ALERT_WARNING, 86.0, AT + 1000);
    take(ALERT_REOPENED, ALERT_WARNING, 86.0, AT + 2000);
    assert_int_equal(ledger.entries, 1);
    assert_int_equal(ledger.step_count, 1);
    assert_int_equal(scene_messages(&scene, OUTBOX_EVENT), events);
    take(ALERT_RAISED, ALERT_CRITICAL, 101.0, AT + 3000); /* but worse: it is news */
    assert_int_equal(ledger.entries, 1);
    assert_int_equal(last_step()->step, ALERT_ESCALATED);
    assert_told(&scene.rig);
}

static void what_does_not_stand_cannot_change(void **state) {
    (void)state;
    size_t events = scene_messages(&scene, OUTBOX_EVENT);
    take(ALERT_CLEARED, ALERT_WARNING, 70.0, AT);
    take(ALERT_ESCALATED, ALERT_CRITICAL, 101.0, AT + 1000);
    assert_int_equal(ledger.entries, 0);
    take(ALERT_RAISED, ALERT_WARNING, 85.0, AT + 2000);
    take(ALERT_CLEARED, ALERT_WARNING, 70.0, AT + 3000);
    take(ALERT_CLEARED, ALERT_WARNING, 69.0, AT + 4000);
    assert_int_equal(ledger.step_count, 2);
    assert_int_equal(scene_messages(&scene, OUTBOX_EVENT), events + 2);
}

static void severity_rises_and_falls_without_closing(void **state) {
    (void)state;
    struct alert_change c = change_of(ALERT_CLEARED, ALERT_WARNING, 70.0, AT + 4 * MINUTE);
    take(ALERT_RAISED, ALERT_WARNING, 85.0, AT);
    take(ALERT_ESCALATED, ALERT_CRITICAL, 101.0, AT + MINUTE);
    assert_int_equal(ledger.entry.severity, ALERT_CRITICAL);
    assert_near(ledger.entry.threshold, 100.0, 0);
    take(ALERT_EASED, ALERT_WARNING, 93.0, AT + 3 * MINUTE);
    assert_int_equal(ledger.entry.severity, ALERT_WARNING);
    assert_int_equal(ledger.entry.worst, ALERT_CRITICAL);
    c.before.count = 2; /* the first point is older than the alert */
    c.before.t[0] = AT - MINUTE;
    c.before.value[0] = 200.0;
    c.before.t[1] = AT + 2 * MINUTE;
    c.before.value[1] = 117.5;
    take_change(&scene.rig, &c);
    ledger_read(&scene.rig.works, &ledger);
    assert_false(ledger.entry.active);
    assert_int_equal(ledger.entry.cleared, AT + 4 * MINUTE);
    assert_near(ledger.entry.peak, 117.5, 0);
    assert_near(ledger.entry.value, 70.0, 0);
    assert_int_equal(ledger.entry.handling, HANDLING_OPEN);
    assert_int_equal(ledger.entry.closed, 0);
    assert_int_equal(ledger.step_count, 4);
    assert_told(&scene.rig);
}

static void what_returns_is_the_same_alert(void **state) {
    (void)state;
    take(ALERT_RAISED, ALERT_WARNING, 85.0, AT);
    take(ALERT_CLEARED, ALERT_WARNING, 70.0, AT + MINUTE);
    take(ALERT_REOPENED, ALERT_WARNING, 84.0, AT + 2 * MINUTE);
    take(ALERT_CLEARED, ALERT_WARNING, 70.0, AT + 3 * MINUTE);
    take(ALERT_RAISED, ALERT_WARNING, 83.0, AT + 90 * WATCH); /* nobody has closed it */
    assert_int_equal(ledger.entries, 1);
    assert_int_equal(last_step()->step, ALERT_REOPENED);
    assert_int_equal(ledger.entry.returns, 2);
    assert_int_equal(ledger.entry.raised, AT);
    assert_int_equal(ledger.entry.returned, AT + 90 * WATCH);
    assert_near(ledger.entry.peak, 85.0, 0);
    json_t *told = scene_event(&scene, "alert");
    assert_string_equal(text_at(told, "state"), "reopened");
    json_decref(told);
    assert_told(&scene.rig);
}

static void other_objects_are_other_alerts(void **state) {
    (void)state;
    struct alert_change c = change_of(ALERT_RAISED, ALERT_WARNING, 85.0, AT);
    take_change(&scene.rig, &c);
    snprintf(c.object, sizeof c.object, "t2");
    take_change(&scene.rig, &c);
    c.source = ALERT_BY_PLATFORM;
    take_change(&scene.rig, &c);
    ledger_read(&scene.rig.works, &ledger);
    assert_int_equal(ledger.entries, 3);
    assert_int_equal(ledger.entry.source, ALERT_BY_PLATFORM);
    assert_told(&scene.rig);
}

static void a_closed_one_that_returns_within_the_watch_is_open_again(void **state) {
    (void)state;
    char sql[200];
    take(ALERT_RAISED, ALERT_WARNING, 85.0, AT);
    take(ALERT_CLEARED, ALERT_WARNING, 70.0, AT + MINUTE);
    snprintf(sql, sizeof sql,
             "UPDATE alert SET handling=3,closed=%lld,verifier='z',owner='y',due=5",
             (long long)(AT + HOUR));
    assert_int_equal(db_exec(scene.rig.writer.db, sql), ERR_OK);
    take(ALERT_RAISED, ALERT_WARNING, 85.0, AT + HOUR + WATCH - 1);
    assert_int_equal(ledger.entries, 1);
    assert_int_equal(ledger.entry.handling, HANDLING_OPEN);
    assert_int_equal(ledger.entry.closed, 0);
    assert_int_equal(ledger.entry.due, 0);
    assert_string_equal(ledger.entry.verifier, "");
    assert_string_equal(ledger.entry.owner, "y");
    take(ALERT_CLEARED, ALERT_WARNING, 70.0, AT + HOUR + WATCH);
    assert_int_equal(db_exec(scene.rig.writer.db, sql), ERR_OK);
    take(ALERT_RAISED, ALERT_WARNING, 85.0, AT + HOUR + WATCH); /* a week later: a new one */
    assert_int_equal(ledger.entries, 2);
    assert_int_equal(ledger.step_count, 1);
    assert_int_equal(ledger.steps[0].step, ALERT_RAISED);
}

static void it_outlives_the_daemon(void **state) {
    (void)state;
    take(ALERT_RAISED, ALERT_WARNING, 85.0, AT);
    scene_kill(&scene);
    take(ALERT_RAISED, ALERT_WARNING, 85.0, AT + MINUTE);
    assert_int_equal(ledger.entries, 1);
    assert_int_equal(ledger.step_count, 1);
    take(ALERT_CLEARED, ALERT_WARNING, 70.0, AT + 2 * MINUTE);
    assert_false(ledger.entry.active);
    assert_told(&scene.rig);
}

/* ---- the disk, and the power ---------------------------------------------------------------- */

static int64_t trace(void) {
    return scene_count(&scene, "SELECT (SELECT count(*) FROM alert)+100*(SELECT count(*) FROM"
                               " alert_step)+10000*(SELECT count(*) FROM event WHERE body LIKE"
                               " '%\"alert\":%')");
}

/* SQLite gives up after every possible number of its own steps: before that the commit leaves
 * nothing, in the end it leaves the row, its step and the event. */
static void row_and_event_are_both_there_or_neither(void **state) {
    (void)state;
    const struct alert_change c = change_of(ALERT_RAISED, ALERT_WARNING, 85.0, AT);
    sqlite3 *db = scene.rig.writer.db;
    bool news = false;
    int failures = 0, err = ERR_IO;
    core_flush(&scene.rig.core);
    rig_commit(&scene.rig, AT);
    core_alert(&scene.rig.core, &c);
    assert_int_equal(trace(), 0);
    for (int steps = 1; err < 0; steps++) {
        struct fault fault = {.left = steps};
        fault_begin(db, &fault);
        err = writer_commit(&scene.rig.writer, AT, &news);
        fault_end(db);
        failures += err < 0;
        if (err < 0 && trace() != 0)
            fail_msg("after %d steps something was left", steps);
    }
    assert_true(failures > 100);
    assert_int_equal(trace(), 10101);
    assert_told(&scene.rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_raise_is_a_row_with_what_the_rule_says, begin, end),
        cmocka_unit_test_setup_teardown(the_evidence_is_the_newest_minute_and_quarter_before_it,
                                        begin_with_a_quarter, end),
        cmocka_unit_test_setup_teardown(a_minute_that_was_made_again_counts_in_its_newest_revision,
                                        begin_with_a_quarter, end),
        cmocka_unit_test_setup_teardown(values_before_and_at_the_raise_are_kept, begin, end),
        cmocka_unit_test_setup_teardown(what_stands_is_not_raised_twice, begin, end),
        cmocka_unit_test_setup_teardown(what_does_not_stand_cannot_change, begin, end),
        cmocka_unit_test_setup_teardown(severity_rises_and_falls_without_closing, begin, end),
        cmocka_unit_test_setup_teardown(what_returns_is_the_same_alert, begin, end),
        cmocka_unit_test_setup_teardown(other_objects_are_other_alerts, begin, end),
        cmocka_unit_test_setup_teardown(a_closed_one_that_returns_within_the_watch_is_open_again,
                                        begin, end),
        cmocka_unit_test_setup_teardown(it_outlives_the_daemon, begin, end),
        cmocka_unit_test_setup_teardown(row_and_event_are_both_there_or_neither, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
