/* Growing pause between attempts at something that fails: 1, 2, 4 .. 60 s, each +-10 % so that
 * peers that failed together do not come back together. The state lives in whatever fails; the
 * random number is an argument. Pure. */
#ifndef BUSBAR_POLL_BACKOFF_H
#define BUSBAR_POLL_BACKOFF_H

#include <stdint.h>

#include "base/units.h"

#define BACKOFF_FIRST_US (1 * (us_t)US_PER_S)
#define BACKOFF_LAST_US  (60 * (us_t)US_PER_S)

struct backoff {
    uint32_t failures; /* in a row */
};

/* Notes a failure; returns the pause before the next attempt. */
us_t backoff_fail(struct backoff *b, uint32_t random);
static inline void backoff_reset(struct backoff *b) {
    b->failures = 0;
}

/* The next number of a xorshift sequence; *state must not be 0. */
uint32_t backoff_random(uint32_t *state);

#endif
