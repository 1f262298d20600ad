/* One connection of the control socket: reads a line, has it executed, writes a line. Never waits.
 *
 * One thread. Its buffers are as large as the longest line from the beginning. */
#ifndef BUSBAR_CONTROL_CLIENT_H
#define BUSBAR_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "orders/order.h"

#define CLIENT_LIMIT_US (10 * (us_t)US_PER_S) /* for a line, and for taking its answer */

struct client {
    int fd;     /* -1: free */
    us_t until; /* monotonic; closed then */
    char actor[ORDER_ACTOR_MAX];
    size_t have;              /* bytes in line */
    size_t out_len, out_done; /* of the answer */
    bool last;                /* close once the answer is out */
    char line[ORDER_JSON_MAX + 1];
    char out[ORDER_REPLY_MAX + 1];
};

/* Takes over a non-blocking descriptor. */
void client_open(struct client *c, int fd, us_t now);
void client_close(struct client *c);
/* What to poll for. */
short client_events(const struct client *c);
/* A whole line is here and nothing waits to be written: client_execute() can work. */
bool client_ready(const struct client *c);
/* Moves bytes after poll reported revents. */
void client_move(struct client *c, short revents);
/* Executes the first line and begins to write the answer. */
void client_execute(struct client *c, order_fn *order, void *arg);
/* Pushes the answer out; a whole answer starts the next line's time. */
void client_flush(struct client *c, us_t now);

#endif
