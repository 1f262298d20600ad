/* MBAP framing: any split of the bytes, every impossible header by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/mbap.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static uint32_t seed = 3;
static uint32_t random_below(uint32_t n) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

/* MODBUS Messaging on TCP/IP V1.0b, section 3.1.3: transaction 0x1501, unit 0xFF, function 3. */
static const uint8_t example[] = {0x15, 0x01, 0, 0, 0, 6, 0xFF, 3, 0, 4, 0, 1};

static void an_example_frame(void **state) {
    (void)state;
    uint8_t out[MBAP_MAX];
    struct mbap_frame f;
    assert_int_equal(mbap_build(0x1501, 0xFF, example + MBAP_HEADER, 5, out), 12);
    assert_memory_equal(out, example, sizeof example);
    assert_int_equal(mbap_scan(example, sizeof example, &f), 12);
    assert_int_equal(f.transaction, 0x1501);
    assert_int_equal(f.unit, 0xFF);
    assert_ptr_equal(f.pdu, example + MBAP_HEADER);
    assert_int_equal(f.pdu_len, 5);
}

static void sizes_of_a_pdu(void **state) {
    (void)state;
    static const uint8_t pdu[PDU_MAX + 1] = {3};
    uint8_t out[MBAP_MAX];
    assert_int_equal(mbap_build(1, 1, pdu, 0, out), ERR_FRAME_LENGTH);
    assert_int_equal(mbap_build(1, 1, pdu, 1, out), MBAP_HEADER + 1);
    assert_int_equal(mbap_build(1, 1, pdu, PDU_MAX, out), MBAP_MAX);
    assert_int_equal(mbap_build(1, 1, pdu, PDU_MAX + 1, out), ERR_FRAME_LENGTH);
}

static void any_split_asks_for_more_until_the_frame_is_whole(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 5, 100, PDU_MAX};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        static const uint8_t pdu[PDU_MAX] = {4, 7};
        uint8_t frame[MBAP_MAX + 3] = {0};
        struct mbap_frame f = {.pdu_len = 999};
        const int length = mbap_build(7, 9, pdu, sizes[i], frame);
        for (int n = 0; n < length; n++) {
            uint8_t part[MBAP_MAX]; /* a copy, so that a read past n is seen */
            memset(part, 0xEE, sizeof part);
            memcpy(part, frame, (size_t)n);
            assert_int_equal(mbap_scan(part, (size_t)n, &f), ERR_MORE);
            assert_int_equal(f.pdu_len, 999);
        }
        for (int n = length; n <= length + 3; n++) { /* bytes of the next frame */
            assert_int_equal(mbap_scan(frame, (size_t)n, &f), length);
            assert_int_equal(f.pdu_len, sizes[i]);
        }
    }
}

static void impossible_headers_are_refused_at_once(void **state) {
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[MBAP_HEADER];
        size_t seen_after; /* the byte that shows it */
        int rc;
    } cases[] = {
        {"protocol id high", {0, 1, 1, 0, 0, 6, 1}, 3, ERR_PROTOCOL_ID},
        {"protocol id low", {0, 1, 0, 1, 0, 6, 1}, 4, ERR_PROTOCOL_ID},
        {"HTTP", {'H', 'T', 'T', 'P', '/', '1', '.'}, 3, ERR_PROTOCOL_ID},
        {"length high", {0, 1, 0, 0, 1, 0, 1}, 5, ERR_FRAME_LENGTH},
        {"length 0", {0, 1, 0, 0, 0, 0, 1}, 6, ERR_FRAME_LENGTH},
        {"length 1: no function", {0, 1, 0, 0, 0, 1, 1}, 6, ERR_FRAME_LENGTH},
        {"length 255", {0, 1, 0, 0, 0, 255, 1}, 6, ERR_FRAME_LENGTH},
        {"length 65535", {0, 1, 0, 0, 255, 255, 1}, 5, ERR_FRAME_LENGTH},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mbap_frame f = {.pdu_len = 999};
        for (size_t n = 0; n <= MBAP_HEADER; n++)
            assert_int_equal(mbap_scan(cases[i].bytes, n, &f),
                             n < cases[i].seen_after ? ERR_MORE : cases[i].rc);
        assert_int_equal(f.pdu_len, 999);
    }
}

static void frames_back_to_back_come_out_one_by_one(void **state) {
    (void)state;
    uint8_t stream[3 * MBAP_MAX], pdu[PDU_MAX];
    for (int round = 0; round < 5000; round++) {
        size_t len[3], n = 0, at = 0;
        for (size_t i = 0; i < 3; i++) {
            len[i] = 1 + random_below(PDU_MAX);
            memset(pdu, (int)i + 1, len[i]);
            const int built =
                mbap_build((uint16_t)(round + (int)i), (uint8_t)i, pdu, len[i], stream + n);
            assert_true(built > 0);
            n += (size_t)built;
        }
        for (size_t i = 0; i < 3; i++) {
            struct mbap_frame f;
            const int got = mbap_scan(stream + at, n - at, &f);
            assert_int_equal(got, MBAP_HEADER + len[i]);
            assert_int_equal(f.transaction, round + (int)i);
            assert_int_equal(f.unit, i);
            assert_int_equal(f.pdu_len, len[i]);
            memset(pdu, (int)i + 1, len[i]);
            assert_memory_equal(f.pdu, pdu, len[i]);
            at += (size_t)got;
        }
        assert_int_equal(at, n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_example_frame),
        cmocka_unit_test(sizes_of_a_pdu),
        cmocka_unit_test(any_split_asks_for_more_until_the_frame_is_whole),
        cmocka_unit_test(impossible_headers_are_refused_at_once),
        cmocka_unit_test(frames_back_to_back_come_out_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
