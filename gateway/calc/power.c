#include "calc/power.h"

#include <math.h>
#include <stddef.h>

#define UNKNOWN ((double)NAN)

#define PF_LEAST_LOAD  0.01 /* of rated: below it the power factor is noise */
#define PF_LEAST_KVA   1e-9
#define UNBALANCE_LOAD 0.30 /* of rated current */
#define NOMINAL_REACH  0.20

double power_apparent(double p_kw, double q_kvar) {
    return sqrt(p_kw * p_kw + q_kvar * q_kvar);
}

double power_factor_of(double p_kw, double q_kvar, double rated_kva) {
    const double s = power_apparent(p_kw, q_kvar);
    const double least = rated_kva > 0.0 ? rated_kva * PF_LEAST_LOAD : PF_LEAST_KVA;
    return s >= least ? p_kw / s : UNKNOWN;
}

double power_factor_energy(double kwh, double kvarh) {
    const double apparent = power_apparent(kwh, kvarh);
    return apparent > 0.0 ? kwh / apparent : UNKNOWN;
}

int power_quadrant(double p_kw, double q_kvar) {
    if (isnan(p_kw) || isnan(q_kvar))
        return 0;
    if (p_kw >= 0.0)
        return q_kvar >= 0.0 ? 1 : 4;
    return q_kvar >= 0.0 ? 2 : 3;
}

/* The quadrant of PF_FOLDED. At -1 and 1 there is no reactive power, which counts as inductive; 0
 * is the end of both Q1 and Q3, and what meters show for an undefined power factor. */
static int folded_quadrant(double reg) {
    if (reg == 0.0)
        return 0;
    if (reg > 0.0)
        return reg <= 1.0 ? 1 : 4;
    return reg <= -1.0 ? 2 : 3;
}

double power_factor_register(double reg, enum pf_format format, int *ret_quadrant) {
    const double end = format == PF_SIGNED ? 1.0 : 2.0;

    *ret_quadrant = 0;
    if (!(reg >= -end && reg <= end))
        return UNKNOWN;
    if (format == PF_SIGNED)
        return reg;
    *ret_quadrant = folded_quadrant(reg);
    if (format == PF_FOLDED_23 && reg < 0.0 && reg != -1.0)
        *ret_quadrant = *ret_quadrant == 2 ? 3 : 2;
    if (reg > 1.0)
        return 2.0 - reg;
    return reg < -1.0 ? -2.0 - reg : reg;
}

double voltage_unbalance_line(double u12, double u23, double u31) {
    if (!(u12 > 0.0 && u23 > 0.0 && u31 > 0.0))
        return UNKNOWN;
    const double a2 = u12 * u12, b2 = u23 * u23, c2 = u31 * u31, sum = a2 + b2 + c2;
    const double l = (a2 * a2 + b2 * b2 + c2 * c2) / (sum * sum);
    /* Balanced, 3 - 6 L is 1 and may be above it by rounding; three voltages that make no triangle
     * give less than 0. */
    const double r = sqrt(fmin(1.0, fmax(0.0, 3.0 - 6.0 * l)));
    return sqrt((1.0 - r) / (1.0 + r)) * 100.0;
}

/* Opposite an angle of 120 degrees. */
static double line_voltage(double u1, double u2) {
    return sqrt(u1 * u1 + u2 * u2 + u1 * u2);
}

double voltage_unbalance_phase(double u1, double u2, double u3) {
    if (!(u1 > 0.0 && u2 > 0.0 && u3 > 0.0))
        return UNKNOWN;
    return voltage_unbalance_line(line_voltage(u1, u2), line_voltage(u2, u3), line_voltage(u3, u1));
}

double current_unbalance(double i1, double i2, double i3, double rated_a) {
    if (isnan(i1) || isnan(i2) || isnan(i3))
        return UNKNOWN;
    const double a = fabs(i1), b = fabs(i2), c = fabs(i3);
    const double max = fmax(a, fmax(b, c)), min = fmin(a, fmin(b, c));
    if (!(max > 0.0) || max < rated_a * UNBALANCE_LOAD)
        return UNKNOWN;
    return (max - min) / max * 100.0;
}

double voltage_deviation(double u, double nominal_u) {
    return nominal_u > 0.0 ? (u - nominal_u) / nominal_u * 100.0 : UNKNOWN;
}

double voltage_nominal(double u) {
    static const double nominal[] = {
        220.0,
        380.0,
        6000.0,
        10000.0,
        35000.0,
        3464.1016151377544, /* 6000 / sqrt 3 */
        5773.5026918962576, /* 10000 / sqrt 3 */
        20207.259421636902, /* 35000 / sqrt 3 */
    };
    double found = UNKNOWN, least = NOMINAL_REACH;
    for (size_t i = 0; i < sizeof nominal / sizeof nominal[0]; i++) {
        const double off = fabs(u - nominal[i]) / nominal[i];
        if (off <= least) {
            found = nominal[i];
            least = off;
        }
    }
    return found;
}
