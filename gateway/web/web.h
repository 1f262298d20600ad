/* The gateway's HTTP server: the officers' page, and JSON for it and for programs.
 *
 * libmicrohttpd in one thread (web_loop.h); everything below runs in it. It owns a read-only handle
 * of the store, opened at the first request that needs it. What changes something goes to the
 * historian as an order. Beyond loopback it
 * listens only where it can tell who asks (gate.h). */
#ifndef BUSBAR_WEB_WEB_H
#define BUSBAR_WEB_WEB_H

#include <stdint.h>

#include "format/metrics.h"
#include "meter/site.h"
#include "orders/order.h"
#include "store/live.h"

#define WEB_LISTEN_DEFAULT "127.0.0.1:8080"

struct web;

struct web_options {
    const struct site *site; /* must outlive the server, like live */
    const char *version;
    const char *page; /* folder of the officers' page; NULL: none */
    struct live *live;
    order_fn *order; /* of officers; NULL: none are taken. Waits for the order */
    void *order_arg;
    /* Fills what this layer cannot know: the program's own numbers, and the destinations with all
     * but their backlogs. On the web thread; NULL: there is nothing to tell. */
    void (*stats)(void *arg, struct metrics *ret);
    void *stats_arg;
};

/* Listens on site.web_listen, without one on WEB_LISTEN_DEFAULT. ERR_RANGE beyond loopback,
 * ERR_SYNTAX for no address, ERR_IO when it cannot listen there, ERR_NOMEM. Logs. */
int web_start(const struct web_options *o, struct web **ret);
/* Closes all connections and frees; NULL is fine. */
void web_stop(struct web *w);
/* Where it listens: of port 0, the one that it was given. */
uint16_t web_port(const struct web *w);

#endif
