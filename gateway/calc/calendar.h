/* Local days and months as UTC instants. Pure: the time zone is a function of the instant.
 *
 * A local day has 24 hours less or more one when a zone has daylight saving: nothing here assumes
 * 24. Days are counted from 1970-01-01 (day 0, a Thursday); months as year * 12 + month - 1. */
#ifndef BUSBAR_CALC_CALENDAR_H
#define BUSBAR_CALC_CALENDAR_H

#include <stdint.h>

#include "base/units.h"

#define MS_PER_HOUR ((ms_t)60 * MS_PER_MIN)
#define MS_PER_DAY  ((ms_t)24 * MS_PER_HOUR)

/* Seconds east of UTC at that instant. */
typedef int utc_offset_fn(ms_t utc_ms);

struct local_time {
    int32_t day; /* since 1970-01-01 */
    int year;
    int month;   /* 1..12 */
    int dom;     /* 1..31 */
    int weekday; /* 0 Monday .. 6 Sunday */
    int minute;  /* of the day, 0..1439 */
};

int32_t civil_day(int year, int month, int dom); /* month may be outside 1..12: it carries over */
void civil_date(int32_t day, int *ret_year, int *ret_month, int *ret_dom);
int civil_weekday(int32_t day); /* 0 Monday .. 6 Sunday */
/* "YYYY-MM-DD" (a real day): ERR_OK, ERR_SYNTAX or ERR_RANGE. "YYYY-MM" for civil_month_parse. */
int civil_day_parse(const char *text, int32_t *ret_day);
int civil_month_parse(const char *text, int32_t *ret_month);

struct local_time local_time(ms_t utc_ms, utc_offset_fn *zone);
/* The first instant in (from, to] at which the offset is no longer that of from, when it changes
 * once between them; to when it does not change. */
ms_t local_change(ms_t from, ms_t to, utc_offset_fn *zone);
/* The instant at which the local day begins; where midnight does not exist, the first instant after
 * it. */
ms_t local_midnight(int32_t day, utc_offset_fn *zone);

#endif
