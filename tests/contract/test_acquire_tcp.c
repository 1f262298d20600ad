/* acquire against real sockets: a peer that misbehaves in one way at a time for unit 1, answers
 * properly for unit 2 on the same connection, and a libmodbus server on another link. Whatever the
 * first does, the other two are read as if nothing were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <modbus.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "acquire_site.h"
#include "wire/mbap.h"
#include "wire/rtu.h"

enum manner {
    PROPER,
    SILENT,
    TRUNCATED,
    OVERSIZED,
    WRONG_PROTOCOL,
    WRONG_ID,
    WRONG_UNIT,
    WRONG_FUNCTION,
    WRONG_COUNT,
    BUSY, /* exception 6 */
    TARGET_FAILED,
    NO_REGISTER_2, /* exception 2 to reads that touch register 2 */
    TRICKLED,
    LATE,
    RESET,
    BAD_CRC, /* RTU over TCP */
};

#define CONNECTIONS_MAX 64

struct peer;

struct connection {
    struct peer *peer;
    int fd;
    pthread_t thread;
};

struct peer {
    int listener;
    uint16_t port;
    bool rtu;
    _Atomic enum manner manner; /* towards unit 1 */
    _Atomic bool stop;
    _Atomic int accepted;
    struct connection connections[CONNECTIONS_MAX];
    pthread_t thread;
};

static int listen_local(uint16_t *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(*port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static void pause_ms(int ms) {
    clock_sleep_until(clock_now().mono_us + ms * US_PER_MS);
}

static void put(int fd, const uint8_t *bytes, size_t n) {
    (void)!send(fd, bytes, n, MSG_NOSIGNAL);
}

/* Writes the reply PDU and returns its length. */
static size_t reply_pdu(const struct pdu_read *ask, enum manner how, uint8_t pdu[PDU_MAX]) {
    uint16_t values[125];
    for (uint16_t i = 0; i < ask->count && i < 125; i++)
        values[i] = (uint16_t)(100 + ask->start + i);
    struct pdu_read told = *ask;
    if (how == BUSY || how == TARGET_FAILED)
        return pdu_exception_build(ask->function, how == BUSY ? 6 : 0x0B, pdu);
    if (how == NO_REGISTER_2 && ask->start <= 2 && 2 < ask->start + ask->count)
        return pdu_exception_build(ask->function, 2, pdu);
    if (how == WRONG_FUNCTION)
        told.function = 4;
    if (how == WRONG_COUNT)
        told.count = 1;
    return pdu_read_reply_build(&told, values, pdu);
}

/* False when the connection is to be closed. */
static bool answer(struct peer *p, int fd, uint16_t id, uint8_t unit, const struct pdu_read *ask) {
    enum manner how = unit == 1 ? atomic_load(&p->manner) : PROPER;
    uint8_t pdu[PDU_MAX], frame[MBAP_MAX];
    size_t n = reply_pdu(ask, how, pdu);
    uint8_t told = how == WRONG_UNIT ? 9 : unit;
    int built = p->rtu
                    ? rtu_build(told, pdu, n, frame)
                    : mbap_build(how == WRONG_ID ? (uint16_t)(id + 7777) : id, told, pdu, n, frame);
    size_t len = (size_t)built;
    if (how == SILENT)
        return true;
    if (how == RESET) {
        struct linger now = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        return false;
    }
    if (how == OVERSIZED)
        frame[4] = 0x7F;
    if (how == WRONG_PROTOCOL)
        frame[3] = 1;
    if (how == BAD_CRC)
        frame[len - 1] ^= 0x55;
    if (how == LATE)
        pause_ms(450);
    if (how == TRICKLED) {
        for (size_t i = 0; i < len; i++, pause_ms(100))
            put(fd, frame + i, 1);
        return true;
    }
    put(fd, frame, how == TRUNCATED ? len / 2 : len);
    return true;
}

static void serve(struct peer *p, int fd) {
    uint8_t rx[512];
    size_t have = 0;
    while (!atomic_load(&p->stop)) {
        struct pollfd pf = {fd, POLLIN, 0};
        if (poll(&pf, 1, 50) <= 0)
            continue;
        ssize_t n = recv(fd, rx + have, sizeof rx - have, 0);
        if (n <= 0)
            return;
        have += (size_t)n;
        struct mbap_frame m = {0};
        struct rtu_frame r = {0};
        int used;
        while ((used = p->rtu ? rtu_scan_request(rx, have, &r) : mbap_scan(rx, have, &m)) > 0) {
            struct pdu_read ask;
            const uint8_t *pdu = p->rtu ? r.pdu : m.pdu;
            if (pdu_read_request_parse(pdu, p->rtu ? r.pdu_len : m.pdu_len, &ask) < 0 ||
                !answer(p, fd, m.transaction, p->rtu ? r.unit : m.unit, &ask))
                return;
            have -= (size_t)used;
            memmove(rx, rx + used, have);
        }
    }
}

static void *connection_main(void *arg) {
    struct connection *c = arg;
    serve(c->peer, c->fd);
    close(c->fd);
    return NULL;
}

static void *peer_main(void *arg) {
    struct peer *p = arg;
    int n = 0;
    while (!atomic_load(&p->stop) && n < CONNECTIONS_MAX) {
        struct pollfd pf = {p->listener, POLLIN, 0};
        if (poll(&pf, 1, 50) <= 0)
            continue;
        struct connection *c = &p->connections[n++];
        *c = (struct connection){.peer = p, .fd = accept(p->listener, NULL, NULL)};
        pthread_create(&c->thread, NULL, connection_main, c);
        atomic_store(&p->accepted, n);
    }
    for (int i = 0; i < n; i++)
        pthread_join(p->connections[i].thread, NULL);
    return NULL;
}

static void peer_start(struct peer *p, bool rtu) {
    memset(p, 0, sizeof *p);
    p->rtu = rtu;
    p->listener = listen_local(&p->port);
    assert_int_equal(pthread_create(&p->thread, NULL, peer_main, p), 0);
}

static void peer_stop(struct peer *p) {
    atomic_store(&p->stop, true);
    pthread_join(p->thread, NULL);
    close(p->listener);
}

/* The independent server: libmodbus, one connection at a time. */
struct oracle {
    int listener;
    uint16_t port;
    modbus_t *mb;
    modbus_mapping_t *map;
    _Atomic bool stop;
    pthread_t thread;
};

static void *oracle_main(void *arg) {
    struct oracle *o = arg;
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    while (!atomic_load(&o->stop)) {
        struct pollfd pf = {o->listener, POLLIN, 0};
        if (poll(&pf, 1, 50) <= 0)
            continue;
        int s = o->listener;
        if (modbus_tcp_accept(o->mb, &s) < 0)
            continue;
        for (int n = 0; n >= 0;) { /* ends when the client hangs up */
            n = modbus_receive(o->mb, query);
            if (n > 0)
                n = modbus_reply(o->mb, query, n, o->map);
        }
        modbus_close(o->mb);
    }
    return NULL;
}

static void oracle_start(struct oracle *o) {
    memset(o, 0, sizeof *o);
    o->listener = listen_local(&o->port);
    o->mb = modbus_new_tcp("127.0.0.1", o->port);
    o->map = modbus_mapping_new(0, 0, SITE_REGISTERS, 0);
    for (uint16_t r = 0; r < SITE_REGISTERS; r++)
        o->map->tab_registers[r] = (uint16_t)(100 + r);
    assert_int_equal(pthread_create(&o->thread, NULL, oracle_main, o), 0);
}

static void oracle_stop(struct oracle *o) {
    atomic_store(&o->stop, true);
    pthread_join(o->thread, NULL);
    modbus_mapping_free(o->map);
    modbus_free(o->mb);
    close(o->listener);
}

struct fixture {
    struct peer peer;
    struct oracle oracle;
    struct test_site s;
};

static struct fixture f; /* of the running test */

static void fixture_start(bool rtu) {
    peer_start(&f.peer, rtu);
    oracle_start(&f.oracle);
    /* Behind a bridge a probe needs 250 ms of room before the next tick. */
    site_init(&f.s, rtu ? 500 : 200, 300);
    f.s.links[0] = (struct link_def){.id = "near",
                                     .kind = rtu ? LINK_RTU_OVER_TCP : LINK_TCP,
                                     .host = "127.0.0.1",
                                     .port = f.peer.port,
                                     .timeout_ms = 500};
    f.s.links[1] = (struct link_def){.id = "far",
                                     .kind = LINK_TCP,
                                     .host = "localhost",
                                     .port = f.oracle.port,
                                     .timeout_ms = 500};
    assert_int_equal(site_start(&f.s), ERR_OK);
    for (size_t i = 0; i < SITE_DEVICES; i++)
        assert_true(site_wait(&f.s, &f.s.tally[i].good, 2));
}

static void fixture_stop(void) {
    for (size_t i = 0; i < SITE_DEVICES; i++)
        assert_int_equal(f.s.tally[i].wrong, 0);
    us_t from = clock_now().mono_us;
    site_stop(&f.s);
    assert_true(clock_now().mono_us - from < US_PER_S);
    peer_stop(&f.peer);
    oracle_stop(&f.oracle);
}

/* The others were read all the while: nothing missing; the far link without a gap, the neighbour
 * with no more than what one failure on its connection can cost. */
static void assert_others_unhurt(void) {
    for (size_t i = 1; i < SITE_DEVICES; i++) {
        assert_int_equal(f.s.tally[i].missing, 0);
        assert_int_equal(f.s.tally[i].down, 0);
    }
    us_t poll_us = (us_t)f.s.devices[0].poll_ms * US_PER_MS;
    assert_true(f.s.tally[2].longest_gap < poll_us + 250 * US_PER_MS);
    assert_true(f.s.tally[1].longest_gap < poll_us + 800 * US_PER_MS);
}

static void turns_sick(enum manner how, bool rtu) {
    fixture_start(rtu);
    site_forget(&f.s);
    atomic_store(&f.peer.manner, how);
    assert_true(site_wait(&f.s, &f.s.tally[0].down, 1));
    assert_true(site_wait(&f.s, &f.s.tally[1].good, 5));
    assert_true(site_wait(&f.s, &f.s.tally[2].good, 5));
    assert_int_equal(site_stats(&f.s, 0).up, 2);
    assert_others_unhurt();
}

static void turns_well(void) {
    size_t good = f.s.tally[0].good;
    atomic_store(&f.peer.manner, PROPER);
    assert_true(site_wait(&f.s, &f.s.tally[0].good, good + 3));
    assert_int_equal(site_stats(&f.s, 0).up, 1);
    assert_others_unhurt();
}

static void every_bad_reply_takes_only_its_device_down(void **state) {
    (void)state;
    const enum manner manners[] = {TRUNCATED,   OVERSIZED,  WRONG_PROTOCOL,
                                   WRONG_ID,    WRONG_UNIT, WRONG_FUNCTION,
                                   WRONG_COUNT, TRICKLED,   TARGET_FAILED};
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
        turns_sick(manners[i], false);
        fixture_stop();
    }
}

static void device_that_returns_is_read_again(void **state) {
    (void)state;
    const enum manner manners[] = {SILENT, RESET};
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
        turns_sick(manners[i], false);
        turns_well();
        fixture_stop();
    }
}

static void bad_replies_over_an_rtu_bridge_take_only_their_device_down(void **state) {
    (void)state;
    const enum manner manners[] = {SILENT, TRUNCATED, BAD_CRC, WRONG_UNIT};
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
        turns_sick(manners[i], true);
        turns_well();
        fixture_stop();
    }
}

static void bad_frames_are_counted_and_the_link_is_reopened(void **state) {
    (void)state;
    fixture_start(false);
    assert_int_equal(atomic_load(&f.peer.accepted), 1);
    site_forget(&f.s);
    atomic_store(&f.peer.manner, WRONG_ID);
    assert_true(site_wait(&f.s, &f.s.tally[0].down, 1));
    assert_true(site_wait(&f.s, &f.s.tally[1].good, f.s.tally[1].good + 2));
    assert_true(atomic_load(&f.peer.accepted) >= 3);
    assert_true(site_stats(&f.s, 0).bad_frames >= 2);
    assert_int_equal(site_stats(&f.s, 1).bad_frames, 0);
    fixture_stop();
}

static void late_reply_is_counted_and_closes_nothing(void **state) {
    (void)state;
    fixture_start(false);
    site_forget(&f.s);
    atomic_store(&f.peer.manner, LATE);
    assert_true(site_wait(&f.s, &f.s.tally[0].missing, 1));
    assert_true(site_wait(&f.s, &f.s.tally[1].good, 3));
    assert_true(site_stats(&f.s, 0).timeouts >= 1);
    assert_true(site_stats(&f.s, 0).late_replies >= 1);
    assert_int_equal(atomic_load(&f.peer.accepted), 1);
    fixture_stop();
}

static void busy_device_stays_up_without_values(void **state) {
    (void)state;
    fixture_start(false);
    site_forget(&f.s);
    atomic_store(&f.peer.manner, BUSY);
    assert_true(site_wait(&f.s, &f.s.tally[0].missing, 4));
    assert_true(site_stats(&f.s, 0).exceptions >= 4);
    assert_int_equal(site_stats(&f.s, 0).up, 1);
    assert_int_equal(f.s.tally[0].down, 0);
    assert_others_unhurt();
    fixture_stop();
}

static void missing_register_is_left_out_and_the_rest_is_read(void **state) {
    (void)state;
    fixture_start(false);
    site_forget(&f.s);
    atomic_store(&f.peer.manner, NO_REGISTER_2);
    assert_true(site_wait(&f.s, &f.s.tally[0].partial, 4));
    assert_int_equal(site_stats(&f.s, 0).holes, 1);
    assert_int_equal(f.s.tally[0].down, 0);
    assert_others_unhurt();
    fixture_stop();
}

static void refused_connection_is_tried_again_until_it_works(void **state) {
    (void)state;
    fixture_start(false);
    peer_stop(&f.peer);
    site_forget(&f.s);
    assert_true(site_wait(&f.s, &f.s.tally[0].down, 1));
    assert_true(site_wait(&f.s, &f.s.tally[1].down, 1)); /* its link is gone as well */
    f.peer.listener = listen_local(&f.peer.port);
    atomic_store(&f.peer.stop, false);
    assert_int_equal(pthread_create(&f.peer.thread, NULL, peer_main, &f.peer), 0);
    assert_true(site_wait(&f.s, &f.s.tally[0].good, 3));
    assert_true(site_wait(&f.s, &f.s.tally[1].good, 3));
    assert_int_equal(f.s.tally[2].missing + f.s.tally[2].down, 0);
    assert_true(f.s.tally[2].longest_gap < 450 * US_PER_MS);
    fixture_stop();
}

static void first_readings_come_within_300_ms_then_on_ticks(void **state) {
    (void)state;
    peer_start(&f.peer, false);
    oracle_start(&f.oracle);
    site_init(&f.s, 200, 300);
    for (size_t i = 0; i < SITE_LINKS; i++)
        f.s.links[i] = (struct link_def){.id = "link",
                                         .kind = LINK_TCP,
                                         .host = "127.0.0.1",
                                         .port = i == 0 ? f.peer.port : f.oracle.port,
                                         .timeout_ms = 500};
    us_t start = clock_now().mono_us;
    assert_int_equal(site_start(&f.s), ERR_OK);
    for (size_t i = 0; i < SITE_DEVICES; i++) {
        assert_true(site_wait(&f.s, &f.s.tally[i].good, 1));
        assert_true(f.s.tally[i].last_good - start < 300 * US_PER_MS);
    }
    uint64_t block[64];
    for (int k = 0; k < 12;) { /* the polls after the first */
        ring_wait(f.s.ring, clock_now().mono_us + US_PER_S);
        if (ring_pop(f.s.ring, block, sizeof block) <= 0)
            continue;
        struct reading *r = (struct reading *)(void *)block;
        assert_in_range(r->utc_ms % 200, 0, 60);
        k++;
    }
    fixture_stop();
}

static void too_low_a_descriptor_limit_is_refused(void **state) {
    (void)state;
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    pid_t child = fork(); /* a hard limit cannot be raised again */
    if (child == 0) {
        struct rlimit low = {900, 900};
        struct test_site s;
        site_init(&s, 200, 300);
        for (size_t i = 0; i < SITE_LINKS; i++)
            s.links[i] = (struct link_def){.id = "link", .kind = LINK_TCP, .host = "127.0.0.1"};
        int rc = setrlimit(RLIMIT_NOFILE, &low) == 0 ? site_start(&s) : ERR_IO;
        _exit(rc == ERR_LIMIT ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void unknown_device_has_no_counters(void **state) {
    (void)state;
    fixture_start(false);
    struct acquire_device_stats stats;
    assert_false(acquire_device_stats(f.s.acquire, SITE_DEVICES, &stats));
    assert_true(acquire_device_stats(f.s.acquire, 2, &stats));
    assert_true(stats.polls >= 2 && stats.requests >= 2 && stats.latency_us_last > 0);
    fixture_stop();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bad_reply_takes_only_its_device_down),
        cmocka_unit_test(device_that_returns_is_read_again),
        cmocka_unit_test(bad_replies_over_an_rtu_bridge_take_only_their_device_down),
        cmocka_unit_test(bad_frames_are_counted_and_the_link_is_reopened),
        cmocka_unit_test(late_reply_is_counted_and_closes_nothing),
        cmocka_unit_test(busy_device_stays_up_without_values),
        cmocka_unit_test(missing_register_is_left_out_and_the_rest_is_read),
        cmocka_unit_test(refused_connection_is_tried_again_until_it_works),
        cmocka_unit_test(first_readings_come_within_300_ms_then_on_ticks),
        cmocka_unit_test(too_low_a_descriptor_limit_is_refused),
        cmocka_unit_test(unknown_device_has_no_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
