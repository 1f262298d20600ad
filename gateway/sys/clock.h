/* The only caller of the OS clock. Any thread. */
#ifndef BUSBAR_SYS_CLOCK_H
#define BUSBAR_SYS_CLOCK_H

#include "base/units.h"
#include "calc/clock_track.h"

struct instant {
    us_t mono_us; /* CLOCK_MONOTONIC */
    us_t utc_us;  /* CLOCK_REALTIME */
};

struct instant clock_now(void);
/* What the clocks show at one instant, read so close together that it is one. */
void clock_see(struct clock_seen *ret);
/* A number that differs from boot to boot of the machine; 0 when it has none. */
uint64_t clock_boot(void);
/* Sleeps until a monotonic instant; returns at once when it has passed. */
void clock_sleep_until(us_t mono_us);

enum clock_sync { CLOCK_SYNCED, CLOCK_HOLDOVER, CLOCK_UNSYNCED, CLOCK_STEPPED };
const char *clock_sync_str(enum clock_sync s);
/* Kernel's view (adjtimex): state, and the estimated offset in ms (NAN when unknown). */
enum clock_sync clock_sync_state(double *ret_offset_ms);

/* Sets the process time zone; ERR_NOT_FOUND when the zone database lacks it. Before threads start.
 */
int clock_set_zone(const char *zone);
/* Seconds east of UTC at that instant, in the process time zone. */
int clock_utc_offset_s(ms_t utc_ms);

#endif
