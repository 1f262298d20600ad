/* How the time of good voltage is kept in a feed's row, and rows from before it was. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "slots/slot_codec.h"

#define START ((ms_t)1700000100000)

static const struct slot_head head = {.version = 3, .layout = 300, .feed_count = 1};

static void the_time_of_good_voltage_comes_back(void **state) {
    (void)state;
    uint8_t bytes[600];
    struct pack p;
    struct unpack u;
    struct feed_slot in, out;
    feed_slot_clear(&in);
    in.has_supply = true;
    in.supply.monitored_ms = 900000;
    in.supply.qualified_ms = 840000;
    pack_init(&p, bytes, sizeof bytes);
    slot_write_feed(&p, START, &in);
    unpack_init(&u, bytes, p.len);
    slot_read_feed(&u, &head, START, ROLE_GRID, &out);
    assert_false(u.bad);
    assert_int_equal(out.supply.monitored_ms, 900000);
    assert_int_equal(out.supply.qualified_ms, 840000);
}

/* As version 3, without the time of good voltage at the end of the feed. */
static void a_row_of_version_2_is_read(void **state) {
    (void)state;
    uint8_t bytes[600];
    struct pack p;
    struct unpack u;
    struct slot_head got;
    struct feed_slot in, out;
    feed_slot_clear(&in);
    in.has_supply = true;
    in.supply.p_max_kw = 321.5;
    pack_init(&p, bytes, sizeof bytes);
    slot_write_head(&p, &head);
    slot_write_feed(&p, START, &in);
    bytes[0] = 2;
    unpack_init(&u, bytes, p.len - 2); /* of two zeros */
    assert_int_equal(slot_read_head(&u, &got), ERR_OK);
    slot_read_feed(&u, &got, START, ROLE_GRID, &out);
    assert_false(u.bad);
    assert_ptr_equal(u.at, u.end);
    assert_float_equal(out.supply.p_max_kw, 321.5, 0);
    assert_int_equal(out.supply.monitored_ms, 0);
}

/* More good time than time. */
static void impossible_voltage_times_are_refused(void **state) {
    (void)state;
    uint8_t bytes[600];
    struct pack p;
    struct unpack u;
    struct feed_slot in, out;
    feed_slot_clear(&in);
    in.has_supply = true;
    pack_init(&p, bytes, sizeof bytes);
    slot_write_feed(&p, START, &in);
    bytes[p.len - 2] = 1; /* monitored */
    bytes[p.len - 1] = 2; /* not good */
    unpack_init(&u, bytes, p.len);
    slot_read_feed(&u, &head, START, ROLE_GRID, &out);
    assert_true(u.bad);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_of_good_voltage_comes_back),
        cmocka_unit_test(a_row_of_version_2_is_read),
        cmocka_unit_test(impossible_voltage_times_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
