/* MBAP and PDU codec against libmodbus over loopback TCP, as its client and as its server. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/oracle.h"
#include "wire/mbap.h"

enum { UNIT = 9 };

static int port_of(int fd) {
    struct sockaddr_in at;
    socklen_t n = sizeof at;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    return ntohs(at.sin_port);
}

static void send_all(int fd, const uint8_t *bytes, size_t n) {
    assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Bytes received and not yet scanned. */
struct inbox {
    uint8_t bytes[2 * MBAP_MAX];
    size_t n;
};

/* One frame, received in pieces of at most step bytes; it is copied to ret_bytes. */
static struct mbap_frame receive_frame(int fd, struct inbox *in, size_t step,
                                       uint8_t ret_bytes[MBAP_MAX]) {
    struct mbap_frame f;
    int rc;
    while ((rc = mbap_scan(in->bytes, in->n, &f)) == ERR_MORE) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, ORACLE_WAIT_MS), 1);
        const ssize_t got = recv(fd, in->bytes + in->n, step, 0);
        assert_true(got > 0);
        in->n += (size_t)got;
    }
    assert_true(rc > 0);
    memcpy(ret_bytes, in->bytes, (size_t)rc);
    in->n -= (size_t)rc;
    memmove(in->bytes, in->bytes + rc, in->n);
    assert_int_equal(mbap_scan(ret_bytes, (size_t)rc, &f), rc);
    return f;
}

/* ---- our client, libmodbus serving ---- */

struct peer {
    modbus_t *ctx;
    modbus_mapping_t *map;
    int listener;
    int fd; /* our end */
    pthread_t thread;
};

static void *serve_with_libmodbus(void *arg) {
    struct peer *p = arg;
    if (modbus_tcp_accept(p->ctx, &p->listener) >= 0)
        oracle_server_run(p->ctx, p->map);
    return NULL;
}

static int start_libmodbus_server(void **state) {
    static struct peer p;
    p.ctx = modbus_new_tcp("127.0.0.1", 0);
    p.map = oracle_mapping();
    assert_non_null(p.ctx);
    assert_non_null(p.map);
    modbus_set_response_timeout(p.ctx, 0, ORACLE_SERVER_TIMEOUT_US);
    p.listener = modbus_tcp_listen(p.ctx, 1);
    assert_true(p.listener >= 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port_of(p.listener)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(pthread_create(&p.thread, NULL, serve_with_libmodbus, &p), 0);
    p.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(p.fd, (struct sockaddr *)&at, sizeof at), 0);
    *state = &p;
    return 0;
}

static int stop_libmodbus_server(void **state) {
    struct peer *p = *state;
    close(p->fd);
    pthread_join(p->thread, NULL);
    modbus_close(p->ctx);
    close(p->listener);
    modbus_free(p->ctx);
    modbus_mapping_free(p->map);
    return 0;
}

static size_t build_request(uint16_t transaction, const struct pdu_read *ask,
                            uint8_t out[MBAP_MAX]) {
    uint8_t pdu[PDU_READ_REQUEST];
    assert_int_equal(pdu_read_request(ask, pdu), PDU_READ_REQUEST);
    const int n = mbap_build(transaction, UNIT, pdu, sizeof pdu, out);
    assert_int_equal(n, MBAP_HEADER + PDU_READ_REQUEST);
    return (size_t)n;
}

static void expect_answer(const struct oracle_read *want, const struct mbap_frame *f,
                          uint16_t transaction) {
    uint16_t values[PDU_BITS_MAX];
    uint8_t exception = 0;
    assert_int_equal(f->transaction, transaction);
    assert_int_equal(f->unit, UNIT);
    const int rc = pdu_read_reply(&want->ask, f->pdu, f->pdu_len, values, &exception);
    assert_int_equal(exception, want->exception);
    assert_int_equal(rc, want->exception == 0 ? ERR_OK : ERR_EXCEPTION);
    for (size_t i = 0; rc == ERR_OK && i < want->ask.count; i++)
        assert_int_equal(values[i], oracle_value(want->ask.function, want->ask.start + i));
}

static void our_client_reads_a_libmodbus_server(void **state) {
    struct peer *p = *state;
    static const size_t steps[] = {1, 7, MBAP_MAX};
    uint16_t transaction = 0xFFF0; /* runs over */
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        struct inbox in = {.n = 0};
        for (size_t i = 0; i < ORACLE_READS; i++) {
            uint8_t frame[MBAP_MAX];
            const size_t n = build_request(++transaction, &oracle_reads[i].ask, frame);
            send_all(p->fd, frame, n);
            const struct mbap_frame f = receive_frame(p->fd, &in, steps[s], frame);
            expect_answer(&oracle_reads[i], &f, transaction);
        }
        assert_int_equal(in.n, 0);
    }
}

static void two_requests_at_once_are_told_apart(void **state) {
    struct peer *p = *state;
    struct inbox in = {.n = 0};
    uint8_t frames[2 * MBAP_MAX], frame[MBAP_MAX];
    size_t n = build_request(100, &oracle_reads[1].ask, frames);
    n += build_request(200, &oracle_reads[9].ask, frames + n);
    send_all(p->fd, frames, n);
    struct mbap_frame f = receive_frame(p->fd, &in, MBAP_MAX, frame);
    expect_answer(&oracle_reads[1], &f, 100);
    f = receive_frame(p->fd, &in, MBAP_MAX, frame);
    expect_answer(&oracle_reads[9], &f, 200);
}

/* Our builder refuses these, so the bytes are written by hand. */
static void libmodbus_names_the_same_illegal_counts(void **state) {
    struct peer *p = *state;
    static const uint8_t requests[][PDU_READ_REQUEST] = {
        {3, 0, 0, 0, 126}, {4, 0, 0, 0, 0}, {1, 0, 0, 0x07, 0xD1}, {2, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct inbox in = {.n = 0};
        struct pdu_read ask;
        uint8_t frame[MBAP_MAX], exception = 0;
        uint16_t values[1];
        assert_int_equal(pdu_read_request_parse(requests[i], PDU_READ_REQUEST, &ask), ERR_RANGE);
        const int n = mbap_build((uint16_t)i, UNIT, requests[i], PDU_READ_REQUEST, frame);
        send_all(p->fd, frame, (size_t)n);
        const struct mbap_frame f = receive_frame(p->fd, &in, 1, frame);
        ask = (struct pdu_read){requests[i][0], 0, 1};
        assert_int_equal(pdu_read_reply(&ask, f.pdu, f.pdu_len, values, &exception), ERR_EXCEPTION);
        assert_int_equal(exception, 3);
    }
}

/* ---- libmodbus reading, our codec serving ---- */

struct server {
    int listener;
    size_t step; /* replies leave in pieces of this size */
};

static void answer(int fd, const struct mbap_frame *f, size_t step) {
    uint8_t pdu[PDU_MAX], out[MBAP_MAX];
    const size_t pdu_len = oracle_serve(f->pdu, f->pdu_len, pdu);
    const int n = mbap_build(f->transaction, f->unit, pdu, pdu_len, out);
    for (size_t at = 0; n > 0 && at < (size_t)n; at += step) {
        const size_t left = (size_t)n - at;
        if (send(fd, out + at, left < step ? left : step, MSG_NOSIGNAL) < 0)
            return;
    }
}

static void *serve_with_our_codec(void *arg) {
    const struct server *s = arg;
    uint8_t bytes[2 * MBAP_MAX];
    size_t n = 0;
    const int fd = accept(s->listener, NULL, NULL);
    while (fd >= 0) {
        struct mbap_frame f;
        const int rc = mbap_scan(bytes, n, &f);
        if (rc > 0) {
            answer(fd, &f, s->step);
            n -= (size_t)rc;
            memmove(bytes, bytes + rc, n);
            continue;
        }
        const ssize_t got = rc == ERR_MORE ? recv(fd, bytes + n, 5, 0) : 0;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void read_all_with_libmodbus(modbus_t *ctx) {
    for (size_t i = 0; i < ORACLE_READS; i++) {
        const struct oracle_read *want = &oracle_reads[i];
        uint16_t values[PDU_BITS_MAX];
        errno = 0;
        const int n = oracle_client_read(ctx, &want->ask, values);
        if (want->exception != 0) {
            assert_int_equal(n, -1);
            assert_int_equal(errno, MODBUS_ENOBASE + want->exception);
            continue;
        }
        assert_int_equal(n, want->ask.count);
        for (int k = 0; k < n; k++)
            assert_int_equal(values[k],
                             oracle_value(want->ask.function, want->ask.start + (size_t)k));
    }
}

static void libmodbus_reads_our_server(void **state) {
    (void)state;
    static const size_t steps[] = {1, 50, MBAP_MAX};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct server s = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                           .step = steps[i]};
        pthread_t thread;
        assert_int_equal(bind(s.listener, (struct sockaddr *)&any, sizeof any), 0);
        assert_int_equal(listen(s.listener, 1), 0);
        assert_int_equal(pthread_create(&thread, NULL, serve_with_our_codec, &s), 0);
        modbus_t *ctx = modbus_new_tcp("127.0.0.1", port_of(s.listener));
        assert_non_null(ctx);
        modbus_set_slave(ctx, UNIT);
        modbus_set_response_timeout(ctx, ORACLE_WAIT_MS / 1000, 0);
        assert_int_equal(modbus_connect(ctx), 0);
        read_all_with_libmodbus(ctx);
        assert_int_equal(modbus_write_register(ctx, 0, 1), -1);
        assert_int_equal(errno, EMBXILFUN);
        modbus_close(ctx);
        modbus_free(ctx);
        pthread_join(thread, NULL);
        close(s.listener);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(our_client_reads_a_libmodbus_server, start_libmodbus_server,
                                        stop_libmodbus_server),
        cmocka_unit_test_setup_teardown(two_requests_at_once_are_told_apart, start_libmodbus_server,
                                        stop_libmodbus_server),
        cmocka_unit_test_setup_teardown(libmodbus_names_the_same_illegal_counts,
                                        start_libmodbus_server, stop_libmodbus_server),
        cmocka_unit_test(libmodbus_reads_our_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
