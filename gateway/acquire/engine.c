#include "acquire/engine.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "acquire/tcp_socket.h"
#include "acquire/threads.h"
#include "base/err.h"
#include "sys/heartbeat.h"
#include "sys/log.h"

#define CONNECTS_MAX 50
#define SILENCE_US   (15 * (us_t)US_PER_S)
#define TURN_MAX     32 /* events, and timers, of one turn: its clock reading ages with each */

struct engine {
    struct link **links;
    size_t count;
    struct heap timers;
    int epoll_fd, stop_fd;
    size_t connecting;
    struct link *queue_head, *queue_tail; /* links that wait for their turn to connect */
    bool stopping;
    pthread_t thread;
};

static int watch(struct engine *e, int op, struct link *l, uint32_t events) {
    struct epoll_event ev = {.events = events, .data.ptr = l};
    return epoll_ctl(e->epoll_fd, op, l->fd, &ev) == 0 ? ERR_OK : ERR_IO;
}

static void connect_done(struct engine *e, struct link *l) {
    if (l->connecting) {
        l->connecting = false;
        e->connecting--;
    }
}

static void close_link(struct engine *e, struct link *l) {
    connect_done(e, l);
    l->rx_len = 0;
    if (l->fd >= 0)
        close(l->fd); /* leaves epoll with it */
    l->fd = -1;
}

static void open_link(struct engine *e, struct link *l, struct moment m) {
    bool connected = false;
    int fd = tcp_socket_open(&l->address, l->address_len, &connected);
    if (fd < 0) {
        link_fsm_open_failed(&l->fsm, m, fd);
        return;
    }
    l->fd = fd;
    l->rx_len = 0;
    if (watch(e, EPOLL_CTL_ADD, l, connected ? EPOLLIN : EPOLLOUT) < 0) {
        link_fsm_open_failed(&l->fsm, m, ERR_IO);
        return;
    }
    if (connected) {
        link_fsm_opened(&l->fsm, m);
        return;
    }
    l->connecting = true;
    e->connecting++;
}

static void send_request(struct link *l, struct moment m) {
    uint8_t frame[MBAP_MAX];
    size_t n = link_request_frame(l, frame);
    int rc = tcp_socket_send(l->fd, frame, n);
    if (rc < 0)
        link_fsm_lost(&l->fsm, m, rc);
}

static void enqueue(struct engine *e, struct link *l) {
    if (l->queued)
        return;
    l->queued = true;
    l->queue_next = NULL;
    if (e->queue_tail != NULL)
        e->queue_tail->queue_next = l;
    else
        e->queue_head = l;
    e->queue_tail = l;
}

/* An earlier timer than needed stays where it is: firing it costs less than moving it each time. */
static void arm(struct engine *e, struct link *l, us_t until) {
    if (until == LINK_NEVER || (l->timer.slot != HEAP_ABSENT && l->timer.at <= until))
        return;
    (void)heap_set(&e->timers, &l->timer, until); /* has a slot for each link */
}

/* Does what the link's state machine orders until it is content to wait. */
static void drive(struct engine *e, struct link *l, struct moment m) {
    l->utc_ahead = m.utc_ahead;
    link_check_partial(l, m);
    for (;;) {
        us_t until = LINK_NEVER;
        switch (link_fsm_next(&l->fsm, m, e->connecting < CONNECTS_MAX, &until)) {
        case LINK_QUEUE:
            enqueue(e, l);
            arm(e, l, until);
            return;
        case LINK_WAIT:
            arm(e, l, until);
            return;
        case LINK_OPEN:
            open_link(e, l, m);
            break;
        case LINK_SEND:
            send_request(l, m);
            break;
        case LINK_CLOSE:
            close_link(e, l);
            break;
        }
    }
}

static void on_connect(struct engine *e, struct link *l, struct moment m) {
    int rc = tcp_socket_result(l->fd);
    connect_done(e, l);
    if (rc == ERR_OK)
        rc = watch(e, EPOLL_CTL_MOD, l, EPOLLIN);
    if (rc < 0)
        link_fsm_open_failed(&l->fsm, m, rc);
    else
        link_fsm_opened(&l->fsm, m);
}

static void on_bytes(struct link *l, struct moment m) {
    int n = tcp_socket_receive(l->fd, l->rx + l->rx_len, sizeof l->rx - l->rx_len);
    if (n > 0) {
        l->rx_len += (size_t)n;
        link_receive(l, m);
    } else if (n != ERR_MORE) {
        link_fsm_lost(&l->fsm, m, n);
    }
}

static void run_timers(struct engine *e, struct moment m) {
    for (int i = 0; i < TURN_MAX; i++) {
        struct heap_node *top = heap_top(&e->timers);
        if (top == NULL || top->at > m.now)
            return;
        struct link *l = (struct link *)(void *)((char *)top - offsetof(struct link, timer));
        heap_remove(&e->timers, top);
        drive(e, l, m);
    }
}

static void run_queue(struct engine *e, struct moment m) {
    while (e->queue_head != NULL && e->connecting < CONNECTS_MAX) {
        struct link *l = e->queue_head;
        e->queue_head = l->queue_next;
        if (e->queue_head == NULL)
            e->queue_tail = NULL;
        l->queued = false;
        drive(e, l, m);
    }
}

static int wait_ms(const struct engine *e, us_t now) {
    const struct heap_node *top = heap_top(&e->timers);
    if (top == NULL)
        return HEART_WAIT_MS;
    us_t us = top->at - now;
    if (us <= 0)
        return 0;
    return us < HEART_WAIT_US ? (int)((us + US_PER_MS - 1) / US_PER_MS) : HEART_WAIT_MS;
}

static void turn(struct engine *e) {
    struct epoll_event events[TURN_MAX];
    int n = epoll_wait(e->epoll_fd, events, TURN_MAX, wait_ms(e, link_moment().now));
    struct moment m = link_moment();
    for (int i = 0; i < n; i++) {
        struct link *l = events[i].data.ptr;
        if (l == NULL) {
            e->stopping = true;
            return;
        }
        if (l->fd < 0)
            continue;
        l->utc_ahead = m.utc_ahead;
        if (l->connecting)
            on_connect(e, l, m);
        else
            on_bytes(l, m);
        drive(e, l, m);
    }
    run_timers(e, m);
    run_queue(e, m);
}

static void *engine_main(void *arg) {
    struct engine *e = arg;
    struct moment m = link_moment();
    if (heartbeat_join("engine", SILENCE_US) < 0)
        log_warn("engine: not watched: too many threads");
    for (size_t i = 0; i < e->count; i++)
        drive(e, e->links[i], m);
    while (!e->stopping) {
        turn(e);
        heartbeat_beat();
    }
    for (size_t i = 0; i < e->count; i++)
        close_link(e, e->links[i]);
    heartbeat_leave();
    return NULL;
}

static void close_files(struct engine *e) {
    if (e->epoll_fd >= 0)
        close(e->epoll_fd);
    if (e->stop_fd >= 0)
        close(e->stop_fd);
}

int engine_start(struct arena *arena, struct link **links, size_t n, struct engine **ret) {
    struct engine *e = arena_alloc(arena, 1, sizeof *e);
    struct heap_node **slots = arena_alloc(arena, n, sizeof(struct heap_node *));
    if (e == NULL || slots == NULL)
        return ERR_NOMEM;
    e->links = links;
    e->count = n;
    heap_init(&e->timers, slots, n);
    e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    e->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    int rc = ERR_IO;
    if (e->epoll_fd < 0 || e->stop_fd < 0 ||
        epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, e->stop_fd, &ev) != 0) {
        log_error("engine: no epoll descriptor: %s; raise the descriptor limit", strerror(errno));
        goto out;
    }
    rc = thread_start(&e->thread, "engine", engine_main, e);
    if (rc < 0)
        goto out;
    *ret = e;
out:
    if (rc < 0)
        close_files(e);
    return rc;
}

void engine_stop(struct engine *e) {
    if (e == NULL)
        return;
    const uint64_t one = 1;
    (void)!write(e->stop_fd, &one, sizeof one);
    pthread_join(e->thread, NULL);
    close_files(e);
}
