/* Slows down whoever guesses passwords: after a few failures of an address, or for a user, the next
 * try must wait, twice as long each time, at most a quarter of an hour. Bounded; when it is full
 * the oldest entry is forgotten. Pure: time is an argument. */
#ifndef BUSBAR_WEB_THROTTLE_H
#define BUSBAR_WEB_THROTTLE_H

#include <stdint.h>

#include "base/units.h"

#define THROTTLE_FREE 5 /* failures without a wait */
#define THROTTLE_MAX  256

struct throttle {
    struct throttle_entry {
        uint64_t key; /* hash of an address or a name */
        uint32_t failures;
        us_t last_us, until_us;
    } list[THROTTLE_MAX];
};

/* Seconds to wait, rounded up; 0: may try. */
uint32_t throttle_wait_s(const struct throttle *t, uint64_t key, us_t now_us);
void throttle_failed(struct throttle *t, uint64_t key, us_t now_us);
void throttle_passed(struct throttle *t, uint64_t key);

#endif
