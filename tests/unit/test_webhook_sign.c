/* Signatures of notifications against those of Python's hmac. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "publish/webhook_sign.h"

/* t = "1577262236757"; quote_plus(b64encode(hmac.new(s, t + "\n" + s, sha256).digest())) */
static void dingtalk_signs_its_address(void **state) {
    (void)state;
    char query[SIGN_QUERY_MAX];
    assert_int_equal(webhook_sign_dingtalk("SEC000000000000000000000", 1577262236757, '&', query),
                     ERR_OK);
    assert_string_equal(query, "&timestamp=1577262236757"
                               "&sign=xOJIB8eNoYWeLy26EMZOlc2RjOJbtPv9HYjm%2BE3uALU%3D");
    assert_int_equal(webhook_sign_dingtalk("secret-0", 1577262236757, '?', query), ERR_OK);
    assert_string_equal(query, "?timestamp=1577262236757"
                               "&sign=cWBVenMIL3HmGK4HIMPh%2FhmACXcJ0ley7%2BgLINJhxJc%3D");
}

/* b64encode(hmac.new("1599360473\ndemo", b"", sha256).digest()) */
static void feishu_signs_nothing_with_its_secret_in_the_key(void **state) {
    (void)state;
    char sign[SIGN_BASE64_MAX];
    assert_int_equal(webhook_sign_feishu("demo", "1599360473", sign), ERR_OK);
    assert_string_equal(sign, "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
}

/* hmac.new(b"key", b'{"v":1}', sha256).hexdigest() */
static void a_body_is_signed_as_it_is(void **state) {
    (void)state;
    char hex[SIGN_HEX_MAX];
    assert_int_equal(webhook_sign_body("key", "{\"v\":1}", 7, hex), ERR_OK);
    assert_string_equal(hex,
                        "sha256=24c1f708da0edb7500653e549baff42d53f4de70682ee15291c80e9f2e2ffe7b");
}

static void the_longest_secret_fits(void **state) {
    (void)state;
    char secret[1024], query[SIGN_QUERY_MAX], sign[SIGN_BASE64_MAX];
    memset(secret, 's', sizeof secret - 1);
    secret[sizeof secret - 1] = '\0';
    assert_int_equal(webhook_sign_dingtalk(secret, INT64_MAX, '&', query), ERR_OK);
    assert_non_null(strstr(query, "&timestamp=9223372036854775807&sign="));
    assert_int_equal(webhook_sign_feishu(secret, "9223372036854775", sign), ERR_OK);
    assert_int_equal(strlen(sign), 44);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dingtalk_signs_its_address),
        cmocka_unit_test(feishu_signs_nothing_with_its_secret_in_the_key),
        cmocka_unit_test(a_body_is_signed_as_it_is),
        cmocka_unit_test(the_longest_secret_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
