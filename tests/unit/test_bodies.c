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
        .demand_shed_kw = 12.5,
        .contract_kw = 3200,
        .carbon_kg_h = UNKNOWN,
        .quality = QUALITY_SUSPECT,
        .devices_online = 8,
        .devices_total = 9};
    live_write(&body, &l, CHINA);
    check("live", "sunny",
          "{\"v\":1,\"t\":\"2026-11-23T08:15:01+08:00\",\"power_kw\":{\"grid\":600,\"pv\":119.5,"
          "\"storage\":-150,\"load\":569.5,\"load_metered\":null},\"soc_pct\":40.5,"
          "\"demand_kw\":null,\"demand_forecast_kw\":null,"
          "\"demand_shed_kw\":12.5,\"contract_kw\":3200,\"carbon_kg_h\":null,"
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

/* 2026-01-01 and 2026-07-01 are days 20454 and 20635 of 1970 (python: date.toordinal() - 719163).
 */
static const struct contract_step contracts[] = {{20454, 3200.0}, {20635, 3000.5}};

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
    struct account main_account = {.id = "main",
                                   .account_no = "4108",
                                   .billing = BILLING_CONTRACT_DEMAND,
                                   .billing_given = true,
                                   .contracts = contracts,
                                   .contract_count = 2,
                                   .combination = DEMAND_COINCIDENT,
                                   .billing_day = 26,
                                   .pf_standard = 0.85,
                                   .tariff_id = "henan-2024"};
    struct metering_point point = {.id = "p1",
                                   .point_no = "77",
                                   .line_no = "10-3",
                                   .feed = 0,
                                   .check_feed = 3,
                                   .standby = true,
                                   .line_limit_kva = 6000.0};
    struct transformer transformers[] = {{.id = "t1", .kva = 2500.0, .feed = 1},
                                         {.id = "t2", .kva = 1500.5, .feed = SITE_NONE}};
    struct site s = {.id = "tianxi",
                     .gateway = "gw1",
                     .name = "天玺",
                     .district = "jiaozuo-gxq",
                     .timezone = "Asia/Shanghai",
                     .uscc = "91410800MA00000000",
                     .config_hash = "0123456789abcdef",
                     .accounts = &main_account,
                     .account_count = 1,
                     .metering_points = &point,
                     .metering_point_count = 1,
                     .transformers = transformers,
                     .transformer_count = 2,
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
          "\"accounts\":[{\"id\":\"main\",\"account_no\":\"4108\",\"billing\":\"contract_demand\","
          "\"billing_day\":26,\"demand_combination\":\"coincident\",\"pf_standard\":0.85,"
          "\"points\":[{\"id\":\"p1\",\"point_no\":\"77\",\"device\":\"grid\","
          "\"check_device\":\"hybrid.grid\",\"standby\":true,\"line_no\":\"10-3\","
          "\"line_limit_kva\":6000}],\"contract\":[{\"from\":\"2026-01-01\",\"kw\":3200},"
          "{\"from\":\"2026-07-01\",\"kw\":3000.5}],\"transformers\":[{\"id\":\"t1\","
          "\"kva\":2500,\"device\":\"feeder1\"},{\"id\":\"t2\",\"kva\":1500.5,\"device\":null}],"
          "\"export_allowed\":false,\"tariff\":\"henan-2024\"}],"
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
                     .config_hash = "0123456789abcdef"};
    site_write(&body, &s, START, START, CHINA);
    check("site", "bare",
          "{\"v\":1,\"t\":\"2026-11-23T08:15:00+08:00\",\"site\":\"a\",\"gateway\":\"gw1\","
          "\"name\":null,\"district\":\"d\",\"timezone\":\"Asia/Shanghai\",\"uscc\":null,"
          "\"industry\":null,\"config\":\"0123456789abcdef\","
          "\"valid_from\":\"2026-11-23T08:15:00+08:00\",\"accounts\":[],\"devices\":[]}");
}

/* Each account has its own points and transformers of the flat lists; what is not given is null. */
static void site_with_two_accounts(void **state) {
    (void)state;
    static const struct contract_step always = {INT32_MIN, 500.0};
    struct account accounts[] = {
        {.id = "a",
         .contracts = &always,
         .contract_count = 1,
         .billing = BILLING_ACTUAL_DEMAND,
         .billing_given = true,
         .combination = DEMAND_MAX,
         .billing_day = 1,
         .pf_standard = 0.9},
        {.id = "b", .billing_day = 1, .pf_standard = 0.9, .combination = DEMAND_SUM_OF_MAXIMA},
        {.id = "c", .billing = BILLING_CAPACITY, .billing_given = true},
    };
    struct metering_point points[] = {
        {.id = "p1", .feed = 0, .check_feed = SITE_NONE, .line_limit_kva = UNKNOWN},
        {.id = "p2", .feed = 1, .check_feed = SITE_NONE, .account = 1, .line_limit_kva = UNKNOWN},
        {.id = "p3", .feed = 0, .check_feed = SITE_NONE, .line_limit_kva = UNKNOWN},
    };
    struct transformer transformers[] = {
        {.id = "t1", .kva = 1000.0, .feed = SITE_NONE, .account = 1},
        {.id = "t2", .kva = 800.0, .feed = SITE_NONE, .account = 1},
    };
    struct feed feeds[] = {{.id = "x", .parent = SITE_NONE}, {.id = "y", .parent = SITE_NONE}};
    struct device devices[] = {{.id = "x", .parent = SITE_NONE}, {.id = "y", .parent = SITE_NONE}};
    struct site s = {.id = "a",
                     .gateway = "gw1",
                     .district = "d",
                     .export_allowed = true,
                     .config_hash = "0123456789abcdef",
                     .devices = devices,
                     .feeds = feeds,
                     .accounts = accounts,
                     .account_count = 3,
                     .metering_points = points,
                     .metering_point_count = 3,
                     .transformers = transformers,
                     .transformer_count = 2};
    site_write(&body, &s, START, START, CHINA);
    assert_contains(
        "\"accounts\":[{\"id\":\"a\",\"account_no\":null,\"billing\":\"actual_demand\","
        "\"billing_day\":1,\"demand_combination\":\"max\",\"pf_standard\":0.9,\"points\":["
        "{\"id\":\"p1\",\"point_no\":null,\"device\":\"x\",\"check_device\":null,"
        "\"standby\":false,\"line_no\":null,\"line_limit_kva\":null},"
        "{\"id\":\"p3\",\"point_no\":null,\"device\":\"x\",");
    assert_contains("\"contract\":[{\"from\":null,\"kw\":500}],\"transformers\":[],"
                    "\"export_allowed\":true,\"tariff\":null},{\"id\":\"b\",");
    assert_contains("\"id\":\"b\",\"account_no\":null,\"billing\":null,\"billing_day\":1,"
                    "\"demand_combination\":\"sum_of_maxima\",\"pf_standard\":0.9,\"points\":["
                    "{\"id\":\"p2\",\"point_no\":null,\"device\":\"y\",");
    assert_contains("\"contract\":[],\"transformers\":[{\"id\":\"t1\",\"kva\":1000,"
                    "\"device\":null},{\"id\":\"t2\",\"kva\":800,\"device\":null}],");
    assert_contains("{\"id\":\"c\",\"account_no\":null,\"billing\":\"capacity\",");
}

/* The configured CT x PT; a ratio that is not configured and not read from the device is 1. */
static void multiplier_of_a_device(void **state) {
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
        {.id = "b.pv", .role = ROLE_PV, .device = 1, .parent = SITE_NONE, .counted = true},
    };
    struct site s = {.id = "a",
                     .gateway = "gw1",
                     .district = "d",
                     .config_hash = "0123456789abcdef",
                     .devices = devices,
                     .device_count = 2,
                     .feeds = feeds,
                     .feed_count = 2};
    site_write(&body, &s, START, START, CHINA);
    assert_contains("\"id\":\"a\",\"device\":\"a\",\"name\":null,\"role\":\"grid\","
                    "\"parent\":null,\"meter_no\":null,\"multiplier\":null,");
    assert_contains("\"id\":\"b.pv\",\"device\":\"b\",\"name\":null,\"role\":\"pv\","
                    "\"parent\":null,\"meter_no\":null,\"multiplier\":100,");
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
        cmocka_unit_test_setup(site_with_two_accounts, init_body),
        cmocka_unit_test_setup(multiplier_of_a_device, init_body),
        cmocka_unit_test_setup(event_of_an_alert, init_body),
        cmocka_unit_test_setup(event_without_numbers, init_body),
        cmocka_unit_test_setup(live_values, init_body),
        cmocka_unit_test_setup(status_online_and_will, init_body),
        cmocka_unit_test_setup(site_with_a_hybrid, init_body),
        cmocka_unit_test_setup(site_without_an_account, init_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
