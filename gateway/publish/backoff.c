#include "publish/backoff.h"

void backoff_reset(struct backoff *b) {
    b->failures = 0;
}

us_t backoff_next(struct backoff *b, uint32_t random) {
    us_t wait = BACKOFF_CAP_S * (us_t)US_PER_S;
    if (b->failures < 6) /* 1 << 6 is beyond the cap */
        wait = ((us_t)1 << b->failures) * US_PER_S;
    if (b->failures < UINT32_MAX)
        b->failures++;
    us_t spread = wait / 5; /* from -10 % to +10 % */
    return wait - wait / 10 + (us_t)(random % (uint32_t)spread);
}
