/* The gateway's clock (A26): its offset, or that nobody keeps it. Pure. */
#ifndef BUSBAR_ALERT_SIGNAL_CLOCK_H
#define BUSBAR_ALERT_SIGNAL_CLOCK_H

#include "alert/watch.h"

#define CLOCK_ALONE_MS (60 * MS_PER_MIN) /* without synchronisation: drift may be anything */

struct clock_watch {
    ms_t alone_since; /* INT64_MIN: it is kept */
};

void clock_watch_init(struct clock_watch *w);
/* Magnitude of the offset in s. Not synchronised: NAN, and after CLOCK_ALONE_MS a value that meets
 * the first level alone: the offset is not known, and nothing bounds it. *ret_alone: it is that. */
double signal_clock(struct clock_watch *w, bool synced, double offset_ms, ms_t t,
                    const struct alert_limits *l, bool *ret_alone);

#endif
