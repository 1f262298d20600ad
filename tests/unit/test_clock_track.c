/* What is a step of the wall clock and what is not. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "calc/clock_track.h"

#define UTC0  (INT64_C(1795600000) * US_PER_S)
#define MONO0 (INT64_C(100) * US_PER_S)
#define HOUR  (INT64_C(3600) * US_PER_S)

/* One second of both clocks, then the wall clock is off by `by`. */
static const struct {
    const char *what;
    us_t apart_us; /* between the looks */
    us_t by_us, asleep_us;
    bool step;
} cases[] = {
    {"a clock that runs like a clock", US_PER_S, 0, 0, false},
    {"adjtime slews by 500 ppm", US_PER_S, 500, 0, false},
    {"chrony slews by a twelfth", US_PER_S, US_PER_S / 12, 0, false},
    {"a smeared leap second, after an hour without a look", HOUR, US_PER_S / 24, 0, false},
    {"less than half a second is followed", US_PER_S, 400000, 0, false},
    {"forward by 1 s", US_PER_S, US_PER_S, 0, true},
    {"forward by 1 h", US_PER_S, HOUR, 0, true},
    {"forward by a year", US_PER_S, 365 * 24 * HOUR, 0, true},
    {"from 1970", US_PER_S, 56 * 365 * 24 * HOUR, 0, true},
    {"a leap second that is inserted", US_PER_S, -US_PER_S, 0, true},
    {"back by 30 s", US_PER_S, -30 * US_PER_S, 0, true},
    {"back by 10 min", US_PER_S, -HOUR / 6, 0, true},
    {"back by 3 h", US_PER_S, -3 * HOUR, 0, true},
    {"suspended for 8 h", US_PER_S, 8 * HOUR, 8 * HOUR, false},
    {"suspended for 8 h, and the clock was set back by 1 h", US_PER_S, 7 * HOUR, 8 * HOUR, true},
};

static void each_case(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct clock_track t = {0};
        struct clock_step step = {0};
        struct clock_seen seen = {MONO0, UTC0, 0};
        assert_false(clock_track_see(&t, &seen, &step));
        seen.mono_us += cases[i].apart_us;
        seen.utc_us += cases[i].apart_us + cases[i].by_us;
        seen.asleep_us += cases[i].asleep_us;
        if (clock_track_see(&t, &seen, &step) != cases[i].step)
            fail_msg("%s", cases[i].what);
        if (cases[i].step) {
            assert_int_equal(step.to_us, seen.utc_us);
            assert_int_equal(step.from_us, UTC0 + cases[i].apart_us + cases[i].asleep_us);
        }
        assert_int_equal(clock_track_ms(&t, seen.mono_us), seen.utc_us / US_PER_MS);
        seen.mono_us += US_PER_S; /* it is told once */
        seen.utc_us += US_PER_S;
        assert_false(clock_track_see(&t, &seen, &step));
    }
}

static void slewing_for_a_day_is_no_step(void **state) {
    (void)state;
    struct clock_track t = {0};
    struct clock_step step;
    struct clock_seen seen = {MONO0, UTC0, 0};
    for (int i = 0; i < 86400; i++) {
        assert_false(clock_track_see(&t, &seen, &step));
        seen.mono_us += US_PER_S;
        seen.utc_us += US_PER_S + 500;
    }
    assert_int_equal(clock_track_ms(&t, seen.mono_us - US_PER_S),
                     (seen.utc_us - US_PER_S - 500) / US_PER_MS);
}

static void durations_between_looks_are_the_monotonic_clocks(void **state) {
    (void)state;
    struct clock_track t = {0};
    struct clock_step step;
    struct clock_seen seen = {MONO0, UTC0, 0};
    clock_track_see(&t, &seen, &step);
    assert_int_equal(clock_track_ms(&t, MONO0 + 5 * US_PER_S) - clock_track_ms(&t, MONO0), 5000);
}

static void an_older_look_says_nothing(void **state) {
    (void)state;
    struct clock_track t = {0};
    struct clock_step step;
    struct clock_seen seen = {MONO0, UTC0, 0};
    clock_track_see(&t, &seen, &step);
    seen.mono_us -= US_PER_S;
    seen.utc_us += HOUR;
    assert_false(clock_track_see(&t, &seen, &step));
    assert_int_equal(clock_track_ms(&t, MONO0), UTC0 / US_PER_MS);
}

static void a_clock_is_early_before_what_is_stored_and_before_the_program(void **state) {
    (void)state;
    ms_t newest = INT64_C(1795600000000);
    assert_true(clock_is_early(0, INT64_MIN));
    assert_true(clock_is_early(CLOCK_EARLIEST_MS - 1, INT64_MIN));
    assert_false(clock_is_early(CLOCK_EARLIEST_MS, INT64_MIN));
    assert_true(clock_is_early(newest - 1, newest));
    assert_false(clock_is_early(newest, newest));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case), cmocka_unit_test(slewing_for_a_day_is_no_step),
        cmocka_unit_test(durations_between_looks_are_the_monotonic_clocks),
        cmocka_unit_test(an_older_look_says_nothing),
        cmocka_unit_test(a_clock_is_early_before_what_is_stored_and_before_the_program)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
