/* Voltages, currents and power factors of one node, derived from its phase powers. No I/O. */
#ifndef BUSBAR_SIM_MODEL_ELECTRICAL_H
#define BUSBAR_SIM_MODEL_ELECTRICAL_H

#include "sim/model_plant.h"

/* SI units, role's own sign. Index 3 of p, q, s is the total. */
struct electrical {
    double volt[3], volt_line[3]; /* l1 l2 l3; l1l2 l2l3 l3l1 */
    double amp[3], amp_n;
    double p[4], q[4], s[4];
};

struct electrical electrical_of(const struct plant *p, size_t node);

/* The direct-current side of a PV or storage node. P > 0 delivers. */
struct dc_side {
    double volt, amp, watt;
    double cell_volt, cell_max, cell_min; /* lithium iron phosphate cells */
    double cell_c, cell_max_c, cell_min_c;
};

struct dc_side dc_of(const struct plant *p, size_t node);

#endif
