/* The web server over real sockets: what clients get that ask wrongly, rudely or slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web_rig.h"

/* ---- mistakes ----------------------------------------------------------------------------- */

static void mistakes_are_named_with_the_next_step(void **state) {
    (void)state;
    static const struct {
        const char *target;
        int status;
        const char *word;
    } rows[] = {
        {"/", 404, "/"},
        {"/api/v1/live/", 404, "/api/v1/live/"},
        {"/api/v1/../../etc/passwd", 404, "etc"},
        {"/api/v1/%22%0d%0aX", 404, "there is no"},
        {"/api/v1/records", 400, "period"},
        {"/api/v1/records?period=2m", 400, "period"},
        {"/api/v1/records?period=1m&from=yesterday", 400, "from"},
        {"/api/v1/records?period=1m&to=2023-02-30", 400, "to"},
        {"/api/v1/records?period=1m&from=2023-11-02&to=2023-11-01", 400, "to"},
        {"/api/v1/records?period=1m&limit=0", 400, "limit"},
        {"/api/v1/records?period=1m&limit=1001", 400, "limit"},
        {"/api/v1/records?period=1m&limit=5x", 400, "limit"},
        {"/api/v1/completeness?month=2026-13", 400, "month"},
        {"/api/v1/completeness?month=november", 400, "month"},
        {"/api/v1/completeness?month=1969-12", 400, "1970-01"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_error(http_get(port, rows[i].target), rows[i].status, rows[i].word);
}

static void only_get_and_head_without_a_body_are_taken(void **state) {
    (void)state;
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct reply r = http_ask(port, "%s /api/v1/live" HTTP_END, methods[i]);
        assert_non_null(strstr(r.head, "\r\nAllow: GET, HEAD\r\n"));
        assert_error(r, 405, methods[i]);
    }
    assert_error(http_ask(port, "POST /api/v1/live HTTP/1.1\r\nHost: localhost\r\n"
                                "Content-Length: 5\r\n\r\nhello"),
                 405, "POST");
    assert_error(http_ask(port, "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n"
                                "Content-Length: 5\r\n\r\nhello"),
                 413, "body");
    assert_error(http_ask(port, "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n"
                                "Content-Length: 1000000000000\r\nExpect: 100-continue\r\n\r\n"),
                 413, "body");
    assert_error(http_ask(port, "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
                 413, "body");
    struct reply r = http_ask(port, "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n"
                                    "Content-Length: 0\r\nConnection: close\r\n\r\n");
    assert_int_equal(r.status, 200);
    reply_free(&r);
}

/* A page elsewhere whose name is made to point to this box. */
static void another_hosts_name_is_refused(void **state) {
    (void)state;
    assert_error(http_ask(port, "GET /api/v1/live HTTP/1.1\r\nHost: evil.example:80\r\n\r\n"), 403,
                 "evil.example");
    struct reply r = http_ask(port, "GET /api/v1/live HTTP/1.0\r\n\r\n"); /* 1.0 names none */
    assert_int_equal(r.status, 200);
    reply_free(&r);
}

/* ---- rude clients ------------------------------------------------------------------------- */

static void an_address_over_1024_bytes_is_refused(void **state) {
    (void)state;
    char target[1100];
    memset(target, 'a', sizeof target);
    memcpy(target, "/api/v1/live?x=", 15);
    target[1024] = '\0';
    struct reply r = http_get(port, target);
    assert_int_equal(r.status, 200);
    reply_free(&r);
    memset(target + 1024, 'a', 2);
    target[1025] = '\0';
    assert_error(http_get(port, target), 414, "1024");
}

static void garbage_is_refused_and_the_server_goes_on(void **state) {
    (void)state;
#define BYTES(text) text, sizeof(text) - 1
    static const struct {
        const char *bytes;
        size_t n;
        int status; /* 0: no answer at all */
    } rows[] = {
        {BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), 0}, /* a TLS hello */
        {BYTES("GET\r\n\r\n"), 0},
        {BYTES("GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n"), 505},
        {BYTES("GET /healthz HTTP/1.1\r\n\r\n"), 400}, /* 1.1 must name its host */
        {BYTES("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n"), 400},
        {BYTES("GET /healthz HTTP/1.1\r\nno colon here\r\n\r\n"), 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reply r = http_exchange(port, rows[i].bytes, rows[i].n);
        assert_int_equal(r.status, rows[i].status);
        reply_free(&r);
        assert_goes_on();
    }
}

static void an_oversized_header_is_refused_and_the_server_goes_on(void **state) {
    (void)state;
    static char request[200000];
    int n = snprintf(request, sizeof request, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ");
    memset(request + n, 'x', sizeof request - (size_t)n);
    struct reply r = http_exchange(port, request, sizeof request);
    assert_true(r.status == 431 || r.status == 0); /* 0: it closed while we were still sending */
    reply_free(&r);
    assert_goes_on();
}

static void clients_that_leave_at_once_do_no_harm(void **state) {
    (void)state;
    static const char request[] =
        "GET /api/v1/records?period=1m HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (int i = 0; i < 60; i++) {
        int fd = http_connect(port);
        struct linger now = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        http_send(fd, request, i % 2 ? sizeof request - 1 : 20);
        close(fd);
    }
    assert_goes_on();
}

static bool is_closed(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* 110 clients send a byte a second: they cannot all stay, and whoever asks properly is answered at
 * any time. One that falls silent is cut after ten seconds. */
static void trickling_clients_do_not_keep_others_out(void **state) {
    (void)state;
    static const char request[] = "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
    enum { SLOW = 110 };
    int slow[SLOW], left = 0;
    for (int i = 0; i < SLOW; i++)
        slow[i] = http_connect(port);
    us_t begin = clock_now().mono_us;
    int silent = http_connect(port);
    http_send(silent, request, 20);
    for (size_t at = 0; at < 12; at++) {
        for (int i = 0; i < SLOW; i++)
            http_send(slow[i], request + at, 1);
        assert_goes_on();
        if (at < 9)
            assert_false(is_closed(silent));
        clock_sleep_until(begin + (us_t)(at + 1) * US_PER_S);
    }
    assert_true(is_closed(silent));
    for (int i = 0; i < SLOW; i++) {
        left += !is_closed(slow[i]);
        close(slow[i]);
    }
    assert_in_range(left, 20, 95); /* those that nobody needed the place of are still there */
    close(silent);
    assert_goes_on();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_named_with_the_next_step),
        cmocka_unit_test(only_get_and_head_without_a_body_are_taken),
        cmocka_unit_test(another_hosts_name_is_refused),
        cmocka_unit_test(an_address_over_1024_bytes_is_refused),
        cmocka_unit_test(garbage_is_refused_and_the_server_goes_on),
        cmocka_unit_test(an_oversized_header_is_refused_and_the_server_goes_on),
        cmocka_unit_test(clients_that_leave_at_once_do_no_harm),
        cmocka_unit_test(trickling_clients_do_not_keep_others_out),
    };
    return cmocka_run_group_tests(tests, web_rig_init, web_rig_fini);
}
