/* Which time the gateway's books keep: the wall clock, as long as it runs like a clock.
 *
 * Fed with what both clocks show at one instant. A wall clock that is disciplined slews: by 0.05 %
 * (adjtime), at most a tenth (chrony), a smeared leap second by far less. That is followed without
 * a word. What is more than slewing can explain is a step: it is told once, with its size, and the
 * books go on from the new time. Time asleep (suspend) is no step: the monotonic clock stood still.
 * Between two looks book time is the monotonic clock's, so durations are true whatever the wall
 * clock does. Pure. */
#ifndef BUSBAR_CALC_CLOCK_TRACK_H
#define BUSBAR_CALC_CLOCK_TRACK_H

#include <stdbool.h>

#include "base/units.h"

#define CLOCK_STEP_MIN_US 500000 /* less is followed: no number of a record shows it */
#define CLOCK_SLEW_PART   10     /* a clock is slewed by at most one part of so many */
/* Before this program was written: a clock that shows less was never set. 2023-01-01. */
#define CLOCK_EARLIEST_MS INT64_C(1672531200000)

/* Both clocks at one instant. */
struct clock_seen {
    us_t mono_us, utc_us;
    us_t asleep_us; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC */
};

struct clock_track {
    bool started;
    us_t mono_us, asleep_us; /* when it was last fed */
    us_t offset_us;          /* wall clock - monotonic time */
    us_t lag_us; /* book time - wall clock: 0, until the next step, unless the clock was not set */
};

/* A step: the same instant on the books before and after it. */
struct clock_step {
    us_t from_us, to_us;
};

/* Takes what the clocks show; true when the wall clock was stepped since the last time. */
bool clock_track_see(struct clock_track *t, const struct clock_seen *seen,
                     struct clock_step *ret_step);
/* Book time of a monotonic instant near the last one. */
ms_t clock_track_ms(const struct clock_track *t, us_t mono_us);
/* Whether a clock that nothing disciplines cannot be right: it shows less than what is stored, or
 * than this program's beginnings. newest_ms: of what is stored. */
bool clock_is_early(ms_t utc_ms, ms_t newest_ms);

#endif
