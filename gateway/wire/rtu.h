/* Modbus RTU framing: unit, PDU, CRC. Pure, freestanding; silences are the caller's business.
 * Source: MODBUS over Serial Line Specification V1.02, section 2.5.1. */
#ifndef BUSBAR_WIRE_RTU_H
#define BUSBAR_WIRE_RTU_H

#include <stddef.h>
#include <stdint.h>

#include "wire/pdu.h"

#define RTU_MAX (PDU_MAX + 3)

struct rtu_frame {
    uint8_t unit;
    const uint8_t *pdu; /* into the scanned bytes */
    size_t pdu_len;
};

/* Writes a frame; returns its length, or ERR_FRAME_LENGTH for a PDU of 0 or > PDU_MAX bytes. */
int rtu_build(uint8_t unit, const uint8_t *pdu, size_t pdu_len, uint8_t out[RTU_MAX]);

/* Client side: looks for the reply to ask at the start of bytes[0..n). RTU has no length field, so
 * the length follows from the request (5 bytes for an exception). Returns the frame's length;
 * ERR_MORE; ERR_UNIT, ERR_FUNCTION, ERR_BYTE_COUNT as soon as the bytes show it; ERR_CRC at the
 * end. After an error drain the line until it is silent. */
int rtu_scan_reply(uint8_t unit, const struct pdu_read *ask, const uint8_t *bytes, size_t n,
                   struct rtu_frame *ret_frame);

/* Server side: looks for one request (functions 1-6, 15, 16). Returns its length, ERR_MORE,
 * ERR_FUNCTION (length unknown), ERR_FRAME_LENGTH (byte count beyond a frame) or ERR_CRC. */
int rtu_scan_request(const uint8_t *bytes, size_t n, struct rtu_frame *ret_frame);

/* Time of n characters of 11 bits, and the 3.5-character silence (fixed 1750 us above 19200 baud),
 * both in microseconds, rounded up. */
uint32_t rtu_chars_us(uint32_t baud, size_t n);
uint32_t rtu_silence_us(uint32_t baud);

#endif
