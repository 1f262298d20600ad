/* acquire against a real tty: a pty whose other side is a bus with two libmodbus RTU servers (units
 * 1 and 2) on ptys of their own. The bus can garble, swallow or delay replies, and vanish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <modbus.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>

#include "acquire_site.h"
#include "wire/rtu.h"

#define UNITS 2

enum fault { NONE, GARBLED, SWALLOWED, DELAYED };

struct server {
    int master, slave; /* of its own pty */
    modbus_t *mb;
    modbus_mapping_t *map;
    _Atomic bool *stop;
    pthread_t thread;
};

struct bus {
    char link[64]; /* what the gateway opens: a symbolic link to the slave side */
    int master, slave;
    struct server servers[UNITS];
    _Atomic enum fault fault; /* of the replies of unit 1 */
    _Atomic int unit_0_reads;
    _Atomic bool stop, vanish, vanished;
    pthread_t thread;
};

static void open_pty(int *master, int *slave, char name[64]) {
    struct termios raw;
    memset(&raw, 0, sizeof raw);
    cfmakeraw(&raw);
    assert_int_equal(openpty(master, slave, name, &raw, NULL), 0);
}

static void *server_main(void *arg) {
    struct server *s = arg;
    uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
    while (!atomic_load(s->stop)) {
        int n = modbus_receive(s->mb, query);
        if (n > 0)
            (void)modbus_reply(s->mb, query, n, s->map);
    }
    return NULL;
}

static void server_start(struct server *s, int unit, _Atomic bool *stop) {
    char name[64];
    open_pty(&s->master, &s->slave, name);
    s->stop = stop;
    s->mb = modbus_new_rtu(name, 19200, 'N', 8, 1);
    modbus_set_slave(s->mb, unit);
    assert_int_equal(modbus_connect(s->mb), 0);
    modbus_set_indication_timeout(s->mb, 0, 100000);
    s->map = modbus_mapping_new(0, 0, SITE_REGISTERS, 0);
    for (uint16_t r = 0; r < SITE_REGISTERS; r++)
        s->map->tab_registers[r] = (uint16_t)(100 + r);
    assert_int_equal(pthread_create(&s->thread, NULL, server_main, s), 0);
}

static void server_stop(struct server *s) {
    pthread_join(s->thread, NULL);
    modbus_close(s->mb);
    modbus_free(s->mb);
    modbus_mapping_free(s->map);
    close(s->master);
    close(s->slave);
}

/* libmodbus takes unit 0 for a broadcast and never answers; real devices use it as an address. */
static void answer_unit_0(struct bus *b, const uint8_t *request) {
    struct pdu_read ask;
    if (pdu_read_request_parse(request + 1, PDU_READ_REQUEST, &ask) < 0)
        return;
    uint16_t values[SITE_REGISTERS] = {100, 101, 102, 103};
    uint8_t pdu[PDU_MAX], frame[RTU_MAX];
    size_t n = pdu_read_reply_build(&ask, values, pdu);
    int len = rtu_build(0, pdu, n, frame);
    (void)!write(b->master, frame, (size_t)len);
    atomic_fetch_add(&b->unit_0_reads, 1);
}

static void pass_request(struct bus *b) {
    uint8_t bytes[64];
    ssize_t n = read(b->master, bytes, sizeof bytes);
    if (n >= 8 && bytes[0] == 0)
        answer_unit_0(b, bytes);
    for (size_t i = 0; n > 0 && i < UNITS; i++)
        (void)!write(b->servers[i].master, bytes, (size_t)n);
}

static void pass_reply(struct bus *b, size_t i) {
    uint8_t bytes[RTU_MAX];
    ssize_t n = read(b->servers[i].master, bytes, sizeof bytes);
    enum fault fault = i == 0 ? atomic_load(&b->fault) : NONE;
    if (n > 0) /* libmodbus servers expect to hear each other's replies, as on a real bus */
        (void)!write(b->servers[1 - i].master, bytes, (size_t)n);
    if (n <= 0 || fault == SWALLOWED)
        return;
    if (fault == GARBLED)
        bytes[n - 1] ^= 0x40;
    if (fault == DELAYED) /* beyond the time-out of 150 ms, within the drain after it */
        clock_sleep_until(clock_now().mono_us + 160 * US_PER_MS);
    (void)!write(b->master, bytes, (size_t)n);
}

static void bus_appear(struct bus *b) {
    char name[64];
    open_pty(&b->master, &b->slave, name);
    unlink(b->link);
    assert_int_equal(symlink(name, b->link), 0);
}

static void bus_disappear(struct bus *b) {
    unlink(b->link);
    close(b->master);
    close(b->slave);
}

static void *bus_main(void *arg) {
    struct bus *b = arg;
    while (!atomic_load(&b->stop)) {
        if (atomic_load(&b->vanish) != atomic_load(&b->vanished)) {
            if (atomic_load(&b->vanish))
                bus_disappear(b);
            else
                bus_appear(b);
            atomic_store(&b->vanished, atomic_load(&b->vanish));
        }
        struct pollfd p[1 + UNITS] = {{atomic_load(&b->vanished) ? -1 : b->master, POLLIN, 0},
                                      {b->servers[0].master, POLLIN, 0},
                                      {b->servers[1].master, POLLIN, 0}};
        if (poll(p, 1 + UNITS, 50) <= 0)
            continue;
        for (size_t i = 0; i < UNITS; i++) {
            if ((p[1 + i].revents & POLLIN) != 0)
                pass_reply(b, i);
        }
        if ((p[0].revents & POLLIN) != 0)
            pass_request(b);
    }
    return NULL;
}

static void bus_start(struct bus *b) {
    snprintf(b->link, sizeof b->link, "/tmp/busbar-test-rtu-%d", (int)getpid());
    bus_appear(b);
    for (size_t i = 0; i < UNITS; i++)
        server_start(&b->servers[i], (int)i + 1, &b->stop);
    assert_int_equal(pthread_create(&b->thread, NULL, bus_main, b), 0);
}

static void bus_stop(struct bus *b) {
    atomic_store(&b->stop, true);
    pthread_join(b->thread, NULL);
    for (size_t i = 0; i < UNITS; i++)
        server_stop(&b->servers[i]);
    if (!atomic_load(&b->vanished))
        bus_disappear(b);
}

struct fixture {
    struct bus bus;
    struct test_site s;
};

static struct fixture f; /* of the running test */

/* The devices sick (unit 1) and neighbour (unit 2) share the line; far has none here. */
static void fixture_start(uint8_t first_unit) {
    memset(&f, 0, sizeof f);
    bus_start(&f.bus);
    site_init(&f.s, 400, 150);
    f.s.devices[0].unit = first_unit;
    f.s.devices[2].enabled = false;
    f.s.links[0] = (struct link_def){.id = "bus",
                                     .kind = LINK_RTU,
                                     .path = f.bus.link,
                                     .baud = 19200,
                                     .parity = 'N',
                                     .stop_bits = 1,
                                     .timeout_ms = 150};
    assert_int_equal(site_start(&f.s), ERR_OK);
    assert_true(site_wait(&f.s, &f.s.tally[0].good, 2));
    assert_true(site_wait(&f.s, &f.s.tally[1].good, 2));
    site_forget(&f.s);
}

static void fixture_stop(void) {
    assert_int_equal(f.s.tally[0].wrong + f.s.tally[1].wrong, 0);
    us_t from = clock_now().mono_us;
    site_stop(&f.s);
    assert_true(clock_now().mono_us - from < US_PER_S);
    bus_stop(&f.bus);
}

static void assert_neighbour_unhurt(void) {
    assert_int_equal(f.s.tally[1].missing, 0);
    assert_int_equal(f.s.tally[1].down, 0);
    assert_true(f.s.tally[1].longest_gap < 1000 * US_PER_MS);
}

static void both_units_are_read_on_the_tick(void **state) {
    (void)state;
    fixture_start(1);
    assert_true(site_wait(&f.s, &f.s.tally[0].good, 5));
    assert_true(site_wait(&f.s, &f.s.tally[1].good, 5));
    assert_int_equal(f.s.tally[0].missing, 0);
    assert_int_equal(site_stats(&f.s, 0).crc_errors, 0);
    assert_int_equal(site_stats(&f.s, 0).up, 1);
    assert_neighbour_unhurt();
    fixture_stop();
}

static void garbled_reply_is_drained_and_asked_once_more(void **state) {
    (void)state;
    fixture_start(1);
    atomic_store(&f.bus.fault, GARBLED);
    assert_true(site_wait(&f.s, &f.s.tally[0].down, 1));
    assert_true(site_stats(&f.s, 0).crc_errors >= 4); /* two polls, each asked twice */
    assert_true(site_wait(&f.s, &f.s.tally[1].good, 5));
    atomic_store(&f.bus.fault, NONE);
    assert_true(site_wait(&f.s, &f.s.tally[0].good, 3));
    assert_neighbour_unhurt();
    fixture_stop();
}

static void silent_unit_goes_down_and_comes_back(void **state) {
    (void)state;
    fixture_start(1);
    atomic_store(&f.bus.fault, SWALLOWED);
    assert_true(site_wait(&f.s, &f.s.tally[0].down, 1));
    assert_true(site_wait(&f.s, &f.s.tally[1].good, 5));
    assert_true(site_stats(&f.s, 0).timeouts >= 2);
    assert_int_equal(site_stats(&f.s, 1).timeouts, 0);
    size_t good = f.s.tally[0].good;
    atomic_store(&f.bus.fault, NONE);
    assert_true(site_wait(&f.s, &f.s.tally[0].good, good + 3));
    assert_neighbour_unhurt();
    fixture_stop();
}

static void late_reply_is_drained_and_never_taken_for_another(void **state) {
    (void)state;
    fixture_start(1);
    atomic_store(&f.bus.fault, DELAYED);
    assert_true(site_wait(&f.s, &f.s.tally[0].missing, 1));
    assert_true(site_wait(&f.s, &f.s.tally[1].good, 4));
    assert_true(site_stats(&f.s, 0).late_replies >= 1);
    assert_int_equal(site_stats(&f.s, 1).bad_frames + site_stats(&f.s, 1).crc_errors, 0);
    assert_neighbour_unhurt();
    fixture_stop();
}

static void unit_0_is_an_address_like_any_other(void **state) {
    (void)state;
    fixture_start(0);
    assert_true(site_wait(&f.s, &f.s.tally[0].good, 3));
    assert_true(atomic_load(&f.bus.unit_0_reads) >= 3);
    assert_neighbour_unhurt();
    fixture_stop();
}

static void port_that_vanishes_is_opened_again(void **state) {
    (void)state;
    fixture_start(1);
    atomic_store(&f.bus.vanish, true);
    assert_true(site_wait(&f.s, &f.s.tally[0].down, 1));
    assert_true(site_wait(&f.s, &f.s.tally[1].down, 1));
    atomic_store(&f.bus.vanish, false);
    assert_true(site_wait(&f.s, &f.s.tally[0].good, 3));
    assert_true(site_wait(&f.s, &f.s.tally[1].good, 3));
    fixture_stop();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_units_are_read_on_the_tick),
        cmocka_unit_test(garbled_reply_is_drained_and_asked_once_more),
        cmocka_unit_test(silent_unit_goes_down_and_comes_back),
        cmocka_unit_test(late_reply_is_drained_and_never_taken_for_another),
        cmocka_unit_test(unit_0_is_an_address_like_any_other),
        cmocka_unit_test(port_that_vanishes_is_opened_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
