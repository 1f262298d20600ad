/* Stored slots: what is written is read back; a number that is not known stays unknown. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/err.h"
#include "store/slot_codec.h"

#define START   1700000040000
#define UNKNOWN ((double)NAN)

static void a_feed_comes_back_exactly(void **state) {
    (void)state;
    uint8_t bytes[400];
    struct pack p;
    struct unpack u;
    struct slot_head head = {.layout = 300, .coverage = 0.98765, .quality = 3, .feed_count = 2};
    struct record_device in = {.import_kwh = 1.0 / 3.0,
                               .export_kwh = UNKNOWN,
                               .method = METHOD_RECOVERED,
                               .import_start = 123456.78,
                               .import_end = 123457.11,
                               .export_start = UNKNOWN,
                               .export_end = UNKNOWN,
                               .register_at = {START - 1, START + 59500},
                               .multiplier = 8000.0,
                               .power_kw = {1.5, -2.5, 3.5},
                               .coverage = 0.5,
                               .quality = QUALITY_SUSPECT};
    struct record_device nothing = {.import_kwh = UNKNOWN,
                                    .export_kwh = UNKNOWN,
                                    .method = METHOD_NONE,
                                    .import_start = UNKNOWN,
                                    .import_end = UNKNOWN,
                                    .export_start = UNKNOWN,
                                    .export_end = UNKNOWN,
                                    .multiplier = UNKNOWN,
                                    .power_kw = {UNKNOWN, UNKNOWN, UNKNOWN},
                                    .quality = QUALITY_MISSING};
    pack_init(&p, bytes, sizeof bytes);
    slot_write_head(&p, &head);
    slot_write_feed(&p, START, &in);
    slot_write_feed(&p, START, &nothing);
    unpack_init(&u, bytes, p.len);
    struct slot_head got;
    struct record_device out = {0};
    assert_int_equal(slot_read_head(&u, &got), ERR_OK);
    assert_int_equal(got.layout, 300);
    assert_float_equal(got.coverage, 0.9877, 1e-9);
    assert_int_equal(got.quality, 3);
    slot_read_feed(&u, START, &out);
    assert_true(out.import_kwh >= in.import_kwh && out.import_kwh <= in.import_kwh);
    assert_true(out.import_start >= in.import_start && out.import_start <= in.import_start);
    assert_true(isnan(out.export_kwh));
    assert_int_equal(out.register_at[0], START - 1);
    assert_int_equal(out.register_at[1], START + 59500);
    assert_int_equal(out.method, METHOD_RECOVERED);
    assert_int_equal(out.quality, QUALITY_SUSPECT);
    assert_float_equal(out.power_kw.min, -2.5, 0);
    slot_read_feed(&u, START, &out);
    assert_true(isnan(out.import_kwh) && isnan(out.power_kw.avg) && isnan(out.multiplier));
    assert_int_equal(out.register_at[0], 0);
    assert_false(u.bad);
    assert_ptr_equal(u.at, u.end);
}

static void a_reading_at_the_edge_is_not_never(void **state) {
    (void)state;
    uint8_t bytes[100];
    struct pack p;
    struct unpack u;
    struct record_device d = {.register_at = {START, START + 1}}, out;
    pack_init(&p, bytes, sizeof bytes);
    slot_write_feed(&p, START, &d);
    unpack_init(&u, bytes, p.len);
    slot_read_feed(&u, START, &out);
    assert_int_equal(out.register_at[0], START);
    assert_int_equal(out.register_at[1], START + 1);
}

static void points_keep_what_their_kind_needs(void **state) {
    (void)state;
    uint8_t bytes[100];
    struct pack p;
    struct unpack u;
    struct slot_point gauge = {.is_gauge = true,
                               .has_value = true,
                               .mean = 2.0,
                               .min = 1.0,
                               .max = 4.0,
                               .coverage = 0.5,
                               .quality = QUALITY_GOOD};
    struct slot_point flat = gauge, last = {.has_value = true, .last = 0.1, .coverage = 1.0};
    struct slot_point none = {.is_gauge = true, .quality = QUALITY_MISSING};
    flat.min = flat.max = flat.mean;
    flat.coverage = 1.0;
    pack_init(&p, bytes, sizeof bytes);
    slot_write_point_count(&p, 4);
    slot_write_point(&p, &gauge);
    size_t before = p.len;
    slot_write_point(&p, &flat);
    assert_int_equal(p.len - before, 5);
    slot_write_point(&p, &last);
    slot_write_point(&p, &none);
    unpack_init(&u, bytes, p.len);
    struct slot_point out;
    assert_int_equal(slot_read_point_count(&u), 4);
    slot_read_point(&u, true, &out);
    assert_float_equal(out.max, 4.0, 0);
    assert_float_equal(out.coverage, 0.5, 0.002);
    slot_read_point(&u, true, &out);
    assert_float_equal(out.min, 2.0, 0);
    assert_float_equal(out.coverage, 1.0, 0);
    slot_read_point(&u, false, &out);
    assert_float_equal(out.last, 0.1, 0);
    slot_read_point(&u, true, &out);
    assert_false(out.has_value);
    assert_true(isnan(out.mean));
    assert_int_equal(out.quality, QUALITY_MISSING);
    assert_false(u.bad);
    slot_read_point(&u, true, &out);
    assert_true(u.bad); /* beyond the end */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_feed_comes_back_exactly),
                                       cmocka_unit_test(a_reading_at_the_edge_is_not_never),
                                       cmocka_unit_test(points_keep_what_their_kind_needs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
