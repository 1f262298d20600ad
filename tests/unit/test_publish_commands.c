/* What becomes of messages on /cmd: each gets one reply, at most 20 a minute are executed, retained
 * ones never. With BUSBAR_BODY_DIR set, replies are left there as cmd-reply-<name>.json. */
#include "unit/body_check.h"

#include "publish/commands.h"
#include "sys/clock.h"

#define SECOND ((us_t)US_PER_S)

static struct site site = {
    .id = "tianxi", .gateway = "gw1", .district = "d1", .config_hash = "0123456789abcdef"};
static struct commands commands;
static struct {
    int count;
    enum order_kind kind;
    char id[ORDER_ID_MAX + 1], actor[ORDER_ACTOR_MAX];
} executed;

static size_t execute(void *arg, const struct order *order, const char *actor, char *reply,
                      size_t cap) {
    assert_ptr_equal(arg, &site);
    executed.count++;
    executed.kind = order->kind;
    snprintf(executed.id, sizeof executed.id, "%s", order->id);
    snprintf(executed.actor, sizeof executed.actor, "%s", actor);
    return (size_t)snprintf(reply, cap, "{\"ok\":true,\"rows\":7}");
}

static const struct publish_options options = {
    .site = &site, .version = "0.1.0", .order = execute, .arg = &site};

static int begin(void **state) {
    memset(&commands, 0, sizeof commands);
    memset(&executed, 0, sizeof executed);
    return init_body(state);
}

static int end(void **state) {
    (void)state;
    commands_fini(&commands);
    return 0;
}

/* As inbox_post_message() makes it. */
static void push(const char *text, size_t n, bool retained) {
    struct inbox_item item = {.kind = INBOX_COMMAND, .len = n, .retained = retained};
    if (n <= INBOX_PAYLOAD_MAX) {
        item.payload = malloc(n + 1);
        assert_non_null(item.payload);
        memcpy(item.payload, text, n);
    }
    commands_push(&commands, &item);
    free(item.payload);
}

/* The reply to one message; the time of the reply is START. */
static const char *reply_to(const char *text, us_t now) {
    push(text, strlen(text), false);
    assert_true(commands_waiting(&commands));
    buf_reset(&body);
    commands_run(&commands, &options, now, START, &body);
    assert_true(buf_ok(&body));
    assert_false(commands_waiting(&commands));
    return body.data;
}

#define T "\"t\":\"2026-11-23T00:15:00+00:00\""

static void ping_and_config_hash_are_answered_at_once(void **state) {
    (void)state;
    reply_to("{\"id\":\"p-1\",\"cmd\":\"ping\"}", 0);
    check("cmd-reply", "ping",
          "{\"v\":1," T ",\"id\":\"p-1\",\"ok\":true,\"version\":\"0.1.0\",\"site\":\"tianxi\","
          "\"gateway\":\"gw1\"}");
    reply_to("{\"cmd\":\"config-hash\",\"id\":\"问\\\"\"}", 0);
    check("cmd-reply", "hash",
          "{\"v\":1," T ",\"id\":\"问\\\"\",\"ok\":true,\"config\":\"0123456789abcdef\"}");
    assert_int_equal(executed.count, 0);
}

static void other_orders_are_executed_with_their_id(void **state) {
    (void)state;
    reply_to("{\"id\":\"r-1\",\"cmd\":\"replay\",\"epoch\":5,\"from_seq\":1,\"to_seq\":2}", 0);
    check("cmd-reply", "done", "{\"v\":1," T ",\"id\":\"r-1\",\"ok\":true,\"rows\":7}");
    assert_int_equal(executed.count, 1);
    assert_int_equal(executed.kind, ORDER_REPLAY);
    assert_string_equal(executed.id, "r-1");
    assert_string_equal(executed.actor, "mqtt");
}

static void mistakes_are_answered_with_the_id_where_it_is_known(void **state) {
    (void)state;
    static const char *const bad[][3] = {
        {"", "\"id\":null,\"ok\":false", "no JSON"},
        {"\x01garbage", "\"id\":null,\"ok\":false", "no JSON"},
        {"{\"cmd\":\"ping\"}", "\"id\":null,\"ok\":false", "id is missing"},
        {"{\"cmd\":\"ping\",\"id\":\"\"}", "\"id\":null,\"ok\":false", "id is missing"},
        {"{\"cmd\":\"ping\",\"id\":5}", "\"id\":null,\"ok\":false", "id is not usable"},
        {"{\"cmd\":\"dance\",\"id\":\"a\"}", "\"id\":\"a\",\"ok\":false", "not known"},
        {"{\"cmd\":\"replay\",\"id\":\"b\"}", "\"id\":\"b\",\"ok\":false", "epoch is missing"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *reply = reply_to(bad[i][0], 0);
        if (!strstr(reply, bad[i][1]) || !strstr(reply, bad[i][2]))
            fail_msg("%s: %s", bad[i][0], reply);
    }
    assert_int_equal(executed.count, 0);
    reply_to("{\"cmd\":\"dance\"}", 0);
    check("cmd-reply", "unknown",
          "{\"v\":1," T ",\"id\":null,\"ok\":false,\"error\":\"cmd \\\"dance\\\" is not known; "
          "this version knows ping, config-hash, prices, curve, meter-change, ratio-change, "
          "recompute, file-month, replay, alert-ack|refuse|assign|measure|close|enter\"}");
}

static void what_officers_answer_for_is_not_taken_over_mqtt(void **state) {
    (void)state;
    static const char *const local[] = {
        "{\"id\":\"x\",\"cmd\":\"recompute\",\"from\":\"2026-11-01\"}",
        "{\"id\":\"x\",\"cmd\":\"file-month\",\"month\":\"2026-10\",\"by\":\"y\"}",
        "{\"id\":\"x\",\"cmd\":\"ratio-change\",\"device\":\"grid\",\"ct_ratio\":80,"
        "\"at\":\"2026-11-20T10:00:00+08:00\",\"by\":\"y\"}",
        "{\"id\":\"x\",\"cmd\":\"meter-change\",\"device\":\"grid\",\"direction\":\"import\","
        "\"old_end\":1,\"new_start\":0,\"at\":\"2026-11-20T10:00:00+08:00\",\"by\":\"y\"}"};
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        assert_non_null(strstr(reply_to(local[i], 0), "is not taken over MQTT"));
    assert_int_equal(executed.count, 0);
}

static void a_message_too_long_is_answered_unread(void **state) {
    (void)state;
    push("", INBOX_PAYLOAD_MAX + 1, false);
    commands_run(&commands, &options, 0, START, &body);
    assert_contains("\"id\":null,\"ok\":false,\"error\":\"a command has at most 16384 bytes, not "
                    "16385");
    /* without memory for the copy there is no payload either */
    struct inbox_item item = {.kind = INBOX_COMMAND, .len = 20};
    commands_push(&commands, &item);
    buf_reset(&body);
    commands_run(&commands, &options, 0, START, &body);
    assert_contains("out of memory");
}

static void retained_ones_are_counted_and_never_answered(void **state) {
    (void)state;
    static const char text[] = "{\"id\":\"a\",\"cmd\":\"ping\"}";
    push(text, sizeof text - 1, true);
    push(text, sizeof text - 1, true);
    assert_false(commands_waiting(&commands));
    assert_int_equal(commands.retained, 2);
    assert_int_equal(commands.dropped, 0);
}

static void twenty_are_executed_in_any_minute(void **state) {
    (void)state;
    static const char ping[] = "{\"id\":\"a\",\"cmd\":\"ping\"}";
    us_t now = 5 * SECOND;
    for (int i = 0; i < PER_MINUTE_MAX; i++, now += SECOND) {
        reply_to("{\"id\":\"a\"}", now); /* what cannot be executed does not count */
        assert_non_null(strstr(reply_to(ping, now), "true"));
    }
    /* the first one ran at 5 s: a place is free from 65 s on, then one each second */
    assert_string_equal(reply_to(ping, 65 * SECOND - 1),
                        "{\"v\":1," T ",\"id\":\"a\",\"ok\":false,\"error\":\"too many\"}");
    assert_non_null(strstr(reply_to(ping, 65 * SECOND), "true"));
    assert_non_null(strstr(reply_to(ping, 66 * SECOND - 1), "too many"));
    assert_non_null(strstr(reply_to(ping, 66 * SECOND), "true"));
    for (int i = 0; i < PER_MINUTE_MAX; i++)
        assert_non_null(strstr(reply_to(ping, 200 * SECOND), "true"));
    assert_non_null(strstr(reply_to(ping, 200 * SECOND), "too many"));
}

static void they_wait_in_order_and_the_newest_is_dropped(void **state) {
    (void)state;
    char text[64], id[32];
    for (int round = 0; round < 3; round++) { /* the queue begins at another place each time */
        for (int i = 0; i < COMMANDS_PENDING + 2; i++) {
            int n = snprintf(text, sizeof text, "{\"id\":\"%d\",\"cmd\":\"ping\"}", i);
            push(text, (size_t)n, false);
        }
        assert_int_equal(commands.dropped, 2 * (round + 1));
        for (int i = 0; i < COMMANDS_PENDING - round; i++) {
            buf_reset(&body);
            commands_run(&commands, &options, 1000 * (round + 1) * SECOND, START, &body);
            snprintf(id, sizeof id, "\"id\":\"%d\"", i);
            assert_contains(id);
        }
        commands_fini(&commands); /* what is left */
        assert_false(commands_waiting(&commands));
    }
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    if (clock_set_zone("UTC") < 0)
        return EXIT_FAILURE;
    const struct CMUnitTest tests[] = {
        UNIT(ping_and_config_hash_are_answered_at_once),
        UNIT(other_orders_are_executed_with_their_id),
        UNIT(mistakes_are_answered_with_the_id_where_it_is_known),
        UNIT(what_officers_answer_for_is_not_taken_over_mqtt),
        UNIT(a_message_too_long_is_answered_unread),
        UNIT(retained_ones_are_counted_and_never_answered),
        UNIT(twenty_are_executed_in_any_minute),
        UNIT(they_wait_in_order_and_the_newest_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
