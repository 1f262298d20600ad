/* The curve before a step: what was packed comes back, and nothing else is taken. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "alert/curve.h"
#include "base/err.h"

static struct alert_curve full(void) {
    struct alert_curve c = {.count = ALERT_CURVE_MAX};
    for (uint32_t i = 0; i < ALERT_CURVE_MAX; i++) {
        c.t[i] = 1795585200000 + (ms_t)i * i * 1000;
        c.value[i] = i % 5 == 0 ? (double)NAN : 1.0 / (double)(i + 1);
    }
    return c;
}

static void what_was_packed_comes_back(void **state) {
    (void)state;
    uint8_t bytes[ALERT_CURVE_BYTES];
    const struct alert_curve c = full();
    struct alert_curve back;
    size_t n = alert_curve_pack(&c, bytes);
    assert_true(n <= sizeof bytes);
    assert_int_equal(alert_curve_unpack(bytes, n, &back), ERR_OK);
    assert_int_equal(back.count, ALERT_CURVE_MAX);
    assert_memory_equal(back.t, c.t, sizeof c.t);
    assert_memory_equal(back.value, c.value, sizeof c.value);
}

static void the_farthest_times_fit(void **state) {
    (void)state;
    uint8_t bytes[ALERT_CURVE_BYTES];
    struct alert_curve c = {.count = ALERT_CURVE_MAX}, back;
    for (uint32_t i = 0; i < ALERT_CURVE_MAX; i++)
        c.t[i] = i % 2 == 0 ? INT64_MIN : INT64_MAX;
    size_t n = alert_curve_pack(&c, bytes);
    assert_int_equal(alert_curve_unpack(bytes, n, &back), ERR_OK);
    assert_memory_equal(back.t, c.t, sizeof c.t);
    c.count = UINT32_MAX; /* more than there can be: the first ones */
    n = alert_curve_pack(&c, bytes);
    assert_int_equal(alert_curve_unpack(bytes, n, &back), ERR_OK);
    assert_int_equal(back.count, ALERT_CURVE_MAX);
}

static void no_bytes_are_no_points(void **state) {
    (void)state;
    struct alert_curve back = full();
    assert_int_equal(alert_curve_unpack(NULL, 0, &back), ERR_OK);
    assert_int_equal(back.count, 0);
}

static void other_bytes_are_refused(void **state) {
    (void)state;
    uint8_t bytes[ALERT_CURVE_BYTES + 1] = {0};
    const struct alert_curve c = full();
    struct alert_curve back = {.count = 7};
    size_t n = alert_curve_pack(&c, bytes);
    for (size_t cut = 1; cut < n; cut++)
        assert_int_equal(alert_curve_unpack(bytes, cut, &back), ERR_CORRUPT);
    assert_int_equal(alert_curve_unpack(bytes, n + 1, &back), ERR_CORRUPT);
    bytes[0] = ALERT_CURVE_MAX + 1;
    assert_int_equal(alert_curve_unpack(bytes, n, &back), ERR_CORRUPT);
    assert_int_equal(back.count, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_comes_back),
        cmocka_unit_test(the_farthest_times_fit),
        cmocka_unit_test(no_bytes_are_no_points),
        cmocka_unit_test(other_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
