/* alerts.webhooks and alerts.quiet: what is kept of them, and one mistake at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/alert.h"
#include "config/diff.h"
#include "config_fixture.h"

#define SMALL                                                                                      \
    "site: {id: a, district: b}\n"                                                                 \
    "links: [{id: l, tcp: 127.0.0.1}]\n"                                                           \
    "devices: [{id: d, link: l, unit: 1, profile: bms, role: battery}]\n"

static struct site *load(const char *alerts) {
    static char text[8000];
    struct config_errors e;
    struct site *s = NULL;
    snprintf(text, sizeof text, "%s%s", SMALL, alerts);
    config_errors_init(&e);
    if (load_text(text, &e, &s) < 0)
        fail_msg("%s", e.text[0]);
    config_errors_free(&e);
    return s;
}

static void a_short_webhook_has_defaults(void **state) {
    (void)state;
    struct site *s = load("alerts: {webhooks: [{id: x, url: \"https://example.org/h\"}]}\n");
    assert_int_equal(s->notify.webhook_count, 1);
    const struct webhook_settings *w = &s->notify.webhooks[0];
    assert_string_equal(w->id, "x");
    assert_string_equal(w->cursor, "alert/x");
    assert_int_equal(w->kind, WEBHOOK_JSON);
    assert_string_equal(w->url, "https://example.org/h");
    assert_int_equal(w->min_severity, ALERT_WARNING);
    assert_int_equal(w->lang, NOTICE_ZH);
    assert_int_equal(w->per_minute, 60);
    assert_int_equal(w->timeout_s, 10);
    assert_int_equal(w->rule_count, 0);
    assert_null(w->template);
    assert_int_equal(s->notify.quiet_count, 0);
    site_free(s);
    s = load("");
    assert_int_equal(s->notify.webhook_count, 0);
    site_free(s);
}

static void everything_that_may_be_written_is_kept(void **state) {
    (void)state;
    struct site *s =
        load("alerts:\n"
             "  webhooks:\n"
             "    - {id: j, kind: json, url: \"http://127.0.0.1:80/x?y=1\", secret_file: s,\n"
             "       token_file: t, template: '{\"m\": \"{title}\"}', rules: [A01, A13],\n"
             "       min_severity: info, lang: both, per_minute: 5, timeout_s: 60}\n"
             "    - {id: w, kind: wecom, url_file: w.url, ca_file: /ca.pem}\n"
             "    - {id: d, kind: dingtalk, url_file: d.url, secret_file: d.secret}\n"
             "    - {id: f, kind: feishu, url_file: /f.url, min_severity: critical}\n"
             "  quiet:\n"
             "    - {from: \"22:00\", to: \"07:00\", days: [fri, sat], below: major}\n"
             "    - \"12:00-24:00\"\n");
    const struct webhook_settings *w = s->notify.webhooks;
    assert_int_equal(s->notify.webhook_count, 4);
    assert_string_equal(w[0].secret_file, "s");
    assert_string_equal(w[0].token_file, "t");
    assert_string_equal(w[0].template, "{\"m\": \"{title}\"}");
    assert_int_equal(w[0].rule_count, 2);
    assert_string_equal(w[0].rules[1], "A13");
    assert_int_equal(w[0].min_severity, ALERT_INFO);
    assert_int_equal(w[0].lang, NOTICE_BOTH);
    assert_int_equal(w[0].per_minute, 5);
    assert_int_equal(w[0].timeout_s, 60);
    assert_int_equal(w[1].kind, WEBHOOK_WECOM);
    assert_string_equal(w[1].url_file, "w.url");
    assert_int_equal(w[1].per_minute, 20);
    assert_string_equal(w[2].secret_file, "d.secret");
    assert_int_equal(w[2].per_minute, 20);
    assert_string_equal(w[3].url_file, "/f.url");
    assert_int_equal(w[3].per_minute, 100);
    assert_int_equal(w[3].min_severity, ALERT_CRITICAL);
    const struct quiet_span *q = s->notify.quiet;
    assert_int_equal(s->notify.quiet_count, 2);
    assert_int_equal(q[0].from_min, 22 * 60);
    assert_int_equal(q[0].to_min, 7 * 60);
    assert_int_equal(q[0].days, 16 | 32);
    assert_int_equal(q[0].below, ALERT_MAJOR);
    assert_int_equal(q[1].to_min, 1440);
    assert_int_equal(q[1].days, 0x7f);
    assert_int_equal(q[1].below, ALERT_CRITICAL);
    site_free(s);
}

/* The base of the mistakes; '^' marks where the message has to point. */
static const char base[] =
    SMALL "alerts:\n"
          "  webhooks:\n"
          "    - {id: one, url: \"https://example.org/in\", timeout_s: 10, lang: zh}\n"
          "    - {id: two, kind: dingtalk, url_file: /dev/null, min_severity: major}\n"
          "  quiet: [{from: \"22:00\", to: \"07:00\", below: major}]\n";

static void mistakes(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"id: two", "id: ^one", "webhook id 'one' stands twice"},
        {"{id: one, ", "^{", "needs the key 'id'"},
        {"{id: one, url: \"https://example.org/in\", timeout_s: 10, lang: zh}",
         "^\"https://example.org/in\"", "needs an id"},
        {"\"https://example.org/in\"", "^\"http://example.org/in\"", "travel in the open"},
        {"\"https://example.org/in\"", "^\"ftp://example.org/in\"", "is not an https:// address"},
        {"\"https://example.org/in\"", "^\"https://u:p@h/\"", "token_file or secret_file"},
        {"\"https://example.org/in\"", "^\"https://h/a b\"", "is not an address"},
        {"\"https://example.org/in\"", "^\"https://h/#k\"", "never sent"},
        {"{id: one, url: \"https://example.org/in\", ", "^{id: one, ", "needs its address once"},
        {"{id: two, ", "^{id: two, url: \"https://h/\", ", "needs its address once"},
        {"{id: one, url: \"https://example.org/in\"",
         "{id: one, url: \"http://127.0.0.1/\", ca_file: ^/dev/null", "an encrypted connection"},
        {"kind: dingtalk", "kind: ^dingding", "use one of json, wecom, dingtalk, feishu"},
        {"kind: dingtalk", "kind: wecom, secret_file: ^/dev/null", "wecom signs nothing"},
        {"kind: dingtalk", "kind: dingtalk, token_file: ^/dev/null", "only kind json sends"},
        {"kind: dingtalk", "kind: dingtalk, template: ^'{}'", "only kind json has a body"},
        {"lang: zh", "lang: ^de", "use one of zh, en, both"},
        {"min_severity: major", "min_severity: ^high", "use one of info"},
        {"timeout_s: 10", "timeout_s: ^61", "out of range"},
        {"timeout_s: 10", "per_minute: ^101", "out of range"},
        {"timeout_s: 10", "^perminute: 10", "did you mean 'per_minute'"},
        {"timeout_s: 10", "rules: ^[]", "rules is empty"},
        {"timeout_s: 10", "rules: [^\"A01, A02\"]", "is not the code of a rule"},
        {"timeout_s: 10", "template: ^'{\"m\": title}'", "template is not JSON"},
        {"timeout_s: 10", "template: ^'{\"m\": \"{titel}\"}'", "did you mean {title}?"},
        {"timeout_s: 10", "template: ^'{\"m\": \"{\"}'", "a brace in a text is written {{"},
        {"from: \"22:00\"", "from: ^\"22:60\"", "is not a time of the day"},
        {"from: \"22:00\"", "from: ^\"24:01\"", "is not a time of the day"},
        {"from: \"22:00\"", "from: ^\"2:00\"", "is not a time of the day"},
        {"{from: \"22:00\", to: \"07:00\"", "^{from: \"22:00\", to: \"22:00\"", "are the same"},
        {"{from: \"22:00\", ", "^{", "needs the key 'from'"},
        {"below: major", "below: ^info", "nothing is below info"},
        {"below: major", "days: ^[]", "days is empty"},
        {"below: major", "days: [mon, ^mo]", "use one of mon"},
        {"[{from: \"22:00\", to: \"07:00\", below: major}]", "[^\"22:00-7:00\"]",
         "is not a span of the day"},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        size_t line, column;
        struct config_errors e;
        struct site *s = NULL;
        char *text = mistake_text(base, &list[i], &line, &column);
        config_errors_init(&e);
        assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
        assert_one_error(&e, "s.yaml", line, column, &list[i]);
        config_errors_free(&e);
        free(text);
    }
}

static void there_is_an_end_to_them(void **state) {
    (void)state;
    static char text[4000];
    int n = snprintf(text, sizeof text, SMALL "alerts:\n  webhooks:\n");
    for (int i = 0; i < 10; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "    - {id: w%d, url: \"https://h/\"}\n",
                      i);
    snprintf(text + n, sizeof text - (size_t)n, "  quiet: []\n");
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
    assert_int_equal(e.count, 1);
    assert_non_null(strstr(e.text[0], "s.yaml:14:7: webhooks has more than 8"));
    config_errors_free(&e);
}

/* Keys in addresses stay where they are. */
static char shown[4000];

static void show(void *arg, const char *line) {
    (void)arg;
    size_t n = strlen(shown);
    snprintf(shown + n, sizeof shown - n, "%s\n", line);
}

static void a_difference_names_the_host_alone(void **state) {
    (void)state;
    struct site *a =
        load("alerts: {webhooks: [{id: x, url: \"https://h.example/send?key=K1\"}]}\n");
    struct site *b = load("alerts:\n  webhooks: [{id: x, url: \"https://h.example/send?key=K2\"}]\n"
                          "  quiet: [\"22:00-06:00\"]\n");
    shown[0] = '\0';
    assert_int_equal(site_diff(a, b, show, NULL), 2);
    assert_non_null(strstr(shown, "~ webhook x: address check "));
    assert_non_null(strstr(shown, "+ quiet"));
    assert_non_null(strstr(shown, "22:00-06:00 below critical"));
    struct site *none = load("");
    assert_true(site_diff(none, b, show, NULL) > 0);
    assert_non_null(strstr(shown, "host h.example"));
    assert_null(strstr(shown, "key="));
    site_free(none);
    site_free(a);
    site_free(b);
}

/* Nor in what is wrong with them. */
static void a_mistake_in_an_address_does_not_repeat_it(void **state) {
    (void)state;
    static const char *const urls[] = {"http://h/send?key=SECRET", "https://h/send?key=SECRET x",
                                       "https://u:SECRET@h/", "https://h/#SECRET", "SECRET"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char text[1000];
        struct config_errors e;
        struct site *s = NULL;
        snprintf(text, sizeof text, SMALL "alerts: {webhooks: [{id: x, url: \"%s\"}]}\n", urls[i]);
        config_errors_init(&e);
        assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
        for (size_t k = 0; k < e.count; k++)
            assert_null(strstr(e.text[k], "SECRET"));
        config_errors_free(&e);
    }
}

static void a_key_in_the_site_file_is_warned_of(void **state) {
    (void)state;
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    assert_int_equal(load_text(SMALL "alerts: {webhooks: [{id: x, kind: wecom, per_minute: 30,"
                                     " url: \"https://h/send?key=K\"}]}\n",
                               &e, &s),
                     ERR_OK);
    assert_int_equal(e.count, 2);
    assert_non_null(strstr(e.text[0], "per_minute 30 is more than the 20 that wecom takes"));
    assert_non_null(strstr(e.text[1], "name it in url_file"));
    config_errors_free(&e);
    site_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_webhook_has_defaults),
        cmocka_unit_test(everything_that_may_be_written_is_kept),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(there_is_an_end_to_them),
        cmocka_unit_test(a_difference_names_the_host_alone),
        cmocka_unit_test(a_mistake_in_an_address_does_not_repeat_it),
        cmocka_unit_test(a_key_in_the_site_file_is_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
