/* Values -> registers: the inverse of decoding, over random points of every type. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "meter/decode.h"

static uint64_t seed = 42;

static uint64_t next_random(void) { /* xorshift64*: the same sequence in every run */
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * UINT64_C(2685821657736338717);
}

static struct point_def plain(enum point_type type) {
    static const uint8_t registers[POINT_TYPE_COUNT] = {
        [POINT_U16] = 1,    [POINT_I16] = 1,      [POINT_U32] = 2,    [POINT_I32] = 2,
        [POINT_U64] = 4,    [POINT_I64] = 4,      [POINT_F32] = 2,    [POINT_F64] = 4,
        [POINT_STRING] = 8, [POINT_BITS16] = 1,   [POINT_BITS32] = 2, [POINT_BYTE_HIGH] = 1,
        [POINT_BIT] = 1,    [POINT_BYTE_LOW] = 1,
    };

    return (struct point_def){.type = type,
                              .registers = registers[type],
                              .scale = 1,
                              .sign = 1,
                              .ratio_point = POINT_NONE,
                              .exponent_point = POINT_NONE};
}

static struct point_def random_point(enum point_type type) {
    static const double scales[] = {1, 0.1, 0.01, 0.001, 10, 100, 0.5};
    struct point_def p = plain(type);

    p.word_order = next_random() % 2 ? WORD_ORDER_LITTLE : WORD_ORDER_BIG;
    p.split = p.registers == 2 && next_random() % 4 == 0;
    p.scale = scales[next_random() % 7];
    p.offset = next_random() % 3 ? 0 : (double)(int)(next_random() % 2000) - 1000;
    p.sign = next_random() % 2 ? 1 : -1;
    return p;
}

/* Random words; 64-bit integers stay within the 53 bits that a double holds exactly. */
static void random_words(const struct point_def *p, uint16_t words[4]) {
    bool wide = p->type == POINT_U64 || p->type == POINT_I64;
    bool big = p->word_order == WORD_ORDER_BIG;

    for (size_t i = 0; i < 4; i++)
        words[i] = (uint16_t)next_random();
    if (wide) {
        words[big ? 0 : 3] = 0;
        words[big ? 1 : 2] &= 0x03FF; /* 42 bits: scaling costs a few more */
    }
    if (p->type == POINT_BIT)
        words[0] &= 1;
}

static void integers_round_trip_bit_for_bit(void **state) {
    static const double multipliers[] = {1, 80, 100, 8000, 0.01, 1000};

    (void)state;
    for (int type = 0; type < POINT_TYPE_COUNT; type++) {
        if (type == POINT_F32 || type == POINT_F64 || type == POINT_STRING)
            continue;
        for (int n = 0; n < 20000; n++) {
            struct point_def p = random_point((enum point_type)type);
            double m = multipliers[next_random() % 6];
            uint16_t words[4], back[4];
            double v;

            random_words(&p, words);
            memcpy(back, words, sizeof back);
            back[0] ^= p.type == POINT_BYTE_HIGH ? 0xFF00 : p.type == POINT_BYTE_LOW ? 0x00FF : 0;
            v = decode_scaled(&p, decode_raw(&p, words)) * m;
            assert_int_equal(encode_value(&p, v, m, back), ERR_OK);
            assert_memory_equal(back, words, 2u * p.registers);
        }
    }
}

static void floats_round_trip_to_their_own_precision(void **state) {
    (void)state;
    for (int n = 0; n < 20000; n++) {
        struct point_def p = random_point(n % 2 ? POINT_F32 : POINT_F64);
        uint16_t words[4], back[4];
        double v, w;

        p.offset = 0; /* an offset costs small floats their low bits */
        random_words(&p, words);
        v = decode_scaled(&p, decode_raw(&p, words));
        if (isnan(v) || fabs(v) < 1e-30 || fabs(v) > 1e300)
            continue;
        assert_int_equal(encode_value(&p, v * 8000, 8000, back), ERR_OK);
        w = decode_scaled(&p, decode_raw(&p, back));
        assert_true(fabs(w - v) <= fabs(v) * (p.type == POINT_F32 ? 1e-7 : 1e-14));
    }
}

static void a_value_becomes_the_nearest_raw_one(void **state) {
    struct point_def p = plain(POINT_U16);
    uint16_t words[4];

    (void)state;
    p.scale = 0.1;
    assert_int_equal(encode_value(&p, 230.14, 1, words), ERR_OK);
    assert_int_equal(words[0], 2301);
    assert_int_equal(encode_value(&p, 230.16, 1, words), ERR_OK);
    assert_int_equal(words[0], 2302);
    assert_int_equal(encode_value(&p, 5770, 100, words), ERR_OK);
    assert_int_equal(words[0], 577);
}

static void what_does_not_fit_gives_the_nearest_and_an_error(void **state) {
    static const struct {
        enum point_type type;
        double value;
        uint16_t words[4];
    } rows[] = {
        {POINT_U16, 70000, {0xFFFF}},
        {POINT_U16, -1, {0}},
        {POINT_I16, -40000, {0x8000}},
        {POINT_U32, 5e9, {0xFFFF, 0xFFFF}},
        {POINT_I32, -3e9, {0x8000, 0x0000}},
        {POINT_I32, (double)INFINITY, {0x7FFF, 0xFFFF}},
        {POINT_U64, 1e30, {0xFFFF, 0xFFFF, 0xFFFF, 0xF800}},
        {POINT_I64, 1e30, {0x7FFF, 0xFFFF, 0xFFFF, 0xFC00}},
        {POINT_I64, -1e30, {0x8000, 0, 0, 0}},
        {POINT_F32, 1e40, {0x7F7F, 0xFFFF}},
        {POINT_F32, -1e40, {0xFF7F, 0xFFFF}},
        {POINT_F64, (double)INFINITY, {0x7FEF, 0xFFFF, 0xFFFF, 0xFFFF}},
        {POINT_F64, -(double)INFINITY, {0xFFEF, 0xFFFF, 0xFFFF, 0xFFFF}},
        {POINT_BIT, 2, {1}},
        {POINT_BYTE_LOW, 300, {0x00FF}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct point_def p = plain(rows[i].type);
        uint16_t words[4] = {0};

        assert_int_equal(encode_value(&p, rows[i].value, 1, words), ERR_RANGE);
        assert_memory_equal(words, rows[i].words, 2u * p.registers);
    }
}

static void no_value_becomes_the_point_s_own_sign_of_it(void **state) {
    struct point_def u16 = plain(POINT_U16), i32 = plain(POINT_I32);
    struct point_def f32 = plain(POINT_F32), f64 = plain(POINT_F64), text = plain(POINT_STRING);
    uint16_t words[8] = {1, 1, 1, 1, 1, 1, 1, 1};

    (void)state;
    assert_int_equal(encode_value(&u16, (double)NAN, 1, words), ERR_RANGE);
    i32.unavailable_count = 1;
    i32.unavailable[0] = 0x7FFFFFFF;
    assert_int_equal(encode_value(&i32, (double)NAN, 1, words), ERR_OK);
    assert_memory_equal(words, ((uint16_t[]){0x7FFF, 0xFFFF}), 4);
    assert_int_equal(encode_value(&f32, (double)NAN, 1, words), ERR_OK);
    assert_true(isnan(decode_scaled(&f32, decode_raw(&f32, words))));
    assert_int_equal(encode_value(&f64, (double)NAN, 1, words), ERR_OK);
    assert_true(isnan(decode_scaled(&f64, decode_raw(&f64, words))));
    assert_int_equal(encode_value(&text, 1, 1, words), ERR_RANGE);
}

static void a_number_that_reads_as_no_value_is_an_error(void **state) {
    struct point_def p = plain(POINT_U16);
    uint16_t words[1] = {0};

    (void)state;
    p.unavailable_count = 1;
    p.unavailable[0] = 0xFFFF;
    assert_int_equal(encode_value(&p, 65534, 1, words), ERR_OK);
    assert_int_equal(encode_value(&p, 65535, 1, words), ERR_RANGE);
}

static void text_round_trips_padded_and_cut(void **state) {
    struct point_def p = plain(POINT_STRING);
    uint16_t words[8];
    char out[17];

    (void)state;
    encode_text(&p, "SN-12345", words);
    assert_int_equal(words[0], 'S' << 8 | 'N');
    assert_int_equal(words[4], 0);
    assert_int_equal(decode_text(&p, words, out, sizeof out), 8);
    assert_string_equal(out, "SN-12345");
    encode_text(&p, "odd", words);
    assert_int_equal(words[1], 'd' << 8);
    encode_text(&p, "0123456789abcdefXYZ", words);
    assert_int_equal(decode_text(&p, words, out, sizeof out), 16);
    assert_string_equal(out, "0123456789abcdef");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_round_trip_bit_for_bit),
        cmocka_unit_test(floats_round_trip_to_their_own_precision),
        cmocka_unit_test(a_value_becomes_the_nearest_raw_one),
        cmocka_unit_test(what_does_not_fit_gives_the_nearest_and_an_error),
        cmocka_unit_test(no_value_becomes_the_point_s_own_sign_of_it),
        cmocka_unit_test(a_number_that_reads_as_no_value_is_an_error),
        cmocka_unit_test(text_round_trips_padded_and_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
