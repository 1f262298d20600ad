/* Modbus PDU: the function code and its data, without framing. Bytes in, verdict out.
 *
 * Pure and freestanding: the feeder node's firmware compiles this too. Source: MODBUS Application
 * Protocol Specification V1.1b3, sections 6.1 to 6.12 and 7. */
#ifndef BUSBAR_WIRE_PDU_H
#define BUSBAR_WIRE_PDU_H

#include <stddef.h>
#include <stdint.h>

#define PDU_MAX           253
#define PDU_READ_REQUEST  5    /* bytes of a read request */
#define PDU_REGISTERS_MAX 125  /* registers of one read */
#define PDU_BITS_MAX      2000 /* coils or discrete inputs of one read */

enum pdu_function {
    PDU_READ_COILS = 1,
    PDU_READ_DISCRETE = 2,
    PDU_READ_HOLDING = 3,
    PDU_READ_INPUT = 4,
    PDU_WRITE_SINGLE = 6,
    PDU_WRITE_MULTIPLE = 16,
};

/* What a client asks for: count registers (functions 3, 4) or bits (1, 2) from start. */
struct pdu_read {
    uint8_t function;
    uint16_t start;
    uint16_t count;
};

/* Client side. Returns PDU_READ_REQUEST, or ERR_RANGE (function, count, or start + count > 65536).
 */
int pdu_read_request(const struct pdu_read *ask, uint8_t out[PDU_READ_REQUEST]);

/* Bytes of the reply PDU that answers ask without an exception. */
size_t pdu_read_reply_length(const struct pdu_read *ask);

/* Client side. Checks the reply in pdu[0..n) against what was asked and writes ask->count values
 * to ret_values (a register each, or 0/1 for each bit). ERR_EXCEPTION sets *ret_exception (1..255);
 * otherwise ERR_FUNCTION, ERR_BYTE_COUNT, ERR_FRAME_LENGTH, ERR_RANGE (exception code 0). */
int pdu_read_reply(const struct pdu_read *ask, const uint8_t *pdu, size_t n, uint16_t *ret_values,
                   uint8_t *ret_exception);

/* Server side. Takes a read request apart. ERR_FUNCTION (not a read: answer with exception 1),
 * ERR_FRAME_LENGTH, ERR_RANGE (impossible count: answer with exception 3), ERR_NOT_FOUND (runs past
 * address 65535: answer with exception 2). */
int pdu_read_request_parse(const uint8_t *pdu, size_t n, struct pdu_read *ret_ask);

/* Server side. Builds the reply of ask from values. Returns its length; 0 when ask is no read of a
 * possible count. */
size_t pdu_read_reply_build(const struct pdu_read *ask, const uint16_t *values,
                            uint8_t out[PDU_MAX]);

/* Server side. Builds an exception reply; returns 2. */
size_t pdu_exception_build(uint8_t function, uint8_t exception, uint8_t out[PDU_MAX]);

/* "illegal data address" for 2, ...; never NULL. */
const char *pdu_exception_str(uint8_t exception);

#endif
