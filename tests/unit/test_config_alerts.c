/* alerts.thresholds: what is kept of it, one mistake at a time, and how a change is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "alert/objects.h"
#include "alert/settings.h"
#include "config/diff.h"
#include "config_fixture.h"

#define SMALL                                                                                      \
    "site: {id: a, district: b}\n"                                                                 \
    "links: [{id: l, tcp: 127.0.0.1}]\n"                                                           \
    "devices:\n"                                                                                   \
    "  - {id: grid, link: l, unit: 1, profile: meter, role: grid}\n"                               \
    "  - {id: f1, link: l, unit: 2, profile: meter, role: load}\n"                                 \
    "accounts: [{id: main, transformers: [{id: t1, kva: 1000}, {id: t2, kva: 630}],\n"             \
    "  metering_points: [{id: p1, device: grid}]}]\n"

static struct site *load(const char *thresholds) {
    static char text[4000];
    struct config_errors e;
    struct site *s = NULL;
    snprintf(text, sizeof text, "%salerts: {thresholds: {%s}}\n", SMALL, thresholds);
    config_errors_init(&e);
    if (load_text(text, &e, &s) < 0)
        fail_msg("%s", e.text[0]);
    config_errors_free(&e);
    return s;
}

static const struct alert_level *level(const struct site *s, enum alert_rule_id rule, size_t object,
                                       int i) {
    return &alert_limits_of(s->alerts, rule, object)->levels[i];
}

static void assert_level(const struct alert_level *v, double raise, double clear, uint32_t hold_s,
                         uint32_t clear_s) {
    assert_true(fabs(v->raise - raise) < 1e-9);
    assert_true(fabs(v->clear - clear) < 1e-9);
    assert_int_equal(v->hold_s, hold_s);
    assert_int_equal(v->clear_s, clear_s);
}

static void nothing_given_leaves_the_rules_their_own(void **state) {
    (void)state;
    struct site *s = load("");
    for (size_t i = 0; i < ALERT_RULES; i++)
        assert_memory_equal(alert_limits_of(s->alerts, (enum alert_rule_id)i, 0),
                            &alert_rule((enum alert_rule_id)i)->limits,
                            sizeof(struct alert_limits));
    site_free(s);
}

static void what_is_given_is_kept_and_the_rest_follows(void **state) {
    (void)state;
    struct site *s =
        load("A01: {warning: 85, critical: 104, clear: {critical: 101}},"
             "A13: {hold_s: 1}, A11: {hold_s: {critical: 4}, clear_s: 7}, A26: {enabled: false},"
             "A03: {warning: 70, objects: {t2: {warning: 60, critical: 90, clear: 50}}}");
    assert_level(level(s, ALERT_DEMAND_NEAR, 0, 0), 85, 80, 60, 60); /* clear moves along */
    assert_level(level(s, ALERT_DEMAND_NEAR, 0, 1), 100, 95, 60, 60);
    assert_level(level(s, ALERT_DEMAND_NEAR, 0, 2), 104, 101, 60, 60);
    assert_level(level(s, ALERT_BACK_FEED, 0, 0), -2, 0, 1, 1);
    assert_level(level(s, ALERT_BACK_FEED, 0, 1), -5, 0, 1, 1);
    assert_level(level(s, ALERT_FREQUENCY, 0, 0), 0.2, 0.15, 60, 7);
    assert_level(level(s, ALERT_FREQUENCY, 0, 1), 0.5, 0.4, 4, 7);
    assert_false(alert_limits_of(s->alerts, ALERT_CLOCK, 0)->enabled);
    assert_level(level(s, ALERT_TRANSFORMER_LOAD, 0, 0), 70, 65, 900, 900);
    assert_level(level(s, ALERT_TRANSFORMER_LOAD, 1, 0), 60, 50, 900, 900);
    assert_level(level(s, ALERT_TRANSFORMER_LOAD, 1, 1), 90, 85, 300, 300);
    site_free(s);
}

static void each_mistake_has_its_place(void **state) {
    static const char base[] = SMALL "alerts:\n  thresholds: X\n";
    static const struct mistake list[] = {
        {"X", "{^A30: {warning: 1}}", "there is no alert rule 'A30'"},
        {"X", "{A01: {^warnin: 1}}", "did you mean 'warning'"},
        {"X", "{A01: {warning: ^high}}", "needs a number"},
        {"X", "{A04: {major: ^10}}", "A04 has no level 'major'; give one of: info"},
        {"X", "{A01: {critical: ^99}}", "must lie above the milder major, 100"},
        {"X", "{A13: {critical: ^-1}}", "must lie below the milder warning, -2"},
        {"X", "{A01: {clear: ^91}}", "may not lie above that"},
        {"X", "{A13: {clear: ^-3}}", "may not lie below that"},
        {"X", "{A01: {hold_s: ^-1}}", "out of range"},
        {"X", "{A01: {hold_s: {warning: ^soon}}}", "needs a number"},
        {"X", "{A03: {objects: {^t3: {warning: 1}}}}", "did you mean 't"},
        {"X", "{A03: {objects: {^nothing: {warning: 1}}}}", "take it away"},
        {"X", "{A03: {objects: {t1: {^objects: {}}}}}", "unknown key 'objects'"},
        {"X", "{A03: {objects: ^t1}}", "objects needs {name"},
        {"X", "{A01: {}, ^A01: {}}", "stands twice"},
        {"X", "{A01: ^90}", "A01"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct config_errors e;
        struct site *s = NULL;
        size_t line, column;
        char *text = mistake_text(base, &list[i], &line, &column);
        config_errors_init(&e);
        assert_true(load_text(text, &e, &s) < 0);
        assert_one_error(&e, "s.yaml", line, column, &list[i]);
        config_errors_free(&e);
        free(text);
    }
}

static void an_object_that_is_not_watched_is_a_warning(void **state) {
    struct config_errors e;
    struct site *s = NULL;
    (void)state;
    config_errors_init(&e);
    assert_int_equal(
        load_text(SMALL "alerts: {thresholds: {A16: {objects: {f1: {major: 2}}}}}\n", &e, &s),
        ERR_OK);
    bool told = false;
    for (size_t i = 0; i < e.count; i++)
        told = told || strstr(e.text[i], "A16 does not watch 'f1'") != NULL;
    assert_true(told);
    config_errors_free(&e);
    site_free(s);
}

static void keep_line(void *arg, const char *line) {
    char *text = arg;
    snprintf(text + strlen(text), 1000 - strlen(text), "%s\n", line);
}

static void a_change_is_told(void **state) {
    char text[1000] = "";
    (void)state;
    struct site *a = load("A03: {objects: {t1: {warning: 70}}}");
    struct site *b = load("A01: {major: 99}, A03: {objects: {t1: {warning: 71}}}");
    assert_int_equal(site_diff(a, b, keep_line, text), 2);
    assert_string_equal(
        text, "~ alert rule A01: major 100 for 60 s, clear 95 for 60 s -> 99 for 60 s, clear 94 "
              "for 60 s\n"
              "~ alert rule A03 t1: warning 70 for 900 s, clear 65 for 900 s -> 71 for 900 s, "
              "clear 66 for 900 s\n");
    site_free(a);
    site_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_given_leaves_the_rules_their_own),
        cmocka_unit_test(what_is_given_is_kept_and_the_rest_follows),
        cmocka_unit_test(each_mistake_has_its_place),
        cmocka_unit_test(an_object_that_is_not_watched_is_a_warning),
        cmocka_unit_test(a_change_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
