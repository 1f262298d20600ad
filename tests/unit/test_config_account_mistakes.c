/* One mistake at a time in accounts and green: one message, at its place, with words that help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account_texts.h"
#include "config_fixture.h"

/* One mistake at a time in the two accounts. */
static void check_all(const struct mistake *m, size_t n) {
    for (size_t i = 0; i < n; i++, m++) {
        struct config_errors e;
        struct site *s = NULL;
        size_t line, column;
        char *text = mistake_text(two, m, &line, &column);
        config_errors_init(&e);
        assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
        assert_one_error(&e, "s.yaml", line, column, m);
        config_errors_free(&e);
        free(text);
    }
}

#define CHECK(list) check_all(list, sizeof(list) / sizeof((list)[0]))

static void mistakes_in_values(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"billing: actual_demand", "billing: ^actual", "cannot be 'actual'; use one of capacity"},
        {"billing_day: 26", "billing_day: ^29", "give 1 to 28"},
        {"pf_standard: 0.85", "pf_standard: ^85", "give 0.5 to 1"},
        {"pf_standard: 0.85", "^pf_standrad: 0.85", "did you mean 'pf_standard'"},
        {"[q1, q2, q3]", "[q1, ^q5]", "use one of q1, q2, q3, q4"},
        {"[q1, q2, q3]", "[q1, q2, ^q1]", "q1 stands twice in pf_reactive"},
        {"[q1, q2, q3]", "^[]", "pf_reactive is empty; leave it out for [q1, q4]"},
        {"demand_combination: coincident", "demand_combination: ^sum", "sum_of_maxima"},
        {"{from: 2026-07-01, kw: 3000}", "{from: ^2026-01-01, kw: 3000}",
         "contract_demand from 2026-01-01 does not follow the one before it"},
        {"{from: 2026-07-01, kw: 3000}", "^{from: 2026-07-01}", "needs the key 'kw'"},
        {"kw: 3000", "kw: ^0", "kw 0 is out of range"},
        {"from: 2026-07-01", "from: ^July", "is not a date"},
        {"{id: t2, kva: 1500, device: tie}", "^{id: t2}", "needs the key 'kva'"},
        {"p0_w: 2600", "p0_w: ^-1", "out of range"},
        {"standby: true", "standby: ^1", "use one of false, true"},
        {"line_limit_kva: 6000", "line_limit_kva: ^0", "out of range"},
        {"device: grid1, ", "^devise: grid1, device: grid1, ", "did you mean 'device'"},
    };
    CHECK(list);
}

static void mistakes_in_names(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"id: dorm", "id: ^main", "account id 'main' is taken, first in line 2"},
        {"id: t3", "id: ^t1", "transformer id 't1' is taken, first in line 12"},
        {"id: p2", "id: ^p1", "metering point id 'p1' is taken, first in line 15"},
        {"device: grid2", "device: ^gird2",
         "the metering point names the device 'gird2', which is not there; did you mean 'grid2'?"},
        {"check_device: check2", "check_device: ^check3",
         "the check of the metering point names the device 'check3', which is not there"},
        {"device: tie", "device: ^tei", "the transformer names the device 'tei'"},
        {"device: grid2", "device: ^abcdefghijklmnopqrstuvwxyz-0123456.grid", "is not a device id"},
        {"device: grid2", "device: ^hybrid",
         "device 'hybrid' is not one feed of that device; write device.channel"},
        {"device: grid2", "device: ^grid2.pv", "is not one feed"},
        {"device: tie", "device: ^hybrid.wind", "is not one feed"},
    };
    CHECK(list);
}

static void mistakes_in_meters(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"device: grid2", "device: ^load1",
         "'load1' is a load; the meter of metering point 'p2' must have role grid"},
        {"device: grid2", "device: ^grid1",
         "'grid1' is the meter of metering point 'p1' already, in line 15: one energy would count "
         "twice"},
        {"device: grid2", "device: ^check1",
         "'check1' is a detail of its parent; name the incomer above it"},
        {"device: grid2", "device: ^check2",
         "'check2' has counted: false; take that away, or name the incomer that is counted"},
        {"check_device: check2", "check_device: ^load1",
         "'load1' is a load; the check meter of metering point 'p2' must have role grid"},
        {"check_device: check2", "check_device: ^grid2", "'grid2' cannot check itself"},
        {"check_device: check2", "check_device: ^grid1",
         "'grid1' measures what 'grid2' measures and is counted beside it: one energy would count "
         "twice; give 'grid1' parent: grid2, or counted: false"},
        {"check_device: check2", "check_device: ^check1",
         "'check1' checks metering point 'p1' already, in line 15; name another meter"},
        {"device: tie", "device: ^pv",
         "'pv' is a pv; the meter of transformer 't2' is a grid, tie"},
        {"device: tie", "device: ^load1",
         "'load1' is the meter of transformer 't1' already, in line 12; one meter a transformer"},
    };
    CHECK(list);
}

/* A whole text with the mark in it. */
static void assert_refused(const char *marked, const char *words) {
    const struct mistake m = {"", "", words};
    struct config_errors e;
    struct site *s = NULL;
    size_t line, column;
    char *text = mistake_text(marked, &m, &line, &column);
    config_errors_init(&e);
    assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
    assert_one_error(&e, "s.yaml", line, column, &m);
    config_errors_free(&e);
    free(text);
}

#define SITE  "site: {id: demo, district: area-1}\n"
#define GRID2 "metering_points: [{id: q, device: grid2"

static void a_check_meter_of_another_incomer(void **state) {
    (void)state;
    assert_refused(SITE "accounts: [{id: a, " GRID2 ", check_device: ^check1}]}]\n" DEVICES,
                   "'check1' stands below 'grid1', not below 'grid2'; correct its parent");
    assert_refused(SITE "accounts: [{id: a, " GRID2 ", check_device: ^hybrid.grid}]}]\n" DEVICES,
                   "'hybrid.grid' stands below 'grid1'");
}

static void a_meter_that_is_not_enabled(void **state) {
    (void)state;
    static const char off[] = "  - {id: off, link: l, unit: 9, profile: meter, role: grid, "
                              "enabled: false}\n";
    char text[2048];
    snprintf(text, sizeof text, "%s%s%s%s", SITE,
             "accounts: [{id: a, metering_points: [{id: q, device: ^off}]}]\n", DEVICES, off);
    assert_refused(text, "'off' is not enabled; enable it, or take the point out");
    snprintf(text, sizeof text, "%s%s%s%s%s", SITE, "accounts: [{id: a, ",
             GRID2 ", check_device: ^off}]}]\n", DEVICES, off);
    assert_refused(text, "'off' measures what 'grid2' measures");
}

static void an_empty_section(void **state) {
    (void)state;
    assert_refused(SITE "accounts: ^[]\n" DEVICES,
                   "accounts is empty; give an account, or leave the key out");
    assert_refused(SITE "accounts: ^main\n" DEVICES, "accounts needs a list");
}

static void short_and_long_form_contradict(void **state) {
    (void)state;
    assert_refused("site: {id: demo, district: area-1, transformer_kva: ^4000}\n"
                   "accounts: [{id: a, transformers: [{id: t, kva: 3500}]}]\n" DEVICES,
                   "transformer_kva 4000 contradicts accounts, whose transformers have 3500 kVA");
    assert_refused("site: {id: demo, district: area-1, contract_demand_kw: ^800}\n"
                   "accounts: [{id: a, contract_demand: [{from: 2026-01-01, kw: 801}]}]\n" DEVICES,
                   "contract_demand_kw 800 contradicts accounts");
    assert_refused("site: {id: demo, district: area-1, contract_demand_kw: ^800}\n"
                   "accounts: [{id: a, contract_demand: [{from: 2026-01-01, kw: 800},\n"
                   "  {from: 2026-02-01, kw: 800}]}]\n" DEVICES,
                   "contradicts accounts");
    assert_refused("site: {id: demo, district: area-1, transformer_kva: ^4000}\n"
                   "accounts: [{id: a}, {id: b}]\n" DEVICES,
                   "is short for a single account; with 2 accounts write transformers in each");
    assert_refused("site: {id: demo, district: area-1, contract_demand_kw: ^800}\n"
                   "accounts: [{id: a}, {id: b}]\n" DEVICES,
                   "is short for a single account; with 2 accounts write contract_demand in each");
}

static void an_unreadable_transformer_is_one_mistake(void **state) {
    (void)state;
    assert_refused("site: {id: demo, district: area-1, transformer_kva: 4000}\n"
                   "accounts: [{id: a, transformers: [{id: t, kva: ^0}]}]\n" DEVICES,
                   "kva 0 is out of range");
}

/* Room for a list of many items. */
static char *many(const char *head, const char *item, int n, int marked, const char *tail) {
    char *text = calloc(1, 8192);
    assert_non_null(text);
    snprintf(text, 8192, "%s", head);
    for (int i = 0; i < n; i++) {
        size_t used = strlen(text);
        snprintf(text + used, 8192 - used, "%s", i == marked ? "^" : "");
        used = strlen(text);
        snprintf(text + used, 8192 - used, item, i);
    }
    size_t used = strlen(text);
    snprintf(text + used, 8192 - used, "%s", tail);
    return text;
}

static void more_than_a_gateway_takes(void **state) {
    (void)state;
    char *text = many(SITE "accounts: [", "{id: a%d},", 11, 8, "]\n" DEVICES);
    assert_refused(text, "more than 8 accounts; use several gateways");
    free(text);
    text = many(SITE "accounts: [{id: a, transformers: [", "{id: t%d, kva: 1},", 19, 16,
                "]}]\n" DEVICES);
    assert_refused(text, "more than 16 transformers in all accounts");
    free(text);
    text = many(SITE "accounts: [{id: a, metering_points: [", "{id: p%d, device: grid1},", 18, 16,
                "]}]\n" DEVICES);
    assert_refused(text, "more than 16 metering points in all accounts");
    free(text);
    text = many(SITE "links: [{id: l, tcp: 127.0.0.1}]\ndevices: [",
                "{id: g%1$d, link: l, unit: %1$d, profile: meter, role: grid},\n", 18, 16, "]\n");
    assert_refused(text, "more than 16 counted incomers; use several gateways");
    free(text);
}

static void green_supply(void **state) {
    (void)state;
    assert_refused("site: {id: demo, district: area-1, green: {certificates_year: 10,\n"
                   "  bundled_certificates_year: ^11}}\n" DEVICES,
                   "bundled_certificates_year is a part of certificates_year");
    assert_refused("site: {id: demo, district: area-1, green: {certificates_year: ^-1}}\n" DEVICES,
                   "out of range");
    assert_refused("site: {id: demo, district: area-1, green: {^certificate_year: 1}}\n" DEVICES,
                   "unknown key 'certificate_year' in green; did you mean 'certificates_year'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_in_values),
        cmocka_unit_test(mistakes_in_names),
        cmocka_unit_test(mistakes_in_meters),
        cmocka_unit_test(a_check_meter_of_another_incomer),
        cmocka_unit_test(a_meter_that_is_not_enabled),
        cmocka_unit_test(an_empty_section),
        cmocka_unit_test(short_and_long_form_contradict),
        cmocka_unit_test(an_unreadable_transformer_is_one_mistake),
        cmocka_unit_test(more_than_a_gateway_takes),
        cmocka_unit_test(green_supply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
