#include "alert/watch.h"

#include <math.h>
#include <string.h>

void watch_init(struct watch *w) {
    memset(w, 0, sizeof *w);
    w->at = w->cleared_at = INT64_MIN;
}

void watch_restore(struct watch *w, uint8_t level, ms_t cleared_at) {
    watch_init(w);
    w->level = level;
    w->cleared_at = cleared_at;
}

/* A value at a limit belongs to one side only, so raise and clear may be the same number. */
static bool meets(const struct alert_limits *l, const struct alert_level *v, double value) {
    double over = (value - v->raise) * l->side;
    return over > 0.0 || (l->inclusive && over >= 0.0);
}

static bool relieves(const struct alert_limits *l, const struct alert_level *v, double value) {
    double under = (v->clear - value) * l->side;
    return under > 0.0 || (!l->inclusive && under >= 0.0);
}

double alert_limits_between(const struct alert_limits *l) {
    const struct alert_level *mild = &l->levels[0];
    return mild->clear + (mild->raise - mild->clear) / 2.0;
}

/* held: what the time came to; it runs from the first value that meets the condition. */
static void run_time(uint32_t *held, uint8_t *bits, int i, bool now, ms_t passed) {
    bool before = *bits >> i & 1;
    *bits = (uint8_t)((*bits & ~(1u << i)) | (unsigned)now << i);
    if (!now)
        *held = 0;
    else if (before)
        *held = passed < UINT32_MAX - (ms_t)*held ? *held + (uint32_t)passed : UINT32_MAX;
}

/* Time between the value before and this one that both stand for. */
static ms_t time_passed(const struct watch *w, ms_t t, uint32_t gap_ms) {
    if (w->at == INT64_MIN || t <= w->at)
        return 0;
    return t - w->at < gap_ms ? t - w->at : gap_ms;
}

static bool has_held(uint8_t bits, int i, uint32_t held_ms, uint32_t need_s) {
    return (bits >> i & 1) && (ms_t)held_ms >= (ms_t)need_s * MS_PER_S;
}

/* The worst level that was reached now, or that stood and is not left. Levels below the one that
 * stands stand with it. */
static uint8_t level_now(const struct watch *w, const struct alert_limits *l) {
    for (int i = l->level_count - 1; i >= 0; i--) {
        const struct alert_level *v = &l->levels[i];
        bool stands = i < w->level && !has_held(w->relieved, i, w->relieved_ms[i], v->clear_s);
        if (stands || has_held(w->met, i, w->held_ms[i], v->hold_s))
            return (uint8_t)(i + 1);
    }
    return 0;
}

static enum alert_step step_of(const struct watch *w, uint8_t level, ms_t t) {
    if (level == 0)
        return ALERT_CLEARED;
    if (w->level != 0)
        return level > w->level ? ALERT_ESCALATED : ALERT_EASED;
    bool again = w->cleared_at != INT64_MIN && t - w->cleared_at < ALERT_PAUSE_MS &&
                 w->cleared_at - t < ALERT_PAUSE_MS;
    return again ? ALERT_REOPENED : ALERT_RAISED;
}

bool watch_take(struct watch *w, const struct alert_limits *l, double value, ms_t t,
                uint32_t gap_ms, enum alert_step *ret_step) {
    if (isnan(value)) {
        w->at = INT64_MIN;
        return false;
    }
    ms_t passed = time_passed(w, t, gap_ms);
    w->at = t;
    for (int i = 0; i < l->level_count; i++) {
        const struct alert_level *v = &l->levels[i];
        run_time(&w->held_ms[i], &w->met, i, meets(l, v, value), passed);
        run_time(&w->relieved_ms[i], &w->relieved, i, relieves(l, v, value), passed);
    }
    uint8_t level = level_now(w, l);
    if (level == w->level)
        return false;
    *ret_step = step_of(w, level, t);
    w->level = level;
    if (level == 0)
        w->cleared_at = t;
    return true;
}
