#include "wire/rtu.h"

#include <string.h>

#include "base/err.h"
#include "wire/crc16.h"

#define EXCEPTION_BIT   0x80
#define EXCEPTION_FRAME 5
#define FIXED_REQUEST   8 /* functions 1 to 6 */
#define BITS_PER_CHAR   11

int rtu_build(uint8_t unit, const uint8_t *pdu, size_t pdu_len, uint8_t out[RTU_MAX]) {
    if (pdu_len < 1 || pdu_len > PDU_MAX)
        return ERR_FRAME_LENGTH;
    out[0] = unit;
    memcpy(out + 1, pdu, pdu_len);
    const uint16_t crc = crc16(out, 1 + pdu_len);
    out[1 + pdu_len] = (uint8_t)crc; /* low byte first */
    out[2 + pdu_len] = (uint8_t)(crc >> 8);
    return (int)(pdu_len + 3);
}

/* The frame is whole when length bytes are there and the last two are the CRC of the rest. */
static int finish(const uint8_t *bytes, size_t n, size_t length, struct rtu_frame *ret_frame) {
    if (n < length)
        return ERR_MORE;
    const uint16_t crc = (uint16_t)(bytes[length - 1] << 8 | bytes[length - 2]);
    if (crc16(bytes, length - 2) != crc)
        return ERR_CRC;
    *ret_frame = (struct rtu_frame){.unit = bytes[0], .pdu = bytes + 1, .pdu_len = length - 3};
    return (int)length;
}

int rtu_scan_reply(uint8_t unit, const struct pdu_read *ask, const uint8_t *bytes, size_t n,
                   struct rtu_frame *ret_frame) {
    const size_t pdu_len = pdu_read_reply_length(ask);
    if (n > 0 && bytes[0] != unit)
        return ERR_UNIT;
    if (n < 2)
        return ERR_MORE;
    if (bytes[1] == (ask->function | EXCEPTION_BIT))
        return finish(bytes, n, EXCEPTION_FRAME, ret_frame);
    if (bytes[1] != ask->function)
        return ERR_FUNCTION;
    if (n > 2 && bytes[2] != pdu_len - 2)
        return ERR_BYTE_COUNT;
    return finish(bytes, n, pdu_len + 3, ret_frame);
}

int rtu_scan_request(const uint8_t *bytes, size_t n, struct rtu_frame *ret_frame) {
    if (n < 2)
        return ERR_MORE;
    switch (bytes[1]) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        return finish(bytes, n, FIXED_REQUEST, ret_frame);
    case 15:
    case 16:
        if (n < 7)
            return ERR_MORE;
        if (bytes[6] > RTU_MAX - 9)
            return ERR_FRAME_LENGTH;
        return finish(bytes, n, 9 + (size_t)bytes[6], ret_frame);
    default:
        return ERR_FUNCTION;
    }
}

/* Time of half bits, rounded up; a line without speed takes for ever. */
static uint32_t half_bits_us(uint32_t baud, uint64_t half_bits) {
    const uint64_t per_s = (uint64_t)baud * 2;
    if (baud == 0)
        return UINT32_MAX;
    const uint64_t us = (half_bits * 1000000 + per_s - 1) / per_s;
    return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

uint32_t rtu_chars_us(uint32_t baud, size_t n) {
    const uint64_t chars = n;
    /* The limit keeps the microseconds of half bits within 64 bits. */
    return chars > UINT32_MAX ? UINT32_MAX : half_bits_us(baud, chars * BITS_PER_CHAR * 2);
}

uint32_t rtu_silence_us(uint32_t baud) {
    return baud > 19200 ? 1750 : half_bits_us(baud, 7 * BITS_PER_CHAR);
}
