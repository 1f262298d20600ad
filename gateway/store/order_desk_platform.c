#include "store/order_desk.h"

#include <stdio.h>

#include "base/err.h"
#include "store/alert_platform.h"
#include "sys/clock.h"

/* Why an alert of good shape cannot be taken; "" when it can. *ret_for_good: the same message will
 * not be taken later either. */
static int judge(const struct order_desk *d, const struct platform_alert *a, char *why,
                 bool *ret_for_good) {
    char until[ISO8601_MAX], now[ISO8601_MAX];
    int64_t open = 0;
    *ret_for_good = a->valid_until <= d->now_ms;
    if (*ret_for_good) {
        iso8601_format(until, a->valid_until, clock_utc_offset_s(a->valid_until));
        iso8601_format(now, d->now_ms, clock_utc_offset_s(d->now_ms));
        snprintf(
            why, ORDER_WHY_MAX,
            "expired: valid_until %s has passed, the gateway's clock says %s; send a new alert",
            until, now);
        return ERR_OK;
    }
    int err = alert_platform_count_open(d->records->writer, &open);
    if (err == ERR_OK && open >= PLATFORM_ALERT_OPEN_MAX)
        snprintf(why, ORDER_WHY_MAX,
                 "%d alerts of the platform stand already, no more are taken; send it again when "
                 "some are over",
                 PLATFORM_ALERT_OPEN_MAX);
    return err;
}

static int refuse(const struct order_desk *d, const struct platform_alert *a, const char *why,
                  bool for_good) {
    struct writer *w = d->records->writer;
    int err = for_good ? alert_platform_remember_refusal(w, a->id, why, d->now_ms) : ERR_OK;
    return err == ERR_OK ? alert_platform_tell_refused(w, a, why, d->now_ms) : err;
}

int order_platform_alert_run(const struct order_desk *d, const struct platform_alert *a,
                             char *why) {
    struct writer *w = d->records->writer;
    int64_t id = 0;
    bool for_good = false;
    if (a->refusal[0] != '\0') {
        snprintf(why, ORDER_WHY_MAX, "%s", a->refusal);
        return refuse(d, a, why, false);
    }
    int err = alert_platform_find(w, a->id, &id);
    if (err == ERR_OK && id == 0)
        err = alert_platform_refusal(w, a->id, d->now_ms, why);
    if (err < 0 || id > 0 || why[0] != '\0')
        return err < 0 ? err : (int)id; /* answered before */
    err = judge(d, a, why, &for_good);
    if (err == ERR_OK && why[0] != '\0')
        return refuse(d, a, why, for_good);
    if (err == ERR_OK)
        err = alert_platform_raise(w, a, d->now_ms, &id);
    w->more = true; /* it ends some day: store/alert_effect.c */
    return err < 0 ? err : (int)id;
}
