/* Orders: each mistake is refused with words that name it, and leaves nothing behind. */
#include "unit/order_fixture.h"

/* ---- mistakes ---------------------------------------------------------------------------- */

static void refuse(const char *text, int expected, const char *words) {
    char rest[sizeof order];
    int rc = parse(text);
    if (rc != expected || strstr(why, words) == NULL)
        fail_msg("%s gave %d, \"%s\"; not %d, \"%s\"", text, rc, why, expected, words);
    /* all but the id is as it was */
    memset(rest, 0x55, sizeof rest);
    assert_memory_equal(&order.kind, rest, sizeof order.kind);
    assert_memory_equal(&order.prices, rest, sizeof order.prices);
}

static void what_is_no_object_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "{",
                                      "nonsense",
                                      "\"ping\"",
                                      "[]",
                                      "null",
                                      "7",
                                      "{\"cmd\":\"ping\"} {}",
                                      "{\"cmd\":\"ping\",\"cmd\":\"ping\"}",
                                      "{\"cmd\":\"p\\u0000ing\"}",
                                      "{'cmd':'ping'}",
                                      "{\"cmd\":\"ping\",\"x\":1e999}",
                                      "{\"cmd\":\"ping\",\"x\":99999999999999999999}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(bad[i], ERR_SYNTAX, "no JSON");
    refuse("{}", ERR_SYNTAX, "cmd is missing");
    refuse("{\"cmd\":7}", ERR_SYNTAX, "cmd is no text");
    refuse("{\"cmd\":\"pong\"}", ERR_NOT_FOUND, "cmd \"pong\" is not known");
    refuse("{\"cmd\":\"Ping\"}", ERR_NOT_FOUND, "this version knows ping,");
}

static void bytes_that_are_not_text_are_refused(void **state) {
    (void)state;
    static const char nul[] = "{\"cmd\":\0\"ping\"}", latin[] = "{\"cmd\":\"p\xEFng\"}";
    assert_int_equal(order_parse(nul, sizeof nul - 1, &order, why, sizeof why), ERR_SYNTAX);
    assert_int_equal(order_parse(latin, sizeof latin - 1, &order, why, sizeof why), ERR_SYNTAX);
    assert_string_equal(order.id, "");
}

static void size_and_depth_are_bounded(void **state) {
    (void)state;
    static const char head[] = "{\"cmd\":\"ping\"}";
    char *text = malloc(ORDER_JSON_MAX + 1);
    assert_non_null(text);
    memset(text, ' ', ORDER_JSON_MAX + 1);
    memcpy(text, head, sizeof head - 1);
    assert_int_equal(order_parse(text, ORDER_JSON_MAX, &order, why, sizeof why), ERR_OK);
    assert_int_equal(order_parse(text, ORDER_JSON_MAX + 1, &order, why, sizeof why), ERR_LIMIT);
    assert_non_null(strstr(why, "at most 65536 bytes, not 65537"));
    memset(text, '[', ORDER_JSON_MAX);
    assert_int_equal(order_parse(text, ORDER_JSON_MAX, &order, why, sizeof why), ERR_SYNTAX);
    free(text);
}

static void an_id_is_a_short_text_and_survives_a_refusal(void **state) {
    (void)state;
    refuse("{\"id\":\"job 5\",\"cmd\":\"none\"}", ERR_NOT_FOUND, "not known");
    assert_string_equal(order.id, "job 5");
    refuse("{\"id\":\"job 6\",\"cmd\":\"recompute\"}", ERR_RANGE, "from is missing");
    assert_string_equal(order.id, "job 6");
    static const char *const bad[] = {
        "{\"id\":7,\"cmd\":\"ping\"}", "{\"id\":\"a\\nb\",\"cmd\":\"ping\"}",
        "{\"id\":\"a\\u007f\",\"cmd\":\"ping\"}", "{\"id\":[],\"cmd\":\"ping\"}",
        "{\"id\":\"" TEN("123456") "12345\",\"cmd\":\"ping\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refuse(bad[i], ERR_RANGE, "id is not usable; it is a text of 1 to 64 bytes");
        assert_string_equal(order.id, "");
    }
    accept("{\"id\":\"" TEN("123456") "1234\",\"cmd\":\"ping\"}", ORDER_PING);
}

#define ROW(month, component, unit, price, version, more)                                          \
    "{\"cmd\":\"prices\",\"rows\":[{\"month\":" month ",\"component\":" component                  \
    ",\"unit\":" unit ",\"price\":" price ",\"version\":" version more "}]}"

static void mistakes_in_prices(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"{\"cmd\":\"prices\"}", "rows must be a list of 1 to 500"},
        {"{\"cmd\":\"prices\",\"rows\":[]}", "rows must be a list of 1 to 500"},
        {"{\"cmd\":\"prices\",\"rows\":{\"a\":1}}", "rows must be a list"},
        {"{\"cmd\":\"prices\",\"rows\":[7]}", "rows[0] is no object"},
        {"{\"cmd\":\"prices\",\"rows\":[{}]}", "rows[0]: month is missing"},
        {ROW("11", "\"energy\"", "\"CNY/kWh\"", "\"1\"", "1", ""), "month is 11"},
        {ROW("\"2026-13\"", "\"energy\"", "\"CNY/kWh\"", "\"1\"", "1", ""), "month \"2026-13\""},
        {ROW("\"1999-12\"", "\"energy\"", "\"CNY/kWh\"", "\"1\"", "1", ""), "month \"1999-12\""},
        {ROW("\"2100-01\"", "\"energy\"", "\"CNY/kWh\"", "\"1\"", "1", ""), "from 2000 to 2099"},
        {ROW("\"2026-11-01\"", "\"energy\"", "\"CNY/kWh\"", "\"1\"", "1", ""), "such as 2026-11"},
        {ROW("\"2026-11\"", "\"Energy\"", "\"CNY/kWh\"", "\"1\"", "1", ""),
         "component \"Energy\" is none of energy"},
        {ROW("\"2026-11\"", "null", "\"CNY/kWh\"", "\"1\"", "1", ""), "component is of another"},
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/MWh\"", "\"1\"", "1", ""), "convert to CNY/kWh"},
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/kWh\"", "0.3821", "1", ""),
         "price is 0.3821; it must be a text"}, /* a number is not exact */
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/kWh\"", "\"0,38\"", "1", ""), "no decimal number"},
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/kWh\"", "\"0.123456789\"", "1", ""), "8 decimals"},
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/kWh\"", "\"10000.00000001\"", "1", ""),
         "is beyond 10000"},
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/kWh\"", "\"-10001\"", "1", ""), "check its unit"},
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/kWh\"", "\"1\"", "0", ""), "version is 0"},
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/kWh\"", "\"1\"", "1.5", ""), "version is 1.5"},
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/kWh\"", "\"1\"", "2147483648", ""),
         "version is 2147483648"},
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/kWh\"", "\"1\"", "\"1\"", ""), "version is \"1\""},
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/kWh\"", "\"1\"", "1", ",\"status\":true"),
         "status is of another type"},
        {ROW("\"2026-11\"", "\"energy\"", "\"CNY/kWh\"", "\"1\"", "1", ",\"status\":\"sure\""),
         "status \"sure\" is neither"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(bad[i][0], ERR_RANGE, bad[i][1]);
    struct price_text t = {"2026-11", "energy", "CNY/kWh", "1", NULL, 2147483648};
    struct price_row row;
    assert_int_equal(order_price_row(&t, &row, why, sizeof why), ERR_RANGE);
    t.version = 0;
    assert_int_equal(order_price_row(&t, &row, why, sizeof why), ERR_RANGE);
    assert_string_equal(why, "version 0 is none; count from 1");
}

static const char *many_rows(size_t count, bool same) {
    static char text[ORDER_JSON_MAX + 1];
    int n = snprintf(text, sizeof text, "{\"cmd\":\"prices\",\"rows\":[");
    for (size_t i = 0; i < count; i++)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "%s{\"month\":\"2026-11\",\"component\":\"energy\",\"unit\":\"CNY/kWh\","
                      "\"price\":\"0.1\",\"version\":%zu}",
                      i > 0 ? "," : "", same && i + 1 == count ? 1 : i + 1);
    snprintf(text + n, sizeof text - (size_t)n, "]}");
    return text;
}

static void prices_have_500_rows_at_most_and_no_row_twice(void **state) {
    (void)state;
    accept(many_rows(500, false), ORDER_PRICES);
    assert_int_equal(order.prices.count, 500);
    assert_int_equal(order.prices.rows[499].version, 500);
    refuse(many_rows(501, false), ERR_RANGE, "rows must be a list of 1 to 500");
    refuse(many_rows(500, true), ERR_RANGE,
           "rows[499] has the month, component and version of rows[0]");
}

static void mistakes_in_a_curve(void **state) {
    (void)state;
    static const char *const heads[][2] = {
        {"\"version\":3,\"kind\":\"price\",\"unit\":\"CNY/kWh\",\"label\":\"start\"",
         "date is missing; it is a day"},
        {"\"date\":\"2026-02-29\",\"version\":3,\"kind\":\"price\",\"unit\":\"CNY/kWh\","
         "\"label\":\"start\"",
         "date is \"2026-02-29\"; it must be a day"},
        {"\"date\":\"2026-11-25\",\"version\":-1,\"kind\":\"price\",\"unit\":\"CNY/kWh\","
         "\"label\":\"start\"",
         "version is -1; it must be a whole number from 1 to 2147483647"},
        {"\"date\":\"2026-11-25\",\"version\":3,\"kind\":\"co2\",\"unit\":\"CNY/kWh\","
         "\"label\":\"start\"",
         "kind is \"co2\"; it must be \"price\" or \"factor\""},
        {"\"date\":\"2026-11-25\",\"version\":3,\"kind\":\"price\",\"unit\":\"kg/kWh\","
         "\"label\":\"start\"",
         "unit is \"kg/kWh\"; it must be \"CNY/kWh\""},
        {"\"date\":\"2026-11-25\",\"version\":3,\"kind\":\"factor\",\"unit\":\"CNY/kWh\","
         "\"label\":\"start\"",
         "it must be \"kg/kWh\""},
        {"\"date\":\"2026-11-25\",\"version\":3,\"kind\":\"price\",\"unit\":\"CNY/kWh\"",
         "label is missing"},
        {"\"date\":\"2026-11-25\",\"version\":3,\"kind\":\"price\",\"unit\":\"CNY/kWh\","
         "\"label\":\"middle\"",
         "it must be \"start\" or \"end\""},
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        refuse(curve(heads[i][0], "1", "1", "1"), ERR_RANGE, heads[i][1]);
    static const char *const points[][2] = {
        {PRICE_HEAD, "null"},
        {PRICE_HEAD, "true"},
        {PRICE_HEAD, "\"\""},
        {PRICE_HEAD, "\"0,4\""},
        {PRICE_HEAD, "10000.1"},
        {PRICE_HEAD, "-10000.1"},
        {PRICE_HEAD, "1e300"},
        {PRICE_HEAD, "-1e300"},
        {FACTOR_HEAD, "-0.00000001"},
        {FACTOR_HEAD, "10.00001"},
        {FACTOR_HEAD, "\"0.123456789\""},
    };
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
        refuse(curve(points[i][0], "1", "1", points[i][1]), ERR_RANGE, "points[95] must be");
    refuse(curve(PRICE_HEAD, "1", "1", "1,1"), ERR_RANGE, "points must be a list of 96");
    refuse("{\"cmd\":\"curve\"," PRICE_HEAD ",\"points\":\"1\"}", ERR_RANGE, "points must be");
}

/* METER with `old` replaced. */
static const char *meter_with(const char *old, const char *new) {
    static char text[2048];
    const char *at = strstr(METER, old);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - METER), METER, new, at + strlen(old));
    return text;
}

static void mistakes_in_a_meter_change(void **state) {
    (void)state;
    static const char *const bad[][3] = {
        {"\"device\":\"grid\",", "", "device is missing"},
        {"\"grid\"", "\"\"", "device is \"\"; it must be a device of the site file"},
        {"\"grid\"", "\"Grid 1\"", "device is \"Grid 1\""},
        {"\"grid\"", "\"" TEN("1234567") "\"", "device is \"1234567"},
        {"\"import\"", "\"in\"", "direction is \"in\"; it must be import, export"},
        {"\"1234.5\"", "\"-1\"", "old_end is \"-1\"; it must be a decimal number from 0"},
        {"\"1234.5\"", "null", "old_end is of another type"},
        {"\"1234.5\"", "\"12 kWh\"", "old_end is \"12 kWh\""},
        {"\"0.0\"", "10000000000", "new_start is 10000000000"},
        {"\"0.0\"", "-0.5", "new_start is -0.5"},
        {"+08:00", "", "at is \"2026-11-20T10:00:00\"; it must be a time with its offset"},
        {"T10:00:00+08:00", "", "at is \"2026-11-20\""},
        {"2026-11-20T", "2026-11-31T", "at is \"2026-11-31"},
        {"2026-11-20T", "1999-11-20T", "at is \"1999"},
        {"2026-11-20T", "2100-11-20T", "at is \"2100"},
        {"\"2026-11-20T10:00:00+08:00\"", "1795140000", "at is 1795140000"},
        {"王工", "", "by is not usable"},
        {",\"by\":\"王工\"", "", "by is missing"},
        {"王工", TEN("1234567"), "by is not usable; it is a text of 1 to 64 bytes"},
        {"王工", "a\\tb", "without control characters"},
        {"王工\"", "x\",\"note\":7", "note is not usable"},
        {"王工\"", "x\",\"note\":\"" TEN("123456789012345678901") "\"", "1 to 200 bytes"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(meter_with(bad[i][0], bad[i][1]), ERR_RANGE, bad[i][2]);
    accept(meter_with("王工\"", "x\",\"note\":null"), ORDER_METER_CHANGE);
    accept(meter_with("王工\"", "x\",\"note\":\"\""), ORDER_METER_CHANGE);
    assert_string_equal(order.meter_change.note, "");
}

static void mistakes_in_the_others(void **state) {
    (void)state;
#define RATIO(more) "{\"cmd\":\"ratio-change\",\"device\":\"grid\"" more "}"
    static const char *const bad[][2] = {
        {"{\"cmd\":\"ratio-change\"}", "device is missing"},
        {RATIO(""), "ct_ratio and pt_ratio are missing"},
        {RATIO(",\"ct_ratio\":0"), "ct_ratio must be above 0"},
        {RATIO(",\"ct_ratio\":-80"), "ct_ratio is -80"},
        {RATIO(",\"pt_ratio\":1000001"), "pt_ratio is 1000001; it must be"},
        {RATIO(",\"pt_ratio\":\"10/0.1\""), "pt_ratio is \"10/0.1\""},
        {RATIO(",\"pt_ratio\":100"), "at is missing"},
        {RATIO(",\"pt_ratio\":100,\"at\":\"2026-11-20T10:00+08:00\""), "by is missing"},
        {"{\"cmd\":\"recompute\",\"from\":\"2026-11\"}", "from is \"2026-11\"; it must be a day"},
        {"{\"cmd\":\"recompute\",\"from\":\"1999-12-31\"}", "from is \"1999-12-31\""},
        {"{\"cmd\":\"recompute\",\"from\":\"2100-01-01\"}", "from is \"2100-01-01\""},
        {"{\"cmd\":\"file-month\",\"by\":\"x\"}", "month is missing; it is a month"},
        {"{\"cmd\":\"file-month\",\"month\":\"2026-1\",\"by\":\"x\"}", "month is \"2026-1\""},
        {"{\"cmd\":\"file-month\",\"month\":\"1999-12\",\"by\":\"x\"}", "month is \"1999-12\""},
        {"{\"cmd\":\"file-month\",\"month\":\"2100-01\",\"by\":\"x\"}", "month is \"2100-01\""},
        {"{\"cmd\":\"file-month\",\"month\":\"2026-10\"}", "by is missing"},
        {"{\"cmd\":\"replay\",\"epoch\":0,\"from_seq\":1,\"to_seq\":2}", "epoch is 0"},
        {"{\"cmd\":\"replay\",\"epoch\":\"1\",\"from_seq\":1,\"to_seq\":2}", "epoch is \"1\""},
        {"{\"cmd\":\"replay\",\"epoch\":5,\"from_seq\":0,\"to_seq\":2}", "from_seq is 0"},
        {"{\"cmd\":\"replay\",\"epoch\":5,\"from_seq\":1.0,\"to_seq\":2}", "from_seq is 1"},
        {"{\"cmd\":\"replay\",\"epoch\":5,\"from_seq\":1}", "to_seq is missing"},
        {"{\"cmd\":\"replay\",\"epoch\":5,\"from_seq\":3,\"to_seq\":2}",
         "to_seq 2 lies before from_seq 3"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(bad[i][0], ERR_RANGE, bad[i][1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(bytes_that_are_not_text_are_refused),
        cmocka_unit_test(size_and_depth_are_bounded),
        cmocka_unit_test(an_id_is_a_short_text_and_survives_a_refusal),
        cmocka_unit_test(mistakes_in_prices),
        cmocka_unit_test(prices_have_500_rows_at_most_and_no_row_twice),
        cmocka_unit_test(mistakes_in_a_curve),
        cmocka_unit_test(mistakes_in_a_meter_change),
        cmocka_unit_test(mistakes_in_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
