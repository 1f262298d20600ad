/* Addresses as web.listen and a request's Host name them. Pure. */
#ifndef BUSBAR_WEB_ADDRESS_H
#define BUSBAR_WEB_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    bool loopback;
};

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (IPv4). ERR_SYNTAX. */
int address_parse(const char *text, struct address *ret);

/* Whether a Host header, with or without a port, names this box by a loopback name or address. A
 * page of another site that has its own name point here does not pass. */
bool address_host_is_loopback(const char *host);

#endif
