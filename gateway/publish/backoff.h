/* How long to wait after a failure: 1, 2, 4 .. 60 s, each +-10 %, back to 1 s after a success.
 *
 * The state belongs to whoever retries. Randomness is an argument. Pure. */
#ifndef BUSBAR_PUBLISH_BACKOFF_H
#define BUSBAR_PUBLISH_BACKOFF_H

#include <stdint.h>

#include "base/units.h"

#define BACKOFF_CAP_S 60

struct backoff {
    uint32_t failures;
};

void backoff_reset(struct backoff *b);
/* Counts a failure and gives the wait after it. random: any 32 random bits. */
us_t backoff_next(struct backoff *b, uint32_t random);

#endif
