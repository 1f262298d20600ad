/* Accounts of a site file: every value arrives in its flat list, the short form makes the same,
 * and what a file leaves out has its default. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account_texts.h"
#include "config_fixture.h"

static struct config_errors errors;
static struct site *site;

static int begin(void **state) {
    (void)state;
    config_errors_init(&errors);
    site = NULL;
    return 0;
}

static int end(void **state) {
    (void)state;
    site_free(site);
    config_errors_free(&errors);
    return 0;
}

static void load_good(const char *text) {
    int result = load_text(text, &errors, &site);
    if (result < 0) {
        config_errors_print(&errors, stderr);
    }
    assert_int_equal(result, ERR_OK);
}

static bool is(double a, double b) {
    return fabs(a - b) < 1e-9;
}

static const char *feed_id(int32_t feed) {
    return feed < 0 ? "none" : site->feeds[feed].id;
}

static void assert_warned(const char *words, size_t times) {
    size_t found = 0;
    for (size_t i = 0; i < errors.count; i++) {
        found += errors.is_warning[i] && strstr(errors.text[i], words) != NULL;
    }
    if (found != times) {
        config_errors_print(&errors, stderr);
        fail_msg("'%s': %zu warnings instead of %zu", words, found, times);
    }
}

static void every_value_of_two_accounts(void **state) {
    (void)state;
    load_good(two);
    assert_int_equal(site->account_count, 2);
    const struct account *a = &site->accounts[0];
    assert_string_equal(a->id, "main");
    assert_string_equal(a->account_no, "4108");
    assert_true(a->billing_given);
    assert_int_equal(a->billing, BILLING_ACTUAL_DEMAND);
    assert_int_equal(a->contract_count, 2);
    /* 2026-01-01, 2026-07-01: days 20454, 20635 (python: date.toordinal() - 719163) */
    assert_int_equal(a->contracts[0].from_day, 20454);
    assert_int_equal(a->contracts[1].from_day, 20635);
    assert_true(is(a->contracts[0].kw, 3200) && is(a->contracts[1].kw, 3000));
    assert_int_equal(a->combination, DEMAND_COINCIDENT);
    assert_int_equal(a->billing_day, 26);
    assert_true(is(a->pf_standard, 0.85));
    assert_int_equal(a->pf_quadrants, 0x7); /* q1 | q2 | q3 */
    assert_string_equal(a->tariff_id, "own-2024");
    assert_true(is(a->capacity_kva, 4000));
    assert_true(is(site->accounts[1].capacity_kva, 630));
    assert_true(is(site->transformer_kva, 4630));
    assert_true(isnan(site->contract_demand_kw)); /* no single one */
}

static void points_and_transformers_in_order(void **state) {
    (void)state;
    load_good(two);
    assert_int_equal(site->metering_point_count, 2);
    const struct metering_point *p = site->metering_points;
    assert_string_equal(p[0].id, "p1");
    assert_string_equal(p[0].point_no, "77");
    assert_string_equal(p[0].line_no, "10-3");
    assert_string_equal(feed_id(p[0].feed), "grid1");
    assert_string_equal(feed_id(p[0].check_feed), "check1");
    assert_int_equal(p[0].account, 0);
    assert_true(p[0].standby && is(p[0].line_limit_kva, 6000));
    assert_string_equal(p[1].id, "p2");
    assert_string_equal(feed_id(p[1].check_feed), "check2");
    assert_int_equal(p[1].account, 1);
    assert_true(!p[1].standby && isnan(p[1].line_limit_kva) && p[1].point_no == NULL);
    assert_int_equal(site->transformer_count, 3);
    const struct transformer *t = site->transformers;
    assert_string_equal(t[0].id, "t1");
    assert_true(is(t[0].p0_w, 2600) && is(t[0].pk_w, 22000));
    assert_string_equal(feed_id(t[0].feed), "load1");
    assert_string_equal(feed_id(t[1].feed), "tie");
    assert_true(isnan(t[1].p0_w) && isnan(t[1].pk_w));
    assert_int_equal(t[1].account, 0);
    assert_int_equal(t[2].account, 1);
    assert_int_equal(t[2].feed, SITE_NONE);
}

static void defaults_of_an_account(void **state) {
    (void)state;
    load_good(two);
    const struct account *a = &site->accounts[1];
    assert_false(a->billing_given);
    assert_int_equal(a->billing, BILLING_CAPACITY);
    assert_int_equal(a->contract_count, 0);
    assert_int_equal(a->combination, DEMAND_SUM_OF_MAXIMA);
    assert_int_equal(a->billing_day, 1);
    assert_true(is(a->pf_standard, 0.90));
    assert_int_equal(a->pf_quadrants, 0x9); /* q1 | q4 */
    assert_string_equal(a->tariff_id, "site-2024");
    assert_null(a->account_no);
}

static void a_contract_bills_by_contract_demand(void **state) {
    (void)state;
    load_good("site: {id: demo, district: area-1}\n"
              "accounts: [{id: a, contract_demand: [{from: 2026-01-01, kw: 800}],\n"
              "  metering_points: [{id: p, device: grid1}, {id: q, device: grid2}]}]\n" DEVICES);
    assert_true(site->accounts[0].billing_given);
    assert_int_equal(site->accounts[0].billing, BILLING_CONTRACT_DEMAND);
    assert_true(isnan(site->accounts[0].capacity_kva));
    assert_true(is(site->contract_demand_kw, 800));
    assert_int_equal(errors.total, 0);
}

static void short_form_makes_main(void **state) {
    (void)state;
    load_good(
        "site: {id: demo, district: area-1, transformer_kva: 4000, contract_demand_kw: 3200,\n"
        "  tariff: site-2024}\n" DEVICES);
    assert_int_equal(site->account_count, 1);
    const struct account *a = &site->accounts[0];
    assert_string_equal(a->id, "main");
    assert_true(a->billing_given);
    assert_int_equal(a->billing, BILLING_CONTRACT_DEMAND);
    assert_int_equal(a->contract_count, 1);
    assert_int_equal(a->contracts[0].from_day, INT32_MIN); /* always */
    assert_true(is(a->contracts[0].kw, 3200) && is(a->capacity_kva, 4000));
    assert_int_equal(a->billing_day, 1);
    assert_true(is(a->pf_standard, 0.90));
    assert_int_equal(a->pf_quadrants, 0x9);
    assert_string_equal(a->tariff_id, "site-2024");
    assert_int_equal(site->transformer_count, 1);
    assert_string_equal(site->transformers[0].id, "t1");
    assert_true(is(site->transformers[0].kva, 4000) && isnan(site->transformers[0].p0_w));
    assert_int_equal(site->transformers[0].feed, SITE_NONE);
    assert_int_equal(site->metering_point_count, 2); /* the check meters are not counted */
    assert_string_equal(site->metering_points[0].id, "p1");
    assert_string_equal(feed_id(site->metering_points[0].feed), "grid1");
    assert_string_equal(site->metering_points[1].id, "p2");
    assert_string_equal(feed_id(site->metering_points[1].feed), "grid2");
    assert_int_equal(site->metering_points[1].check_feed, SITE_NONE);
    assert_true(isnan(site->metering_points[1].line_limit_kva));
}

static void an_incomer_alone_makes_main(void **state) {
    (void)state;
    load_good("site: {id: demo, district: area-1}\n" DEVICES);
    assert_int_equal(errors.total, 0);
    assert_int_equal(site->account_count, 1);
    assert_string_equal(site->accounts[0].id, "main");
    assert_false(site->accounts[0].billing_given);
    assert_int_equal(site->accounts[0].contract_count, 0);
    assert_true(isnan(site->accounts[0].capacity_kva));
    assert_null(site->accounts[0].tariff_id);
    assert_int_equal(site->metering_point_count, 2);
    assert_int_equal(site->transformer_count, 0);
}

static void half_a_short_form_without_incomer(void **state) {
    (void)state;
    load_good("site: {id: demo, district: area-1, transformer_kva: 630}\n"
              "links: [{id: l, tcp: 127.0.0.1}]\n"
              "devices: [{id: d, link: l, unit: 1, profile: meter, role: load}]\n");
    assert_int_equal(site->account_count, 1);
    assert_false(site->accounts[0].billing_given);
    assert_int_equal(site->accounts[0].billing, BILLING_CAPACITY);
    assert_true(is(site->accounts[0].capacity_kva, 630));
    assert_int_equal(site->metering_point_count, 0);
}

static void short_form_completes_a_single_account(void **state) {
    (void)state;
    load_good("site: {id: demo, district: area-1, transformer_kva: 800, contract_demand_kw: 500}\n"
              "accounts: [{id: a, metering_points: [{id: p, device: grid1}]}]\n" DEVICES);
    assert_string_equal(site->accounts[0].id, "a");
    assert_true(is(site->accounts[0].capacity_kva, 800));
    assert_true(is(site->accounts[0].contracts[0].kw, 500));
    assert_true(site->accounts[0].billing_given);
    assert_string_equal(site->transformers[0].id, "t1");
}

static void both_forms_may_say_the_same(void **state) {
    (void)state;
    load_good(
        "site: {id: demo, district: area-1, transformer_kva: 4000, contract_demand_kw: 3200}\n"
        "accounts: [{id: a, contract_demand: [{from: 2026-01-01, kw: 3200}],\n"
        "  transformers: [{id: x, kva: 2500}, {id: y, kva: 1500}]}]\n" DEVICES);
    assert_int_equal(site->transformer_count, 2);
    assert_int_equal(site->accounts[0].contract_count, 1);
    assert_int_equal(site->accounts[0].contracts[0].from_day, 20454); /* 2026-01-01 */
}

static void channels_and_single_feeds_by_name(void **state) {
    (void)state;
    load_good(
        "site: {id: demo, district: area-1}\n"
        "accounts: [{id: a, metering_points: [\n"
        "  {id: p, device: grid1, check_device: hybrid.grid}, {id: q, device: grid2}]}]\n" DEVICES);
    assert_string_equal(feed_id(site->metering_points[0].check_feed), "hybrid.grid");
    assert_int_equal(errors.total, 0);
}

static void an_incomer_without_a_point_is_warned_of(void **state) {
    (void)state;
    load_good("site: {id: demo, district: area-1}\n"
              "accounts: [{id: a, metering_points: [{id: p, device: grid1}]}]\n" DEVICES);
    assert_int_equal(errors.total, 1);
    assert_warned("s.yaml:6:5: warning: no account has a metering point with the incomer 'grid2'",
                  1);
}

static void a_missing_tariff_is_warned_of_once(void **state) {
    (void)state;
    load_good("site: {id: demo, district: area-1, tariff: none-1, carbon: none-c}\n"
              "accounts:\n"
              "  - {id: a, tariff: none-1, metering_points: [{id: p, device: grid1}]}\n"
              "  - {id: b, tariff: none-2, metering_points: [{id: q, device: grid2}]}\n"
              "  - {id: c, tariff: none-2}\n"
              "  - {id: d}\n" DEVICES);
    assert_int_equal(errors.total, 3);
    assert_warned("s.yaml:1:44: warning: tariff 'none-1' has no file: cost stays null; looked for "
                  "./tariffs/none-1.yaml",
                  1);
    assert_warned("s.yaml:1:60: warning: carbon 'none-c' has no file: carbon stays null", 1);
    assert_warned("s.yaml:4:21: warning: tariff 'none-2' has no file", 1);
    assert_string_equal(site->accounts[3].tariff_id, "none-1");
    assert_null(site->accounts[0].tariff);
    assert_null(site->carbon_book);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(every_value_of_two_accounts),
        TEST(points_and_transformers_in_order),
        TEST(defaults_of_an_account),
        TEST(a_contract_bills_by_contract_demand),
        TEST(short_form_makes_main),
        TEST(an_incomer_alone_makes_main),
        TEST(half_a_short_form_without_incomer),
        TEST(short_form_completes_a_single_account),
        TEST(both_forms_may_say_the_same),
        TEST(channels_and_single_feeds_by_name),
        TEST(an_incomer_without_a_point_is_warned_of),
        TEST(a_missing_tariff_is_warned_of_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
