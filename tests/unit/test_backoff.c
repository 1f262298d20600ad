/* The pause doubles from 1 s to 60 s, each within 10 %, and starts anew after a success. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "poll/backoff.h"

static void pause_doubles_up_to_a_minute(void **state) {
    (void)state;
    const us_t expected_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    uint32_t random = 7;
    for (int round = 0; round < 1000; round++) {
        struct backoff b = {0};
        for (size_t i = 0; i < sizeof expected_s / sizeof *expected_s; i++) {
            us_t pause = backoff_fail(&b, backoff_random(&random));
            assert_true(pause >= expected_s[i] * 900000);
            assert_true(pause <= expected_s[i] * 1100000);
        }
    }
}

static void both_ends_of_the_spread_are_reached(void **state) {
    (void)state;
    struct backoff b = {0};
    assert_int_equal(backoff_fail(&b, 0), 900000);
    b.failures = 0;
    assert_int_equal(backoff_fail(&b, 200000), 1100000);
}

static void success_starts_anew(void **state) {
    (void)state;
    struct backoff b = {0};
    for (int i = 0; i < 8; i++)
        (void)backoff_fail(&b, 100000);
    backoff_reset(&b);
    assert_int_equal(backoff_fail(&b, 100000), 1000000);
}

static void failures_never_wrap(void **state) {
    (void)state;
    struct backoff b = {UINT32_MAX};
    assert_true(backoff_fail(&b, 0) == 54 * (us_t)US_PER_S);
    assert_int_equal(b.failures, UINT32_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pause_doubles_up_to_a_minute),
        cmocka_unit_test(both_ends_of_the_spread_are_reached),
        cmocka_unit_test(success_starts_anew),
        cmocka_unit_test(failures_never_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
