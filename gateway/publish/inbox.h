/* What the MQTT library's own threads report, kept for the publish thread: bounded, copied, in
 * order. Posting never waits and never calls the library.
 *
 * Owns copies of incoming payloads until they are taken. Any thread posts, one takes. */
#ifndef BUSBAR_PUBLISH_INBOX_H
#define BUSBAR_PUBLISH_INBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INBOX_CAP         64
#define INBOX_MESSAGES    16 /* incoming messages among them */
#define INBOX_PAYLOAD_MAX 16384

enum inbox_kind {
    INBOX_PUBLISHED, /* token, reason: the broker answered a QoS 1 message */
    INBOX_ACK,       /* payload, len, retained: a message on /ack */
    INBOX_COMMAND,   /* the same, on /cmd */
    INBOX_ALERT,     /* the same, on /alert */
    INBOX_LOST       /* reason: MQTT 5 reason of a DISCONNECT, or 0 */
};

struct inbox_item {
    enum inbox_kind kind;
    int token, reason;
    char *payload; /* the taker frees it; NULL when it was longer than INBOX_PAYLOAD_MAX */
    size_t len;
    bool retained;
};

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t posted; /* on CLOCK_MONOTONIC */
    struct inbox_item item[INBOX_CAP];
    size_t first, count, messages;
    uint64_t dropped; /* messages that found no room */
    bool lost;        /* an INBOX_LOST was posted */
    int wake_fd;      /* eventfd written after each post */
};

int inbox_init(struct inbox *b, int wake_fd); /* ERR_NOMEM */
void inbox_fini(struct inbox *b);
void inbox_post(struct inbox *b, enum inbox_kind kind, int token, int reason);
/* kind: INBOX_ACK, INBOX_COMMAND or INBOX_ALERT */
void inbox_post_message(struct inbox *b, enum inbox_kind kind, const void *payload, size_t n,
                        bool retained);
bool inbox_take(struct inbox *b, struct inbox_item *ret);
/* Waits until INBOX_LOST was posted, at most so long; false when it was not. */
bool inbox_wait_lost(struct inbox *b, int timeout_ms);

#endif
