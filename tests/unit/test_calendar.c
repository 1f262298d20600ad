/* Civil days, and local days as instants. Day numbers are those of Python's datetime.date, instants
 * those of its zoneinfo (the first minute of that local date, by trying every minute). */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "calc/calendar.h"
#include "zones.h"

static ms_t utc(const char *text) {
    ms_t t = 0;
    assert_int_equal(iso8601_parse(text, 0, &t), ERR_OK);
    return t;
}

static const struct known_day {
    int year, month, dom;
    int32_t day;
    int weekday;
} known_days[] = {
    {1970, 1, 1, 0, 3},       {1969, 12, 31, -1, 2},    {2000, 2, 29, 11016, 1},
    {2000, 3, 1, 11017, 2},   {1900, 2, 28, -25509, 2}, {1900, 3, 1, -25508, 3},
    {2100, 2, 28, 47540, 6},  {2100, 3, 1, 47541, 0},   {1, 1, 1, -719162, 0},
    {2026, 11, 23, 20780, 0}, {2026, 1, 1, 20454, 3},   {9999, 12, 31, 2932896, 4},
};

static void days_are_counted_from_1970(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known_days / sizeof known_days[0]; i++) {
        const struct known_day *k = &known_days[i];
        int year, month, dom;

        assert_int_equal(civil_day(k->year, k->month, k->dom), k->day);
        assert_int_equal(civil_weekday(k->day), k->weekday);
        civil_date(k->day, &year, &month, &dom);
        assert_int_equal(year, k->year);
        assert_int_equal(month, k->month);
        assert_int_equal(dom, k->dom);
    }
}

static void months_outside_the_year_carry_over(void **state) {
    (void)state;
    assert_int_equal(civil_day(2025, 13, 1), 20454); /* 2026-01-01 */
    assert_int_equal(civil_day(2027, 0, 1), civil_day(2026, 12, 1));
    assert_int_equal(civil_day(2027, -11, 1), 20454);
    assert_int_equal(civil_day(2024, 25, 1), 20454);
    assert_int_equal(civil_day(1, 0, 31), -719163);
}

/* A calendar that only knows how to go on by a day, over 1600 to 1999: 400 years are 146097 days
 * and begin with a Saturday, like 2000. */
static void every_day_of_400_years_there_and_back(void **state) {
    (void)state;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y = 1600, m = 1, d = 1, weekday = 5;
    int32_t day = -135140;

    for (int n = 0; n < 146097; n++, day++) {
        int year, month, dom;
        civil_date(day, &year, &month, &dom);
        if (year != y || month != m || dom != d)
            print_error("day %d: %d-%d-%d\n", (int)day, year, month, dom);
        assert_true(year == y && month == m && dom == d);
        assert_int_equal(civil_day(y, m, d), day);
        assert_int_equal(civil_weekday(day), weekday);

        bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
        weekday = (weekday + 1) % 7;
        if (++d > lengths[m - 1] + (m == 2 && leap)) {
            d = 1;
            m++;
        }
        if (m > 12) {
            m = 1;
            y++;
        }
    }
    assert_true(y == 2000 && m == 1 && d == 1 && weekday == 5);
}

static void dates_are_parsed(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int result;
        int32_t day;
    } cases[] = {
        {"1970-01-01", ERR_OK, 0},
        {"2000-02-29", ERR_OK, 11016},
        {"2026-11-23", ERR_OK, 20780},
        {"0001-01-01", ERR_OK, -719162},
        {"1900-02-29", ERR_RANGE, 7},
        {"2026-04-31", ERR_RANGE, 7},
        {"2026-00-10", ERR_RANGE, 7},
        {"2026-13-10", ERR_RANGE, 7},
        {"2026-01-00", ERR_RANGE, 7},
        {"2026-12-32", ERR_RANGE, 7},
        {"", ERR_SYNTAX, 7},
        {"2026", ERR_SYNTAX, 7},
        {"2026-1-1", ERR_SYNTAX, 7},
        {"2026-11", ERR_SYNTAX, 7},
        {"2026/11/23", ERR_SYNTAX, 7},
        {"2026-11/23", ERR_SYNTAX, 7},
        {"2026-11-2", ERR_SYNTAX, 7},
        {"2026-11-234", ERR_SYNTAX, 7},
        {"2026-11-23T00:00", ERR_SYNTAX, 7},
        {"-026-11-23", ERR_SYNTAX, 7},
        {"2026-+1-23", ERR_SYNTAX, 7},
        {" 2026-11-23", ERR_SYNTAX, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t day = 7;
        assert_int_equal(civil_day_parse(cases[i].text, &day), cases[i].result);
        assert_int_equal(day, cases[i].day);
    }
}

/* 2026-11 is 2026 * 12 + 10 = 24322. */
static void months_are_parsed(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int result;
        int32_t month;
    } cases[] = {
        {"2026-11", ERR_OK, 24322}, {"1970-01", ERR_OK, 23640},  {"0000-01", ERR_OK, 0},
        {"2026-12", ERR_OK, 24323}, {"2026-00", ERR_RANGE, 7},   {"2026-13", ERR_RANGE, 7},
        {"2026-1", ERR_SYNTAX, 7},  {"2026-111", ERR_SYNTAX, 7}, {"2026-11-23", ERR_SYNTAX, 7},
        {"202", ERR_SYNTAX, 7},     {"2026_11", ERR_SYNTAX, 7},  {"2026-x1", ERR_SYNTAX, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t month = 7;
        assert_int_equal(civil_month_parse(cases[i].text, &month), cases[i].result);
        assert_int_equal(month, cases[i].month);
    }
}

static void local_time_is_the_wall_clock(void **state) {
    (void)state;
    static const struct {
        const char *utc;
        utc_offset_fn *zone;
        int year, month, dom, weekday, minute;
    } cases[] = {
        {"2026-11-23T00:15:59.999Z", zone_shanghai, 2026, 11, 23, 0, 8 * 60 + 15},
        {"2026-12-31T16:00Z", zone_shanghai, 2027, 1, 1, 4, 0},
        {"2026-12-31T15:59:59.999Z", zone_shanghai, 2026, 12, 31, 3, 1439},
        {"2026-06-30T18:30Z", zone_kolkata, 2026, 7, 1, 2, 0},
        {"1969-12-31T18:29Z", zone_kolkata, 1969, 12, 31, 2, 1439},
        {"2026-10-25T00:59Z", zone_berlin, 2026, 10, 25, 6, 2 * 60 + 59},
        {"2026-10-25T01:00Z", zone_berlin, 2026, 10, 25, 6, 2 * 60},
        {"2018-11-04T03:00Z", zone_sao_paulo, 2018, 11, 4, 6, 60},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct local_time t = local_time(utc(cases[i].utc), cases[i].zone);
        assert_int_equal(t.year, cases[i].year);
        assert_int_equal(t.month, cases[i].month);
        assert_int_equal(t.dom, cases[i].dom);
        assert_int_equal(t.weekday, cases[i].weekday);
        assert_int_equal(t.minute, cases[i].minute);
        assert_int_equal(t.day, civil_day(t.year, t.month, t.dom));
    }
}

static const struct midnight {
    utc_offset_fn *zone;
    const char *date, *utc;
} midnights[] = {
    {zone_shanghai, "2026-01-01", "2025-12-31T16:00Z"},
    {zone_kolkata, "2026-07-01", "2026-06-30T18:30Z"},
    {zone_berlin, "2026-01-01", "2025-12-31T23:00Z"},
    {zone_berlin, "2026-03-29", "2026-03-28T23:00Z"}, /* 23 hours */
    {zone_berlin, "2026-03-30", "2026-03-29T22:00Z"},
    {zone_berlin, "2026-10-25", "2026-10-24T22:00Z"}, /* 25 hours */
    {zone_berlin, "2026-10-26", "2026-10-25T23:00Z"},
    {zone_sao_paulo, "2018-11-03", "2018-11-03T03:00Z"},
    {zone_sao_paulo, "2018-11-04", "2018-11-04T03:00Z"}, /* begins at 01:00 */
    {zone_sao_paulo, "2018-11-05", "2018-11-05T02:00Z"},
    {zone_sao_paulo, "2019-02-16", "2019-02-16T02:00Z"}, /* 23:00 comes twice */
    {zone_sao_paulo, "2019-02-17", "2019-02-17T03:00Z"},
    {zone_sao_paulo, "2019-02-18", "2019-02-18T03:00Z"},
    {zone_havana, "2026-03-08", "2026-03-08T05:00Z"}, /* begins at 01:00 */
    {zone_havana, "2026-11-01", "2026-11-01T04:00Z"}, /* the first of two midnights */
    {zone_havana, "2026-11-02", "2026-11-02T05:00Z"},
    {zone_toronto_1919, "1919-03-30", "1919-03-30T05:00Z"},
    {zone_toronto_1919, "1919-03-31", "1919-03-31T04:30Z"}, /* begins at 00:30 */
    {zone_toronto_1919, "1919-04-01", "1919-04-01T04:00Z"},
    {zone_st_johns_2010, "2010-11-07", "2010-11-07T02:30Z"}, /* one minute of it, then 23:01 */
    {zone_st_johns_2010, "2010-11-08", "2010-11-08T03:30Z"},
    {zone_apia_2011, "2011-12-29", "2011-12-29T10:00Z"},
    {zone_apia_2011, "2011-12-30", "2011-12-30T10:00Z"}, /* the day that was left out */
    {zone_apia_2011, "2011-12-31", "2011-12-30T10:00Z"},
    {zone_apia_2011, "2012-01-01", "2011-12-31T10:00Z"},
    {zone_lord_howe, "2026-04-05", "2026-04-04T13:00Z"},
    {zone_lord_howe, "2026-04-06", "2026-04-05T13:30Z"},
    {zone_lord_howe, "2026-10-04", "2026-10-03T13:30Z"},
    {zone_lord_howe, "2026-10-05", "2026-10-04T13:00Z"},
};

static void a_local_day_begins_at_midnight_or_the_first_instant_after(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof midnights / sizeof midnights[0]; i++) {
        const struct midnight *m = &midnights[i];
        int32_t day = 0;

        assert_int_equal(civil_day_parse(m->date, &day), ERR_OK);
        ms_t got = local_midnight(day, m->zone);
        if (got != utc(m->utc))
            print_error("%s: off by %lld ms\n", m->date, (long long)(got - utc(m->utc)));
        assert_int_equal(got, utc(m->utc));
    }
}

static void the_change_of_offset_is_found_to_the_millisecond(void **state) {
    (void)state;
    const ms_t change = (ms_t)1774746000 * MS_PER_S; /* see zone_berlin */

    assert_int_equal(local_change(change - 1, change, zone_berlin), change);
    assert_int_equal(local_change(change - MS_PER_HOUR + 1, change + 7, zone_berlin), change);
    assert_int_equal(local_change(change - 9 * MS_PER_DAY, change + MS_PER_DAY, zone_berlin),
                     change);
    /* none between: the end */
    assert_int_equal(local_change(change, change + MS_PER_DAY, zone_berlin), change + MS_PER_DAY);
    assert_int_equal(local_change(change - 5, change - 1, zone_berlin), change - 1);
    assert_int_equal(local_change(change, change, zone_berlin), change);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_counted_from_1970),
        cmocka_unit_test(months_outside_the_year_carry_over),
        cmocka_unit_test(every_day_of_400_years_there_and_back),
        cmocka_unit_test(dates_are_parsed),
        cmocka_unit_test(months_are_parsed),
        cmocka_unit_test(local_time_is_the_wall_clock),
        cmocka_unit_test(a_local_day_begins_at_midnight_or_the_first_instant_after),
        cmocka_unit_test(the_change_of_offset_is_found_to_the_millisecond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
