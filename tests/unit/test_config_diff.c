/* Two site files are compared by what they mean: what was added, removed, changed, in words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/diff.h"
#include "config_fixture.h"

static const char base[] =
    "site: {id: a, district: b, contract_demand_kw: 3200}\n"
    "links:\n"
    "  - {id: l1, tcp: \"127.0.0.1:502\"}\n"
    "  - {id: bus, rtu: /dev/ttyS1, baud: 9600}\n"
    "devices:\n"
    "  - {id: grid, link: l1, unit: 1, profile: meter, role: grid, ct_ratio: 80}\n"
    "  - {id: f1, link: bus, unit: 3, profile: meter, role: load}\n"
    "mqtt: {url: \"mqtt://127.0.0.1:1883\", username: u, password_file: secret.txt}\n";

struct lines {
    char text[8192];
    size_t count;
};

static void keep(void *arg, const char *line) {
    struct lines *l = arg;
    size_t n = strlen(l->text);
    assert_true(strlen(line) < DIFF_LINE_MAX);
    snprintf(l->text + n, sizeof l->text - n, "%s\n", line);
    l->count++;
}

static struct site *load(const char *text) {
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    int rc = load_text(text, &e, &s);
    for (size_t i = 0; rc < 0 && i < e.count; i++)
        print_error("%s\n", e.text[i]);
    assert_int_equal(rc, ERR_OK);
    config_errors_free(&e);
    return s;
}

/* base with one text for another. */
static void changed(const char *find, const char *with, struct lines *out) {
    char text[4096];
    const char *at = strstr(base, find);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - base), base, with, at + strlen(find));
    struct site *a = load(base), *b = load(text);
    *out = (struct lines){0};
    size_t n = site_diff(a, b, keep, out);
    assert_int_equal(n, out->count);
    site_free(a);
    site_free(b);
}

static void assert_lines(const char *find, const char *with, const char *expected) {
    struct lines l;
    changed(find, with, &l);
    assert_string_equal(l.text, expected);
}

static void what_means_the_same_is_no_difference(void **state) {
    (void)state;
    assert_lines("links:", "# a remark\nlinks:", "");
    assert_lines("profile: meter, role: load}", "profile: meter, role: load, poll_ms: 1000}", "");
}

static void changes_name_old_and_new(void **state) {
    (void)state;
    assert_lines("unit: 3", "unit: 4", "~ device f1: unit 3 -> 4\n");
    assert_lines("ct_ratio: 80", "ct_ratio: 100, rated_kw: 40",
                 "~ device grid: ct_ratio 80 -> 100, rated_kw (none) -> 40\n");
    assert_lines(", ct_ratio: 80", "", "~ device grid: ct_ratio 80 -> (none)\n");
    assert_lines("baud: 9600", "baud: 19200", "~ link bus: baud 9600 -> 19200\n");
    assert_lines("3200", "2800",
                 "~ site: contract_demand_kw 3200 -> 2800\n"
                 "~ account main: contract_demand 3200 kW -> 2800 kW\n");
    assert_lines("role: load}", "role: load, parent: grid}",
                 "~ device f1: parent (none) -> grid\n");
    assert_lines("mqtt: {url", "store: {budget_mb: 512}\nmqtt: {url",
                 "~ store: budget 2048 MB -> 512 MB\n");
    assert_lines(
        "mqtt: {url", "deliver: [{id: r, https: \"https://a.example/b\"}]\nmqtt: {url",
        "+ deliver r: https https://a.example/b, batch 500, backlog_per_s 0, timeout_s 30, "
        "compression zstd\n");
    assert_lines("mqtt: {url", "reload: {probation_s: 0}\nmqtt: {url",
                 "~ reload: probation_s 60 -> 0\n");
}

static void added_and_removed(void **state) {
    (void)state;
    struct lines l;
    assert_lines("  - {id: f1, link: bus, unit: 3, profile: meter, role: load}\n", "",
                 "- device f1\n");
    changed("mqtt: {url: \"mqtt://127.0.0.1:1883\", username: u, password_file: secret.txt}\n", "",
            &l);
    assert_string_equal(l.text, "- mqtt\n");
    changed("mqtt:", "  - {id: f2, link: bus, unit: 4, profile: meter, role: load}\nmqtt:", &l);
    assert_int_equal(l.count, 1);
    assert_non_null(strstr(l.text, "+ device f2: name"));
    assert_non_null(strstr(l.text, "link bus, unit 4, profile meter, role load"));
}

/* The file of a secret is named; that it is never read shows in that it need not exist. */
static void secrets_are_named_only(void **state) {
    (void)state;
    struct lines l;
    changed("secret.txt", "other.txt", &l);
    assert_int_equal(l.count, 1);
    assert_non_null(strstr(l.text, "~ mqtt: password_file "));
    assert_non_null(strstr(l.text, "other.txt"));
}

static void a_profile_differs_by_its_points(void **state) {
    (void)state;
    struct lines l = {0};
    struct site *a = load(base), *b = load(base);
    assert_true(profile_same(a->devices[0].profile, b->devices[0].profile));
    struct point_def *p = b->devices[0].profile->points;
    p->register_no = (uint16_t)(p->register_no + 2);
    p->scale *= 10;
    assert_false(profile_same(a->devices[0].profile, b->devices[0].profile));
    assert_int_equal(site_diff(a, b, keep, &l), 1);
    assert_non_null(strstr(l.text, "~ point of profile meter "));
    assert_non_null(strstr(l.text, "register "));
    assert_non_null(strstr(l.text, ", scale "));
    site_free(a);
    site_free(b);
}

static void a_long_line_ends_with_dots(void **state) {
    (void)state;
    struct lines l = {0};
    struct site *a = load(base), *b = load(base);
    char name[700];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct device *d = &b->devices[0];
    d->name = d->owner = d->tenant = d->meter_no = d->accuracy_class = name;
    assert_int_equal(site_diff(a, b, keep, &l), 1);
    assert_int_equal(strlen(l.text), DIFF_LINE_MAX); /* with its newline */
    assert_string_equal(l.text + DIFF_LINE_MAX - 4, "...\n");
    site_free(a);
    site_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_means_the_same_is_no_difference),
        cmocka_unit_test(changes_name_old_and_new),
        cmocka_unit_test(added_and_removed),
        cmocka_unit_test(secrets_are_named_only),
        cmocka_unit_test(a_profile_differs_by_its_points),
        cmocka_unit_test(a_long_line_ends_with_dots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
