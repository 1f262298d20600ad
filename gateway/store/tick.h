/* The site at common ticks: the feeds' latest powers, as they were at one instant, summed by role
 * once a second; their mean and extremes over the open slots.
 *
 * Time is an argument; no I/O. Historian thread. */
#ifndef BUSBAR_STORE_TICK_H
#define BUSBAR_STORE_TICK_H

#include "store/aggregate.h"
#include "store/records.h"

struct tick_window {
    ms_t start;
    struct {
        double sum, min, max;
        uint32_t ticks; /* with a known value */
    } power[SITE_POWER_COUNT];
    double soc_first, soc_last; /* NAN while unknown */
};

struct tick {
    /* of each period the open slot and the one before it, which may not be closed yet */
    struct tick_window windows[SLOT_OPEN_COUNT][2];
    double *feed_kw; /* by feed */
};

int tick_init(struct tick *t, const struct site *site);
void tick_fini(struct tick *t);
/* Takes the tick at utc_ms from the state of the feeds; gives the site as of now. */
void tick_take(struct tick *t, const struct aggregate *a, ms_t utc_ms, struct live_site *ret);
/* Powers and SOC of a slot for its record; unknown where there was no tick. */
void tick_result(const struct tick *t, enum slot_period p, ms_t start, struct record_seed *r);

#endif
