/* Files that are too big, too deep, not text, or wrong in many places at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_fixture.h"

/* Loads bytes that must fail with one message that contains the words. */
static void assert_refused(const char *bytes, size_t n, const char *words) {
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    assert_int_equal(load_site_from_memory("s.yaml", bytes, n, CONFIG_DATA, &e, &s), ERR_SYNTAX);
    assert_null(s);
    assert_int_equal(e.total, 1);
    if (strstr(e.text[0], words) == NULL) {
        fail_msg("expected '%s', got: %s", words, e.text[0]);
    }
    config_errors_free(&e);
}

static void refuse(const char *text, const char *words) {
    assert_refused(text, strlen(text), words);
}

static void not_a_tree(void **state) {
    (void)state;
    refuse("", "s.yaml: the file is empty");
    refuse("# nothing\n", "s.yaml: the file is empty");
    refuse("just words\n", "s.yaml:1:1: the site file needs keys and values");
    refuse("site: {id: a\nlinks: []\n", "s.yaml:2:6: not YAML");
    refuse("site: 'open\n", "not YAML");
    refuse("a: 1\n\tb: 2\n", "s.yaml:2:1: not YAML");
    refuse("a: &x 1\nb: 2\n", "s.yaml:1:4: anchors (&name) are not accepted");
    refuse("a: 1\nb: *x\n", "s.yaml:2:4: aliases (*name) are not accepted");
    refuse("a: &x [*x, *x]\n", "anchors");
    refuse("a: 1\n---\nb: 2\n", "s.yaml:2:1: a second document starts");
    assert_refused("a: b\nc: \xff\xfe\n", 11, "s.yaml:2:4: not UTF-8 text");
    assert_refused("a: \xe5\xa4\xa9 \xe5\xa4", 9, "s.yaml:1:6: not UTF-8 text");
    assert_refused("a: b\0c\n", 7, "s.yaml:1:5: not UTF-8 text");
}

static void too_deep_or_too_big(void **state) {
    (void)state;
    size_t big = YAML_FILE_MAX + 1;
    char *bytes = malloc(big);
    assert_non_null(bytes);
    memset(bytes, '[', big);
    assert_refused(bytes, 100, "s.yaml:1:17: nested more than 16 deep");
    assert_refused(bytes, big - 1, "nested more than 16 deep");
    assert_refused(bytes, big, "over 1 MiB");
    for (size_t i = 1; i + 1 < big; i += 2) {
        memcpy(bytes + i, "a,", 2);
    }
    bytes[0] = '[';
    assert_refused(bytes, big - 1, "more than 200000 values");
    for (size_t i = 0; i + 1 < big; i += 2) {
        memcpy(bytes + i, "? ", 2);
    }
    assert_refused(bytes, big - 1, "s.yaml:1:");
    free(bytes);
}

static void too_many_keys(void **state) {
    (void)state;
    char text[4096] = "{";
    for (int i = 0; i < 300; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "k%d: 1,", i);
    }
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "}");
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
    assert_non_null(strstr(e.text[0], "more than 256 keys"));
    config_errors_free(&e);
}

static void ten_mistakes_at_once(void **state) {
    (void)state;
    static const char text[] =
        "site:\n"
        "  id: Demo\n"                                                   /* 1 not an id */
        "  distrct: area-1\n"                                            /* 2 key, 3 missing */
        "links:\n"                                                       /* */
        "  - {id: l1, tcp: \"meter.lan:502\"}\n"                         /* 4 host name */
        "  - {id: l2, rtu: /dev/ttyS1, baud: 9700}\n"                    /* 5 speed */
        "devices:\n"                                                     /* */
        "  - {id: a, link: l3, unit: 1, profile: meter, role: grid}\n"   /* 6 dangling link */
        "  - {id: a, link: l2, unit: 300, profile: meter, role: load}\n" /* 7 twice, 8 unit */
        "  - {id: c, link: l2, unit: 2, profile: metre, role: laod}\n"   /* 9, 10 */
        "mqtt: {url: \"http://x\"}\n";                                   /* 11 */
    static const char *const expected[] = {
        "s.yaml:2:3: site needs the key 'district'",
        "s.yaml:2:7: id 'Demo' is not an id",
        "s.yaml:3:3: unknown key 'distrct' in site; did you mean 'district'?",
        "s.yaml:5:19: tcp 'meter.lan' is a host name",
        "s.yaml:6:37: baud 9700",
        "s.yaml:8:19: link names 'l3', which is not in links; did you mean 'l1'?",
        "s.yaml:9:10: device id 'a' stands twice, first in line 8",
        "s.yaml:9:29: unit 300 is out of range",
        "s.yaml:10:41: profile 'metre' is not there",
        "s.yaml:10:54: role cannot be 'laod'",
        "s.yaml:11:13: url 'http://x' is not mqtt://"};
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
    size_t n = 0;
    for (size_t i = 0; i < e.count; i++) {
        if (e.is_warning[i]) {
            continue;
        }
        assert_true(n < sizeof expected / sizeof expected[0]);
        if (strncmp(e.text[i], expected[n], strlen(expected[n])) != 0) {
            fail_msg("expected '%s', got: %s", expected[n], e.text[i]);
        }
        n++;
    }
    assert_int_equal(n, sizeof expected / sizeof expected[0]);
    config_errors_free(&e);
}

/* 150 bad devices: the first hundred messages are kept, the rest counted, errors before warnings.
 */
static void more_than_a_hundred(void **state) {
    (void)state;
    size_t cap = 64 * 1024;
    char *text = malloc(cap);
    assert_non_null(text);
    snprintf(text, cap,
             "site: {id: a, district: b}\nlinks: [{id: l, tcp: 127.0.0.1}, "
             "{id: m, tcp: 127.0.0.2}]\ndevices:\n");
    for (int i = 0; i < 150; i++) {
        size_t used = strlen(text);
        snprintf(text + used, cap - used,
                 "- {id: d%d, link: l, unit: %d, profile: bms, role: battery, x: 1}\n", i, i);
    }
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
    assert_int_equal(e.count, CONFIG_ERRORS_MAX);
    assert_int_equal(e.total, 150);
    assert_int_equal(e.warnings, 0);
    char *out = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&out, &n);
    assert_non_null(f);
    config_errors_print(&e, f);
    fclose(f);
    assert_non_null(strstr(out, "\nand 50 more\n"));
    free(out);
    config_errors_free(&e);
    free(text);
}

static void errors_push_warnings_out(void **state) {
    (void)state;
    struct config_errors e;
    struct place at = {"f", 0, 1, 1};
    config_errors_init(&e);
    for (int i = 0; i < 120; i++) {
        message_warning(&e, at, "w%d", i);
    }
    assert_int_equal(e.total, 100);
    assert_false(messages_failed(&e));
    message_error(&e, at, "bad %s", "\033[31m\xff\xe5\xa4\xa9");
    assert_true(messages_failed(&e));
    assert_int_equal(e.count, 100);
    assert_int_equal(e.warnings, 99);
    assert_string_equal(e.text[99], "f:1:1: bad ?[31m?\xe5\xa4\xa9");
    config_errors_free(&e);
}

static void files_that_cannot_be_read(void **state) {
    (void)state;
    static const char *const files[][2] = {{"/nowhere/s.yaml", "there is no such file"},
                                           {"/tmp", "cannot be read as a file"},
                                           {"/dev/zero", "cannot be read as a file"}};
    for (size_t i = 0; i < 3; i++) {
        struct config_errors e;
        struct site *s = NULL;
        config_errors_init(&e);
        assert_int_equal(config_load_site(files[i][0], NULL, &e, &s), ERR_SYNTAX);
        assert_int_equal(e.total, 1);
        assert_non_null(strstr(e.text[0], files[i][1]));
        config_errors_free(&e);
    }
    char path[] = "/tmp/busbar-test-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, YAML_FILE_MAX + 1), 0);
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    assert_int_equal(config_load_site(path, NULL, &e, &s), ERR_SYNTAX);
    assert_non_null(strstr(e.text[0], "over 1 MiB"));
    config_errors_free(&e);
    close(fd);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_a_tree),
        cmocka_unit_test(too_deep_or_too_big),
        cmocka_unit_test(too_many_keys),
        cmocka_unit_test(ten_mistakes_at_once),
        cmocka_unit_test(more_than_a_hundred),
        cmocka_unit_test(errors_push_warnings_out),
        cmocka_unit_test(files_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
