/* Orders: each good one becomes its structure; and what replies look like. */
#include "unit/order_fixture.h"

static void assert_near(double v, double expected) {
    if (!(fabs(v - expected) < 1e-9))
        fail_msg("%.12g, not %.12g", v, expected);
}

/* ---- good ones --------------------------------------------------------------------------- */

static void ping_and_config_hash_have_no_members(void **state) {
    (void)state;
    accept("{\"id\":\"a-1\",\"cmd\":\"ping\"}", ORDER_PING);
    assert_string_equal(order.id, "a-1");
    accept("{\"v\":1,\"cmd\":\"config-hash\",\"id\":\"问\",\"other\":[1,{}]}", ORDER_CONFIG_HASH);
    assert_string_equal(order.id, "问");
    accept("{\"cmd\":\"ping\",\"id\":null}", ORDER_PING);
    assert_string_equal(order.id, "");
    accept(" \r\n{\"cmd\":\"ping\"}\r", ORDER_PING);
}

static void prices_are_exact_integers(void **state) {
    (void)state;
    accept("{\"id\":\"p\",\"cmd\":\"prices\",\"rows\":["
           "{\"month\":\"2026-11\",\"component\":\"energy\",\"unit\":\"CNY/kWh\","
           "\"price\":\"0.3821\",\"version\":1,\"status\":\"verified\"},"
           "{\"month\":\"2026-12\",\"component\":\"losses\",\"unit\":\"CNY/kWh\","
           "\"price\":\"-0.00000001\",\"version\":2147483647,\"status\":\"unverified\"},"
           "{\"month\":\"2000-01\",\"component\":\"capacity\",\"unit\":\"CNY/kVA\","
           "\"price\":\"10000\",\"version\":2}]}",
           ORDER_PRICES);
    const struct price_row *row = order.prices.rows;
    assert_int_equal(order.prices.count, 3);
    assert_int_equal(row[0].month, 2026 * 12 + 10);
    assert_int_equal(row[0].component, PRICE_ENERGY);
    assert_int_equal(row[0].price_e8, 38210000);
    assert_int_equal(row[0].version, 1);
    assert_true(row[0].verified);
    assert_int_equal(row[1].component, PRICE_LOSSES);
    assert_int_equal(row[1].price_e8, -1);
    assert_int_equal(row[1].version, INT32_MAX);
    assert_false(row[1].verified);
    assert_int_equal(row[2].month, 2000 * 12);
    assert_int_equal(row[2].price_e8, 1000000000000);
    assert_false(row[2].verified); /* nobody said so */
}

static void every_component_has_its_unit(void **state) {
    (void)state;
    static const struct {
        const char *name, *unit, *wrong;
        enum price_component component;
    } all[] = {
        {"energy", "CNY/kWh", "CNY/MWh", PRICE_ENERGY},
        {"losses", "CNY/kWh", "kWh", PRICE_LOSSES},
        {"transmission", "CNY/kWh", "", PRICE_TRANSMISSION},
        {"system_operation", "CNY/kWh", "cny/kwh", PRICE_SYSTEM_OPERATION},
        {"funds", "CNY/kWh", "CNY/kW", PRICE_FUNDS},
        {"export", "CNY/kWh", "CNY/kVA", PRICE_EXPORT},
        {"demand", "CNY/kW", "CNY/kWh", PRICE_DEMAND},
        {"actual_demand", "CNY/kW", "CNY/kVA", PRICE_ACTUAL_DEMAND},
        {"capacity", "CNY/kVA", "CNY/kW", PRICE_CAPACITY},
    };
    assert_int_equal(sizeof all / sizeof all[0], PRICE_COMPONENTS);
    for (size_t i = 0; i < PRICE_COMPONENTS; i++) {
        struct price_row row;
        struct price_text t = {"2026-11", all[i].name, all[i].unit, "0.5", NULL, 1};
        assert_int_equal(order_price_row(&t, &row, why, sizeof why), ERR_OK);
        assert_int_equal(row.component, all[i].component);
        t.unit = all[i].wrong;
        assert_int_equal(order_price_row(&t, &row, why, sizeof why), ERR_RANGE);
        assert_non_null(strstr(why, "convert to CNY/"));
    }
}

static void a_curve_has_96_points(void **state) {
    (void)state;
    accept(curve(PRICE_HEAD, "-0.05", "0.1", "\"0.12345678\""), ORDER_CURVE);
    /* 2026-11-25 is day 20782: 20780 is 2026-11-23, see body_check.h */
    assert_int_equal(order.curve.day, 20782);
    assert_int_equal(order.curve.version, 3);
    assert_int_equal(order.curve.kind, CURVE_PRICE);
    assert_false(order.curve.label_end);
    assert_int_equal(order.curve.value_e8[0], -5000000);
    assert_int_equal(order.curve.value_e8[1], 10000000); /* 0.1 as a double is above 1/10 */
    assert_int_equal(order.curve.value_e8[94], 10000000);
    assert_int_equal(order.curve.value_e8[95], 12345678);
    accept(curve(FACTOR_HEAD, "0", "0.536612345678", "10"), ORDER_CURVE);
    assert_int_equal(order.curve.kind, CURVE_FACTOR);
    assert_true(order.curve.label_end);
    assert_int_equal(order.curve.value_e8[0], 0);        /* the label moves nothing */
    assert_int_equal(order.curve.value_e8[1], 53661235); /* a number is rounded to 1e-8 */
    assert_int_equal(order.curve.value_e8[95], 1000000000);
}

static void a_meter_change_tells_registers_time_and_name(void **state) {
    (void)state;
    accept(METER, ORDER_METER_CHANGE);
    assert_string_equal(order.id, "");
    assert_string_equal(order.meter_change.device, "grid");
    assert_int_equal(order.meter_change.direction, ORDER_IMPORT);
    assert_near(order.meter_change.old_end, 1234.5);
    assert_near(order.meter_change.new_start, 0);
    /* python: datetime.fromisoformat("2026-11-20T10:00:00+08:00").timestamp() = 1795140000 */
    assert_int_equal(order.meter_change.at, 1795140000000);
    assert_string_equal(order.meter_change.by, "王工");
    assert_string_equal(order.meter_change.note, "");
    accept("{\"cmd\":\"meter-change\",\"device\":\"h1.pv\",\"direction\":\"reverse\",\"old_end\":"
           "9999999999,\"new_start\":0.125,\"at\":\"2026-11-20T02:00Z\",\"by\":\"x\",\"note\":"
           "\"seal 77 broken\"}",
           ORDER_METER_CHANGE);
    assert_string_equal(order.meter_change.device, "h1.pv");
    assert_int_equal(order.meter_change.direction, ORDER_REVERSE);
    assert_near(order.meter_change.old_end, 9999999999.0);
    assert_near(order.meter_change.new_start, 0.125);
    assert_int_equal(order.meter_change.at, 1795140000000);
    assert_string_equal(order.meter_change.note, "seal 77 broken");
}

static void a_ratio_change_may_leave_one_ratio_as_it_was(void **state) {
    (void)state;
    accept("{\"cmd\":\"ratio-change\",\"device\":\"grid\",\"ct_ratio\":80,\"pt_ratio\":\"100\","
           "\"at\":\"2026-11-20T10:00:00+08:00\",\"by\":\"x\"}",
           ORDER_RATIO_CHANGE);
    assert_string_equal(order.ratio_change.device, "grid");
    assert_near(order.ratio_change.ct_ratio, 80);
    assert_near(order.ratio_change.pt_ratio, 100);
    assert_int_equal(order.ratio_change.at, 1795140000000);
    assert_string_equal(order.ratio_change.by, "x");
    accept("{\"cmd\":\"ratio-change\",\"device\":\"grid\",\"ct_ratio\":null,\"pt_ratio\":0.5,"
           "\"at\":\"2026-11-20T10:00:00+08:00\",\"by\":\"x\"}",
           ORDER_RATIO_CHANGE);
    assert_true(isnan(order.ratio_change.ct_ratio));
    assert_near(order.ratio_change.pt_ratio, 0.5);
}

static void recompute_file_month_and_replay(void **state) {
    (void)state;
    accept("{\"cmd\":\"recompute\",\"from\":\"2026-11-25\"}", ORDER_RECOMPUTE);
    assert_int_equal(order.recompute.from_day, 20782);
    accept("{\"cmd\":\"file-month\",\"month\":\"2026-10\",\"by\":\"Li Na\"}", ORDER_FILE_MONTH);
    assert_int_equal(order.file_month.month, 2026 * 12 + 9);
    assert_string_equal(order.file_month.by, "Li Na");
    accept("{\"id\":\"r\",\"cmd\":\"replay\",\"epoch\":1795486158849,\"from_seq\":1,"
           "\"to_seq\":9223372036854775807}",
           ORDER_REPLAY);
    assert_int_equal(order.replay.epoch, 1795486158849);
    assert_int_equal(order.replay.from_seq, 1);
    assert_true(order.replay.to_seq == INT64_MAX);
}

static void the_platform_may_send_what_the_contract_names(void **state) {
    (void)state;
    static const enum order_kind remote[] = {ORDER_PING, ORDER_CONFIG_HASH, ORDER_PRICES,
                                             ORDER_CURVE, ORDER_REPLAY};
    static const enum order_kind local[] = {ORDER_METER_CHANGE, ORDER_RATIO_CHANGE, ORDER_RECOMPUTE,
                                            ORDER_FILE_MONTH, ORDER_KINDS};
    for (size_t i = 0; i < 5; i++) {
        assert_true(order_remote(remote[i]));
        assert_int_equal(order_is_query(remote[i]), i < 2);
        assert_false(order_remote(local[i]));
        assert_false(order_is_query(local[i]));
    }
    assert_string_equal(order_name(ORDER_METER_CHANGE), "meter-change");
    assert_string_equal(order_name(ORDER_KINDS), "unknown");
}

/* ---- replies ----------------------------------------------------------------------------- */

static void queries_are_answered_without_the_historian(void **state) {
    (void)state;
    static const struct order_self self = {"0.1.0", "tianxi", "gw1", "0123456789abcdef"};
    char reply[ORDER_REPLY_MAX];
    struct order o = {.kind = ORDER_PING};
    /* START of body_check.h */
    size_t n = order_answer(&o, &self, 1795392900000, 28800, reply, sizeof reply);
    assert_string_equal(reply, "{\"ok\":true,\"version\":\"0.1.0\",\"site\":\"tianxi\","
                               "\"gateway\":\"gw1\",\"t\":\"2026-11-23T08:15:00+08:00\"}");
    assert_int_equal(n, strlen(reply));
    order_answer(&o, &self, 0, 0, reply, sizeof reply);
    assert_null(strstr(reply, "\"t\""));
    o.kind = ORDER_CONFIG_HASH;
    n = order_answer(&o, &self, 1795392900000, 28800, reply, sizeof reply);
    assert_string_equal(reply, "{\"ok\":true,\"config\":\"0123456789abcdef\"}");
    assert_int_equal(n, strlen(reply));
    o.kind = ORDER_PRICES;
    assert_int_equal(order_answer(&o, &self, 0, 0, reply, sizeof reply), 0);
}

static void replies_are_json_whatever_the_reason_holds(void **state) {
    (void)state;
    char reply[ORDER_REPLY_MAX], longest[2 * ORDER_WHY_MAX];
    assert_int_equal(order_reply_ok(reply, sizeof reply), 11);
    assert_string_equal(reply, "{\"ok\":true}");
    order_reply_error(reply, sizeof reply, "\"a\"\n\xFF");
    assert_string_equal(reply, "{\"ok\":false,\"error\":\"\\\"a\\\"\\n\xEF\xBF\xBD\"}");
    memset(longest, 1, sizeof longest); /* each becomes six bytes */
    longest[sizeof longest - 1] = '\0';
    size_t n = order_reply_error(reply, sizeof reply, longest);
    assert_int_equal(n, strlen("{\"ok\":false,\"error\":\"\"}") + 6 * (ORDER_WHY_MAX - 1));
    assert_int_equal(reply[n - 1], '}');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ping_and_config_hash_have_no_members),
        cmocka_unit_test(prices_are_exact_integers),
        cmocka_unit_test(every_component_has_its_unit),
        cmocka_unit_test(a_curve_has_96_points),
        cmocka_unit_test(a_meter_change_tells_registers_time_and_name),
        cmocka_unit_test(a_ratio_change_may_leave_one_ratio_as_it_was),
        cmocka_unit_test(recompute_file_month_and_replay),
        cmocka_unit_test(the_platform_may_send_what_the_contract_names),
        cmocka_unit_test(queries_are_answered_without_the_historian),
        cmocka_unit_test(replies_are_json_whatever_the_reason_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
