/* The two orders that bring prices and factors. Inside orders/. */
#ifndef BUSBAR_ORDERS_ORDER_PRICES_H
#define BUSBAR_ORDERS_ORDER_PRICES_H

#include "orders/fields.h"
#include "orders/order.h"

int order_read_prices(const struct fields *f, struct order_prices *ret);
int order_read_curve(const struct fields *f, struct order_curve *ret);

#endif
