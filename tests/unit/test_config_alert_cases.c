/* alerts.close_after_days: its default, its bounds, and how a change is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "calc/calendar.h"
#include "config/diff.h"
#include "config_fixture.h"

#define SMALL                                                                                      \
    "site: {id: a, district: b}\n"                                                                 \
    "links: [{id: l, tcp: 127.0.0.1}]\n"                                                           \
    "devices: [{id: grid, link: l, unit: 1, profile: meter, role: grid}]\n"

static struct site *load(const char *text) {
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    if (load_text(text, &e, &s) < 0)
        fail_msg("%s", e.text[0]);
    config_errors_free(&e);
    return s;
}

static void a_week_unless_it_is_given(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int days;
    } cases[] = {{SMALL, 7},
                 {SMALL "alerts: {}\n", 7},
                 {SMALL "alerts: {close_after_days: 1}\n", 1},
                 {SMALL "alerts: {close_after_days: 365}\n", 365}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct site *s = load(cases[i].text);
        assert_int_equal(site_alert_watch_ms(s), cases[i].days * MS_PER_DAY);
        site_free(s);
    }
}

static void other_values_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"0", "366", "-1", "week", "1.5"};
    char text[1000];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct config_errors e;
        struct site *s = NULL;
        snprintf(text, sizeof text, "%salerts: {close_after_days: %s}\n", SMALL, bad[i]);
        config_errors_init(&e);
        assert_true(load_text(text, &e, &s) < 0);
        assert_int_equal(e.count, 1);
        assert_non_null(strstr(e.text[0], "close_after_days"));
        config_errors_free(&e);
    }
}

static void keep_line(void *arg, const char *line) {
    snprintf(arg, 1000, "%s", line);
}

static void a_change_is_told(void **state) {
    (void)state;
    char text[1000] = "";
    struct site *a = load(SMALL), *b = load(SMALL "alerts: {close_after_days: 14}\n");
    assert_int_equal(site_diff(a, b, keep_line, text), 1);
    assert_string_equal(text, "~ alerts: close_after_days 7 -> 14");
    site_free(a);
    site_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_week_unless_it_is_given),
        cmocka_unit_test(other_values_are_refused),
        cmocka_unit_test(a_change_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
