/* The orders on alerts: what an officer does with one, or found on foot. Inside orders/. */
#ifndef BUSBAR_ORDERS_ORDER_ALERTS_H
#define BUSBAR_ORDERS_ORDER_ALERTS_H

#include "orders/fields.h"
#include "orders/order.h"

int order_read_ack(const struct fields *f, struct order_alert *ret);
int order_read_refuse(const struct fields *f, struct order_alert *ret);
int order_read_assign(const struct fields *f, struct order_alert *ret);
int order_read_measure(const struct fields *f, struct order_alert *ret);
int order_read_close(const struct fields *f, struct order_alert *ret);
int order_read_enter(const struct fields *f, struct order_alert *ret);

#endif
