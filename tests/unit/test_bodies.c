/* The other bodies of the contract, byte for byte: event, live, status, site. */
#include "unit/body_check.h"

static void event_of_an_alert(void **state) {
    (void)state;
    char members_memory[1024];
    struct buf members;
    const struct event_body e = {.event = "alert",
                                 .object = "grid",
                                 .rule = "A01",
                                 .severity = "critical",
                                 .state = "raised",
                                 .at = START + 5,
                                 .value = 3360.5,
                                 .threshold = 3360.0,
                                 .unit = "kW",
                                 .note = "需量 \"超\"\n{"};

    buf_init(&members, members_memory, sizeof members_memory);
    event_members_write(&members, &e, CHINA);
    event_write(&body, &head, START + 1000, members.data, members.len);
    check("event", "alert",
          "{\"v\":1,\"epoch\":1795305600123,\"seq\":42,\"site\":\"tianxi\",\"gateway\":\"gw1\","
          "\"t\":\"2026-11-23T08:15:01+08:00\",\"event\":\"alert\",\"object\":\"grid\","
          "\"rule\":\"A01\",\"severity\":\"critical\",\"state\":\"raised\","
          "\"at\":\"2026-11-23T08:15:00.005+08:00\",\"value\":3360.5,\"threshold\":3360,"
          "\"unit\":\"kW\",\"actor\":null,\"note\":\"需量 \\\"超\\\"\\n{\",\"evidence\":[]}");
}

static void event_without_numbers(void **state) {
    (void)state;
    char members_memory[1024];
    struct buf members;
    const struct event_body e = {.event = "start",
                                 .severity = "info",
                                 .state = "raised",
                                 .at = START,
                                 .value = UNKNOWN,
                                 .threshold = UNKNOWN};

    buf_init(&members, members_memory, sizeof members_memory);
    event_members_write(&members, &e, CHINA);
    event_write(&body, &head, START, members.data, members.len);
    check("event", "start",
          "{\"v\":1,\"epoch\":1795305600123,\"seq\":42,\"site\":\"tianxi\",\"gateway\":\"gw1\","
          "\"t\":\"2026-11-23T08:15:00+08:00\",\"event\":\"start\",\"object\":null,"
          "\"rule\":null,\"severity\":\"info\",\"state\":\"raised\","
          "\"at\":\"2026-11-23T08:15:00+08:00\",\"value\":null,\"threshold\":null,"
          "\"unit\":null,\"actor\":null,\"note\":null,\"evidence\":[]}");
}

static void live_values(void **state) {
    (void)state;
    const struct live_body l = {
        .t = START + 1000,
        .power_kw = {600.0, 119.5, UNKNOWN, UNKNOWN, -150.0, 569.5, UNKNOWN},
        .absent = {[SITE_WIND] = true, [SITE_GENERATOR] = true},
        .soc_pct = 40.5,
        .demand_kw = UNKNOWN,
        .demand_forecast_kw = UNKNOWN,
        .carbon_kg_h = UNKNOWN,
        .quality = QUALITY_SUSPECT,
        .devices_online = 8,
        .devices_total = 9};
    live_write(&body, &l, CHINA);
    check("live", "sunny",
          "{\"v\":1,\"t\":\"2026-11-23T08:15:01+08:00\",\"power_kw\":{\"grid\":600,\"pv\":119.5,"
          "\"storage\":-150,\"load\":569.5,\"load_metered\":null},\"soc_pct\":40.5,"
          "\"demand_kw\":null,\"demand_forecast_kw\":null,\"carbon_kg_h\":null,"
          "\"quality\":\"suspect\",\"devices\":{\"online\":8,\"total\":9}}");
}

static void status_online_and_will(void **state) {
    (void)state;
    struct status_body s = {.online = true,
                            .t = START,
                            .since = START - 60000,
                            .version = "0.1.0",
                            .config_hash = "0123456789abcdef",
                            .epoch = EPOCH,
                            .seq_first = 1,
                            .seq_head = 42};
    status_write(&body, &s, CHINA);
    check("status", "online",
          "{\"v\":1,\"t\":\"2026-11-23T08:15:00+08:00\",\"state\":\"online\","
          "\"since\":\"2026-11-23T08:14:00+08:00\",\"version\":\"0.1.0\","
          "\"config\":\"0123456789abcdef\",\"epoch\":1795305600123,\"seq_first\":1,"
          "\"seq_head\":42}");
    s.online = false;
    s.t = s.since = 0;
    buf_reset(&body);
    status_write(&body, &s, CHINA);
    check("status", "will",
          "{\"v\":1,\"t\":null,\"state\":\"offline\",\"since\":null,\"version\":\"0.1.0\","
          "\"config\":\"0123456789abcdef\",\"epoch\":1795305600123,\"seq_first\":1,"
          "\"seq_head\":42}");
}

/* long: one site, written out, and the one body that it must give */
static void site_with_a_hybrid(void **state) {
    (void)state;
    const struct device_profile meter = {.ct_ratio_point = 3, .pt_ratio_point = 4};
    const struct device_profile plain = {.ct_ratio_point = POINT_NONE,
                                         .pt_ratio_point = POINT_NONE};
    struct device devices[] = {
        {.id = "grid",
         .name = "进线",
         .role = ROLE_GRID,
         .parent = SITE_NONE,
         .profile = &meter,
         .ct_ratio = 80.0,
         .pt_ratio = 100.0,
         .rated_kw = 4000.0,
         .meter_no = "M-1",
         .accuracy_class = "0.5S",
         .owner = "utility"},
        {.id = "feeder1",
         .role = ROLE_LOAD,
         .parent = 0,
         .profile = &meter,
         .ct_ratio = 40.0,
         .pt_ratio = UNKNOWN,
         .rated_kw = UNKNOWN,
         .tenant = "press shop"},
        {.id = "hybrid",
         .role = ROLE_STORAGE,
         .parent = 1,
         .profile = &plain,
         .ct_ratio = UNKNOWN,
         .pt_ratio = UNKNOWN,
         .rated_kw = 50.5},
    };
    struct feed feeds[] = {
        {.id = "grid", .role = ROLE_GRID, .device = 0, .parent = SITE_NONE, .counted = true},
        {.id = "feeder1", .role = ROLE_LOAD, .device = 1, .parent = 0, .counted = true},
        {.id = "hybrid.pv", .role = ROLE_PV, .device = 2, .parent = 1, .counted = true},
        {.id = "hybrid.grid", .role = ROLE_GRID, .device = 2, .parent = 0, .counted = false},
    };
    struct site s = {.id = "tianxi",
                     .gateway = "gw1",
                     .name = "天玺",
                     .district = "jiaozuo-gxq",
                     .timezone = "Asia/Shanghai",
                     .uscc = "91410800MA00000000",
                     .transformer_kva = 4000.0,
                     .contract_demand_kw = 3200.0,
                     .tariff = "henan-2024",
                     .config_hash = "0123456789abcdef",
                     .devices = devices,
                     .device_count = 3,
                     .feeds = feeds,
                     .feed_count = 4};
    site_write(&body, &s, START, START - 1000, CHINA);
    check("site", "hybrid",
          "{\"v\":1,\"t\":\"2026-11-23T08:15:00+08:00\",\"site\":\"tianxi\",\"gateway\":\"gw1\","
          "\"name\":\"天玺\",\"district\":\"jiaozuo-gxq\",\"timezone\":\"Asia/Shanghai\","
          "\"uscc\":\"91410800MA00000000\",\"industry\":null,\"config\":\"0123456789abcdef\","
          "\"valid_from\":\"2026-11-23T08:14:59+08:00\","
          "\"accounts\":[{\"id\":\"main\",\"account_no\":null,"
          "\"points\":[{\"id\":\"p1\",\"point_no\":null,\"device\":\"grid\"}],"
          "\"contract\":[{\"from\":null,\"kw\":3200}],\"transformers\":[{\"id\":\"t1\","
          "\"kva\":4000}],\"export_allowed\":false,\"tariff\":\"henan-2024\"}],"
          "\"devices\":[{\"id\":\"grid\",\"device\":\"grid\",\"name\":\"进线\",\"role\":\"grid\","
          "\"parent\":null,\"meter_no\":\"M-1\",\"multiplier\":8000,\"accuracy_class\":\"0.5S\","
          "\"rated_kw\":4000,\"owner\":\"utility\",\"tenant\":null},"
          "{\"id\":\"feeder1\",\"device\":\"feeder1\",\"name\":null,\"role\":\"load\","
          "\"parent\":\"grid\",\"meter_no\":null,\"multiplier\":null,\"accuracy_class\":null,"
          "\"rated_kw\":null,\"owner\":null,\"tenant\":\"press shop\"},"
          "{\"id\":\"hybrid\",\"device\":\"hybrid\",\"name\":null,\"role\":\"storage\","
          "\"parent\":\"feeder1\",\"meter_no\":null,\"multiplier\":1,\"accuracy_class\":null,"
          "\"rated_kw\":50.5,\"owner\":null,\"tenant\":null},"
          "{\"id\":\"hybrid.pv\",\"device\":\"hybrid\",\"name\":null,\"role\":\"pv\","
          "\"parent\":\"feeder1\",\"meter_no\":null,\"multiplier\":1,\"accuracy_class\":null,"
          "\"rated_kw\":50.5,\"owner\":null,\"tenant\":null},"
          "{\"id\":\"hybrid.grid\",\"device\":\"hybrid\",\"name\":null,\"role\":\"grid\","
          "\"parent\":\"grid\",\"meter_no\":null,\"multiplier\":1,\"accuracy_class\":null,"
          "\"rated_kw\":50.5,\"owner\":null,\"tenant\":null}]}");
}

static void site_without_an_account(void **state) {
    (void)state;
    struct site s = {.id = "a",
                     .gateway = "gw1",
                     .district = "d",
                     .timezone = "Asia/Shanghai",
                     .transformer_kva = UNKNOWN,
                     .contract_demand_kw = UNKNOWN,
                     .config_hash = "0123456789abcdef"};
    site_write(&body, &s, START, START, CHINA);
    check("site", "bare",
          "{\"v\":1,\"t\":\"2026-11-23T08:15:00+08:00\",\"site\":\"a\",\"gateway\":\"gw1\","
          "\"name\":null,\"district\":\"d\",\"timezone\":\"Asia/Shanghai\",\"uscc\":null,"
          "\"industry\":null,\"config\":\"0123456789abcdef\","
          "\"valid_from\":\"2026-11-23T08:15:00+08:00\",\"accounts\":[],\"devices\":[]}");
}

/* Two incomers are two points; either half of the account may be unknown; a ratio that is not
 * configured and not read from the device is 1. */
static void site_with_half_an_account(void **state) {
    (void)state;
    const struct device_profile ct = {.ct_ratio_point = 3, .pt_ratio_point = POINT_NONE};
    struct device devices[] = {
        {.id = "a",
         .role = ROLE_GRID,
         .parent = SITE_NONE,
         .profile = &ct,
         .ct_ratio = UNKNOWN,
         .pt_ratio = 100.0},
        {.id = "b", .role = ROLE_GRID, .parent = SITE_NONE, .ct_ratio = UNKNOWN, .pt_ratio = 100.0},
    };
    struct feed feeds[] = {
        {.id = "a", .role = ROLE_GRID, .device = 0, .parent = SITE_NONE, .counted = true},
        {.id = "b", .role = ROLE_GRID, .device = 1, .parent = SITE_NONE, .counted = true},
        {.id = "b.pv", .role = ROLE_PV, .device = 1, .parent = SITE_NONE, .counted = true},
    };
    struct site s = {.id = "a",
                     .gateway = "gw1",
                     .district = "d",
                     .transformer_kva = UNKNOWN,
                     .contract_demand_kw = 500.0,
                     .config_hash = "0123456789abcdef",
                     .devices = devices,
                     .device_count = 2,
                     .feeds = feeds,
                     .feed_count = 3};
    site_write(&body, &s, START, START, CHINA);
    assert_contains("\"points\":[{\"id\":\"p1\",\"point_no\":null,\"device\":\"a\"},"
                    "{\"id\":\"p2\",\"point_no\":null,\"device\":\"b\"}],"
                    "\"contract\":[{\"from\":null,\"kw\":500}],\"transformers\":[]");
    assert_contains("\"meter_no\":null,\"multiplier\":null,");
    assert_contains("\"meter_no\":null,\"multiplier\":100,");
    assert_contains("\"id\":\"b.pv\",\"device\":\"b\",\"name\":null,\"role\":\"pv\","
                    "\"parent\":null,");
    s.transformer_kva = 1000.0;
    s.contract_demand_kw = UNKNOWN;
    buf_reset(&body);
    site_write(&body, &s, START, START, CHINA);
    assert_contains("\"contract\":[],\"transformers\":[{\"id\":\"t1\",\"kva\":1000}]");
}

static void head_alone_is_a_body(void **state) {
    (void)state;
    event_write(&body, &head, START, "", 0);
    assert_string_equal(body.data,
                        "{\"v\":1,\"epoch\":1795305600123,\"seq\":42,\"site\":\"tianxi\","
                        "\"gateway\":\"gw1\",\"t\":\"2026-11-23T08:15:00+08:00\"}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(head_alone_is_a_body, init_body),
        cmocka_unit_test_setup(site_with_half_an_account, init_body),
        cmocka_unit_test_setup(event_of_an_alert, init_body),
        cmocka_unit_test_setup(event_without_numbers, init_body),
        cmocka_unit_test_setup(live_values, init_body),
        cmocka_unit_test_setup(status_online_and_will, init_body),
        cmocka_unit_test_setup(site_with_a_hybrid, init_body),
        cmocka_unit_test_setup(site_without_an_account, init_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
