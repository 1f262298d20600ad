/* One rule on one object as time goes on: when it is raised, changes its severity, is cleared.
 *
 * A level is reached when its condition has held for its hold time, and left when its clear
 * condition has held for its clear time. A value that is unknown (NAN) stops all of these times:
 * nothing is raised or cleared on what is not known. Time is an argument and may jump. Pure. */
#ifndef BUSBAR_ALERT_WATCH_H
#define BUSBAR_ALERT_WATCH_H

#include "alert/alert.h"

#define ALERT_LEVELS   3
#define ALERT_PAUSE_MS (30 * MS_PER_MIN) /* what returns within it is the same alert, reopened */

struct alert_level {
    enum alert_severity severity;
    double raise, clear; /* in the rule's unit; the side says which way is worse */
    uint32_t hold_s, clear_s;
};

/* Levels from mild to severe; a value that meets a severe one meets those before it. */
struct alert_limits {
    bool enabled;
    bool inclusive; /* a value at the raise limit raises; else a value at the clear limit clears */
    int8_t side;    /* 1: worse above, -1: worse below */
    uint8_t level_count;
    struct alert_level levels[ALERT_LEVELS];
};

struct watch {
    ms_t at;                            /* of the last value; INT64_MIN: none yet */
    uint32_t held_ms[ALERT_LEVELS];     /* how long each level's condition holds */
    uint32_t relieved_ms[ALERT_LEVELS]; /* how long its clear condition holds */
    uint8_t level;                      /* 0: clear; else 1 + index of the level */
    uint8_t met, relieved;              /* bits: the last value met a level, its clear condition */
    ms_t cleared_at;                    /* INT64_MIN: never */
};

void watch_init(struct watch *w);
/* As it stood in an earlier run. level as in struct watch. */
void watch_restore(struct watch *w, uint8_t level, ms_t cleared_at);
/* A value that neither raises nor clears: for a signal whose object cannot be judged now, though
 * its inputs are known (too little load for a power factor). Holds end, what stands stays. */
double alert_limits_between(const struct alert_limits *l);
/* Takes the value as of t, t rising. True when something happened: *ret_step is ALERT_RAISED,
 * REOPENED, ESCALATED, EASED or CLEARED, and w->level the new level. The time between two values
 * counts at most gap_ms for either: a longer silence proves nothing. */
bool watch_take(struct watch *w, const struct alert_limits *l, double value, ms_t t,
                uint32_t gap_ms, enum alert_step *ret_step);

#endif
