/* Carbon of stored energy, by the mixing rule. What goes in comes out again or is held: losses take
 * energy and no carbon, so a kWh that is delivered carries 1 / eta of what a kWh put in did. */
#include <math.h>

#include "calc/carbon.h"

/* Stays behind when a storage runs dry, so that what is taken beyond it still has an intensity. Far
 * below anything a meter can tell. */
#define TRACE_KWH 1e-12
/* More than this beyond the content was not seen going in; less is rounding. */
#define OVERDRAWN_KWH 1e-6

void ess_init(struct ess_carbon *e, double soc_pct, double capacity_kwh, double intensity) {
    double kwh = soc_pct / 100.0 * capacity_kwh;
    double kg = kwh * intensity;

    *e = (struct ess_carbon){.estimated = true};
    if (kwh > 0.0 && isfinite(kg)) {
        e->kwh = kwh;
        e->kg = kg;
    }
}

static void charge(struct ess_carbon *e, double kwh, double intensity) {
    bool ran_dry = e->kwh > 0.0 && e->kwh <= TRACE_KWH;

    e->estimated = e->estimated && !ran_dry; /* all that it holds now was seen going in */
    e->kwh += kwh;
    e->kg += kwh * intensity;
}

/* Returns the kg that go with it. */
static double discharge(struct ess_carbon *e, double kwh, double eta) {
    double before = e->kwh, put_in = kwh / eta;
    double kg = kwh * ess_intensity(e, eta);

    e->estimated = e->estimated || put_in > before + OVERDRAWN_KWH;
    if (before > 0.0) {
        e->kwh = fmax(before - put_in, fmin(before, TRACE_KWH));
        e->kg *= e->kwh / before;
    }
    return kg;
}

double ess_step(struct ess_carbon *e, double charge_kwh, double discharge_kwh,
                double charge_intensity, double eta) {
    bool known = charge_kwh >= 0.0 && discharge_kwh >= 0.0 && eta > 0.0 && eta <= 1.0;

    if (!known || (charge_kwh > 0.0 && isnan(charge_intensity))) {
        return (double)NAN;
    }
    if (charge_kwh > 0.0) {
        charge(e, charge_kwh, charge_intensity);
    }
    return discharge_kwh > 0.0 ? discharge(e, discharge_kwh, eta) : 0.0;
}

double ess_intensity(const struct ess_carbon *e, double eta) {
    return e->kwh > 0.0 ? e->kg / (e->kwh * eta) : (double)NAN;
}
