/* ISO 8601 both ways, against instants known from date(1) and against the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/units.h"

static void floor_div_rounds_down(void **state) {
    (void)state;
    static const struct {
        int64_t a, b, q;
    } cases[] = {{7, 2, 3},
                 {-7, 2, -4},
                 {-8, 2, -4},
                 {0, 5, 0},
                 {-1, 86400, -1},
                 {86399, 86400, 0},
                 {INT64_MIN, 1, INT64_MIN}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(floor_div(cases[i].a, cases[i].b), cases[i].q);
}

static void formats(void **state) {
    (void)state;
    static const struct {
        ms_t utc_ms;
        int offset_s;
        const char *text;
    } cases[] = {
        {0, 0, "1970-01-01T00:00:00+00:00"},
        {-1, 0, "1969-12-31T23:59:59.999+00:00"},
        {1795392900250, 28800, "2026-11-23T08:15:00.250+08:00"},
        {1795392900000, 28800, "2026-11-23T08:15:00+08:00"},
        {1795392900007, -12600, "2026-11-22T20:45:00.007-03:30"},
        {951782400000, 0, "2000-02-29T00:00:00+00:00"},  /* leap century */
        {4107542400000, 0, "2100-03-01T00:00:00+00:00"}, /* no leap century */
        {253402300799999, 0, "9999-12-31T23:59:59.999+00:00"},
        {253402300800000, 0, "+10000-01-01T00:00:00+00:00"},
        {-62167219200001, 0, "-0001-12-31T23:59:59.999+00:00"},
        {0, 29143, "1970-01-01T08:05:00+08:05"},  /* local mean time, cut to minutes */
        {0, 999999, "1970-01-01T23:59:00+23:59"}, /* held within a day */
        {0, -999999, "1969-12-31T00:01:00-23:59"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[ISO8601_MAX];
        const size_t n = iso8601_format(out, cases[i].utc_ms, cases[i].offset_s);
        assert_string_equal(out, cases[i].text);
        assert_int_equal(n, strlen(out));
    }
}

static void extreme_instants_fit(void **state) {
    (void)state;
    static const ms_t extremes[] = {INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < 2; i++) {
        char out[ISO8601_MAX];
        const size_t n = iso8601_format(out, extremes[i], 28800);
        assert_true(n < ISO8601_MAX);
        assert_int_equal(n, strlen(out));
    }
}

static void parses(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int offset_s;
        ms_t utc_ms;
    } cases[] = {
        {"2026-11-23T08:15:00.250+08:00", 0, 1795392900250},
        {"2026-11-23T08:15:00.250999+08:00", 0, 1795392900250},
        {"2026-11-23T00:15:00Z", 28800, 1795392900000},
        {"2026-11-23 08:15", 28800, 1795392900000},
        {"2026-11-23T08:15:00+0800", 0, 1795392900000},
        {"2026-11-22T20:45:00.5-03:30", 0, 1795392900500},
        {"2026-11-23", 28800, 1795363200000},
        {"2000-02-29", 0, 951782400000},
        {"1969-12-31T23:59:59.999Z", 0, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ms_t utc_ms = 0;
        assert_int_equal(iso8601_parse(cases[i].text, cases[i].offset_s, &utc_ms), ERR_OK);
        assert_int_equal(utc_ms, cases[i].utc_ms);
    }
}

static void refuses(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int rc;
    } cases[] = {
        {"", ERR_SYNTAX},
        {"2026", ERR_SYNTAX},
        {"2026-11", ERR_SYNTAX},
        {"2026-1-1", ERR_SYNTAX},
        {"26-11-23", ERR_SYNTAX},
        {"2026/11/23", ERR_SYNTAX},
        {"2026-11-23T", ERR_SYNTAX},
        {"2026-11-23T08", ERR_SYNTAX},
        {"2026-11-23T08:15:", ERR_SYNTAX},
        {"2026-11-23T08:15:00.", ERR_SYNTAX},
        {"2026-11-23T08:15:00+8", ERR_SYNTAX},
        {"2026-11-23T08:15:00+08:0", ERR_SYNTAX},
        {"2026-11-23T08:15:00Zx", ERR_SYNTAX},
        {"2026-11-23Z", ERR_SYNTAX},
        {"2026-11-23 ", ERR_SYNTAX},
        {"2026-13-01", ERR_RANGE},
        {"2026-00-01", ERR_RANGE},
        {"2026-02-29", ERR_RANGE},
        {"2100-02-29", ERR_RANGE},
        {"2026-04-31", ERR_RANGE},
        {"2026-11-00", ERR_RANGE},
        {"2026-11-23T24:00", ERR_RANGE},
        {"2026-11-23T08:60", ERR_RANGE},
        {"2026-11-23T08:15:60", ERR_RANGE},
        {"2026-11-23T08:15+24:00", ERR_RANGE},
        {"2026-11-23T08:15+08:60", ERR_RANGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ms_t untouched = 42;
        assert_int_equal(iso8601_parse(cases[i].text, 0, &untouched), cases[i].rc);
        assert_int_equal(untouched, 42);
    }
}

/* Every 7 h 13 min 5.123 s over 1900 to 2100: our text equals gmtime's and reads back. */
static void agrees_with_the_c_library(void **state) {
    (void)state;
    for (ms_t t = -2208988800000; t < 4102444800000; t += 25985123) {
        char ours[ISO8601_MAX], theirs[ISO8601_MAX];
        const time_t s = (time_t)floor_div(t, MS_PER_S);
        struct tm tm;
        assert_non_null(gmtime_r(&s, &tm));
        strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%S", &tm);
        iso8601_format(ours, t, 0);
        assert_memory_equal(ours, theirs, strlen(theirs));
        ms_t back = 0;
        assert_int_equal(iso8601_parse(ours, 3600, &back), ERR_OK);
        assert_int_equal(back, t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floor_div_rounds_down),
        cmocka_unit_test(formats),
        cmocka_unit_test(extreme_instants_fit),
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
        cmocka_unit_test(agrees_with_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
