#include "acquire/line.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "acquire/serial_port.h"
#include "acquire/threads.h"
#include "base/err.h"
#include "sys/heartbeat.h"
#include "sys/log.h"
#include "wire/rtu.h"

#define NAP_BEFORE_END_US 1500 /* wakes this long before a reply should be whole */
#define NAP_MIN_US        1500
/* The kernel lets closing a port wait up to 30 s for what could not be sent. */
#define SILENCE_US (60 * (us_t)US_PER_S)

struct line {
    struct link *link;
    struct serial_port *port;
    char name[HEART_NAME];
    int stop_fd;
    bool stopping;
    pthread_t thread;
};

static void open_port(struct line *n, struct moment m) {
    struct link *l = n->link;
    int rc = serial_port_open(l->def, &n->port, &l->fd);
    if (rc < 0)
        link_fsm_open_failed(&l->fsm, m, rc);
    else
        link_fsm_opened(&l->fsm, link_moment()); /* opening may have taken a while */
}

static void close_port(struct line *n) {
    serial_port_close(n->port);
    n->port = NULL;
    n->link->fd = -1;
    n->link->rx_len = 0;
}

static void send_request(struct line *n, struct moment m) {
    struct link *l = n->link;
    uint8_t frame[MBAP_MAX];
    size_t len = link_request_frame(l, frame);
    int rc = serial_port_write(l->fd, frame, len);
    if (rc < 0)
        link_fsm_lost(&l->fsm, m, rc);
}

static void read_bytes(struct line *n) {
    struct link *l = n->link;
    int got = serial_port_read(l->fd, l->rx + l->rx_len, sizeof l->rx - l->rx_len);
    struct moment m = link_moment(); /* when the last byte came: the silence counts from here */
    if (got > 0) {
        l->rx_len += (size_t)got;
        link_receive(l, m);
    } else if (got != ERR_MORE) {
        link_fsm_lost(&l->fsm, m, got);
    }
}

/* A reply comes in many lumps. Once its length is known, sleeps until just before its end. */
static void nap_through_reply(struct line *n) {
    struct link *l = n->link;
    us_t rest = rtu_chars_us(l->def->baud, link_reply_missing(l));
    if (rest < NAP_BEFORE_END_US + NAP_MIN_US)
        return;
    us_t until = link_moment().now + rest - NAP_BEFORE_END_US;
    if (until > l->fsm.ask.deadline)
        until = l->fsm.ask.deadline;
    if (serial_port_wait(-1, n->stop_fd, until) == SERIAL_STOP)
        n->stopping = true;
}

static void wait_line(struct line *n, us_t until) {
    struct link *l = n->link;
    us_t awake = link_moment().now + HEART_WAIT_US;
    switch (serial_port_wait(l->fd, n->stop_fd, until < awake ? until : awake)) {
    case SERIAL_TIME:
        break;
    case SERIAL_BYTES:
        read_bytes(n);
        nap_through_reply(n);
        break;
    case SERIAL_GONE:
        link_fsm_lost(&l->fsm, link_moment(), ERR_CLOSED);
        break;
    case SERIAL_STOP:
        n->stopping = true;
        break;
    }
}

/* Silences of 2 ms are kept between other programs' time slices of the same length: where the
 * process may, the line goes first (it runs 1 % of the time), and wakes without the usual slack. */
static void hurry(void) {
    const struct sched_param first = {.sched_priority = 1};
    (void)pthread_setschedparam(pthread_self(), SCHED_RR, &first);
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

static void *line_main(void *arg) {
    struct line *n = arg;
    if (heartbeat_join(n->name, SILENCE_US) < 0)
        log_warn("link %s: its thread is not watched: too many threads", n->link->def->id);
    hurry();
    while (!n->stopping) {
        heartbeat_beat();
        struct moment m = link_moment();
        us_t until = LINK_NEVER;
        n->link->utc_ahead = m.utc_ahead;
        switch (link_fsm_next(&n->link->fsm, m, true, &until)) {
        case LINK_WAIT:
        case LINK_QUEUE: /* never: it may always open */
            wait_line(n, until);
            break;
        case LINK_OPEN:
            open_port(n, m);
            break;
        case LINK_SEND:
            send_request(n, m);
            break;
        case LINK_CLOSE:
            close_port(n);
            break;
        }
    }
    close_port(n);
    heartbeat_leave();
    return NULL;
}

int line_start(struct arena *arena, struct link *link, size_t number, struct line **ret) {
    struct line *n = arena_alloc(arena, 1, sizeof *n);
    if (n == NULL)
        return ERR_NOMEM;
    n->link = link;
    n->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (n->stop_fd < 0) {
        log_error("link %s: no descriptor for its thread: %s; raise the descriptor limit",
                  link->def->id, strerror(errno));
        return ERR_LIMIT;
    }
    snprintf(n->name, sizeof n->name, "line-%zu", number % 10000);
    int rc = thread_start(&n->thread, n->name, line_main, n);
    if (rc < 0) {
        close(n->stop_fd);
        return rc;
    }
    *ret = n;
    return ERR_OK;
}

void line_stop(struct line *n) {
    if (n == NULL)
        return;
    const uint64_t one = 1;
    (void)!write(n->stop_fd, &one, sizeof one);
    pthread_join(n->thread, NULL);
    close(n->stop_fd);
}
