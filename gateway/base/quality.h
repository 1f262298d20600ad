/* How good a number is: the worst of what went into it wins. Pure. */
#ifndef BUSBAR_BASE_QUALITY_H
#define BUSBAR_BASE_QUALITY_H

/* In rising order of badness; stored on disk, so values never change. */
enum quality {
    QUALITY_GOOD = 0,
    QUALITY_ESTIMATED = 1,     /* computed, not measured */
    QUALITY_RECOVERED = 2,     /* exact in sum, shape unknown: a gap bridged by a register */
    QUALITY_SUSPECT = 3,       /* measured, but contradicts something */
    QUALITY_OUT_OF_RANGE = 4,  /* outside the profile's limits */
    QUALITY_EXCEPTION = 5,     /* the device refused */
    QUALITY_STALE = 6,         /* last value, too old to be live */
    QUALITY_MISSING = 7,       /* never read, or the device says "not available" */
    QUALITY_CLOCK_SUSPECT = 8, /* the time of it is in doubt */
    QUALITY_COUNT
};

/* "good", "estimated", ... as in the MQTT contract. Never NULL. */
const char *quality_str(enum quality q);

static inline enum quality quality_worst(enum quality a, enum quality b) {
    return a > b ? a : b;
}

/* True when a value of this quality is a number to compute with (not refused, stale or missing). */
static inline int quality_usable(enum quality q) {
    return q <= QUALITY_SUSPECT;
}

#endif
