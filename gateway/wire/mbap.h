/* Modbus TCP framing (MBAP header). Pure, freestanding.
 * Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3. */
#ifndef BUSBAR_WIRE_MBAP_H
#define BUSBAR_WIRE_MBAP_H

#include <stddef.h>
#include <stdint.h>

#include "wire/pdu.h"

#define MBAP_HEADER 7
#define MBAP_MAX    (MBAP_HEADER + PDU_MAX)

struct mbap_frame {
    uint16_t transaction;
    uint8_t unit;
    const uint8_t *pdu; /* into the scanned bytes */
    size_t pdu_len;
};

/* Writes a frame; returns its length, or ERR_FRAME_LENGTH for a PDU of 0 or > PDU_MAX bytes. */
int mbap_build(uint16_t transaction, uint8_t unit, const uint8_t *pdu, size_t pdu_len,
               uint8_t out[MBAP_MAX]);

/* Looks for one frame at the start of bytes[0..n). Returns its length and fills ret_frame;
 * ERR_MORE while it is incomplete; ERR_PROTOCOL_ID or ERR_FRAME_LENGTH as soon as the header cannot
 * be one (the stream is lost: close it). */
int mbap_scan(const uint8_t *bytes, size_t n, struct mbap_frame *ret_frame);

#endif
