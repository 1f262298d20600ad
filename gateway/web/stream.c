#include "web/stream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "web/answer.h"

#define MESSAGE_MAX 8192
#define BLOCK_BYTES 4096
#define QUIET_US    (15 * (us_t)US_PER_S)

struct stream_message {
    size_t users;
    size_t n;
    char text[];
};

static void let_go(struct stream_message *m) {
    if (m && --m->users == 0)
        free(m);
}

static struct stream_message *keep(struct stream_message *m) {
    if (m)
        m->users++;
    return m;
}

static struct stream_message *make(const char *text, size_t n) {
    struct stream_message *m = malloc(sizeof *m + n);
    if (m) {
        m->users = 1;
        m->n = n;
        memcpy(m->text, text, n);
    }
    return m;
}

void stream_init(struct stream *s, struct live *live, void (*write)(const void *arg, struct buf *b),
                 const void *arg) {
    memset(s, 0, sizeof *s);
    s->live = live;
    s->write = write;
    s->arg = arg;
}

/* ---- one client ---------------------------------------------------------------------------- */

static ssize_t read_more(void *cls, uint64_t at, char *out, size_t cap) {
    struct stream_client *k = cls;
    (void)at;
    if (!k->message || k->sent == k->message->n) {
        if (k->message == k->stream->newest) {
            k->waits = true;
            MHD_suspend_connection(k->connection);
            return 0;
        }
        let_go(k->message);
        k->message = keep(k->stream->newest);
        k->sent = 0;
    }
    size_t n = k->message->n - k->sent;
    n = n < cap ? n : cap;
    memcpy(out, k->message->text + k->sent, n);
    k->sent += n;
    return (ssize_t)n;
}

static void on_end(void *cls) {
    struct stream_client *k = cls;
    let_go(k->message);
    memset(k, 0, sizeof *k);
}

enum MHD_Result stream_open(struct stream *s, struct MHD_Connection *c) {
    struct stream_client *k = NULL;
    for (size_t i = 0; i < STREAM_CLIENTS_MAX && !k; i++)
        if (!s->clients[i].connection)
            k = &s->clients[i];
    if (!k)
        return answer_error(c, MHD_HTTP_SERVICE_UNAVAILABLE,
                            "%d others listen already; ask for /api/v1/live now and then",
                            STREAM_CLIENTS_MAX);
    *k = (struct stream_client){.stream = s, .connection = c};
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_more, k, on_end);
    if (!r)
        memset(k, 0, sizeof *k);
    return answer_typed(c, MHD_HTTP_OK, "text/event-stream", r);
}

/* ---- all of them --------------------------------------------------------------------------- */

static void pass_on(struct stream *s, const char *text, size_t n, us_t now_us) {
    struct stream_message *m = make(text, n);
    s->made_us = now_us;
    if (!m)
        return; /* the next one may have room */
    let_go(s->newest);
    s->newest = m;
    for (size_t i = 0; i < STREAM_CLIENTS_MAX; i++) {
        struct stream_client *k = &s->clients[i];
        if (k->connection && k->waits) {
            k->waits = false;
            MHD_resume_connection(k->connection);
        }
    }
}

static bool anybody(const struct stream *s) {
    for (size_t i = 0; i < STREAM_CLIENTS_MAX; i++)
        if (s->clients[i].connection)
            return true;
    return false;
}

void stream_turn(struct stream *s, us_t now_us) {
    struct live_site l;
    if (!anybody(s)) {
        stream_fini(s); /* whoever comes next is not given an old tick */
        return;
    }
    live_get_site(s->live, &l);
    if (l.utc_ms == s->tick && s->newest) {
        if (now_us - s->made_us >= QUIET_US)
            pass_on(s, ": no new values\n\n", 17, now_us);
        return;
    }
    char text[MESSAGE_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    buf_puts(&b, "event: live\nid: ");
    buf_put_i64(&b, l.utc_ms);
    buf_puts(&b, "\ndata: ");
    s->write(s->arg, &b);
    buf_puts(&b, "\n\n");
    s->tick = l.utc_ms;
    if (buf_ok(&b))
        pass_on(s, text, b.len, now_us);
}

void stream_stop(struct stream *s) {
    for (size_t i = 0; i < STREAM_CLIENTS_MAX; i++) {
        if (s->clients[i].connection && s->clients[i].waits) {
            s->clients[i].waits = false;
            MHD_resume_connection(s->clients[i].connection);
        }
    }
}

void stream_fini(struct stream *s) {
    let_go(s->newest);
    s->newest = NULL;
}
