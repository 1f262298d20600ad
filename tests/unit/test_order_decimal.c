/* Decimal texts to integers of 1e-8: exact, bounded, nothing but digits and a point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "orders/decimal.h"

static void decimals_are_exact(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t e8;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"1", 100000000},
        {"0.3821", 38210000},
        {"-0.00000001", -1},
        {"0.1", 10000000}, /* no binary fraction, yet exact */
        {"12.34567890", 1234567890},
        {"007.5", 750000000},
        {"9999999999.99999999", 999999999999999999},
        {"-9999999999.99999999", -999999999999999999},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t v = 42;
        assert_int_equal(decimal_parse(good[i].text, &v), ERR_OK);
        if (v != good[i].e8)
            fail_msg("%s gave %lld", good[i].text, (long long)v);
    }
}

static void what_is_no_decimal_is_refused_and_nothing_is_written(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int expected;
    } bad[] = {
        {"", ERR_SYNTAX},
        {"-", ERR_SYNTAX},
        {".", ERR_SYNTAX},
        {".5", ERR_SYNTAX},
        {"5.", ERR_SYNTAX},
        {"+1", ERR_SYNTAX},
        {"--1", ERR_SYNTAX},
        {"1,5", ERR_SYNTAX},
        {"1.2.3", ERR_SYNTAX},
        {"1e3", ERR_SYNTAX},
        {"0x10", ERR_SYNTAX},
        {" 1", ERR_SYNTAX},
        {"1 ", ERR_SYNTAX},
        {"nan", ERR_SYNTAX},
        {"inf", ERR_SYNTAX},
        {"1.-5", ERR_SYNTAX},
        {"０", ERR_SYNTAX},
        {"12345678901", ERR_LIMIT},
        {"0.123456789", ERR_LIMIT},
        {"99999999999999999999999999999", ERR_LIMIT},
        {"99999999999999999999999999999x", ERR_SYNTAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t v = 42;
        int rc = decimal_parse(bad[i].text, &v);
        if (rc != bad[i].expected || v != 42)
            fail_msg("%s gave %d and %lld", bad[i].text, rc, (long long)v);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(what_is_no_decimal_is_refused_and_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
