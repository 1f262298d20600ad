/* Mean of a value over the last minutes, from one value a second. Pure. */
#ifndef BUSBAR_ALERT_ROLLING_H
#define BUSBAR_ALERT_ROLLING_H

#include <stdint.h>

#include "base/units.h"

#define ROLLING_PARTS 15

struct rolling {
    ms_t part_ms; /* the window is ROLLING_PARTS of them */
    int64_t part; /* number of the newest; INT64_MIN: none */
    double sum[ROLLING_PARTS];
    uint16_t count[ROLLING_PARTS];
};

void rolling_init(struct rolling *r, ms_t window_ms);
/* NAN: unknown, it is left out. After a clock that went back it begins again. */
void rolling_take(struct rolling *r, double value, ms_t utc_ms);
/* NAN while less than four fifths of the window are known. */
double rolling_mean(const struct rolling *r);

#endif
