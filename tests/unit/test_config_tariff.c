/* Tariff files as they are read, and the shipped one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "henan_days.h"
#include "pf_rows.h"
#include "tariff_fixture.h"

/* ---- good files --------------------------------------------------------------------------- */

static void a_tariff_is_read_as_written(void **state) {
    (void)state;
    struct loaded w;
    load_bytes(&w, tariff_base, strlen(tariff_base));
    assert_int_equal(w.result, ERR_OK);
    assert_int_equal(w.e.total, 0);
    const struct tariff *t = w.t;
    assert_string_equal(t->id, "t");
    assert_string_equal(t->name, "Test");
    assert_int_equal(t->holiday_count, 2);
    assert_int_equal(t->holidays[1], civil_day(2024, 10, 2));
    assert_int_equal(t->workday_count, 2);
    assert_int_equal(t->version_count, 2);
    const struct tariff_version *one = &t->versions[0], *two = &t->versions[1];
    assert_string_equal(one->id, "t");
    assert_string_equal(one->document, "one");
    assert_string_equal(one->source, "made up");
    assert_true(one->verified && !two->verified);
    assert_int_equal(one->from_day, civil_day(2023, 1, 1));
    assert_int_equal(one->to_day, civil_day(2024, 6, 1));
    assert_int_equal(two->from_day, civil_day(2024, 6, 1));
    assert_int_equal(two->to_day, INT32_MAX);
    assert_true(one->ratio[TARIFF_PEAK] == 1.6 && isnan(one->ratio[TARIFF_DEEP]));
    assert_true(tariff_ratio(two, 12, TARIFF_DEEP) == 0.2 && tariff_ratio(two, 2, 1) == 1.7);
    close_load(&w);
}

/* 23:00 to 07:30 becomes two windows of one line; 17:00 to 00:00 ends with the day. */
static void a_window_across_midnight_becomes_two(void **state) {
    (void)state;
    struct loaded w;
    load_bytes(&w, tariff_base, strlen(tariff_base));
    assert_int_equal(w.result, ERR_OK);
    const struct tariff_version *one = &w.t->versions[0], *two = &w.t->versions[1];
    assert_int_equal(one->window_count, 4);
    assert_int_equal(one->windows[1].from_min, 1380);
    assert_int_equal(one->windows[1].to_min, 1440);
    assert_int_equal(one->windows[2].from_min, 0);
    assert_int_equal(one->windows[2].to_min, 450);
    assert_int_equal(one->windows[1].line, 14);
    assert_int_equal(one->windows[2].line, 14);
    assert_int_equal(one->windows[2].months, 0xFFF);
    assert_int_equal(one->windows[2].day_types, DAY_ANY);
    assert_int_equal(two->window_count, 3);
    assert_int_equal(two->windows[0].months, 1 | 1 << 11);
    assert_int_equal(two->windows[0].day_types, DAY_HOLIDAY);
    assert_int_equal(two->windows[1].day_types, DAY_WORKDAY | DAY_WEEKEND);
    assert_int_equal(two->windows[1].from_min, 1020);
    assert_int_equal(two->windows[1].to_min, 1440);
    assert_int_equal(two->windows[2].priority, 9);
    close_load(&w);
}

static void billing_rules_that_are_not_given_are_unknown(void **state) {
    (void)state;
    struct loaded w;
    load_bytes(&w, tariff_base, strlen(tariff_base));
    assert_int_equal(w.result, ERR_OK);
    const struct billing_rules *none = &w.t->versions[0].billing, *b = &w.t->versions[1].billing;
    assert_true(isnan(none->free_share) && isnan(none->min_contract_share));
    assert_true(isnan(none->high_use_kwh_kva) && !none->verified);
    assert_int_equal(none->pf_table_count, 0);
    assert_true(isnan(billing_demand_kw(none, BILLING_CONTRACT_DEMAND, 300, 200, 1000)));
    assert_true(b->free_share == 1.05 && b->excess_factor == 2 && !b->band_billed);
    assert_true(isnan(b->min_contract_share) && b->high_use_discount == 0.9);
    assert_true(b->pf_includes_basic && b->verified);
    assert_int_equal(b->pf_table_count, 1);
    const struct pf_table *table = pf_table_of(b, 0.9);
    assert_non_null(table);
    assert_int_equal(table->step_count, 3);
    assert_int_equal(table->steps[0].pf_hundredths, 95);
    assert_int_equal(table->steps[0].adjust_e4, -75);
    assert_int_equal(table->below_e4, 200);
    close_load(&w);
}

static void the_hash_tells_one_file_from_another(void **state) {
    (void)state;
    struct loaded a, b;
    char other[sizeof tariff_base];
    memcpy(other, tariff_base, sizeof tariff_base);
    *strstr(other, "1.6") = '2';
    load_bytes(&a, tariff_base, strlen(tariff_base));
    load_bytes(&b, other, strlen(other));
    assert_int_equal(b.result, ERR_OK);
    assert_true(a.l.hash != HASH_START && a.l.hash != b.l.hash);
    assert_true(a.l.hash == hash_file(HASH_START, tariff_base, strlen(tariff_base)));
    assert_int_equal(a.l.files, 2);
    close_load(&a);
    close_load(&b);
}

/* ---- the shipped file ----------------------------------------------------------------------- */

static void assert_hours(const struct tariff_version *v, int month, const char *letters) {
    for (int minute = 0; minute < 1440; minute++) {
        for (size_t i = 0; i < TARIFF_DAY_TYPES; i++) {
            char got = period_letter((int)tariff_resolve(v, month, tariff_day_types[i], minute));
            if (got != letters[minute / 60])
                fail_msg("%s, month %d, %02d:%02d: %c", v->document, month, minute / 60,
                         minute % 60, got);
        }
    }
}

static void load_henan(struct loaded *w) {
    open_load(w);
    w->result = tariff_from_name(&w->l, "henan-2024", (struct place){"s.yaml", 0, 1, 1}, &w->t);
    if (w->result != ERR_OK || w->e.total != 0)
        fail_msg("henan-2024: %d, %s", w->result, w->e.count > 0 ? w->e.text[0] : "no message");
}

static void henan_has_the_two_notices_that_were_in_force(void **state) {
    (void)state;
    struct loaded w;
    load_henan(&w);
    assert_int_equal(w.t->version_count, 2);
    const struct tariff_version *old = &w.t->versions[0], *now = &w.t->versions[1];
    assert_string_equal(old->document, "豫发改价管〔2022〕867号");
    assert_string_equal(now->document, "豫发改价管〔2024〕283号");
    assert_ptr_equal(tariff_at(w.t, civil_day(2022, 11, 1)), old);
    assert_ptr_equal(tariff_at(w.t, civil_day(2024, 5, 31)), old);
    assert_ptr_equal(tariff_at(w.t, civil_day(2024, 6, 1)), now);
    assert_false(old->verified || now->verified || old->billing.verified || now->billing.verified);
    for (int month = 1; month <= 12; month++) {
        assert_hours(old, month, HENAN_2022);
        assert_hours(now, month, henan_days[month - 1]);
    }
    close_load(&w);
}

/* 1.72 : 1 : 0.45 with sharp 1.2 x peak = 2.064; before, 1.64 : 1 : 0.41, and 1.71 : 1 : 0.47 in
 * January, July, August and December. */
static void henan_has_its_ratios(void **state) {
    (void)state;
    struct loaded w;
    load_henan(&w);
    const struct tariff_version *old = &w.t->versions[0], *now = &w.t->versions[1];
    for (int month = 1; month <= 12; month++) {
        bool dear = month == 1 || month == 7 || month == 8 || month == 12;
        assert_true(tariff_ratio(old, month, TARIFF_PEAK) == (dear ? 1.71 : 1.64));
        assert_true(tariff_ratio(old, month, TARIFF_VALLEY) == (dear ? 0.47 : 0.41));
        assert_true(tariff_ratio(old, month, TARIFF_FLAT) == 1);
        assert_true(tariff_ratio(now, month, TARIFF_SHARP) == 2.064);
        assert_true(tariff_ratio(now, month, TARIFF_PEAK) == 1.72);
        assert_true(tariff_ratio(now, month, TARIFF_FLAT) == 1);
        assert_true(tariff_ratio(now, month, TARIFF_VALLEY) == 0.45);
        assert_true(isnan(tariff_ratio(now, month, TARIFF_DEEP)));
    }
    close_load(&w);
}

static void henan_has_every_row_of_the_power_factor_tables(void **state) {
    (void)state;
    struct loaded w;
    load_henan(&w);
    for (size_t v = 0; v < 2; v++) {
        const struct billing_rules *b = &w.t->versions[v].billing;
        assert_int_equal(b->pf_table_count, PF_TABLES);
        for (size_t i = 0; i < PF_TABLES; i++) {
            const struct pf_table *t = pf_table_of(b, pf_rows[i].standard_hundredths / 100.0);
            assert_non_null(t);
            for (int row = 0; row < PF_ROWS; row++)
                assert_int_equal(pf_adjust_e4(t, 100 - row), pf_rows[i].adjust_e4[row]);
        }
        assert_true(b->free_share == 1.05 && b->excess_factor == 2 && !b->band_billed);
        assert_true(b->min_contract_share == 0.4 && b->pf_includes_basic);
    }
    assert_true(isnan(w.t->versions[0].billing.high_use_kwh_kva));
    assert_true(w.t->versions[1].billing.high_use_kwh_kva == 260);
    close_load(&w);
}

static void a_tariff_that_has_no_file_is_not_found(void **state) {
    (void)state;
    static const char *const names[] = {"henan-2023", "../tariffs/henan-2024", "Henan", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct loaded w;
        open_load(&w);
        assert_int_equal(tariff_from_name(&w.l, names[i], (struct place){"s.yaml", 0, 1, 1}, &w.t),
                         ERR_NOT_FOUND);
        assert_int_equal(w.e.total, 0);
        assert_null(w.t);
        close_load(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tariff_is_read_as_written),
        cmocka_unit_test(a_window_across_midnight_becomes_two),
        cmocka_unit_test(billing_rules_that_are_not_given_are_unknown),
        cmocka_unit_test(the_hash_tells_one_file_from_another),
        cmocka_unit_test(henan_has_the_two_notices_that_were_in_force),
        cmocka_unit_test(henan_has_its_ratios),
        cmocka_unit_test(henan_has_every_row_of_the_power_factor_tables),
        cmocka_unit_test(a_tariff_that_has_no_file_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
