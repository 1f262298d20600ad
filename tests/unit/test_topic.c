/* MQTT topics: root, levels, and the bound of the caller's memory. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "format/record.h"

static const struct site site = {.district = "jiaozuo-gxq", .id = "tianxi", .gateway = "gw1"};

static void topic_of_the_contract(void **state) {
    (void)state;
    static const struct {
        const char *leaf, *topic;
    } rows[] = {
        {"status", "busbar/1/jiaozuo-gxq/tianxi/gw1/status"},
        {"record/15m", "busbar/1/jiaozuo-gxq/tianxi/gw1/record/15m"},
        {"cmd/reply", "busbar/1/jiaozuo-gxq/tianxi/gw1/cmd/reply"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[128];
        assert_int_equal(topic_write(out, sizeof out, &site, rows[i].leaf), strlen(rows[i].topic));
        assert_string_equal(out, rows[i].topic);
    }
}

/* "busbar/1/jiaozuo-gxq/tianxi/gw1/live" is 36 characters: 37 bytes are enough, 36 are not. */
static void too_small_is_refused_and_untouched(void **state) {
    (void)state;
    char out[37] = "before";

    for (size_t cap = 0; cap < 37; cap++) {
        assert_int_equal(topic_write(out, cap, &site, "live"), ERR_LIMIT);
        assert_string_equal(out, "before");
    }
    assert_int_equal(topic_write(out, 37, &site, "live"), 36);
    assert_string_equal(out, "busbar/1/jiaozuo-gxq/tianxi/gw1/live");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topic_of_the_contract),
        cmocka_unit_test(too_small_is_refused_and_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
