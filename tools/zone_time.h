/* Times as people type them: with an offset, or local in the process time zone. */
#ifndef BUSBAR_TOOLS_ZONE_TIME_H
#define BUSBAR_TOOLS_ZONE_TIME_H

#include "base/units.h"

/* A local time is taken with the offset that is in force then, not now. Results of
 * iso8601_parse(). */
int zone_time_parse(const char *text, ms_t *ret_utc_ms);

#endif
