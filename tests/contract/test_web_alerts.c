/* /api/v1/alerts over a real socket: which alerts it names, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web_rig.h"

#define AT (T0 + 17 * MINUTE)

static void put(const char *rule, const char *object, enum alert_severity severity, ms_t at) {
    struct alert_change c = {.source = ALERT_BY_RULE,
                             .step = ALERT_RAISED,
                             .severity = (uint8_t)severity,
                             .unit = "%",
                             .at = at,
                             .value = 85.0,
                             .threshold = 80.0};
    snprintf(c.rule, sizeof c.rule, "%s", rule);
    snprintf(c.object, sizeof c.object, "%s", object);
    core_alert(&rig.core, &c);
    rig_commit(&rig, at);
}

/* 1: closed. 2: refused. 3: open and long overdue. 4: open, worst. */
static int init(void **state) {
    int err = web_rig_init(state);
    put("A03", "t1", ALERT_WARNING, AT);
    put("A05", "p1", ALERT_MAJOR, AT + MINUTE);
    put("A08", "p1", ALERT_WARNING, AT + 2 * MINUTE);
    put("A03", "t2", ALERT_CRITICAL, AT + 3 * MINUTE);
    assert_int_equal(sqlite3_exec(rig.writer.db,
                                  "UPDATE alert SET handling=3,active=0 WHERE id=1;"
                                  "UPDATE alert SET handling=2,due=1 WHERE id=2;"
                                  "UPDATE alert SET due=1 WHERE id=3",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    return err;
}

/* The numbers that the answer names, in its order. */
static void assert_names(const char *query, const char *numbers) {
    char target[200], got[200] = "";
    size_t n = 0;
    snprintf(target, sizeof target, "/api/v1/alerts%s", query);
    json_t *j = http_json(port, target);
    const json_t *all = json_object_get(j, "alerts");
    for (size_t i = 0; i < json_array_size(all); i++)
        n += (size_t)snprintf(got + n, sizeof got - n, "%s%d", i > 0 ? " " : "",
                              (int)number_at(json_array_get(all, i), "id"));
    if (strcmp(got, numbers) != 0)
        fail_msg("%s gave \"%s\", not \"%s\"", query, got, numbers);
    json_decref(j);
}

static void each_filter_takes_its_part(void **state) {
    (void)state;
    assert_names("", "4 3");
    assert_names("?state=open", "4 3");
    assert_names("?state=all", "4 3 2 1");
    assert_names("?state=overdue", "3");
    assert_names("?rule=A03&state=all", "4 1");
    assert_names("?object=p1", "3");
    assert_names("?state=all&below=3", "2 1");
    /* T0 is 2023-11-14T22:15Z, AT 22:32 */
    assert_names("?state=all&from=2023-11-14T22:33:00Z&to=2023-11-14T22:35:00Z", "3 2");
    assert_names("?state=all&from=2023-11-15", "");
    assert_names("?id=1", "1"); /* whatever has become of it */
    json_t *j = http_json(port, "/api/v1/alerts?state=all&limit=3");
    assert_near(number_at(j, "next_below"), 2, 0);
    json_decref(j);
    j = http_json(port, "/api/v1/alerts?state=all&limit=4");
    assert_true(isnan(number_at(j, "next_below")));
    json_decref(j);
}

static void one_alert_comes_with_its_steps(void **state) {
    (void)state;
    json_t *j = http_json(port, "/api/v1/alerts?id=4");
    assert_near(number_at(j, "alerts/0/steps/0/n"), 1, 0);
    assert_near(number_at(j, "alerts/0/steps/0/value"), 85, 0);
    assert_true(number_at(j, "alerts/0/steps/0/evidence/seq/1") > 0);
    assert_near(number_at(j, "alerts/0/steps/0/evidence/epoch"), (double)rig.writer.epoch, 0);
    json_decref(j);
    j = http_json(port, "/api/v1/alerts");
    assert_null(json_object_get(json_array_get(json_object_get(j, "alerts"), 0), "steps"));
    json_decref(j);
}

static void wrong_questions_are_refused(void **state) {
    (void)state;
    static const char *const wrong[][2] = {
        {"state=closed", "state is wrong"}, {"id=x", "id is wrong"},
        {"id=-1", "id is wrong"},           {"limit=1001", "limit is wrong"},
        {"limit=0", "limit is wrong"},      {"below=1x", "below is wrong"},
        {"from=noon", "from is wrong"},     {"from=2023-11-15&to=2023-11-14", "to is wrong"}};
    char target[200];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(target, sizeof target, "/api/v1/alerts?%s", wrong[i][0]);
        assert_error(http_get(port, target), 400, wrong[i][1]);
    }
    assert_error(http_get(port, "/api/v1/alerts?id=5"), 404, "there is no alert 5");
}

static void metrics_count_the_open_ones(void **state) {
    (void)state;
    struct reply r = http_get(port, "/metrics");
    assert_non_null(strstr(r.body, "\nbusbar_alerts_open{severity=\"info\"} 0\n"));
    assert_non_null(strstr(r.body, "\nbusbar_alerts_open{severity=\"warning\"} 1\n"));
    assert_non_null(strstr(r.body, "\nbusbar_alerts_open{severity=\"major\"} 0\n"));
    assert_non_null(strstr(r.body, "\nbusbar_alerts_open{severity=\"critical\"} 1\n"));
    assert_non_null(strstr(r.body, "\nbusbar_alerts_overdue 1\n"));
    reply_free(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_filter_takes_its_part),
        cmocka_unit_test(one_alert_comes_with_its_steps),
        cmocka_unit_test(wrong_questions_are_refused),
        cmocka_unit_test(metrics_count_the_open_ones),
    };
    return cmocka_run_group_tests(tests, init, web_rig_fini);
}
