#include "control/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "control/client.h"
#include "control/listener.h"
#include "sys/clock.h"
#include "sys/heartbeat.h"
#include "sys/log.h"

#define SILENCE_US      (30 * (us_t)US_PER_S)
#define ACCEPT_PAUSE_US (1 * (us_t)US_PER_S) /* after accept has failed: no descriptors */

enum { SLOT_WAKE, SLOT_LISTEN, SLOT_CLIENTS };

struct control {
    struct control_options options;
    char path[PATH_MAX];
    struct listener listener;
    int wake_fd;
    atomic_bool stopping;
    pthread_t thread;
    us_t accept_at; /* not before */
    struct client client[CONTROL_CLIENTS];
};

/* ---- the thread ------------------------------------------------------------------------- */

static struct client *free_client(struct control *c) {
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        if (c->client[i].fd < 0)
            return &c->client[i];
    }
    return NULL;
}

static void accept_client(struct control *c, us_t now) {
    struct client *place = free_client(c);
    if (!place)
        return;
    int fd = accept4(c->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        client_open(place, fd, now);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        c->accept_at = now + ACCEPT_PAUSE_US;
}

static us_t earlier(us_t a, us_t b) {
    return a < b ? a : b;
}

/* Fills what to wait for; gives the instant at which something is due. */
static us_t prepare(struct control *c, us_t now,
                    struct pollfd fds[SLOT_CLIENTS + CONTROL_CLIENTS]) {
    us_t due = INT64_MAX;
    const bool may_accept = free_client(c) && now >= c->accept_at;
    fds[SLOT_WAKE] = (struct pollfd){.fd = c->wake_fd, .events = POLLIN};
    fds[SLOT_LISTEN] = (struct pollfd){.fd = may_accept ? c->listener.fd : -1, .events = POLLIN};
    if (now < c->accept_at)
        due = c->accept_at;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        const struct client *k = &c->client[i];
        fds[SLOT_CLIENTS + i] = (struct pollfd){.fd = k->fd};
        if (k->fd < 0)
            continue;
        fds[SLOT_CLIENTS + i].events = client_events(k);
        due = client_ready(k) ? now : earlier(due, k->until);
    }
    return due;
}

static int timeout_ms(us_t due, us_t now) {
    if (due - now > HEART_WAIT_US)
        return HEART_WAIT_MS;
    return due <= now ? 0 : (int)((due - now + US_PER_MS - 1) / US_PER_MS);
}

/* One line of each client at most, so that none keeps the others waiting for all its lines. The
 * time that an order takes is nobody's fault: it does not count against those who wait. */
static void execute(struct control *c) {
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        struct client *k = &c->client[i];
        if (!client_ready(k) || atomic_load(&c->stopping))
            continue;
        us_t begun = clock_now().mono_us;
        heartbeat_pause(); /* it waits for the historian, which beats itself */
        client_execute(k, c->options.order, c->options.arg);
        heartbeat_beat();
        us_t now = clock_now().mono_us;
        for (size_t j = 0; j < CONTROL_CLIENTS; j++)
            c->client[j].until += now - begun;
        client_flush(k, now);
    }
}

static void turn(struct control *c) {
    struct pollfd fds[SLOT_CLIENTS + CONTROL_CLIENTS];
    us_t now = clock_now().mono_us;
    us_t due = prepare(c, now, fds);
    if (poll(fds, SLOT_CLIENTS + CONTROL_CLIENTS, timeout_ms(due, now)) < 0)
        return; /* a signal; anything else cannot be */
    now = clock_now().mono_us;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        struct client *k = &c->client[i];
        if (fds[SLOT_CLIENTS + i].fd < 0)
            continue;
        client_move(k, fds[SLOT_CLIENTS + i].revents);
        client_flush(k, now);
        if (k->fd >= 0 && !client_ready(k) && now >= k->until)
            client_close(k);
    }
    if (fds[SLOT_LISTEN].revents != 0)
        accept_client(c, now);
    execute(c);
}

static void *control_thread(void *arg) {
    struct control *c = arg;
    pthread_setname_np(pthread_self(), "control");
    (void)heartbeat_join("control", SILENCE_US); /* unwatched, it serves all the same */
    while (!atomic_load(&c->stopping)) {
        turn(c);
        heartbeat_beat();
    }
    heartbeat_leave();
    return NULL;
}

/* ---- public ----------------------------------------------------------------------------- */

static int report(const char *path, int err) {
    const char *next = err == ERR_BUSY      ? "another busbard listens there; stop it"
                       : err == ERR_REFUSED ? "it is no socket; move it away"
                       : err == ERR_LIMIT   ? "its path is too long; choose a shorter store.path"
                                            : "check that its folder exists and may be written";
    log_error("control socket %s: %s; %s; orders of busbar are not taken until the next start",
              path, err == ERR_REFUSED ? "the name is taken" : err_str(err), next);
    return err;
}

static void control_free(struct control *c) {
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        if (c->client[i].fd >= 0)
            client_close(&c->client[i]);
    }
    listener_close(&c->listener);
    if (c->wake_fd >= 0)
        close(c->wake_fd);
    free(c);
}

static int start_thread(struct control *c) {
    /* signals belong to the main thread */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&c->thread, NULL, control_thread, c) == 0 ? ERR_OK : ERR_NOMEM;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int control_start(const struct control_options *o, struct control **ret) {
    struct control *c = calloc(1, sizeof *c);
    if (!c)
        return report(o->path, ERR_NOMEM);
    c->options = *o;
    c->listener.fd = -1;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        c->client[i].fd = -1;
    c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int n = snprintf(c->path, sizeof c->path, "%s", o->path);
    int rc = c->wake_fd < 0 ? ERR_IO : n < 0 || (size_t)n >= sizeof c->path ? ERR_LIMIT : ERR_OK;
    if (rc == ERR_OK)
        rc = listener_open(&c->listener, c->path);
    if (rc == ERR_OK)
        rc = start_thread(c);
    if (rc < 0) {
        report(o->path, rc);
        control_free(c);
        return rc;
    }
    *ret = c;
    return ERR_OK;
}

void control_stop(struct control *c) {
    if (!c)
        return;
    const uint64_t one = 1;
    atomic_store(&c->stopping, true);
    if (write(c->wake_fd, &one, sizeof one) == sizeof one)
        pthread_join(c->thread, NULL);
    control_free(c);
}
