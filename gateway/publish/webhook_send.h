/* Makes the message of a webhook's plan and starts its request. */
#ifndef BUSBAR_PUBLISH_WEBHOOK_SEND_H
#define BUSBAR_PUBLISH_WEBHOOK_SEND_H

#include "publish/webhook.h"

/* Of the chosen items of the queue. ERR_OK: it is on its way. ERR_NOT_FOUND: none of them can be
 * told any more. ERR_IO and the like, with the reason in why: nothing was sent. */
int webhook_send(struct webhook *w, char why[HTTPS_WHY_MAX]);

#endif
