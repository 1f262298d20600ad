/* Signals in, alerts in the ledger and on the wire: once, over restarts and other configurations.
 */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/settings.h"
#include "store/alerts.h"
#include "store/db.h"
#include "store_rig.h"

static void signal_for(struct rig *g, ms_t from, int seconds, double value) {
    for (int i = 0; i < seconds; i++) {
        const struct alert_signal s = {.value = value, .at = from + i * MS_PER_S};
        alerts_signal(g->core.alerts, ALERT_STORAGE_HEALTH, BMS, &s);
    }
    rig_commit(g, from + seconds * MS_PER_S);
}

static int64_t count_of(struct rig *g, const char *sql) {
    int64_t n = -1;
    assert_int_equal(db_get_i64(g->writer.db, sql, -1, &n), ERR_OK);
    return n;
}

static void expect_states(const struct rig *g, size_t count, const char *const *states) {
    json_t *events = rig_messages(&g->works, OUTBOX_EVENT);
    size_t at = 0;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *e = json_array_get(events, i);
        if (strcmp(text_at(e, "event"), "alert") != 0)
            continue;
        assert_true(at < count);
        assert_string_equal(text_at(e, "rule"), "A20");
        assert_string_equal(text_at(e, "object"), "bms");
        assert_string_equal(text_at(e, "state"), states[at++]);
    }
    assert_int_equal(at, count);
    json_decref(events);
}

#define STANDS "SELECT count(*) FROM alert WHERE active"
#define ROWS   "SELECT count(*) FROM alert"

static void an_alert_is_one_row_and_an_event_a_step(void **state) {
    static const char *const states[] = {"raised", "escalated", "eased", "cleared"};
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    signal_for(&g, T0, 61, 110);
    assert_int_equal(count_of(&g, STANDS), 1);
    signal_for(&g, T0 + 61000, 61, 210);
    signal_for(&g, T0 + 122000, 61, 130);
    signal_for(&g, T0 + 183000, 61, 20);
    assert_int_equal(count_of(&g, STANDS), 0);
    assert_int_equal(count_of(&g, ROWS), 1);
    expect_states(&g, 4, states);
    rig_fini(&g);
}

static void kill_neither_raises_twice_nor_forgets(void **state) {
    static const char *const states[] = {"raised", "cleared"};
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    signal_for(&g, T0, 61, 110);
    rig_kill(&g);
    rig_open(&g, T0 + 70000);
    assert_true(alerts_stands(g.core.alerts, ALERT_STORAGE_HEALTH, BMS));
    signal_for(&g, T0 + 70000, 120, 110);
    signal_for(&g, T0 + 190000, 61, 20);
    expect_states(&g, 2, states);
    assert_int_equal(count_of(&g, ROWS), 1);
    rig_fini(&g);
}

static void a_raise_that_was_not_committed_comes_again(void **state) {
    static const char *const states[] = {"raised"};
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    for (int i = 0; i <= 60; i++)
        alerts_signal(g.core.alerts, ALERT_STORAGE_HEALTH, BMS,
                      &(struct alert_signal){.value = 110, .at = T0 + i * MS_PER_S});
    assert_true(alerts_stands(g.core.alerts, ALERT_STORAGE_HEALTH, BMS));
    rig_kill(&g);
    rig_open(&g, T0 + 70000);
    assert_false(alerts_stands(g.core.alerts, ALERT_STORAGE_HEALTH, BMS));
    signal_for(&g, T0 + 70000, 61, 110);
    expect_states(&g, 1, states);
    rig_fini(&g);
}

static void without_room_it_is_said_when_there_is_some(void **state) {
    static const char *const states[] = {"raised"};
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    for (int i = 0; i < 61; i++) {
        size_t cap = g.writer.pending.cap;
        if (i == 60)
            g.writer.pending.cap = g.writer.pending.len;
        alerts_signal(g.core.alerts, ALERT_STORAGE_HEALTH, BMS,
                      &(struct alert_signal){.value = 110, .at = T0 + i * MS_PER_S});
        g.writer.pending.cap = cap;
    }
    assert_false(alerts_stands(g.core.alerts, ALERT_STORAGE_HEALTH, BMS));
    signal_for(&g, T0 + 61000, 1, 110);
    assert_true(alerts_stands(g.core.alerts, ALERT_STORAGE_HEALTH, BMS));
    expect_states(&g, 1, states);
    rig_fini(&g);
}

static void a_rule_that_is_switched_off_is_cleared(void **state) {
    static const char *const states[] = {"raised", "cleared"};
    static struct alert_settings settings;
    struct rig g;
    struct site other;
    (void)state;
    rig_init(&g, T0);
    signal_for(&g, T0, 61, 110);
    for (size_t i = 0; i < ALERT_RULES; i++)
        settings.limits[i] = alert_rule((enum alert_rule_id)i)->limits;
    settings.limits[ALERT_STORAGE_HEALTH].enabled = false;
    other = g.works.site;
    other.alerts = &settings;
    assert_int_equal(writer_set_site(&g.writer, &other), ERR_OK);
    assert_int_equal(core_set_site(&g.core, &other), ERR_OK);
    signal_for(&g, T0 + 61000, 100, 110);
    core_second(&g.core, T0 + 62500);
    rig_commit(&g, T0 + 62500);
    core_second(&g.core, T0 + 63500);
    rig_commit(&g, T0 + 63500);
    assert_int_equal(count_of(&g, STANDS), 0);
    assert_null(alerts_limits(g.core.alerts, ALERT_STORAGE_HEALTH, BMS));
    expect_states(&g, 2, states);
    rig_fini(&g);
}

static void a_store_that_was_replaced_gets_what_stands(void **state) {
    static const char *const states[] = {"raised", "raised"};
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    signal_for(&g, T0, 61, 110);
    core_second(&g.core, T0 + 61500);
    rig_commit(&g, T0 + 61500);
    expect_states(&g, 1, states);
    assert_int_equal(db_exec(g.writer.db, "DELETE FROM alert_step; DELETE FROM alert"), ERR_OK);
    g.writer.epoch++;
    core_second(&g.core, T0 + 62500);
    signal_for(&g, T0 + 63000, 1, 110);
    expect_states(&g, 2, states);
    assert_int_equal(count_of(&g, STANDS), 1);
    rig_fini(&g);
}

static void a_reload_goes_on_where_the_watch_stands(void **state) {
    static const char *const states[] = {"raised"};
    struct rig g;
    struct site other;
    (void)state;
    rig_init(&g, T0);
    signal_for(&g, T0, 40, 110); /* of 60 s */
    other = g.works.site;
    assert_int_equal(writer_set_site(&g.writer, &other), ERR_OK);
    assert_int_equal(core_set_site(&g.core, &other), ERR_OK);
    signal_for(&g, T0 + 40000, 20, 110);
    expect_states(&g, 0, NULL);
    signal_for(&g, T0 + 60000, 1, 110);
    expect_states(&g, 1, states);
    rig_fini(&g);
}

static void write_particulars(const void *arg, struct alert_change *c) {
    snprintf(c->note_en, sizeof c->note_en, "%s", (const char *)arg);
    c->value = 42.0;
}

static void the_maker_of_a_signal_explains_it(void **state) {
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    for (int i = 0; i <= 60; i++)
        alerts_signal(g.core.alerts, ALERT_STORAGE_HEALTH, BMS,
                      &(struct alert_signal){.value = 110,
                                             .at = T0 + i * MS_PER_S,
                                             .explain = write_particulars,
                                             .arg = "cell 7 at 46 degC"});
    rig_commit(&g, T0 + 61000);
    assert_int_equal(count_of(&g, "SELECT value FROM alert"), 42);
    assert_int_equal(
        count_of(&g, "SELECT count(*) FROM alert_step WHERE note_en='cell 7 at 46 degC'"), 1);
    rig_fini(&g);
}

static void rules_watch_what_they_are_for(void **state) {
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    const struct alerts *a = g.core.alerts;
    assert_non_null(alerts_limits(a, ALERT_STORAGE_HEALTH, BMS));
    assert_null(alerts_limits(a, ALERT_STORAGE_HEALTH, GRID));
    assert_non_null(alerts_limits(a, ALERT_PV_DEAD, PV));
    assert_null(alerts_limits(a, ALERT_PV_DEAD, BMS));
    assert_non_null(alerts_limits(a, ALERT_DATA_GAP, ALERT_OBJECT_SITE));
    assert_null(alerts_limits(a, ALERT_METER_STUCK, ALERT_OBJECT_SITE));
    assert_non_null(alerts_limits(a, ALERT_CLOCK, 0));
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_one_row_and_an_event_a_step),
        cmocka_unit_test(kill_neither_raises_twice_nor_forgets),
        cmocka_unit_test(a_raise_that_was_not_committed_comes_again),
        cmocka_unit_test(without_room_it_is_said_when_there_is_some),
        cmocka_unit_test(a_rule_that_is_switched_off_is_cleared),
        cmocka_unit_test(a_store_that_was_replaced_gets_what_stands),
        cmocka_unit_test(a_reload_goes_on_where_the_watch_stands),
        cmocka_unit_test(the_maker_of_a_signal_explains_it),
        cmocka_unit_test(rules_watch_what_they_are_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
