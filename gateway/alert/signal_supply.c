#include "alert/signal_supply.h"

#include <math.h>
#include <stddef.h>

#include "calc/power.h"

#define LITTLE_LOAD     0.1 /* of the capacity: no power factor is judged up to it */
#define LITTLE_CURRENT  0.3 /* of the rated one: no unbalance is judged up to it */
#define NEUTRAL_WEIGHT  (15.0 / 25.0)
#define HIGH_VOLTAGE_V  20000.0 /* 35 kV and above, by their phase voltage too */
#define LOW_VOLTAGE_V   1000.0
#define CRITICAL_PCT    10.0
#define CRITICAL_EXCESS 3.0

double signal_charged_kvar(double p_kw, double q_kvar, unsigned quadrants) {
    int quadrant = power_quadrant(p_kw, q_kvar);
    if (quadrant == 0)
        return (double)NAN;
    return quadrants >> (quadrant - 1) & 1 ? fabs(q_kvar) : 0.0;
}

double signal_power_factor(double p_kw, double kvar, double capacity_kva, double standard,
                           const struct alert_limits *l) {
    if (isnan(p_kw) || isnan(kvar) || isnan(capacity_kva))
        return (double)NAN;
    if (!(p_kw > LITTLE_LOAD * capacity_kva))
        return alert_limits_between(l);
    return p_kw / power_apparent(p_kw, kvar) - standard;
}

double signal_kvar_needed(double p_kw, double kvar, double standard) {
    return fmax(0.0, kvar - p_kw * sqrt(1.0 / (standard * standard) - 1.0));
}

double signal_over_compensation(double p_kw, double q_kvar, double capacity_kva,
                                const struct alert_limits *l) {
    if (isnan(p_kw) || isnan(q_kvar) || isnan(capacity_kva))
        return (double)NAN;
    return p_kw > 0.0 ? 100.0 * q_kvar / capacity_kva : alert_limits_between(l);
}

double signal_voltage(double deviation_pct, double nominal_v) {
    if (isnan(deviation_pct) || isnan(nominal_v))
        return (double)NAN;
    bool high = nominal_v >= HIGH_VOLTAGE_V, single = fabs(nominal_v - 220.0) < 0.5;
    double limit = high || (single && deviation_pct < 0.0) ? 10.0 : 7.0;
    double far = fabs(deviation_pct), excess = far - limit;
    if (far > CRITICAL_PCT)
        excess = fmax(excess, CRITICAL_EXCESS + far - CRITICAL_PCT);
    return excess;
}

double signal_current_unbalance(double unbalance_pct, double neutral_a, double s_kva,
                                double capacity_kva, double line_v, const struct alert_limits *l) {
    if (isnan(s_kva) || isnan(capacity_kva) || (isnan(unbalance_pct) && isnan(neutral_a)))
        return (double)NAN;
    if (!(s_kva > LITTLE_CURRENT * capacity_kva))
        return alert_limits_between(l);
    double rated_a = capacity_kva * 1000.0 / (sqrt(3.0) * line_v);
    return fmax(unbalance_pct, NEUTRAL_WEIGHT * 100.0 * neutral_a / rated_a);
}

double signal_frequency(double hz) {
    return fabs(hz - 50.0);
}

double signal_harmonics(double thd_pct, double nominal_v) {
    if (isnan(nominal_v))
        return (double)NAN;
    return thd_pct - (nominal_v < LOW_VOLTAGE_V ? 5.0 : nominal_v < HIGH_VOLTAGE_V ? 4.0 : 3.0);
}

double signal_back_feed(double p_kw, double rating_kw) {
    return rating_kw > 0.0 ? 100.0 * p_kw / rating_kw : (double)NAN;
}

double signal_transformer(double s_kva, double rated_kva) {
    return rated_kva > 0.0 ? 100.0 * s_kva / rated_kva : (double)NAN;
}

bool signal_overload_time(double load_pct, double *ret_outdoor_min, double *ret_indoor_min) {
    static const struct {
        double up_to_pct, outdoor_min, indoor_min;
    } table[] = {{130, 120, 60}, {160, 30, 15}, {175, 15, 8}, {200, 7.5, 4}};
    *ret_outdoor_min = *ret_indoor_min = 0.0;
    if (!(load_pct > 100.0))
        return false;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (load_pct <= table[i].up_to_pct) {
            *ret_outdoor_min = table[i].outdoor_min;
            *ret_indoor_min = table[i].indoor_min;
            break;
        }
    return true;
}
