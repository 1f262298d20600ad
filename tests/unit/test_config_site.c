/* A full, valid site file: every value arrives, names become indexes, feeds get sign and counters.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_fixture.h"

static struct config_errors errors;
static struct site *site;

static int load_full(void **state) {
    (void)state;
    config_errors_init(&errors);
    int result = config_load_site(CONFIG_DATA "/full.yaml", CONFIG_DATA, &errors, &site);
    if (result < 0) {
        config_errors_print(&errors, stderr);
    }
    return result;
}

static int unload(void **state) {
    (void)state;
    site_free(site);
    config_errors_free(&errors);
    return 0;
}

static bool is(double a, double b) {
    return fabs(a - b) < 1e-9;
}

static const struct device *device(const char *id) {
    for (size_t i = 0; i < site->device_count; i++) {
        if (strcmp(site->devices[i].id, id) == 0) {
            return &site->devices[i];
        }
    }
    fail_msg("no device %s", id);
    return NULL;
}

static const struct feed *feed(const char *id) {
    for (size_t i = 0; i < site->feed_count; i++) {
        if (strcmp(site->feeds[i].id, id) == 0) {
            return &site->feeds[i];
        }
    }
    fail_msg("no feed %s", id);
    return NULL;
}

static const char *point(int32_t i) {
    return i < 0 ? "none" : site->points[i].id;
}

static void site_section(void **state) {
    (void)state;
    assert_string_equal(site->id, "tianxi");
    assert_string_equal(site->gateway, "gw2");
    assert_string_equal(site->name, "天玺恒祥超硬材料智慧谷");
    assert_string_equal(site->district, "jiaozuo-gxq");
    assert_string_equal(site->uscc, "91410800MA9K1XYT2R");
    assert_string_equal(site->industry_code, "C3099");
    assert_string_equal(site->timezone, "Asia/Shanghai");
    assert_true(site->export_allowed);
    assert_string_equal(site->tariff, "works-2024");
    assert_string_equal(site->carbon, "works");
    assert_true(is(site->transformer_kva, 4000)); /* both transformers of the account */
    assert_true(is(site->contract_demand_kw, 3200));
    assert_true(is(site->green.contract_kwh_year, 1.2e6));
    assert_true(is(site->green.certificates_year, 500));
    assert_true(is(site->green.bundled_certificates_year, 200));
    assert_true(is(site->green.own_pv_sold_kwh_year, 30000));
    assert_string_equal(site->store.path, CONFIG_DATA "/data/busbar.db");
    assert_int_equal(site->store.budget_bytes, 512ull * 1024 * 1024);
    assert_string_equal(site->web.listen, "[::1]:8080");
    assert_int_equal(strlen(site->config_hash), 16);
}

static void links(void **state) {
    (void)state;
    assert_int_equal(site->link_count, 5);
    const struct link_def *l = site->links;
    assert_int_equal(l[0].kind, LINK_TCP);
    assert_string_equal(l[0].host, "192.168.10.5");
    assert_int_equal(l[0].port, 502);
    assert_int_equal(l[0].timeout_ms, 800);
    assert_int_equal(l[0].connect_gap_ms, 100);
    assert_int_equal(l[1].kind, LINK_RTU);
    assert_string_equal(l[1].path, "/dev/ttyS1");
    assert_int_equal(l[1].baud, 19200);
    assert_int_equal(l[1].parity, 'O');
    assert_int_equal(l[1].stop_bits, 2);
    assert_int_equal(l[2].baud, 9600);
    assert_int_equal(l[2].parity, 'N');
    assert_int_equal(l[2].timeout_ms, 1000);
    assert_int_equal(l[3].kind, LINK_RTU_OVER_TCP);
    assert_string_equal(l[3].host, "fe80::1");
    assert_int_equal(l[3].port, 8899);
    assert_int_equal(l[3].connect_gap_ms, 1500); /* its inverter asks for it */
    assert_string_equal(l[4].host, "localhost");
}

static void devices(void **state) {
    (void)state;
    const struct device *grid = device("grid");
    assert_string_equal(grid->name, "10 kV 进线");
    assert_int_equal(grid->unit, 0);
    assert_int_equal(grid->poll_ms, 500);
    assert_int_equal(grid->timeout_ms, 300);
    assert_int_equal(grid->request_gap_ms, 5); /* the link's */
    assert_true(is(grid->ct_ratio, 80) && is(grid->pt_ratio, 100) && is(grid->rated_kw, 4000));
    assert_true(isnan(grid->rated_kwp) && isnan(grid->soc_min));
    assert_string_equal(grid->accuracy_class, "0.5S");
    assert_string_equal(grid->calibrated_until, "2028-06-30");
    assert_string_equal(grid->meter_no, "0099");
    assert_true(grid->enabled && grid->counted && !grid->flexible);
    assert_int_equal(grid->parent, SITE_NONE);
    assert_int_equal(grid->sign, 1);
    assert_int_equal(device("grid2")->unit, 255);
    assert_true(isnan(device("grid2")->ct_ratio));
    assert_int_equal(device("grid2")->timeout_ms, 800);
    assert_string_equal(site->devices[device("feeder1a")->parent].id, "feeder1");
    assert_int_equal(device("feeder1")->sign, -1);
    assert_true(device("feeder1")->flexible);
    assert_int_equal(device("pv1")->request_gap_ms, 30); /* the profile's */
    assert_int_equal(device("pv2")->request_gap_ms, 7);  /* its own */
    assert_true(device("grid")->profile == device("pv2")->profile);
    assert_false(device("sun")->enabled);
    assert_true(is(device("pcs")->capacity_kwh, 600) && is(device("pcs")->soc_max, 95));
    const struct device *pv1 = device("pv1");
    assert_string_equal(site->points[pv1->point_base].id, "pv1.active_power.l1");
    assert_string_equal(point(feed("hybrid.storage")->soc), "hybrid.storage.soc");
}

/* 2026-01-01 and 2026-06-01 are days 20454 and 20605 (python: date.toordinal() - 719163). */
static void ratio_steps(void **state) {
    (void)state;
    const struct device *pv1 = device("pv1");
    assert_int_equal(pv1->ratio_count, 2);
    assert_int_equal(pv1->ratios[0].from_day, 20454);
    assert_true(is(pv1->ratios[0].ct_ratio, 1) && isnan(pv1->ratios[0].pt_ratio));
    assert_int_equal(pv1->ratios[1].from_day, 20605);
    assert_true(is(pv1->ratios[1].ct_ratio, 2) && is(pv1->ratios[1].pt_ratio, 1));
    assert_int_equal(device("grid")->ratio_count, 0);
}

static void account(void **state) {
    (void)state;
    assert_int_equal(site->account_count, 1);
    const struct account *a = &site->accounts[0];
    assert_string_equal(a->id, "main");
    assert_string_equal(a->account_no, "4108000123");
    assert_true(a->billing_given);
    assert_int_equal(a->billing, BILLING_CONTRACT_DEMAND);
    assert_string_equal(a->tariff_id, "works-2024");
    assert_null(a->tariff);
    assert_true(is(a->capacity_kva, 4000));
    assert_int_equal(site->transformer_count, 2);
    assert_int_equal(site->transformers[0].feed, SITE_NONE);
    assert_string_equal(site->feeds[site->transformers[1].feed].id, "feeder1");
    assert_int_equal(site->metering_point_count, 1);
    const struct metering_point *p = &site->metering_points[0];
    assert_string_equal(site->feeds[p->feed].id, "grid");
    assert_string_equal(site->feeds[p->check_feed].id, "grid2");
    assert_true(is(p->line_limit_kva, 6000));
}

static void mqtt(void **state) {
    (void)state;
    const struct mqtt_settings *m = &site->mqtt;
    assert_true(m->configured && m->tls && m->minute_devices);
    assert_string_equal(m->host, "broker.example.org");
    assert_int_equal(m->port, 8883);
    assert_string_equal(m->ca_file, "/etc/busbar/ca.pem");
    assert_string_equal(m->key_file, CONFIG_DATA "/key.pem");
    assert_string_equal(m->password_file, CONFIG_DATA "/password");
    assert_string_equal(m->username, "gw");
    assert_string_equal(m->client_id, "busbar-1");
    assert_int_equal(m->live_s, 10);
    assert_int_equal(m->backlog_per_s, 50);
    assert_int_equal(m->ack, ACK_PLATFORM);
}

struct expected_feed {
    const char *id;
    enum role role;
    const char *parent, *power, *forward, *reverse;
    double sign;
    bool counted;
};

static void feeds(void **state) {
    (void)state;
    static const struct expected_feed expected[] = {
        /* a meter: P > 0 is import; the counter with a name of its own does not count */
        {"grid", ROLE_GRID, NULL, "grid.active_power.total", "grid.energy_import",
         "grid.energy_export", 1, true},
        /* detail of a parent of the same role */
        {"grid2", ROLE_GRID, "grid", "grid2.active_power.total", "grid2.energy_import",
         "grid2.energy_export", 1, false},
        /* wired the other way round */
        {"feeder1", ROLE_LOAD, NULL, "feeder1.active_power.total", "feeder1.energy_export",
         "feeder1.energy_import", -1, true},
        {"feeder1a", ROLE_LOAD, "feeder1", "feeder1a.active_power.total", "feeder1a.energy_import",
         "feeder1a.energy_export", 1, false},
        /* an inverter: P > 0 is generation; power only by phase */
        {"pv1", ROLE_PV, "feeder1", "none", "pv1.energy_export", "pv1.energy_import", 1, true},
        /* a meter that measures generation reads it as positive */
        {"pv2", ROLE_PV, NULL, "pv2.active_power.total", "pv2.energy_import", "pv2.energy_export",
         1, true},
        {"hybrid.pv", ROLE_PV, "grid", "hybrid.pv.active_power", "hybrid.pv.pv_energy", "none", 1,
         true},
        {"hybrid.storage", ROLE_STORAGE, "grid", "hybrid.storage.charge_power",
         "hybrid.storage.discharge_energy", "hybrid.storage.charge_energy", -1, true},
        /* the hybrid's own view of the incomer that grid measures */
        {"hybrid.grid", ROLE_GRID, "grid", "hybrid.grid.active_power", "hybrid.grid.energy_import",
         "none", 1, false},
        {"pcs", ROLE_STORAGE, NULL, "pcs.active_power", "pcs.discharge_energy", "pcs.charge_energy",
         1, true},
        {"bms", ROLE_BATTERY, "pcs", "none", "none", "none", 1, false},
        {"sun", ROLE_ENVIRONMENT, NULL, "none", "none", "none", 1, false},
        {"tie1", ROLE_TIE, NULL, "tie1.active_power.total", "tie1.energy_import",
         "tie1.energy_export", 1, false},
    };
    assert_int_equal(site->feed_count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < site->feed_count; i++) {
        const struct expected_feed *x = &expected[i];
        const struct feed *f = feed(x->id);
        assert_int_equal(f->role, x->role);
        assert_string_equal(point(f->power), x->power);
        assert_string_equal(point(f->forward), x->forward);
        assert_string_equal(point(f->reverse), x->reverse);
        assert_true(is(f->power_sign, x->sign));
        assert_int_equal(f->counted, x->counted);
        assert_int_equal(f->reactive_power, SITE_NONE); /* no profile of these has any */
        assert_int_equal(f->reactive_import, SITE_NONE);
        assert_int_equal(f->reactive_quadrant[3], SITE_NONE);
        assert_string_equal(f->parent >= 0 ? site->feeds[f->parent].id : "none",
                            x->parent != NULL ? x->parent : "none");
    }
    assert_string_equal(point(feed("pv1")->power_phase[2]), "pv1.active_power.l3");
    assert_int_equal(feed("grid")->power_phase[0], SITE_NONE);
    assert_string_equal(point(feed("bms")->soc), "bms.soc");
}

static void virtual_sums(void **state) {
    (void)state;
    assert_int_equal(site->virtual_count, 1);
    const struct virtual_def *v = &site->virtuals[0];
    assert_string_equal(v->id, "workshop");
    assert_int_equal(v->role, ROLE_LOAD);
    assert_int_equal(v->term_count, 2);
    assert_string_equal(point(v->terms[0].point), "feeder1.active_power.total");
    assert_true(is(v->terms[0].sign, -1)); /* +, turned by the device's own sign */
    assert_string_equal(point(v->terms[1].point), "feeder1a.active_power.total");
    assert_true(is(v->terms[1].sign, -1));
}

static void warnings_do_not_fail(void **state) {
    (void)state;
    assert_int_equal(errors.count, errors.warnings);
    assert_int_equal(errors.warnings, 11);
    assert_non_null(strstr(errors.text[0], "full.yaml:10:11: warning: tariff 'works-2024' has no "
                                           "file: cost stays null"));
}

static const char small[] = "site: {id: a, district: b}\n"
                            "links: [{id: l, tcp: 127.0.0.1}]\n"
                            "devices: [{id: d, link: l, unit: 1, profile: bms, role: battery}]\n";

static void defaults(void **state) {
    (void)state;
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    assert_int_equal(load_text(small, &e, &s), ERR_OK);
    assert_int_equal(e.total, 0);
    assert_string_equal(s->gateway, "gw1");
    assert_string_equal(s->name, "a");
    assert_string_equal(s->timezone, "Asia/Shanghai");
    assert_true(isnan(s->transformer_kva) && isnan(s->contract_demand_kw));
    assert_null(s->tariff);
    assert_string_equal(s->store.path, "busbar.db");
    assert_int_equal(s->store.budget_bytes, 2048ull * 1024 * 1024);
    assert_false(s->mqtt.configured);
    assert_int_equal(s->mqtt.live_s, 5);
    assert_int_equal(s->mqtt.ack, ACK_PUBACK);
    assert_null(s->web.listen);
    assert_int_equal(s->account_count, 0); /* no incomer, no contract */
    assert_true(is(s->green.contract_kwh_year, 0) && is(s->green.own_pv_sold_kwh_year, 0));
    assert_string_equal(s->devices[0].name, "d");
    assert_int_equal(s->devices[0].poll_ms, 1000);
    site_free(s);
    config_errors_free(&e);
}

/* Turning a meter turns P and Q: quadrant 1 is 3, 2 is 4, import is export. */
static void reactive_counters(void **state) {
    (void)state;
    static const char *const expected[2][7] = {
        {"a.reactive_energy_q1", "a.reactive_energy_q2", "a.reactive_energy_q3",
         "a.reactive_energy_q4", "a.reactive_energy_import", "a.reactive_energy_export",
         "a.reactive_power.total"},
        {"b.reactive_energy_q3", "b.reactive_energy_q4", "b.reactive_energy_q1",
         "b.reactive_energy_q2", "b.reactive_energy_export", "b.reactive_energy_import",
         "b.reactive_power.total"}};
    struct config_errors e;
    struct site *s = NULL;
    config_errors_init(&e);
    assert_int_equal(
        load_text("site: {id: a, district: b}\n"
                  "links: [{id: l, tcp: 127.0.0.1}]\n"
                  "devices:\n"
                  "- {id: a, link: l, unit: 1, profile: meter4q, role: grid}\n"
                  "- {id: b, link: l, unit: 2, profile: meter4q, role: load, sign: -1}\n",
                  &e, &s),
        ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        const struct feed *f = &s->feeds[i];
        for (size_t q = 0; q < 4; q++) {
            assert_string_equal(s->points[f->reactive_quadrant[q]].id, expected[i][q]);
        }
        assert_string_equal(s->points[f->reactive_import].id, expected[i][4]);
        assert_string_equal(s->points[f->reactive_export].id, expected[i][5]);
        assert_string_equal(s->points[f->reactive_power].id, expected[i][6]);
    }
    site_free(s);
    config_errors_free(&e);
}

static void hash_tells_files_apart(void **state) {
    (void)state;
    char hash[3][17];
    for (int i = 0; i < 3; i++) {
        struct config_errors e;
        struct site *s = NULL;
        char text[sizeof small + 1];
        snprintf(text, sizeof text, "%s%s", small, i == 2 ? "\n" : "");
        config_errors_init(&e);
        assert_int_equal(load_text(text, &e, &s), ERR_OK);
        memcpy(hash[i], s->config_hash, sizeof hash[i]);
        site_free(s);
        config_errors_free(&e);
    }
    assert_string_equal(hash[0], hash[1]);
    assert_string_not_equal(hash[0], hash[2]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(site_section),
        cmocka_unit_test(links),
        cmocka_unit_test(devices),
        cmocka_unit_test(ratio_steps),
        cmocka_unit_test(account),
        cmocka_unit_test(mqtt),
        cmocka_unit_test(feeds),
        cmocka_unit_test(virtual_sums),
        cmocka_unit_test(warnings_do_not_fail),
        cmocka_unit_test(defaults),
        cmocka_unit_test(reactive_counters),
        cmocka_unit_test(hash_tells_files_apart),
    };
    return cmocka_run_group_tests(tests, load_full, unload);
}
