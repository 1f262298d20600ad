/* Electrical quantities of one instant, from what a meter shows. Pure. An unknown is NAN.
 * Formulas and limits: domain facts 1.1, 1.2, 1.6; GB/T 12325, 15543, 15945 as quoted there. */
#ifndef BUSBAR_CALC_POWER_H
#define BUSBAR_CALC_POWER_H

#include <stdbool.h>

/* Vector apparent power sqrt(P^2 + Q^2), kVA. */
double power_apparent(double p_kw, double q_kvar);
/* P / S in -1..1; NAN when S is below 1 % of rated_kva (rated NAN: below 1e-9). */
double power_factor_of(double p_kw, double q_kvar, double rated_kva);
/* Energies of a slot: Wp / sqrt(Wp^2 + Wq^2), NAN when both are 0. */
double power_factor_energy(double kwh, double kvarh);
/* Quadrant 1..4 by the signs of P (import > 0) and Q (inductive > 0); 0 counts as positive; 0 when
 * one is NAN. */
int power_quadrant(double p_kw, double q_kvar);

enum pf_format {
    PF_SIGNED,   /* -1..1, sign of P */
    PF_FOLDED,   /* Schneider PM5000: Q1 reg, Q2 -2 - reg, Q3 reg, Q4 2 - reg */
    PF_FOLDED_23 /* the manual's other revision: Q2 and Q3 swapped */
};
/* Power factor and quadrant from a folded register; *ret_quadrant 0 when it does not tell. NAN for
 * a register outside -2..2 (signed: outside -1..1). A signed one never tells the quadrant; of a
 * folded one 1 is Q1 and -1 is Q2 (no reactive power), and 0 does not tell. */
double power_factor_register(double reg, enum pf_format format, int *ret_quadrant);

/* Negative-sequence voltage unbalance in percent from three line voltages: L = sum a^4 / (sum
 * a^2)^2, r = sqrt(max(0, 3 - 6 L)) clamped to <= 1, eps = sqrt((1 - r) / (1 + r)) x 100. NAN when
 * one is NAN or not positive. */
double voltage_unbalance_line(double u12, double u23, double u31);
/* From phase voltages, with line voltages taken at 120 degrees (exact only without angle error). */
double voltage_unbalance_phase(double u1, double u2, double u3);
/* (Imax - Imin) / Imax x 100; NAN when Imax is below 30 % of rated_a (rated NAN: always given), or
 * all are 0. Signed currents count by magnitude. */
double current_unbalance(double i1, double i2, double i3, double rated_a);
/* (U - Un) / Un x 100; NAN when Un is not positive. */
double voltage_deviation(double u, double nominal_u);
/* The nominal that a measured line or phase voltage belongs to (V): 220, 380, 6000, 10000, 35000
 * and the phase values of the higher ones; NAN when none is within 20 %. The
 * nearest one by ratio: a 6 kV line voltage and the phase voltage of 10 kV (5774 V) are 4 % apart,
 * so where both may be, the configuration has to say. */
double voltage_nominal(double u);

#endif
