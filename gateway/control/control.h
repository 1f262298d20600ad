/* The control socket: officers' orders from programs on the same machine.
 *
 * A Unix stream socket beside the store, mode 0660: who may write to it is decided by the file's
 * owner and group. A line of JSON in (64 KiB at most), a line out. One thread serves at most 8
 * clients; further ones wait in the queue. A client that has not finished its line, or not taken
 * its answer, after 10 s is closed. Orders are executed one after another, by the callback. */
#ifndef BUSBAR_CONTROL_CONTROL_H
#define BUSBAR_CONTROL_CONTROL_H

#include "orders/order.h"

#define CONTROL_CLIENTS 8

struct control;

struct control_options {
    const char *path; /* control_path() of the store */
    order_fn *order;  /* every good order, queries too; called on control's thread */
    void *arg;
};

/* Errors are logged with the next step: those of listener_open(), ERR_NOMEM. */
int control_start(const struct control_options *o, struct control **ret);
/* Waits for an order in execution, closes the clients, removes the socket. Frees; NULL is fine. */
void control_stop(struct control *c);

#endif
