/* Energy counters in mJ (W s / 1000): four quadrants. Pure.
 *
 * Active energy follows the sum of the phases: import when it is positive. Reactive energy is
 * counted in the quadrant of the moment: Q1 import inductive, Q2 export inductive, Q3 export
 * capacitive, Q4 import capacitive (IEC 62053-23, annex). A phase below the no-load threshold
 * counts as nothing. */
#ifndef NODE_APP_ENERGY_H
#define NODE_APP_ENERGY_H

#include <stdint.h>

#include "app/value.h"

enum energy_kind {
    ENERGY_IMPORT,
    ENERGY_EXPORT,
    ENERGY_Q1,
    ENERGY_Q2,
    ENERGY_Q3,
    ENERGY_Q4,
    ENERGY_APPARENT,
    ENERGY_COUNT
};

struct energy {
    uint64_t mj[ENERGY_COUNT];
    float carry_mj[ENERGY_COUNT]; /* what is less than a count */
};

/* Adds a reading of `seconds`; no_load_w is the threshold of a phase in W, var and VA. */
void energy_add(struct energy *e, const struct reading *r, float seconds, float no_load_w);

#endif
