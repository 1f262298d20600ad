/* The synthetic feeder that the node on the host and in the emulator measures: 230 V, 50
 * Hz, 2.5, 2.4 and 2.6 A behind CTs of 100/5, power factor 0.866 inductive, 0.3 A in the neutral.
 * Its truth is in docs/firmware.md and in tests/firmware. */
#ifndef NODE_HAL_FEEDER_H
#define NODE_HAL_FEEDER_H

#include "hal/synth.h"

void feeder_init(struct synth *s);

#endif
