/* What `busbar check` says: the bus budget of a serial line, and the numbers that stay empty. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "calc/carbon.h"
#include "calc/tariff.h"
#include "config/nearest.h"
#include "config/summary.h"
#include "config_fixture.h"

/* The summary of a site text, to be freed. */
static char *summary_of(const char *text) {
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    int result = load_text(text, &e, &s);
    config_errors_print(&e, stderr);
    assert_int_equal(result, ERR_OK);
    char *out = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&out, &n);
    assert_non_null(f);
    assert_int_equal(config_summary_print(s, f), ERR_OK);
    fclose(f);
    site_free(s);
    config_errors_free(&e);
    return out;
}

static void assert_says(const char *text, const char *words) {
    if (strstr(text, words) == NULL) {
        fail_msg("'%s' is not in:\n%s", words, text);
    }
}

static void budget_adds_shares(void **state) {
    (void)state;
    struct device devices[] = {{.link = 0, .poll_ms = 1000, .enabled = true},
                               {.link = 0, .poll_ms = 500, .enabled = true},
                               {.link = 1, .poll_ms = 1000, .enabled = true},
                               {.link = 0, .poll_ms = 100, .enabled = false}};
    const uint64_t cost_us[] = {200000, 150000, 999999, 50000};
    const struct site s = {.devices = devices, .device_count = 4};
    struct bus_budget b = config_bus_budget(&s, 0, cost_us);
    assert_int_equal(b.devices, 2);
    assert_int_equal(b.cycle_us, 350000);
    assert_int_equal(b.fastest_ms, 500);
    assert_true(fabs(b.load - 0.5) < 1e-9); /* 0.2 + 0.3 */
    assert_int_equal(config_bus_budget(&s, 2, cost_us).devices, 0);
}

static void too_slow_a_line(void **state) {
    (void)state;
    char *out =
        summary_of("site: {id: a, district: b}\n"
                   "links: [{id: bus, rtu: /dev/ttyS1, baud: 1200, parity: N}]\n"
                   "devices:\n"
                   "- {id: d1, link: bus, unit: 1, profile: pcs, role: storage, poll_ms: 200}\n");
    assert_says(out, "rtu /dev/ttyS1 1200 8N1, 1 device\n");
    assert_says(out, "pcs: 5 points in 1 request of 9 registers");
    assert_says(out, "bus              one round of 1 device takes ");
    assert_says(out, "warning: line bus cannot keep up; raise poll_ms to ");
    assert_says(out, "d1: cycles are null without capacity_kwh");
    assert_says(out, "transformer load: null without site.transformer_kva");
    assert_says(out, "grid, load, balance: null without a counted grid device");
    assert_says(out, "demand, cost, power factor: null without a counted grid device");
    assert_says(out, "platform: nothing is sent without mqtt.url");
    free(out);
}

static void enough_time(void **state) {
    (void)state;
    char *out = summary_of(
        "site: {id: a, district: b, transformer_kva: 1000, contract_demand_kw: 800}\n"
        "links: [{id: bus, rtu: /dev/ttyS1, baud: 115200}]\n"
        "devices:\n"
        "- {id: d1, link: bus, unit: 1, profile: meter, role: grid, ct_ratio: 1, pt_ratio: 1}\n"
        "- {id: d2, link: bus, unit: 2, profile: meter, role: load, ct_ratio: 1}\n"
        "mqtt: {url: \"mqtt://h\"}\n");
    assert_says(out, "2 devices");
    assert_says(out, "mqtt to h port 1883");
    assert_says(out, "d2: pt_ratio is neither given nor read; 1 is used");
    assert_null(strstr(out, "warning"));
    assert_null(strstr(out, "d1: pt_ratio"));
    assert_null(strstr(out, "transformer load"));
    assert_says(out, "  main             billed by contract demand, month from day 1;");
    assert_says(out, "    contract       800 kW\n");
    assert_says(out, "    point          p1 at d1\n");
    assert_says(out, "  cost: null without site.tariff");
    assert_says(out, "  carbon: null without site.carbon\n");
    assert_null(strstr(out, "residual"));
    assert_null(strstr(out, "platform:"));
    free(out);
}

#define WORKS                                                                                      \
    "site: {id: a, district: b, carbon: none-c}\n"                                                 \
    "accounts:\n"                                                                                  \
    "- id: main\n"                                                                                 \
    "  account_no: \"4108\"\n"                                                                     \
    "  billing: actual_demand\n"                                                                   \
    "  billing_day: 26\n"                                                                          \
    "  contract_demand: [{from: 2026-01-01, kw: 3200}, {from: 2026-07-01, kw: 3000}]\n"            \
    "  tariff: none-1\n"                                                                           \
    "  transformers: [{id: t1, kva: 2500, device: f}, {id: t2, kva: 1500}]\n"                      \
    "  metering_points:\n"                                                                         \
    "  - {id: p1, device: g1, check_device: c, line_no: 10-3, line_limit_kva: 6000}\n"             \
    "  - {id: p2, device: g2, standby: true, line_limit_kva: 500}\n"                               \
    "- {id: dorm}\n"                                                                               \
    "links: [{id: l, tcp: 127.0.0.1}]\n"                                                           \
    "devices:\n"                                                                                   \
    "- {id: g1, link: l, unit: 1, profile: meter4q, role: grid}\n"                                 \
    "- {id: g2, link: l, unit: 2, profile: meter, role: grid,\n"                                   \
    "   ratios_from: [{from: 2026-01-01, ct_ratio: 80}]}\n"                                        \
    "- {id: c, link: l, unit: 3, profile: meter, role: grid, parent: g1}\n"                        \
    "- {id: f, link: l, unit: 4, profile: meter, role: load}\n"

static void accounts_and_their_gaps(void **state) {
    (void)state;
    char *out = summary_of(WORKS);
    assert_says(out, "accounts\n"
                     "  main             4108, billed by actual demand, month from day 26; "
                     "demand is the sum of its points' maxima; power factor 0.9, reactive q1 q4\n"
                     "    contract       3200 kW from 2026-01-01\n"
                     "    contract       3000 kW from 2026-07-01\n"
                     "    transformer    t1, 2500 kVA, measured by f\n"
                     "    transformer    t2, 1500 kVA, takes its share of the account by kVA\n"
                     "    point          p1 at g1, checked by c, line 10-3 up to 6000 kVA\n"
                     "    point          p2 at g2, line - up to 500 kVA, stands by\n"
                     "    tariff         none-1, has no file\n"
                     "  dorm             billing not given, month from day 1;");
    assert_says(out, "    tariff         none\ncarbon             none-c, has no file\n");
    assert_says(out, "  power factor and its adjustment at p2: null; the profile of g2 has no "
                     "reactive energy\n");
    assert_null(strstr(out, "adjustment at p1"));
    assert_says(out, "  cost of account main: null without the tariff's file\n");
    assert_says(out, "  demand, energy and cost of account dorm: null without metering_points\n");
    assert_says(out, "  transformer load of account dorm: null without");
    assert_says(out, "  demand against contract of account dorm: null without");
    assert_says(out, "  demand or capacity charge of account dorm: null without billing");
    assert_says(out, "  cost of account dorm: null without site.tariff");
    assert_null(strstr(out, "demand against contract of account main"));
    assert_says(out, "  carbon: null without the file of site.carbon\n");
    assert_null(strstr(out, "g2: ct_ratio is neither")); /* a step of ratios_from gives it */
    assert_says(out, "g2: pt_ratio is neither given nor read");
    free(out);
}

/* Files of tariff and factors, put into the loaded site. */
static void tariff_versions_and_newest_factors(void **state) {
    (void)state;
    /* 2024-06-01, 2025-01-01: days 19875, 20089 (python: date.toordinal() - 719163) */
    static const struct tariff_version versions[] = {
        {.from_day = 19875, .to_day = 20089, .verified = true},
        {.from_day = 20089, .to_day = INT32_MAX}};
    static const struct tariff tariff = {
        .id = "works-2024", .versions = versions, .version_count = 2};
    static const struct grid_factor factors[] = {
        {.series = FACTOR_NATIONAL, .area = "land", .year = 2022, .kg_per_kwh = 0.5},
        {.series = FACTOR_PROVINCE, .area = "prov", .year = 2021, .kg_per_kwh = 0.7},
        {.series = FACTOR_PROVINCE, .area = "prov", .year = 2022, .kg_per_kwh = 0.61},
        {.series = FACTOR_PROVINCE,
         .area = "prov",
         .year = 2022,
         .version = 2,
         .kg_per_kwh = 0.6,
         .verified = true},
        {.series = FACTOR_PROVINCE, .area = "prov", .year = 2022, .version = 1, .kg_per_kwh = 0.62},
    };
    static const struct carbon_book book = {.id = "works", .factors = factors, .factor_count = 5};
    struct config_errors e;
    struct site *s = NULL;
    char *out = NULL;
    size_t n = 0;
    config_errors_init(&e);
    assert_int_equal(load_text(WORKS, &e, &s), ERR_OK);
    s->accounts[0].tariff = &tariff;
    s->carbon_book = &book;
    FILE *f = open_memstream(&out, &n);
    assert_non_null(f);
    config_summary_accounts(s, f);
    config_summary_account_gaps(s, f);
    fclose(f);
    assert_says(out, "    tariff         none-1\n"
                     "                   from 2024-06-01 to before 2025-01-01: verified\n"
                     "                   from 2025-01-01: unverified\n");
    assert_says(out, "carbon             none-c\n"
                     "  prov             2022: 0.6 kg/kWh, verified\n"
                     "  land             2022: 0.5 kg/kWh, unverified\n");
    assert_null(strstr(out, "cost of account main"));
    assert_null(strstr(out, "carbon: null"));
    free(out);
    site_free(s);
    config_errors_free(&e);
}

static void check_prints_to_both(void **state) {
    (void)state;
    char *out = NULL, *err = NULL;
    size_t n = 0, m = 0;
    FILE *fo = open_memstream(&out, &n), *fe = open_memstream(&err, &m);
    assert_true(fo != NULL && fe != NULL);
    assert_int_equal(config_check(CONFIG_DATA "/full.yaml", CONFIG_DATA, fo, fe), ERR_OK);
    fflush(fe);
    assert_says(out, "site tianxi (天玺恒祥超硬材料智慧谷), gateway gw2, district jiaozuo-gxq\n");
    assert_says(out, "rtu_over_tcp [fe80::1]:8899");
    assert_says(err, ": warning: ");
    assert_int_equal(config_check("/nowhere.yaml", NULL, fo, fe), ERR_SYNTAX);
    fclose(fo);
    fclose(fe);
    assert_says(err, "/nowhere.yaml: there is no such file");
    free(out);
    free(err);
}

static void nearest_words(void **state) {
    (void)state;
    assert_int_equal(edit_distance("abc", "abc"), 0);
    assert_int_equal(edit_distance("", "abc"), 3);
    assert_int_equal(edit_distance("poll_ms", "pol_ms"), 1);
    assert_int_equal(edit_distance("ab", "ba"), 1);
    assert_int_equal(edit_distance("kitten", "sitting"), 3);
    struct nearest near;
    nearest_init(&near, "baudd");
    nearest_offer(&near, "parity");
    assert_null(nearest_best(&near));
    nearest_offer(&near, "baud");
    assert_string_equal(nearest_best(&near), "baud");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget_adds_shares),
        cmocka_unit_test(too_slow_a_line),
        cmocka_unit_test(enough_time),
        cmocka_unit_test(accounts_and_their_gaps),
        cmocka_unit_test(tariff_versions_and_newest_factors),
        cmocka_unit_test(check_prints_to_both),
        cmocka_unit_test(nearest_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
