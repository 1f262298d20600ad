/* The platform's /ack: good ones are read, hostile ones are refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "publish/ack_message.h"

#define EPOCH 1764000000000LL
#define HEAD  100

static int parse(const char *text, struct seq_range *ranges) {
    return ack_message_parse(text, strlen(text), EPOCH, HEAD, ranges);
}

static void test_ranges_are_read(void **state) {
    (void)state;
    struct seq_range ranges[ACK_RANGES_MAX];
    assert_int_equal(
        parse("{\"v\":1,\"epoch\":1764000000000,\"ranges\":[[1,7],[9,9],[50,100]],\"by\":\"x\"}",
              ranges),
        3);
    static const struct seq_range expected[] = {{1, 7}, {9, 9}, {50, 100}};
    assert_memory_equal(ranges, expected, sizeof expected);
    assert_int_equal(parse("{\"epoch\":1764000000000,\"ranges\":[]}", ranges), 0);
}

static void test_hostile_messages_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int expected;
    } bad[] = {
        {"", ERR_SYNTAX},
        {"[]", ERR_SYNTAX},
        {"null", ERR_SYNTAX},
        {"{", ERR_SYNTAX},
        {"{\"epoch\":1764000000000}", ERR_SYNTAX},
        {"{\"ranges\":[[1,2]]}", ERR_SYNTAX},
        {"{\"epoch\":\"1764000000000\",\"ranges\":[[1,2]]}", ERR_SYNTAX},
        {"{\"epoch\":1764000000000.0,\"ranges\":[[1,2]]}", ERR_SYNTAX},
        {"{\"epoch\":1764000000000,\"ranges\":{\"1\":2}}", ERR_SYNTAX},
        {"{\"epoch\":1764000000000,\"ranges\":[1,2]}", ERR_SYNTAX},
        {"{\"epoch\":1764000000000,\"ranges\":[[1]]}", ERR_SYNTAX},
        {"{\"epoch\":1764000000000,\"ranges\":[[1,2,3]]}", ERR_SYNTAX},
        {"{\"epoch\":1764000000000,\"ranges\":[[1,2.5]]}", ERR_SYNTAX},
        {"{\"epoch\":1764000000000,\"ranges\":[[1,\"2\"]]}", ERR_SYNTAX},
        {"{\"epoch\":1764000000000,\"epoch\":1764000000000,\"ranges\":[]}", ERR_SYNTAX},
        {"{\"epoch\":1764000000000,\"ranges\":[[1,99999999999999999999]]}", ERR_SYNTAX},
        {"{\"epoch\":1764000000000,\"ranges\":[]} x", ERR_SYNTAX},
        {"{\"epoch\":1763999999999,\"ranges\":[[1,2]]}", ERR_NOT_FOUND},
        {"{\"epoch\":1764000000000,\"ranges\":[[0,2]]}", ERR_RANGE},
        {"{\"epoch\":1764000000000,\"ranges\":[[-1,2]]}", ERR_RANGE},
        {"{\"epoch\":1764000000000,\"ranges\":[[3,2]]}", ERR_RANGE},
        {"{\"epoch\":1764000000000,\"ranges\":[[1,101]]}", ERR_RANGE},
        {"{\"epoch\":1764000000000,\"ranges\":[[1,2],[1,9223372036854775807]]}", ERR_RANGE},
    };
    struct seq_range ranges[ACK_RANGES_MAX];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int rc = parse(bad[i].text, ranges);
        if (rc != bad[i].expected)
            fail_msg("%s gave %d, not %d", bad[i].text, rc, bad[i].expected);
    }
}

static void test_size_depth_and_number_of_ranges_are_bounded(void **state) {
    (void)state;
    struct seq_range ranges[ACK_RANGES_MAX];
    char *text = malloc(ACK_MESSAGE_MAX + 1);
    assert_non_null(text);
    memset(text, ' ', ACK_MESSAGE_MAX + 1);
    assert_int_equal(ack_message_parse(text, ACK_MESSAGE_MAX + 1, EPOCH, HEAD, ranges), ERR_LIMIT);
    memset(text, '[', ACK_MESSAGE_MAX);
    assert_int_equal(ack_message_parse(text, ACK_MESSAGE_MAX, EPOCH, HEAD, ranges), ERR_SYNTAX);

    size_t n = 0;
    static const char head[] = "{\"epoch\":1764000000000,\"ranges\":[[1,1]";
    memcpy(text, head, sizeof head - 1);
    n = sizeof head - 1;
    for (int i = 0; i < ACK_RANGES_MAX; i++, n += 6)
        memcpy(text + n, ",[1,1]", 6);
    memcpy(text + n, "]}", 2);
    assert_int_equal(ack_message_parse(text, n + 2, EPOCH, HEAD, ranges), ERR_LIMIT);
    free(text);
}

static void test_bytes_that_are_not_text(void **state) {
    (void)state;
    struct seq_range ranges[ACK_RANGES_MAX];
    static const unsigned char bytes[] = {'{', '"', 0xff, 0xfe, 0x00, '"', ':', '1', '}'};
    assert_int_equal(ack_message_parse(bytes, sizeof bytes, EPOCH, HEAD, ranges), ERR_SYNTAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_are_read),
        cmocka_unit_test(test_hostile_messages_are_refused),
        cmocka_unit_test(test_size_depth_and_number_of_ranges_are_bounded),
        cmocka_unit_test(test_bytes_that_are_not_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
