/* A04 and A29: too little load on a transformer, an account that would pay less the other way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/signal_capacity.h"
#include "calc/tariff.h"
#include "watch_rows.h"

static struct slot_facts week_of(double s_kva, ms_t known) {
    struct slot_facts f = {.start = 0, .end = 7 * DAY_MS, .transformer_count = 1};
    f.transformers[0].s_avg_kva = s_kva;
    f.transformer_ms[0] = (uint64_t)known;
    return f;
}

static void mean_load_of_a_week(void **state) {
    (void)state;
    struct slot_facts f = week_of(300.0, 7 * DAY_MS);
    assert_same(signal_transformer_load_pct(&f, 0, 1600.0), 18.75);
    f = week_of(300.0, 6 * DAY_MS); /* 86 % of it */
    assert_true(isnan(signal_transformer_load_pct(&f, 0, 1600.0)));
    f = week_of(300.0, 13 * DAY_MS / 2);
    assert_same(signal_transformer_load_pct(&f, 0, 1600.0), 18.75);
    assert_true(isnan(signal_transformer_load_pct(&f, 0, (double)NAN)));
}

static void an_idle_transformer_is_raised_and_cleared_by_days(void **state) {
    (void)state;
    static const struct watch_row rows[] = {
        {1 * DAY_MS, 21, NOTHING},          {2 * DAY_MS, 19, ALERT_RAISED},
        {3 * DAY_MS, (double)NAN, NOTHING}, /* unknown: it stands */
        {4 * DAY_MS, 24, NOTHING},          {5 * DAY_MS, 26, ALERT_CLEARED},
        {6 * DAY_MS, 24, NOTHING},          {7 * DAY_MS, (double)NAN, NOTHING},
        {8 * DAY_MS, 19.9, ALERT_RAISED},
    };
    FOLLOW(ALERT_TRANSFORMER_IDLE, rows);
}

#define YUAN ((int64_t)PRICE_UNIT)
/* 24 CNY/kVA against 38.4 CNY/kW: even at Dm / S_N = 0.625 */
static struct advice_month month(double max_kw) {
    return (struct advice_month){.max_kw = max_kw,
                                 .demand_e8 = 384 * YUAN / 10,
                                 .actual_e8 = 384 * YUAN / 10,
                                 .capacity_e8 = 24 * YUAN};
}

static void the_cheaper_way_in_all_three_months(void **state) {
    (void)state;
    static const struct {
        enum billing present;
        double max_kw[3];
        double pct; /* of 1000 kVA: least saving */
    } cases[] = {
        {BILLING_CAPACITY, {500, 400, 300}, 20.0},
        {BILLING_CAPACITY, {625, 400, 300}, 0.0},
        {BILLING_CAPACITY, {750, 400, 300}, -20.0}, /* not in one of the three */
        {BILLING_ACTUAL_DEMAND, {1000, 781.25, 800}, 20.0},
        {BILLING_CONTRACT_DEMAND, {1000, 625, 800}, 0.0},
        {BILLING_CONTRACT_DEMAND, {1000, 500, 800}, -25.0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const double *kw = cases[i].max_kw;
        const struct advice_month months[] = {month(kw[0]), month(kw[1]), month(kw[2])};
        assert_same(signal_billing_mode_pct(cases[i].present, 1000.0, months), cases[i].pct);
    }
    const struct advice_month unknown[] = {month(500), month((double)NAN), month(500)};
    assert_true(isnan(signal_billing_mode_pct(BILLING_CAPACITY, 1000.0, unknown)));
}

/* Another price of the actual demand counts for an account that would go over to it. */
static void a_price_of_its_own_for_actual_demand(void **state) {
    (void)state;
    struct advice_month months[] = {month(500), month(500), month(500)};
    for (int i = 0; i < 3; i++)
        months[i].actual_e8 = 48 * YUAN;
    assert_same(signal_billing_mode_pct(BILLING_CAPACITY, 1000.0, months), 0.0);
    assert_same(signal_billing_mode_pct(BILLING_ACTUAL_DEMAND, 1000.0, months), 0.0);
    assert_same(signal_billing_mode_pct(BILLING_CONTRACT_DEMAND, 1000.0, months), -25.0);
}

static void advice_on_billing_is_raised_and_cleared_by_months(void **state) {
    (void)state;
    static const struct watch_row rows[] = {
        {30 * DAY_MS, -1, NOTHING},          {60 * DAY_MS, 2, ALERT_RAISED},
        {90 * DAY_MS, (double)NAN, NOTHING}, {120 * DAY_MS, 10, NOTHING},
        {150 * DAY_MS, -1, ALERT_CLEARED},
    };
    FOLLOW(ALERT_BILLING_MODE, rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_load_of_a_week),
        cmocka_unit_test(an_idle_transformer_is_raised_and_cleared_by_days),
        cmocka_unit_test(the_cheaper_way_in_all_three_months),
        cmocka_unit_test(a_price_of_its_own_for_actual_demand),
        cmocka_unit_test(advice_on_billing_is_raised_and_cleared_by_months),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
