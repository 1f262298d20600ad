/* The last values of a watch, thinned: what an alert shows of the time before it. Pure. */
#ifndef BUSBAR_ALERT_PAST_H
#define BUSBAR_ALERT_PAST_H

#include "alert/alert.h"
#include "alert/watch.h"

struct past {
    ms_t from;                         /* of the first value kept; INT64_MIN: none */
    uint32_t after_s[ALERT_CURVE_MAX]; /* ring */
    float value[ALERT_CURVE_MAX];
    uint8_t next, count;
    uint32_t spacing_ms;
};

/* Values are kept so far apart that they reach back over twice the longest hold time. */
void past_init(struct past *p, const struct alert_limits *l);
/* Takes a known value, t rising; after a clock that went back it begins again. */
void past_take(struct past *p, double value, ms_t t);
/* Oldest first. */
void past_show(const struct past *p, struct alert_curve *ret);

#endif
