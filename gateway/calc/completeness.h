/* How complete a period's slots are, and whether days and months agree. Pure.
 * Requirements: received / expected >= 90 %, day against month within 5 %, day edge +-1 min (domain
 * facts 5, source E2). */
#ifndef BUSBAR_CALC_COMPLETENESS_H
#define BUSBAR_CALC_COMPLETENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calc/slot.h"

#define COMPLETENESS_RATIO_MIN       0.90
#define COMPLETENESS_DEVIATION_MAX   0.05
#define COMPLETENESS_BOUNDARY_MAX_MS 60000
#define MONTH_DAYS                   31 /* at most */

struct completeness {
    uint32_t expected;     /* slots of 15 min that the calendar has up to now */
    uint32_t stored;       /* with data (coverage > 0 or an exact energy) */
    uint32_t acknowledged; /* stored ones whose newest revision was delivered */
};
/* Slots of 15 min in [start, end), of those only the ones that have ended at now. */
uint32_t completeness_expected(ms_t start, ms_t end, ms_t now);
double completeness_ratio(uint32_t have, uint32_t expected); /* NAN when nothing is expected */
/* |sum of days - month| / |month|, NAN when month is 0 or unknown. */
double completeness_day_month_deviation(const double *day_kwh, size_t days, double month_kwh);
/* Distance in ms of the reading nearest to an edge; limit 60000 for a day's edge. */
ms_t completeness_boundary_error(ms_t edge, ms_t read_at);

#endif
