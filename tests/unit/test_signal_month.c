/* A06, A14, A27: what the running month says of power factor, self-use and carbon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/signal_month.h"
#include "watch_rows.h"

#define UNKNOWN ((double)NAN)

static void power_factor_against_the_standard(void **state) {
    (void)state;
    static const struct {
        int pf;
        double standard;
        int days;
        double value;
    } cases[] = {
        {89, 0.90, 5, -0.01},    {90, 0.90, 5, 0.0},   {86, 0.85, 20, 0.01},
        {84, 0.85, 20, -0.01},   {84, 0.80, 20, 0.04}, {89, 0.90, 4, UNKNOWN}, /* too early */
        {-1, 0.90, 20, UNKNOWN},                                               /* not known */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double v = signal_month_pf(cases[i].pf, cases[i].standard, cases[i].days);
        if (isnan(cases[i].value))
            assert_true(isnan(v));
        else
            assert_same(v, cases[i].value);
    }
}

static void a_month_below_the_standard(void **state) {
    (void)state;
    static const struct watch_row rows[] = {
        {4 * DAY_MS, UNKNOWN, NOTHING},    {5 * DAY_MS, 0.0, NOTHING},
        {6 * DAY_MS, -0.01, ALERT_RAISED}, {7 * DAY_MS, UNKNOWN, NOTHING},
        {8 * DAY_MS, -0.01, NOTHING},      {9 * DAY_MS, 0.0, ALERT_CLEARED},
    };
    FOLLOW(ALERT_MONTH_POWER_FACTOR, rows);
}

static const struct self_use_policy policy = {true, 60, 30, 20};

static struct self_use self_use_of(double available, double consumption, double export, int days) {
    const struct policy_shares shares = {available, consumption, export, 0};
    struct self_use s;
    signal_self_use(&shares, &policy, days, &s);
    return s;
}

static void the_worst_share_counts(void **state) {
    (void)state;
    struct self_use s = self_use_of(0.80, 0.35, 0.10, 10);
    assert_int_equal(s.worst, SELF_USED_OF_CONSUMPTION);
    assert_same(s.margin, 5);
    s = self_use_of(0.55, 0.35, 0.10, 10);
    assert_int_equal(s.worst, SELF_USED_OF_AVAILABLE);
    assert_same(s.margin, -5);
    assert_same(s.share_pct, 55);
    assert_same(s.limit_pct, 60);
    s = self_use_of(0.70, 0.40, 0.30, 10);
    assert_int_equal(s.worst, EXPORT_OF_AVAILABLE);
    assert_same(s.margin, -10);
    s = self_use_of(0.55, UNKNOWN, 0.10, 10); /* what is known counts */
    assert_same(s.margin, -5);
    assert_true(isnan(self_use_of(UNKNOWN, UNKNOWN, UNKNOWN, 10).margin));
    assert_true(isnan(self_use_of(0.55, 0.35, 0.10, 4).margin));
}

static void a_policy_that_does_not_apply(void **state) {
    (void)state;
    const struct policy_shares shares = {0.1, 0.1, 0.9, 0};
    const struct self_use_policy none = {.applies = false};
    const struct self_use_policy export_only = {true, 0, 0, 20};
    struct self_use s;
    signal_self_use(&shares, &none, 10, &s);
    assert_true(isnan(s.margin));
    signal_self_use(&shares, &export_only, 10, &s);
    assert_int_equal(s.worst, EXPORT_OF_AVAILABLE);
    assert_same(s.margin, -70);
    const struct self_use_policy of_consumption = {true, 0, 5, 100};
    signal_self_use(&shares, &of_consumption, 10, &s);
    assert_int_equal(s.worst, SELF_USED_OF_CONSUMPTION);
    assert_same(s.margin, 5);
}

static void a_month_below_the_policy(void **state) {
    (void)state;
    static const struct watch_row rows[] = {
        {5 * DAY_MS, 3, NOTHING},         {6 * DAY_MS, -0.1, ALERT_RAISED},
        {7 * DAY_MS, 0.5, NOTHING},       {8 * DAY_MS, UNKNOWN, NOTHING},
        {9 * DAY_MS, 1.5, ALERT_CLEARED},
    };
    FOLLOW(ALERT_SELF_USE, rows);
}

static void pace_of_a_budget(void **state) {
    (void)state;
    const struct carbon_budget year = {.year_t = 3650}, none = {.year_t = UNKNOWN};
    struct carbon_budget months = {.by_month = true};
    months.month_t[1] = 280;
    assert_same(carbon_budget_of_month(&year, 2026, 2), 280);
    assert_same(carbon_budget_of_month(&year, 2026, 12), 310);
    assert_same(carbon_budget_of_month(&year, 2028, 2), 3650.0 * 29 / 366);
    assert_same(carbon_budget_of_month(&months, 2026, 2), 280);
    assert_true(isnan(carbon_budget_of_month(&none, 2026, 2)));
    assert_same(signal_carbon_pace_pct(115000, 280, 10, 28), 115);
    assert_true(isnan(signal_carbon_pace_pct(115000, 280, 4, 28)));
    assert_true(isnan(signal_carbon_pace_pct(115000, UNKNOWN, 10, 28)));
    assert_true(isnan(signal_carbon_pace_pct(115000, 0, 10, 28)));
    assert_true(isnan(signal_carbon_pace_pct(UNKNOWN, 280, 10, 28)));
}

static void a_month_beyond_its_budget(void **state) {
    (void)state;
    static const struct watch_row rows[] = {
        {5 * DAY_MS, 109, NOTHING},     {6 * DAY_MS, 111, ALERT_RAISED}, {7 * DAY_MS, 101, NOTHING},
        {8 * DAY_MS, UNKNOWN, NOTHING}, {9 * DAY_MS, 99, ALERT_CLEARED},
    };
    FOLLOW(ALERT_CARBON_BUDGET, rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_factor_against_the_standard),
        cmocka_unit_test(a_month_below_the_standard),
        cmocka_unit_test(the_worst_share_counts),
        cmocka_unit_test(a_policy_that_does_not_apply),
        cmocka_unit_test(a_month_below_the_policy),
        cmocka_unit_test(pace_of_a_budget),
        cmocka_unit_test(a_month_beyond_its_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
