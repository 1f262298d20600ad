/* What may follow what in the life of an alert, and what it lacks before it can be closed. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "alert/case.h"
#include "base/err.h"
#include "calc/calendar.h"

#define CHINA 28800
/* python: datetime(2026,11,25,5,40,tzinfo=utc).timestamp() */
#define T     ((ms_t)1795585200000)
#define HOUR  ((ms_t)3600000)
#define WATCH (7 * MS_PER_DAY)

static char why[256];

static struct alert_entry entry(enum alert_handling h, bool active) {
    return (struct alert_entry){.id = 3,
                                .handling = h,
                                .active = active,
                                .severity = ALERT_WARNING,
                                .worst = ALERT_MAJOR,
                                .raised = T,
                                .returned = T,
                                .cleared = active ? 0 : T + HOUR,
                                .closed = h == HANDLING_CLOSED ? T + 10 * MS_PER_DAY : 0,
                                .value = 90.0,
                                .peak = 95.0,
                                .threshold = 80.0};
}

static void a_raise_is_new_returns_or_stands(void **state) {
    (void)state;
    static const struct {
        enum alert_handling handling;
        bool active;
        ms_t at;
        enum case_raise expected;
    } cases[] = {
        {HANDLING_OPEN, true, T + HOUR, CASE_STANDS},
        {HANDLING_REFUSED, true, T + HOUR, CASE_STANDS},
        {HANDLING_OPEN, false, T + 2 * HOUR, CASE_RETURN},
        {HANDLING_ACKNOWLEDGED, false, T + 300 * MS_PER_DAY, CASE_RETURN}, /* never closed */
        {HANDLING_CLOSED, false, T + 17 * MS_PER_DAY - 1, CASE_RETURN},
        {HANDLING_CLOSED, false, T + 17 * MS_PER_DAY, CASE_NEW},
        {HANDLING_REFUSED, false, T + HOUR + WATCH - 1, CASE_RETURN},
        {HANDLING_REFUSED, false, T + HOUR + WATCH, CASE_NEW},
    };
    assert_int_equal(case_on_raise(NULL, T, WATCH), CASE_NEW);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct alert_entry e = entry(cases[i].handling, cases[i].active);
        if (case_on_raise(&e, cases[i].at, WATCH) != cases[i].expected)
            fail_msg("case %zu", i);
    }
}

static void each_step_leads_to_its_handling(void **state) {
    (void)state;
    enum {
        O = HANDLING_OPEN,
        A = HANDLING_ACKNOWLEDGED,
        R = HANDLING_REFUSED,
        C = HANDLING_CLOSED
    };
    static const struct {
        enum alert_step step;
        enum alert_severity severity;
        int after[ALERT_HANDLINGS]; /* by the one before */
    } cases[] = {
        {ALERT_RAISED, ALERT_WARNING, {O, O, O, O}},
        {ALERT_REOPENED, ALERT_MAJOR, {O, A, R, O}},
        {ALERT_REOPENED, ALERT_CRITICAL, {O, O, O, O}}, /* worse than ever */
        {ALERT_ESCALATED, ALERT_MAJOR, {O, A, R, O}},
        {ALERT_ESCALATED, ALERT_CRITICAL, {O, O, O, O}},
        {ALERT_EASED, ALERT_WARNING, {O, A, R, C}},
        {ALERT_CLEARED, ALERT_WARNING, {O, A, R, C}},
        {ALERT_ACKNOWLEDGED, ALERT_WARNING, {A, A, A, A}},
        {ALERT_REFUSED, ALERT_WARNING, {R, R, R, R}},
        {ALERT_ASSIGNED, ALERT_WARNING, {O, A, R, C}},
        {ALERT_MEASURE, ALERT_WARNING, {A, A, A, A}},
        {ALERT_EFFECT, ALERT_WARNING, {O, A, R, C}},
        {ALERT_CLOSED, ALERT_WARNING, {C, C, C, C}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int h = 0; h < ALERT_HANDLINGS; h++) {
            struct alert_entry e = entry((enum alert_handling)h, true);
            if ((int)case_after(&e, cases[i].step, cases[i].severity) != cases[i].after[h])
                fail_msg("%s after %s", alert_step_str(cases[i].step),
                         alert_handling_str((enum alert_handling)h));
        }
}

static void the_peak_is_on_the_worse_side(void **state) {
    (void)state;
    static const struct {
        double peak, threshold, value, expected;
    } cases[] = {
        {95, 80, 96, 96},        {95, 80, 94, 95},
        {80, 80, 81, 81},      /* raised at the limit itself */
        {0.85, 0.9, 0.8, 0.8}, /* worse below */
        {0.85, 0.9, 0.95, 0.85}, {-3, -2, -5, -5},
        {-3, -2, 1, -3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct alert_entry e = {.peak = cases[i].peak, .threshold = cases[i].threshold};
        if (fabs(case_peak(&e, cases[i].value) - cases[i].expected) > 1e-12)
            fail_msg("case %zu", i);
    }
    struct alert_entry unknown = {.peak = (double)NAN, .threshold = 1};
    assert_true(case_peak(&unknown, 3.0) > 2.9);
    unknown.peak = 7;
    assert_true(case_peak(&unknown, (double)NAN) > 6.9);
    unknown.threshold = (double)NAN;
    assert_true(case_peak(&unknown, 8.0) > 7.9);
}

static void what_an_officer_may_do(void **state) {
    (void)state;
    static const struct {
        enum alert_handling handling;
        enum alert_step step;
        const char *words; /* NULL: allowed */
    } cases[] = {
        {HANDLING_OPEN, ALERT_ACKNOWLEDGED, NULL},
        {HANDLING_ACKNOWLEDGED, ALERT_ACKNOWLEDGED, NULL}, /* with another note */
        {HANDLING_REFUSED, ALERT_ACKNOWLEDGED, NULL},      /* takes it back */
        {HANDLING_CLOSED, ALERT_ACKNOWLEDGED, "alert 3 is closed; "},
        {HANDLING_OPEN, ALERT_REFUSED, NULL},
        {HANDLING_ACKNOWLEDGED, ALERT_REFUSED, NULL},
        {HANDLING_REFUSED, ALERT_REFUSED, "refused already"},
        {HANDLING_CLOSED, ALERT_REFUSED, "is closed"},
        {HANDLING_OPEN, ALERT_ASSIGNED, NULL},
        {HANDLING_REFUSED, ALERT_ASSIGNED, "acknowledge it first"},
        {HANDLING_OPEN, ALERT_MEASURE, NULL},
        {HANDLING_REFUSED, ALERT_MEASURE, "acknowledge it first"},
        {HANDLING_CLOSED, ALERT_MEASURE, "is closed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct alert_entry e = entry(cases[i].handling, true);
        why[0] = '\0';
        int err = case_may(&e, cases[i].step, why, sizeof why);
        assert_int_equal(err, cases[i].words ? ERR_REFUSED : ERR_OK);
        if (cases[i].words && !strstr(why, cases[i].words))
            fail_msg("case %zu: \"%s\"", i, why);
    }
}

static void a_measure_is_taken_between_the_raise_and_now(void **state) {
    (void)state;
    struct alert_entry e = entry(HANDLING_OPEN, true);
    assert_int_equal(case_may_measure(&e, T, T + HOUR, why, sizeof why), ERR_OK);
    assert_int_equal(case_may_measure(&e, T - 59999, T + HOUR, why, sizeof why), ERR_OK);
    assert_int_equal(case_may_measure(&e, T - 60000, T + HOUR, why, sizeof why), ERR_REFUSED);
    assert_non_null(strstr(why, "older than the alert"));
    assert_int_equal(case_may_measure(&e, T + HOUR + 1, T + HOUR, why, sizeof why), ERR_REFUSED);
    assert_non_null(strstr(why, "in the future"));
    e.handling = HANDLING_CLOSED;
    assert_int_equal(case_may_measure(&e, T, T + HOUR, why, sizeof why), ERR_REFUSED);
}

/* Everything a case may lack, one thing at a time and together. */
static void closing_says_all_that_is_missing(void **state) {
    (void)state;
    static const struct {
        enum alert_source source;
        enum alert_handling handling;
        bool active;
        ms_t returned, cleared, measured; /* after T; -1: never */
        bool verified;
        ms_t now;
        const char *words; /* NULL: it can be closed */
    } cases[] = {
        {ALERT_BY_RULE, HANDLING_OPEN, true, 0, -1, -1, false, HOUR,
         "alert 3 cannot be closed yet: its condition still holds; no measure is entered; no "
         "verifier is named"},
        {ALERT_BY_RULE, HANDLING_OPEN, false, 0, HOUR, -1, true, WATCH + 2 * HOUR,
         "alert 3 cannot be closed yet: no measure is entered"},
        {ALERT_BY_RULE, HANDLING_ACKNOWLEDGED, false, 0, HOUR, 2 * HOUR, true, 3 * HOUR,
         /* T is 13:40 in China */
         "alert 3 cannot be closed yet: it must stay away for 7 days, until 2026-12-02 15:40"},
        {ALERT_BY_RULE, HANDLING_ACKNOWLEDGED, false, 0, 3 * HOUR, 2 * HOUR, true,
         3 * HOUR + WATCH - 1,
         "alert 3 cannot be closed yet: it must stay away for 7 days, until 2026-12-02 16:40"},
        {ALERT_BY_RULE, HANDLING_ACKNOWLEDGED, false, 0, 3 * HOUR, 2 * HOUR, true, 3 * HOUR + WATCH,
         NULL},
        {ALERT_BY_RULE, HANDLING_ACKNOWLEDGED, false, 0, 3 * HOUR, 2 * HOUR, false,
         3 * HOUR + WATCH, "alert 3 cannot be closed yet: no verifier is named"},
        {ALERT_BY_RULE, HANDLING_ACKNOWLEDGED, false, 3 * HOUR, 4 * HOUR, 2 * HOUR, true,
         4 * HOUR + WATCH,
         "alert 3 cannot be closed yet: it came back after the measure: enter what was done since"},
        {ALERT_BY_RULE, HANDLING_REFUSED, false, 0, HOUR, -1, true, WATCH,
         "alert 3 was refused; acknowledge it first"},
        {ALERT_BY_RULE, HANDLING_CLOSED, false, 0, HOUR, HOUR, true, 20 * WATCH,
         "alert 3 is closed; what is new is a new problem: enter it"},
        /* nothing but a verifier can tell that it is gone */
        {ALERT_BY_HAND, HANDLING_ACKNOWLEDGED, true, 0, -1, HOUR, true, HOUR + WATCH, NULL},
        {ALERT_BY_HAND, HANDLING_OPEN, true, 0, -1, -1, true, WATCH,
         "alert 3 cannot be closed yet: no measure is entered"},
        {ALERT_BY_HAND, HANDLING_ACKNOWLEDGED, true, 0, -1, HOUR, false, 2 * HOUR,
         "alert 3 cannot be closed yet: no verifier is named; it must stay away for 7 days, until "
         "2026-12-02 14:40"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct alert_entry e = entry(cases[i].handling, cases[i].active);
        e.source = cases[i].source;
        e.returned = T + cases[i].returned;
        e.cleared = cases[i].cleared < 0 ? 0 : T + cases[i].cleared;
        e.measured = cases[i].measured < 0 ? 0 : T + cases[i].measured;
        int err =
            case_may_close(&e, cases[i].verified, T + cases[i].now, WATCH, CHINA, why, sizeof why);
        assert_int_equal(err, cases[i].words ? ERR_REFUSED : ERR_OK);
        if (cases[i].words)
            assert_string_equal(why, cases[i].words);
    }
}

static void the_words_of_a_refusal_fit(void **state) {
    (void)state;
    struct alert_entry e = entry(HANDLING_OPEN, true);
    e.id = INT64_MAX;
    e.measured = T;
    e.returned = T + HOUR;
    assert_int_equal(case_may_close(&e, false, T, 365 * MS_PER_DAY, CHINA, why, sizeof why),
                     ERR_REFUSED);
    assert_non_null(strstr(why, "no verifier is named"));
}

static void overdue_are_open_ones_past_their_day(void **state) {
    (void)state;
    struct alert_entry e = entry(HANDLING_OPEN, false);
    assert_false(case_is_overdue(&e, T + WATCH)); /* nobody gave a day */
    e.due = T;
    assert_false(case_is_overdue(&e, T - 1));
    assert_true(case_is_overdue(&e, T));
    e.handling = HANDLING_REFUSED;
    assert_false(case_is_overdue(&e, T));
    assert_false(case_is_open(HANDLING_CLOSED));
    assert_true(case_is_open(HANDLING_ACKNOWLEDGED));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_raise_is_new_returns_or_stands),
        cmocka_unit_test(each_step_leads_to_its_handling),
        cmocka_unit_test(the_peak_is_on_the_worse_side),
        cmocka_unit_test(what_an_officer_may_do),
        cmocka_unit_test(a_measure_is_taken_between_the_raise_and_now),
        cmocka_unit_test(closing_says_all_that_is_missing),
        cmocka_unit_test(the_words_of_a_refusal_fit),
        cmocka_unit_test(overdue_are_open_ones_past_their_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
