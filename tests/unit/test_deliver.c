/* The deliver thread with a store and a small server in this process: what its figures say, and
 * that it stops while a destination hangs. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "publish/deliver.h"
#include "store_rig.h"
#include "sys/clock.h"

#define HANG 0 /* instead of a status */

struct server {
    int listener;
    pthread_t thread;
    atomic_int status, requests;
    atomic_bool stopping;
    char url[64];
};

static struct rig g;
static struct server servers[2];
static struct deliver_settings dests[2];
static struct deliver *deliver;
static pthread_mutex_t acks = PTHREAD_MUTEX_INITIALIZER;
static char events[400];

static bool wait_readable(const struct server *s, int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (!atomic_load(&s->stopping)) {
        if (poll(&p, 1, 20) > 0)
            return true;
    }
    return false;
}

/* Reads one request of a connection; false at its end. */
static bool read_request(const struct server *s, int fd) {
    static _Thread_local char bytes[300000];
    size_t n = 0;
    for (;;) {
        if (!wait_readable(s, fd) || n + 1 >= sizeof bytes)
            return false;
        ssize_t got = read(fd, bytes + n, sizeof bytes - 1 - n);
        if (got <= 0)
            return false;
        n += (size_t)got;
        bytes[n] = '\0';
        const char *body = strstr(bytes, "\r\n\r\n"), *length = strstr(bytes, "Content-Length: ");
        if (body && length && n >= (size_t)(body + 4 - bytes) + strtoul(length + 16, NULL, 10))
            return true;
    }
}

static void *serve(void *arg) {
    struct server *s = arg;
    while (wait_readable(s, s->listener)) {
        int fd = accept(s->listener, NULL, NULL);
        while (read_request(s, fd)) {
            char answer[200];
            int status = atomic_load(&s->status);
            atomic_fetch_add(&s->requests, 1);
            if (status == HANG)
                continue;
            int n = snprintf(answer, sizeof answer,
                             "HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\nwords", status);
            assert_int_equal(write(fd, answer, (size_t)n), n);
        }
        close(fd);
    }
    return NULL;
}

static void start_server(struct server *s, int status) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    memset(s, 0, sizeof *s);
    atomic_store(&s->status, status);
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(s->listener, 5), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &n), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/in", ntohs(at.sin_port));
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop_server(struct server *s) {
    atomic_store(&s->stopping, true);
    pthread_join(s->thread, NULL);
    close(s->listener);
}

static void on_ack(void *arg, const char *dest, ms_t epoch, uint64_t from, uint64_t to) {
    (void)arg;
    writer_ack(&g.writer, dest, epoch, from, to);
}

static void on_event(void *arg, const char *event, const char *object, const char *severity,
                     const char *state, const char *note) {
    (void)arg;
    (void)severity;
    (void)note;
    pthread_mutex_lock(&acks);
    size_t n = strlen(events);
    snprintf(events + n, sizeof events - n, "%s %s %s;", event, object, state);
    pthread_mutex_unlock(&acks);
}

/* Ten rows, and a destination for each server. */
static void start(int first, int second) {
    signal(SIGPIPE, SIG_IGN);
    events[0] = '\0';
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 10 * MINUTE + 5000);
    start_server(&servers[0], first);
    start_server(&servers[1], second);
    for (size_t i = 0; i < 2; i++)
        dests[i] = (struct deliver_settings){.id = i == 0 ? "one" : "two",
                                             .url = servers[i].url,
                                             .host = servers[i].url + strlen("http://"),
                                             .batch = 4,
                                             .timeout_s = 600,
                                             .compression = DELIVER_GZIP,
                                             .from = DELIVER_FROM_START};
    g.works.site.deliver = dests;
    g.works.site.deliver_count = 2;
    assert_int_equal(writer_set_site(&g.writer, &g.works.site), ERR_OK);
    const struct deliver_options o = {
        .site = &g.works.site, .version = "test", .ack = on_ack, .event = on_event};
    assert_int_equal(deliver_start(&o, &deliver), ERR_OK);
    assert_non_null(deliver);
}

static void stop(void) {
    deliver_stop(deliver);
    stop_server(&servers[0]);
    stop_server(&servers[1]);
    for (size_t i = 0; i < 2; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s.deliver-%s", g.works.path, dests[i].id);
        assert_int_equal(unlink(path), 0);
    }
    rig_fini(&g);
}

static struct deliver_stats figures(size_t i) {
    struct deliver_stats all[3];
    assert_int_equal(deliver_stats(deliver, all, 3), 2);
    return all[i];
}

/* Commits, as the historian does each second, until the condition holds. */
#define WAIT_FOR(condition)                                                                        \
    do {                                                                                           \
        us_t until = clock_now().mono_us + 30 * (us_t)US_PER_S;                                    \
        while (!(condition)) {                                                                     \
            assert_true(clock_now().mono_us < until);                                              \
            rig_commit(&g, T0);                                                                    \
            deliver_wake(deliver);                                                                 \
            clock_sleep_until(clock_now().mono_us + 10 * US_PER_MS);                               \
        }                                                                                          \
    } while (0)

static void figures_tell_what_was_delivered(void **state) {
    (void)state;
    start(204, 200);
    WAIT_FOR(figures(0).rows == 10 && figures(1).rows == 10);
    WAIT_FOR(figures(0).unacked == 0 && figures(1).unacked == 0);
    struct deliver_stats s = figures(0);
    assert_string_equal(s.id, "one");
    assert_true(s.connected);
    assert_true(s.last_ok_utc_ms > T0);
    assert_int_equal(s.batches, 3); /* of at most four rows */
    assert_int_equal(s.failures, 0);
    assert_int_equal(s.oldest_unacked_utc_ms, 0);
    assert_string_equal(s.last_error, "");
    assert_int_equal(atomic_load(&servers[0].requests), 3);
    stop();
}

static void figures_tell_of_trouble_and_its_end(void **state) {
    (void)state;
    start(503, 204);
    WAIT_FOR(figures(0).failures > 0 && figures(1).unacked == 0);
    struct deliver_stats s = figures(0);
    assert_false(s.connected);
    assert_int_equal(s.rows, 0);
    assert_non_null(strstr(s.last_error, "status 503, words"));
    WAIT_FOR(figures(0).unacked == 10);
    assert_int_equal(figures(0).oldest_unacked_utc_ms, T0 + MINUTE + 2500);
    atomic_store(&servers[0].status, 204);
    WAIT_FOR(figures(0).unacked == 0 && figures(0).connected);
    assert_string_equal(figures(0).last_error, "");
    stop();
}

static void one_event_tells_of_refused_rows(void **state) {
    (void)state;
    start(422, 204);
    WAIT_FOR(figures(0).resting == 8); /* then it is not the rows */
    WAIT_FOR(strstr(figures(0).last_error, "row after row"));
    assert_string_equal(events, "message_refused one raised;");
    assert_int_equal(figures(0).rows, 0);
    atomic_store(&servers[0].status, 204);
    WAIT_FOR(figures(0).rows == 2 && figures(0).unacked == 8); /* the others rest for a minute */
    stop();
}

static void a_hanging_destination_does_not_hold_up_a_stop(void **state) {
    (void)state;
    start(HANG, 204);
    WAIT_FOR(atomic_load(&servers[0].requests) == 1 && figures(1).unacked == 0);
    stop(); /* ctest's own limit is shorter than waiting for the request would be */
}

/* A damaged store is set aside while the gateway runs, and a new one takes its name. */
static void a_new_store_is_delivered_from_its_beginning(void **state) {
    (void)state;
    start(204, 204);
    WAIT_FOR(figures(0).unacked == 0 && figures(0).rows == 10);
    rig_kill(&g);
    for (size_t i = 0; i < 3; i++) {
        static const char *const ends[] = {"", "-wal", "-shm"};
        char path[300];
        snprintf(path, sizeof path, "%s%s", g.works.path, ends[i]);
        unlink(path);
    }
    const ms_t later = T0 + 4 * QUARTER;
    assert_int_equal(rig_open(&g, later), ERR_OK);
    rig_run(&g, later, later + 5 * MINUTE + 5000);
    WAIT_FOR(figures(0).rows == 15 && figures(0).unacked == 0);
    stop();
}

static void without_destinations_there_is_nothing(void **state) {
    (void)state;
    const struct site site = {0};
    const struct deliver_options o = {.site = &site};
    struct deliver_stats s;
    struct deliver *none = (struct deliver *)&s;
    assert_int_equal(deliver_start(&o, &none), ERR_OK);
    assert_null(none);
    deliver_wake(none);
    assert_int_equal(deliver_stats(none, &s, 1), 0);
    deliver_stop(none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_tell_what_was_delivered),
        cmocka_unit_test(figures_tell_of_trouble_and_its_end),
        cmocka_unit_test(one_event_tells_of_refused_rows),
        cmocka_unit_test(a_hanging_destination_does_not_hold_up_a_stop),
        cmocka_unit_test(a_new_store_is_delivered_from_its_beginning),
        cmocka_unit_test(without_destinations_there_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
