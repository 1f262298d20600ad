/* Local time, sun, clouds and air temperature of a site at about 35 degrees north. No state, no
 * I/O. */
#ifndef BUSBAR_SIM_MODEL_SUN_H
#define BUSBAR_SIM_MODEL_SUN_H

#include <stdint.h>

#include "base/units.h"

struct local_time {
    int64_t day;     /* days since 1970-01-01, local */
    int day_of_year; /* 1..366 */
    int weekday;     /* 0 = Monday */
    double hour;     /* 0 <= hour < 24 */
};

struct local_time local_time_of(ms_t utc_ms, int utc_offset_s);

/* Global horizontal irradiance under a clear sky, W/m2; 0 at night. Haurwitz 1945:
 * 1098 cos z exp(-0.057 / cos z). */
double sun_clear_w_m2(const struct local_time *at);
/* Share of it that passes the clouds, 0.2..1. */
double sun_clouds(uint64_t seed, ms_t utc_ms);
double air_temperature_c(uint64_t seed, ms_t utc_ms, const struct local_time *at);

/* AC output of a PV plant in kW, never above rated_kw, 0 without sun. rated_kwp is its DC size. */
double pv_output_kw(double irradiance_w_m2, double air_c, double rated_kwp, double rated_kw);

#endif
