/* Edges of slots, in zones with and without daylight saving. Expected instants were worked out with
 * Python's zoneinfo; the rest are properties that hold for every slot. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "calc/slot.h"
#include "zones.h"

#define BILLING_DAY 26

static ms_t utc(const char *text) {
    ms_t t = 0;
    assert_int_equal(iso8601_parse(text, 0, &t), ERR_OK);
    return t;
}

static void names_and_parts(void **state) {
    (void)state;
    static const struct {
        enum slot_period p, part;
        const char *name;
    } rows[] = {
        {SLOT_1M, SLOT_1M, "1m"}, {SLOT_15M, SLOT_1M, "15m"}, {SLOT_1H, SLOT_15M, "1h"},
        {SLOT_1D, SLOT_1H, "1d"}, {SLOT_1MO, SLOT_1D, "1mo"}, {SLOT_BILL, SLOT_1D, "bill"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(slot_name(rows[i].p), rows[i].name);
        assert_int_equal(slot_part(rows[i].p), rows[i].part);
    }
    assert_string_equal(slot_name(SLOT_PERIOD_COUNT), "unknown");
    assert_int_equal(slot_part(SLOT_PERIOD_COUNT), SLOT_1M);
}

static void no_period_is_a_slot_of_no_length(void **state) {
    (void)state;
    assert_int_equal(slot_start(SLOT_PERIOD_COUNT, 12345, zone_berlin, 1), 12345);
    assert_int_equal(slot_end(SLOT_PERIOD_COUNT, 12345, zone_berlin, 1), 12345);
}

static const struct edge_case {
    utc_offset_fn *zone;
    enum slot_period p;
    const char *t, *start, *end;
} edge_cases[] = {
    /* minutes and quarters: common edges, also before 1970 */
    {zone_shanghai, SLOT_1M, "2026-11-23T08:15:59.999Z", "2026-11-23T08:15Z", "2026-11-23T08:16Z"},
    {zone_kolkata, SLOT_15M, "2026-11-23T08:14:59.999Z", "2026-11-23T08:00Z", "2026-11-23T08:15Z"},
    {zone_kolkata, SLOT_15M, "1969-12-31T23:59:59.999Z", "1969-12-31T23:45Z", "1970-01-01T00:00Z"},
    /* hours of the local clock: 13:30..14:30 local is no hour, 13:00..14:00 is */
    {zone_shanghai, SLOT_1H, "2026-11-23T08:59Z", "2026-11-23T08:00Z", "2026-11-23T09:00Z"},
    {zone_kolkata, SLOT_1H, "2026-11-23T08:15Z", "2026-11-23T07:30Z", "2026-11-23T08:30Z"},
    {zone_berlin, SLOT_1H, "2026-03-29T00:30Z", "2026-03-29T00:00Z", "2026-03-29T01:00Z"},
    {zone_berlin, SLOT_1H, "2026-03-29T01:00Z", "2026-03-29T01:00Z", "2026-03-29T02:00Z"},
    {zone_berlin, SLOT_1H, "2026-10-25T00:59Z", "2026-10-25T00:00Z", "2026-10-25T01:00Z"},
    {zone_berlin, SLOT_1H, "2026-10-25T01:30Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"},
    /* Lord Howe goes from 02:00 to 02:30 at 15:30Z and from 02:00 back to 01:30 at 15:00Z: the
     * change is an edge, and the hour after it has 30 minutes */
    {zone_lord_howe, SLOT_1H, "2026-10-03T15:00Z", "2026-10-03T14:30Z", "2026-10-03T15:30Z"},
    {zone_lord_howe, SLOT_1H, "2026-10-03T15:45Z", "2026-10-03T15:30Z", "2026-10-03T16:00Z"},
    {zone_lord_howe, SLOT_1H, "2026-10-03T16:00Z", "2026-10-03T16:00Z", "2026-10-03T17:00Z"},
    {zone_lord_howe, SLOT_1H, "2026-04-04T14:59Z", "2026-04-04T14:00Z", "2026-04-04T15:00Z"},
    {zone_lord_howe, SLOT_1H, "2026-04-04T15:15Z", "2026-04-04T15:00Z", "2026-04-04T15:30Z"},
    {zone_lord_howe, SLOT_1H, "2026-04-04T15:30Z", "2026-04-04T15:30Z", "2026-04-04T16:30Z"},
    /* from 23:30 to 00:30 the day after: the change cuts the hour, the day begins with it */
    {zone_toronto_1919, SLOT_1H, "1919-03-31T04:29Z", "1919-03-31T04:00Z", "1919-03-31T04:30Z"},
    {zone_toronto_1919, SLOT_1H, "1919-03-31T04:30Z", "1919-03-31T04:30Z", "1919-03-31T05:00Z"},
    /* days of 24, 23 and 25 hours */
    {zone_shanghai, SLOT_1D, "2026-11-22T16:00Z", "2026-11-22T16:00Z", "2026-11-23T16:00Z"},
    {zone_kolkata, SLOT_1D, "2026-11-23T18:29Z", "2026-11-22T18:30Z", "2026-11-23T18:30Z"},
    {zone_berlin, SLOT_1D, "2026-03-29T12:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z"},
    {zone_berlin, SLOT_1D, "2026-10-25T12:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z"},
    {zone_sao_paulo, SLOT_1D, "2018-11-04T03:00Z", "2018-11-04T03:00Z", "2018-11-05T02:00Z"},
    {zone_sao_paulo, SLOT_1D, "2019-02-17T02:30Z", "2019-02-16T02:00Z", "2019-02-17T03:00Z"},
    {zone_havana, SLOT_1D, "2026-11-01T05:30Z", "2026-11-01T04:00Z", "2026-11-02T05:00Z"},
    {zone_toronto_1919, SLOT_1D, "1919-03-31T04:40Z", "1919-03-31T04:30Z", "1919-04-01T04:00Z"},
    /* the second 23:30 of 2010-11-06 belongs to 2010-11-07, which had begun */
    {zone_st_johns_2010, SLOT_1D, "2010-11-07T03:00Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z"},
    {zone_st_johns_2010, SLOT_1D, "2010-11-07T02:29Z", "2010-11-06T02:30Z", "2010-11-07T02:30Z"},
    {zone_apia_2011, SLOT_1D, "2011-12-30T09:00Z", "2011-12-29T10:00Z", "2011-12-30T10:00Z"},
    {zone_apia_2011, SLOT_1D, "2011-12-30T11:00Z", "2011-12-30T10:00Z", "2011-12-31T10:00Z"},
    /* months: 2026-02 has 28 days, 2024-02 has 29; March of Berlin is an hour short */
    {zone_shanghai, SLOT_1MO, "2026-02-28T15:59Z", "2026-01-31T16:00Z", "2026-02-28T16:00Z"},
    {zone_shanghai, SLOT_1MO, "2024-02-29T15:59Z", "2024-01-31T16:00Z", "2024-02-29T16:00Z"},
    {zone_shanghai, SLOT_1MO, "2026-12-31T15:59Z", "2026-11-30T16:00Z", "2026-12-31T16:00Z"},
    {zone_berlin, SLOT_1MO, "2026-03-15T00:00Z", "2026-02-28T23:00Z", "2026-03-31T22:00Z"},
    /* the month of Havana's two midnights */
    {zone_havana, SLOT_1MO, "2026-11-01T05:30Z", "2026-11-01T04:00Z", "2026-12-01T05:00Z"},
    {zone_havana, SLOT_1MO, "2026-11-01T03:59Z", "2026-10-01T04:00Z", "2026-11-01T04:00Z"},
    /* bills from the 26th: the day before it, the day, the turn of the year */
    {zone_shanghai, SLOT_BILL, "2026-11-25T15:59Z", "2026-10-25T16:00Z", "2026-11-25T16:00Z"},
    {zone_shanghai, SLOT_BILL, "2026-11-25T16:00Z", "2026-11-25T16:00Z", "2026-12-25T16:00Z"},
    {zone_shanghai, SLOT_BILL, "2026-12-31T20:00Z", "2026-12-25T16:00Z", "2027-01-25T16:00Z"},
    {zone_shanghai, SLOT_BILL, "2027-01-10T00:00Z", "2026-12-25T16:00Z", "2027-01-25T16:00Z"},
    {zone_shanghai, SLOT_BILL, "2026-03-01T00:00Z", "2026-02-25T16:00Z", "2026-03-25T16:00Z"},
    {zone_kolkata, SLOT_BILL, "2026-12-31T18:30Z", "2026-12-25T18:30Z", "2027-01-25T18:30Z"},
    {zone_berlin, SLOT_BILL, "2026-03-29T12:00Z", "2026-03-25T23:00Z", "2026-04-25T22:00Z"},
    {zone_berlin, SLOT_BILL, "2026-10-25T12:00Z", "2026-09-25T22:00Z", "2026-10-25T23:00Z"},
};

static void each_instant_is_in_its_slot(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof edge_cases / sizeof edge_cases[0]; i++) {
        const struct edge_case *c = &edge_cases[i];
        ms_t start = slot_start(c->p, utc(c->t), c->zone, BILLING_DAY);
        ms_t end = slot_end(c->p, start, c->zone, BILLING_DAY);

        if (start != utc(c->start) || end != utc(c->end))
            print_error("%s of %s: start off by %lld, end by %lld ms\n", slot_name(c->p), c->t,
                        (long long)(start - utc(c->start)), (long long)(end - utc(c->end)));
        assert_int_equal(start, utc(c->start));
        assert_int_equal(end, utc(c->end));
    }
}

static void billing_day_1_is_the_month(void **state) {
    (void)state;
    for (ms_t t = utc("2026-01-01"); t < utc("2027-01-01"); t += 7 * MS_PER_HOUR) {
        ms_t start = slot_start(SLOT_BILL, t, zone_berlin, 1);
        assert_int_equal(start, slot_start(SLOT_1MO, t, zone_berlin, BILLING_DAY));
        assert_int_equal(slot_end(SLOT_BILL, start, zone_berlin, 1),
                         slot_end(SLOT_1MO, start, zone_berlin, BILLING_DAY));
    }
}

/* Days around each change, and a whole year where it matters. */
static const struct walk {
    utc_offset_fn *zone;
    const char *from, *to;
} walks[] = {
    {zone_shanghai, "2026-12-20", "2027-01-05"},     {zone_kolkata, "2026-02-20", "2026-03-05"},
    {zone_berlin, "2026-01-01", "2027-01-01"},       {zone_sao_paulo, "2018-10-20", "2019-03-05"},
    {zone_havana, "2026-03-01", "2026-03-12"},       {zone_havana, "2026-10-24", "2026-11-05"},
    {zone_lord_howe, "2026-04-01", "2026-04-09"},    {zone_lord_howe, "2026-10-01", "2026-10-09"},
    {zone_toronto_1919, "1919-03-25", "1919-04-05"}, {zone_apia_2011, "2011-12-20", "2012-01-05"},
};

/* The slots of a part, one after the other, that fill [start, end) to the edge; their number. */
static int parts_between(enum slot_period part, ms_t start, ms_t end, utc_offset_fn *zone) {
    int n = 0;
    ms_t t = start;

    while (t < end) {
        ms_t next = slot_end(part, t, zone, BILLING_DAY);
        assert_int_equal(slot_start(part, t, zone, BILLING_DAY), t);
        assert_true(next > t);
        t = next;
        n++;
    }
    assert_int_equal(t, end);
    return n;
}

static void slots_follow_each_other_and_are_made_of_whole_parts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        for (unsigned k = SLOT_15M; k < SLOT_PERIOD_COUNT; k++) {
            const enum slot_period p = (enum slot_period)k;
            utc_offset_fn *zone = walks[i].zone;
            ms_t t = slot_start(p, utc(walks[i].from), zone, BILLING_DAY);

            while (t < utc(walks[i].to)) {
                ms_t end = slot_end(p, t, zone, BILLING_DAY);
                assert_true(end > t);
                assert_int_equal(slot_start(p, t, zone, BILLING_DAY), t);
                assert_int_equal(slot_start(p, end - 1, zone, BILLING_DAY), t);
                assert_int_equal(slot_start(p, end, zone, BILLING_DAY), end);
                parts_between(slot_part(p), t, end, zone);
                t = end;
            }
        }
    }
}

static void a_day_has_the_hours_and_quarters_of_its_length(void **state) {
    (void)state;
    static const struct {
        utc_offset_fn *zone;
        const char *noon;
        int hours, quarters;
    } cases[] = {
        {zone_shanghai, "2026-11-23T04:00Z", 24, 96},
        {zone_kolkata, "2026-11-23T06:30Z", 24, 96},
        {zone_berlin, "2026-03-29T10:00Z", 23, 92},
        {zone_berlin, "2026-10-25T11:00Z", 25, 100},
        {zone_berlin, "2026-10-26T11:00Z", 24, 96},
        {zone_sao_paulo, "2018-11-04T14:00Z", 23, 92},
        {zone_sao_paulo, "2019-02-16T14:00Z", 25, 100},
        {zone_havana, "2026-11-01T17:00Z", 25, 100},
        {zone_lord_howe, "2026-10-04T01:00Z", 24, 94}, /* 23 of 60 minutes and one of 30 */
        {zone_lord_howe, "2026-04-05T01:30Z", 25, 98}, /* 24 of 60 minutes and one of 30 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        utc_offset_fn *zone = cases[i].zone;
        ms_t start = slot_start(SLOT_1D, utc(cases[i].noon), zone, 1);
        ms_t end = slot_end(SLOT_1D, start, zone, 1);

        assert_int_equal(parts_between(SLOT_1H, start, end, zone), cases[i].hours);
        assert_int_equal(parts_between(SLOT_15M, start, end, zone), cases[i].quarters);
    }
}

static void an_hour_has_four_quarters_and_a_quarter_15_minutes(void **state) {
    (void)state;
    ms_t from = utc("2026-10-24T22:00Z"), to = utc("2026-10-25T23:00Z");

    for (ms_t t = from; t < to; t = slot_end(SLOT_1H, t, zone_berlin, 1))
        assert_int_equal(parts_between(SLOT_15M, t, t + MS_PER_HOUR, zone_berlin), 4);
    assert_int_equal(slot_ms(SLOT_1M), 60000);
    assert_int_equal(slot_ms(SLOT_15M), 900000);
    assert_int_equal(parts_between(SLOT_1M, from, from + 900000, zone_berlin), 15);
}

/* 1d, 1mo and bill of the zone whose clock showed the end of a day a second time: its 1h and 15m
 * edges are off by the minute of that change. */
static void days_follow_each_other_when_the_clock_goes_back_over_midnight(void **state) {
    (void)state;
    static const enum slot_period periods[] = {SLOT_1D, SLOT_1MO, SLOT_BILL};

    for (size_t i = 0; i < 3; i++) {
        for (ms_t t = utc("2010-10-20"); t < utc("2010-12-28"); t += 13 * MS_PER_MIN) {
            ms_t start = slot_start(periods[i], t, zone_st_johns_2010, 7);
            ms_t end = slot_end(periods[i], start, zone_st_johns_2010, 7);

            assert_true(start <= t && t < end);
            assert_int_equal(slot_start(periods[i], end, zone_st_johns_2010, 7), end);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_parts),
        cmocka_unit_test(no_period_is_a_slot_of_no_length),
        cmocka_unit_test(each_instant_is_in_its_slot),
        cmocka_unit_test(billing_day_1_is_the_month),
        cmocka_unit_test(slots_follow_each_other_and_are_made_of_whole_parts),
        cmocka_unit_test(a_day_has_the_hours_and_quarters_of_its_length),
        cmocka_unit_test(an_hour_has_four_quarters_and_a_quarter_15_minutes),
        cmocka_unit_test(days_follow_each_other_when_the_clock_goes_back_over_midnight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
