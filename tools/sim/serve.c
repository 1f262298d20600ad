#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "sim/answer.h"
#include "sim/conn.h"
#include "sim/serve.h"
#include "sys/clock.h"

#define FRAME_SILENCE_US 100000 /* an unfinished request is given up after this */
#define TURN_MAX_US      50000  /* faults on links are looked at this often */

struct link_state {
    struct endpoint endpoint;
    enum codec_framing framing;
    uint64_t accepted;
};

struct serve {
    const struct site *site;
    const struct faults *faults;
    struct answerer *answerer;
    struct link_state *links;
    struct conn **conns;
    size_t conn_count, conn_cap;
    struct pollfd *polls; /* wake_fd, links, conns */
};

static double seconds(us_t us) {
    return (double)us / US_PER_S;
}

/* ---- clients ---- */

static int add_conn(struct serve *s, int fd, size_t link, bool line) {
    struct conn *c;

    if (s->conn_count == s->conn_cap) {
        size_t cap = s->conn_cap * 2 + 16;
        struct conn **conns = realloc(s->conns, cap * sizeof *conns);
        struct pollfd *polls;

        if (conns == NULL)
            return ERR_NOMEM;
        s->conns = conns;
        polls = realloc(s->polls, (1 + s->site->link_count + cap) * sizeof *polls);
        if (polls == NULL)
            return ERR_NOMEM;
        s->polls = polls;
        s->conn_cap = cap;
    }
    c = conn_new(fd, link, line);
    if (c == NULL)
        return ERR_NOMEM;
    s->conns[s->conn_count++] = c;
    return ERR_OK;
}

static void drop_conn(struct serve *s, size_t i) {
    conn_free(s->conns[i]);
    s->conns[i] = s->conns[--s->conn_count];
}

static void drop_conns_of(struct serve *s, size_t link) {
    for (size_t i = s->conn_count; i-- > 0;) {
        if (s->conns[i]->link == link)
            drop_conn(s, i);
    }
}

static void accept_all(struct serve *s, size_t link) {
    struct link_state *l = &s->links[link];
    int on = 1, fd;

    while ((fd = accept4(l->endpoint.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (add_conn(s, fd, link, false) < 0) {
            (void)close(fd);
            return;
        }
        l->accepted++;
    }
}

/* ---- links ---- */

static int open_link(struct serve *s, size_t link) {
    struct link_state *l = &s->links[link];
    int rc = endpoint_open(&l->endpoint);

    if (rc == ERR_OK && l->endpoint.pty)
        rc = add_conn(s, l->endpoint.fd, link, true);
    return rc;
}

/* Refused and vanished links close when their fault starts and open again when it ends. */
static void follow_link_faults(struct serve *s, double now_s) {
    for (size_t i = 0; i < s->site->link_count; i++) {
        struct link_state *l = &s->links[i];
        enum fault_kind kind = l->endpoint.pty ? FAULT_VANISH_PTY : FAULT_REFUSE;
        bool gone = faults_on_link(s->faults, s->site, i, kind, now_s);

        if (gone && l->endpoint.fd >= 0) {
            drop_conns_of(s, i);
            endpoint_close(&l->endpoint);
        } else if (!gone && l->endpoint.fd < 0) {
            (void)open_link(s, i); /* a port still taken is tried again at the next turn */
        }
    }
}

static int make_endpoint(struct serve *s, size_t link, const struct serve_options *o,
                         uint16_t *next_port) {
    struct link_state *l = &s->links[link];
    enum link_kind kind = s->site->links[link].kind;

    l->framing = kind == LINK_TCP ? CODEC_TCP : CODEC_RTU;
    if (kind == LINK_RTU)
        return endpoint_pty(&l->endpoint, o->pty_dir, s->site->links[link].id);
    endpoint_tcp(&l->endpoint, o->host, *next_port);
    if (*next_port > 0)
        ++*next_port;
    return ERR_OK;
}

static int open_links(struct serve *s, const struct serve_options *o, char *message, size_t cap) {
    uint16_t next_port = o->base_port;

    for (size_t i = 0; i < s->site->link_count; i++) {
        char address[320];
        int rc = make_endpoint(s, i, o, &next_port);

        if (rc == ERR_OK)
            rc = open_link(s, i);
        if (rc == ERR_OK)
            continue;
        endpoint_address(&s->links[i].endpoint, address, sizeof address);
        (void)snprintf(message, cap, "link %s: cannot serve %s: %s; choose another %s",
                       s->site->links[i].id, address,
                       rc == ERR_IO ? strerror(errno) : "a file stands there",
                       s->links[i].endpoint.pty ? "--pty-dir" : "--listen address");
        return rc;
    }
    return ERR_OK;
}

int serve_open(const struct site *site, struct registers *registers, const struct faults *faults,
               const struct serve_options *options, char *message, size_t message_cap,
               struct serve **ret) {
    struct serve *s = calloc(1, sizeof *s);
    int rc = ERR_NOMEM;

    (void)snprintf(message, message_cap, "out of memory");
    if (s == NULL)
        return ERR_NOMEM;
    s->site = site;
    s->faults = faults;
    s->links = calloc(site->link_count + 1, sizeof *s->links);
    s->polls = calloc(site->link_count + 1, sizeof *s->polls);
    for (size_t i = 0; i < site->link_count && s->links != NULL; i++)
        s->links[i].endpoint.fd = -1;
    if (s->links != NULL && s->polls != NULL)
        rc = answerer_new(site, registers, faults, &s->answerer);
    if (rc == ERR_OK)
        rc = open_links(s, options, message, message_cap);
    if (rc != ERR_OK) {
        serve_close(s);
        return rc;
    }
    *ret = s;
    return ERR_OK;
}

void serve_close(struct serve *s) {
    if (s == NULL)
        return;
    while (s->conn_count > 0)
        drop_conn(s, s->conn_count - 1);
    for (size_t i = 0; i < s->site->link_count && s->links != NULL; i++)
        endpoint_close(&s->links[i].endpoint);
    answerer_free(s->answerer);
    free(s->links);
    free(s->conns);
    free(s->polls);
    free(s);
}

const struct endpoint *serve_endpoint(const struct serve *s, size_t link) {
    return &s->links[link].endpoint;
}

/* ---- the loop ---- */

/* Answers every whole request that has come in. ERR_CLOSED: the client must go. */
static int answer_all(struct serve *s, struct conn *c, us_t now_us) {
    enum codec_framing framing = s->links[c->link].framing;

    while (c->in_len > 0) {
        int n = codec_request_length(framing, c->in, c->in_len);
        int rc;

        if (n == ERR_MORE)
            return ERR_OK;
        if (n < 0) { /* no way to find the next frame: TCP closes, RTU waits for silence */
            answer_bad_frame(s->answerer, c->link);
            c->in_len = 0;
            return framing == CODEC_TCP ? ERR_CLOSED : ERR_OK;
        }
        rc = answer_request(s->answerer, c, framing, (size_t)n, now_us, seconds(now_us));
        if (rc == ERR_CRC)
            c->in_len = 0;
        else
            conn_consume(c, (size_t)n);
        if (rc == ERR_CLOSED)
            return rc;
    }
    return ERR_OK;
}

static void serve_conns(struct serve *s, us_t now_us) {
    for (size_t i = s->conn_count; i-- > 0;) {
        struct conn *c = s->conns[i];
        short events = s->polls[1 + s->site->link_count + i].revents;
        int rc = ERR_OK;

        if (c->in_len > 0 && now_us - c->in_us > FRAME_SILENCE_US &&
            s->links[c->link].framing == CODEC_RTU) {
            answer_bad_frame(s->answerer, c->link);
            c->in_len = 0;
        }
        if (events != 0) {
            rc = conn_read(c, now_us);
            if (rc > 0)
                rc = answer_all(s, c, now_us);
        }
        if (rc != ERR_CLOSED)
            rc = conn_flush(c, now_us);
        if (rc == ERR_CLOSED && !c->line)
            drop_conn(s, i);
    }
}

static size_t fill_polls(struct serve *s, int wake_fd, us_t *until_us) {
    size_t links = s->site->link_count;

    s->polls[0] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
    for (size_t i = 0; i < links; i++) {
        const struct endpoint *e = &s->links[i].endpoint;

        s->polls[1 + i] = (struct pollfd){.fd = e->pty ? -1 : e->fd, .events = POLLIN};
    }
    for (size_t i = 0; i < s->conn_count; i++) {
        us_t due = conn_due(s->conns[i]);

        s->polls[1 + links + i] = (struct pollfd){.fd = s->conns[i]->fd, .events = POLLIN};
        if (due < *until_us)
            *until_us = due;
    }
    return 1 + links + s->conn_count;
}

void serve_turn(struct serve *s, us_t until_us, int wake_fd) {
    us_t now = clock_now().mono_us;

    do {
        us_t wake_us = until_us < now + TURN_MAX_US ? until_us : now + TURN_MAX_US;
        size_t n, links = s->site->link_count;
        struct timespec wait;

        follow_link_faults(s, seconds(now));
        n = fill_polls(s, wake_fd, &wake_us);
        wake_us = wake_us > now ? wake_us - now : 0;
        wait.tv_sec = wake_us / US_PER_S;
        wait.tv_nsec = wake_us % US_PER_S * 1000;
        if (ppoll(s->polls, n, &wait, NULL) < 0)
            return;
        now = clock_now().mono_us;
        serve_conns(s, now);
        for (size_t i = 0; i < links; i++) {
            if (s->polls[1 + i].revents != 0 && s->links[i].endpoint.fd >= 0)
                accept_all(s, i);
        }
        if (s->polls[0].revents != 0)
            return;
    } while (now < until_us);
}

void serve_print_statistics(const struct serve *s, FILE *out) {
    (void)fprintf(out, "{\"statistics\":{\"devices\":{");
    for (size_t d = 0; d < s->site->device_count; d++) {
        struct device_counts n = answer_device_counts(s->answerer, d);

        (void)fprintf(out,
                      "%s\"%s\":{\"requests\":%llu,\"replies\":%llu,\"exceptions\":%llu,"
                      "\"faults\":%llu}",
                      d > 0 ? "," : "", s->site->devices[d].id, (unsigned long long)n.requests,
                      (unsigned long long)n.replies, (unsigned long long)n.exceptions,
                      (unsigned long long)n.faults);
    }
    (void)fprintf(out, "},\"links\":{");
    for (size_t l = 0; l < s->site->link_count; l++) {
        struct link_counts n = answer_link_counts(s->answerer, l);

        (void)fprintf(out, "%s\"%s\":{\"accepted\":%llu,\"bad_frames\":%llu,\"unknown_unit\":%llu}",
                      l > 0 ? "," : "", s->site->links[l].id,
                      (unsigned long long)s->links[l].accepted, (unsigned long long)n.bad_frames,
                      (unsigned long long)n.unknown_unit);
    }
    (void)fprintf(out, "}}}\n");
    (void)fflush(out);
}
