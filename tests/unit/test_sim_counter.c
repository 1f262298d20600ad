/* The simulator's counters are the exact integral of power. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/model_counter.h"
#include "sim/model_noise.h"

static void nothing_is_rounded_away(void **state) {
    (void)state;
    struct counter c = {0};
    int64_t milliw_ms = 0;

    for (uint64_t i = 0; i < 100000; i++) {
        int64_t power = (int64_t)(noise_hash(1, 2, i) % 5000000);
        ms_t dt = 1 + (ms_t)(noise_hash(1, 3, i) % 999);

        register_add(&c, power, dt);
        milliw_ms += power * dt;
        assert_int_equal(c.mwh, milliw_ms / 3600000);
        assert_int_equal(c.part, milliw_ms % 3600000);
    }
}

static void a_gigawatt_for_a_day_does_not_overflow(void **state) {
    (void)state;
    struct counter c = {0};

    register_add(&c, 1000000000000, 86400000);
    assert_int_equal(c.mwh, 24000000000000);
    assert_true(counter_wh(&c) >= 24e9 && counter_wh(&c) <= 24e9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_rounded_away),
        cmocka_unit_test(a_gigawatt_for_a_day_does_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
