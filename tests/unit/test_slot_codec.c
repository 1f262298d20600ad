/* Stored slots: what is written is read back; a number that is not known stays unknown. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/err.h"
#include "slots/slot_codec.h"

#define START   1700000040000
#define UNKNOWN ((double)NAN)

static const struct slot_head head = {
    .version = 3, .layout = 300, .coverage = 0.98765, .quality = 3, .feed_count = 2};

static void assert_close(double got, double want) {
    assert_true(fabs(got - want) < 1e-6);
}

static void assert_same(double got, double want) {
    assert_true((isnan(got) && isnan(want)) || (got <= want && got >= want));
}

static struct counter_slot import_counter(void) {
    return (struct counter_slot){.known = true,
                                 .parts = 33123,
                                 .unit = 8000.0 * 0.01 / 1000.0,
                                 .register_start = 123456.78,
                                 .register_end = 123457.11,
                                 .start_utc_ms = START - 1,
                                 .end_utc_ms = START + 59500,
                                 .edge_parts = -77,
                                 .multiplier = 8000.0,
                                 .recovered = true};
}

static void a_feed_comes_back_exactly(void **state) {
    (void)state;
    uint8_t bytes[600];
    struct pack p;
    struct unpack u;
    struct feed_slot in, nothing, out;
    feed_slot_clear(&in);
    feed_slot_clear(&nothing);
    in.method = METHOD_RECOVERED;
    in.quality = QUALITY_SUSPECT;
    in.coverage = 0.5;
    in.power_kw = (struct power_stat){1.5, -2.5, 3.5};
    in.counter[FEED_FORWARD] = import_counter();
    in.counter[FEED_Q1] = (struct counter_slot){.known = true,
                                                .carry = 1.0 / 3.0,
                                                .register_start = UNKNOWN,
                                                .register_end = UNKNOWN,
                                                .multiplier = UNKNOWN};
    in.has_supply = true;
    in.supply.s_kva = (struct range_stat){10.5, 1.5, 99.5, 900000};
    in.supply.s_max_at = START + 7;
    pack_init(&p, bytes, sizeof bytes);
    slot_write_head(&p, &head);
    slot_write_feed(&p, START, &in);
    slot_write_feed(&p, START, &nothing);
    assert_false(p.overflow);
    unpack_init(&u, bytes, p.len);
    struct slot_head got;
    assert_int_equal(slot_read_head(&u, &got), ERR_OK);
    assert_int_equal(got.layout, 300);
    assert_float_equal(got.coverage, 0.9877, 1e-9);
    assert_int_equal(got.quality, 3);
    slot_read_feed(&u, &got, START, ROLE_GRID, &out);
    const struct counter_slot *c = &out.counter[FEED_FORWARD];
    const struct counter_slot want = import_counter();
    assert_true(c->known && c->recovered && !c->suspect);
    assert_int_equal(c->parts, 33123);
    assert_int_equal(c->edge_parts, -77);
    assert_same(c->unit, want.unit);
    assert_same(c->register_start, want.register_start);
    assert_same(c->register_end, want.register_end);
    assert_int_equal(c->start_utc_ms, START - 1);
    assert_int_equal(c->end_utc_ms, START + 59500);
    assert_same(counter_slot_amount(&out.counter[FEED_Q1]), 1.0 / 3.0);
    assert_false(out.counter[FEED_REVERSE].known);
    assert_int_equal(out.method, METHOD_RECOVERED);
    assert_int_equal(out.quality, QUALITY_SUSPECT);
    assert_float_equal(out.power_kw.min, -2.5, 0);
    assert_true(out.has_supply);
    assert_float_equal(out.supply.s_kva.max, 99.5, 0);
    assert_int_equal(out.supply.s_kva.covered_ms, 900000);
    assert_int_equal(out.supply.s_max_at, START + 7);
    assert_true(isnan(out.supply.frequency_hz.avg));
    slot_read_feed(&u, &got, START, ROLE_GRID, &out);
    assert_false(out.counter[FEED_FORWARD].known || out.has_supply);
    assert_true(isnan(out.power_kw.avg) && isnan(out.counter[FEED_FORWARD].register_start));
    assert_false(u.bad);
    assert_ptr_equal(u.at, u.end);
}

/* Two counters of one unit, of which the first was recovered without any reading: it has no
 * multiplier, the second has. */
static void counters_of_one_unit_keep_their_multipliers(void **state) {
    (void)state;
    uint8_t bytes[600];
    struct pack p;
    struct unpack u;
    struct feed_slot in, out;
    feed_slot_clear(&in);
    in.counter[FEED_FORWARD] = (struct counter_slot){.known = true,
                                                     .parts = 5,
                                                     .unit = 0.08,
                                                     .register_start = UNKNOWN,
                                                     .register_end = UNKNOWN,
                                                     .edge_parts = -3,
                                                     .multiplier = UNKNOWN};
    in.counter[FEED_REVERSE] = import_counter();
    in.counter[FEED_REVERSE].unit = 0.08;
    pack_init(&p, bytes, sizeof bytes);
    slot_write_feed(&p, START, &in);
    unpack_init(&u, bytes, p.len);
    slot_read_feed(&u, &head, START, ROLE_GRID, &out);
    assert_false(u.bad);
    assert_same(out.counter[FEED_FORWARD].multiplier, UNKNOWN);
    assert_int_equal(out.counter[FEED_FORWARD].edge_parts, -3);
    assert_same(out.counter[FEED_REVERSE].multiplier, 8000.0);
    assert_same(out.counter[FEED_REVERSE].unit, 0.08);
}

/* Sums of such rows would overflow: a row with them is damaged. */
static void parts_and_times_that_no_row_has_are_refused(void **state) {
    (void)state;
    static const struct {
        int64_t parts, edge_parts;
        ms_t end_utc_ms;
        bool good;
    } rows[] = {
        {INT64_C(1000000000000000), -INT64_C(1000000000000000), START, true},
        {INT64_C(1000000000000001), 0, START, false},
        {INT64_MIN, 0, START, false},
        {0, INT64_MAX, START, false},
        {0, 0, INT64_MAX / 2, false},
        {0, 0, INT64_MIN / 2, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[600];
        struct pack p;
        struct unpack u;
        struct feed_slot in, out;
        feed_slot_clear(&in);
        in.counter[FEED_FORWARD] = import_counter();
        in.counter[FEED_FORWARD].parts = rows[i].parts;
        in.counter[FEED_FORWARD].edge_parts = rows[i].edge_parts;
        in.counter[FEED_FORWARD].end_utc_ms = rows[i].end_utc_ms;
        pack_init(&p, bytes, sizeof bytes);
        slot_write_feed(&p, START, &in);
        unpack_init(&u, bytes, p.len);
        slot_read_feed(&u, &head, START, ROLE_GRID, &out);
        assert_int_equal(u.bad, !rows[i].good);
    }
}

/* energy = (end - start) x multiplier + edge + rollover, as the record promises. */
static void what_a_record_shows_adds_up(void **state) {
    (void)state;
    struct feed_slot f;
    struct record_device d;
    feed_slot_clear(&f);
    f.counter[FEED_FORWARD] = import_counter();
    /* 33 counts between the readings, a turn of the register at 1000 counts besides */
    f.counter[FEED_FORWARD].parts = (33 + 1000) * COUNTER_PARTS - 77;
    feed_slot_show(&f, ROLE_GRID, &d);
    assert_close(d.edge_kwh, -77 * 0.08);
    assert_close(d.rollover_kwh, 1000 * 80.0);
    assert_close(d.import_kwh,
                 (d.import_end - d.import_start) * d.multiplier + d.edge_kwh + d.rollover_kwh);
    /* a source generates into export */
    feed_slot_show(&f, ROLE_PV, &d);
    assert_true(isnan(d.import_kwh));
    assert_close(d.export_end, 123457.11);
}

static void a_reading_at_the_edge_is_not_never(void **state) {
    (void)state;
    uint8_t bytes[200];
    struct pack p;
    struct unpack u;
    struct feed_slot f, out;
    feed_slot_clear(&f);
    f.counter[FEED_FORWARD] = import_counter();
    f.counter[FEED_FORWARD].start_utc_ms = START;
    f.counter[FEED_FORWARD].end_utc_ms = START + 1;
    pack_init(&p, bytes, sizeof bytes);
    slot_write_feed(&p, START, &f);
    unpack_init(&u, bytes, p.len);
    slot_read_feed(&u, &head, START, ROLE_GRID, &out);
    assert_int_equal(out.counter[FEED_FORWARD].start_utc_ms, START);
    assert_int_equal(out.counter[FEED_FORWARD].end_utc_ms, START + 1);
}

static void points_keep_what_their_kind_needs(void **state) {
    (void)state;
    uint8_t bytes[100];
    struct pack p;
    struct unpack u;
    struct slot_point gauge = {.is_gauge = true,
                               .has_value = true,
                               .mean = 2.0,
                               .min = -1.0,
                               .max = 4.0,
                               .first = -0.5,
                               .last = 3.25,
                               .coverage = 0.5,
                               .quality = QUALITY_GOOD};
    struct slot_point flat = gauge, last = {.has_value = true, .last = 0.1, .coverage = 1.0};
    struct slot_point none = {.is_gauge = true, .quality = QUALITY_MISSING};
    flat.min = flat.max = flat.first = flat.last = flat.mean;
    flat.coverage = 1.0;
    pack_init(&p, bytes, sizeof bytes);
    slot_write_point_count(&p, 4);
    slot_write_point(&p, &gauge);
    size_t before = p.len;
    slot_write_point(&p, &flat);
    assert_int_equal(p.len - before, 2); /* 2.0 without decimals */
    slot_write_point(&p, &last);
    slot_write_point(&p, &none);
    unpack_init(&u, bytes, p.len);
    struct slot_point out;
    assert_int_equal(slot_read_point_count(&u), 4);
    slot_read_point(&u, &head, true, &out);
    assert_float_equal(out.mean, 2.0, 0);
    assert_float_equal(out.min, -1.0, 0);
    assert_float_equal(out.max, 4.0, 0);
    assert_float_equal(out.first, -0.5, 0);
    assert_float_equal(out.last, 3.25, 0);
    assert_float_equal(out.coverage, 0.5, 0.002);
    slot_read_point(&u, &head, true, &out);
    assert_float_equal(out.min, 2.0, 0);
    assert_float_equal(out.first, 2.0, 0);
    assert_float_equal(out.coverage, 1.0, 0);
    slot_read_point(&u, &head, false, &out);
    assert_float_equal(out.last, 0.1, 0);
    slot_read_point(&u, &head, true, &out);
    assert_false(out.has_value);
    assert_true(isnan(out.mean));
    assert_int_equal(out.quality, QUALITY_MISSING);
    assert_false(u.bad);
    slot_read_point(&u, &head, true, &out);
    assert_true(u.bad); /* beyond the end */
}

static struct slot_point gauge_of(const double v[5]) {
    return (struct slot_point){.is_gauge = true,
                               .has_value = true,
                               .min = v[0],
                               .max = v[1],
                               .first = v[2],
                               .last = v[3],
                               .mean = v[4],
                               .coverage = 1.0,
                               .quality = QUALITY_GOOD};
}

static double as_float(double v) {
    return (double)(float)v;
}

/* Bytes by hand. A decimal of n and d digits is the varint of zigzag(n) * 4 + d: three bytes from
 * 2^14 on. A float at 230 has steps of 2^-16, at 12 of 2^-20. */
static void a_gauge_comes_back_as_the_floats_it_was(void **state) {
    (void)state;
    static const struct {
        double v[5]; /* min, max, first, last, mean */
        size_t bytes;
    } cases[] = {
        /* 18409 in 3; 8, 3, 1; 0.4 V are 26214 steps: 3 */
        {{230.1, 230.9, 230.4, 230.2, 230.5}, 1 + 3 + 3 + 3},
        /* n = -12345, 3 digits: 98759 in 3; 345 in 2, 0, 345 in 2; 0.1 A are 104858 steps: 3 */
        {{-12.345, -12.0, -12.345, -12.0, -12.245}, 1 + 3 + 2 + 1 + 2 + 3},
        /* one of them with four decimals: f32; steps are 2^-24 at 0.5 .. 1: 0.0123 are about
           206000 (3), 0 (1), 0.01 about 168000 (3), 0.005 about 84000 (3) */
        {{0.95, 0.9623, 0.95, 0.96, 0.955}, 1 + 4 + 3 + 1 + 3 + 3},
        /* 8388607 is the last integer that is kept as one: zigzag 16777214 * 4 in 4 */
        {{8388607.0, 8388607.0, 8388607.0, 8388607.0, 8388607.0}, 1 + 4},
        {{8388608.0, 8388608.0, 8388608.0, 8388608.0, 8388608.0}, 1 + 4},
        {{-3.0, 5.0, 0.0, 2.5, 0.1}, 0},
        {{1e-40, 3e38, 1.0, 2.0, 1e10}, 0},
        {{-3e38, -1e-40, -1.0, -2.0, -1e10}, 0},
        {{-1234567.8, 23456.789, 0.001, -0.001, 7.0 / 3.0}, 0},
        /* rounding put the mean one step below the minimum */
        {{230.1, 230.2, 230.1, 230.1, 230.1 - 0x1p-16}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[60];
        struct pack p;
        struct unpack u;
        struct slot_point in = gauge_of(cases[i].v), out;
        pack_init(&p, bytes, sizeof bytes);
        slot_write_point(&p, &in);
        assert_false(p.overflow);
        if (cases[i].bytes > 0)
            assert_int_equal(p.len, cases[i].bytes);
        unpack_init(&u, bytes, p.len);
        slot_read_point(&u, &head, true, &out);
        assert_false(u.bad);
        assert_ptr_equal(u.at, u.end);
        assert_same(out.min, as_float(in.min));
        assert_same(out.max, as_float(in.max));
        assert_same(out.first, as_float(in.first));
        assert_same(out.last, as_float(in.last));
        assert_same(out.mean, as_float(in.mean));
    }
}

/* Every number that a meter's register of tenths, hundredths or thousandths can say, as the decoder
 * makes it. */
static void every_decimal_is_exact(void **state) {
    (void)state;
    static const double scales[] = {1.0, 0.1, 0.01, 0.001};
    for (size_t d = 0; d < 4; d++) {
        for (int raw = -32768; raw <= 65535; raw += 7) {
            double value = raw * scales[d], same[5] = {value, value, value, value, value};
            uint8_t bytes[20];
            struct pack p;
            struct unpack u;
            struct slot_point in = gauge_of(same), out;
            pack_init(&p, bytes, sizeof bytes);
            slot_write_point(&p, &in);
            assert_true(p.len <= 1 + 3);
            unpack_init(&u, bytes, p.len);
            slot_read_point(&u, &head, true, &out);
            assert_same(out.mean, as_float(value));
            assert_same(out.last, as_float(value));
        }
    }
}

static void a_distance_beyond_the_floats_is_bad(void **state) {
    (void)state;
    static const uint8_t tag = 16 | 64, decimal_tag = 16 | 64 | 128; /* has value, full coverage */
    for (int decimal = 0; decimal < 2; decimal++) {
        uint8_t bytes[40];
        struct pack p;
        struct unpack u;
        struct slot_point out;
        pack_init(&p, bytes, sizeof bytes);
        pack_u8(&p, decimal ? decimal_tag : tag);
        if (decimal)
            pack_varint(&p, 4);
        else
            pack_f32(&p, 1.0);
        for (int i = 0; i < 3; i++)
            pack_varint(&p, 1);
        pack_varint(&p, UINT32_MAX); /* the mean */
        unpack_init(&u, bytes, p.len);
        slot_read_point(&u, &head, true, &out);
        assert_true(u.bad);
        assert_true(isnan(out.mean));
    }
}

/* 0.1.0 wrote kWh as doubles: present, quality and method, coverage, doubles, times, edge, powers.
 */
static void a_row_of_version_1_is_read(void **state) {
    (void)state;
    uint8_t bytes[200];
    struct pack p;
    struct unpack u;
    pack_init(&p, bytes, sizeof bytes);
    pack_u8(&p, 1);     /* version */
    pack_varint(&p, 7); /* layout */
    pack_u8(&p, 10000 & 0xff);
    pack_u8(&p, 10000 >> 8);
    pack_u8(&p, QUALITY_GOOD);
    pack_varint(&p, 1);
    pack_u8(&p, 1u | 4u | 8u | 64u); /* import, its two registers, multiplier */
    pack_u8(&p, QUALITY_GOOD | METHOD_REGISTER << 4);
    pack_u8(&p, 10000 & 0xff);
    pack_u8(&p, 10000 >> 8);
    pack_f64(&p, 12.5);
    pack_f64(&p, 100.0);
    pack_f64(&p, 100.25);
    pack_f64(&p, 50.0);
    pack_signed(&p, 101); /* 100 ms after the start */
    pack_signed(&p, 59101);
    pack_f32(&p, 0.0);
    unpack_init(&u, bytes, p.len);
    struct slot_head got;
    struct feed_slot out;
    struct record_device d;
    assert_int_equal(slot_read_head(&u, &got), ERR_OK);
    assert_int_equal(got.version, 1);
    slot_read_feed(&u, &got, START, ROLE_GRID, &out);
    assert_false(u.bad);
    feed_slot_show(&out, ROLE_GRID, &d);
    assert_same(d.import_kwh, 12.5);
    assert_same(d.import_end, 100.25);
    assert_int_equal(d.register_at[0], START + 100);
    assert_same(d.multiplier, 50.0);
}

/* A direction is named as the meter names it, docs/mqtt.md: what goes into a storage or a battery
 * is import, although discharge is the direction of its role. */
static void import_is_what_goes_into_the_device(void **state) {
    (void)state;
    static const struct {
        enum role role;
        bool forward_is_import;
    } want[] = {{ROLE_GRID, true},       {ROLE_LOAD, true},     {ROLE_PV, false},
                {ROLE_GENERATOR, false}, {ROLE_STORAGE, false}, {ROLE_BATTERY, false},
                {ROLE_GAS, true}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct feed_slot f;
        struct record_device d;
        feed_slot_clear(&f);
        f.counter[FEED_FORWARD] = import_counter();
        f.counter[FEED_REVERSE] = import_counter();
        f.counter[FEED_FORWARD].parts = 1000;
        f.counter[FEED_REVERSE].parts = 2000;
        double forward = counter_slot_amount(&f.counter[FEED_FORWARD]);
        double reverse = counter_slot_amount(&f.counter[FEED_REVERSE]);
        feed_slot_show(&f, want[i].role, &d);
        assert_same(d.import_kwh, want[i].forward_is_import ? forward : reverse);
        assert_same(d.export_kwh, want[i].forward_is_import ? reverse : forward);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_feed_comes_back_exactly),
        cmocka_unit_test(counters_of_one_unit_keep_their_multipliers),
        cmocka_unit_test(parts_and_times_that_no_row_has_are_refused),
        cmocka_unit_test(what_a_record_shows_adds_up),
        cmocka_unit_test(import_is_what_goes_into_the_device),
        cmocka_unit_test(a_reading_at_the_edge_is_not_never),
        cmocka_unit_test(points_keep_what_their_kind_needs),
        cmocka_unit_test(a_gauge_comes_back_as_the_floats_it_was),
        cmocka_unit_test(every_decimal_is_exact),
        cmocka_unit_test(a_distance_beyond_the_floats_is_bad),
        cmocka_unit_test(a_row_of_version_1_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
