/* The OS clocks, the kernel's view of synchronisation, and the time zone database. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/err.h"
#include "sys/clock.h"

static void both_clocks_are_read(void **state) {
    (void)state;
    const time_t before = time(NULL);
    const struct instant a = clock_now();
    const struct instant b = clock_now();
    assert_true(b.mono_us >= a.mono_us);
    assert_true(a.utc_us / US_PER_S >= before - 1);
    assert_true(a.utc_us / US_PER_S <= time(NULL) + 1);
}

static void sleeping_ends_at_the_instant(void **state) {
    (void)state;
    const us_t start = clock_now().mono_us;
    clock_sleep_until(start + 20000);
    assert_true(clock_now().mono_us >= start + 20000);
    const us_t again = clock_now().mono_us;
    clock_sleep_until(again - 1000000);
    clock_sleep_until(-1);
    assert_true(clock_now().mono_us < again + 5 * US_PER_S);
}

static void states_have_the_names_of_the_contract(void **state) {
    (void)state;
    assert_string_equal(clock_sync_str(CLOCK_SYNCED), "synced");
    assert_string_equal(clock_sync_str(CLOCK_HOLDOVER), "holdover");
    assert_string_equal(clock_sync_str(CLOCK_UNSYNCED), "unsynced");
    assert_string_equal(clock_sync_str(CLOCK_STEPPED), "stepped");
}

static void the_offset_is_known_exactly_when_the_kernel_is_disciplined(void **state) {
    (void)state;
    double offset_ms = 1e9;
    const enum clock_sync s = clock_sync_state(&offset_ms);
    assert_true(s == CLOCK_SYNCED || s == CLOCK_HOLDOVER || s == CLOCK_UNSYNCED);
    assert_int_equal(isnan(offset_ms) != 0, s == CLOCK_UNSYNCED);
    if (s != CLOCK_UNSYNCED)
        assert_true(fabs(offset_ms) <= 1000); /* the kernel's own bound is 0.5 s */
}

static void zones_give_their_offsets(void **state) {
    (void)state;
    static const struct {
        const char *zone;
        ms_t utc_ms;
        int offset_s;
    } cases[] = {
        {"UTC", 1795392900000, 0},
        {"Asia/Shanghai", 1795392900000, 28800},
        {"Asia/Shanghai", 1795392900999, 28800},
        {"Asia/Shanghai", 580000000000, 32400},      /* 1988-05-19: summer time was kept then */
        {"Europe/Berlin", 1792889999000, 7200},      /* 2026-10-25T00:59:59Z */
        {"Europe/Berlin", 1792890000000, 3600},      /* 2026-10-25T01:00:00Z */
        {"Asia/Kathmandu", 1795392900000, 20700},    /* +05:45 */
        {"America/St_Johns", 1795392900000, -12600}, /* -03:30 */
        {"America/Argentina/Buenos_Aires", 1795392900000, -10800},
        {"Etc/GMT+8", 1795392900000, -28800},
        {"UTC", -1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(clock_set_zone(cases[i].zone), ERR_OK);
        assert_int_equal(clock_utc_offset_s(cases[i].utc_ms), cases[i].offset_s);
    }
}

static void unknown_zones_are_refused_and_change_nothing(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "Asia/Shanghia",
        "Asia",     /* a folder */
        "zone.tab", /* in the folder, but no zone; '.' is in no zone's name */
        "tzdata.zi",
        "+VERSION",
        "/usr/share/zoneinfo/Asia/Shanghai",
        "../zoneinfo/Asia/Shanghai",
        "Asia/../Asia/Shanghai",
        "Asia/Shanghai\n",
        "CST-8",
        ":Asia/Shanghai",
        "Asia/ShanghaiAsia/ShanghaiAsia/ShanghaiAsia/ShanghaiAsia/ShanghaiAsia/Shanghai",
    };
    assert_int_equal(clock_set_zone("Asia/Shanghai"), ERR_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(clock_set_zone(bad[i]), ERR_NOT_FOUND);
        assert_string_equal(getenv("TZ"), "Asia/Shanghai");
        assert_int_equal(clock_utc_offset_s(0), 28800);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_clocks_are_read),
        cmocka_unit_test(sleeping_ends_at_the_instant),
        cmocka_unit_test(states_have_the_names_of_the_contract),
        cmocka_unit_test(the_offset_is_known_exactly_when_the_kernel_is_disciplined),
        cmocka_unit_test(zones_give_their_offsets),
        cmocka_unit_test(unknown_zones_are_refused_and_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
