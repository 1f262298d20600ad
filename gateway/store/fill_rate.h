/* When the store will be full if it goes on growing as it did in the last day. Pure. */
#ifndef BUSBAR_STORE_FILL_RATE_H
#define BUSBAR_STORE_FILL_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "calc/calendar.h"

#define FILL_RATE_SPACING_MS MS_PER_HOUR
#define FILL_RATE_MARKS      25 /* a day, and its first end */

/* Bytes in use, hour by hour; all zero: nothing is known. */
struct fill_rate {
    struct {
        ms_t mono_ms;
        uint64_t bytes;
    } marks[FILL_RATE_MARKS];
    size_t count, next;
};

/* Takes what is used now; marks it when an hour has passed. mono_ms: of a clock that never steps.
 */
void fill_rate_take(struct fill_rate *f, ms_t mono_ms, uint64_t used_bytes);
/* Days until used_bytes reach the budget, by the growth since the oldest mark of the last day. NAN:
 * less than an hour is known, or there is no budget. INFINITY: it does not grow. 0: it is full. */
double fill_rate_days(const struct fill_rate *f, ms_t mono_ms, uint64_t used_bytes,
                      uint64_t budget_bytes);

#endif
