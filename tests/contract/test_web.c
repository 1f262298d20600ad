/* The web server over real sockets: what each address answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web_rig.h"

/* ---- where it listens --------------------------------------------------------------------- */

static void only_loopback_is_listened_on(void **state) {
    (void)state;
    static const char *const beyond[] = {"0.0.0.0:0", "[::]:0", "10.0.0.1:8080"};
    struct web *none = web;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(start_on(beyond[i], &none), ERR_RANGE);
    assert_int_equal(start_on("somewhere", &none), ERR_SYNTAX);
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", port);
    assert_int_equal(start_on(taken, &none), ERR_IO);
    assert_ptr_equal(none, web);
    web_stop(NULL);
}

static void it_can_be_stopped_and_started_on_the_same_port(void **state) {
    (void)state;
    char same[32];
    int idle = http_connect(port); /* whoever is connected is cut */
    snprintf(same, sizeof same, "127.0.0.1:%u", port);
    web_stop(web);
    assert_int_equal(start_on(same, &web), ERR_OK);
    size_t n;
    char *bytes = http_read_all(idle, 2000, &n);
    assert_int_equal(n, 0);
    free(bytes);
    close(idle);
    assert_goes_on();
}

/* ---- what it tells ------------------------------------------------------------------------ */

static void live_is_what_the_live_table_holds(void **state) {
    (void)state;
    live_now(1234.5);
    json_t *j = http_json(port, "/api/v1/live");
    assert_near(number_at(j, "power_kw/grid"), 1234.5, 1e-9);
    assert_near(number_at(j, "demand_kw"), 123.5, 1e-9);
    assert_near(number_at(j, "demand_shed_kw"), 17.25, 1e-9);
    assert_near(number_at(j, "contract_kw"), 3200.0, 1e-9);
    assert_true(isnan(number_at(j, "carbon_kg_h")));
    assert_near(number_at(j, "devices/total"), 3, 1e-9);
    json_decref(j);
}

static void health_is_a_readable_store_and_fresh_live_values(void **state) {
    (void)state;
    struct live_site l;
    live_now(0);
    json_t *j = http_json(port, "/healthz");
    assert_string_equal(text_at(j, "status"), "ok");
    assert_string_equal(text_at(j, "version"), "9.9");
    json_decref(j);
    live_get_site(rig.live, &l);
    l.utc_ms -= 70000;
    live_put_site(rig.live, &l);
    assert_error(http_get(port, "/healthz"), 503, "stood still");
}

static void accounts_are_the_sites(void **state) {
    (void)state;
    json_t *j = http_json(port, "/api/v1/accounts");
    const json_t *a = json_array_get(json_object_get(j, "accounts"), 0);
    assert_string_equal(text_at(a, "id"), "main");
    assert_near(number_at(a, "contract/0/kw"), 40000, 1e-9);
    assert_string_equal(text_at(json_array_get(json_object_get(a, "points"), 0), "device"), "grid");
    json_decref(j);
}

/* 900 s at 8 kWh a second, the first second has no start: 899.9 x 8 kWh over a quarter of an hour.
 */
static void demand_is_that_of_the_last_quarter_and_as_it_runs(void **state) {
    (void)state;
    live_now(0);
    json_t *j = http_json(port, "/api/v1/demand");
    assert_near(number_at(j, "live/demand_kw"), 123.5, 1e-9);
    assert_string_equal(text_at(json_object_get(j, "record"), "start"),
                        "2023-11-14T22:15:00+00:00");
    assert_near(number_at(j, "record/seq"), 16, 1e-9);
    assert_string_equal(text_at(json_array_get(json_object_get(j, "demand"), 0), "account"),
                        "main");
    assert_near(number_at(j, "demand/0/block_kw"), 899.9 * 8.0 * 4.0, 1e-3);
    json_decref(j);
}

/* T0 is 22:15 of the 14th; the month is over, so 30 x 96 slots are expected. */
static void completeness_counts_the_closed_quarter(void **state) {
    (void)state;
    json_t *j = http_json(port, "/api/v1/completeness?month=2023-11");
    assert_near(number_at(j, "site/expected"), 3 * 30 * 96, 1e-9);
    assert_near(number_at(j, "site/stored"), 3, 1e-9);
    assert_near(number_at(j, "site/acknowledged"), 0, 1e-9);
    assert_near(number_at(j, "devices/0/stored_by_day/13"), 1, 1e-9);
    json_decref(j);
    j = http_json(port, "/api/v1/completeness"); /* of this month: nothing */
    assert_near(number_at(j, "site/stored"), 0, 1e-9);
    json_decref(j);
}

/* ---- records ------------------------------------------------------------------------------ */

static void records_are_the_stored_bodies_byte_for_byte(void **state) {
    (void)state;
    static char *bodies[BODIES_MAX];
    static struct outbox_row rows[BODIES_MAX];
    char want[65536] = "[";
    size_t n = rig_bodies(&rig.works, bodies, rows);
    assert_int_equal(n, 17);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].kind == OUTBOX_RECORD_1M)
            snprintf(want + strlen(want), sizeof want - strlen(want), "%s%s",
                     strlen(want) > 1 ? "," : "", bodies[i]);
        free(bodies[i]);
    }
    snprintf(want + strlen(want), sizeof want - strlen(want), "]");
    struct reply r = http_get(port, "/api/v1/records?period=1m");
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, want);
    assert_null(strstr(r.head, "Link:"));
    reply_free(&r);
}

static void a_span_may_be_given_in_any_offset(void **state) {
    (void)state;
    static const struct {
        const char *query;
        size_t count;
    } rows[] = {
        {"period=15m", 1},
        {"period=1h", 0},
        {"period=1m&from=2023-11-14T22:16:00Z&to=2023-11-14T22:19:00Z", 3},
        {"period=1m&from=2023-11-14T22:16:00&to=2023-11-14T22:19:00", 3}, /* local: UTC here */
        {"period=1m&from=2023-11-15T06:16:00%2B08:00&to=2023-11-15T06:18:00%2b0800", 2},
        {"period=1m&from=2023-11-15T06:16:00+08:00&to=2023-11-15T06:18:00+08:00", 2},
        {"period=1m&from=2023-11-14%2022:16&to=2023-11-15", 15},
        {"period=1m&to=2023-11-14T22:17:00Z&from=", 2},
        {"period=1m&from=2023-11-15", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char target[200];
        snprintf(target, sizeof target, "/api/v1/records?%s", rows[i].query);
        json_t *j = http_json(port, target);
        assert_int_equal(json_array_size(j), rows[i].count);
        json_decref(j);
    }
}

static void links_lead_through_all_pages(void **state) {
    (void)state;
    char target[256] = "/api/v1/records?period=1m&limit=5&to=2023-11-14T22:29:00Z", link[256];
    size_t seen = 0, pages = 0;
    while (target[0] != '\0') {
        struct reply r = http_get(port, target);
        assert_int_equal(r.status, 200);
        json_t *j = json_loads(r.body, 0, NULL);
        for (size_t i = 0; i < json_array_size(j); i++)
            assert_int_equal(json_integer_value(json_object_get(json_array_get(j, i), "seq")),
                             ++seen);
        pages++;
        json_decref(j);
        http_header(&r, "Link", link, sizeof link);
        reply_free(&r);
        target[0] = '\0';
        if (link[0] == '\0')
            break;
        char *end = strstr(link, ">; rel=\"next\"");
        assert_true(link[0] == '<' && end != NULL);
        snprintf(target, sizeof target, "%.*s", (int)(end - link - 1), link + 1);
    }
    assert_int_equal(seen, 14); /* minutes 22:15 to 22:28 */
    assert_int_equal(pages, 3);
}

/* ---- what every answer carries ------------------------------------------------------------ */

static void every_answer_has_the_security_headers(void **state) {
    (void)state;
    static const char *const targets[] = {"/healthz", "/api/v1/records?period=1m", "/nothing",
                                          "/api/v1/records"};
    static const char *const headers[][2] = {
        {"Content-Type", "application/json"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Referrer-Policy", "no-referrer"}};
    live_now(0);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct reply r = http_get(port, targets[i]);
        for (size_t h = 0; h < sizeof headers / sizeof headers[0]; h++) {
            char value[200];
            http_header(&r, headers[h][0], value, sizeof value);
            assert_string_equal(value, headers[h][1]);
        }
        assert_null(strstr(r.head, "Access-Control"));
        char cache[40]; /* kept only what can be asked for again with its tag */
        http_header(&r, "Cache-Control", cache, sizeof cache);
        assert_string_equal(cache, strstr(r.head, "ETag") ? "private, no-cache" : "no-store");
        reply_free(&r);
    }
}

static void what_did_not_change_is_not_sent_again(void **state) {
    (void)state;
    char tag[40], again[40];
    struct reply r = http_get(port, "/healthz");
    http_header(&r, "ETag", tag, sizeof tag);
    assert_int_equal(strlen(tag), 20);
    reply_free(&r);
    r = http_ask(port,
                 "GET /healthz HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: %s\r\n"
                 "Connection: close\r\n\r\n",
                 tag);
    assert_int_equal(r.status, 304);
    assert_int_equal(strlen(r.body), 0);
    http_header(&r, "ETag", again, sizeof again);
    assert_string_equal(again, tag);
    reply_free(&r);
    live_now(1); /* live_at is another */
    struct live_site l;
    live_get_site(rig.live, &l);
    l.utc_ms -= 5000;
    live_put_site(rig.live, &l);
    r = http_ask(port,
                 "GET /healthz HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: %s\r\n"
                 "Connection: close\r\n\r\n",
                 tag);
    assert_int_equal(r.status, 200);
    reply_free(&r);
}

static void head_is_get_without_the_body(void **state) {
    (void)state;
    struct reply get = http_get(port, "/api/v1/accounts");
    struct reply head = http_ask(port, "HEAD /api/v1/accounts" HTTP_END);
    char a[32], b[32];
    http_header(&get, "Content-Length", a, sizeof a);
    http_header(&head, "Content-Length", b, sizeof b);
    assert_int_equal(head.status, 200);
    assert_string_equal(a, b);
    assert_int_equal(head.body_n, 0);
    assert_true(get.body_n > 0);
    reply_free(&get);
    reply_free(&head);
    head = http_ask(port, "HEAD /api/v1/records?period=1m" HTTP_END);
    assert_int_equal(head.status, 200);
    assert_int_equal(head.body_n, 0);
    reply_free(&head);
    head = http_ask(port, "HEAD /nothing" HTTP_END);
    assert_int_equal(head.status, 404);
    assert_int_equal(head.body_n, 0);
    reply_free(&head);
}

static void a_connection_takes_one_request_after_another(void **state) {
    (void)state;
    char request[] = "GET /api/v1/accounts HTTP/1.1\r\nHost: [::1]:9\r\n\r\n"
                     "GET /api/v1/records?period=15m HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                     "GET /api/v1/live" HTTP_END;
    int fd = http_connect(port);
    http_send(fd, request, strlen(request));
    size_t n, answers = 0;
    char *bytes = http_read_all(fd, 20000, &n);
    for (const char *at = bytes; (at = strstr(at, "HTTP/1.1 200 OK")) != NULL; at++)
        answers++;
    assert_int_equal(answers, 3);
    free(bytes);
    close(fd);
}

/* ---- a store that is not there ------------------------------------------------------------ */

static void without_a_store_live_values_go_on(void **state) {
    (void)state;
    struct web *other;
    struct site site = rig.works.site;
    site.store.path = "/nonexistent/busbar.db";
    site.web.listen = "[::1]:0";
    const struct web_options o = {.site = &site, .version = "9.9", .live = rig.live};
    assert_int_equal(web_start(&o, &other), ERR_OK);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(web_port(other))};
    a.sin6_addr = in6addr_loopback;
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    static const char requests[] = "GET /healthz HTTP/1.1\r\nHost: [::1]\r\n\r\n"
                                   "GET /api/v1/records?period=1m HTTP/1.1\r\nHost: [::1]\r\n\r\n"
                                   "GET /api/v1/demand HTTP/1.1\r\nHost: [::1]\r\n\r\n"
                                   "GET /api/v1/completeness HTTP/1.1\r\nHost: [::1]\r\n\r\n"
                                   "GET /api/v1/live" HTTP_END;
    http_send(fd, requests, sizeof requests - 1);
    size_t n, refused = 0;
    char *bytes = http_read_all(fd, 20000, &n);
    for (const char *at = bytes; (at = strstr(at, "HTTP/1.1 503 ")) != NULL; at++)
        refused++;
    assert_int_equal(refused, 4);
    assert_non_null(strstr(bytes, "HTTP/1.1 200 OK"));
    free(bytes);
    close(fd);
    web_stop(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_loopback_is_listened_on),
        cmocka_unit_test(it_can_be_stopped_and_started_on_the_same_port),
        cmocka_unit_test(live_is_what_the_live_table_holds),
        cmocka_unit_test(health_is_a_readable_store_and_fresh_live_values),
        cmocka_unit_test(accounts_are_the_sites),
        cmocka_unit_test(demand_is_that_of_the_last_quarter_and_as_it_runs),
        cmocka_unit_test(completeness_counts_the_closed_quarter),
        cmocka_unit_test(records_are_the_stored_bodies_byte_for_byte),
        cmocka_unit_test(a_span_may_be_given_in_any_offset),
        cmocka_unit_test(links_lead_through_all_pages),
        cmocka_unit_test(every_answer_has_the_security_headers),
        cmocka_unit_test(what_did_not_change_is_not_sent_again),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(a_connection_takes_one_request_after_another),
        cmocka_unit_test(without_a_store_live_values_go_on),
    };
    return cmocka_run_group_tests(tests, web_rig_init, web_rig_fini);
}
