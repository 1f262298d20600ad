/* POST /api/v1/alerts/<id>/ack | refuse | assign | measure | close: what an officer does with an
 * alert, as an order to the historian. Web thread: it waits for the order to be done. */
#ifndef BUSBAR_WEB_ALERT_ACTION_H
#define BUSBAR_WEB_ALERT_ACTION_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "orders/order.h"
#include "web/gate.h"

/* Whether it is the address of one. */
bool alert_action_is(const char *path);
/* body: the members of the order but for cmd, alert and by; by (of close: verifier) is the caller
 * where somebody is logged in. 409 with the reason when the ledger does not take it. */
enum MHD_Result alert_action_post(struct MHD_Connection *c, const char *path, const char *body,
                                  size_t n, const struct caller *who, order_fn *order, void *arg);

#endif
