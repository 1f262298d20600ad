/* Acknowledged numbers become few ranges, in whatever order they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "publish/seq_ranges.h"

static void add_all(struct seq_ranges *r, const uint64_t *seq, size_t n) {
    for (size_t i = 0; i < n; i++)
        assert_int_equal(seq_ranges_add(r, seq[i]), ERR_OK);
}

static void test_neighbours_join_in_any_order(void **state) {
    (void)state;
    static const uint64_t orders[][5] = {
        {1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}, {1, 3, 5, 2, 4}, {3, 1, 5, 4, 2}};
    for (size_t i = 0; i < 4; i++) {
        struct seq_ranges r = {.count = 0};
        add_all(&r, orders[i], 5);
        assert_int_equal(r.count, 1);
        assert_int_equal(r.range[0].from, 1);
        assert_int_equal(r.range[0].to, 5);
    }
}

static void test_gaps_stay_and_order_is_rising(void **state) {
    (void)state;
    static const uint64_t seq[] = {30, 10, 20, 11, 10, 21};
    struct seq_ranges r = {.count = 0};
    add_all(&r, seq, 6);
    static const struct seq_range expected[] = {{10, 11}, {20, 21}, {30, 30}};
    assert_int_equal(r.count, 3);
    assert_memory_equal(r.range, expected, sizeof expected);
}

static void test_full_is_said_and_nothing_changes(void **state) {
    (void)state;
    struct seq_ranges r = {.count = 0};
    for (uint64_t i = 0; i < SEQ_RANGES_MAX; i++)
        assert_int_equal(seq_ranges_add(&r, 10 + 2 * i), ERR_OK);
    struct seq_ranges before = r;
    assert_int_equal(seq_ranges_add(&r, 1), ERR_FULL);
    assert_int_equal(seq_ranges_add(&r, 1000), ERR_FULL);
    assert_memory_equal(&r, &before, sizeof r);
    assert_int_equal(seq_ranges_add(&r, 11), ERR_OK); /* joins two: room again */
    assert_int_equal(r.count, SEQ_RANGES_MAX - 1);
    assert_int_equal(seq_ranges_add(&r, 1), ERR_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbours_join_in_any_order),
        cmocka_unit_test(test_gaps_stay_and_order_is_rising),
        cmocka_unit_test(test_full_is_said_and_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
