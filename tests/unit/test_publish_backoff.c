/* Waits after failures: 1, 2, 4 .. 60 s within +-10 %, from 1 s again after a success. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "publish/backoff.h"

static void assert_within(us_t got, us_t seconds) {
    us_t nominal = seconds * US_PER_S;
    assert_true(got >= nominal - nominal / 10);
    assert_true(got <= nominal + nominal / 10);
}

static void test_it_doubles_up_to_a_minute(void **state) {
    (void)state;
    static const us_t expected[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    static const uint32_t random[] = {0, 1, UINT32_MAX, 0x80000000U, 12345};
    for (size_t r = 0; r < sizeof random / sizeof random[0]; r++) {
        struct backoff b = {0};
        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
            assert_within(backoff_next(&b, random[r]), expected[i]);
    }
}

static void test_different_randoms_spread(void **state) {
    (void)state;
    struct backoff a = {.failures = 6}, b = {.failures = 6};
    assert_true(backoff_next(&a, 0) != backoff_next(&b, 5000000));
}

static void test_success_restores_one_second(void **state) {
    (void)state;
    struct backoff b = {.failures = UINT32_MAX};
    assert_within(backoff_next(&b, 7), 60); /* the count does not wrap */
    assert_within(backoff_next(&b, 7), 60);
    backoff_reset(&b);
    assert_within(backoff_next(&b, 7), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_doubles_up_to_a_minute),
        cmocka_unit_test(test_different_randoms_spread),
        cmocka_unit_test(test_success_restores_one_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
