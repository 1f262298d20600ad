/* Small parts of the web server: addresses, members cut out of bodies, places for connections. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "web/address.h"
#include "web/connections.h"
#include "web/member.h"

/* ---- addresses ---------------------------------------------------------------------------- */

static void an_address_is_a_host_and_a_port(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int family; /* 0: refused */
        uint16_t port;
        bool loopback;
    } rows[] = {
        {"127.0.0.1:8080", AF_INET, 8080, true},
        {"127.9.9.9:1", AF_INET, 1, true},
        {"localhost:65535", AF_INET, 65535, true},
        {"0.0.0.0:8080", AF_INET, 8080, false},
        {"192.168.1.5:80", AF_INET, 80, false},
        {"128.0.0.1:80", AF_INET, 80, false},
        {"[::1]:0", AF_INET6, 0, true},
        {"[::]:8080", AF_INET6, 8080, false},
        {"[fe80::1]:8080", AF_INET6, 8080, false},
        {"[::ffff:127.0.0.1]:80", AF_INET6, 80, false},
        {"127.0.0.1", 0, 0, false},
        {"127.0.0.1:", 0, 0, false},
        {"127.0.0.1:65536", 0, 0, false},
        {"127.0.0.1:123456", 0, 0, false},
        {"127.0.0.1:80x", 0, 0, false},
        {"127.0.0.1:-1", 0, 0, false},
        {":8080", 0, 0, false},
        {"", 0, 0, false},
        {"::1:8080", 0, 0, false},
        {"[::1", 0, 0, false},
        {"[::1]8080", 0, 0, false},
        {"[localhost]:80", 0, 0, false},
        {"example.org:80", 0, 0, false},
        {"a-name-that-is-longer-than-any-address-could-be-and-then-some-more:80", 0, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address a;
        int err = address_parse(rows[i].text, &a);
        assert_int_equal(err, rows[i].family == 0 ? ERR_SYNTAX : ERR_OK);
        if (err < 0)
            continue;
        assert_int_equal(a.any.sa_family, rows[i].family);
        assert_int_equal(ntohs(rows[i].family == AF_INET ? a.v4.sin_port : a.v6.sin6_port),
                         rows[i].port);
        assert_int_equal(a.loopback, rows[i].loopback);
    }
}

static void a_host_that_is_not_this_box_is_told_apart(void **state) {
    (void)state;
    static const char *const here[] = {"127.0.0.1:8080", "localhost:9000", "LocalHost",
                                       "127.0.0.1",      "[::1]:8080",     "[::1]"};
    static const char *const elsewhere[] = {"evil.example",
                                            "evil.example:8080",
                                            "127.0.0.1.evil.example",
                                            "localhost.evil.example",
                                            "10.0.0.1:8080",
                                            "",
                                            "[::2]",
                                            "127.0.0.1:port",
                                            "::1",
                                            "user@127.0.0.1"};
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
        assert_true(address_host_is_loopback(here[i]));
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        assert_false(address_host_is_loopback(elsewhere[i]));
}

/* ---- members ------------------------------------------------------------------------------ */

#define BODY                                                                                       \
    "{\"v\":1,\"name\":\"a\\\"b,}\",\"list\":[{\"x\":[1,2]},{\"demand\":9}],\"demand\":[{\"kw\":"  \
    "1.5"                                                                                          \
    ",\"note\":\"]}\"}],\"none\":null,\"last\":{\"y\":\"\\\\\"}}"

static void a_member_is_cut_out_as_it_stands(void **state) {
    (void)state;
    static const struct {
        const char *name, *value; /* NULL: there is none */
    } rows[] = {
        {"v", "1"},
        {"name", "\"a\\\"b,}\""},
        {"list", "[{\"x\":[1,2]},{\"demand\":9}]"},
        {"demand", "[{\"kw\":1.5,\"note\":\"]}\"}]"}, /* the outer one */
        {"none", "null"},
        {"last", "{\"y\":\"\\\\\"}"},
        {"x", NULL},
        {"deman", NULL},
        {"demands", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *value = NULL;
        size_t n = 0;
        bool found = member_find(BODY, strlen(BODY), rows[i].name, &value, &n);
        assert_int_equal(found, rows[i].value != NULL);
        if (!found)
            continue;
        assert_int_equal(n, strlen(rows[i].value));
        assert_memory_equal(value, rows[i].value, n);
    }
}

static void a_text_that_ends_early_has_no_last_member(void **state) {
    (void)state;
    const char *value;
    size_t n;
    for (size_t cut = 0; cut < strlen(BODY); cut++)
        assert_false(member_find(BODY, cut, "last", &value, &n));
    assert_false(member_find("", 0, "v", &value, &n));
    assert_false(member_find("{}", 2, "v", &value, &n));
    assert_false(member_find("{\"v\"}", 5, "v", &value, &n));
}

/* ---- connections -------------------------------------------------------------------------- */

#define SECOND ((us_t)US_PER_S)

/* Whether the other end was cut. */
static bool was_cut(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void the_longest_waiting_is_cut_when_all_places_are_taken(void **state) {
    (void)state;
    static struct connections all;
    struct connection *place[CONNECTIONS_MAX];
    int pair[CONNECTIONS_MAX][2];
    memset(&all, 0, sizeof all);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair[i]), 0);
    for (int i = 0; i < CONNECTIONS_MAX - 1; i++) {
        place[i] = connections_open(&all, pair[i][0], SECOND * (i + 1));
        assert_non_null(place[i]);
    }
    connections_request_done(place[0],
                             50 * SECOND); /* now number 1 has waited longest: since 2 s */
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        assert_false(was_cut(pair[i][1]));
    int last = CONNECTIONS_MAX - 1;
    place[last] = connections_open(&all, pair[last][0], 60 * SECOND);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        assert_int_equal(was_cut(pair[i][1]), i == 1);
    assert_null(connections_open(&all, pair[last][0], 60 * SECOND)); /* 33rd */
    connections_close(place[1]);
    assert_non_null(connections_open(&all, pair[1][0], 60 * SECOND));
    connections_close(NULL);
    connections_request_done(NULL, SECOND);
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        close(pair[i][0]);
        close(pair[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_a_host_and_a_port),
        cmocka_unit_test(a_host_that_is_not_this_box_is_told_apart),
        cmocka_unit_test(a_member_is_cut_out_as_it_stands),
        cmocka_unit_test(a_text_that_ends_early_has_no_last_member),
        cmocka_unit_test(the_longest_waiting_is_cut_when_all_places_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
