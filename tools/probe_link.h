/* One connection for `busbar probe`: opens an endpoint, reads once, waits no longer than asked.
 *
 * tcp and rtu go through libmodbus, so the probe is a second opinion on the gateway's own codec;
 * rtu over tcp, which libmodbus lacks, uses wire/rtu over a socket. One thread, blocking. */
#ifndef BUSBAR_TOOLS_PROBE_LINK_H
#define BUSBAR_TOOLS_PROBE_LINK_H

#include <stdint.h>

#include "meter/site.h"
#include "wire/pdu.h"

#define PROBE_NAME_MAX 256

/* tcp:HOST:PORT, rtu:DEV[,BAUD[,8E1]], rtutcp:HOST:PORT */
struct probe_endpoint {
    enum link_kind kind;
    char name[PROBE_NAME_MAX]; /* host or device */
    char port[6];
    int baud, data_bits, stop_bits;
    char parity;
};

struct probe_link;

/* ERR_SYNTAX when text is none of the three forms. */
int probe_endpoint_parse(const char *text, struct probe_endpoint *ret);

/* ERR_REFUSED, ERR_TIMEOUT, ERR_UNREACHABLE, ERR_NOT_FOUND (host or device), ERR_IO, ERR_NOMEM. */
int probe_link_open(const struct probe_endpoint *at, uint8_t unit, int timeout_ms,
                    struct probe_link **ret_link);
void probe_link_close(struct probe_link *link); /* NULL is fine */

/* ERR_EXCEPTION sets *ret_exception; ERR_TIMEOUT, ERR_CLOSED, or what was wrong with the frame. */
int probe_link_read(struct probe_link *link, const struct pdu_read *ask, uint16_t *ret_values,
                    uint8_t *ret_exception);

#endif
