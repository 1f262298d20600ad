/* Carbon of one slot: location-based, avoided, intensity at the busbar. */
#include <math.h>

#include "calc/carbon.h"

/* What a source gave to the busbar: below 0 it took (an inverter at night) and is a load. */
static double given(double kwh) {
    return kwh < 0.0 ? 0.0 : kwh;
}

/* A source that gave nothing needs no factor; one that gave without a factor is unknown. */
static double carried(double kwh, double kg_per_kwh) {
    return kwh <= 0.0 ? 0.0 : kwh * kg_per_kwh;
}

/* Carbon of all that reaches the busbar over its energy. Load, charge and export leave with this
 * one intensity, so nothing is counted twice (docs/carbon.md). */
static double busbar_intensity(const struct carbon_input *in) {
    double kg = carried(in->import, in->factor) + carried(in->generator, in->generator_kg_per_kwh) +
                carried(in->discharge, in->ess_intensity);
    double kwh = given(in->import) + given(in->generator) + given(in->pv) + given(in->wind) +
                 given(in->discharge);

    return kwh == 0.0 ? (double)NAN : kg / kwh;
}

void carbon_slot_of(const struct carbon_input *in, struct carbon_slot *ret) {
    ret->location_kg = in->import * in->factor;
    ret->market_base_kwh = in->import;
    ret->avoided_pv_kg = given(in->pv + in->wind - in->export) * in->factor;
    ret->avoided_storage_kg =
        in->factor_varies ? (in->discharge - in->charge) * in->factor : (double)NAN;
    ret->intensity = busbar_intensity(in);
}
