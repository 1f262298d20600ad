/* Who is connected: bounded, and the newest gets in. Whoever takes the last place makes room: the
 * connection that has waited longest for its request to be done is cut. So one place is always
 * free, and clients that send or read a byte now and then cannot keep others out. A stream is never
 * cut for that: their number has a bound of its own. Web thread. */
#ifndef BUSBAR_WEB_CONNECTIONS_H
#define BUSBAR_WEB_CONNECTIONS_H

#include "base/units.h"

#define CONNECTIONS_MAX 96 /* 64 of them may listen to /api/v1/stream for ever */

struct connection {
    int fd;        /* of libmicrohttpd */
    us_t since_us; /* it opened, or its last request was done; 0: the place is free */
};

struct connections {
    struct connection places[CONNECTIONS_MAX];
};

/* Takes a place; NULL when there is none. May cut another connection. */
struct connection *connections_open(struct connections *c, int fd, us_t now_us);
void connections_stream(struct connection *one); /* its request has no end; NULL is fine */
void connections_request_done(struct connection *one, us_t now_us); /* NULL is fine */
void connections_close(struct connection *one);                     /* NULL is fine */

#endif
