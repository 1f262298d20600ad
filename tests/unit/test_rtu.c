/* RTU framing, both sides: any split of the bytes, every malformed frame by name, line times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/crc16.h"
#include "wire/rtu.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static uint32_t seed = 5;
static uint32_t random_below(uint32_t n) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

/* Eastron SDM630 Modbus protocol: voltage of phase 1, 230.2 V. */
static const struct pdu_read ask_voltage = {4, 0, 2};
static const uint8_t request[] = {0x01, 0x04, 0x00, 0x00, 0x00, 0x02, 0x71, 0xCB};
static const uint8_t reply[] = {0x01, 0x04, 0x04, 0x43, 0x66, 0x33, 0x34, 0x1B, 0x38};

static void an_example_of_a_meter_manual(void **state) {
    (void)state;
    uint8_t pdu[PDU_READ_REQUEST], out[RTU_MAX], exception = 0;
    uint16_t values[2] = {0};
    struct rtu_frame f;
    assert_int_equal(pdu_read_request(&ask_voltage, pdu), PDU_READ_REQUEST);
    assert_int_equal(rtu_build(1, pdu, PDU_READ_REQUEST, out), sizeof request);
    assert_memory_equal(out, request, sizeof request);
    assert_int_equal(rtu_scan_request(request, sizeof request, &f), sizeof request);
    assert_int_equal(f.unit, 1);
    assert_int_equal(f.pdu_len, PDU_READ_REQUEST);
    assert_int_equal(rtu_scan_reply(1, &ask_voltage, reply, sizeof reply, &f), sizeof reply);
    assert_int_equal(pdu_read_reply(&ask_voltage, f.pdu, f.pdu_len, values, &exception), ERR_OK);
    assert_int_equal(values[0], 0x4366);
    assert_int_equal(values[1], 0x3334);
}

static void sizes_of_a_pdu(void **state) {
    (void)state;
    static const uint8_t pdu[PDU_MAX + 1] = {3};
    uint8_t out[RTU_MAX];
    assert_int_equal(rtu_build(1, pdu, 0, out), ERR_FRAME_LENGTH);
    assert_int_equal(rtu_build(1, pdu, 1, out), 4);
    assert_int_equal(rtu_build(1, pdu, PDU_MAX, out), RTU_MAX);
    assert_int_equal(rtu_build(1, pdu, PDU_MAX + 1, out), ERR_FRAME_LENGTH);
}

/* Feeds frame byte by byte: ERR_MORE for the first seen_after - 1 bytes, then rc. */
static void expect_reply(uint8_t unit, const struct pdu_read *ask, const uint8_t *frame, size_t n,
                         size_t seen_after, int rc) {
    struct rtu_frame f = {.pdu_len = 999};
    for (size_t k = 0; k <= n; k++) {
        uint8_t part[RTU_MAX];
        memset(part, 0xEE, sizeof part);
        memcpy(part, frame, k);
        assert_int_equal(rtu_scan_reply(unit, ask, part, k, &f), k < seen_after ? ERR_MORE : rc);
    }
    assert_int_equal(f.pdu_len, rc < 0 ? 999 : rc - 3);
}

static void any_split_asks_for_more_until_the_verdict(void **state) {
    (void)state;
    expect_reply(1, &ask_voltage, reply, sizeof reply, sizeof reply, sizeof reply);
}

static void an_exception_is_a_frame_of_five_bytes(void **state) {
    (void)state;
    uint8_t pdu[PDU_MAX], frame[RTU_MAX], exception = 0;
    uint16_t values[2];
    struct rtu_frame f;
    const int n = rtu_build(1, pdu, pdu_exception_build(4, 2, pdu), frame);
    assert_int_equal(n, 5);
    expect_reply(1, &ask_voltage, frame, 5, 5, 5);
    assert_int_equal(rtu_scan_reply(1, &ask_voltage, frame, 5, &f), 5);
    assert_int_equal(pdu_read_reply(&ask_voltage, f.pdu, f.pdu_len, values, &exception),
                     ERR_EXCEPTION);
    assert_int_equal(exception, 2);
}

static void malformed_replies_are_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *what;
        size_t at; /* byte of the good reply that is changed */
        uint8_t to;
        size_t seen_after;
        int rc;
    } cases[] = {
        {"another unit", 0, 2, 1, ERR_UNIT},
        {"another function", 1, 3, 2, ERR_FUNCTION},
        {"exception of another function", 1, 0x83, 2, ERR_FUNCTION},
        {"byte count low", 2, 2, 3, ERR_BYTE_COUNT},
        {"byte count high", 2, 6, 3, ERR_BYTE_COUNT},
        {"byte count odd", 2, 5, 3, ERR_BYTE_COUNT},
        {"data", 4, 0x67, 9, ERR_CRC},
        {"CRC low byte", 7, 0x1A, 9, ERR_CRC},
        {"CRC high byte", 8, 0x39, 9, ERR_CRC},
        {"exception bit flipped on", 1, 0x84, 5, ERR_CRC},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bad[sizeof reply];
        memcpy(bad, reply, sizeof bad);
        bad[cases[i].at] = cases[i].to;
        expect_reply(1, &ask_voltage, bad, sizeof bad, cases[i].seen_after, cases[i].rc);
    }
}

static void swapped_crc_bytes_are_refused(void **state) {
    (void)state;
    uint8_t bad[sizeof reply];
    memcpy(bad, reply, sizeof bad);
    bad[7] = reply[8];
    bad[8] = reply[7];
    expect_reply(1, &ask_voltage, bad, sizeof bad, sizeof bad, ERR_CRC);
}

/* RTU has no transaction id: a late answer to an earlier, equally long read has the same
 * shape, so the frame alone cannot tell; one of another length is refused. */
static void the_reply_to_another_count_is_refused(void **state) {
    (void)state;
    const struct pdu_read longer = {4, 0, 3};
    expect_reply(1, &longer, reply, sizeof reply, 3, ERR_BYTE_COUNT);
}

static void bytes_after_the_frame_are_left_alone(void **state) {
    (void)state;
    uint8_t more[sizeof reply + 4] = {0};
    struct rtu_frame f;
    memcpy(more, reply, sizeof reply);
    assert_int_equal(rtu_scan_reply(1, &ask_voltage, more, sizeof more, &f), sizeof reply);
    assert_int_equal(f.pdu_len, sizeof reply - 3);
}

static void requests_of_every_known_function(void **state) {
    (void)state;
    for (unsigned function = 0; function < 256; function++) {
        uint8_t pdu[] = {(uint8_t)function, 0, 1, 0, 2, 4, 1, 2, 3, 4};
        uint8_t frame[RTU_MAX];
        struct rtu_frame f = {.pdu_len = 999};
        const int writes_many = function == 15 || function == 16;
        const int known = writes_many || (function >= 1 && function <= 6);
        const int n = rtu_build(17, pdu, writes_many ? sizeof pdu : 5, frame);
        for (int k = 0; k < n; k++)
            assert_int_equal(rtu_scan_request(frame, (size_t)k, &f),
                             k < 2 || known ? ERR_MORE : ERR_FUNCTION);
        if (!known)
            continue;
        assert_int_equal(f.pdu_len, 999);
        assert_int_equal(rtu_scan_request(frame, (size_t)n, &f), n);
        assert_int_equal(f.unit, 17);
        assert_memory_equal(f.pdu, pdu, f.pdu_len);
        frame[n - 1] ^= 1;
        assert_int_equal(rtu_scan_request(frame, (size_t)n, &f), ERR_CRC);
    }
}

static void the_longest_write_fits_and_no_longer_one(void **state) {
    (void)state;
    uint8_t pdu[PDU_MAX] = {16, 0, 0, 0, 123, 247};
    uint8_t frame[RTU_MAX];
    struct rtu_frame f;
    assert_int_equal(rtu_build(1, pdu, PDU_MAX, frame), RTU_MAX);
    assert_int_equal(rtu_scan_request(frame, RTU_MAX, &f), RTU_MAX);
    frame[6] = 248;
    assert_int_equal(rtu_scan_request(frame, 6, &f), ERR_MORE);
    assert_int_equal(rtu_scan_request(frame, 7, &f), ERR_FRAME_LENGTH);
}

static void what_is_built_scans_back(void **state) {
    (void)state;
    for (int round = 0; round < 5000; round++) {
        static uint16_t values[PDU_BITS_MAX];
        struct pdu_read ask = {.function = (uint8_t)(1 + random_below(4))};
        const uint32_t most = ask.function <= 2 ? PDU_BITS_MAX : PDU_REGISTERS_MAX;
        ask.count = (uint16_t)(1 + random_below(most));
        const uint8_t unit = (uint8_t)random_below(256);
        for (size_t i = 0; i < ask.count; i++)
            values[i] = (uint16_t)random_below(65536);
        uint8_t pdu[PDU_MAX], frame[RTU_MAX];
        const size_t pdu_len = pdu_read_reply_build(&ask, values, pdu);
        const int n = rtu_build(unit, pdu, pdu_len, frame);
        struct rtu_frame f;
        assert_int_equal(rtu_scan_reply(unit, &ask, frame, random_below((uint32_t)n), &f),
                         ERR_MORE);
        assert_int_equal(rtu_scan_reply(unit, &ask, frame, (size_t)n, &f), n);
        assert_int_equal(f.unit, unit);
        assert_int_equal(f.pdu_len, pdu_len);
        assert_memory_equal(f.pdu, pdu, pdu_len);
        frame[random_below((uint32_t)n)] ^= (uint8_t)(1U << random_below(8));
        assert_true(rtu_scan_reply(unit, &ask, frame, (size_t)n, &f) < 0);
    }
}

/* MODBUS over Serial Line V1.02, section 2.5.1.1: 11 bits a character; 3.5 characters of silence,
 * 1.750 ms above 19200 baud. */
static void times_on_the_line(void **state) {
    (void)state;
    static const struct {
        uint32_t baud;
        uint32_t eight_chars_us, silence_us;
    } cases[] = {
        {1200, 73334, 32084}, {2400, 36667, 16042}, {9600, 9167, 4011},
        {19200, 4584, 2006},  {38400, 2292, 1750},  {115200, 764, 1750},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(rtu_chars_us(cases[i].baud, 8), cases[i].eight_chars_us);
        assert_int_equal(rtu_silence_us(cases[i].baud), cases[i].silence_us);
        assert_int_equal(rtu_chars_us(cases[i].baud, 0), 0);
    }
    assert_int_equal(rtu_chars_us(1000000, 1), 11);
    assert_int_equal(rtu_chars_us(0, 8), UINT32_MAX);
    assert_int_equal(rtu_silence_us(0), UINT32_MAX);
    assert_int_equal(rtu_chars_us(1, SIZE_MAX), UINT32_MAX);
    assert_int_equal(rtu_chars_us(300, UINT32_MAX), UINT32_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_example_of_a_meter_manual),
        cmocka_unit_test(sizes_of_a_pdu),
        cmocka_unit_test(any_split_asks_for_more_until_the_verdict),
        cmocka_unit_test(an_exception_is_a_frame_of_five_bytes),
        cmocka_unit_test(malformed_replies_are_refused_by_name),
        cmocka_unit_test(swapped_crc_bytes_are_refused),
        cmocka_unit_test(the_reply_to_another_count_is_refused),
        cmocka_unit_test(bytes_after_the_frame_are_left_alone),
        cmocka_unit_test(requests_of_every_known_function),
        cmocka_unit_test(the_longest_write_fits_and_no_longer_one),
        cmocka_unit_test(what_is_built_scans_back),
        cmocka_unit_test(times_on_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
