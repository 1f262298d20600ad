/* What the feeders of a works draw: shifts, the lunch break, weekends, cycling machines. No state,
 * no I/O. */
#ifndef BUSBAR_SIM_MODEL_LOAD_H
#define BUSBAR_SIM_MODEL_LOAD_H

#include "sim/model_sun.h"

enum load_kind {
    LOAD_TWO_SHIFTS, /* production line, 06 to 22, lunch and supper dips, half on Saturday */
    LOAD_FURNACE,    /* day and night, cycling every few minutes */
    LOAD_DAY_SHIFT,  /* workshop and compressors, 08 to 18 */
    LOAD_OFFICE,     /* office, air conditioning, dormitory evening */
    LOAD_KIND_COUNT
};

/* Active power as a share of the rated power, 0..1. stream tells feeders of one kind apart. */
double load_share(enum load_kind kind, uint64_t seed, uint64_t stream, ms_t utc_ms,
                  const struct local_time *at);
/* Reactive over active power of the same feeder, about 0.2..0.55. */
double load_reactive_share(enum load_kind kind, uint64_t seed, uint64_t stream, ms_t utc_ms);

#endif
