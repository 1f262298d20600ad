/* When a rule is raised on an object, changes its severity, is cleared. Each case is a history of
 * values a second apart; what must happen, and when, is written beside it. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/rules.h"
#include "chance.h"

#define UNKNOWN ((double)NAN)
#define GAP_MS  10000
#define T0      1700000000000

/* warning > 80 for 10 s, < 75 for 10 s; critical > 100 for 5 s, < 95 for 5 s */
static const struct alert_limits two_levels = {
    .enabled = true,
    .side = 1,
    .level_count = 2,
    .levels = {{ALERT_WARNING, 80, 75, 10, 10}, {ALERT_CRITICAL, 100, 95, 5, 5}}};

struct run { /* so many values, a second apart */
    int seconds;
    double value;
};

struct happening {
    int second; /* of the history */
    enum alert_step step;
    int level;
};

struct history {
    const char *name;
    struct run runs[8];
    struct happening expected[8];
};

static void play(const struct history *h, const struct alert_limits *l) {
    struct watch w;
    enum alert_step step;
    int second = 0;
    const struct happening *next = h->expected;
    watch_init(&w);
    for (const struct run *r = h->runs; r->seconds > 0; r++)
        for (int i = 0; i < r->seconds; i++, second++) {
            if (!watch_take(&w, l, r->value, T0 + second * MS_PER_S, GAP_MS, &step))
                continue;
            if (next->level == -1 || next->second != second || next->step != step ||
                next->level != w.level)
                fail_msg("%s: %s at %d s, level %d", h->name, alert_step_str(step), second,
                         w.level);
            next++;
        }
    if (next->level != -1)
        fail_msg("%s: nothing at %d s", h->name, next->second);
}

#define END                                                                                        \
    { 0, ALERT_RAISED, -1 }

static void each_history_has_its_steps(void **state) {
    static const struct history cases[] = {
        {"raised after the hold time", {{1, 50}, {20, 90}}, {{11, ALERT_RAISED, 1}, END}},
        {"a value at the limit is not beyond it", {{30, 80}}, {END}},
        {"not raised a second before it", {{1, 50}, {10, 90}, {20, 79}}, {END}},
        {"a dip begins the hold time again",
         {{9, 90}, {1, 79}, {11, 90}},
         {{20, ALERT_RAISED, 1}, END}},
        {"raised by the first values of all", {{11, 90}}, {{10, ALERT_RAISED, 1}, END}},
        {"cleared after the clear time",
         {{11, 90}, {11, 60}},
         {{10, ALERT_RAISED, 1}, {21, ALERT_CLEARED, 0}, END}},
        {"between the limits it stands", {{11, 90}, {500, 77}}, {{10, ALERT_RAISED, 1}, END}},
        {"a return begins the clear time again",
         {{11, 90}, {10, 60}, {1, 76}, {11, 60}},
         {{10, ALERT_RAISED, 1}, {32, ALERT_CLEARED, 0}, END}},
        {"unknown values stop the hold time",
         {{6, 90}, {300, UNKNOWN}, {7, 90}},
         {{311, ALERT_RAISED, 1}, END}},
        {"unknown values stop the clear time",
         {{11, 90}, {6, 60}, {300, UNKNOWN}, {7, 60}},
         {{10, ALERT_RAISED, 1}, {322, ALERT_CLEARED, 0}, END}},
        {"unknown values clear nothing", {{11, 90}, {7200, UNKNOWN}}, {{10, ALERT_RAISED, 1}, END}},
        {"escalates without being cleared",
         {{11, 90}, {6, 110}},
         {{10, ALERT_RAISED, 1}, {16, ALERT_ESCALATED, 2}, END}},
        {"raised at the severe level when that holds first",
         {{6, 110}},
         {{5, ALERT_RAISED, 2}, END}},
        {"eases to the milder level, then is cleared",
         {{6, 110}, {6, 90}, {11, 60}},
         {{5, ALERT_RAISED, 2}, {11, ALERT_EASED, 1}, {22, ALERT_CLEARED, 0}, END}},
        {"eases though the milder level was never reached by itself",
         {{6, 110}, {20, 78}},
         {{5, ALERT_RAISED, 2}, {11, ALERT_EASED, 1}, END}},
        {"falls from the severe level to clear",
         {{6, 110}, {20, 60}},
         {{5, ALERT_RAISED, 2}, {11, ALERT_EASED, 1}, {16, ALERT_CLEARED, 0}, END}},
        {"reopened within the pause",
         {{11, 90}, {11 + 1780, 60}, {11, 90}},
         {{10, ALERT_RAISED, 1}, {21, ALERT_CLEARED, 0}, {1812, ALERT_REOPENED, 1}, END}},
        {"raised anew after the pause",
         {{11, 90}, {11 + 1789, 60}, {11, 90}},
         {{10, ALERT_RAISED, 1}, {21, ALERT_CLEARED, 0}, {1821, ALERT_RAISED, 1}, END}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        play(&cases[i], &two_levels);
}

static void worse_below_is_the_mirror_image(void **state) {
    struct alert_limits l = two_levels;
    (void)state;
    l.side = -1;
    for (int i = 0; i < 2; i++) {
        l.levels[i].raise *= -1.0;
        l.levels[i].clear *= -1.0;
    }
    play(
        &(struct history){
            "mirrored",
            {{6, -110}, {6, -90}, {11, -60}},
            {{5, ALERT_RAISED, 2}, {11, ALERT_EASED, 1}, {22, ALERT_CLEARED, 0}, END}},
        &l);
}

static void the_limit_itself_belongs_to_one_side(void **state) {
    struct alert_limits l = {.enabled = true,
                             .side = 1,
                             .inclusive = true,
                             .level_count = 1,
                             .levels = {{ALERT_WARNING, 90, 85, 0, 0}}};
    (void)state;
    play(&(struct history){"inclusive",
                           {{1, 89.9}, {1, 90}, {1, 85}, {1, 84.9}},
                           {{1, ALERT_RAISED, 1}, {3, ALERT_CLEARED, 0}, END}},
         &l);
    l.inclusive = false;
    l.levels[0].clear = 90;
    play(&(struct history){"exclusive, one limit for both",
                           {{1, 90}, {1, 90.1}, {1, 90}},
                           {{1, ALERT_RAISED, 1}, {2, ALERT_CLEARED, 0}, END}},
         &l);
}

static void a_value_between_neither_raises_nor_clears(void **state) {
    (void)state;
    for (size_t i = 0; i < ALERT_RULES; i++) {
        const struct alert_limits *l = &alert_rule((enum alert_rule_id)i)->limits;
        struct watch w;
        enum alert_step step;
        watch_init(&w);
        double between = alert_limits_between(l);
        for (int s = 0; s < 7300; s++)
            assert_false(watch_take(&w, l, between, T0 + s * MS_PER_S, GAP_MS, &step));
    }
}

static void a_silence_counts_at_most_the_gap(void **state) {
    struct watch w;
    enum alert_step step;
    (void)state;
    watch_init(&w);
    assert_false(watch_take(&w, &two_levels, 90, T0, 3000, &step));
    assert_false(watch_take(&w, &two_levels, 90, T0 + 3600000, 3000, &step)); /* 3 s */
    assert_false(watch_take(&w, &two_levels, 90, T0 + 7200000, 3000, &step)); /* 6 s */
    assert_false(watch_take(&w, &two_levels, 90, T0 + 7203999, 3000, &step)); /* 9 s */
    assert_true(watch_take(&w, &two_levels, 90, T0 + 7205000, 3000, &step));
    assert_int_equal(step, ALERT_RAISED);
}

static void a_clock_that_goes_back_adds_nothing(void **state) {
    struct watch w;
    enum alert_step step;
    (void)state;
    watch_init(&w);
    watch_take(&w, &two_levels, 90, T0, GAP_MS, &step);
    watch_take(&w, &two_levels, 90, T0 + 5000, GAP_MS, &step);
    assert_false(watch_take(&w, &two_levels, 90, T0 - 3600000, GAP_MS, &step)); /* still 5 s */
    assert_false(watch_take(&w, &two_levels, 90, T0 - 3600000 + 4999, GAP_MS, &step));
    assert_true(watch_take(&w, &two_levels, 90, T0 - 3600000 + 5000, GAP_MS, &step));
    assert_int_equal(step, ALERT_RAISED);
    /* cleared, and the clock goes back beyond that: it is still the same alert that returns */
    watch_take(&w, &two_levels, 60, T0, GAP_MS, &step);
    assert_true(watch_take(&w, &two_levels, 60, T0 + 10000, GAP_MS, &step));
    assert_int_equal(step, ALERT_CLEARED);
    watch_take(&w, &two_levels, 110, T0 - 60000, GAP_MS, &step);
    assert_true(watch_take(&w, &two_levels, 110, T0 - 55000, GAP_MS, &step));
    assert_int_equal(step, ALERT_REOPENED);
}

static void a_restart_neither_raises_again_nor_forgets(void **state) {
    struct watch w;
    enum alert_step step;
    (void)state;
    watch_restore(&w, 2, INT64_MIN);
    for (int s = 0; s < 60; s++)
        assert_false(watch_take(&w, &two_levels, 110, T0 + s * MS_PER_S, GAP_MS, &step));
    int cleared = 0;
    for (int s = 60; s < 90; s++)
        if (watch_take(&w, &two_levels, 10, T0 + s * MS_PER_S, GAP_MS, &step))
            cleared += step == ALERT_CLEARED;
    assert_int_equal(cleared, 1);
    /* cleared ten minutes before the restart: what returns is the same alert */
    watch_restore(&w, 0, T0 - 600000);
    watch_take(&w, &two_levels, 110, T0, GAP_MS, &step);
    assert_true(watch_take(&w, &two_levels, 110, T0 + 5000, GAP_MS, &step));
    assert_int_equal(step, ALERT_REOPENED);
}

/* Whatever the values: steps follow each other as they must, each level has earned its step. */
struct witness {
    double values[600]; /* the last known values, a second apart; a gap breaks the row */
    int count;
};

static bool held(const struct witness *h, const struct alert_level *v, bool raise) {
    int need = (int)(raise ? v->hold_s : v->clear_s) + 1;
    if (h->count < need)
        return false;
    for (int i = h->count - need; i < h->count; i++)
        if (raise ? !(h->values[i] > v->raise) : !(h->values[i] <= v->clear))
            return false;
    return true;
}

static void check_step(const struct witness *h, enum alert_step step, int before, int after) {
    const struct alert_level *levels = two_levels.levels;
    switch ((int)step) {
    case ALERT_RAISED:
    case ALERT_REOPENED:
        assert_int_equal(before, 0);
        assert_true(held(h, &levels[after - 1], true));
        break;
    case ALERT_ESCALATED:
        assert_true(before > 0 && after > before);
        assert_true(held(h, &levels[after - 1], true));
        break;
    case ALERT_EASED:
        assert_true(after > 0 && after < before);
        assert_true(held(h, &levels[before - 1], false));
        break;
    case ALERT_CLEARED:
        assert_true(before > 0 && after == 0);
        assert_true(held(h, &levels[0], false));
        break;
    default:
        fail_msg("%s is not of a watch", alert_step_str(step));
    }
}

static void random_histories_keep_the_rules(void **state) {
    static const double values[] = {50, 74, 76, 81, 90, 96, 101, 120};
    int steps = 0;
    (void)state;
    chance_state = number_from("BUSBAR_SEED", CHANCE_SEED);
    for (int run = 0; run < 300; run++) {
        struct watch w;
        struct witness h = {.count = 0};
        double value = 50;
        watch_init(&w);
        for (int s = 0; s < 500; s++) {
            enum alert_step step;
            int before = w.level;
            if (one_in(8))
                value = values[random_below(8)];
            h.values[h.count++] = value;
            bool happened = watch_take(&w, &two_levels, value, T0 + s * MS_PER_S, GAP_MS, &step);
            assert_true(happened == (w.level != before));
            if (happened)
                check_step(&h, step, before, w.level);
            else if (before < 2)
                assert_false(held(&h, &two_levels.levels[before], true));
            steps += happened;
        }
    }
    assert_true(steps > 1000);
}

static void every_rule_is_complete(void **state) {
    (void)state;
    for (size_t i = 0; i < ALERT_RULES; i++) {
        const struct alert_rule *r = alert_rule((enum alert_rule_id)i);
        char code[8];
        enum alert_rule_id id;
        snprintf(code, sizeof code, "A%02zu", i + 1);
        assert_string_equal(r->code, code);
        assert_true(alert_rule_find(code, &id) && id == i);
        assert_true(r->name_zh[0] && r->name_en[0] && r->advice_zh[0] && r->advice_en[0]);
        assert_true(r->action[0] && r->gap_ms > 0 && r->limits.enabled);
        assert_true(r->limits.level_count >= 1 && r->limits.level_count <= ALERT_LEVELS);
        for (int k = 0; k < r->limits.level_count; k++) {
            const struct alert_level *v = &r->limits.levels[k];
            assert_true((v->raise - v->clear) * r->limits.side >= 0.0);
            assert_true(k == 0 || (v->raise - v[-1].raise) * r->limits.side > 0.0);
            assert_true(k == 0 || v->severity > v[-1].severity);
        }
    }
    enum alert_rule_id none;
    assert_false(alert_rule_find("A30", &none));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_history_has_its_steps),
        cmocka_unit_test(worse_below_is_the_mirror_image),
        cmocka_unit_test(the_limit_itself_belongs_to_one_side),
        cmocka_unit_test(a_value_between_neither_raises_nor_clears),
        cmocka_unit_test(a_silence_counts_at_most_the_gap),
        cmocka_unit_test(a_clock_that_goes_back_adds_nothing),
        cmocka_unit_test(a_restart_neither_raises_again_nor_forgets),
        cmocka_unit_test(random_histories_keep_the_rules),
        cmocka_unit_test(every_rule_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
