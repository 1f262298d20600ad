/* An http:// or https:// address, looked at before anything is sent there. Pure. */
#ifndef BUSBAR_BASE_URL_H
#define BUSBAR_BASE_URL_H

#include <stdbool.h>
#include <stddef.h>

enum url_fault {
    URL_SOUND,
    URL_SCHEME,    /* neither https:// nor http:// */
    URL_USER,      /* holds a user or a password */
    URL_MALFORMED, /* odd bytes, no host, no such port */
    URL_FRAGMENT,  /* a part behind '#' */
    URL_OPEN       /* http:// to another machine: it would travel in the open */
};

struct url {
    bool tls;
    const char *host; /* HOST[:PORT], inside the text */
    size_t host_len;
};

/* *ret is set when the address is sound. */
enum url_fault url_check(const char *text, struct url *ret);

#endif
