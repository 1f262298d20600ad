/* What becomes of messages on /alert: each is given to the historian once, good or bad; retained
 * ones never; one that the store cannot take stays; at most 20 a minute. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publish/platform_alerts.h"

#define SECOND ((us_t)US_PER_S)

static struct platform_alerts alerts;
static struct order given;
static int count;
static bool store_fails;

static size_t take(void *arg, const struct order *order, const char *actor, char *reply,
                   size_t cap) {
    assert_ptr_equal(arg, &count);
    assert_string_equal(actor, "mqtt");
    assert_int_equal(order->kind, ORDER_PLATFORM_ALERT);
    assert_string_equal(order->id, "");
    if (store_fails)
        return order_reply_error(reply, cap, "readings wait in memory");
    given = *order;
    count++;
    return (size_t)snprintf(reply, cap, "{\"ok\":true,\"alert\":%d}", count);
}

static const struct publish_options options = {.order = take, .arg = &count};

static int begin(void **state) {
    (void)state;
    memset(&alerts, 0, sizeof alerts);
    memset(&given, 0, sizeof given);
    count = 0;
    store_fails = false;
    return 0;
}

static int end(void **state) {
    (void)state;
    platform_alerts_fini(&alerts);
    return 0;
}

/* As inbox_post_message() makes it; text NULL: it found no memory. */
static void push(const char *text, size_t n, bool retained) {
    struct inbox_item item = {.kind = INBOX_ALERT, .len = n, .retained = retained};
    if (text && n <= INBOX_PAYLOAD_MAX) {
        item.payload = malloc(n + 1);
        assert_non_null(item.payload);
        memcpy(item.payload, text, n);
    }
    platform_alerts_push(&alerts, &item);
    free(item.payload);
}

static void push_number(int i) {
    char text[300];
    int n = snprintf(text, sizeof text,
                     "{\"id\":\"a-%d\",\"severity\":\"info\",\"code\":\"X\",\"text\":{\"zh\":\"x\","
                     "\"en\":\"x\"},\"valid_until\":\"2026-11-25T12:00:00+08:00\"}",
                     i);
    push(text, (size_t)n, false);
}

static void good_and_bad_ones_are_given_to_the_historian(void **state) {
    (void)state;
    push_number(1);
    assert_true(platform_alerts_run(&alerts, &options, 0) == INT64_MAX);
    assert_int_equal(count, 1);
    assert_string_equal(given.platform_alert.id, "a-1");
    assert_string_equal(given.platform_alert.refusal, "");
    push("{\"id\":\"a-2\"}", 12, false);
    platform_alerts_run(&alerts, &options, 0);
    assert_int_equal(count, 2);
    assert_string_equal(given.platform_alert.id, "a-2");
    assert_non_null(strstr(given.platform_alert.refusal, "severity is missing"));
}

static void one_that_is_too_long_or_found_no_memory_is_refused(void **state) {
    (void)state;
    push("x", INBOX_PAYLOAD_MAX + 1, false);
    platform_alerts_run(&alerts, &options, 0);
    assert_string_equal(given.platform_alert.refusal,
                        "an alert has at most 16384 bytes, not 16385");
    push(NULL, 100, false);
    platform_alerts_run(&alerts, &options, 0);
    assert_string_equal(given.platform_alert.refusal, "there was no memory for it; send it again");
    assert_int_equal(count, 2);
}

static void a_retained_one_is_not_taken(void **state) {
    (void)state;
    push("{}", 2, true);
    assert_true(platform_alerts_run(&alerts, &options, 0) == INT64_MAX);
    assert_int_equal(count, 0);
    assert_int_equal(alerts.retained, 1);
}

static void one_that_the_store_cannot_take_stays(void **state) {
    (void)state;
    store_fails = true;
    push_number(1);
    push_number(2);
    assert_int_equal(platform_alerts_run(&alerts, &options, 5 * SECOND), 6 * SECOND);
    assert_int_equal(platform_alerts_run(&alerts, &options, 5 * SECOND + 1), 6 * SECOND);
    store_fails = false;
    platform_alerts_run(&alerts, &options, 5 * SECOND + 2); /* not before the second is over */
    assert_int_equal(count, 0);
    assert_true(platform_alerts_run(&alerts, &options, 6 * SECOND) == INT64_MAX);
    assert_int_equal(count, 2);
    assert_string_equal(given.platform_alert.id, "a-2");
}

static void twenty_a_minute_and_the_others_wait(void **state) {
    (void)state;
    us_t now = 0;
    for (int i = 0; i < 30; i++) {
        push_number(i);
        platform_alerts_run(&alerts, &options, now);
        now += SECOND;
    }
    assert_int_equal(count, 20);
    assert_int_equal(alerts.count, 10);
    now = 60 * SECOND - 1;
    platform_alerts_run(&alerts, &options, now);
    assert_int_equal(count, 20);
    for (; now < 90 * SECOND; now += SECOND)
        platform_alerts_run(&alerts, &options, now);
    assert_int_equal(count, 30);
    assert_string_equal(given.platform_alert.id, "a-29");
}

static void a_few_a_turn_and_no_more_than_there_is_room_for(void **state) {
    (void)state;
    for (int i = 0; i < PLATFORM_ALERTS_PENDING + 3; i++)
        push_number(i);
    assert_int_equal(alerts.dropped, 3);
    assert_int_equal(platform_alerts_run(&alerts, &options, 7), 7); /* again at once */
    assert_int_equal(count, PLATFORM_ALERTS_A_TURN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_and_bad_ones_are_given_to_the_historian, begin, end),
        cmocka_unit_test_setup_teardown(one_that_is_too_long_or_found_no_memory_is_refused, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_retained_one_is_not_taken, begin, end),
        cmocka_unit_test_setup_teardown(one_that_the_store_cannot_take_stays, begin, end),
        cmocka_unit_test_setup_teardown(twenty_a_minute_and_the_others_wait, begin, end),
        cmocka_unit_test_setup_teardown(a_few_a_turn_and_no_more_than_there_is_room_for, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
