/* A rule of the table followed through values in time: what happens at each, with its own limits.
 */
#ifndef BUSBAR_TESTS_WATCH_ROWS_H
#define BUSBAR_TESTS_WATCH_ROWS_H

#include <math.h>

#include "alert/rules.h"

#define NOTHING ALERT_STEPS
#define HOUR_MS ((ms_t)60 * MS_PER_MIN)
#define DAY_MS  ((ms_t)24 * HOUR_MS)

/* To the last digits that arithmetic leaves. */
#define assert_same(got, want) assert_true(fabs((got) - (want)) < 1e-9)

struct watch_row {
    ms_t t;
    double value;
    enum alert_step step; /* NOTHING: none */
};

static inline void follow_rows(enum alert_rule_id rule, const struct watch_row *rows, size_t n) {
    const struct alert_rule *r = alert_rule(rule);
    struct watch w;
    watch_init(&w);
    for (size_t i = 0; i < n; i++) {
        enum alert_step step = NOTHING;
        bool any = watch_take(&w, &r->limits, rows[i].value, rows[i].t, r->gap_ms, &step);
        if (any != (rows[i].step != NOTHING) || (any && step != rows[i].step))
            fail_msg("%s row %zu (%g): %s instead of %s", r->code, i, rows[i].value,
                     any ? alert_step_str(step) : "nothing",
                     rows[i].step == NOTHING ? "nothing" : alert_step_str(rows[i].step));
    }
}
#define FOLLOW(rule, rows) follow_rows(rule, rows, sizeof(rows) / sizeof((rows)[0]))

#endif
