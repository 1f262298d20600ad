/* The table-driven CRC against published values and against the bit-by-bit definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/crc16.h"

static void published_values(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        uint16_t crc;
        const char *source;
    } cases[] = {
        {"", 0, 0xFFFF, "start value"},
        {"123456789", 9, 0x4B37, "check value of CRC-16/MODBUS"},
        {"\x02\x07", 2, 0x1241, "MODBUS over Serial Line V1.02, appendix B: frame 02 07 41 12"},
        {"\x01\x04\x00\x00\x00\x02", 6, 0xCB71, "Eastron SDM630 protocol: 01 04 00 00 00 02 71 CB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(crc16((const uint8_t *)cases[i].bytes, cases[i].n), cases[i].crc);
}

/* MODBUS over Serial Line V1.02, section 6.2.2: exclusive or, shift, 0xA001 on a carry. */
static uint16_t by_definition(const uint8_t *bytes, size_t n) {
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < n; i++) {
        crc = (uint16_t)(crc ^ bytes[i]);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)((crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1);
    }
    return crc;
}

static void every_table_entry_follows_the_definition(void **state) {
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            const uint8_t bytes[] = {(uint8_t)first, (uint8_t)second};
            assert_int_equal(crc16(bytes, 2), by_definition(bytes, 2));
        }
    }
}

static void a_frame_with_its_crc_has_crc_zero(void **state) {
    (void)state;
    uint8_t frame[] = {0x11, 0x03, 0x00, 0x6B, 0x00, 0x03, 0, 0};
    const uint16_t crc = crc16(frame, 6);
    frame[6] = (uint8_t)crc;
    frame[7] = (uint8_t)(crc >> 8);
    assert_int_equal(crc16(frame, sizeof frame), 0);
}

/* A 16-bit CRC finds every single flipped bit and every burst of up to 16 bits. */
static void flipped_bits_are_found(void **state) {
    (void)state;
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37);
    const uint16_t good = crc16(bytes, sizeof bytes);
    for (size_t bit = 0; bit + 16 <= sizeof bytes * 8; bit++) {
        for (size_t width = 1; width <= 16; width++) {
            uint8_t bad[sizeof bytes];
            memcpy(bad, bytes, sizeof bad);
            bad[bit / 8] = (uint8_t)(bad[bit / 8] ^ 1U << bit % 8);
            if (width > 1) {
                const size_t last = bit + width - 1;
                bad[last / 8] = (uint8_t)(bad[last / 8] ^ 1U << last % 8);
            }
            assert_int_not_equal(crc16(bad, sizeof bad), good);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values),
        cmocka_unit_test(every_table_entry_follows_the_definition),
        cmocka_unit_test(a_frame_with_its_crc_has_crc_zero),
        cmocka_unit_test(flipped_bits_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
