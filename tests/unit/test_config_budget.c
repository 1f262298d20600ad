/* The carbon budget and the limits of self-use: what a site may say, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/diff.h"
#include "config_fixture.h"

#define REST                                                                                       \
    "}\nlinks: [{id: l, tcp: 127.0.0.1}]\n"                                                        \
    "devices: [{id: grid1, link: l, unit: 1, profile: meter, role: grid}]\n"
#define SITE "site: {id: demo, district: area-1"

static struct site *load(const char *text) {
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    int err = load_text(text, &e, &s);
    for (size_t i = 0; err < 0 && i < e.count; i++)
        print_error("%s\n", e.text[i]);
    assert_int_equal(err, ERR_OK);
    config_errors_free(&e);
    return s;
}

static bool is(double a, double b) {
    return fabs(a - b) < 1e-9;
}

static void nothing_is_said(void **state) {
    (void)state;
    struct site *s = load(SITE REST);
    assert_false(s->carbon_budget.by_month);
    assert_true(isnan(s->carbon_budget.year_t));
    assert_true(s->self_use.applies);
    assert_true(is(s->self_use.of_available_pct, 60));
    assert_true(is(s->self_use.of_consumption_pct, 30));
    assert_true(is(s->self_use.export_pct, 20));
    site_free(s);
}

static void a_year_or_its_months(void **state) {
    (void)state;
    struct site *s = load(SITE ", carbon_budget_t: 3650.5" REST);
    assert_false(s->carbon_budget.by_month);
    assert_true(is(s->carbon_budget.year_t, 3650.5));
    site_free(s);
    s = load(SITE ", carbon_budget_t: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]" REST);
    assert_true(s->carbon_budget.by_month);
    assert_true(is(s->carbon_budget.month_t[0], 1));
    assert_true(is(s->carbon_budget.month_t[11], 12));
    site_free(s);
    s = load(SITE ", self_use: {of_consumption_pct: 0, export_pct: 5}" REST);
    assert_true(is(s->self_use.of_available_pct, 60));
    assert_true(is(s->self_use.of_consumption_pct, 0));
    assert_true(is(s->self_use.export_pct, 5));
    site_free(s);
}

static void mistakes(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"1000", "^-1", "out of range"},
        {"1000", "^much", "carbon_budget_t"},
        {"1000", "^[1, 2, 3]", "has 3 numbers; give one of the year, or twelve"},
        {"1000", "^[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]", "has 13 numbers"},
        {"1000", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ^-12]", "out of range"},
        {"export_pct: 5", "export_pct: ^101", "out of range"},
        {"export_pct: 5", "^exports_pct: 5", "unknown key 'exports_pct' in self_use"},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct config_errors e;
        struct site *s = NULL;
        size_t line, column;
        char *text = mistake_text(SITE ", carbon_budget_t: 1000, self_use: {export_pct: 5}" REST,
                                  &list[i], &line, &column);
        config_errors_init(&e);
        assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
        assert_one_error(&e, "s.yaml", line, column, &list[i]);
        config_errors_free(&e);
        free(text);
    }
}

static void keep(void *arg, const char *line) {
    char *text = arg;
    size_t n = strlen(text);
    snprintf(text + n, 1000 - n, "%s\n", line);
}

static void a_change_is_told(void **state) {
    (void)state;
    char text[1000] = "";
    struct site *a = load(SITE ", carbon_budget_t: 1000" REST);
    struct site *b = load(SITE ", carbon_budget_t: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],"
                               " self_use: {export_pct: 5}" REST);
    assert_int_equal(site_diff(a, b, keep, text), 1);
    assert_string_equal(text,
                        "~ site: carbon_budget_t 1000 -> 1 2 3 4 5 6 7 8 9 10 11 12, self_use "
                        "export_pct 20 -> 5\n");
    site_free(a);
    site_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_said),
        cmocka_unit_test(a_year_or_its_months),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(a_change_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
