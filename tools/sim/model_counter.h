/* Energy counters that equal the integral of power exactly: integer milliwatts over integer
 * milliseconds, nothing rounded away. No I/O. */
#ifndef BUSBAR_SIM_MODEL_COUNTER_H
#define BUSBAR_SIM_MODEL_COUNTER_H

#include <stdint.h>

#include "base/units.h"

#define MWH_PER_KWH 1000000 /* milliwatt-hours */

struct counter {
    int64_t mwh;  /* whole milliwatt-hours (or mvarh, mVAh) */
    int64_t part; /* rest in mW * ms, 0 <= part < 3,600,000 */
};

/* Adds power_milliw >= 0 over dt_ms. */
void register_add(struct counter *c, int64_t power_milliw, ms_t dt_ms);
double counter_wh(const struct counter *c);

#endif
