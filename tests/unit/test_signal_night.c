/* A21: the night's base load against those before it, and the feeders that grew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/median.h"
#include "alert/signal_night.h"
#include "watch_rows.h"

#define UNKNOWN ((double)NAN)

static void the_middle(void **state) {
    (void)state;
    double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2}, one[] = {7};
    assert_same(median_of(odd, 3), 3);
    assert_same(median_of(even, 4), 2.5);
    assert_same(median_of(one, 1), 7);
    assert_true(isnan(median_of(one, 0)));
}

/* Both have to be exceeded: 1.3 times the usual and 20 kW more. */
static void both_conditions(void **state) {
    (void)state;
    static const struct {
        double usual, night;
        bool raised;
    } cases[] = {
        {100, 129, false}, {100, 131, true}, /* 30 kW are more than 20 */
        {40, 55, false},                     /* 1.4 times, but 15 kW */
        {40, 61, true},    {40, 59, false},  {0, 21, true}, {0, 19, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double nights[NIGHTS];
        struct night_signal s;
        for (size_t k = 0; k < NIGHTS; k++)
            nights[k] = cases[i].usual;
        signal_night(cases[i].night, nights, NIGHTS, 130, &s);
        assert_same(s.usual_kw, cases[i].usual);
        assert_int_equal(s.pct > 130, cases[i].raised);
        assert_int_equal(cases[i].night > s.limit_kw, cases[i].raised);
    }
}

static void too_few_nights(void **state) {
    (void)state;
    double nights[] = {100, 110, 90, 100, UNKNOWN, 100, 100, UNKNOWN};
    struct night_signal s;
    signal_night(200, nights, 8, 130, &s); /* six are known */
    assert_true(isnan(s.pct));
    nights[4] = 100;
    signal_night(200, nights, 8, 130, &s);
    assert_same(s.pct, 200);
    signal_night(UNKNOWN, nights, 8, 130, &s);
    assert_true(isnan(s.pct));
}

/* A single wild night does not move what is usual. */
static void one_wild_night(void **state) {
    (void)state;
    double nights[NIGHTS];
    struct night_signal s;
    for (size_t k = 0; k < NIGHTS; k++)
        nights[k] = k == 3 ? 5000 : 100;
    signal_night(140, nights, NIGHTS, 130, &s);
    assert_same(s.pct, 140);
}

static void feeders_by_growth(void **state) {
    (void)state;
    const double night[] = {50, 30, UNKNOWN, 101, 10, 22, 40, 61};
    const double usual[] = {20, 31, 5, 100, 5, 20, 10, 1};
    struct night_growth g[NIGHT_GREW];
    assert_int_equal(night_growth(night, usual, 8, g), 5);
    static const size_t order[] = {7, 0, 6, 4, 5}; /* +60 +30 +30 +5 +2 */
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(g[i].feed, order[i]);
    assert_same(g[0].kw - g[0].usual_kw, 60);
    const double seven[] = {1, 2, 3, 4, 5, 6, 7}, none[] = {-10, -20, -30, -5, -40, -50, -60};
    assert_int_equal(night_growth(seven, none, 7, g), NIGHT_GREW);
    assert_int_equal(g[0].feed, 6);
    assert_int_equal(g[4].feed, 1);
    assert_int_equal(night_growth(usual, night, 2, g), 0); /* 1 kW is none */
}

static void once_a_night(void **state) {
    (void)state;
    static const struct watch_row rows[] = {
        {1 * DAY_MS, 120, NOTHING},           {2 * DAY_MS, 135, ALERT_RAISED},
        {2 * DAY_MS + HOUR_MS, 135, NOTHING}, /* the same night again */
        {3 * DAY_MS, UNKNOWN, NOTHING},       {4 * DAY_MS, 110, ALERT_CLEARED},
    };
    FOLLOW(ALERT_NIGHT_LOAD, rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_middle),        cmocka_unit_test(both_conditions),
        cmocka_unit_test(too_few_nights),    cmocka_unit_test(one_wild_night),
        cmocka_unit_test(feeders_by_growth), cmocka_unit_test(once_a_night),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
