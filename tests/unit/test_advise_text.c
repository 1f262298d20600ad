/* How the advice is said: the example of docs/advise.md is what it prints, in Chinese as well, and
 * JSON has the same numbers. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "advise_fixture.h"
#include "advise_say.h"

static struct plant plant;
static struct advise advice;

static int open_plant(void **state) {
    (void)state;
    plant_open(&plant);
    plant_fill(&plant);
    return 0;
}

static int close_plant(void **state) {
    (void)state;
    plant_close(&plant);
    return 0;
}

static int restore(void **state) {
    (void)state;
    advise_free(&advice);
    plant_site(&plant);
    return 0;
}

static struct advise_options from_november(void) {
    struct advise_options o = plant_options();
    o.from = local_day(2026, 11, 1);
    return o;
}

/* The text, to be freed. */
static char *text_of(enum advise_lang lang) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    advise_text(&advice, lang, f);
    assert_int_equal(fclose(f), 0);
    return text;
}

static json_t *json_of(void) {
    char *text = NULL;
    size_t n = 0;
    json_error_t error;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    assert_int_equal(advise_json(&advice, f), ERR_OK);
    assert_int_equal(fclose(f), 0);
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!j)
        fail_msg("%s at %d: %s", error.text, error.position, text);
    free(text);
    return j;
}

static void assert_says(enum advise_lang lang, const char *words) {
    char *text = text_of(lang);
    if (!strstr(text, words))
        fail_msg("'%s' is not in:\n%s", words, text);
    free(text);
}

/* The block of the document between ```text and ```. */
static char *example_of_the_docs(void) {
    static char doc[65536];
    FILE *f = fopen(TEST_SOURCE_DIR "/docs/advise.md", "r");
    assert_non_null(f);
    doc[fread(doc, 1, sizeof doc - 1, f)] = '\0';
    fclose(f);
    char *from = strstr(doc, "```text\n");
    assert_non_null(from);
    from += strlen("```text\n");
    char *to = strstr(from, "```");
    assert_non_null(to);
    *to = '\0';
    return from;
}

static void the_example_in_the_docs_is_what_it_prints(void **state) {
    (void)state;
    const struct advise_options o = plant_options();
    plant_advise(&plant, &o, &advice);
    char *text = text_of(ADVISE_EN);
    assert_string_equal(text, example_of_the_docs());
    free(text);
}

static void chinese_labels_have_the_same_numbers_in_the_same_columns(void **state) {
    (void)state;
    const struct advise_options o = plant_options();
    plant_advise(&plant, &o, &advice);
    static const char *const says[] = {
        "户 main，户号 4108000123\n",
        "  需量申报：计入 3 个结算月（统计期共 4 个，有记录 4 个）\n",
        "   未计入：缺需量电价（2026-07）：busbar import prices；缺容量电价（2026-07）：",
        "                2800.0           255640.00  最省的合同需量\n",
        "                3200.0           264960.00  现行\n",
        "        按实际最大需量           266850.00\n",
        "    最优：按合同最大需量，2800.0 kW：255640.00 元\n",
        "    差额：9320.00 元（3 个月）\n",
        "    变压器 t1                     2500.0    2250.0  2026-08-15 14:30    1230.6",
        "    N-1：最大的变压器退出时，其余变压器最大负载率 240.0 %\n",
        "至今：0.88，力调系数 1.00 %；下一档 0.89（0.50 %）：至今应减少无功 297.7 kvarh，平均补偿 "
        "8.3 kvar",
        "若无光伏：0.91，力调系数 -0.15 %",
    };
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++)
        assert_says(ADVISE_ZH, says[i]);
}

static void json_has_the_numbers_of_the_text(void **state) {
    (void)state;
    const struct advise_options o = plant_options();
    plant_advise(&plant, &o, &advice);
    json_t *j = json_of();
    assert_string_equal(text_at(j, "from"), "2026-07-01T00:00:00+08:00");
    assert_string_equal(text_at(j, "to"), "2026-11-02T12:00:00+08:00");
    assert_near(number_at(j, "quarters"), 11952, 0);
    const json_t *a = json_array_get(json_object_get(j, "accounts"), 0);
    assert_string_equal(text_at(a, "account"), "main");
    const json_t *d = json_object_get(a, "demand");
    assert_near(number_at(d, "months_counted"), 3, 0);
    assert_near(number_at(d, "months/1/max_kw"), 2900, 0);
    assert_near(number_at(d, "months/1/actual_demand_cny_kw"), 32, 0);
    assert_true(isnan(number_at(d, "months/0/demand_cny_kw")));
    assert_true(
        json_is_false(json_object_get(json_array_get(json_object_get(d, "months"), 0), "counted")));
    assert_int_equal(json_array_size(json_object_get(d, "candidates")), 13);
    assert_near(number_at(d, "candidates/6/contract_kw"), 2800, 0);
    assert_string_equal(text_at(json_array_get(json_object_get(d, "candidates"), 6), "cost_cny"),
                        "255640.00");
    assert_string_equal(text_at(json_object_get(d, "present"), "billing"), "contract_demand");
    assert_near(number_at(d, "best/contract_kw"), 2800, 0);
    assert_string_equal(text_at(d, "difference_cny"), "9320.00");
    assert_string_equal(text_at(d, "capacity_cny"), "292000.00");
    assert_true(json_is_null(json_object_get(d, "refusal")));
    assert_near(number_at(a, "capacity/0/best_kva"), 859.44, 1e-9);
    assert_true(isnan(number_at(a, "capacity/1/loss_kwh")));
    assert_near(number_at(a, "capacity/2/n_minus_1_pct"), 240, 1e-9);
    assert_near(number_at(a, "power_factor/so_far/power_factor"), 0.88, 1e-12);
    assert_near(number_at(a, "power_factor/so_far/kvar"), 8.27, 1e-12);
    assert_near(number_at(a, "power_factor/without_pv/adjust_pct"), -0.15, 1e-12);
    json_decref(j);
}

static void a_refusal_is_said_and_the_rest_is_still_there(void **state) {
    (void)state;
    const struct advise_options o = from_november();
    plant_advise(&plant, &o, &advice);
    assert_says(ADVISE_EN, "declared demand: 0 of 0 billing months in the range count; 0 are");
    assert_says(ADVISE_EN, "    no advice: no billing month that ended in this range is recorded "
                           "for account main: give another range");
    assert_says(ADVISE_ZH, "    无法给出建议：统计期内没有户 main 的已结算月份记录");
    assert_says(ADVISE_EN, "    incomer p1");
    json_t *j = json_of();
    const json_t *d = json_object_get(json_array_get(json_object_get(j, "accounts"), 0), "demand");
    assert_string_equal(text_at(d, "refusal"), "no_months");
    assert_non_null(strstr(text_at(d, "why"), "no billing month"));
    assert_true(json_is_null(json_object_get(d, "capacity_cny")));
    assert_true(json_is_null(json_object_get(d, "difference_cny")));
    assert_true(json_is_null(json_object_get(json_object_get(d, "best"), "billing")));
    json_decref(j);
}

static void an_unknown_present_contract_is_said(void **state) {
    (void)state;
    struct advise_options o = plant_options();
    o.from = local_day(2026, 10, 1);
    plant.account.contract_count = 0;
    plant.version.billing.verified = false;
    plant_advise(&plant, &o, &advice);
    assert_says(ADVISE_EN, "present: not known: the site file names no billing, or no contract\n");
    assert_says(ADVISE_EN, "best: by contract demand, 2400.0 kW: 62640.00 CNY\n");
    assert_says(ADVISE_EN, "notice 7 of 2026; rules or prices are unverified\n");
    assert_says(ADVISE_EN, "in 36.00 hours; rules are unverified\n");
    char *text = text_of(ADVISE_EN);
    assert_null(strstr(text, "difference"));
    assert_null(strstr(text, "  present\n"));
    free(text);
}

static void a_power_factor_without_a_table_has_no_percent(void **state) {
    (void)state;
    const struct advise_options o = from_november();
    plant.account.pf_standard = 0.85;
    plant_advise(&plant, &o, &advice);
    assert_says(ADVISE_EN, "    0.88; no adjustment: the tariff has no table of standard 0.85\n");
    json_t *j = json_of();
    const json_t *a = json_array_get(json_object_get(j, "accounts"), 0);
    assert_near(number_at(a, "power_factor/so_far/power_factor"), 0.88, 1e-12);
    assert_true(isnan(number_at(a, "power_factor/so_far/adjust_pct")));
    assert_true(isnan(number_at(a, "power_factor/without_pv/next_adjust_pct")));
    json_decref(j);
}

static void the_best_step_has_no_next_one(void **state) {
    (void)state;
    const struct advise_options o = from_november();
    plant.table.step_count = 1; /* from 0.95 on -0.75 %, below it 2 % a hundredth */
    plant.steps[0] = (struct pf_step){80, -75};
    plant_advise(&plant, &o, &advice);
    assert_says(ADVISE_EN, "    so far: 0.88, adjustment -0.75 %; no better step\n");
}

static void what_is_not_recorded_is_said(void **state) {
    (void)state;
    struct advise_options o = plant_options();
    o.from = local_day(2026, 1, 1);
    o.to = local_day(2026, 6, 1);
    plant_advise(&plant, &o, &advice);
    assert_says(ADVISE_EN, "  capacity: nothing is recorded in the range\n");
    assert_says(ADVISE_EN, "    unknown: active or reactive energy of a metering point is not");
    assert_says(ADVISE_EN, "power factor of the month from 2026-05-01: - kWh, - kvarh in 0.00");
    advice.bad_rows = 2;
    assert_says(ADVISE_EN, "2 stored slots cannot be read and are left out\n");
    advise_free(&advice);
    plant.works.site.account_count = 0;
    plant_advise(&plant, &o, &advice);
    assert_says(ADVISE_EN, "no accounts: give the site a metering point, transformer_kva");
    assert_says(ADVISE_ZH, "没有户号");
}

static void as_many_contracts_as_are_allowed_fit_into_json(void **state) {
    (void)state;
    struct advise_options o = plant_options();
    o.from = local_day(2026, 10, 1);
    o.step_kw = 0.025; /* (4000 - 1600) / 0.025 + 1 */
    plant_advise(&plant, &o, &advice);
    json_t *j = json_of();
    const json_t *d = json_object_get(json_array_get(json_object_get(j, "accounts"), 0), "demand");
    assert_int_equal(json_array_size(json_object_get(d, "candidates")), 96001);
    json_decref(j);
}

static void numbers_keep_their_decimals_and_round_half_up(void **state) {
    (void)state;
    static const struct {
        double v;
        int decimals;
        const char *want;
    } cases[] = {{1.0, 0, "1"},         {1.0, 1, "1.0"},    {2.675, 2, "2.68"},
                 {-0.04, 1, "0.0"},     {0.5, 0, "1"},      {1e12, 1, "-"},
                 {(double)NAN, 1, "-"}, {-1.25, 1, "-1.3"}, {100.25, 3, "100.250"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[ADVISE_NUMBER_MAX];
        advise_put_fixed(cases[i].v, cases[i].decimals, out);
        assert_string_equal(out, cases[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, restore)
        T(the_example_in_the_docs_is_what_it_prints),
        T(chinese_labels_have_the_same_numbers_in_the_same_columns),
        T(json_has_the_numbers_of_the_text),
        T(a_refusal_is_said_and_the_rest_is_still_there),
        T(an_unknown_present_contract_is_said),
        T(a_power_factor_without_a_table_has_no_percent),
        T(the_best_step_has_no_next_one),
        T(what_is_not_recorded_is_said),
        T(as_many_contracts_as_are_allowed_fit_into_json),
        T(numbers_keep_their_decimals_and_round_half_up),
    };
    return cmocka_run_group_tests(tests, open_plant, close_plant);
}
