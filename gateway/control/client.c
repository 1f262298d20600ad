#include "control/client.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "sys/log.h"

static void name_actor(struct client *c) {
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
        snprintf(c->actor, sizeof c->actor, "local:unknown");
        return;
    }
    char memory[1024];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(peer.uid, &entry, memory, sizeof memory, &found) == 0 && found)
        snprintf(c->actor, sizeof c->actor, "local:%s", found->pw_name);
    else
        snprintf(c->actor, sizeof c->actor, "local:uid%u", (unsigned)peer.uid);
}

void client_open(struct client *c, int fd, us_t now) {
    c->fd = fd;
    c->until = now + CLIENT_LIMIT_US;
    c->have = c->out_len = c->out_done = 0;
    c->last = false;
    name_actor(c);
}

void client_close(struct client *c) {
    close(c->fd);
    c->fd = -1;
}

static bool writing(const struct client *c) {
    return c->out_done < c->out_len;
}

static const char *line_end(const struct client *c) {
    return memchr(c->line, '\n', c->have);
}

bool client_ready(const struct client *c) {
    return c->fd >= 0 && !writing(c) && (line_end(c) || c->have == sizeof c->line);
}

short client_events(const struct client *c) {
    return writing(c) ? POLLOUT : client_ready(c) ? 0 : POLLIN;
}

/* Half a line at the end of a connection is no order: it may have been cut. */
static void receive(struct client *c) {
    ssize_t n = recv(c->fd, c->line + c->have, sizeof c->line - c->have, 0);
    if (n > 0)
        c->have += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        client_close(c);
}

static void transmit(struct client *c) {
    ssize_t n = send(c->fd, c->out + c->out_done, c->out_len - c->out_done, MSG_NOSIGNAL);
    if (n >= 0)
        c->out_done += (size_t)n;
    else if (errno != EAGAIN && errno != EINTR)
        client_close(c); /* it has gone; what it ordered is done all the same */
}

void client_move(struct client *c, short revents) {
    if (revents == 0)
        return;
    if (writing(c))
        transmit(c);
    else if (!client_ready(c))
        receive(c);
}

static size_t run_line(struct client *c, size_t n, order_fn *order, void *arg) {
    static const char too_long[] = "a line has at most 65536 bytes; send one order a line";
    _Static_assert(ORDER_JSON_MAX == 65536, "the text above says so");
    char why[ORDER_WHY_MAX];
    struct order o;
    if (n > ORDER_JSON_MAX)
        return order_reply_error(c->out, ORDER_REPLY_MAX, too_long);
    if (order_parse(c->line, n, &o, why, sizeof why) < 0)
        return order_reply_error(c->out, ORDER_REPLY_MAX, why);
    size_t len = order(arg, &o, c->actor, c->out, ORDER_REPLY_MAX);
    if (!order_is_query(o.kind))
        log_info("control: %s by %s: %s", order_name(o.kind), c->actor, c->out);
    return len;
}

void client_execute(struct client *c, order_fn *order, void *arg) {
    const char *end = line_end(c);
    const size_t n = end ? (size_t)(end - c->line) : c->have;
    const size_t used = end ? n + 1 : n;
    c->last = !end; /* where the next line begins is not known */
    c->out_len = run_line(c, n, order, arg);
    c->out[c->out_len++] = '\n';
    c->out_done = 0;
    c->have -= used;
    memmove(c->line, c->line + used, c->have);
}

void client_flush(struct client *c, us_t now) {
    if (c->fd < 0 || c->out_len == 0)
        return;
    if (writing(c))
        transmit(c);
    if (c->fd < 0 || writing(c))
        return;
    c->out_len = c->out_done = 0;
    c->until = now + CLIENT_LIMIT_US;
    if (c->last)
        client_close(c);
}
