/* Energy that an alert is about: used, or not given, at the wrong time; and what it costs. State of
 * one object; time is an argument. Pure. */
#ifndef BUSBAR_ALERT_MOVED_ENERGY_H
#define BUSBAR_ALERT_MOVED_ENERGY_H

#include "base/units.h"

#define MOVED_GAP_MAX_MS (10 * MS_PER_S) /* longer without a value: that time is not counted */

struct moved_energy {
    double kwh;
    double cny; /* what it costs more than at the better time; NAN: a price was missing */
    double kw, cny_per_kwh;
    ms_t at; /* INT64_MIN: none is running */
};

void moved_init(struct moved_energy *m);
/* kw from t on at a price difference, held until the next call; 0 or NAN: nothing is added. */
void moved_take(struct moved_energy *m, double kw, double cny_per_kwh, ms_t t);
/* The episode is over: the next one starts at 0. */
void moved_end(struct moved_energy *m);

#endif
