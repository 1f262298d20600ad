/* How many requests a webhook may make now. Plain data; pure. */
#ifndef BUSBAR_PUBLISH_WEBHOOK_RATE_H
#define BUSBAR_PUBLISH_WEBHOOK_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "meter/notify.h"

#define RATE_WINDOW_US (60 * (us_t)US_PER_S)
#define RATE_GAP_US    (250 * (us_t)US_PER_MS) /* between two: four a second at most */

/* The last requests, a ring. */
struct webhook_rate {
    us_t at[WEBHOOK_PER_MINUTE_MAX];
    size_t next, count;
};

void webhook_rate_note(struct webhook_rate *r, us_t now);
/* Requests that the last minute leaves of per_minute. */
size_t webhook_rate_room(const struct webhook_rate *r, uint32_t per_minute, us_t now);
/* The earliest instant of the next request. */
us_t webhook_rate_due(const struct webhook_rate *r, uint32_t per_minute, us_t now);

#endif
