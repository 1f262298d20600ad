#include "publish/webhook_rate.h"

/* The k-th newest request, k from 1 to count. */
static us_t newest(const struct webhook_rate *r, size_t k) {
    return r->at[(r->next + WEBHOOK_PER_MINUTE_MAX - k) % WEBHOOK_PER_MINUTE_MAX];
}

void webhook_rate_note(struct webhook_rate *r, us_t now) {
    r->at[r->next] = now;
    r->next = (r->next + 1) % WEBHOOK_PER_MINUTE_MAX;
    r->count += r->count < WEBHOOK_PER_MINUTE_MAX;
}

size_t webhook_rate_room(const struct webhook_rate *r, uint32_t per_minute, us_t now) {
    size_t recent = 0;
    while (recent < r->count && newest(r, recent + 1) > now - RATE_WINDOW_US)
        recent++;
    return recent < per_minute ? per_minute - recent : 0;
}

us_t webhook_rate_due(const struct webhook_rate *r, uint32_t per_minute, us_t now) {
    us_t due = now;
    if (r->count > 0 && newest(r, 1) + RATE_GAP_US > due)
        due = newest(r, 1) + RATE_GAP_US;
    if (r->count >= per_minute && newest(r, per_minute) + RATE_WINDOW_US > due)
        due = newest(r, per_minute) + RATE_WINDOW_US;
    return due;
}
