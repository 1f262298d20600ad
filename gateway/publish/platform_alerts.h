/* Alerts that come on /alert: kept until they can be put on record, then parsed and given to the
 * historian. The answer is the event that it writes; there is no reply.
 *
 * Owns copies of the messages that wait, at most PLATFORM_ALERTS_PENDING: with more, the newest is
 * dropped and counted, and its sender gets no event. One that the store cannot take stays and is
 * tried again. Runs on the publish thread; knows no connection. */
#ifndef BUSBAR_PUBLISH_PLATFORM_ALERTS_H
#define BUSBAR_PUBLISH_PLATFORM_ALERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "publish/inbox.h"
#include "publish/per_minute.h"
#include "publish/publish.h"

#define PLATFORM_ALERTS_PENDING  16
#define PLATFORM_ALERTS_A_TURN   4
#define PLATFORM_ALERTS_RETRY_US (1 * (us_t)US_PER_S)

struct platform_alert_message {
    char *payload; /* NULL: it was too long */
    size_t len;
};

struct platform_alerts {
    struct platform_alert_message pending[PLATFORM_ALERTS_PENDING];
    size_t first, count;
    struct per_minute allowance;
    us_t not_before; /* the store did not take the oldest one */
    bool failing;    /* has been logged */
    uint64_t retained, dropped;
};

void platform_alerts_fini(struct platform_alerts *a);
/* Takes the payload over and sets it NULL. A retained message is old by nature: it is counted, the
 * first one logged, and never taken. */
void platform_alerts_push(struct platform_alerts *a, struct inbox_item *item);
/* Deals with the oldest ones, a few at most. Gives when it is to be called again at the latest;
 * INT64_MAX: when one comes. */
us_t platform_alerts_run(struct platform_alerts *a, const struct publish_options *o, us_t now);

#endif
