/* One MQTT connection over the Paho library: connect, send, subscribe, close.
 *
 * Paho's blocking interface is used because only it reports the reason code of a successful PUBACK
 * (0x10, no matching subscribers); its asynchronous one drops it. One client serves one connection
 * and is then freed, so nothing of a lost session can leak into the next. Answers and incoming
 * messages arrive in the inbox, from Paho's own thread. Calls belong to one thread; connect takes
 * up to 5 s, send waits while the socket takes nothing. */
#ifndef BUSBAR_PUBLISH_MQTT_CLIENT_H
#define BUSBAR_PUBLISH_MQTT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/site.h"
#include "publish/inbox.h"

#define MQTT_V311              4
#define MQTT_V5                5
#define MQTT_CONNECT_TIMEOUT_S 5
#define MQTT_KEEP_ALIVE_S      20
#define MQTT_WHY_MAX           512

struct mqtt_client;

struct mqtt_message {
    const char *topic;
    const void *body;
    size_t len;
    int qos;
    bool retain;
};

int mqtt_client_new(const struct mqtt_settings *s, const char *client_id, int wake_fd,
                    struct mqtt_client **ret);
/* Closes without a DISCONNECT when still connected, so that the broker sends the will. NULL is
 * fine. */
void mqtt_client_free(struct mqtt_client *c);

struct mqtt_connected {
    int version;
    uint32_t receive_max;   /* QoS 1 messages the broker takes at once */
    bool version_refused;   /* on failure: it said that it does not speak this version */
    bool closed_unanswered; /* on failure: it closed after our CONNECT without an answer */
    char why[MQTT_WHY_MAX]; /* on failure: the reason and, where one helps, the next step */
};
/* Clean start, will retained with QoS 1. ERR_OK, or ERR_REFUSED, ERR_IO with ret->why. */
int mqtt_client_connect(struct mqtt_client *c, int version, const struct mqtt_message *will,
                        struct mqtt_connected *ret);
/* QoS 1. ERR_REFUSED, ERR_CLOSED. */
int mqtt_client_subscribe(struct mqtt_client *c, const char *topic);
/* ret_token is set for QoS 1; the answer comes as INBOX_PUBLISHED. ERR_CLOSED. */
int mqtt_client_send(struct mqtt_client *c, const struct mqtt_message *m, int *ret_token);
/* A DISCONNECT: the broker drops the will. */
void mqtt_client_disconnect(struct mqtt_client *c);

struct inbox *mqtt_client_inbox(struct mqtt_client *c);

#endif
