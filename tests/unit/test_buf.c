/* Numbers and JSON text on their way out, and what a full buffer does. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"

static char memory[4096];

static const char *decimal(double v, int decimals) {
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    buf_put_decimal(&b, v, decimals);
    assert_true(buf_ok(&b));
    assert_int_equal(b.len, strlen(memory));
    return memory;
}

static const char *json(const char *text) {
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    buf_put_json(&b, text);
    assert_true(buf_ok(&b));
    return memory;
}

static void decimals_are_rounded_half_up(void **state) {
    (void)state;
    static const struct {
        double v;
        int decimals;
        const char *text;
    } cases[] = {
        {0.0, 3, "0"},
        {-0.0, 3, "0"},
        {-0.0004, 3, "0"},
        {-0.0005, 3, "-0.001"},
        {0.0005, 3, "0.001"},
        {0.00049999, 3, "0"},
        {2.675, 2, "2.68"}, /* the double is 2.67499999999999982 */
        {1.005, 2, "1.01"}, /* the double is 1.00499999999999989 */
        {1.0049999, 2, "1"},
        {-2.675, 2, "-2.68"},
        {0.285, 2, "0.29"},
        {8.345, 2, "8.35"},
        {0.5, 0, "1"},
        {-0.5, 0, "-1"},
        {0.49999999999999, 0, "0"},
        {1.5, 0, "2"},
        {2.5, 0, "3"}, /* not to even */
        {10.0, 3, "10"},
        {100.100, 3, "100.1"},
        {1.020304, 6, "1.020304"},
        {9.9999, 3, "10"},
        {-9.9996, 3, "-10"},
        {123456789.125, 2, "123456789.13"},
        {1e15 + 0.5, 0, "1000000000000001"},
        {4503599627370497.0, 0, "4503599627370497"}, /* 2^52 + 1 */
        {9007199254740993.0, 0, "9007199254740992"}, /* not a double */
        {9.1e18, 0, "9100000000000000000"},
        {9.3e18, 0, "null"},
        {1e10, 9, "null"},
        {9e9, 9, "9000000000"},
        {1e-300, 9, "0"},
        {0.000000001, 9, "0.000000001"},
        {1.25, 12, "1.25"}, /* more than 9 decimals are 9 */
        {1.25, -1, "1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(decimal(cases[i].v, cases[i].decimals), cases[i].text);
    assert_string_equal(decimal((double)NAN, 2), "null");
    assert_string_equal(decimal((double)INFINITY, 2), "null");
    assert_string_equal(decimal(-(double)INFINITY, 2), "null");
}

/* Every tie a person can write with 15 digits rises, every neighbour below it falls. */
static void every_written_tie_rises(void **state) {
    (void)state;
    for (int k = 0; k < 200000; k++) {
        const int64_t n = (int64_t)k * 104729 % 10000000 * (k % 3 == 0 ? 100000 : 1);
        char tie[40], below[40], up[40], down[40];
        snprintf(tie, sizeof tie, "%lld.%02lld5", (long long)(n / 100), (long long)(n % 100));
        snprintf(below, sizeof below, "%lld.%02lld4", (long long)(n / 100), (long long)(n % 100));
        snprintf(up, sizeof up, "%lld.%02lld", (long long)((n + 1) / 100),
                 (long long)((n + 1) % 100));
        snprintf(down, sizeof down, "%lld.%02lld", (long long)(n / 100), (long long)(n % 100));
        assert_true(fabs(strtod(decimal(strtod(tie, NULL), 2), NULL) - strtod(up, NULL)) <= 0);
        assert_true(fabs(strtod(decimal(strtod(below, NULL), 2), NULL) - strtod(down, NULL)) <= 0);
    }
}

static void integers_keep_their_extremes(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    buf_put_i64(&b, INT64_MIN);
    buf_putc(&b, ' ');
    buf_put_i64(&b, INT64_MAX);
    buf_putc(&b, ' ');
    buf_put_i64(&b, 0);
    buf_putc(&b, ' ');
    buf_put_i64(&b, -7);
    buf_putc(&b, ' ');
    buf_put_u64(&b, UINT64_MAX);
    assert_string_equal(memory,
                        "-9223372036854775808 9223372036854775807 0 -7 18446744073709551615");
}

static void json_strings_are_escaped(void **state) {
    (void)state;
    static const struct {
        const char *text, *json;
    } cases[] = {
        {NULL, "null"},
        {"", "\"\""},
        {"grid", "\"grid\""},
        {"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
        {"天玺恒祥", "\"天玺恒祥\""},
        {"\xF0\x9F\x94\x8B", "\"\xF0\x9F\x94\x8B\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(json(cases[i].text), cases[i].json);
}

#define FFFD "\xEF\xBF\xBD"

/* The Unicode Standard, tables 3-7 to 3-11: one U+FFFD for each maximal subpart. */
static void ill_formed_utf8_becomes_fffd(void **state) {
    (void)state;
    static const struct {
        const char *text, *body;
    } cases[] = {
        {"a\x80z", "a" FFFD "z"},
        {"\xBF\x80", FFFD FFFD},
        {"\xC0\xAF", FFFD FFFD},                   /* overlong '/' */
        {"\xC1\xBF", FFFD FFFD},                   /* overlong */
        {"\xE0\x80\xAF", FFFD FFFD FFFD},          /* overlong */
        {"\xF0\x80\x80\xAF", FFFD FFFD FFFD FFFD}, /* overlong */
        {"\xED\xA0\x80", FFFD FFFD FFFD},          /* surrogate */
        {"\xF4\x90\x80\x80", FFFD FFFD FFFD FFFD}, /* > U+10FFFF */
        {"\xF5\xFE\xFF", FFFD FFFD FFFD},          /* never lead bytes */
        {"\xE5\xA4", FFFD},                        /* cut by the end */
        {"\xE5\xA4z", FFFD "z"},                   /* cut by ASCII */
        {"\xE5\xA4\"", FFFD "\\\""},               /* cut by what needs an escape */
        {"\xF0\x9F\x94", FFFD},
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", FFFD FFFD FFFD FFFD "A"}, /* table 3-11 */
        {"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\xC2\x80\xE0\xA0\x80",
         "\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\xC2\x80\xE0\xA0\x80"}, /* edges, all good */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char want[128];
        snprintf(want, sizeof want, "\"%s\"", cases[i].body);
        assert_string_equal(json(cases[i].text), want);
    }
}

/* Whatever the bytes, a JSON parser takes the result. */
static void any_bytes_give_json_that_a_parser_takes(void **state) {
    (void)state;
    uint32_t seed = 42;
    for (int round = 0; round < 20000; round++) {
        char text[24];
        size_t n = 0;
        do {
            seed = seed * 1664525 + 1013904223;
            text[n] = (char)(seed >> 24);
        } while (text[n] != '\0' && ++n < sizeof text - 1);
        text[n] = '\0';
        json_error_t error;
        json_t *value = json_loads(json(text), JSON_DECODE_ANY, &error);
        assert_non_null(value);
        json_decref(value);
    }
}

static void an_overflow_is_remembered_and_nothing_grows(void **state) {
    (void)state;
    char small[8];
    struct buf b;
    memset(small, 'x', sizeof small);
    buf_init(&b, small, 6);
    buf_puts(&b, "abcde"); /* with its NUL exactly full */
    assert_true(buf_ok(&b));
    buf_put(&b, "", 0);
    assert_true(buf_ok(&b));
    buf_putc(&b, 'f');
    assert_false(buf_ok(&b));
    assert_string_equal(small, "abcde");
    assert_int_equal(small[6], 'x');
    buf_reset(&b);
    assert_true(buf_ok(&b));
    assert_string_equal(small, "");
    buf_puts(&b, "abcdef"); /* one too many: none of it */
    assert_string_equal(small, "");
    buf_puts(&b, "a"); /* ignored after an overflow */
    assert_string_equal(small, "");
    assert_false(buf_ok(&b));
}

static void a_buffer_of_one_byte_holds_nothing(void **state) {
    (void)state;
    char one[1];
    struct buf b;
    buf_init(&b, one, 1);
    assert_int_equal(one[0], 0);
    buf_putc(&b, 'a');
    assert_false(buf_ok(&b));
    assert_int_equal(one[0], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_rounded_half_up),
        cmocka_unit_test(every_written_tie_rises),
        cmocka_unit_test(integers_keep_their_extremes),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(ill_formed_utf8_becomes_fffd),
        cmocka_unit_test(any_bytes_give_json_that_a_parser_takes),
        cmocka_unit_test(an_overflow_is_remembered_and_nothing_grows),
        cmocka_unit_test(a_buffer_of_one_byte_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
