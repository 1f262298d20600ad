/* The lengths of time that readings are summed over, and their edges. Pure.
 *
 * A slot is [start, end) in UTC ms, labelled by its start. 1m and 15m stand on common UTC edges, 1h
 * on the hours of the local clock (a change of offset inside an hour is an edge too), 1d, 1mo and
 * bill on local midnights. A bill begins on its account's billing day (1..28). Each period is made
 * of whole slots of the one before it: 1m, 15m, 1h, 1d, and of days 1mo and bill. */
#ifndef BUSBAR_CALC_SLOT_H
#define BUSBAR_CALC_SLOT_H

#include "calc/calendar.h"

enum slot_period {
    SLOT_1M,
    SLOT_15M,
    SLOT_OPEN_COUNT, /* those that readings are summed over; the others are sums of slots */
    SLOT_1H = SLOT_OPEN_COUNT,
    SLOT_1D,
    SLOT_1MO,
    SLOT_BILL,
    SLOT_PERIOD_COUNT
};

const char *slot_name(enum slot_period p); /* "1m", "15m", "1h", "1d", "1mo", "bill" */
/* The period that this one is made of: 15m of 1m, ..., 1mo and bill of 1d. Not for 1m. */
enum slot_period slot_part(enum slot_period p);

/* Of 1m and 15m only: their length, and start without a zone. */
static inline ms_t slot_ms(enum slot_period p) {
    return p == SLOT_1M ? MS_PER_MIN : 15 * MS_PER_MIN;
}
static inline ms_t slot_edge(enum slot_period p, ms_t t) {
    return floor_div(t, slot_ms(p)) * slot_ms(p);
}

/* billing_day is used by bill only. */
ms_t slot_start(enum slot_period p, ms_t t, utc_offset_fn *zone, int billing_day);
/* The end of the slot that begins at start. */
ms_t slot_end(enum slot_period p, ms_t start, utc_offset_fn *zone, int billing_day);

#endif
