/* One mistake at a time in a site file: one message, at its place, with words that help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_fixture.h"

static const char base[] =
    "site:\n"
    "  id: demo\n"
    "  district: area-1\n"
    "links:\n"
    "  - {id: tcp1, tcp: \"127.0.0.1:502\"}\n"
    "  - {id: bus1, rtu: /dev/ttyS1, baud: 9600, parity: even, stop_bits: 1}\n"
    "devices:\n"
    "  - {id: grid, link: tcp1, unit: 1, profile: meter, role: grid, poll_ms: 1000}\n"
    "  - {id: load1, link: bus1, unit: 2, profile: meter, role: load, parent: grid}\n"
    "  - {id: pv1, link: tcp1, unit: 3, profile: inverter, role: pv, parent: load1}\n"
    "  - {id: bms, link: tcp1, unit: 4, profile: bms, role: battery, soc_min: 5, soc_max: 95}\n"
    "virtual:\n"
    "  - {id: rest, role: load, sum: [+grid.active_power, -load1.active_power]}\n"
    "store: {path: busbar.db, budget_mb: 2048}\n"
    "mqtt: {url: \"mqtt://127.0.0.1:1883\", ack: puback}\n"
    "web: {listen: \"127.0.0.1:8080\"}\n";

static void base_is_good(void **state) {
    (void)state;
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    assert_int_equal(load_text(base, &e, &s), ERR_OK);
    assert_int_equal(e.total, 0);
    site_free(s);
    config_errors_free(&e);
}

static void check_all(const struct mistake *m, size_t n) {
    for (size_t i = 0; i < n; i++, m++) {
        struct config_errors e;
        struct site *s = NULL;
        size_t line, column;
        char *text = mistake_text(base, m, &line, &column);
        config_errors_init(&e);
        assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
        assert_null(s);
        assert_one_error(&e, "s.yaml", line, column, m);
        config_errors_free(&e);
        free(text);
    }
}

#define CHECK(list) check_all(list, sizeof(list) / sizeof((list)[0]))

static void keys_and_types(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"poll_ms: 1000", "^poll_sm: 1000",
         "unknown key 'poll_sm' in a device; did you mean 'poll_ms'"},
        {"store:", "^stroe:", "did you mean 'store'"},
        {"poll_ms: 1000", "^zzzzzzz: 1", "see docs/configuration.md"},
        {"poll_ms: 1000", "^unit: 9", "'unit' stands twice, first in line 8"},
        {"  id: demo\n  district: area-1\n", "  ^id: demo\n", "site needs the key 'district'"},
        {"poll_ms: 1000", "poll_ms: ^fast", "needs a whole number, not 'fast'"},
        {"poll_ms: 1000", "poll_ms: ^\"1000\"", "take the quotes away"},
        {"poll_ms: 1000", "poll_ms: ^[1]", "a single value, not a list"},
        {"poll_ms: 1000", "poll_ms: ^~", "has no value"},
        {"poll_ms: 1000", "poll_ms: ^99", "out of range; give 100 to 3600000"},
        {"poll_ms: 1000", "poll_ms: ^3600001", "out of range"},
        {"poll_ms: 1000", "poll_ms: ^12.5", "needs a whole number"},
        {"poll_ms: 1000", "ct_ratio: ^x80", "needs a number, not 'x80'"},
        {"poll_ms: 1000", "ct_ratio: ^.nan", "needs a number"},
        {"poll_ms: 1000", "ct_ratio: ^1e999", "needs a number"},
        {"poll_ms: 1000", "ct_ratio: ^0", "out of range"},
        {"poll_ms: 1000", "enabled: ^yes", "use one of false, true"},
        {"poll_ms: 1000", "sign: ^0", "sign is 1 or -1"},
        {"poll_ms: 1000", "calibrated_until: ^2026-02-30", "is not a date"},
        {"poll_ms: 1000", "name: ^\"a\\0b\"", "NUL character"},
        {"poll_ms: 1000", "name: ^\"a\\eb\"", "control character"},
        {"poll_ms: 1000", "protocol: ^dlt645", "use one of modbus"},
        {"poll_ms: 1000", "? ^[a] : b", "a key must be a word"},
        {"id: demo", "id: ^Demo", "is not an id"},
        {"id: demo", "id: ^abcdefghijklmnopqrstuvwxyz-0123456", "1 to 32"},
        {"{path: busbar.db, budget_mb: 2048}", "^12", "store needs keys and values"},
        {"[+grid.active_power, -load1.active_power]", "^grid.active_power", "sum needs a list"},
    };
    CHECK(list);
}

static void site_links_and_settings(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"  id: demo", "  id: demo\n  timezone: ^Asia/Shangai",
         "timezone 'Asia/Shangai' is unknown"},
        {"  id: demo", "  id: demo\n  timezone: ^../../etc/passwd", "is unknown"},
        {"  id: demo", "  id: demo\n  uscc: ^9141080", "18 digits"},
        {"  id: demo", "  id: demo\n  industry_code: ^abc", "GB/T 4754"},
        {"  id: demo", "  id: demo\n  transformer_kva: ^-1", "out of range"},
        {"tcp: \"127.0.0.1:502\"", "tcp: ^\"meter.lan:502\"", "would stall the polling"},
        {"tcp: \"127.0.0.1:502\"", "tcp: ^\"127.0.0.1:70000\"", "port '70000' is not 1 to 65535"},
        {"tcp: \"127.0.0.1:502\"", "tcp: ^\"fe80::1:502\"", "[fe80::1]:502"},
        {"tcp: \"127.0.0.1:502\"", "rtu_over_tcp: ^\"127.0.0.1\"", "has no port"},
        {"{id: tcp1, tcp: \"127.0.0.1:502\"}", "^{id: tcp1}", "one of tcp, rtu, rtu_over_tcp"},
        {"\"127.0.0.1:502\"}", "\"127.0.0.1:502\", baud: ^9600}", "baud is for rtu links"},
        {"baud: 9600", "baud: ^9601", "is not a serial speed"},
        {"parity: even", "parity: ^evn", "did you mean 'even'"},
        {"stop_bits: 1", "stop_bits: ^3", "out of range"},
        {"rtu: /dev/ttyS1", "rtu: ^COM1", "is not the path of a serial port"},
        {"stop_bits: 1}", "stop_bits: 1}\n  - {id: ^tcp1, tcp: \"10.0.0.1\"}", "stands twice"},
        {"stop_bits: 1}", "stop_bits: 1}\n  - ^{id: tcp2, tcp: localhost}",
         "same place as the link in line 5"},
        {"stop_bits: 1}", "stop_bits: 1}\n  - ^{id: bus2, rtu: /dev/ttyS1}", "same place"},
        {"budget_mb: 2048", "budget_mb: ^1", "out of range"},
        {"\"mqtt://127.0.0.1:1883\"", "^\"tcp://127.0.0.1\"", "is not mqtt://"},
        {"\"mqtt://127.0.0.1:1883\"", "^\"mqtt://u:p@h\"", "password_file"},
        {"\"mqtt://127.0.0.1:1883\"", "^\"mqtt://h/topic\"", "topics are fixed"},
        {"ack: puback", "ack: ^pubakc", "did you mean 'puback'"},
        {"ack: puback", "ca_file: ^/tmp", "write url as mqtts://"},
        {"{url: \"mqtt://127.0.0.1:1883\", ack: puback}",
         "^{url: \"mqtts://h\", key_file: /dev/null}", "go together"},
        {"\"127.0.0.1:8080\"", "^\"0.0.0.0:8080\"", "open to the network; add users_file"},
        {"\"127.0.0.1:8080\"", "^\"127.0.0.1\"", "has no port"},
        {"web:", "alerts: {quiet: [^\"25:00-06:00\"]}\nweb:", "is not a span of the day"},
        {"web:", "alerts: {thresholds: ^high}\nweb:", "thresholds needs {A01"},
        {"web:", "accounts: [{id: a, metering_points: [{id: p, device: ^gird}]}]\nweb:",
         "did you mean 'grid'"},
        {"web:", "accounts: [{id: a}, {id: ^a}]\nweb:", "account id 'a' is taken"},
        {"web:", "accounts: [{id: a, billing_day: ^31}]\nweb:", "out of range"},
        {"web:",
         "accounts: [{id: a, contract_demand: [{from: 2026-02-01, kw: 1}, {from: ^2026-01-01, kw: "
         "2}]}]\nweb:",
         "oldest first"},
    };
    CHECK(list);
}

static void names_between_sections(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"id: bms", "id: ^grid", "device id 'grid' stands twice, first in line 8"},
        {"id: bms", "id: ^site", "stands for the site itself"},
        {"id: rest", "id: ^pv1", "virtual id 'pv1' stands twice, first in line 10"},
        {"link: bus1", "link: ^bsu1",
         "link names 'bsu1', which is not in links; did you mean 'bus1'"},
        {"link: bus1, unit: 2", "link: bus1, unit: ^248", "give 0 to 247"},
        {"unit: 3", "unit: ^256", "give 0 to 255"},
        {"unit: 3", "unit: ^1", "unit 1 of link 'tcp1' is device 'grid' already, in line 8"},
        {"profile: bms", "profile: ^bmss",
         "profile 'bmss' is not there; looked for ./profiles/bmss.yaml"},
        {"profile: bms", "profile: ^../secret", "is not a profile's name"},
        {"profile: bms", "profile: ^bms.yaml", "without folder and .yaml"},
        {"profile: bms, role: battery", "profile: bms, role: ^pv", "cannot be a pv, only: battery"},
        {"profile: inverter, role: pv", "profile: inverter, role: ^load", "cannot be a load"},
        {"role: battery", "role: ^batery", "did you mean 'battery'"},
        {"parent: load1", "parent: ^laod1",
         "parent names the device 'laod1', which is not there; did you mean 'load1'"},
        {"parent: load1", "parent: ^bms", "a pv cannot stand below a battery"},
        {"parent: load1", "parent: ^load1.pv", "is not one feed of that device"},
        {"parent: load1", "parent: ^pv1", "stands above itself"},
        {"poll_ms: 1000", "parent: ^load1", "stands above itself"},
        {"role: pv, parent: load1",
         "role: pv, parent: load1}\n  - {id: pv3, link: tcp1, unit: 9, profile: inverter, role: "
         "pv, parent: pv1, counted: ^true",
         "count one energy twice"},
        {"soc_min: 5", "soc_min: ^96", "less than soc_max"},
        {"-load1.active_power", "^-load1.activ_power", "did you mean 'load1.active_power.total'"},
        {"-load1.active_power", "^-load2.active_power", "whose device is not there"},
        {"-load1.active_power", "^-grid.active_power", "stands twice in the sum"},
        {"-load1.active_power", "^-load1.voltage.l1", "sum points of one unit"},
        {"[+grid.active_power, -load1.active_power]", "^[]", "sum is empty"},
        {"poll_ms: 1000",
         "ratios_from: [{from: 2026-02-01, ct_ratio: 1}, ^{from: 2026-02-01, ct_ratio: 2}]",
         "ratios_from 2026-02-01 does not follow the one before it; list them oldest first"},
        {"poll_ms: 1000", "ratios_from: [^{from: 2026-02-01}]",
         "changes nothing; give ct_ratio, pt_ratio or both"},
        {"poll_ms: 1000", "ratios_from: [^{ct_ratio: 2}]", "needs the key 'from'"},
        {"poll_ms: 1000", "ratios_from: [{from: ^2026-02-30, ct_ratio: 2}]", "is not a date"},
        {"poll_ms: 1000", "ratios_from: [{from: 2026-02-01, ct_ratio: ^0}]", "out of range"},
    };
    CHECK(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_is_good),
        cmocka_unit_test(keys_and_types),
        cmocka_unit_test(site_links_and_settings),
        cmocka_unit_test(names_between_sections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
