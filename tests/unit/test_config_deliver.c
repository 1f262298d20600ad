/* The section deliver: what is kept of it, and one mistake at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_fixture.h"

#define SMALL                                                                                      \
    "site: {id: a, district: b}\n"                                                                 \
    "links: [{id: l, tcp: 127.0.0.1}]\n"                                                           \
    "devices: [{id: d, link: l, unit: 1, profile: bms, role: battery}]\n"

static struct site *load(const char *deliver) {
    static char text[4000];
    struct config_errors e;
    struct site *s = NULL;
    snprintf(text, sizeof text, "%s%s", SMALL, deliver);
    config_errors_init(&e);
    if (load_text(text, &e, &s) < 0)
        fail_msg("%s", e.text[0]);
    config_errors_free(&e);
    return s;
}

static void a_short_destination_has_defaults(void **state) {
    (void)state;
    struct site *s = load("deliver: [{id: regulator, https: \"https://example.org/in\"}]\n");
    assert_int_equal(s->deliver_count, 1);
    const struct deliver_settings *d = &s->deliver[0];
    assert_string_equal(d->id, "regulator");
    assert_string_equal(d->url, "https://example.org/in");
    assert_string_equal(d->host, "example.org");
    assert_null(d->token_file);
    assert_null(d->ca_file);
    assert_int_equal(d->batch, 500);
    assert_int_equal(d->backlog_per_s, 0);
    assert_int_equal(d->timeout_s, 30);
    assert_int_equal(d->compression, DELIVER_ZSTD);
    assert_int_equal(d->from, DELIVER_FROM_NOW);
    site_free(s);
    s = load("");
    assert_int_equal(s->deliver_count, 0);
    site_free(s);
}

static void everything_that_may_be_written_is_kept(void **state) {
    (void)state;
    struct site *s =
        load("deliver:\n"
             "  - {id: a, https: \"https://[2001:db8::1]:8443/x?y=1\", batch: 5000,\n"
             "     token_file: token, ca_file: /etc/ca.pem, cert_file: c, key_file: k,\n"
             "     backlog_per_s: 20, timeout_s: 600, compression: gzip, from: start}\n"
             "  - {id: b, https: \"http://127.0.0.1:80\", compression: none,\n"
             "     from: 2026-01-31T00:00:00+08:00}\n"
             "  - {id: c, https: \"http://[::1]/\", from: 2026-01-31}\n"
             "  - {id: d, https: \"http://localhost:8080\"}\n");
    assert_int_equal(s->deliver_count, 4);
    const struct deliver_settings *d = s->deliver;
    assert_string_equal(d[0].host, "[2001:db8::1]:8443");
    assert_string_equal(d[0].token_file, "token");
    assert_string_equal(d[0].ca_file, "/etc/ca.pem");
    assert_non_null(d[0].cert_file);
    assert_non_null(d[0].key_file);
    assert_int_equal(d[0].batch, 5000);
    assert_int_equal(d[0].backlog_per_s, 20);
    assert_int_equal(d[0].timeout_s, 600);
    assert_int_equal(d[0].compression, DELIVER_GZIP);
    assert_int_equal(d[0].from, DELIVER_FROM_START);
    assert_int_equal(d[1].compression, DELIVER_PLAIN);
    assert_int_equal(d[1].from, DELIVER_FROM_TIME);
    assert_int_equal(d[1].from_utc_ms, 1769788800000);
    assert_false(d[1].from_local);
    assert_int_equal(d[2].from_utc_ms, 1769817600000);
    assert_true(d[2].from_local);
    site_free(s);
}

/* The base of the mistakes; '^' marks where the message has to point. */
static const char base[] =
    SMALL "deliver:\n"
          "  - {id: one, https: \"https://example.org/in\", batch: 500, from: now}\n"
          "  - {id: two, https: \"https://example.org/2\", timeout_s: 30, compression: zstd}\n";

static void mistakes(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"id: one", "id: ^mqtt", "is the name of the section mqtt"},
        {"id: two", "id: ^one", "destination id 'one' stands twice"},
        {"id: one", "id: ^One", "a-z"},
        {"{id: one, ", "^{", "needs the key 'id'"},
        {"\"https://example.org/in\"", "^\"http://example.org/in\"", "would travel in the open"},
        {"\"https://example.org/in\"", "^\"http://127.0.0.1.example.org\"", "travel in the open"},
        {"\"https://example.org/in\"", "^\"http://localhost.example.org\"", "travel in the open"},
        {"\"https://example.org/in\"", "^\"ftp://example.org\"", "is not an https:// address"},
        {"\"https://example.org/in\"", "^\"example.org/in\"", "write https://HOST[:PORT]/PATH"},
        {"\"https://example.org/in\"", "^\"https:///in\"", "is not an address"},
        {"\"https://example.org/in\"", "^\"https://:443/in\"", "is not an address"},
        {"\"https://example.org/in\"", "^\"https://h:0/in\"", "is not an address"},
        {"\"https://example.org/in\"", "^\"https://h:65536/in\"", "is not an address"},
        {"\"https://example.org/in\"", "^\"https://h:4x/in\"", "is not an address"},
        {"\"https://example.org/in\"", "^\"https://[::1/in\"", "is not an address"},
        {"\"https://example.org/in\"", "^\"https://h/a b\"", "is not an address"},
        {"\"https://example.org/in\"", "^\"https://h/\\u00e9\"", "is not an address"},
        {"\"https://example.org/in\"", "^\"https://h/#part\"", "never sent"},
        {"\"https://example.org/in\"", "^\"https://u:p@h/\"", "use token_file instead"},
        {"batch: 500", "batch: ^0", "out of range"},
        {"batch: 500", "batch: ^5001", "out of range"},
        {"batch: 500", "^btach: 500", "did you mean 'batch'"},
        {"timeout_s: 30", "timeout_s: ^601", "out of range"},
        {"compression: zstd", "compression: ^zst", "did you mean 'zstd'"},
        {"from: now", "from: ^yesterday", "use one of now"},
        {"from: now", "from: ^2026-02-30", "is not a time"},
        {"from: now", "from: ^2026-13-01T00:00", "is not a time"},
        {"{id: one, https", "^{id: one, cert_file: /dev/null, https", "go together"},
        {"id: two, https: \"https://example.org/2\"",
         "id: two, https: \"http://127.0.0.1/2\", ca_file: ^/dev/null",
         "needs an encrypted connection"},
        {"  - {id: one", "  - ^word\n  - {id: one", "needs keys and values"},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct config_errors e;
        struct site *s = NULL;
        size_t line, column;
        char *text = mistake_text(base, &list[i], &line, &column);
        config_errors_init(&e);
        assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
        assert_null(s);
        assert_one_error(&e, "s.yaml", line, column, &list[i]);
        config_errors_free(&e);
        free(text);
    }
}

static void eight_are_too_many(void **state) {
    (void)state;
    char text[2000] = SMALL "deliver:\n";
    struct config_errors e;
    struct site *s = NULL;
    for (int i = 0; i < 9; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "  - {id: d%d, https: \"https://h\"}\n", i);
    config_errors_init(&e);
    assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
    assert_int_equal(e.count, 1);
    assert_non_null(strstr(e.text[0], "s.yaml:12:5: deliver has more than 7 destinations"));
    config_errors_free(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_destination_has_defaults),
        cmocka_unit_test(everything_that_may_be_written_is_kept),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(eight_are_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
