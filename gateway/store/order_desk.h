/* Orders executed on the store: prices, curves, an officer's entries, restatements, filing.
 *
 * One transaction an order: what it says is on disk, or nothing is. What was read before is on disk
 * already, else the order is refused: it could miss slots that are closed in memory only. An
 * order's id is remembered for seven days with its reply, so that a repeated one is answered and
 * not executed again. Logs nothing but failures of the store: who took the order logs it. Historian
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

/* ---- one kind each (order_desk_*.c): a count for the reply, or < 0 with the reason in why ------
 */

/* *ret_filed: days that would change, but their month is filed. */
int order_prices_run(const struct order_desk *d, const struct order_prices *o, int *ret_filed);
int order_curve_run(const struct order_desk *d, const struct order_curve *o, int *ret_filed);
int order_meter_change_run(const struct order_desk *d, const struct order_meter_change *o,
                           const char *actor, char *why);
int order_ratio_change_run(const struct order_desk *d, const struct order_ratio_change *o,
                           const char *actor, char *why);
/* Of all that is done with alerts: the alert's number. */
int order_alert_run(const struct order_desk *d, const struct order *o, const char *actor,
                    char *why);
int order_file_month_run(const struct order_desk *d, const struct order_file_month *o,
                         const char *actor, char *why);
/* The number of the alert in the ledger, or 0 with why it was refused: both are on record as an
 * event, the first time that they come. */
int order_platform_alert_run(const struct order_desk *d, const struct platform_alert *a, char *why);

/* ---- between the desk's own files --------------------------------------------------------- */

/* Who answers for an entry, and who gave it: "王工 (local:wang)". */
#define ORDER_WHO_MAX (ORDER_BY_MAX + ORDER_ACTOR_MAX + 4)
void order_desk_sign(char who[ORDER_WHO_MAX], const char *by, const char *actor);
/* ERR_OK when the quarter of an hour of that moment has closed, else ERR_REFUSED. */
int order_desk_closed(const struct order_desk *d, ms_t at, char *why);
/* Where a feed stands among its device's. */
uint32_t order_desk_place(const struct records *r, int32_t feed);
/* Puts the entry on record as an event. who: of order_desk_sign(). */
int order_desk_tell(const struct order_desk *d, const struct event_body *e, const char *who);

#endif
