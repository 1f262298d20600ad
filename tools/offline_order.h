/* An order without a daemon: the tool takes the store's lock and executes it itself. Slots and
 * records that follow from it are made by busbard when it starts. Prints nothing but the store's
 * own log lines. */
#ifndef BUSBAR_TOOLS_OFFLINE_ORDER_H
#define BUSBAR_TOOLS_OFFLINE_ORDER_H

#include "meter/site.h"
#include "orders/order.h"

/* The reply as order_fn has it. ERR_BUSY: another process writes to the store; ERR_NOT_FOUND: there
 * is none; others as writer_open(). */
int offline_order(const struct site *site, const struct order *order, char *reply, size_t cap);

#endif
