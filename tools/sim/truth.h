/* What really flows: one JSON line an instant, to hold against what the gateway makes of it.
 *
 *   {"t":1764000000500,"offset_ms":0,"site_kw":{"grid":1,"pv":2,"storage":3,"load":6},
 *    "devices":{"grid":{"power_kw":1,"import_kwh":2,"export_kwh":3,"soc_pct":null}, ...}}
 *
 * power_kw is positive in the role's own direction; import_kwh counts that direction (generation
 * for pv, discharge for storage), export_kwh the other. */
#ifndef BUSBAR_SIM_TRUTH_H
#define BUSBAR_SIM_TRUTH_H

#include <stdio.h>

#include "sim/model_plant.h"

/* Writes and flushes one line. ERR_IO when it cannot. */
int truth_write(FILE *out, const struct plant *p);

#endif
