/* Seeded noise that is a function of time: the same seed gives the same substation, whatever order
 * and however often it is asked. No state, no I/O. */
#ifndef BUSBAR_SIM_MODEL_NOISE_H
#define BUSBAR_SIM_MODEL_NOISE_H

#include <stdint.h>

#include "base/units.h"

/* 64 well-mixed bits of (seed, stream, index); splitmix64 (Steele, Lea, Flood 2014). */
uint64_t noise_hash(uint64_t seed, uint64_t stream, uint64_t index);
/* The same as a number in [0, 1). */
double noise_unit(uint64_t seed, uint64_t stream, uint64_t index);
/* Smooth noise in [-1, 1] that changes over about one period. */
double noise_smooth(uint64_t seed, uint64_t stream, ms_t utc_ms, ms_t period_ms);

#endif
