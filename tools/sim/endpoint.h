/* Where one link of the site is served: a listening TCP socket, or a pty with a symbolic link that
 * names it. Owns the descriptors and the symbolic link. One thread. */
#ifndef BUSBAR_SIM_ENDPOINT_H
#define BUSBAR_SIM_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct endpoint {
    bool pty;
    int fd;         /* listener, or the pty's master; -1 while closed */
    int slave;      /* kept open, so that a client that leaves does not hang the line up */
    char host[64];  /* numeric */
    uint16_t port;  /* bound port; 0 asks for a free one at the first opening */
    char path[256]; /* of the symbolic link */
};

void endpoint_tcp(struct endpoint *e, const char *host, uint16_t port);
int endpoint_pty(struct endpoint *e, const char *dir,
                 const char *link_id); /* ERR_LIMIT: too long */
/* Opens, or opens again at the same address. ERR_IO with errno, ERR_BUSY: the path is no link. */
int endpoint_open(struct endpoint *e);
void endpoint_close(struct endpoint *e); /* closed already is fine */
/* "127.0.0.1:5020", "[::1]:5020" or the path: what a site file says. */
void endpoint_address(const struct endpoint *e, char *out, size_t cap);

#endif
