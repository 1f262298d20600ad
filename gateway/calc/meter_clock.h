/* A device's own clock against the gateway's. Pure. */
#ifndef BUSBAR_CALC_METER_CLOCK_H
#define BUSBAR_CALC_METER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"
#include "meter/profile.h"

#define METER_CLOCK_LIMIT_S 60 /* further off than this, its slots are not the gateway's */

/* What its registers show: seconds since 1970-01-01 00:00 of its own time, local or UTC. False when
 * they hold no time: a pattern that says so, a day that does not exist. A year below 100 is of this
 * century. */
bool meter_clock_read(const struct meter_clock *c, const uint16_t *registers, int64_t *ret_s);
/* The inverse, for the simulator: writes c->p.registers registers. */
void meter_clock_write(const struct meter_clock *c, int64_t shown_s, uint16_t *registers);

/* How far it is ahead of UTC, in whole seconds, as it shows no others: +-1 s. at: when it was read;
 * utc_offset_s: of the site's time zone then. */
double meter_clock_offset_s(const struct meter_clock *c, int64_t shown_s, ms_t at,
                            int utc_offset_s);

#endif
