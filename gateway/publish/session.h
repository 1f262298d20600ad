/* What the publish thread does while it is connected: greets, sends rows and live values, takes
 * answers, and says goodbye. One per publish thread; it outlives its connections. */
#ifndef BUSBAR_PUBLISH_SESSION_H
#define BUSBAR_PUBLISH_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"
#include "publish/bodies.h"
#include "publish/commands.h"
#include "publish/inbound.h"
#include "publish/lanes.h"
#include "publish/mqtt_client.h"
#include "publish/platform_alerts.h"
#include "publish/publish.h"
#include "publish/replays.h"
#include "publish/seq_ranges.h"
#include "publish/stop_guard.h"
#include "store/reader.h"

#define MQTT_DEST       "mqtt" /* this destination's name in the store */
#define CONTROL_MAX     2      /* status, site and replies in flight */
#define RAISED_MAX      16
#define ROW_BODY_MAX    (128 * 1024)
#define ANSWER_LIMIT_US (30 * (us_t)US_PER_S)

struct publish_counters {
    atomic_bool connected;
    atomic_int mqtt_version;
    atomic_uint in_flight;
    atomic_ullong sent, acknowledged, no_subscriber, refused, reconnects;
};

struct control {
    int token;
    us_t since;
};

struct sent_row {
    int token;
    enum outbox_kind kind;
};

struct session {
    const struct publish_options *options;
    const struct mqtt_settings *mqtt;
    const struct topics *topics;
    struct stop_guard *guard;
    struct publish_counters *counters;
    struct reader *reader;      /* of this connection */
    struct mqtt_client *client; /* of this connection */
    struct outbox_head head;
    struct lanes lanes;
    struct replays replays;
    struct seq_ranges done; /* acknowledged, not yet told to the historian */
    struct control control[CONTROL_MAX];
    size_t control_count;
    struct sent_row sent[LANES_WINDOW]; /* rows in flight */
    size_t sent_count;
    uint32_t window, receive_max;
    struct commands commands;
    struct platform_alerts alerts;
    struct inbound cmd, alert;
    us_t live_at;
    ms_t online_since;
    unsigned no_subscriber;      /* 1 << kind of records that nobody takes; not 0: event raised */
    uint64_t raised[RAISED_MAX]; /* rows whose refusal was put on record */
    size_t raised_next;
    uint64_t bad_acks;
    bool read_failed;
    char *body; /* ROW_BODY_MAX */
};

int session_init(struct session *s); /* after the pointers above are set; ERR_NOMEM */
void session_fini(struct session *s);

/* The will of the next connection; the body is written to b. */
void session_will(const struct session *s, struct buf *b, struct mqtt_message *ret);
/* Connected: subscribes, sends status and site. False: the connection is lost again. */
bool session_begin(struct session *s, uint32_t receive_max);
/* One turn; ret_due is when the next one is due at the latest. rows: the outbox may have grown.
 * False: the connection is lost, with the reason in why. */
bool session_turn(struct session *s, bool rows, us_t *ret_due, const char **ret_why);
/* Tells the platform that this stop was intended, and disconnects; half a second at most. */
void session_goodbye(struct session *s);

#endif
