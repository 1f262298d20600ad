/* Powers of one instant: sun and load curves at the leaves, exact integer sums up the tree, the
 * incomers take what is left. */
#ifndef BUSBAR_SIM_MODEL_BALANCE_H
#define BUSBAR_SIM_MODEL_BALANCE_H

#include "sim/model_plant.h"

/* Fills power and reactive power of every node for plant->now_ms. */
void balance_solve(struct plant *p);

#endif
