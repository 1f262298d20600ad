#include "calc/completeness.h"

#include <math.h>

uint32_t completeness_expected(ms_t start, ms_t end, ms_t now) {
    ms_t slot = slot_ms(SLOT_15M);
    ms_t first = -floor_div(-start, slot); /* a slot that start cuts is not in the period */
    ms_t last = floor_div(end < now ? end : now, slot);

    return last > first ? (uint32_t)(last - first) : 0;
}

double completeness_ratio(uint32_t have, uint32_t expected) {
    return expected > 0 ? (double)have / (double)expected : (double)NAN;
}

double completeness_day_month_deviation(const double *day_kwh, size_t days, double month_kwh) {
    double sum = 0.0;
    size_t known = 0;

    for (size_t i = 0; i < days; i++) {
        if (isnan(day_kwh[i]))
            continue; /* whoever adds up the days that he received has none of it either */
        sum += day_kwh[i];
        known++;
    }
    if (known == 0 || isnan(month_kwh) || !(fabs(month_kwh) > 0.0))
        return (double)NAN;
    return fabs(sum - month_kwh) / fabs(month_kwh);
}

ms_t completeness_boundary_error(ms_t edge, ms_t read_at) {
    return read_at > edge ? read_at - edge : edge - read_at;
}
