/* Orders executed on the store: prices, curves, an officer's entries, restatements, filing.
 *
 * One transaction an order: what it says is on disk, or nothing is. An order's id is remembered for
 * seven days with its reply, so that a repeated one is answered and not executed again. Historian
 * thread, or a tool that holds the store's lock. */
#ifndef BUSBAR_STORE_ORDER_DESK_H
#define BUSBAR_STORE_ORDER_DESK_H

#include "orders/order.h"
#include "store/rollup.h"

struct order_desk {
    struct records *records;
    struct rollup *rollup;
    ms_t open_quarter; /* slots from here on are not closed yet */
    ms_t now_ms;
};

/* The reply as order_fn has it. */
size_t order_desk_run(const struct order_desk *d, const struct order *o, const char *actor,
                      char *reply, size_t cap);

/* ---- one kind each (order_desk_*.c): a count for the reply, or < 0 with the reason in why
 * --------- */

int order_prices_run(const struct order_desk *d, const struct order_prices *o, char *why);
int order_curve_run(const struct order_desk *d, const struct order_curve *o, char *why);
int order_meter_change_run(const struct order_desk *d, const struct order_meter_change *o,
                           const char *actor, char *why);
int order_ratio_change_run(const struct order_desk *d, const struct order_ratio_change *o,
                           const char *actor, char *why);
int order_file_month_run(const struct order_desk *d, const struct order_file_month *o, char *why);

#endif
