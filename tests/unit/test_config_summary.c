/* What `busbar check` says: the bus budget of a serial line, and the numbers that stay empty. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
    assert_null(strstr(out, "residual"));
    assert_null(strstr(out, "platform:"));
    free(out);
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
        cmocka_unit_test(budget_adds_shares), cmocka_unit_test(too_slow_a_line),
        cmocka_unit_test(enough_time),        cmocka_unit_test(check_prints_to_both),
        cmocka_unit_test(nearest_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
