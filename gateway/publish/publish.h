/* Sends status, live values, records and events to the district platform over MQTT (Paho's blocking
 * client, see mqtt_client.h), and takes its commands.
 *
 * The database is the only queue: at most 20 messages in flight, and a row is acknowledged only by
 * the rule of mqtt.ack. Includes store/reader.h and store/live.h, nothing else of the shells. */
#ifndef BUSBAR_PUBLISH_PUBLISH_H
#define BUSBAR_PUBLISH_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include "meter/site.h"
#include "orders/order.h"
#include "store/live.h"

struct publish;

struct publish_options {
    const struct site *site;
    const char *version;
    struct live *live;
    void (*ack)(void *arg, const char *dest, ms_t epoch, uint64_t seq_from, uint64_t seq_to);
    /* Rows up to `done` of the open replay range id have been delivered again. */
    void (*replayed)(void *arg, int64_t id, uint64_t done);
    void (*event)(void *arg, const char *event, const char *object, const char *severity,
                  const char *state, const char *note);
    /* Executes what came on /cmd, ping and config-hash excepted; on the publish thread, which
     * waits. order->id is never empty: the same id within 7 days is answered, but not executed
     * again. */
    order_fn *order;
    void *arg;
};

/* Starts the thread; a missing broker is not an error (it keeps trying, 1..60 s). A site without
 * mqtt starts nothing and gives *ret NULL. */
int publish_start(const struct publish_options *o, struct publish **ret);
void publish_wake(struct publish *p); /* new rows may be there; any thread; NULL is fine */
/* Publishes {"state":"offline"} and disconnects; under 1 s. Frees. NULL is fine. */
void publish_stop(struct publish *p);

struct publish_stats {
    bool connected;
    int mqtt_version; /* 5 or 4 (3.1.1) */
    uint64_t sent, acknowledged, no_subscriber, refused, reconnects;
    uint32_t in_flight;
};
void publish_stats(struct publish *p, struct publish_stats *ret);

#endif
