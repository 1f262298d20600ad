/* The body of /api/v1/completeness: sums over devices and days, what is unknown, what meets. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "store_fixture.h"
#include "web/completeness_body.h"
#include "zones.h"

#define JULY (2026 * 12 + 6)
/* 2026-07-03 10:00 in Shanghai (date -d '2026-07-03 10:00 +0800' +%s) */
#define NOW ((ms_t)1783044000000)

static struct works w;
static struct device_month months[WORKS_DEVICES];

/* Three days; grid has 90 of 96 each day, pv nothing on the second, the battery is disabled. */
static void fill(void) {
    works_points(&w);
    works_devices(&w);
    w.site = (struct site){.devices = w.devices, .device_count = WORKS_DEVICES};
    w.devices[BMS].enabled = false;
    for (int d = 0; d < WORKS_DEVICES; d++) {
        months[d].day_month_deviation = (double)NAN;
        for (int i = 0; i < MONTH_DAYS; i++) {
            months[d].day[i] = (struct completeness){0};
            months[d].boundary_ms[i] = (double)NAN;
        }
    }
    for (int i = 0; i < 3; i++) {
        uint32_t expected = i < 2 ? 96 : 40;
        months[GRID].day[i] = (struct completeness){expected, expected - 6, 30};
        months[PV].day[i] = (struct completeness){expected, i == 1 ? 0 : expected, 20};
        months[BMS].day[i] = (struct completeness){7, 7, 7};
    }
    months[GRID].boundary_ms[0] = 900;
    months[GRID].boundary_ms[1] = 61500;
    months[GRID].day_month_deviation = 0.01234;
    months[PV].day_month_deviation = 0.5;
}

static json_t *body(bool has_platform, ms_t now) {
    static char memory[16384];
    const struct completeness_view v = {.site = &w.site,
                                        .month = JULY,
                                        .now = now,
                                        .has_platform = has_platform,
                                        .devices = months};
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    completeness_write(&b, &v, zone_shanghai);
    assert_true(buf_ok(&b));
    json_t *j = json_loads(b.data, 0, NULL);
    assert_non_null(j);
    return j;
}

static json_int_t count(const json_t *j, const char *name) {
    return json_integer_value(json_object_get(j, name));
}

static double number(const json_t *j, const char *name) {
    const json_t *v = json_object_get(j, name);
    assert_non_null(v);
    return json_is_null(v) ? (double)NAN : json_number_value(v);
}

static const json_t *item(const json_t *j, const char *list, size_t i) {
    return json_array_get(json_object_get(j, list), i);
}

/* Expected 2 x (96 + 96 + 40) = 464; stored 90 + 90 + 34 + 96 + 0 + 40 = 350; acknowledged 3 x 50.
 * 350 / 464 = 0.7543, 150 / 464 = 0.3233. */
static void the_site_is_the_sum_of_its_enabled_devices(void **state) {
    (void)state;
    fill();
    json_t *j = body(true, NOW);
    const json_t *site = json_object_get(j, "site");
    assert_string_equal(json_string_value(json_object_get(j, "month")), "2026-07");
    assert_string_equal(json_string_value(json_object_get(j, "t")), "2026-07-03T10:00:00+08:00");
    assert_int_equal(count(site, "expected"), 464);
    assert_int_equal(count(site, "stored"), 350);
    assert_int_equal(count(site, "acknowledged"), 150);
    assert_near(number(site, "ratio"), 0.7543, 1e-9);
    assert_near(number(site, "acknowledged_ratio"), 0.3233, 1e-9);
    assert_true(json_is_false(json_object_get(site, "meets")));
    assert_near(number(site, "day_month_deviation"), 0.5, 1e-9); /* the worst device's */
    assert_near(number(site, "boundary_error_s"), 61.5, 1e-9);
    json_decref(j);
}

/* Day 2: 90 of 192 = 0.4688; day 1: 186 of 192 = 0.9688. */
static void days_that_have_begun_are_listed(void **state) {
    (void)state;
    fill();
    json_t *j = body(true, NOW);
    assert_int_equal(json_array_size(json_object_get(j, "days")), 3);
    assert_string_equal(json_string_value(json_object_get(item(j, "days", 2), "day")),
                        "2026-07-03");
    assert_int_equal(count(item(j, "days", 0), "slots"), 96);
    assert_int_equal(count(item(j, "days", 2), "slots"), 40);
    assert_near(number(item(j, "days", 0), "ratio"), 0.9688, 1e-9);
    assert_true(json_is_true(json_object_get(item(j, "days", 0), "meets")));
    assert_near(number(item(j, "days", 1), "ratio"), 0.4688, 1e-9);
    assert_true(json_is_false(json_object_get(item(j, "days", 1), "meets")));
    json_decref(j);
    j = body(true, NOW + 60 * MS_PER_DAY);
    assert_int_equal(json_array_size(json_object_get(j, "days")), 31);
    json_decref(j);
    j = body(true, NOW - 10 * MS_PER_DAY);
    assert_int_equal(json_array_size(json_object_get(j, "days")), 0);
    assert_true(isnan(number(json_object_get(j, "site"), "ratio")));
    assert_true(json_is_null(json_object_get(json_object_get(j, "site"), "meets")));
    json_decref(j);
}

/* grid: 214 of 232 = 0.9224. */
static void devices_tell_their_days_in_the_order_of_the_days(void **state) {
    (void)state;
    fill();
    json_t *j = body(true, NOW);
    assert_int_equal(json_array_size(json_object_get(j, "devices")), 2);
    const json_t *grid = item(j, "devices", 0), *pv = item(j, "devices", 1);
    assert_string_equal(json_string_value(json_object_get(grid, "id")), "grid");
    assert_near(number(grid, "ratio"), 0.9224, 1e-9);
    assert_true(json_is_true(json_object_get(grid, "meets")));
    assert_near(number(grid, "day_month_deviation"), 0.0123, 1e-9);
    assert_near(number(grid, "boundary_error_s"), 61.5, 1e-9);
    assert_true(isnan(number(pv, "boundary_error_s")));
    assert_int_equal(json_array_size(json_object_get(pv, "stored_by_day")), 3);
    assert_int_equal(json_integer_value(item(pv, "stored_by_day", 0)), 96);
    assert_int_equal(json_integer_value(item(pv, "stored_by_day", 1)), 0);
    assert_int_equal(json_integer_value(item(pv, "acknowledged_by_day", 2)), 20);
    assert_near(json_number_value(item(grid, "boundary_error_s_by_day", 0)), 0.9, 1e-9);
    assert_true(json_is_null(item(grid, "boundary_error_s_by_day", 2)));
    json_decref(j);
}

static void nine_tenths_are_enough_and_less_is_not(void **state) {
    (void)state;
    fill();
    w.devices[PV].enabled = false;
    for (int i = 0; i < 3; i++)
        months[GRID].day[i] = (struct completeness){100, 90, 0};
    json_t *j = body(true, NOW);
    assert_true(json_is_true(json_object_get(json_object_get(j, "site"), "meets")));
    json_decref(j);
    months[GRID].day[1].stored = 89;
    j = body(true, NOW);
    assert_true(json_is_false(json_object_get(json_object_get(j, "site"), "meets")));
    json_decref(j);
}

static void without_a_platform_nothing_is_known_of_acknowledgement(void **state) {
    (void)state;
    fill();
    json_t *j = body(false, NOW);
    const json_t *site = json_object_get(j, "site");
    assert_true(json_is_null(json_object_get(site, "acknowledged")));
    assert_true(json_is_null(json_object_get(site, "acknowledged_ratio")));
    assert_true(json_is_null(item(item(j, "devices", 0), "acknowledged_by_day", 0)));
    assert_int_equal(count(site, "stored"), 350);
    json_decref(j);
}

static void the_requirement_is_named(void **state) {
    (void)state;
    fill();
    json_t *j = body(true, NOW);
    const json_t *r = json_object_get(j, "requirement");
    assert_near(number(r, "ratio"), 0.9, 1e-12);
    assert_near(number(r, "day_month_deviation"), 0.05, 1e-12);
    assert_near(number(r, "boundary_error_s"), 60, 1e-12);
    json_decref(j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_site_is_the_sum_of_its_enabled_devices),
        cmocka_unit_test(days_that_have_begun_are_listed),
        cmocka_unit_test(devices_tell_their_days_in_the_order_of_the_days),
        cmocka_unit_test(nine_tenths_are_enough_and_less_is_not),
        cmocka_unit_test(without_a_platform_nothing_is_known_of_acknowledgement),
        cmocka_unit_test(the_requirement_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
