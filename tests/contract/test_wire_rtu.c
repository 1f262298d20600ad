/* RTU and PDU codec against libmodbus over a pseudo-terminal, as its client and as its server. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/oracle.h"
#include "wire/rtu.h"

enum { UNIT = 17, OTHER_UNIT = 18 };

struct line {
    int fd;        /* our end: the master */
    int held;      /* keeps the slave end open while libmodbus comes and goes */
    modbus_t *ctx; /* the other end */
    modbus_mapping_t *map;
    pthread_t thread;
    uint8_t spoil; /* xor-ed into the last byte of our server's replies */
};

static struct line line;

static void open_line(void) {
    struct termios raw;
    char name[64];
    memset(&raw, 0, sizeof raw);
    cfmakeraw(&raw);
    raw.c_cflag |= CREAD | CLOCAL;
    assert_int_equal(openpty(&line.fd, &line.held, name, &raw, NULL), 0);
    line.ctx = modbus_new_rtu(name, 115200, 'N', 8, 1);
    assert_non_null(line.ctx);
    modbus_set_slave(line.ctx, UNIT);
    modbus_set_response_timeout(line.ctx, ORACLE_WAIT_MS / 1000, 0);
    assert_int_equal(modbus_connect(line.ctx), 0);
    line.spoil = 0;
}

static void *serve_with_libmodbus(void *arg) {
    (void)arg;
    oracle_server_run(line.ctx, line.map);
    return NULL;
}

static int start_libmodbus_server(void **state) {
    (void)state;
    line.map = oracle_mapping();
    assert_non_null(line.map);
    open_line();
    modbus_set_response_timeout(line.ctx, 0, ORACLE_SERVER_TIMEOUT_US);
    assert_int_equal(pthread_create(&line.thread, NULL, serve_with_libmodbus, NULL), 0);
    return 0;
}

static int stop_libmodbus_server(void **state) {
    (void)state;
    close(line.fd); /* hangs up: the server's read fails */
    pthread_join(line.thread, NULL);
    modbus_close(line.ctx);
    modbus_free(line.ctx);
    modbus_mapping_free(line.map);
    close(line.held);
    return 0;
}

/* ---- our client, libmodbus serving ---- */

static void send_pdu(uint8_t unit, const uint8_t *pdu, size_t pdu_len) {
    uint8_t frame[RTU_MAX];
    const int n = rtu_build(unit, pdu, pdu_len, frame);
    assert_true(n > 0);
    assert_int_equal(write(line.fd, frame, (size_t)n), n);
}

/* Reads in pieces of at most step bytes until the scanner gives a verdict. */
static int receive_reply(const struct pdu_read *ask, size_t step, uint8_t bytes[RTU_MAX],
                         struct rtu_frame *ret_frame) {
    size_t n = 0;
    int rc;
    while ((rc = rtu_scan_reply(UNIT, ask, bytes, n, ret_frame)) == ERR_MORE) {
        struct pollfd p = {.fd = line.fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, ORACLE_WAIT_MS), 1);
        const ssize_t got = read(line.fd, bytes + n, step < RTU_MAX - n ? step : RTU_MAX - n);
        assert_true(got > 0);
        n += (size_t)got;
    }
    if (rc > 0)
        assert_int_equal(rc, n); /* not a byte more came */
    return rc;
}

static void expect_read(const struct oracle_read *want, size_t step) {
    uint8_t pdu[PDU_READ_REQUEST], bytes[RTU_MAX], exception = 0;
    uint16_t values[PDU_BITS_MAX];
    struct rtu_frame f;
    assert_int_equal(pdu_read_request(&want->ask, pdu), PDU_READ_REQUEST);
    send_pdu(UNIT, pdu, sizeof pdu);
    assert_true(receive_reply(&want->ask, step, bytes, &f) > 0);
    assert_int_equal(f.unit, UNIT);
    const int rc = pdu_read_reply(&want->ask, f.pdu, f.pdu_len, values, &exception);
    assert_int_equal(exception, want->exception);
    assert_int_equal(rc, want->exception == 0 ? ERR_OK : ERR_EXCEPTION);
    for (size_t i = 0; rc == ERR_OK && i < want->ask.count; i++)
        assert_int_equal(values[i], oracle_value(want->ask.function, want->ask.start + i));
}

static void our_client_reads_a_libmodbus_server(void **state) {
    (void)state;
    static const size_t steps[] = {1, 11, RTU_MAX};
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        for (size_t i = 0; i < ORACLE_READS; i++)
            expect_read(&oracle_reads[i], steps[s]);
    }
}

static void libmodbus_names_the_same_illegal_counts(void **state) {
    (void)state;
    static const uint8_t requests[][PDU_READ_REQUEST] = {
        {3, 0, 0, 0, 126}, {4, 0, 0, 0, 0}, {1, 0, 0, 0x07, 0xD1}, {2, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const struct pdu_read ask = {requests[i][0], 0, 1};
        uint8_t bytes[RTU_MAX], exception = 0;
        uint16_t values[1];
        struct rtu_frame f;
        send_pdu(UNIT, requests[i], PDU_READ_REQUEST);
        assert_int_equal(receive_reply(&ask, 1, bytes, &f), 5);
        assert_int_equal(pdu_read_reply(&ask, f.pdu, f.pdu_len, values, &exception), ERR_EXCEPTION);
        assert_int_equal(exception, 3);
    }
}

/* On a bus a server hears the requests and replies of its neighbours too. */
static void traffic_of_another_unit_stays_unanswered(void **state) {
    (void)state;
    static const uint16_t value = 0x1234;
    const struct pdu_read ask = {PDU_READ_HOLDING, 0, 1};
    uint8_t pdu[PDU_MAX], frames[2 * RTU_MAX];
    assert_int_equal(pdu_read_request(&ask, pdu), PDU_READ_REQUEST);
    size_t n = (size_t)rtu_build(OTHER_UNIT, pdu, PDU_READ_REQUEST, frames);
    const size_t reply_len = pdu_read_reply_build(&ask, &value, pdu);
    n += (size_t)rtu_build(OTHER_UNIT, pdu, reply_len, frames + n);
    /* In one write: libmodbus waits for a neighbour's reply no longer than its short timeout. */
    assert_int_equal(write(line.fd, frames, n), (ssize_t)n);
    expect_read(&oracle_reads[8], 1); /* the only reply on the line is to this one */
}

/* ---- libmodbus reading, our codec serving ---- */

static void *serve_with_our_codec(void *arg) {
    (void)arg;
    uint8_t bytes[RTU_MAX], pdu[PDU_MAX], out[RTU_MAX];
    size_t n = 0;
    for (;;) {
        struct rtu_frame f;
        const int rc = rtu_scan_request(bytes, n, &f);
        if (rc > 0) {
            const size_t pdu_len = oracle_serve(f.pdu, f.pdu_len, pdu);
            const int length = rtu_build(f.unit, pdu, pdu_len, out);
            out[length - 1] ^= line.spoil;
            if (f.unit == UNIT && write(line.fd, out, (size_t)length) != length)
                return NULL;
            n = 0;
            continue;
        }
        const ssize_t got = rc == ERR_MORE ? read(line.fd, bytes + n, 1) : 0;
        if (got <= 0)
            return NULL;
        n += (size_t)got;
    }
}

/* The slave end is closed on both sides, so that our server's read fails. */
static void stop_our_server(void) {
    modbus_close(line.ctx);
    close(line.held);
    pthread_join(line.thread, NULL);
    modbus_free(line.ctx);
    close(line.fd);
}

static void libmodbus_reads_our_server(void **state) {
    (void)state;
    open_line();
    assert_int_equal(pthread_create(&line.thread, NULL, serve_with_our_codec, NULL), 0);
    for (size_t i = 0; i < ORACLE_READS; i++) {
        const struct oracle_read *want = &oracle_reads[i];
        uint16_t values[PDU_BITS_MAX];
        errno = 0;
        const int n = oracle_client_read(line.ctx, &want->ask, values);
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
    assert_int_equal(modbus_write_register(line.ctx, 0, 1), -1);
    assert_int_equal(errno, EMBXILFUN);
    stop_our_server();
}

static void libmodbus_refuses_our_reply_with_a_spoiled_crc(void **state) {
    (void)state;
    uint16_t value;
    open_line();
    line.spoil = 0x40;
    assert_int_equal(pthread_create(&line.thread, NULL, serve_with_our_codec, NULL), 0);
    assert_int_equal(modbus_read_registers(line.ctx, 0, 1, &value), -1);
    assert_int_equal(errno, EMBBADCRC);
    stop_our_server();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(our_client_reads_a_libmodbus_server, start_libmodbus_server,
                                        stop_libmodbus_server),
        cmocka_unit_test_setup_teardown(libmodbus_names_the_same_illegal_counts,
                                        start_libmodbus_server, stop_libmodbus_server),
        cmocka_unit_test_setup_teardown(traffic_of_another_unit_stays_unanswered,
                                        start_libmodbus_server, stop_libmodbus_server),
        cmocka_unit_test(libmodbus_reads_our_server),
        cmocka_unit_test(libmodbus_refuses_our_reply_with_a_spoiled_crc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
