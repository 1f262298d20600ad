/* What comes back on a connection: PUBACKs, the platform's /ack, /cmd and /alert, the loss of the
 * connection; and what each means for a row, the counters and the events. */
#ifndef BUSBAR_PUBLISH_ANSWERS_H
#define BUSBAR_PUBLISH_ANSWERS_H

#include <stdbool.h>

#include "base/units.h"
#include "publish/session.h"

/* Takes all there is. False: the connection is lost, with the reason in ret_why. */
bool answers_take(struct session *s, us_t now, const char **ret_why);

#endif
