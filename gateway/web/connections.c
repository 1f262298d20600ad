#include "web/connections.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct connection *connections_open(struct connections *c, int fd, us_t now_us) {
    struct connection *place = NULL, *oldest = NULL;
    size_t taken = 0;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *one = &c->places[i];
        if (one->since_us == 0) {
            place = one;
            continue;
        }
        taken++;
        if (!oldest || one->since_us < oldest->since_us)
            oldest = one;
    }
    if (place)
        *place = (struct connection){.fd = fd, .since_us = now_us};
    if (oldest && oldest->since_us != INT64_MAX && taken == CONNECTIONS_MAX - 1)
        shutdown(oldest->fd, SHUT_RDWR); /* libmicrohttpd sees its end and closes it */
    return place;
}

void connections_stream(struct connection *one) {
    if (one)
        one->since_us = INT64_MAX;
}

void connections_request_done(struct connection *one, us_t now_us) {
    if (one)
        one->since_us = now_us;
}

void connections_close(struct connection *one) {
    if (one)
        one->since_us = 0;
}
