/* Names of quantities, phases and roles: each goes to text and back; unknown ones are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "meter/quantity.h"
#include "meter/site.h"

static void every_quantity_name_parses_back(void **state) {
    (void)state;
    for (int i = 0; i < QUANTITY_COUNT; i++) {
        enum quantity q = QUANTITY_COUNT;

        assert_true(quantity_parse(quantity_str((enum quantity)i), &q));
        assert_int_equal(q, i);
    }
}

static void every_phase_name_parses_back(void **state) {
    (void)state;
    for (int i = 0; i < PHASE_COUNT; i++) {
        enum phase p = PHASE_COUNT;

        assert_true(phase_parse(phase_str((enum phase)i), &p));
        assert_int_equal(p, i);
    }
    assert_string_equal(phase_str(PHASE_NONE), "");
}

static void every_role_name_parses_back(void **state) {
    (void)state;
    for (int i = 0; i < ROLE_COUNT; i++) {
        enum role r = ROLE_COUNT;

        assert_true(role_parse(role_str((enum role)i), &r));
        assert_int_equal(r, i);
    }
}

static void unknown_names_are_refused_and_leave_the_result_alone(void **state) {
    enum quantity q = QUANTITY_SOC;
    enum phase p = PHASE_L2;
    enum role r = ROLE_LOAD;

    (void)state;
    assert_false(quantity_parse("Voltage", &q));
    assert_false(quantity_parse("", &q));
    assert_false(phase_parse("l4", &p));
    assert_false(role_parse("meter", &r));
    assert_int_equal(q, QUANTITY_SOC);
    assert_int_equal(p, PHASE_L2);
    assert_int_equal(r, ROLE_LOAD);
}

static void values_outside_the_enums_have_safe_words(void **state) {
    (void)state;
    assert_string_equal(quantity_str(QUANTITY_COUNT), "other");
    assert_int_equal(quantity_kind(QUANTITY_COUNT), QUANTITY_KIND_GAUGE);
    assert_string_equal(phase_str(PHASE_COUNT), "");
    assert_string_equal(role_str(ROLE_COUNT), "");
}

static void energies_are_counters_and_daily_energies_are_not(void **state) {
    (void)state;
    assert_int_equal(quantity_kind(QUANTITY_ENERGY_IMPORT), QUANTITY_KIND_COUNTER);
    assert_int_equal(quantity_kind(QUANTITY_DISCHARGE_ENERGY), QUANTITY_KIND_COUNTER);
    assert_int_equal(quantity_kind(QUANTITY_ENERGY_EXPORT_DAY), QUANTITY_KIND_GAUGE);
    assert_int_equal(quantity_kind(QUANTITY_CT_RATIO), QUANTITY_KIND_SETTING);
    assert_int_equal(quantity_kind(QUANTITY_FAULT), QUANTITY_KIND_STATE);
}

static void only_generation_and_storage_are_sources(void **state) {
    (void)state;
    for (int i = 0; i < ROLE_COUNT; i++) {
        bool source = i == ROLE_PV || i == ROLE_WIND || i == ROLE_GENERATOR || i == ROLE_STORAGE;

        assert_int_equal(role_is_source((enum role)i), source);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_quantity_name_parses_back),
        cmocka_unit_test(every_phase_name_parses_back),
        cmocka_unit_test(every_role_name_parses_back),
        cmocka_unit_test(unknown_names_are_refused_and_leave_the_result_alone),
        cmocka_unit_test(values_outside_the_enums_have_safe_words),
        cmocka_unit_test(energies_are_counters_and_daily_energies_are_not),
        cmocka_unit_test(only_generation_and_storage_are_sources),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
