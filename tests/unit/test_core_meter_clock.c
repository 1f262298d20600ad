/* The devices' own clocks in the historian: one event for each reading, judged by a clock that is
 * known, and in the live table. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "calc/meter_clock.h"
#include "store_rig.h"

#define MONO_START (100 * US_PER_S)

static struct rig g;
static struct meter_clock meter_clock = {
    .p = {.type = POINT_U32,
          .registers = 2,
          .scale = 1,
          .sign = 1,
          .unavailable_count = 1,
          .unavailable = {0xFFFFFFFF}},
};

static int open_rig(void **state) {
    (void)state;
    rig_init(&g, T0);
    g.works.profiles[GRID].clock = &meter_clock;
    return 0;
}

static int close_rig(void **state) {
    (void)state;
    rig_fini(&g);
    return 0;
}

/* The device's clock shows shown_s; it was read at that instant. */
static void read_clock(ms_t at, us_t mono_us, int64_t shown_s) {
    uint64_t memory[16];
    struct reading *r = (struct reading *)(void *)memory;
    assert_true(reading_size(0, 2) <= sizeof memory);
    reading_init(r, GRID, 0, 2);
    r->kind = READING_CLOCK;
    r->utc_ms = at;
    r->mono_us = mono_us;
    meter_clock_write(&meter_clock, shown_s, reading_registers(r));
    core_meter_clock(&g.core, r);
}

static void second(ms_t now) {
    core_second(&g.core, now);
    rig_commit(&g, now);
}

/* The events of clocks, parsed; decref it. */
static json_t *told(void) {
    json_t *all = rig_messages(&g.works, OUTBOX_EVENT), *clocks = json_array(), *e;
    size_t i;
    json_array_foreach(all, i, e) {
        if (strcmp(text_at(e, "event"), "meter_clock") == 0)
            json_array_append(clocks, e);
    }
    json_decref(all);
    return clocks;
}

static void assert_told(double value, const char *severity, const char *words) {
    json_t *all = told(), *e;
    assert_int_equal(json_array_size(all), 1);
    e = json_array_get(all, 0);
    assert_string_equal(text_at(e, "object"), "grid");
    assert_string_equal(text_at(e, "severity"), severity);
    assert_string_equal(text_at(e, "unit"), "s");
    assert_true(json_is_null(json_object_get(e, "state")));
    assert_int_equal(number_at(e, "threshold"), METER_CLOCK_LIMIT_S);
    assert_non_null(strstr(text_at(e, "note"), words));
    if (isnan(value))
        assert_true(isnan(number_at(e, "value")));
    else
        assert_int_equal(number_at(e, "value"), value);
    json_decref(all);
}

static void one_case(int64_t ahead_s, enum clock_sync sync, const char *severity,
                     const char *words) {
    struct live_clock live;
    assert_false(live_get_clock(g.live, GRID, &live));
    core_set_clock(&g.core, sync, 0.0);
    read_clock(T0 + 200, 0, T0 / 1000 + ahead_s);
    second(T0 + 500);
    second(T0 + 1500); /* and not again */
    assert_told((double)ahead_s, severity, words);
    assert_true(live_get_clock(g.live, GRID, &live));
    assert_int_equal(live.offset_s, ahead_s);
    assert_int_equal(live.at, T0 + 200);
}

static void a_clock_that_agrees(void **state) {
    (void)state;
    one_case(-60, CLOCK_SYNCED, "info", "agrees");
}

static void a_fast_clock_is_a_warning(void **state) {
    (void)state;
    one_case(61, CLOCK_SYNCED, "warning", "61 s fast");
}

static void a_slow_clock_is_a_warning_in_holdover_too(void **state) {
    (void)state;
    one_case(-3600, CLOCK_HOLDOVER, "warning", "3600 s slow");
}

static void an_unsynchronised_gateway_proves_nothing(void **state) {
    (void)state;
    one_case(3600, CLOCK_UNSYNCED, "info", "not synchronised");
}

static void a_clock_without_time(void **state) {
    (void)state;
    core_set_clock(&g.core, CLOCK_SYNCED, 0.0);
    read_clock(T0 + 200, 0, 0xFFFFFFFF);
    second(T0 + 500);
    assert_told((double)NAN, "warning", "shows no time");
}

/* Read while the gateway does not know the time: judged once it does, by the instant of then. */
static void a_clock_read_before_ntp_waits_for_it(void **state) {
    (void)state;
    struct clock_seen seen = {MONO_START, 1000 * US_PER_S, 0};
    rig_kill(&g);
    assert_int_equal(unlink(g.works.path), 0);
    assert_int_equal(writer_open(&g.writer, g.works.path, 1000), ERR_OK);
    assert_int_equal(writer_set_site(&g.writer, &g.works.site), ERR_OK);
    g.live = live_new(g.works.site.point_count);
    assert_int_equal(core_open(&g.core, &g.works.site, g.live, &g.writer), ERR_OK);
    assert_int_equal(core_start(&g.core, &seen, CLOCK_UNSYNCED, 7), ERR_OK);
    assert_true(g.core.waits);
    core_see(&g.core, &seen, CLOCK_UNSYNCED, (double)NAN);
    read_clock(1000000, MONO_START, T0 / 1000 + 100); /* it is T0, which only the meter knows */
    second(1000500);
    seen = (struct clock_seen){MONO_START + 30 * US_PER_S, (T0 + 30000) * US_PER_MS, 0};
    ms_t now = core_see(&g.core, &seen, CLOCK_SYNCED, 0.0);
    second(now);
    second(now + 1000);
    assert_told(100, "warning", "100 s fast");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_clock_that_agrees, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_fast_clock_is_a_warning, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_slow_clock_is_a_warning_in_holdover_too, open_rig,
                                        close_rig),
        cmocka_unit_test_setup_teardown(an_unsynchronised_gateway_proves_nothing, open_rig,
                                        close_rig),
        cmocka_unit_test_setup_teardown(a_clock_without_time, open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_clock_read_before_ntp_waits_for_it, open_rig, close_rig),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
