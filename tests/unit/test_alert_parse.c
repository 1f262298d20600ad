/* The platform's alert: what is taken, and each mistake by its name. With BUSBAR_BODY_DIR set, the
 * good ones are left there as alert-<name>.json and the bad ones as refused-alert-<number>.json,
 * for docs/schema to be tried on. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "orders/alert_parse.h"

#define TEN(x) x x x x x x x x x x
#define ID     "\"id\":\"a-1\","
#define SEV    "\"severity\":\"major\","
#define CODE   "\"code\":\"PEAK-SHAVE\","
#define TEXT   "\"text\":{\"zh\":\"压减负荷\",\"en\":\"Cut the load\"},"
#define UNTIL  "\"valid_until\":\"2026-11-25T12:00:00+08:00\""

static struct platform_alert alert;

static void keep(const char *name, const char *text) {
    const char *dir = getenv("BUSBAR_BODY_DIR");
    if (dir == NULL)
        return;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void accept(const char *name, const char *text) {
    memset(&alert, 0x55, sizeof alert);
    if (alert_parse(text, strlen(text), &alert) != ERR_OK)
        fail_msg("%s: %s", text, alert.refusal);
    assert_string_equal(alert.refusal, "");
    keep(name, text);
}

static void a_whole_alert_is_taken(void **state) {
    (void)state;
    accept("alert-whole.json", "{" ID SEV CODE TEXT UNTIL ",\"expected_kw\":300.5}");
    assert_string_equal(alert.id, "a-1");
    assert_int_equal(alert.severity, ALERT_MAJOR);
    assert_string_equal(alert.code, "PEAK-SHAVE");
    assert_string_equal(alert.text_zh, "压减负荷");
    assert_string_equal(alert.text_en, "Cut the load");
    assert_int_equal(alert.valid_until, 1795579200000); /* date -d ... +%s */
    assert_true(fabs(alert.expected_kw - 300.5) < 1e-9);
}

static void what_may_be_left_out_and_what_is_added(void **state) {
    (void)state;
    accept("alert-without.json", "{" ID SEV CODE TEXT UNTIL "}");
    assert_true(isnan(alert.expected_kw));
    accept("alert-null.json", "{" ID SEV CODE TEXT UNTIL ",\"expected_kw\":null}");
    assert_true(isnan(alert.expected_kw));
    accept("alert-more.json",
           "{\"v\":1,\"new\":[1]," ID SEV CODE TEXT UNTIL ",\"expected_kw\":-20}");
    assert_true(fabs(alert.expected_kw + 20.0) < 1e-9);
    accept("alert-utc.json", "{" ID SEV CODE TEXT "\"valid_until\":\"2026-11-25T04:00:00.250Z\"}");
    assert_int_equal(alert.valid_until, 1795579200250);
}

static void texts_are_counted_in_characters(void **state) {
    (void)state;
    accept("alert-long.json", "{\"id\":\"" TEN("123456") "1234\"," SEV "\"code\":\"" TEN(
                                  "abc") "xy\","
                                         "\"text\":{\"zh\":\"" TEN(TEN("电能")) "\",\"en\":\"" TEN(
                                             TEN("ab")) "\"}," UNTIL "}");
    assert_int_equal(strlen(alert.id), 64);
    assert_int_equal(strlen(alert.code), 32);
    assert_int_equal(strlen(alert.text_zh), 600);
    assert_int_equal(strlen(alert.text_en), 200);
}

struct mistake {
    const char *text;
    int err;
    const char *id, *words;
};

static void refuse(const struct mistake *m, size_t number) {
    char name[40];
    memset(&alert, 0x55, sizeof alert);
    int rc = alert_parse(m->text, strlen(m->text), &alert);
    if (rc != m->err || strstr(alert.refusal, m->words) == NULL || strcmp(alert.id, m->id) != 0)
        fail_msg("%s gave %d, \"%s\" of \"%s\"; not %d, \"%s\"", m->text, rc, alert.refusal,
                 alert.id, m->err, m->words);
    snprintf(name, sizeof name, "alert-%02zu.refused", number);
    keep(name, m->text);
}

static void each_mistake_is_named(void **state) {
    (void)state;
    static const struct mistake bad[] = {
        {"", ERR_SYNTAX, "", "no JSON"},
        {"{", ERR_SYNTAX, "", "no JSON"},
        {"[]", ERR_SYNTAX, "", "no JSON object"},
        {"7", ERR_SYNTAX, "", "no JSON"},
        {"{" ID ID SEV CODE TEXT UNTIL "}", ERR_SYNTAX, "", "no JSON: duplicate object key"},
        {"{" SEV CODE TEXT UNTIL "}", ERR_RANGE, "", "id is missing"},
        {"{\"id\":7," SEV CODE TEXT UNTIL "}", ERR_RANGE, "", "id is not usable"},
        {"{\"id\":\"\"," SEV CODE TEXT UNTIL "}", ERR_RANGE, "", "id is not usable"},
        {"{\"id\":\"a\\nb\"," SEV CODE TEXT UNTIL "}", ERR_RANGE, "", "id is not usable"},
        {"{\"id\":\"" TEN("123456") "12345\"," SEV CODE TEXT UNTIL "}", ERR_RANGE, "",
         "id is not usable; it is a text of 1 to 64 bytes"},
        {"{" ID CODE TEXT UNTIL "}", ERR_RANGE, "a-1", "severity is missing"},
        {"{" ID "\"severity\":\"red\"," CODE TEXT UNTIL "}", ERR_RANGE, "a-1",
         "severity is \"red\"; it must be info, warning, major or critical"},
        {"{" ID "\"severity\":2," CODE TEXT UNTIL "}", ERR_RANGE, "a-1", "severity is 2"},
        {"{" ID SEV TEXT UNTIL "}", ERR_RANGE, "a-1", "code is missing"},
        {"{" ID SEV "\"code\":\"\"," TEXT UNTIL "}", ERR_RANGE, "a-1", "code is \"\""},
        {"{" ID SEV "\"code\":\"a b\"," TEXT UNTIL "}", ERR_RANGE, "a-1", "code is \"a b\""},
        {"{" ID SEV "\"code\":\"" TEN("abc") "xyz\"," TEXT UNTIL "}", ERR_RANGE, "a-1",
         "1 to 32 of a-z"},
        {"{" ID SEV CODE UNTIL "}", ERR_RANGE, "a-1", "text is missing"},
        {"{" ID SEV CODE "\"text\":\"x\"," UNTIL "}", ERR_RANGE, "a-1",
         "text is \"x\"; it must be an object"},
        {"{" ID SEV CODE "\"text\":{\"en\":\"x\"}," UNTIL "}", ERR_RANGE, "a-1",
         "text.zh is missing"},
        {"{" ID SEV CODE "\"text\":{\"zh\":\"x\"}," UNTIL "}", ERR_RANGE, "a-1",
         "text.en is missing"},
        {"{" ID SEV CODE "\"text\":{\"zh\":\"\",\"en\":\"x\"}," UNTIL "}", ERR_RANGE, "a-1",
         "text.zh is not usable"},
        {"{" ID SEV CODE "\"text\":{\"zh\":\"x\",\"en\":\"a\\tb\"}," UNTIL "}", ERR_RANGE, "a-1",
         "text.en is not usable"},
        {"{" ID SEV CODE "\"text\":{\"zh\":\"" TEN(TEN("电能")) "x\",\"en\":\"x\"}," UNTIL "}",
         ERR_RANGE, "a-1", "1 to 200 characters"},
        {"{" ID SEV CODE TEXT "\"expected_kw\":1}", ERR_RANGE, "a-1", "valid_until is missing"},
        {"{" ID SEV CODE TEXT "\"valid_until\":1795579200}", ERR_RANGE, "a-1",
         "valid_until is 1795579200; it must be a time with its offset"},
        {"{" ID SEV CODE TEXT "\"valid_until\":\"2026-11-25T12:00:00\"}", ERR_RANGE, "a-1",
         "a time with its offset"},
        {"{" ID SEV CODE TEXT "\"valid_until\":\"2026-13-25T12:00:00+08:00\"}", ERR_RANGE, "a-1",
         "a time with its offset"},
        {"{" ID SEV CODE TEXT "\"valid_until\":\"1999-11-25T12:00:00+08:00\"}", ERR_RANGE, "a-1",
         "a time with its offset"},
        {"{" ID SEV CODE TEXT UNTIL ",\"expected_kw\":\"300\"}", ERR_RANGE, "a-1",
         "expected_kw is \"300\"; it must be a number"},
        {"{" ID SEV CODE TEXT UNTIL ",\"expected_kw\":1000001}", ERR_RANGE, "a-1",
         "expected_kw is 1000001"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(&bad[i], i);
}

static void size_is_bounded(void **state) {
    (void)state;
    static const char head[] = "{" ID SEV CODE TEXT UNTIL "}";
    char *text = malloc(PLATFORM_ALERT_JSON_MAX + 1);
    assert_non_null(text);
    memset(text, ' ', PLATFORM_ALERT_JSON_MAX + 1);
    memcpy(text, head, sizeof head - 1);
    assert_int_equal(alert_parse(text, PLATFORM_ALERT_JSON_MAX, &alert), ERR_OK);
    assert_int_equal(alert_parse(text, PLATFORM_ALERT_JSON_MAX + 1, &alert), ERR_LIMIT);
    assert_string_equal(alert.refusal, "an alert has at most 16384 bytes, not 16385");
    assert_string_equal(alert.id, "");
    memset(text, '[', PLATFORM_ALERT_JSON_MAX);
    assert_int_equal(alert_parse(text, PLATFORM_ALERT_JSON_MAX, &alert), ERR_SYNTAX);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_alert_is_taken),
        cmocka_unit_test(what_may_be_left_out_and_what_is_added),
        cmocka_unit_test(texts_are_counted_in_characters),
        cmocka_unit_test(each_mistake_is_named),
        cmocka_unit_test(size_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
