/* Common ticks: multiples of a period in UTC, expressed in monotonic time. Pure. */
#ifndef BUSBAR_POLL_TICK_H
#define BUSBAR_POLL_TICK_H

#include "base/units.h"

/* The last tick at or before t. */
static inline us_t tick_at(us_t t, us_t period, us_t utc_ahead) {
    return floor_div(t + utc_ahead, period) * period - utc_ahead;
}

/* The tick after the one that was served at tick, at a time now: the next one, or the latest passed
 * one when some were missed. An eighth of a period of tolerance keeps a slewed clock from giving
 * the same tick twice. */
static inline us_t tick_next(us_t tick, us_t now, us_t period, us_t utc_ahead) {
    us_t next = tick_at(tick + period / 8, period, utc_ahead) + period;
    us_t passed = tick_at(now, period, utc_ahead);
    return next > passed ? next : passed;
}

#endif
