/* A storage station: PCS and battery. Charges in the valley and at noon, discharges in the peak,
 * within its rating and its SOC limits. P > 0 discharges. No I/O. */
#ifndef BUSBAR_SIM_MODEL_STORAGE_H
#define BUSBAR_SIM_MODEL_STORAGE_H

#include "sim/model_sun.h"

struct storage {
    double rated_kw, capacity_kwh;
    double soc_min, soc_max; /* percent */
    double efficiency;       /* one way, AC to DC or DC to AC */
    double stored_kwh;
};

/* What the schedule asks for at that time of day, kW. */
double storage_schedule_kw(const struct storage *s, const struct local_time *at);
/* The nearest AC power to wanted_kw that the ratings allow and that keeps the SOC inside its limits
 * for the next dt_ms; it tapers off over the last 5 % before a limit. */
double storage_limit_kw(const struct storage *s, double wanted_kw, ms_t dt_ms);
/* Power on the battery's side of the converter. */
double storage_dc_kw(const struct storage *s, double ac_kw);
/* Lets ac_kw flow for dt_ms. */
void storage_advance(struct storage *s, double ac_kw, ms_t dt_ms);
double storage_soc_pct(const struct storage *s);

#endif
