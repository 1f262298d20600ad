/* One mistake at a time in a tariff file: one message, at its place, with words that help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tariff_fixture.h"

static void check_all(const struct mistake *m, size_t n) {
    for (size_t i = 0; i < n; i++, m++) {
        struct loaded w;
        size_t line, column;
        char *text = mistake_text(tariff_base, m, &line, &column);
        load_bytes(&w, text, strlen(text));
        if (w.result != ERR_SYNTAX)
            fail_msg("'%s' was accepted", m->with);
        assert_null(w.t);
        assert_one_error(&w.e, "t.yaml", line, column, m);
        close_load(&w);
        free(text);
    }
}

#define CHECK(list) check_all(list, sizeof(list) / sizeof((list)[0]))

static void keys_and_dates(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"name: Test", "^nmae: Test", "unknown key 'nmae' in a tariff; did you mean 'name'"},
        {"id: t\n", "id: ^other\n", "id 'other' is not the file's name 't'"},
        {"id: t\n", "^", "a tariff needs the key 'id'"},
        {"id: t\n", "id: ^T\n", "is not an id"},
        {"status: verified\n    valid", "status: ^maybe\n    valid", "use one of verified"},
        {"  - document: two\n    source: made up\n", "  - ^document: two\n",
         "a version needs the key 'source'"},
        {"  - document: two\n    source", "  - ^source", "a version needs the key 'document'"},
        {"    valid_from: 2023-01-01\n", "    valid_from: ^2023-02-29\n", "is not a date"},
        {"valid_to: 2024-06-01", "valid_to: ^2023-01-01",
         "valid_to 2023-01-01 is not after valid_from; it is the first day"},
        {"[2024-10-01, 2024-10-02]", "[2024-10-02, ^2024-10-01]", "list them oldest first"},
        {"[2024-10-01, 2024-10-02]", "[2024-10-01, ^2024-10-01]",
         "holidays 2024-10-01 does not follow the date before it"},
        {"[2024-10-01, 2024-10-02]", "[2024-10-01, ^10-02]", "write it as 2026-01-31"},
        {"[2024-10-01, 2024-10-02]", "[^[2024-10-01]]", "needs a single value"},
        {"[2024-10-01, 2024-10-02]", "^2024-10-01", "holidays needs a list"},
        {"[2024-10-01, 2024-10-02]", "^[]", "holidays is empty"},
        {"[2024-09-29, 2024-10-12]", "[2024-09-29, ^2024-10-11]", "is no Saturday or Sunday"},
        {"[2024-09-29, 2024-10-12]", "[2024-09-29, ^2024-10-01]",
         "workdays has 2024-10-01, which holidays has too"},
    };
    CHECK(list);
}

static void versions_follow_each_other(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"valid_from: 2024-06-01", "valid_from: ^2024-05-31",
         "valid_from 2024-05-31 overlaps the version in line 6, which counts until 2024-06-01"},
        {"valid_from: 2024-06-01", "valid_from: ^2022-01-01",
         "valid_from 2022-01-01 is not after the 2023-01-01 of the version in line 6"},
        {"valid_from: 2024-06-01", "valid_from: ^2023-01-01", "list the oldest version first"},
        {"    valid_to: 2024-06-01\n    ratios: {peak: 1.6, flat: 1, valley: 0.4}\n"
         "    windows:\n"
         "      - {from: \"08:00\", to: \"12:00\", period: peak, priority: 2}\n"
         "      - {from: \"23:00\", to: \"07:30\", period: valley, priority: 3}\n"
         "      - {from: \"00:00\", to: \"24:00\", period: flat, priority: 9}\n"
         "  - document: two\n    source: made up\n    status: unverified\n"
         "    valid_from: 2024-06-01\n",
         "    ratios: {flat: 1}\n    windows:\n"
         "      - {from: \"00:00\", to: \"24:00\", period: flat, priority: 9}\n"
         "  - document: two\n    source: made up\n    status: unverified\n"
         "    valid_from: ^2024-06-01\n",
         "the version in line 6 never ends; give it valid_to: 2024-06-01"},
    };
    CHECK(list);
}

static void a_gap_between_versions_is_a_warning(void **state) {
    (void)state;
    struct loaded w;
    char text[sizeof tariff_base];
    memcpy(text, tariff_base, sizeof text);
    memcpy(strstr(text, "valid_from: 2024-06-01"), "valid_from: 2024-07-01", 22);
    load_bytes(&w, text, strlen(text));
    assert_int_equal(w.result, ERR_OK);
    assert_int_equal(w.e.total, 1);
    assert_int_equal(w.e.warnings, 1);
    assert_non_null(strstr(w.e.text[0], "t.yaml:19:17: "));
    assert_non_null(strstr(w.e.text[0], "no version counts from 2024-06-01 to 2024-07-01"));
    close_load(&w);
}

static void windows_and_times(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"period: peak, priority: 2}\n      - {from: \"23",
         "period: ^peek, priority: 2}\n      - {from: \"23", "did you mean 'peak'"},
        {"from: \"08:00\"", "from: ^\"8:00\"", "from '8:00' is not a time of day; write it as"},
        {"from: \"08:00\"", "from: ^\"08:60\"", "is not a time of day"},
        {"from: \"08:00\"", "from: ^\"24:01\"", "is not a time of day"},
        {"from: \"08:00\"", "from: ^\"08.00\"", "is not a time of day"},
        {"from: \"08:00\"", "from: ^\"0800h\"", "is not a time of day"},
        {"from: \"08:00\"", "from: ^\"x8:00\"", "is not a time of day"},
        {"from: \"08:00\"", "from: ^\"08:0x\"", "is not a time of day"},
        {"from: \"08:00\"", "from: ^\"24:00\"", "the end of the day"},
        {"from: \"08:00\"", "from: ^[8, 12]", "needs a single value"},
        {"to: \"12:00\"", "to: ^\"08:00\"", "from and to are the same"},
        {"to: \"12:00\"", "to: ^noon", "to 'noon' is not a time of day"},
        {"{from: \"08:00\", to: \"12:00\", period: peak, priority: 2}",
         "^{from: \"08:00\", to: \"12:00\", period: peak}", "a window needs the key 'priority'"},
        {"{from: \"08:00\", to: \"12:00\", period: peak, priority: 2}",
         "^{from: \"08:00\", period: peak, priority: 2}", "a window needs the key 'to'"},
        {"priority: 2}\n      - {from: \"23", "priority: ^0}\n      - {from: \"23",
         "give 1 to 1000"},
        {"months: [1, 12], days", "months: [1, ^13], days", "give 1 to 12"},
        {"months: [1, 12], days", "months: [1, ^1], days", "month 1 stands twice"},
        {"months: [1, 12], days", "months: ^12, days", "months needs a list"},
        {"months: [1, 12], days", "months: ^[], days", "months is empty"},
        {"days: holiday", "days: ^holidays", "did you mean 'holiday'"},
        {"days: holiday", "days: ^{}", "days needs a list"},
        {"days: holiday", "days: ^[]", "days is empty"},
        {"days: [workday, weekend]", "days: [workday, ^monday]", "use one of workday, weekend"},
        {"{days: any, from: \"00:00\", to: \"24:00\", period: flat, priority: 9}", "^flat",
         "a window needs keys and values"},
    };
    CHECK(list);
}

static void the_day_is_filled_once(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"      - {from: \"08:00\", to: \"12:00\", period: peak, priority: 2}\n"
         "      - {from: \"23:00\", to: \"07:30\", period: valley, priority: 3}\n"
         "      - {from: \"00:00\", to: \"24:00\", period: flat, priority: 9}\n",
         "      ^- {months: [3], from: \"14:00\", to: \"11:00\", period: flat, priority: 9}\n"
         "      - {months: [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12], from: \"00:00\", to: \"24:00\", "
         "period: flat, priority: 9}\n",
         "month 3, workday, 11:00 has no period (until 14:00); add a window"},
        {"      - {from: \"23:00\", to: \"07:30\", period: valley, priority: 3}",
         "      - ^{from: \"23:00\", to: \"08:30\", period: valley, priority: 2}",
         "month 1, workday, 08:00: the windows in lines 13 and 14 have equal priority"},
        {"      - {months: [1, 12], days: holiday, from: \"12:00\", to: \"14:00\", period: deep, "
         "priority: 1}\n      - {days: [workday, weekend], from: 17:00",
         "      - {months: [1, 12], days: holiday, from: \"12:00\", to: \"14:00\", period: deep, "
         "priority: 1}\n      - {days: hot, from: \"15:00\", to: \"18:00\", period: flat, "
         "priority: "
         "2}\n      - ^{days: [workday, weekend], from: 17:00",
         "month 1, hot workday, 17:00: the windows in lines 24 and 25 have equal priority"},
        {"      - {months: [1, 12], days: holiday, from: \"12:00\", to: \"14:00\", period: deep, "
         "priority: 1}\n      - {days: [workday, weekend], from: 17:00, to: 00:00, period: peak, "
         "priority: 2}\n      - {days: any,",
         "      ^- {days: [workday, holiday],",
         "month 1, weekend, 00:00 has no period (until 24:00); add a window"},
        {"      - {months: [1, 12], days: holiday, from: \"12:00\", to: \"14:00\", period: deep, "
         "priority: 1}\n      - {days: [workday, weekend], from: 17:00, to: 00:00, period: peak, "
         "priority: 2}\n      - {days: any,",
         "      ^- {days: [workday, weekend],", "month 1, holiday, 00:00 has no period"},
    };
    CHECK(list);
}

/* A version without a default: three spans of it are empty, and two windows meet. All at once. */
static void every_hole_of_a_day_is_told_once(void **state) {
    (void)state;
    static const char text[] =
        "id: t\n"
        "versions:\n"
        "  - document: one\n"
        "    source: made up\n"
        "    status: verified\n"
        "    valid_from: 2023-01-01\n"
        "    ratios: {peak: 1.6, flat: 1, valley: 0.4}\n"
        "    windows:\n"
        "      - {from: \"01:00\", to: \"08:00\", period: valley, priority: 3}\n"
        "      - {from: \"09:00\", to: \"12:00\", period: peak, priority: 3}\n"
        "      - {from: \"11:00\", to: \"16:00\", period: flat, priority: 3}\n"
        "      - {days: holiday, from: \"16:00\", to: \"24:00\", period: flat, priority: 3}\n";
    static const char *const want[] = {
        "t.yaml:9:7: month 1, workday, 00:00 has no period (until 01:00); add a window",
        "t.yaml:9:7: month 1, workday, 08:00 has no period (until 09:00); add a window",
        "t.yaml:9:7: month 1, workday, 16:00 has no period (until 24:00); add a window",
        "t.yaml:11:9: month 1, workday, 11:00: the windows in lines 10 and 11 have equal priority",
    };
    struct loaded w;
    load_bytes(&w, text, strlen(text));
    assert_int_equal(w.result, ERR_SYNTAX);
    assert_int_equal(w.e.total, 4);
    for (size_t i = 0; i < 4; i++) {
        if (strstr(w.e.text[i], want[i]) != w.e.text[i])
            fail_msg("expected '%s', got: %s", want[i], w.e.text[i]);
    }
    close_load(&w);
}

static void windows_for_hot_days_are_no_error_and_do_not_count(void **state) {
    (void)state;
    const struct mistake m = {"      - {days: any, from",
                              "      - {days: ^hot, from: \"15:00\", to: \"16:00\", period: peak, "
                              "priority: 5}\n      - {days: any, from",
                              "nothing tells the gateway yet that a day is hot"};
    struct loaded w;
    size_t line, column;
    char *text = mistake_text(tariff_base, &m, &line, &column);
    load_bytes(&w, text, strlen(text));
    assert_int_equal(w.result, ERR_OK);
    assert_int_equal(w.e.total, 1);
    assert_int_equal(w.e.warnings, 1);
    assert_non_null(strstr(w.e.text[0], m.words));
    close_load(&w);
    free(text);
}

static void ratios_of_every_period_that_is_used(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"valley: 0.4}\n    windows:\n      - {from: \"08:00\", to: \"12:00\", period: peak, "
         "priority: 2}\n      - {",
         "deep: 0.4}\n    windows:\n      - {from: \"08:00\", to: \"12:00\", period: peak, "
         "priority: 2}\n      - ^{",
         "period 'valley' has no ratio in month 1; add it to ratios"},
        {"peak: 1.8, flat: 1, deep: 0.2}}]\n    windows:\n      - {",
         "peak: 1.8, flat: 1}}]\n    windows:\n      - ^{",
         "period 'deep' has no ratio in month 1; add it to ratios"},
        {"{months: [1, 12], ratios",
         "{months: [12], ratios: {peak: 1, flat: 1, deep: 1}}, "
         "{months: ^[1, 12], ratios",
         "month 12 stands in an earlier entry of ratios_by_month too"},
        {"peak: 1.6", "peak: ^-1", "give 0 to 20"},
        {"peak: 1.6", "^peek: 1.6, peak: 1", "did you mean 'peak'"},
        {"{peak: 1.6, flat: 1, valley: 0.4}", "^1.6", "ratios needs keys and values"},
        {"[{months: [1, 12], ratios: {peak: 1.8, flat: 1, deep: 0.2}}]", "^[]",
         "ratios_by_month is empty"},
        {"[{months: [1, 12], ratios: {peak: 1.8, flat: 1, deep: 0.2}}]", "[^{months: [1, 12]}]",
         "ratios_by_month needs the key 'ratios'"},
    };
    CHECK(list);
}

static void billing_and_power_factor_tables(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"      free_share: 1.05\n", "      free_share: ^0.9\n", "give 1 to 2"},
        {"      status: verified\n      free_share: 1.05\n", "      ^status: verified\n",
         "billing needs the key 'free_share'"},
        {"      status: verified\n      free_share", "      ^free_share",
         "billing needs the key 'status'"},
        {"      status: verified\n      free_share: 1.05\n      excess_factor: 2\n      "
         "high_use_kwh_kva: 260\n",
         "      ^status: verified\n      free_share: 1.05\n      excess_factor: 2\n",
         "go together; add high_use_kwh_kva"},
        {"[0.90, 0]", "[0.90, ^-0.8]", "percent -0.80 is below the -0.75 of a better"},
        {"[0.90, 0]", "[^0.95, 0]", "power factor 0.95 follows 0.95; list the highest first"},
        {"[0.90, 0]", "[^0.96, 0]", "list the highest first"},
        {"[0.90, 0]", "[^0.905, 0]", "a power factor 0.905 has more than two decimals"},
        {"[0.90, 0]", "[0.90, ^0.125]", "a percent 0.125 has more than two decimals"},
        {"[0.90, 0]", "[^1.01, 0]", "give 0 to 1"},
        {"[0.90, 0]", "[0.90, ^101]", "give -100 to 100"},
        {"[0.90, 0]", "^[0.90]", "a step is [power factor, percent]"},
        {"[0.90, 0]", "^0.90", "a step is [power factor, percent]"},
        {"standard: 0.90", "standard: ^0.4", "give 0.5 to 1"},
        {"below_percent: 2}",
         "below_percent: 2}\n        - {standard: ^0.90, steps: [[0.9, 0]], "
         "below_percent: 2}",
         "standard 0.90 has a table already"},
        {"below_percent: 2", "below_percent: ^-2", "give 0 to 100"},
        {"{standard: 0.90, steps: [[0.95, -0.75], [0.90, 0], [0.65, 15]], below_percent: 2}",
         "^{standard: 0.90, steps: [[0.9, 0]]}", "needs the key 'below_percent'"},
        {"[[0.95, -0.75], [0.90, 0], [0.65, 15]]", "^[]", "steps is empty"},
        {"[[0.95, -0.75], [0.90, 0], [0.65, 15]]", "^0.9", "steps needs a list"},
    };
    CHECK(list);
}

/* ---- limits --------------------------------------------------------------------------------- */

/* An item too many in a list: one error, that counts them. */
static void assert_too_many(const char *find, const char *item, size_t n, const char *words) {
    size_t room = n * (strlen(item) + 1) + 4, used;
    char *list = malloc(room);
    struct loaded w;
    size_t line, column;
    assert_non_null(list);
    used = (size_t)snprintf(list, room, " ^[");
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(list + used, room - used, "%s%c", item, i + 1 < n ? ',' : ']');
    const struct mistake m = {find, list, words};
    char *text = mistake_text(tariff_base, &m, &line, &column);
    load_bytes(&w, text, strlen(text));
    assert_int_equal(w.result, ERR_SYNTAX);
    assert_one_error(&w.e, "t.yaml", line, column, &m);
    close_load(&w);
    free(text);
    free(list);
}

static void lists_are_bounded(void **state) {
    (void)state;
    assert_too_many("[2024-10-01, 2024-10-02]", "2024-10-01", 2001,
                    "holidays has 2001 entries; 2000 at most");
    assert_too_many("[{months: [1, 12], ratios: {peak: 1.8, flat: 1, deep: 0.2}}]", "{}", 13,
                    "ratios_by_month has 13 entries; 12 at most");
    assert_too_many("[[0.95, -0.75], [0.90, 0], [0.65, 15]]", "[]", 102,
                    "steps has 102 entries; 101 at most");
    assert_too_many("\n        - {standard: 0.90, steps: [[0.95, -0.75], [0.90, 0], [0.65, 15]], "
                    "below_percent: 2}",
                    "{}", 9, "power_factor has 9 entries; 8 at most");
    assert_too_many("\n      - {from: \"08:00\", to: \"12:00\", period: peak, priority: 2}\n"
                    "      - {from: \"23:00\", to: \"07:30\", period: valley, priority: 3}\n"
                    "      - {from: \"00:00\", to: \"24:00\", period: flat, priority: 9}",
                    "{}", 129, "windows has 129 entries; 128 at most");
    assert_too_many(strstr(tariff_base, "\n  - document: one"), "{}", 33,
                    "versions has 33 entries; 32 at most");
}

static void files_that_are_no_tariff(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "t.yaml: the file is empty"},
        {"text\n", "t.yaml:1:1: a tariff needs keys and values"},
        {"id: t\n", "t.yaml:1:1: a tariff needs the key 'versions'"},
        {"id: t\nversions: {}\n", "t.yaml:2:11: versions needs a list"},
        {"id: t\nversions: [one]\n", "t.yaml:2:12: a version needs keys and values"},
        {"id: [t\n", "not YAML"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loaded w;
        load_bytes(&w, rows[i].text, strlen(rows[i].text));
        assert_int_equal(w.result, ERR_SYNTAX);
        assert_null(w.t);
        assert_true(w.e.count >= 1);
        if (strstr(w.e.text[0], rows[i].words) == NULL)
            fail_msg("expected '%s', got: %s", rows[i].words, w.e.text[0]);
        close_load(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_dates),
        cmocka_unit_test(versions_follow_each_other),
        cmocka_unit_test(a_gap_between_versions_is_a_warning),
        cmocka_unit_test(windows_and_times),
        cmocka_unit_test(the_day_is_filled_once),
        cmocka_unit_test(every_hole_of_a_day_is_told_once),
        cmocka_unit_test(windows_for_hot_days_are_no_error_and_do_not_count),
        cmocka_unit_test(ratios_of_every_period_that_is_used),
        cmocka_unit_test(billing_and_power_factor_tables),
        cmocka_unit_test(lists_are_bounded),
        cmocka_unit_test(files_that_are_no_tariff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
