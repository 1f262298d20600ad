/* The lengths of time that readings are summed over. */
#ifndef BUSBAR_STORE_SLOT_H
#define BUSBAR_STORE_SLOT_H

#include "base/units.h"

enum slot_period { SLOT_1M, SLOT_15M, SLOT_PERIOD_COUNT };

static inline ms_t slot_ms(enum slot_period p) {
    return p == SLOT_1M ? MS_PER_MIN : 15 * MS_PER_MIN;
}

/* How the tables name a period. */
static inline int slot_seconds(enum slot_period p) {
    return (int)(slot_ms(p) / MS_PER_S);
}

static inline const char *slot_name(enum slot_period p) {
    return p == SLOT_1M ? "1m" : "15m";
}

static inline ms_t slot_start(enum slot_period p, ms_t t) {
    return floor_div(t, slot_ms(p)) * slot_ms(p);
}

#endif
