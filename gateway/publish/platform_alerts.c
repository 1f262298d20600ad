#include "publish/platform_alerts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/log.h"

#define ACTOR "mqtt"

static void drop_first(struct platform_alerts *a) {
    free(a->pending[a->first].payload);
    a->first = (a->first + 1) % PLATFORM_ALERTS_PENDING;
    a->count--;
}

void platform_alerts_fini(struct platform_alerts *a) {
    while (a->count > 0)
        drop_first(a);
}

void platform_alerts_push(struct platform_alerts *a, struct inbox_item *item) {
    if (item->retained) {
        if (a->retained++ == 0)
            log_warn("mqtt: a retained message on /alert was refused (%zu bytes); remove it from "
                     "the broker and publish alerts without retain; further ones are only counted",
                     item->len);
        return;
    }
    if (a->count == PLATFORM_ALERTS_PENDING) {
        if (a->dropped++ == 0)
            log_warn("mqtt: %d alerts of the platform wait already, one more was dropped without "
                     "an event; further ones are only counted",
                     PLATFORM_ALERTS_PENDING);
        return;
    }
    a->pending[(a->first + a->count) % PLATFORM_ALERTS_PENDING] =
        (struct platform_alert_message){item->payload, item->len};
    a->count++;
    item->payload = NULL;
}

/* False: it is not on record, neither as taken nor as refused. */
static bool put_on_record(struct platform_alerts *a, const struct publish_options *o,
                          const struct platform_alert_message *m) {
    struct order order = {.kind = ORDER_PLATFORM_ALERT};
    char reply[ORDER_REPLY_MAX];
    if (m->payload || m->len > PLATFORM_ALERT_JSON_MAX) /* its length alone is looked at then */
        alert_parse(m->payload, m->len, &order.platform_alert);
    else
        snprintf(order.platform_alert.refusal, sizeof order.platform_alert.refusal,
                 "there was no memory for it; send it again");
    o->order(o->arg, &order, ACTOR, reply, sizeof reply);
    bool done = strncmp(reply, "{\"ok\":true", 10) == 0;
    const char *id = order.platform_alert.id[0] != '\0' ? order.platform_alert.id : "unknown";
    if (done)
        log_info("mqtt: alert, id %s: %s", id, reply);
    else if (!a->failing)
        log_warn("mqtt: alert, id %s, cannot be put on record: %s; trying every second", id, reply);
    a->failing = !done;
    return done;
}

us_t platform_alerts_run(struct platform_alerts *a, const struct publish_options *o, us_t now) {
    for (int i = 0; i < PLATFORM_ALERTS_A_TURN && a->count > 0; i++) {
        if (now < a->not_before)
            return a->not_before;
        if (!per_minute_allows(&a->allowance, now))
            return now + PLATFORM_ALERTS_RETRY_US;
        if (!put_on_record(a, o, &a->pending[a->first])) {
            a->not_before = now + PLATFORM_ALERTS_RETRY_US;
            return a->not_before;
        }
        per_minute_take(&a->allowance, now);
        drop_first(a);
    }
    return a->count > 0 ? now : INT64_MAX;
}
