#include "publish/commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "publish/bodies.h"
#include "sys/log.h"

#define ACTOR "mqtt"

void commands_fini(struct commands *c) {
    for (; c->count > 0; c->count--) {
        free(c->pending[c->first].payload);
        c->first = (c->first + 1) % COMMANDS_PENDING;
    }
}

void commands_push(struct commands *c, struct inbox_item *item) {
    if (item->retained) {
        if (c->retained++ == 0)
            log_warn("mqtt: a retained message on /cmd was refused (%zu bytes); remove it from the "
                     "broker and publish commands without retain; further ones are only counted",
                     item->len);
        return;
    }
    if (c->count == COMMANDS_PENDING) {
        if (c->dropped++ == 0)
            log_warn("mqtt: %d commands wait already, one more was dropped without a reply; "
                     "further ones are only counted",
                     COMMANDS_PENDING);
        return;
    }
    c->pending[(c->first + c->count) % COMMANDS_PENDING] =
        (struct command){item->payload, item->len};
    c->count++;
    item->payload = NULL;
}

static bool may_run(struct commands *c, us_t now) {
    bool may = per_minute_allows(&c->allowance, now);
    if (may)
        per_minute_take(&c->allowance, now);
    return may;
}

static size_t refuse(char *reply, size_t cap, const char *why) {
    return order_reply_error(reply, cap, why);
}

/* Writes the order's own answer, without the head of a message. */
static void execute(struct commands *c, const struct publish_options *o, const struct order *order,
                    us_t now, char *reply, size_t cap) {
    const struct order_self self = {.version = o->version,
                                    .site = o->site->id,
                                    .gateway = o->site->gateway,
                                    .config_hash = o->site->config_hash};
    char why[ORDER_WHY_MAX];
    if (order->id[0] == '\0') {
        refuse(reply, cap, "id is missing; give each command one of its own, 1 to 64 bytes");
    } else if (!may_run(c, now)) {
        refuse(reply, cap, "too many");
    } else if (!order_remote(order->kind)) {
        snprintf(why, sizeof why, "%s is not taken over MQTT; give it on the gateway with busbar",
                 order_name(order->kind));
        refuse(reply, cap, why);
    } else if (order_answer(order, &self, 0, 0, reply, cap) == 0) {
        o->order(o->arg, order, ACTOR, reply, cap);
        log_info("mqtt: command %s, id %s: %s", order_name(order->kind), order->id, reply);
    }
}

void commands_run(struct commands *c, const struct publish_options *o, us_t now, ms_t utc_ms,
                  struct buf *body) {
    const struct command m = c->pending[c->first];
    c->first = (c->first + 1) % COMMANDS_PENDING;
    c->count--;

    char reply[ORDER_REPLY_MAX], why[ORDER_WHY_MAX];
    struct order order;
    order.id[0] = '\0';
    if (m.len > INBOX_PAYLOAD_MAX) {
        snprintf(why, sizeof why, "a command has at most %d bytes, not %zu; send it in parts",
                 INBOX_PAYLOAD_MAX, m.len);
        refuse(reply, sizeof reply, why);
    } else if (!m.payload) {
        refuse(reply, sizeof reply, "out of memory; try again later");
    } else if (order_parse(m.payload, m.len, &order, why, sizeof why) < 0) {
        refuse(reply, sizeof reply, why);
    } else {
        execute(c, o, &order, now, reply, sizeof reply);
    }
    free(m.payload);
    command_reply_write(body, utc_ms, order.id, reply);
}
