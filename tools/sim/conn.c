#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "sim/conn.h"

#define RETRY_US 2000 /* a full socket buffer is tried again */

struct conn *conn_new(int fd, size_t link, bool line) {
    struct conn *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->fd = fd;
    c->link = link;
    c->line = line;
    return c;
}

void conn_free(struct conn *c) {
    if (c != NULL && !c->line)
        (void)close(c->fd);
    free(c);
}

void conn_reset(struct conn *c) {
    struct linger hard = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

int conn_read(struct conn *c, us_t now_us) {
    ssize_t n = read(c->fd, c->in + c->in_len, sizeof c->in - c->in_len);

    if (n < 0 && (errno == EAGAIN || errno == EINTR || (c->line && errno == EIO)))
        return 0;
    if (n <= 0)
        return ERR_CLOSED;
    c->in_len += (size_t)n;
    c->in_us = now_us;
    return (int)n;
}

void conn_consume(struct conn *c, size_t n) {
    c->in_len -= n;
    memmove(c->in, c->in + n, c->in_len);
}

int conn_queue(struct conn *c, const uint8_t *bytes, size_t n, us_t due_us, us_t byte_us) {
    struct reply *r;

    if (c->reply_count == CONN_REPLIES)
        return ERR_FULL;
    r = &c->replies[c->reply_count++];
    r->due_us = due_us;
    r->byte_us = byte_us;
    r->len = n;
    r->sent = 0;
    memcpy(r->bytes, bytes, n);
    return ERR_OK;
}

/* Writes what the reply may write now. ERR_OK when it is all out, ERR_MORE, ERR_CLOSED. */
static int send_reply(struct conn *c, struct reply *r, us_t now_us) {
    while (r->sent < r->len && r->due_us <= now_us) {
        size_t want = r->byte_us > 0 ? 1 : r->len - r->sent;
        ssize_t n = c->line ? write(c->fd, r->bytes + r->sent, want)
                            : send(c->fd, r->bytes + r->sent, want, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return ERR_CLOSED;
        if (n <= 0)
            r->due_us = now_us + RETRY_US;
        else
            r->sent += (size_t)n;
        if (n > 0 && r->byte_us > 0)
            r->due_us += r->byte_us;
    }
    return r->sent == r->len ? ERR_OK : ERR_MORE;
}

/* A reply that has begun holds the ones behind it back; one that is still late does not. */
static bool begun(const struct reply *r) {
    return r->sent > 0;
}

int conn_flush(struct conn *c, us_t now_us) {
    size_t kept = 0, busy = CONN_REPLIES;
    int rc = ERR_OK;

    for (size_t i = 0; i < c->reply_count && busy == CONN_REPLIES; i++)
        busy = begun(&c->replies[i]) ? i : busy;
    for (size_t i = 0; i < c->reply_count; i++) {
        struct reply *r = &c->replies[i];
        bool blocked = busy != CONN_REPLIES && busy != i;
        int one = blocked || r->due_us > now_us ? ERR_MORE : send_reply(c, r, now_us);

        if (one == ERR_CLOSED)
            rc = ERR_CLOSED;
        if (one == ERR_MORE && begun(r))
            busy = i;
        if (one == ERR_MORE && kept != i)
            c->replies[kept] = *r;
        kept += one == ERR_MORE;
    }
    c->reply_count = kept;
    return rc;
}

us_t conn_due(const struct conn *c) {
    us_t due = INT64_MAX;

    for (size_t i = 0; i < c->reply_count; i++) {
        if (c->replies[i].due_us < due)
            due = c->replies[i].due_us;
        if (begun(&c->replies[i]))
            return c->replies[i].due_us;
    }
    return due;
}
