/* GET /api/v1/stream: the live values to everybody who listens, once a second, as server-sent
 * events. One message is made a tick and shared; a client that reads slowly gets the next one when
 * it is through with the last, and misses those between. Bounded. Web thread. */
#ifndef BUSBAR_WEB_STREAM_H
#define BUSBAR_WEB_STREAM_H

#include <microhttpd.h>

#include "base/buf.h"
#include "base/units.h"
#include "store/live.h"

#define STREAM_CLIENTS_MAX 64

struct stream_message;

struct stream_client {
    struct stream *stream;
    struct MHD_Connection *connection; /* NULL: the place is free */
    struct stream_message *message;    /* being sent, or the last one */
    size_t sent;
    bool waits; /* suspended until the next message */
};

struct stream {
    struct live *live;
    /* The body of a message, as JSON on one line. */
    void (*write)(const void *arg, struct buf *b);
    const void *arg;
    struct stream_message *newest;
    ms_t tick;    /* of the newest */
    us_t made_us; /* on the monotonic clock */
    struct stream_client clients[STREAM_CLIENTS_MAX];
};

void stream_init(struct stream *s, struct live *live, void (*write)(const void *arg, struct buf *b),
                 const void *arg);
/* Before the daemon is stopped: a waiting client must not stay suspended. */
void stream_stop(struct stream *s);
void stream_fini(struct stream *s); /* after it */

/* Begins to send; 503 when all places are taken. */
enum MHD_Result stream_open(struct stream *s, struct MHD_Connection *c);
/* Once a turn of the loop: passes on a new tick; without one for 15 s a comment that keeps the line
 * open. */
void stream_turn(struct stream *s, us_t now_us);

#endif
