#include "wire/mbap.h"

#include <string.h>

#include "base/err.h"

int mbap_build(uint16_t transaction, uint8_t unit, const uint8_t *pdu, size_t pdu_len,
               uint8_t out[MBAP_MAX]) {
    if (pdu_len < 1 || pdu_len > PDU_MAX)
        return ERR_FRAME_LENGTH;
    out[0] = (uint8_t)(transaction >> 8);
    out[1] = (uint8_t)transaction;
    out[2] = 0; /* protocol: Modbus */
    out[3] = 0;
    out[4] = 0;
    out[5] = (uint8_t)(pdu_len + 1); /* the length counts the unit id */
    out[6] = unit;
    memcpy(out + MBAP_HEADER, pdu, pdu_len);
    return (int)(MBAP_HEADER + pdu_len);
}

int mbap_scan(const uint8_t *bytes, size_t n, struct mbap_frame *ret_frame) {
    if ((n > 2 && bytes[2] != 0) || (n > 3 && bytes[3] != 0))
        return ERR_PROTOCOL_ID;
    if ((n > 4 && bytes[4] != 0) || (n > 5 && (bytes[5] < 2 || bytes[5] > PDU_MAX + 1)))
        return ERR_FRAME_LENGTH;
    if (n < MBAP_HEADER)
        return ERR_MORE;
    const size_t pdu_len = bytes[5] - (size_t)1;
    if (n < MBAP_HEADER + pdu_len)
        return ERR_MORE;
    *ret_frame = (struct mbap_frame){
        .transaction = (uint16_t)(bytes[0] << 8 | bytes[1]),
        .unit = bytes[6],
        .pdu = bytes + MBAP_HEADER,
        .pdu_len = pdu_len,
    };
    return (int)(MBAP_HEADER + pdu_len);
}
