/* Placeholders inside the strings of a JSON text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/template.h"

static const char *const names[] = {"a", "bc", NULL};
static const struct template_value values[] = {{"a", "x\n\"y\""}, {"bc", "电"}};

static void fill(const char *text, const char *expected) {
    char memory[200];
    struct buf b;
    size_t n = 0;
    buf_init(&b, memory, sizeof memory);
    assert_null(template_unknown(text, names, &n));
    template_write(&b, text, values, 2);
    assert_string_equal(b.data, expected);
}

static void placeholders_are_filled_and_escaped(void **state) {
    (void)state;
    fill("", "");
    fill("{\"k\":\"{a}\"}", "{\"k\":\"x\\n\\\"y\\\"\"}");
    fill("{\"{bc}\":[\"{bc}{bc}\"]}", "{\"电\":[\"电电\"]}");
    fill("{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}"); /* JSON's own braces */
    fill("\"\\\"{bc}\\\\\"", "\"\\\"电\\\\\"");     /* behind an escaped quote */
    fill("\"{{a} }\"", "\"{a} }\"");                /* a brace in a text */
}

static void what_is_unknown_is_found(void **state) {
    (void)state;
    static const struct {
        const char *text, *unknown;
    } rows[] = {{"{\"k\":\"{a} {b} {c}\"}", "{b}"},
                {"\"{}\"", "{}"},
                {"\"{a \"", "{a "},
                {"\"{a\"", "{a"},
                {"\"{ a}\"", "{ a}"},
                {"\"{A}\"", "{A}"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = 0;
        const char *at = template_unknown(rows[i].text, names, &n);
        assert_non_null(at);
        assert_int_equal(n, strlen(rows[i].unknown));
        assert_memory_equal(at, rows[i].unknown, n);
    }
}

static void what_does_not_fit_is_seen(void **state) {
    (void)state;
    char memory[8];
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    template_write(&b, "\"{a}{bc}\"", values, 2);
    assert_false(buf_ok(&b));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders_are_filled_and_escaped),
        cmocka_unit_test(what_is_unknown_is_found),
        cmocka_unit_test(what_does_not_fit_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
