#include <math.h>

#include "sim/model_storage.h"

#define MS_PER_HOUR 3600000.0
#define TAPER_PCT   5.0

double storage_schedule_kw(const struct storage *s, const struct local_time *at) {
    if (at->hour < 7.0) /* valley */
        return -0.45 * s->rated_kw;
    if (at->hour >= 11.0 && at->hour < 14.5) /* noon: the sun is strong */
        return -0.60 * s->rated_kw;
    if (at->hour >= 16.0) /* peak */
        return 0.65 * s->rated_kw;
    return 0.0;
}

double storage_limit_kw(const struct storage *s, double wanted_kw, ms_t dt_ms) {
    double hours = (double)dt_ms / MS_PER_HOUR;
    double soc = storage_soc_pct(s);
    double room_kwh, taper, most_kw;

    if (wanted_kw > 0.0) {
        room_kwh = (s->stored_kwh - s->soc_min / 100.0 * s->capacity_kwh) * s->efficiency;
        taper = (soc - s->soc_min) / TAPER_PCT;
    } else {
        room_kwh = (s->soc_max / 100.0 * s->capacity_kwh - s->stored_kwh) / s->efficiency;
        taper = (s->soc_max - soc) / TAPER_PCT;
    }
    taper = fmin(1.0, fmax(0.0, taper));
    most_kw = fmin(s->rated_kw, fmax(0.0, room_kwh) / hours);
    return copysign(fmin(fabs(wanted_kw) * taper, most_kw), wanted_kw);
}

double storage_dc_kw(const struct storage *s, double ac_kw) {
    return ac_kw > 0.0 ? ac_kw / s->efficiency : ac_kw * s->efficiency;
}

void storage_advance(struct storage *s, double ac_kw, ms_t dt_ms) {
    s->stored_kwh -= storage_dc_kw(s, ac_kw) * (double)dt_ms / MS_PER_HOUR;
}

double storage_soc_pct(const struct storage *s) {
    return 100.0 * s->stored_kwh / s->capacity_kwh;
}
