/* Which period a minute belongs to, how a slot is split, and what the check of a day finds. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "calc/tariff.h"
#include "henan_days.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ALL         0xFFF
#define AT(h, m)    ((h)*60 + (m))

/* Months as bits, from a list such as "1 12". */
#define M(n) (1 << ((n)-1))

static int shanghai(ms_t utc_ms) {
    (void)utc_ms;
    return 8 * 3600;
}

/* Until 1901 local mean time stood 8 h 5 min 43 s east. */
static int local_mean_time(ms_t utc_ms) {
    (void)utc_ms;
    return 8 * 3600 + 5 * 60 + 43;
}

/* Berlin in 2024: summer time from 31 March 01:00 UTC to 27 October 01:00 UTC. */
static int berlin(ms_t utc_ms) {
    ms_t from = (ms_t)civil_day(2024, 3, 31) * MS_PER_DAY + MS_PER_HOUR;
    ms_t to = (ms_t)civil_day(2024, 10, 27) * MS_PER_DAY + MS_PER_HOUR;
    return utc_ms >= from && utc_ms < to ? 7200 : 3600;
}

/* The UTC instant of a minute of a Shanghai day. */
static ms_t at(int year, int month, int dom, int minute) {
    return (ms_t)civil_day(year, month, dom) * MS_PER_DAY + (ms_t)minute * MS_PER_MIN -
           8 * MS_PER_HOUR;
}

static struct tariff_version version(const struct tariff_window *windows, size_t count) {
    return (struct tariff_version){.id = "test",
                                   .from_day = INT32_MIN,
                                   .to_day = INT32_MAX,
                                   .windows = windows,
                                   .window_count = count};
}

/* Letters of the periods of a day, one a step of minutes, compared minute by minute. */
static void assert_day(const struct tariff_version *v, int month, enum day_type type,
                       const char *letters) {
    int step = 1440 / (int)strlen(letters);
    for (int minute = 0; minute < 1440; minute++) {
        char got = period_letter((int)tariff_resolve(v, month, type, minute));
        if (got != letters[minute / step])
            fail_msg("month %d, day type %d, %02d:%02d: %c instead of %c", month, (int)type,
                     minute / 60, minute % 60, got, letters[minute / step]);
    }
}

static void assert_fills_the_day(const struct tariff_version *v) {
    struct tariff_hole h;
    assert_int_equal(tariff_check(v, &h), ERR_OK);
}

/* ---- provinces -------------------------------------------------------------------------- */

/* 豫发改价管〔2024〕283号, as a public table of provincial notices has it. */
static const struct tariff_window henan[] = {
    {M(1) | M(12), DAY_ANY, AT(17, 0), AT(19, 0), TARIFF_SHARP, 1, 1},
    {M(7) | M(8), DAY_ANY, AT(20, 0), AT(23, 0), TARIFF_SHARP, 1, 2},
    {ALL, DAY_ANY, AT(16, 0), AT(24, 0), TARIFF_PEAK, 2, 3},
    {M(1) | M(2) | M(6) | M(7) | M(8) | M(12), DAY_ANY, 0, AT(7, 0), TARIFF_VALLEY, 3, 4},
    {M(3) | M(4) | M(5) | M(9) | M(10) | M(11), DAY_ANY, 0, AT(6, 0), TARIFF_VALLEY, 3, 5},
    {M(3) | M(4) | M(5) | M(9) | M(10) | M(11), DAY_ANY, AT(11, 0), AT(14, 0), TARIFF_VALLEY, 3, 6},
    {ALL, DAY_ANY, 0, AT(24, 0), TARIFF_FLAT, 9, 7},
};

static void henan_resolves_every_minute_of_every_month(void **state) {
    (void)state;
    struct tariff_version v = version(henan, COUNT(henan));
    assert_fills_the_day(&v);
    for (int month = 1; month <= 12; month++) {
        for (size_t i = 0; i < TARIFF_DAY_TYPES; i++)
            assert_day(&v, month, tariff_day_types[i], henan_days[month - 1]);
    }
}

/* 豫发改价管〔2022〕867号: the valley runs from 23:00 to 07:00, split at midnight by the reader. */
static void a_valley_across_midnight_is_one_on_both_sides(void **state) {
    (void)state;
    static const struct tariff_window windows[] = {
        {ALL, DAY_ANY, AT(10, 0), AT(14, 0), TARIFF_PEAK, 2, 1},
        {ALL, DAY_ANY, AT(17, 0), AT(21, 0), TARIFF_PEAK, 2, 2},
        {ALL, DAY_ANY, AT(23, 0), AT(24, 0), TARIFF_VALLEY, 3, 3},
        {ALL, DAY_ANY, 0, AT(7, 0), TARIFF_VALLEY, 3, 3},
        {ALL, DAY_ANY, 0, AT(24, 0), TARIFF_FLAT, 9, 4},
    };
    struct tariff_version v = version(windows, COUNT(windows));
    assert_fills_the_day(&v);
    for (int month = 1; month <= 12; month++)
        assert_day(&v, month, DAY_WORKDAY, HENAN_2022);
}

/* Edges on the half hour, as Liaoning (07:30) and Jiangxi (20:30) have them; the other hours are
 * made up. One letter a half hour. */
static void edges_may_stand_on_the_half_hour(void **state) {
    (void)state;
    static const struct tariff_window windows[] = {
        {ALL, DAY_ANY, 0, AT(7, 30), TARIFF_VALLEY, 3, 1},
        {ALL, DAY_ANY, AT(7, 30), AT(17, 0), TARIFF_FLAT, 3, 2},
        {ALL, DAY_ANY, AT(17, 0), AT(20, 30), TARIFF_PEAK, 3, 3},
        {ALL, DAY_ANY, AT(20, 30), AT(24, 0), TARIFF_FLAT, 3, 4},
    };
    struct tariff_version v = version(windows, COUNT(windows));
    assert_fills_the_day(&v);
    assert_day(&v, 5, DAY_WORKDAY, "VVVVVVVVVVVVVVVFFFFFFFFFFFFFFFFFFFPPPPPPPFFFFFFF");
}

/* Fujian writes flat as 00:00 to 24:00 and lets the others lie on it. */
static void a_default_of_lowest_priority_fills_what_is_left(void **state) {
    (void)state;
    static const struct tariff_window windows[] = {
        {ALL, DAY_ANY, 0, AT(24, 0), TARIFF_FLAT, 100, 1},
        {ALL, DAY_ANY, AT(10, 0), AT(12, 0), TARIFF_PEAK, 20, 2},
        {ALL, DAY_ANY, AT(11, 0), AT(12, 0), TARIFF_SHARP, 10, 3},
    };
    struct tariff_version v = version(windows, COUNT(windows));
    assert_fills_the_day(&v);
    assert_day(&v, 8, DAY_HOLIDAY, "FFFFFFFFFFPSFFFFFFFFFFFF");
    v = version(windows, 1);
    assert_fills_the_day(&v);
    assert_day(&v, 8, DAY_HOLIDAY, "FFFFFFFFFFFFFFFFFFFFFFFF");
}

/* A deep valley at noon of holidays, as in Jiangxi and Anhui; a sharp hour of hot days, as in
 * Sichuan and Guangdong. Hours are made up. */
static void a_day_type_chooses_its_windows(void **state) {
    (void)state;
    static const struct tariff_window windows[] = {
        {ALL, DAY_HOLIDAY, AT(12, 0), AT(14, 0), TARIFF_DEEP, 1, 1},
        {ALL, DAY_HOT, AT(15, 0), AT(16, 0), TARIFF_SHARP, 2, 2},
        {ALL, DAY_WORKDAY, AT(16, 0), AT(24, 0), TARIFF_PEAK, 3, 3},
        {ALL, DAY_WEEKEND | DAY_HOLIDAY, AT(20, 0), AT(24, 0), TARIFF_PEAK, 3, 4},
        {ALL, DAY_ANY, 0, AT(24, 0), TARIFF_FLAT, 9, 5},
    };
    struct tariff_version v = version(windows, COUNT(windows));
    assert_fills_the_day(&v);
    assert_day(&v, 10, DAY_WORKDAY, "FFFFFFFFFFFFFFFFPPPPPPPP");
    assert_day(&v, 10, DAY_WEEKEND, "FFFFFFFFFFFFFFFFFFFFPPPP");
    assert_day(&v, 10, DAY_HOLIDAY, "FFFFFFFFFFFFDDFFFFFFPPPP");
    assert_day(&v, 10, (enum day_type)(DAY_WORKDAY | DAY_HOT), "FFFFFFFFFFFFFFFSPPPPPPPP");
    assert_day(&v, 10, (enum day_type)(DAY_HOLIDAY | DAY_HOT), "FFFFFFFFFFFFDDFSFFFFPPPP");
}

/* ---- days ------------------------------------------------------------------------------- */

/* Weekdays of October 2024 from a calendar: the 1st is a Tuesday. Saturday the 12th was worked. */
static void a_holiday_comes_before_a_worked_weekend_day(void **state) {
    (void)state;
    const int32_t holidays[] = {civil_day(2024, 10, 1), civil_day(2024, 10, 2),
                                civil_day(2024, 10, 5)};
    const int32_t workdays[] = {civil_day(2024, 9, 29), civil_day(2024, 10, 5),
                                civil_day(2024, 10, 12)};
    const struct tariff t = {
        .holidays = holidays, .holiday_count = 3, .workdays = workdays, .workday_count = 3};
    static const struct {
        int month, dom;
        enum day_type type;
    } days[] = {
        {9, 28, DAY_WEEKEND},  {9, 29, DAY_WORKDAY},  {9, 30, DAY_WORKDAY},  {10, 1, DAY_HOLIDAY},
        {10, 2, DAY_HOLIDAY},  {10, 3, DAY_WORKDAY},  {10, 4, DAY_WORKDAY},  {10, 5, DAY_HOLIDAY},
        {10, 6, DAY_WEEKEND},  {10, 11, DAY_WORKDAY}, {10, 12, DAY_WORKDAY}, {10, 13, DAY_WEEKEND},
        {10, 14, DAY_WORKDAY},
    };
    for (size_t i = 0; i < COUNT(days); i++)
        assert_int_equal(tariff_day_type(&t, civil_day(2024, days[i].month, days[i].dom)),
                         days[i].type);
    const struct tariff none = {0};
    assert_int_equal(tariff_day_type(&none, civil_day(2024, 10, 1)), DAY_WORKDAY);
    assert_int_equal(tariff_day_type(&none, civil_day(2024, 10, 5)), DAY_WEEKEND);
}

static void periods_have_names(void **state) {
    (void)state;
    static const char *const names[] = {"sharp", "peak", "flat", "valley", "deep"};
    enum tariff_period p = TARIFF_PERIODS;
    for (int i = 0; i < TARIFF_PERIODS; i++) {
        assert_string_equal(tariff_period_str((enum tariff_period)i), names[i]);
        assert_true(tariff_period_parse(names[i], &p));
        assert_int_equal(p, i);
    }
    assert_false(tariff_period_parse("Peak", &p));
    assert_int_equal(p, TARIFF_DEEP);
    assert_string_equal(tariff_period_str(TARIFF_PERIODS), "unknown");
}

/* ---- versions and slots ------------------------------------------------------------------ */

static const struct tariff_window all_flat[] = {{ALL, DAY_ANY, 0, 1440, TARIFF_FLAT, 9, 1}};
static const struct tariff_window all_peak[] = {{ALL, DAY_ANY, 0, 1440, TARIFF_PEAK, 9, 1}};

static struct tariff two_versions(struct tariff_version v[2]) {
    v[0] = version(all_flat, 1);
    v[0].from_day = civil_day(2022, 11, 1);
    v[0].to_day = civil_day(2024, 6, 1);
    v[1] = version(all_peak, 1);
    v[1].from_day = civil_day(2024, 6, 1);
    return (struct tariff){.versions = v, .version_count = 2};
}

static void a_version_counts_from_its_first_day_to_the_day_before_its_last(void **state) {
    (void)state;
    struct tariff_version v[2];
    struct tariff t = two_versions(v);
    assert_null(tariff_at(&t, civil_day(2022, 10, 31)));
    assert_ptr_equal(tariff_at(&t, civil_day(2022, 11, 1)), &v[0]);
    assert_ptr_equal(tariff_at(&t, civil_day(2024, 5, 31)), &v[0]);
    assert_ptr_equal(tariff_at(&t, civil_day(2024, 6, 1)), &v[1]);
    assert_ptr_equal(tariff_at(&t, civil_day(2099, 1, 1)), &v[1]);
}

static void assert_split(const struct tariff *t, ms_t start, ms_t end, utc_offset_fn *zone,
                         double sharp, double peak, double flat, double valley) {
    const double want[TARIFF_PERIODS] = {sharp, peak, flat, valley, 0};
    double got[TARIFF_PERIODS];
    assert_true(tariff_split(t, start, end, zone, got));
    for (int i = 0; i < TARIFF_PERIODS; i++) {
        if (!(fabs(got[i] - want[i]) < 1e-12))
            fail_msg("%s: %.15g instead of %.15g", tariff_period_str((enum tariff_period)i), got[i],
                     want[i]);
    }
}

static void assert_no_split(const struct tariff *t, ms_t start, ms_t end) {
    double got[TARIFF_PERIODS] = {1, 1, 1, 1, 1};
    assert_false(tariff_split(t, start, end, shanghai, got));
    for (int i = 0; i < TARIFF_PERIODS; i++)
        assert_true(got[i] == 0);
}

/* 23:53 to 00:08 at the change: 7 minutes by the old version, 8 by the new one. */
static void a_slot_across_the_change_of_versions_is_split_at_midnight(void **state) {
    (void)state;
    struct tariff_version v[2];
    struct tariff t = two_versions(v);
    assert_split(&t, at(2024, 5, 31, 1433), at(2024, 6, 1, 8), shanghai, 0, 8 / 15.0, 7 / 15.0, 0);
    assert_split(&t, at(2024, 5, 31, 1425), at(2024, 6, 1, 0), shanghai, 0, 0, 1, 0);
    assert_split(&t, at(2024, 6, 1, 0), at(2024, 6, 1, 15), shanghai, 0, 1, 0, 0);
}

static void a_slot_outside_every_version_has_no_split(void **state) {
    (void)state;
    struct tariff_version v[2];
    struct tariff t = two_versions(v);
    assert_no_split(&t, at(2022, 10, 31, 1430), at(2022, 11, 1, 5)); /* only its first part */
    assert_no_split(&t, at(2022, 10, 31, 600), at(2022, 10, 31, 615));
    v[1].to_day = civil_day(2024, 6, 2);
    assert_no_split(&t, at(2024, 6, 1, 1430), at(2024, 6, 2, 5));
    assert_no_split(&t, at(2024, 6, 1, 10), at(2024, 6, 1, 10)); /* nothing between */
    v[1].window_count = 0;                                       /* a version with a hole */
    assert_no_split(&t, at(2024, 6, 1, 0), at(2024, 6, 1, 15));
}

/* Henan, 15 January 2025: 16:55 peak, 17:00 sharp, 19:00 peak. The whole day: 7 h valley, 9 h flat,
 * 6 h peak, 2 h sharp. January: the same shares. */
static void a_slot_is_split_at_the_edges_of_its_windows(void **state) {
    (void)state;
    struct tariff_version v = version(henan, COUNT(henan));
    struct tariff t = {.versions = &v, .version_count = 1};
    assert_split(&t, at(2025, 1, 15, AT(16, 45)), at(2025, 1, 15, AT(17, 0)), shanghai, 0, 1, 0, 0);
    assert_split(&t, at(2025, 1, 15, AT(17, 0)), at(2025, 1, 15, AT(17, 15)), shanghai, 1, 0, 0, 0);
    assert_split(&t, at(2025, 1, 15, AT(16, 50)), at(2025, 1, 15, AT(17, 5)), shanghai, 1 / 3.0,
                 2 / 3.0, 0, 0);
    assert_split(&t, at(2025, 1, 15, 0), at(2025, 1, 16, 0), shanghai, 2 / 24.0, 6 / 24.0, 9 / 24.0,
                 7 / 24.0);
    assert_split(&t, at(2025, 1, 1, 0), at(2025, 2, 1, 0), shanghai, 2 / 24.0, 6 / 24.0, 9 / 24.0,
                 7 / 24.0);
    /* to the millisecond: 16:59:30.250 to 17:00:30.250 is 29.75 s of peak */
    ms_t edge = at(2025, 1, 15, AT(17, 0));
    assert_split(&t, edge - 29750, edge + 30250, shanghai, 30250 / 60000.0, 29750 / 60000.0, 0, 0);
}

/* Saturday 12 October 2024 is worked, Sunday the 13th is not; both sides of that midnight. */
static void a_slot_across_midnight_takes_each_day_as_it_is(void **state) {
    (void)state;
    static const struct tariff_window windows[] = {
        {ALL, DAY_WORKDAY, 0, 1440, TARIFF_PEAK, 1, 1},
        {ALL, DAY_ANY, 0, 1440, TARIFF_VALLEY, 9, 2},
    };
    struct tariff_version v = version(windows, COUNT(windows));
    const int32_t worked = civil_day(2024, 10, 12);
    struct tariff t = {.versions = &v, .version_count = 1, .workdays = &worked, .workday_count = 1};
    assert_split(&t, at(2024, 10, 12, 1435), at(2024, 10, 13, 10), shanghai, 0, 1 / 3.0, 0,
                 2 / 3.0);
}

/* A valley from 00:00 to 03:00 has 2 hours of 23 when the clock goes forward at 02:00 and 4 of 25
 * when it goes back at 03:00. */
static void the_clock_changes_inside_a_window(void **state) {
    (void)state;
    static const struct tariff_window windows[] = {
        {ALL, DAY_ANY, 0, AT(3, 0), TARIFF_VALLEY, 1, 1},
        {ALL, DAY_ANY, 0, 1440, TARIFF_FLAT, 9, 2},
    };
    struct tariff_version v = version(windows, COUNT(windows));
    struct tariff t = {.versions = &v, .version_count = 1};
    ms_t spring = (ms_t)civil_day(2024, 3, 31) * MS_PER_DAY - MS_PER_HOUR;
    ms_t autumn = (ms_t)civil_day(2024, 10, 27) * MS_PER_DAY - 2 * MS_PER_HOUR;
    assert_split(&t, spring, spring + 23 * MS_PER_HOUR, berlin, 0, 0, 21 / 23.0, 2 / 23.0);
    assert_split(&t, autumn, autumn + 25 * MS_PER_HOUR, berlin, 0, 0, 21 / 25.0, 4 / 25.0);
}

/* Local 07:00 of 1 January 1890 is 22:54:17 UTC of the day before: 17 s of that minute lie before
 * the edge, 43 s after it. */
static void an_offset_of_odd_seconds_shifts_the_edge(void **state) {
    (void)state;
    struct tariff_version v = version(henan, COUNT(henan));
    struct tariff t = {.versions = &v, .version_count = 1};
    ms_t minute = (ms_t)civil_day(1889, 12, 31) * MS_PER_DAY + (22 * 60 + 54) * MS_PER_MIN;
    assert_split(&t, minute, minute + MS_PER_MIN, local_mean_time, 0, 0, 43 / 60.0, 17 / 60.0);
}

/* ---- the check ---------------------------------------------------------------------------- */

static void assert_hole(const struct tariff_hole *h, int month, enum day_type type, int minute,
                        int until, int line_a, int line_b) {
    assert_int_equal(h->month, month);
    assert_int_equal(h->type, type);
    assert_int_equal(h->minute, minute);
    assert_int_equal(h->until, until);
    assert_int_equal(h->line_a, line_a);
    assert_int_equal(h->line_b, line_b);
}

static void the_check_finds_the_first_minute_without_a_period(void **state) {
    (void)state;
    static const struct tariff_window windows[] = {
        {ALL & ~M(3), DAY_ANY, 0, 1440, TARIFF_FLAT, 9, 1},
        {M(3), DAY_ANY, 0, AT(11, 0), TARIFF_FLAT, 9, 2},
        {M(3), DAY_ANY, AT(14, 0), AT(23, 59), TARIFF_FLAT, 9, 3},
    };
    struct tariff_version v = version(windows, COUNT(windows));
    struct tariff_hole h;
    assert_int_equal(tariff_check(&v, &h), ERR_RANGE);
    assert_hole(&h, 3, DAY_WORKDAY, AT(11, 0), AT(14, 0), 0, 0);
    assert_int_equal(tariff_resolve(&v, 3, DAY_WORKDAY, AT(11, 0)), TARIFF_PERIODS);
    assert_int_equal(tariff_check_day(&v, 3, DAY_WORKDAY, h.until, &h), ERR_RANGE);
    assert_hole(&h, 3, DAY_WORKDAY, AT(23, 59), 1440, 0, 0);
    assert_int_equal(tariff_check_day(&v, 3, DAY_WORKDAY, h.until, &h), ERR_OK);
    assert_int_equal(tariff_check_day(&v, 4, DAY_WORKDAY, 0, &h), ERR_OK);
    v.window_count = 0;
    assert_int_equal(tariff_check(&v, &h), ERR_RANGE);
    assert_hole(&h, 1, DAY_WORKDAY, 0, 1440, 0, 0);
}

static void the_check_finds_a_day_type_without_a_period(void **state) {
    (void)state;
    static const struct tariff_window windows[] = {
        {ALL, DAY_WORKDAY | DAY_WEEKEND, 0, 1440, TARIFF_FLAT, 9, 1},
        {ALL, DAY_HOLIDAY, 0, AT(12, 0), TARIFF_DEEP, 9, 2},
    };
    struct tariff_version v = version(windows, COUNT(windows));
    struct tariff_hole h;
    assert_int_equal(tariff_check(&v, &h), ERR_RANGE);
    assert_hole(&h, 1, DAY_HOLIDAY, AT(12, 0), 1440, 0, 0);
}

static void the_check_finds_two_windows_of_equal_priority(void **state) {
    (void)state;
    struct tariff_window windows[] = {
        {M(12), DAY_ANY, AT(16, 0), AT(18, 0), TARIFF_SHARP, 5, 11},
        {M(11) | M(12), DAY_ANY, AT(17, 0), AT(19, 0), TARIFF_PEAK, 5, 12},
        {ALL, DAY_ANY, 0, 1440, TARIFF_FLAT, 9, 13},
        {ALL, DAY_HOLIDAY, AT(17, 0), AT(18, 0), TARIFF_DEEP, 4, 14},
    };
    struct tariff_version v = version(windows, COUNT(windows));
    struct tariff_hole h;
    assert_int_equal(tariff_check(&v, &h), ERR_RANGE);
    assert_hole(&h, 12, DAY_WORKDAY, AT(17, 0), AT(18, 0), 11, 12);
    /* on a holiday the deep valley lies above both */
    assert_int_equal(tariff_check_day(&v, 12, DAY_HOLIDAY, 0, &h), ERR_OK);
    windows[1].from_min = AT(18, 0); /* they only touch */
    assert_fills_the_day(&v);
    windows[1].from_min = AT(17, 0);
    windows[1].priority = 6;
    assert_fills_the_day(&v);
}

/* A window for hot days has to differ in priority from what lies below it on every day. */
static void the_check_looks_at_hot_days_too(void **state) {
    (void)state;
    static const struct tariff_window windows[] = {
        {ALL, DAY_ANY, 0, 1440, TARIFF_FLAT, 9, 1},
        {M(8), DAY_HOT, AT(15, 0), AT(17, 0), TARIFF_SHARP, 9, 2},
    };
    struct tariff_version v = version(windows, COUNT(windows));
    struct tariff_hole h;
    assert_int_equal(tariff_check(&v, &h), ERR_RANGE);
    assert_hole(&h, 8, (enum day_type)(DAY_WORKDAY | DAY_HOT), AT(15, 0), AT(17, 0), 1, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(henan_resolves_every_minute_of_every_month),
        cmocka_unit_test(a_valley_across_midnight_is_one_on_both_sides),
        cmocka_unit_test(edges_may_stand_on_the_half_hour),
        cmocka_unit_test(a_default_of_lowest_priority_fills_what_is_left),
        cmocka_unit_test(a_day_type_chooses_its_windows),
        cmocka_unit_test(a_holiday_comes_before_a_worked_weekend_day),
        cmocka_unit_test(periods_have_names),
        cmocka_unit_test(a_version_counts_from_its_first_day_to_the_day_before_its_last),
        cmocka_unit_test(a_slot_across_the_change_of_versions_is_split_at_midnight),
        cmocka_unit_test(a_slot_outside_every_version_has_no_split),
        cmocka_unit_test(a_slot_is_split_at_the_edges_of_its_windows),
        cmocka_unit_test(a_slot_across_midnight_takes_each_day_as_it_is),
        cmocka_unit_test(the_clock_changes_inside_a_window),
        cmocka_unit_test(an_offset_of_odd_seconds_shifts_the_edge),
        cmocka_unit_test(the_check_finds_the_first_minute_without_a_period),
        cmocka_unit_test(the_check_finds_a_day_type_without_a_period),
        cmocka_unit_test(the_check_finds_two_windows_of_equal_priority),
        cmocka_unit_test(the_check_looks_at_hot_days_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
