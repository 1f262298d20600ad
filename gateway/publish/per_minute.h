/* How many messages of the platform are dealt with in any 60 seconds. One thread's. */
#ifndef BUSBAR_PUBLISH_PER_MINUTE_H
#define BUSBAR_PUBLISH_PER_MINUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

#define PER_MINUTE_MAX       20
#define PER_MINUTE_PERIOD_US (60 * (us_t)US_PER_S)

struct per_minute {
    us_t at[PER_MINUTE_MAX]; /* when the last ones were taken, as a ring */
    uint64_t count;
};

/* The one that stands PER_MINUTE_MAX back must be older than the period. */
static inline bool per_minute_allows(const struct per_minute *p, us_t now) {
    return p->count < PER_MINUTE_MAX ||
           now - p->at[p->count % PER_MINUTE_MAX] >= PER_MINUTE_PERIOD_US;
}

static inline void per_minute_take(struct per_minute *p, us_t now) {
    p->at[p->count++ % PER_MINUTE_MAX] = now;
}

#endif
