/* The Modbus server: request PDU in, reply PDU out. Functions 3, 4, 6, 16 and 43/14. Pure.
 * Source: MODBUS Application Protocol Specification V1.1b3, sections 6.3, 6.4, 6.6, 6.12, 6.21. */
#ifndef NODE_APP_SERVER_H
#define NODE_APP_SERVER_H

#include "app/state.h"
#include "wire/pdu.h"

/* Carries out the request pdu[0..n) (n >= 1) and writes the reply; returns its length. Exceptions:
 * 1 for a function it has not, 2 for a register it has not or that is locked, 3 for counts, lengths
 * and values that cannot be. */
size_t server_handle(struct state *s, const uint8_t *pdu, size_t n, uint8_t out[PDU_MAX]);

#endif
