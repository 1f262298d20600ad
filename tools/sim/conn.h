/* One client: bytes that have come in, and replies waiting to go out, now, late or by trickle.
 * Owned by the serve loop; one thread. */
#ifndef BUSBAR_SIM_CONN_H
#define BUSBAR_SIM_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "sim/damage.h"

#define CONN_REPLIES 8

struct reply {
    us_t due_us;
    us_t byte_us; /* > 0: one byte at a time, this far apart */
    size_t len, sent;
    uint8_t bytes[DAMAGE_FRAME_MAX];
};

struct conn {
    int fd;
    size_t link;
    bool line; /* the pty of a serial line: never closed for its client's mistakes */
    uint8_t in[CODEC_FRAME_MAX * 2];
    size_t in_len;
    us_t in_us; /* when the last byte came */
    struct reply replies[CONN_REPLIES];
    size_t reply_count;
};

struct conn *conn_new(int fd, size_t link, bool line); /* NULL without memory */
void conn_free(struct conn *c);                        /* closes fd, but for a line */
void conn_reset(struct conn *c);                       /* the next close sends RST */

/* Reads what is there: bytes, 0 when nothing, ERR_CLOSED. */
int conn_read(struct conn *c, us_t now_us);
void conn_consume(struct conn *c, size_t n); /* takes n bytes off the front of in */

/* Queues a reply; ERR_FULL when the client has left too many unread. */
int conn_queue(struct conn *c, const uint8_t *bytes, size_t n, us_t due_us, us_t byte_us);
/* Sends what is due. ERR_CLOSED when the client is gone. */
int conn_flush(struct conn *c, us_t now_us);
/* The next instant at which conn_flush has work; INT64_MAX when nothing waits. */
us_t conn_due(const struct conn *c);

#endif
