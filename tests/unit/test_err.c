/* Every code has words of its own, and an unknown code still gives a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/quality.h"

static const int codes[] = {
#define X(name, value, words) name,
    ERR_LIST(X)
#undef X
};
#define CODES (sizeof codes / sizeof codes[0])

static void every_code_has_its_words(void **state) {
    (void)state;
    static const char *const words[] = {
#define X(name, value, text) text,
        ERR_LIST(X)
#undef X
    };
    for (size_t i = 0; i < CODES; i++)
        assert_string_equal(err_str(codes[i]), words[i]);
}

static void no_two_codes_share_words_or_values(void **state) {
    (void)state;
    for (size_t i = 0; i < CODES; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(codes[i], codes[j]);
            assert_string_not_equal(err_str(codes[i]), err_str(codes[j]));
        }
    }
}

static void codes_are_negative_but_ok(void **state) {
    (void)state;
    assert_int_equal(ERR_OK, 0);
    for (size_t i = 0; i < CODES; i++)
        assert_true(codes[i] == ERR_OK || codes[i] < 0);
}

static void unknown_codes_have_words(void **state) {
    (void)state;
    static const int unknown[] = {1, -16, -29, -40, -1000, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_string_equal(err_str(unknown[i]), "unknown error");
}

/* The names of the MQTT contract, in rising order of badness. */
static void qualities_have_the_names_of_the_contract(void **state) {
    (void)state;
    static const char *const names[] = {"good",    "estimated",    "recovered",
                                        "suspect", "out_of_range", "exception",
                                        "stale",   "missing",      "clock_suspect"};
    for (int q = 0; q < QUALITY_COUNT; q++)
        assert_string_equal(quality_str((enum quality)q), names[q]);
    assert_string_equal(quality_str((enum quality)99), "missing");
}

static void the_worst_quality_wins(void **state) {
    (void)state;
    for (int a = 0; a < QUALITY_COUNT; a++) {
        for (int b = 0; b < QUALITY_COUNT; b++)
            assert_int_equal(quality_worst((enum quality)a, (enum quality)b), a > b ? a : b);
        assert_int_equal(quality_usable((enum quality)a), a <= QUALITY_SUSPECT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_words),
        cmocka_unit_test(no_two_codes_share_words_or_values),
        cmocka_unit_test(codes_are_negative_but_ok),
        cmocka_unit_test(unknown_codes_have_words),
        cmocka_unit_test(qualities_have_the_names_of_the_contract),
        cmocka_unit_test(the_worst_quality_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
