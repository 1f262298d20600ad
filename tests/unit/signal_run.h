/* A rule's own watch fed second by second with what a signal says: what happened, and when. */
#ifndef BUSBAR_TESTS_SIGNAL_RUN_H
#define BUSBAR_TESTS_SIGNAL_RUN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/rules.h"

#define SIGNAL_T0 ((ms_t)1782275400000) /* 2026-06-24T12:30:00+08:00 */
#define NOTHING   ALERT_STEPS

struct signal_run {
    const struct alert_rule *rule;
    struct watch watch;
    ms_t t;               /* of the next value */
    enum alert_step step; /* the last that happened; NOTHING */
    ms_t step_at;
    int steps;
};

static inline void run_start(struct signal_run *r, enum alert_rule_id id) {
    *r = (struct signal_run){.rule = alert_rule(id), .t = SIGNAL_T0, .step = NOTHING};
    watch_init(&r->watch);
}

/* One value, and a second passes. */
static inline void run_value(struct signal_run *r, double value) {
    enum alert_step step;
    if (watch_take(&r->watch, &r->rule->limits, value, r->t, r->rule->gap_ms, &step)) {
        r->step = step;
        r->step_at = r->t;
        r->steps++;
    }
    r->t += MS_PER_S;
}

static inline void run_for(struct signal_run *r, double value, int seconds) {
    for (int i = 0; i < seconds; i++)
        run_value(r, value);
}

/* Nothing but this has happened since the last look; NOTHING: nothing at all. */
static inline void run_expect(struct signal_run *r, enum alert_step step) {
    assert_int_equal(r->steps, step == NOTHING ? 0 : 1);
    if (step != NOTHING)
        assert_int_equal(r->step, step);
    r->steps = 0;
    r->step = NOTHING;
}

/* Raised after the whole hold time, not before; held while unknown; cleared after the clear time.
 */
static inline void run_life(enum alert_rule_id id, double bad, double good) {
    struct signal_run r;
    run_start(&r, id);
    const struct alert_level *l = &r.rule->limits.levels[0];
    run_for(&r, good, 5);
    run_for(&r, bad, (int)l->hold_s);
    run_expect(&r, NOTHING);
    run_value(&r, bad);
    run_expect(&r, ALERT_RAISED);
    run_for(&r, bad, 100);
    run_for(&r, (double)NAN, 7200);
    run_expect(&r, NOTHING);
    run_for(&r, good, (int)l->clear_s);
    run_expect(&r, NOTHING);
    run_value(&r, good);
    run_expect(&r, ALERT_CLEARED);
    run_for(&r, good, 7200);
    run_expect(&r, NOTHING);
    /* what is not known does not count to the hold time */
    run_for(&r, bad, (int)l->hold_s);
    run_for(&r, (double)NAN, 7200);
    run_expect(&r, NOTHING);
}

#define CLOSE(a, b) assert_true(fabs((a) - (b)) < 1e-6)

#endif
