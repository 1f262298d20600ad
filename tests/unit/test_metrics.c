/* /metrics in both of its forms, and /api/v1/delivery. With BUSBAR_BODY_DIR set, the latter's
 * bodies are left there as delivery-<name>.json. */
#include "unit/body_check.h"

#include <math.h>

#include "format/metrics.h"

static char text_memory[48 * 1024];
static struct buf text;

static struct metrics example(void) {
    return (struct metrics){.version = "0.1.0",
                            .config = "0123456789abcdef",
                            .uptime_s = 12.5,
                            .now = 1795399200000, /* python: datetime(2026,11,23,2,tzinfo=utc) */
                            .readings = UINT64_MAX,
                            .samples = 7,
                            .db_bytes = 1048576,
                            .budget_bytes = 2147483648,
                            .days_until_full = 2.0,
                            .last_commit_s = 0.0025,
                            .disk_full = true,
                            .disk_free_bytes = 4096,
                            .refused_blocks = 7,
                            .replacements = 1,
                            .devices_online = 9,
                            .devices_total = 10,
                            .destination = {{.id = "mqtt",
                                             .connected = true,
                                             .in_flight = 20,
                                             .sent = 45,
                                             .acknowledged = 25,
                                             .refused = 1,
                                             .reconnects = 2,
                                             .backlog_known = true,
                                             .backlog_rows = 300,
                                             .oldest_utc_ms = 1795399200000 - 90500},
                                            {.id = "re\"gulator", .error = "status 503"}},
                            .destinations = 2,
                            .webhook = {{.id = "duty",
                                         .connected = true,
                                         .messages = 4,
                                         .alerts = 9,
                                         .failures = 2,
                                         .waiting = 3,
                                         .oldest_utc_ms = 1795399200000 - 30500},
                                        {.id = "idle"}},
                            .webhooks = 2};
}

static const char *written(const struct metrics *m, enum metrics_form form) {
    buf_init(&text, text_memory, sizeof text_memory);
    metrics_write(&text, m, form);
    assert_true(buf_ok(&text));
    return text.data;
}

static void assert_has(const char *all, const char *lines) {
    if (!strstr(all, lines))
        fail_msg("no \"%s\" in\n%s", lines, all);
}

static void a_counter_is_declared_as_each_form_asks(void **state) {
    (void)state;
    const struct metrics m = example();
    const char *om = written(&m, METRICS_OPENMETRICS);
    assert_has(om, "\n# TYPE busbar_readings counter\n"
                   "busbar_readings_total 18446744073709551615\n");
    assert_string_equal(om + strlen(om) - 6, "# EOF\n");
    const char *old = written(&m, METRICS_PROMETHEUS);
    assert_has(old, "\n# HELP busbar_readings_total Polls taken in.\n"
                    "# TYPE busbar_readings_total counter\nbusbar_readings_total 1844");
    assert_null(strstr(old, "EOF"));
}

static void gauges_have_base_units(void **state) {
    (void)state;
    const struct metrics m = example();
    const char *all = written(&m, METRICS_OPENMETRICS);
    assert_has(all, "busbar_build_info{version=\"0.1.0\",config=\"0123456789abcdef\"} 1\n");
    assert_has(all, "\nbusbar_uptime_seconds 12.5\n");
    assert_has(all, "\nbusbar_store_until_full_seconds 172800\n");
    assert_has(all, "\nbusbar_store_last_commit_seconds 0.0025\n");
    assert_has(all, "\nbusbar_store_failing 0\n");
    assert_has(all, "\nbusbar_store_disk_full 1\n");
    assert_has(all,
               "\nbusbar_alerts_open{severity=\"critical\"} NaN\n"); /* the store cannot be read */
    assert_has(all, "\nbusbar_alerts_overdue NaN\n");
    assert_has(all, "\nbusbar_store_disk_free_bytes 4096\n");
    assert_has(all, "\nbusbar_store_blocks_refused_total 7\n");
    assert_has(all, "\nbusbar_store_replacements_total 1\n");
    assert_has(all, "\nbusbar_devices_online 9\n");
}

static void each_destination_has_its_label(void **state) {
    (void)state;
    const struct metrics m = example();
    const char *all = written(&m, METRICS_OPENMETRICS);
    assert_has(all, "busbar_delivery_connected{destination=\"mqtt\"} 1\n"
                    "busbar_delivery_connected{destination=\"re\\\"gulator\"} 0\n");
    assert_has(all, "busbar_delivery_backlog_rows{destination=\"mqtt\"} 300\n"
                    "busbar_delivery_backlog_rows{destination=\"re\\\"gulator\"} NaN\n");
    assert_has(all, "busbar_delivery_backlog_age_seconds{destination=\"mqtt\"} 90.5\n");
    assert_has(all, "busbar_delivery_acknowledged_total{destination=\"mqtt\"} 25\n");
}

static void what_is_not_known_is_nan_and_what_is_not_there_is_left_out(void **state) {
    (void)state;
    struct metrics m = example();
    m.days_until_full = m.last_commit_s = (double)NAN;
    m.budget_bytes = 0;
    m.destinations = 0;
    const char *all = written(&m, METRICS_OPENMETRICS);
    assert_has(all, "\nbusbar_store_until_full_seconds NaN\n");
    assert_has(all, "\nbusbar_store_budget_bytes NaN\n");
    assert_null(strstr(all, "delivery"));
}

static void each_webhook_has_its_label(void **state) {
    (void)state;
    struct metrics m = example();
    const char *all = written(&m, METRICS_OPENMETRICS);
    assert_has(all, "\n# TYPE busbar_webhook_sent counter\n"
                    "busbar_webhook_sent_total{webhook=\"duty\"} 4\n"
                    "busbar_webhook_sent_total{webhook=\"idle\"} 0\n");
    assert_has(all, "busbar_webhook_connected{webhook=\"duty\"} 1\n");
    assert_has(all, "busbar_webhook_alerts_total{webhook=\"duty\"} 9\n");
    assert_has(all, "busbar_webhook_failed_total{webhook=\"duty\"} 2\n");
    assert_has(all, "busbar_webhook_waiting{webhook=\"duty\"} 3\n");
    assert_has(all, "busbar_webhook_waiting_age_seconds{webhook=\"duty\"} 30.5\n"
                    "busbar_webhook_waiting_age_seconds{webhook=\"idle\"} 0\n");
    m.webhooks = 0;
    assert_null(strstr(written(&m, METRICS_PROMETHEUS), "webhook"));
}

static void the_most_there_can_be_fits(void **state) {
    (void)state;
    struct metrics m = example();
    for (m.destinations = 0; m.destinations < METRICS_DESTINATIONS_MAX; m.destinations++) {
        struct metrics_destination *d = &m.destination[m.destinations];
        *d = m.destination[0];
        memset(d->id, '\x01', sizeof d->id - 1); /* six bytes each */
        d->sent = d->acknowledged = d->refused = d->reconnects = d->backlog_rows = UINT32_MAX;
    }
    for (m.webhooks = 0; m.webhooks < METRICS_WEBHOOKS_MAX; m.webhooks++) {
        struct metrics_webhook *w = &m.webhook[m.webhooks];
        *w = m.webhook[0];
        memset(w->id, '\x01', sizeof w->id - 1);
        w->messages = w->alerts = w->failures = w->waiting = UINT32_MAX;
    }
    written(&m, METRICS_OPENMETRICS);
    assert_true(text.len < sizeof text_memory);
}

static void delivery_is_for_people(void **state) {
    (void)state;
    struct metrics m = example();
    buf_reset(&body);
    delivery_write(&body, &m, 8 * 3600);
    check("delivery", "two",
          "{\"v\":1,\"t\":\"2026-11-23T10:00:00+08:00\",\"store\":{\"bytes\":1048576,"
          "\"budget_bytes\":2147483648,\"days_until_full\":2,\"failing\":false},"
          "\"destinations\":[{\"id\":\"mqtt\",\"connected\":true,\"backlog\":{\"rows\":300,"
          "\"age_s\":90.5,\"oldest\":\"2026-11-23T09:58:29.500+08:00\"},\"in_flight\":20,"
          "\"sent\":45,\"acknowledged\":25,\"refused\":1,\"reconnects\":2,\"error\":null},{\"id\":"
          "\"re\\\"gulator\",\"connected\":false,\"backlog\":{\"rows\":null,\"age_s\":null,"
          "\"oldest\":null},\"in_flight\":0,\"sent\":0,\"acknowledged\":0,\"refused\":0,"
          "\"reconnects\":0,\"error\":\"status 503\"}]}");
    m.destination[0].oldest_utc_ms = 0;
    m.destination[0].backlog_rows = 0;
    m.destinations = 1;
    m.budget_bytes = 0;
    m.days_until_full = (double)NAN;
    buf_reset(&body);
    delivery_write(&body, &m, 0);
    check("delivery", "idle",
          "{\"v\":1,\"t\":\"2026-11-23T02:00:00+00:00\",\"store\":{\"bytes\":1048576,"
          "\"budget_bytes\":null,\"days_until_full\":null,\"failing\":false},"
          "\"destinations\":[{\"id\":\"mqtt\",\"connected\":true,\"backlog\":{\"rows\":0,"
          "\"age_s\":0,\"oldest\":null},\"in_flight\":20,\"sent\":45,\"acknowledged\":25,"
          "\"refused\":1,\"reconnects\":2,\"error\":null}]}");
}

static void a_device_with_a_clock_has_a_line(void **state) {
    (void)state;
    struct metrics m = example();
    if (strstr(written(&m, METRICS_OPENMETRICS), "meter_clock"))
        fail_msg("a clock that was never read has a line");
    const struct metrics_clock clocks[] = {{"pv1", -90.0}, {"pv2", (double)NAN}};
    m.clock = clocks;
    m.clocks = 2;
    assert_has(written(&m, METRICS_OPENMETRICS),
               "\n# TYPE busbar_meter_clock_offset_seconds gauge\n"
               "busbar_meter_clock_offset_seconds{device=\"pv1\"} -90\n"
               "busbar_meter_clock_offset_seconds{device=\"pv2\"} NaN\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_with_a_clock_has_a_line),
        cmocka_unit_test(a_counter_is_declared_as_each_form_asks),
        cmocka_unit_test(gauges_have_base_units),
        cmocka_unit_test(each_destination_has_its_label),
        cmocka_unit_test(each_webhook_has_its_label),
        cmocka_unit_test(what_is_not_known_is_nan_and_what_is_not_there_is_left_out),
        cmocka_unit_test(the_most_there_can_be_fits),
        cmocka_unit_test_setup(delivery_is_for_people, init_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
