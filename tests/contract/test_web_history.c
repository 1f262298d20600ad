/* History, devices and site over real sockets: what they say equals what was read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web_rig.h"

#define QUARTER_FROM "from=2023-11-14T22:15:00Z&to=2023-11-14T22:30:00Z" /* T0 to T0 + 15 min */

static const json_t *row(const json_t *j, size_t i) {
    return json_array_get(json_object_get(j, "rows"), i);
}

static double cell(const json_t *j, size_t i, size_t column) {
    const json_t *c = json_array_get(row(j, i), column);
    return json_is_number(c) ? json_number_value(c) : (double)NAN;
}

static size_t rows_of(const json_t *j) {
    return json_array_size(json_object_get(j, "rows"));
}

static void readings_are_given_as_they_were_read(void **state) {
    (void)state;
    json_t *j = http_json(port, "/api/v1/history?point=grid.energy_import&step=raw&" QUARTER_FROM);
    assert_string_equal(text_at(j, "unit"), "kWh");
    assert_string_equal(text_at(j, "step"), "raw");
    assert_int_equal(rows_of(j), 900);
    for (size_t i = 0; i < 900; i++) {
        assert_near(cell(j, i, 0), (double)(T0 + (ms_t)i * 1000 + 100), 0);
        assert_string_equal(json_string_value(json_array_get(row(j, i), 2)), "good");
        if (i > 0) /* 0.1 kWh a second behind a ratio of 80 */
            assert_near(cell(j, i, 1) - cell(j, i - 1, 1), 8.0, 1e-6);
    }
    json_decref(j);
}

static void minutes_and_quarters_are_the_slots(void **state) {
    (void)state;
    json_t *minutes =
        http_json(port, "/api/v1/history?point=grid.active_power.total&step=1m&" QUARTER_FROM);
    json_t *quarter =
        http_json(port, "/api/v1/history?point=grid.active_power.total&step=15m&" QUARTER_FROM);
    json_t *raw =
        http_json(port, "/api/v1/history?point=grid.active_power.total&step=raw&" QUARTER_FROM);
    assert_int_equal(rows_of(minutes), 15);
    assert_int_equal(rows_of(quarter), 1);
    double sum = 0, lowest = INFINITY, highest = -INFINITY;
    for (size_t i = 0; i < 15; i++) {
        assert_near(cell(minutes, i, 0), (double)(T0 + (ms_t)i * 60000), 0);
        assert_in_range((unsigned)(cell(minutes, i, 4) * 1000), 990, 1000);
        assert_true(cell(minutes, i, 2) <= cell(minutes, i, 1));
        assert_true(cell(minutes, i, 1) <= cell(minutes, i, 3));
        sum += cell(minutes, i, 1);
    }
    for (size_t i = 0; i < rows_of(raw); i++) {
        lowest = fmin(lowest, cell(raw, i, 1));
        highest = fmax(highest, cell(raw, i, 1));
    }
    assert_near(cell(quarter, 0, 1), sum / 15, 1e-3 * fabs(sum));
    assert_near(cell(quarter, 0, 2), lowest, 1e-3 * fabs(lowest) + 1e-9);
    assert_near(cell(quarter, 0, 3), highest, 1e-3 * fabs(highest) + 1e-9);
    json_decref(minutes);
    json_decref(quarter);
    json_decref(raw);
}

static void sums_of_the_site_are_those_of_its_records(void **state) {
    (void)state;
    json_t *record = http_json(port, "/api/v1/records?period=15m");
    const json_t *body = json_array_get(record, 0);
    static const struct {
        const char *query, *path, *unit;
    } cases[] = {
        {"site.grid.active_power", "power_kw/grid/avg", "kW"},
        {"site.import.energy", "energy_kwh/import", "kWh"},
        {"site.pv.energy", "energy_kwh/pv", "kWh"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char target[200];
        snprintf(target, sizeof target, "/api/v1/history?point=%s&step=15m&" QUARTER_FROM,
                 cases[i].query);
        json_t *j = http_json(port, target);
        assert_int_equal(rows_of(j), 1);
        assert_string_equal(text_at(j, "unit"), cases[i].unit);
        assert_near(cell(j, 0, 1), number_at(body, cases[i].path), 6e-4);
        json_decref(j);
    }
    json_decref(record);
}

static void the_step_follows_the_span(void **state) {
    (void)state;
    static const struct {
        const char *from, *step;
    } cases[] = {
        {"2023-11-13T00:00:00Z", "1m"},  {"2023-11-01T00:00:00Z", "15m"},
        {"2023-01-01T00:00:00Z", "1h"},  {"2020-01-01T00:00:00Z", "1d"},
        {"1980-01-01T00:00:00Z", "1mo"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char target[200];
        snprintf(target, sizeof target,
                 "/api/v1/history?point=grid.voltage.l1&from=%s&to=2023-11-14T23:00:00Z",
                 cases[i].from);
        json_t *j = http_json(port, target);
        assert_string_equal(text_at(j, "step"), cases[i].step);
        json_decref(j);
    }
}

static void a_time_without_values_has_no_rows(void **state) {
    (void)state;
    json_t *j = http_json(port, "/api/v1/history?point=grid.voltage.l1&from=2022-01-01T00:00:00Z"
                                "&to=2022-01-02T00:00:00Z");
    assert_int_equal(rows_of(j), 0);
    json_decref(j);
}

static void mistakes_are_named(void **state) {
    (void)state;
    static const struct {
        const char *target, *word;
    } cases[] = {
        {"/api/v1/history", "point is unknown"},
        {"/api/v1/history?point=grid", "point is unknown"},
        {"/api/v1/history?point=site.grid", "point is unknown"},
        {"/api/v1/history?point=site.moon.active_power", "point is unknown"},
        {"/api/v1/history?point=grid.voltage.l1&from=yesterday", "from is wrong"},
        {"/api/v1/history?point=grid.voltage.l1&from=2026-01-02&to=2026-01-01", "is wrong"},
        {"/api/v1/history?point=grid.voltage.l1&step=5m", "step is wrong"},
        {"/api/v1/history?point=site.soc&step=raw", "step is wrong"},
        {"/api/v1/history?point=grid.voltage.l1&step=raw&from=2023-11-01T00:00:00Z&"
         "to=2023-11-03T00:00:00Z",
         "step is wrong"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_error(http_get(port, cases[i].target), 400, cases[i].word);
}

static void devices_show_the_latest_value_of_every_point(void **state) {
    (void)state;
    json_t *j = http_json(port, "/api/v1/devices");
    const json_t *devices = json_object_get(j, "devices");
    assert_int_equal(json_array_size(devices), WORKS_DEVICES);
    const json_t *points = json_object_get(json_array_get(devices, GRID), "points");
    assert_int_equal(json_array_size(points), GRID_POINTS);
    const json_t *power = json_array_get(points, G_POWER);
    struct sample s;
    assert_true(live_get(rig.live, G_POWER, &s));
    assert_string_equal(text_at(power, "id"), "grid.active_power.total");
    assert_string_equal(text_at(power, "unit"), "kW");
    assert_string_equal(text_at(power, "quality"), "good");
    assert_near(number_at(power, "value"), s.value, 1e-6);
    assert_non_null(text_at(power, "t"));
    json_decref(j);
}

static void site_says_what_a_platform_is_told(void **state) {
    (void)state;
    json_t *j = http_json(port, "/api/v1/site");
    assert_int_equal(json_array_size(json_object_get(j, "devices")), WORKS_DEVICES);
    assert_string_equal(text_at(json_array_get(json_object_get(j, "accounts"), 0), "id"), "main");
    json_decref(j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_are_given_as_they_were_read),
        cmocka_unit_test(minutes_and_quarters_are_the_slots),
        cmocka_unit_test(sums_of_the_site_are_those_of_its_records),
        cmocka_unit_test(the_step_follows_the_span),
        cmocka_unit_test(a_time_without_values_has_no_rows),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(devices_show_the_latest_value_of_every_point),
        cmocka_unit_test(site_says_what_a_platform_is_told),
    };
    return cmocka_run_group_tests(tests, web_rig_init, web_rig_fini);
}
