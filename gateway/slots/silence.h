/* Every device silent at once while the gateway runs on its own supply: what an interruption looks
 * like from a box with a UPS, and a failed switch too. Pure. */
#ifndef BUSBAR_SLOTS_SILENCE_H
#define BUSBAR_SLOTS_SILENCE_H

#include "calc/supply_dip.h"

#define SILENCE_MS          (60 * MS_PER_S) /* as long before it is told */
#define SILENCE_TOGETHER_MS (10 * MS_PER_S) /* within it all must have fallen silent */

/* What is known of the devices, folded one by one. */
struct silence_seen {
    size_t devices;
    bool all_answered; /* each has, at some time of this run */
    ms_t first, last;  /* the earliest and the latest of their last answers */
    ms_t poll_ms;      /* of the slowest */
};
void silence_see(struct silence_seen *s, ms_t answered, ms_t poll_ms); /* answered 0: never */

struct silence {
    bool lasts;
    struct dip_change now;
};
/* Once a second. True: ret has its begin (the last answer before), or its end (the first after). Of
 * fewer than two devices nothing is said. */
bool silence_take(struct silence *s, const struct silence_seen *seen, ms_t now,
                  struct dip_change *ret);

#endif
