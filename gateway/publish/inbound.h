/* A subscription that delivery must not depend on: /cmd, /alert. Publish thread. */
#ifndef BUSBAR_PUBLISH_INBOUND_H
#define BUSBAR_PUBLISH_INBOUND_H

#include <stdbool.h>

#include "base/units.h"

struct session;

#define INBOUND_CLOSED_MAX 2
#define INBOUND_RETRY_US   (3600 * (us_t)US_PER_S)

struct inbound {
    bool subscribed; /* on this connection */
    bool refused;    /* has been logged */
    unsigned closed; /* connections in a row that ended at this subscription */
    us_t not_before; /* of the next try */
};

/* QoS 1. ERR_REFUSED, ERR_CLOSED. */
int inbound_subscribe(struct session *s, const char *topic);
/* Subscribes to /cmd and /alert, where that is due. Some brokers close a connection that subscribes
 * to what they do not allow; delivery must not suffer from that: after two such ends in a row it
 * does without, for an hour. False: the connection is lost. */
bool inbound_turn(struct session *s, us_t now);
/* When the next try is due; INT64_MAX: both stand. */
us_t inbound_due(const struct session *s);

#endif
