/* Orders on alerts: good ones become their structure, each mistake is refused in words; none comes
 * from the platform. */
#include "unit/order_fixture.h"

#define ON     "{\"cmd\":\"alert-"
#define TEXT65 TEN("0123456") "01234"

static void each_becomes_its_structure(void **state) {
    (void)state;
    accept(ON "ack\",\"id\":\"a\",\"alert\":3,\"by\":\"王工\",\"note\":\"seen\"}", ORDER_ALERT_ACK);
    assert_int_equal(order.alert.alert, 3);
    assert_string_equal(order.alert.by, "王工");
    assert_string_equal(order.alert.note, "seen");
    accept(ON "ack\",\"alert\":1,\"by\":\"x\"}", ORDER_ALERT_ACK);
    assert_string_equal(order.alert.note, "");
    accept(ON "refuse\",\"alert\":3,\"by\":\"x\",\"note\":\"test run\"}", ORDER_ALERT_REFUSE);
    assert_string_equal(order.alert.note, "test run");
    accept(ON "assign\",\"alert\":3,\"by\":\"x\",\"owner\":\"李\",\"due\":\"2026-12-01\"}",
           ORDER_ALERT_ASSIGN);
    assert_string_equal(order.alert.owner, "李");
    /* python: date(2026,12,1).toordinal() - 719163 */
    assert_int_equal(order.alert.due_day, 20788);
    accept(ON "assign\",\"alert\":3,\"by\":\"x\",\"owner\":\"y\",\"due\":null}",
           ORDER_ALERT_ASSIGN);
    assert_int_equal(order.alert.due_day, 0);
    accept(ON "measure\",\"alert\":3,\"by\":\"x\",\"code\":\"replace_fan\",\"text\":\"new fan\","
              "\"at\":\"2026-11-25T13:40:00+08:00\"}",
           ORDER_ALERT_MEASURE);
    assert_string_equal(order.alert.code, "replace_fan");
    assert_string_equal(order.alert.text, "new fan");
    assert_int_equal(order.alert.at, 1795585200000);
    accept(ON "measure\",\"alert\":3,\"by\":\"x\",\"code\":\"m\",\"text\":\"t\"}",
           ORDER_ALERT_MEASURE);
    assert_int_equal(order.alert.at, 0);
    accept(ON "close\",\"alert\":3,\"verifier\":\"z\"}", ORDER_ALERT_CLOSE);
    assert_string_equal(order.alert.by, "z");
    accept(ON "close\",\"alert\":999999999}", ORDER_ALERT_CLOSE);
    assert_string_equal(order.alert.by, ""); /* the desk says what is missing */
    accept(ON "enter\",\"by\":\"x\",\"rule\":\"F-01\",\"object\":\"配电室2号柜\",\"text\":\"积灰\","
              "\"severity\":\"major\",\"at\":\"2026-11-25T13:40:00+08:00\"}",
           ORDER_ALERT_ENTER);
    assert_string_equal(order.alert.code, "F-01");
    assert_string_equal(order.alert.object, "配电室2号柜");
    assert_int_equal(order.alert.severity, ALERT_MAJOR);
    accept(ON "enter\",\"by\":\"x\",\"rule\":\"F\",\"object\":\"o\",\"text\":\"t\"}",
           ORDER_ALERT_ENTER);
    assert_int_equal(order.alert.severity, ALERT_WARNING);
}

static void refuse(const char *text, const char *words) {
    int rc = parse(text);
    if (rc != ERR_RANGE || !strstr(why, words))
        fail_msg("%s gave %d, \"%s\"; not \"%s\"", text, rc, why, words);
}

static void each_mistake_is_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {ON "ack\",\"by\":\"x\"}", "alert is missing"},
        {ON "ack\",\"alert\":0,\"by\":\"x\"}", "alert is 0; it must be a whole number from 1"},
        {ON "ack\",\"alert\":\"3\",\"by\":\"x\"}", "alert is \"3\""},
        {ON "ack\",\"alert\":1000000000,\"by\":\"x\"}", "alert is 1000000000"},
        {ON "ack\",\"alert\":3}", "by is missing"},
        {ON "ack\",\"alert\":3,\"by\":\"a\\nb\"}", "by is not usable"},
        {ON "ack\",\"alert\":3,\"by\":\"" TEXT65 "\"}", "by is not usable"},
        {ON "ack\",\"alert\":3,\"by\":\"x\",\"note\":7}", "note is not usable"},
        {ON "refuse\",\"alert\":3,\"by\":\"x\"}", "note is missing; it is the reason"},
        {ON "refuse\",\"alert\":3,\"by\":\"x\",\"note\":\"\"}", "the reason of the refusal"},
        {ON "assign\",\"alert\":3,\"by\":\"x\"}", "owner is missing"},
        {ON "assign\",\"alert\":3,\"by\":\"x\",\"owner\":\"y\",\"due\":\"tomorrow\"}",
         "due is \"tomorrow\""},
        {ON "measure\",\"alert\":3,\"by\":\"x\",\"text\":\"t\"}", "code is missing"},
        {ON "measure\",\"alert\":3,\"by\":\"x\",\"code\":\"a b\",\"text\":\"t\"}",
         "code is \"a b\""},
        {ON "measure\",\"alert\":3,\"by\":\"x\",\"code\":\"m\"}", "text is missing"},
        {ON "measure\",\"alert\":3,\"by\":\"x\",\"code\":\"m\",\"text\":\"t\",\"at\":\"13:40\"}",
         "at is \"13:40\""},
        {ON "enter\",\"by\":\"x\",\"rule\":\"" TEXT65 "\",\"object\":\"o\",\"text\":\"t\"}",
         "rule is \""},
        {ON "enter\",\"by\":\"x\",\"rule\":\"F\",\"object\":\"" TEXT65 "0\",\"text\":\"t\"}",
         "object is not usable"},
        {ON "enter\",\"by\":\"x\",\"rule\":\"F\",\"object\":\"o\",\"text\":\"t\",\"severity\":"
            "\"bad\"}",
         "severity is \"bad\"; it must be info, warning, major or critical"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuse(cases[i].text, cases[i].words);
}

static void none_comes_from_the_platform(void **state) {
    (void)state;
    static const char *const names[] = {"alert-ack",     "alert-refuse", "alert-assign",
                                        "alert-measure", "alert-close",  "alert-enter"};
    for (int k = ORDER_ALERT_ACK; k <= ORDER_ALERT_ENTER; k++) {
        assert_false(order_remote((enum order_kind)k));
        assert_false(order_is_query((enum order_kind)k));
        assert_string_equal(order_name((enum order_kind)k), names[k - ORDER_ALERT_ACK]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_becomes_its_structure),
        cmocka_unit_test(each_mistake_is_named),
        cmocka_unit_test(none_comes_from_the_platform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
