/* The simulator's local time, sun, clouds and PV. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/model_sun.h"

#define CHINA_S 28800

static ms_t utc(const char *text) {
    ms_t t = 0;

    assert_int_equal(iso8601_parse(text, 0, &t), 0);
    return t;
}

static void local_time_knows_days_weekdays_and_leap_years(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int day_of_year, weekday;
    } cases[] = {
        {"1970-01-01T12:00:00+08:00", 1, 3},   {"2024-12-31T12:00:00+08:00", 366, 1},
        {"2026-06-24T12:00:00+08:00", 175, 2}, {"2026-01-01T12:00:00+08:00", 1, 3},
        {"2023-12-31T12:00:00+08:00", 365, 6}, {"2024-02-29T12:00:00+08:00", 60, 3},
        {"2100-12-31T12:00:00+08:00", 365, 4},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct local_time at = local_time_of(utc(cases[i].text), CHINA_S);

        assert_int_equal(at.day_of_year, cases[i].day_of_year);
        assert_int_equal(at.weekday, cases[i].weekday);
        assert_true(at.hour > 11.999 && at.hour < 12.001);
    }
}

static void the_local_day_begins_at_local_midnight(void **state) {
    (void)state;
    ms_t midnight = utc("2026-03-05T00:00:00+08:00");

    assert_int_equal(local_time_of(midnight - 1, CHINA_S).day + 1,
                     local_time_of(midnight, CHINA_S).day);
    assert_true(local_time_of(midnight, CHINA_S).hour < 1e-9);
}

static void the_sun_follows_hour_and_season(void **state) {
    (void)state;
    struct local_time noon_june = local_time_of(utc("2026-06-21T12:00:00+08:00"), CHINA_S);
    struct local_time noon_december = local_time_of(utc("2026-12-21T12:00:00+08:00"), CHINA_S);
    struct local_time night = local_time_of(utc("2026-06-21T23:00:00+08:00"), CHINA_S);
    double june = sun_clear_w_m2(&noon_june), december = sun_clear_w_m2(&noon_december);

    assert_true(june > 950.0 && june < 1080.0);
    assert_true(december > 400.0 && december < 600.0);
    assert_true(sun_clear_w_m2(&night) <= 0.0 && sun_clear_w_m2(&night) >= 0.0);
}

static void clouds_pass_a_share_and_move_slowly(void **state) {
    (void)state;
    ms_t start = utc("2026-06-21T00:00:00+08:00");
    double least = 2.0, most = 0.0, before = sun_clouds(3, start);

    for (ms_t t = start; t < start + 86400000; t += MS_PER_S) {
        double share = sun_clouds(3, t);

        assert_true(share > 0.2 - 1e-9 && share < 1.0 + 1e-9);
        assert_true(share - before < 0.05 && before - share < 0.05);
        least = share < least ? share : least;
        most = share > most ? share : most;
        before = share;
    }
    assert_true(least < 0.6 && most > 0.95); /* a day has both */
}

static void pv_is_limited_by_its_inverter(void **state) {
    (void)state;
    assert_true(pv_output_kw(1000.0, 25.0, 150.0, 100.0) <= 100.0);
    assert_true(pv_output_kw(1000.0, 25.0, 150.0, 100.0) >= 100.0);
    assert_true(pv_output_kw(0.0, 25.0, 150.0, 100.0) <= 0.0);
    assert_true(pv_output_kw(500.0, 35.0, 100.0, 100.0) < pv_output_kw(500.0, 5.0, 100.0, 100.0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_time_knows_days_weekdays_and_leap_years),
        cmocka_unit_test(the_local_day_begins_at_local_midnight),
        cmocka_unit_test(the_sun_follows_hour_and_season),
        cmocka_unit_test(clouds_pass_a_share_and_move_slowly),
        cmocka_unit_test(pv_is_limited_by_its_inverter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
