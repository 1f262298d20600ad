#include "poll/backoff.h"

us_t backoff_fail(struct backoff *b, uint32_t random) {
    us_t pause = BACKOFF_LAST_US;
    if (b->failures < 6) /* 2^5 = 32 s is the last step below the cap */
        pause = BACKOFF_FIRST_US << b->failures;
    if (b->failures < UINT32_MAX)
        b->failures++;
    us_t spread = pause / 10;
    return pause - spread + (us_t)(random % (uint32_t)(2 * spread + 1));
}

uint32_t backoff_random(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}
