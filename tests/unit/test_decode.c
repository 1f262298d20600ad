/* Registers -> values: every type, word order, sentinel, ratio, exponent and limit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "meter/decode.h"

#define NOT_SET                   ((double)NAN)
#define assert_close(a, b, slack) assert_true(fabs((a) - (b)) <= (slack))

static struct point_def plain(enum point_type type, uint8_t registers) {
    return (struct point_def){.name = "p",
                              .type = type,
                              .function = 3,
                              .registers = registers,
                              .scale = 1,
                              .sign = 1,
                              .ratio_point = POINT_NONE,
                              .exponent_point = POINT_NONE,
                              .min = (double)-INFINITY,
                              .max = (double)INFINITY};
}

static void raw_integers_of_every_type_and_word_order(void **state) {
    static const struct {
        enum point_type type;
        enum word_order order;
        bool split;
        uint8_t registers;
        uint16_t words[4];
        int64_t raw;
    } rows[] = {
        {POINT_U16, WORD_ORDER_BIG, false, 1, {0xFFFE}, 65534},
        {POINT_I16, WORD_ORDER_BIG, false, 1, {0xFFFE}, -2},
        {POINT_BITS16, WORD_ORDER_BIG, false, 1, {0x8001}, 0x8001},
        {POINT_U32, WORD_ORDER_BIG, false, 2, {0x0001, 0x86A0}, 100000},
        {POINT_U32, WORD_ORDER_LITTLE, false, 2, {0x86A0, 0x0001}, 100000},
        {POINT_U32, WORD_ORDER_BIG, false, 2, {0xFFFF, 0xFFFF}, 4294967295},
        {POINT_I32, WORD_ORDER_BIG, false, 2, {0xFFFE, 0x7960}, -100000},
        {POINT_I32, WORD_ORDER_LITTLE, false, 2, {0x7960, 0xFFFE}, -100000},
        {POINT_U32, WORD_ORDER_LITTLE, true, 2, {0x0001, 0x86A0}, 100000}, /* high word first */
        {POINT_BITS32, WORD_ORDER_BIG, false, 2, {0x8000, 0x0001}, 0x80000001},
        {POINT_F32, WORD_ORDER_BIG, false, 2, {0x3FC0, 0x0000}, 0x3FC00000},
        {POINT_F32, WORD_ORDER_LITTLE, false, 2, {0x0000, 0xBFC0}, 0xBFC00000},
        {POINT_U64, WORD_ORDER_BIG, false, 4, {1, 2, 3, 4}, 0x0001000200030004},
        {POINT_U64, WORD_ORDER_LITTLE, false, 4, {4, 3, 2, 1}, 0x0001000200030004},
        {POINT_I64, WORD_ORDER_BIG, false, 4, {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFD}, -3},
        {POINT_F64, WORD_ORDER_BIG, false, 4, {0x3FF8, 0, 0, 0}, 0x3FF8000000000000},
        {POINT_BYTE_HIGH, WORD_ORDER_BIG, false, 1, {0xA5C3}, 0xA5},
        {POINT_BYTE_LOW, WORD_ORDER_BIG, false, 1, {0xA5C3}, 0xC3},
        {POINT_BIT, WORD_ORDER_BIG, false, 1, {1}, 1},
        {POINT_BIT, WORD_ORDER_BIG, false, 1, {0}, 0},
        {POINT_STRING, WORD_ORDER_BIG, false, 2, {0x4142, 0x4344}, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct point_def p = plain(rows[i].type, rows[i].registers);

        p.word_order = rows[i].order;
        p.split = rows[i].split;
        assert_true(decode_raw(&p, rows[i].words) == rows[i].raw);
    }
}

static void numbers_of_every_kind(void **state) {
    static const struct {
        enum point_type type;
        int64_t raw;
        double scale, offset;
        int8_t sign;
        double value;
    } rows[] = {
        {POINT_U16, 2301, 0.1, 0, 1, 230.1},
        {POINT_I16, -50, 1, 0, -1, 50},
        {POINT_U16, 1250, 0.1, -100, 1, 25},              /* (raw - 1000) x 0.1 */
        {POINT_U64, -1, 1, 0, 1, 18446744073709551615.0}, /* all ones is a number when unsigned */
        {POINT_I64, -1, 1, 0, 1, -1},
        {POINT_F32, 0x3FC00000, 1000, 0, 1, 1500},
        {POINT_F32, 0x80000000, 1, 0, 1, 0}, /* minus zero */
        {POINT_F64, 0x3FF8000000000000, 1, 0, 1, 1.5},
        {POINT_BITS16, 0xFFFF, 1, 0, 1, 65535},
        {POINT_BIT, 1, 1, 0, 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct point_def p = plain(rows[i].type, 1);

        p.scale = rows[i].scale;
        p.offset = rows[i].offset;
        p.sign = rows[i].sign;
        assert_close(decode_scaled(&p, rows[i].raw), rows[i].value, 1e-9);
    }
}

static void what_is_not_a_number_has_no_value(void **state) {
    struct point_def f32 = plain(POINT_F32, 2), f64 = plain(POINT_F64, 4);
    struct point_def text = plain(POINT_STRING, 2);

    (void)state;
    assert_true(isnan(decode_scaled(&f32, 0x7FC00000)));
    assert_true(isnan(decode_scaled(&f32, 0xFFC00001)));
    assert_true(isnan(decode_scaled(&f32, 0x7F800000)));
    assert_true(isnan(decode_scaled(&f32, 0xFF800000)));
    assert_true(isnan(decode_scaled(&f64, 0x7FF8000000000000)));
    assert_true(isnan(decode_scaled(&f64, 0x7FF0000000000000)));
    assert_true(isnan(decode_scaled(&text, 0)));
}

static void sentinels_are_bit_patterns_at_the_width_of_the_type(void **state) {
    static const struct {
        enum point_type type;
        uint64_t pattern;
        uint16_t words[4];
        bool unavailable;
    } rows[] = {
        {POINT_U16, 0xFFFF, {0xFFFF}, true},
        {POINT_U16, 0xFFFF, {0xFFFE}, false},
        {POINT_I16, 0x8000, {0x8000}, true}, /* sign-extended raw against an unsigned pattern */
        {POINT_I16, 0x7FFF, {0x7FFF}, true},
        {POINT_I16, 0xFFFF, {0xFFFF}, true},
        {POINT_I16, UINT64_MAX, {0xFFFF}, true}, /* -1 as written in a file */
        {POINT_I32, 0x80000000, {0x8000, 0x0000}, true},
        {POINT_I32, 0x7FFFFFFF, {0x7FFF, 0xFFFF}, true},
        {POINT_U32, 0xFFFFFFFF, {0xFFFF, 0xFFFF}, true},
        {POINT_U32, 0xFFFF, {0xFFFF, 0xFFFF}, false},
        {POINT_F32, 0x80008000, {0x8000, 0x8000}, true}, /* a float of its own, yet "unused" */
        {POINT_F32, 0x80008000, {0x8000, 0x0000}, false},
        {POINT_I64, 0x8000000000000000, {0x8000, 0, 0, 0}, true},
        {POINT_U64, UINT64_MAX, {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}, true},
        {POINT_BYTE_LOW, 0xFF, {0x12FF}, true},
        {POINT_BYTE_HIGH, 0xFF, {0x12FF}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct point_def p = plain(rows[i].type, 4);

        p.unavailable_count = 2;
        p.unavailable[0] = 0x0A0A0A0A0A0A0A0A;
        p.unavailable[1] = rows[i].pattern;
        assert_int_equal(isnan(decode_scaled(&p, decode_raw(&p, rows[i].words))) != 0,
                         rows[i].unavailable);
    }
}

static void text_is_cut_and_cleaned(void **state) {
    struct point_def p = plain(POINT_STRING, 4);
    char out[16];

    (void)state;
    assert_int_equal(decode_text(&p, (uint16_t[]){0x5355, 0x4E32, 0x4B20, 0x2020}, out, sizeof out),
                     5);
    assert_string_equal(out, "SUN2K");
    assert_int_equal(decode_text(&p, (uint16_t[]){0x4120, 0x4200, 0x5858, 0x5858}, out, sizeof out),
                     3);
    assert_string_equal(out, "A B");
    decode_text(&p, (uint16_t[]){0x41FF, 0x0742, 0, 0}, out, sizeof out);
    assert_string_equal(out, "A??B");
    assert_int_equal(decode_text(&p, (uint16_t[]){0x4142, 0x4344, 0x4546, 0x4748}, out, 4), 3);
    assert_string_equal(out, "ABC");
    assert_int_equal(decode_text(&p, (uint16_t[]){0, 0, 0, 0}, out, sizeof out), 0);
    assert_string_equal(out, "");
}

/* A meter whose values stand on the secondary side of its transformers, with a scale factor. */
enum { PT, CT, VOLTS, AMPS, WATTS, SF, SCALED, TIMES_PT, STATE_WORD, NAME, METER_POINTS };

struct meter {
    struct point_def points[METER_POINTS];
    struct device_profile profile;
    struct device device;
    struct reading *reading;
    struct sample samples[METER_POINTS];
};

static void meter_setup(struct meter *m) {
    uint16_t offset = 0;

    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < METER_POINTS; i++)
        m->points[i] = plain(POINT_U16, 1);
    m->points[PT].scale = 0.1;
    m->points[VOLTS].scale = 0.1;
    m->points[VOLTS].ratio = RATIO_PT;
    m->points[AMPS].scale = 0.01;
    m->points[AMPS].ratio = RATIO_CT;
    m->points[WATTS] = plain(POINT_I32, 2);
    m->points[WATTS].ratio = RATIO_CT_PT;
    m->points[SF] = plain(POINT_I16, 1);
    m->points[SF].unavailable_count = 1;
    m->points[SF].unavailable[0] = 0x8000;
    m->points[SCALED].exponent_point = SF;
    m->points[TIMES_PT].ratio = RATIO_POINT;
    m->points[TIMES_PT].ratio_point = PT;
    m->points[STATE_WORD] = plain(POINT_BITS16, 1);
    m->points[NAME] = plain(POINT_STRING, 1);
    for (size_t i = 0; i < METER_POINTS; i++) {
        m->points[i].image_offset = offset;
        offset = (uint16_t)(offset + m->points[i].registers);
    }
    m->profile = (struct device_profile){.points = m->points,
                                         .point_count = METER_POINTS,
                                         .image_registers = offset,
                                         .ct_ratio_point = CT,
                                         .pt_ratio_point = PT};
    m->device = (struct device){
        .profile = &m->profile, .ct_ratio = NOT_SET, .pt_ratio = NOT_SET, .point_base = 100};
    m->reading = malloc(reading_size(METER_POINTS, offset));
    assert_non_null(m->reading);
    reading_init(m->reading, 0, METER_POINTS, offset);
    memset(reading_quality(m->reading), QUALITY_GOOD, METER_POINTS);
    m->reading->utc_ms = 5000;
}

static void meter_put(struct meter *m, size_t i, uint16_t value) {
    struct point_def *p = &m->points[i];

    reading_registers(m->reading)[p->image_offset + p->registers - 1] = value;
}

static void meter_fill(struct meter *m) {
    meter_setup(m);
    meter_put(m, PT, 1000); /* 100.0 */
    meter_put(m, CT, 80);
    meter_put(m, VOLTS, 577);  /* 57.7 V secondary */
    meter_put(m, AMPS, 250);   /* 2.50 A secondary */
    meter_put(m, WATTS, 400);  /* 400 W secondary */
    meter_put(m, SF, 0xFFFE);  /* 10^-2 */
    meter_put(m, SCALED, 123); /* 1.23 */
    meter_put(m, TIMES_PT, 3); /* 300 */
    meter_put(m, STATE_WORD, 0x0104);
    meter_put(m, NAME, 0x4142);
}

static void decode_all(struct meter *m) {
    assert_int_equal(decode_reading(&m->device, m->reading, m->samples), METER_POINTS);
}

static void assert_sample(const struct meter *m, size_t i, double value, enum quality q) {
    assert_close(m->samples[i].value, value, 1e-6);
    assert_int_equal(m->samples[i].quality, q);
}

static void assert_missing(const struct meter *m, size_t i) {
    assert_true(isnan(m->samples[i].value));
    assert_int_equal(m->samples[i].quality, QUALITY_MISSING);
}

static void the_device_s_own_ratios_apply_when_none_is_configured(void **state) {
    struct meter m;

    (void)state;
    meter_fill(&m);
    decode_all(&m);
    assert_sample(&m, PT, 100, QUALITY_GOOD);
    assert_sample(&m, VOLTS, 5770, QUALITY_GOOD);
    assert_sample(&m, AMPS, 200, QUALITY_GOOD);
    assert_sample(&m, WATTS, 3200000, QUALITY_GOOD);
    assert_int_equal(m.samples[WATTS].flags, 0);
    free(m.reading);
}

static void a_configured_ratio_wins_and_a_contradiction_is_suspect(void **state) {
    struct meter m;
    bool conflict = false;

    (void)state;
    meter_fill(&m);
    m.device.ct_ratio = 60;
    m.device.pt_ratio = 100.05; /* within 0.1 % of the device's 100 */
    decode_all(&m);
    assert_sample(&m, VOLTS, 57.7 * 100.05, QUALITY_GOOD);
    assert_sample(&m, AMPS, 150, QUALITY_SUSPECT);
    assert_sample(&m, WATTS, 400 * 60 * 100.05, QUALITY_SUSPECT);
    assert_int_equal(m.samples[AMPS].flags, SAMPLE_RATIO_CONFLICT);
    assert_int_equal(m.samples[VOLTS].flags, 0);
    assert_close(decode_multiplier(&m.device, m.reading, AMPS, &conflict), 60, 1e-9);
    assert_true(conflict);
    assert_close(decode_multiplier(&m.device, m.reading, VOLTS, &conflict), 100.05, 1e-9);
    assert_false(conflict);
    assert_close(decode_multiplier(&m.device, m.reading, SF, &conflict), 1, 1e-9);
    free(m.reading);
}

static void a_ratio_that_was_not_read_leaves_no_value_behind(void **state) {
    struct meter m;
    bool conflict = true;

    (void)state;
    meter_fill(&m);
    reading_quality(m.reading)[CT] = QUALITY_MISSING;
    decode_all(&m);
    assert_missing(&m, AMPS);
    assert_missing(&m, WATTS);
    assert_sample(&m, VOLTS, 5770, QUALITY_GOOD);
    assert_true(isnan(decode_multiplier(&m.device, m.reading, AMPS, &conflict)));
    assert_false(conflict);

    m.device.ct_ratio = 80; /* configured: the register is not needed */
    decode_all(&m);
    assert_sample(&m, AMPS, 200, QUALITY_GOOD);
    free(m.reading);
}

static void a_ratio_of_zero_is_no_ratio(void **state) {
    struct meter m;

    (void)state;
    meter_fill(&m);
    meter_put(&m, CT, 0);
    decode_all(&m);
    assert_missing(&m, AMPS);
    free(m.reading);
}

static void without_ratio_registers_the_configured_ratio_or_one_applies(void **state) {
    struct meter m;

    (void)state;
    meter_fill(&m);
    m.profile.ct_ratio_point = m.profile.pt_ratio_point = POINT_NONE;
    decode_all(&m);
    assert_sample(&m, WATTS, 400, QUALITY_GOOD);
    m.device.ct_ratio = 80;
    m.device.pt_ratio = 100;
    decode_all(&m);
    assert_sample(&m, WATTS, 3200000, QUALITY_GOOD);
    free(m.reading);
}

static void an_exponent_is_signed_and_bounded(void **state) {
    static const struct {
        uint16_t raw;
        double value;
    } rows[] = {{0xFFFE, 1.23}, {0, 123},      {3, 123000},       {0xFFF6, 123e-10},
                {22, 123e22},   {23, NOT_SET}, {0x8000, NOT_SET}, {0xFFE9, NOT_SET}};
    struct meter m;

    (void)state;
    meter_fill(&m);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        meter_put(&m, SF, rows[i].raw);
        decode_all(&m);
        if (isnan(rows[i].value)) {
            assert_missing(&m, SCALED);
            continue;
        }
        assert_close(m.samples[SCALED].value / rows[i].value, 1, 1e-12);
        assert_int_equal(m.samples[SCALED].quality, QUALITY_GOOD);
    }
    reading_quality(m.reading)[SF] = QUALITY_EXCEPTION;
    decode_all(&m);
    assert_missing(&m, SCALED);
    free(m.reading);
}

static void a_value_may_be_multiplied_by_another_point(void **state) {
    struct meter m;

    (void)state;
    meter_fill(&m);
    m.device.pt_ratio = 50; /* names the point, not the PT: no configured ratio, no conflict */
    decode_all(&m);
    assert_sample(&m, TIMES_PT, 300, QUALITY_GOOD);
    assert_int_equal(m.samples[TIMES_PT].flags, 0);
    free(m.reading);
}

static void limits_mark_what_cannot_be(void **state) {
    struct meter m;

    (void)state;
    meter_fill(&m);
    m.points[VOLTS].max = 5770;
    m.points[AMPS].min = 200.5;
    m.points[WATTS].max = 100;
    m.device.ct_ratio = 81; /* suspect, but out of range is worse */
    decode_all(&m);
    assert_sample(&m, VOLTS, 5770, QUALITY_GOOD);
    assert_sample(&m, AMPS, 202.5, QUALITY_SUSPECT);
    assert_sample(&m, WATTS, 400 * 81 * 100, QUALITY_OUT_OF_RANGE);
    m.points[AMPS].min = 203;
    decode_all(&m);
    assert_sample(&m, AMPS, 202.5, QUALITY_OUT_OF_RANGE);
    free(m.reading);
}

static void quality_and_time_of_each_point_come_from_the_reading(void **state) {
    struct meter m;

    (void)state;
    meter_fill(&m);
    reading_quality(m.reading)[TIMES_PT] = QUALITY_EXCEPTION;
    reading_quality(m.reading)[SCALED] = QUALITY_MISSING;
    reading_quality(m.reading)[VOLTS] = QUALITY_STALE;
    reading_delay(m.reading)[VOLTS] = 37;
    decode_all(&m);
    assert_true(isnan(m.samples[TIMES_PT].value));
    assert_int_equal(m.samples[TIMES_PT].quality, QUALITY_EXCEPTION);
    assert_missing(&m, SCALED);
    assert_sample(&m, VOLTS, 5770, QUALITY_STALE);
    assert_int_equal(m.samples[VOLTS].utc_ms, 5037);
    assert_int_equal(m.samples[AMPS].utc_ms, 5000);
    for (size_t i = 0; i < METER_POINTS; i++)
        assert_int_equal(m.samples[i].point, 100 + i);
    free(m.reading);
}

static void bits_and_texts_are_marked_as_text(void **state) {
    struct meter m;

    (void)state;
    meter_fill(&m);
    decode_all(&m);
    assert_sample(&m, STATE_WORD, 0x0104, QUALITY_GOOD);
    assert_int_equal(m.samples[STATE_WORD].flags, SAMPLE_TEXT);
    assert_missing(&m, NAME);
    assert_int_equal(m.samples[NAME].flags, SAMPLE_TEXT);
    free(m.reading);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_integers_of_every_type_and_word_order),
        cmocka_unit_test(numbers_of_every_kind),
        cmocka_unit_test(what_is_not_a_number_has_no_value),
        cmocka_unit_test(sentinels_are_bit_patterns_at_the_width_of_the_type),
        cmocka_unit_test(text_is_cut_and_cleaned),
        cmocka_unit_test(the_device_s_own_ratios_apply_when_none_is_configured),
        cmocka_unit_test(a_configured_ratio_wins_and_a_contradiction_is_suspect),
        cmocka_unit_test(a_ratio_that_was_not_read_leaves_no_value_behind),
        cmocka_unit_test(a_ratio_of_zero_is_no_ratio),
        cmocka_unit_test(without_ratio_registers_the_configured_ratio_or_one_applies),
        cmocka_unit_test(an_exponent_is_signed_and_bounded),
        cmocka_unit_test(a_value_may_be_multiplied_by_another_point),
        cmocka_unit_test(limits_mark_what_cannot_be),
        cmocka_unit_test(quality_and_time_of_each_point_come_from_the_reading),
        cmocka_unit_test(bits_and_texts_are_marked_as_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
