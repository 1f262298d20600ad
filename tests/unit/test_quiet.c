/* Quiet hours: over midnight, by weekday, by severity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/quiet.h"

#define MIN    ((ms_t)60000)
#define DAY    (1440 * MIN)
#define MONDAY (4 * DAY) /* 1970-01-05 */
#define MON    1U
#define FRI    16U
#define SUN    64U

static void spans(void **state) {
    (void)state;
    static const struct {
        struct quiet_span span;
        int day, hour, minute; /* day 0: Monday */
        uint8_t severity;
        bool held;
    } rows[] = {
        {{22 * 60, 7 * 60, 0x7f, ALERT_CRITICAL}, 0, 21, 59, ALERT_MAJOR, false},
        {{22 * 60, 7 * 60, 0x7f, ALERT_CRITICAL}, 0, 22, 0, ALERT_MAJOR, true},
        {{22 * 60, 7 * 60, 0x7f, ALERT_CRITICAL}, 0, 6, 59, ALERT_MAJOR, true},
        {{22 * 60, 7 * 60, 0x7f, ALERT_CRITICAL}, 0, 7, 0, ALERT_MAJOR, false},
        {{22 * 60, 7 * 60, 0x7f, ALERT_CRITICAL}, 0, 3, 0, ALERT_CRITICAL, false},
        {{22 * 60, 7 * 60, 0x7f, ALERT_MAJOR}, 0, 3, 0, ALERT_MAJOR, false},
        {{22 * 60, 7 * 60, 0x7f, ALERT_MAJOR}, 0, 3, 0, ALERT_WARNING, true},
        /* the night that begins on Friday */
        {{22 * 60, 7 * 60, FRI, ALERT_CRITICAL}, 4, 23, 0, ALERT_INFO, true},
        {{22 * 60, 7 * 60, FRI, ALERT_CRITICAL}, 5, 3, 0, ALERT_INFO, true},
        {{22 * 60, 7 * 60, FRI, ALERT_CRITICAL}, 4, 3, 0, ALERT_INFO, false},
        {{22 * 60, 7 * 60, FRI, ALERT_CRITICAL}, 5, 23, 0, ALERT_INFO, false},
        /* from Sunday to Monday */
        {{22 * 60, 7 * 60, SUN, ALERT_CRITICAL}, 7, 6, 0, ALERT_INFO, true},
        {{12 * 60, 13 * 60, MON, ALERT_CRITICAL}, 0, 12, 30, ALERT_INFO, true},
        {{12 * 60, 13 * 60, MON, ALERT_CRITICAL}, 0, 13, 0, ALERT_INFO, false},
        {{12 * 60, 13 * 60, MON, ALERT_CRITICAL}, 1, 12, 30, ALERT_INFO, false},
        {{0, 1440, SUN, ALERT_CRITICAL}, 6, 0, 0, ALERT_INFO, true},
        {{0, 1440, SUN, ALERT_CRITICAL}, 6, 23, 59, ALERT_INFO, true},
        {{0, 1440, SUN, ALERT_CRITICAL}, 7, 0, 0, ALERT_INFO, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ms_t t = MONDAY + rows[i].day * DAY + (rows[i].hour * 60 + rows[i].minute) * MIN;
        if (quiet_holds(&rows[i].span, 1, t, rows[i].severity) != rows[i].held)
            fail_msg("row %zu", i);
    }
}

static void any_of_several_holds(void **state) {
    (void)state;
    static const struct quiet_span two[] = {{60, 120, MON, ALERT_WARNING},
                                            {60, 180, MON, ALERT_CRITICAL}};
    assert_true(quiet_holds(two, 2, MONDAY + 90 * MIN, ALERT_MAJOR));
    assert_false(quiet_holds(two, 1, MONDAY + 90 * MIN, ALERT_MAJOR));
    assert_false(quiet_holds(two, 0, MONDAY + 90 * MIN, ALERT_INFO));
    assert_true(quiet_holds(two, 2, MONDAY - 700 * 7 * DAY + 90 * MIN, ALERT_INFO));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans),
        cmocka_unit_test(any_of_several_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
