#include "web/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

#define HOST_MAX 64

/* Splits HOST[:PORT] or [V6][:PORT]; what has two colons and no brackets is refused. port NULL:
 * none. */
static bool split(const char *text, char host[HOST_MAX], const char **ret_port) {
    bool bracket = text[0] == '[';
    const char *from = text + bracket;
    size_t n = strcspn(from, bracket ? "]" : ":");
    const char *after = from + n;
    if (n == 0 || n >= HOST_MAX || (bracket && *after++ != ']'))
        return false;
    if (*after != '\0' && *after != ':')
        return false;
    memcpy(host, from, n);
    host[n] = '\0';
    *ret_port = *after == ':' ? after + 1 : NULL;
    return true;
}

static bool parse_port(const char *text, uint16_t *ret) {
    size_t n = strspn(text, "0123456789");
    long port = strtol(text, NULL, 10);
    if (n == 0 || n > 5 || text[n] != '\0' || port > UINT16_MAX)
        return false;
    *ret = (uint16_t)port;
    return true;
}

static bool parse_host(const char *host, bool bracket, struct address *a) {
    memset(a, 0, sizeof *a);
    if (bracket) {
        a->v6.sin6_family = AF_INET6;
        if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) != 1)
            return false;
        a->loopback = IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
        return true;
    }
    a->v4.sin_family = AF_INET;
    if (strcasecmp(host, "localhost") == 0)
        a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (inet_pton(AF_INET, host, &a->v4.sin_addr) != 1)
        return false;
    a->loopback = ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    return true;
}

int address_parse(const char *text, struct address *ret) {
    char host[HOST_MAX];
    const char *port_text = NULL;
    uint16_t port = 0;
    struct address a;
    if (!split(text, host, &port_text) || !port_text || !parse_port(port_text, &port) ||
        !parse_host(host, text[0] == '[', &a))
        return ERR_SYNTAX;
    if (a.any.sa_family == AF_INET6)
        a.v6.sin6_port = htons(port);
    else
        a.v4.sin_port = htons(port);
    *ret = a;
    return ERR_OK;
}

bool address_host_is_loopback(const char *host) {
    char name[HOST_MAX];
    const char *port_text = NULL;
    uint16_t port;
    struct address a;
    if (!split(host, name, &port_text) || (port_text && !parse_port(port_text, &port)))
        return false;
    return parse_host(name, host[0] == '[', &a) && a.loopback;
}
