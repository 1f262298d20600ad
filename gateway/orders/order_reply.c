#include <stdio.h>

#include "base/buf.h"
#include "format/json.h"
#include "orders/order.h"

static size_t finish(struct buf *b) {
    json_close(b);
    return b->len;
}

size_t order_reply_ok(char *reply, size_t cap) {
    struct buf b;
    buf_init(&b, reply, cap);
    buf_putc(&b, '{');
    json_bool(&b, "ok", true);
    return finish(&b);
}

size_t order_reply_error(char *reply, size_t cap, const char *why) {
    char text[ORDER_WHY_MAX];
    struct buf b;
    snprintf(text, sizeof text, "%s", why);
    buf_init(&b, reply, cap);
    buf_putc(&b, '{');
    json_bool(&b, "ok", false);
    json_text(&b, "error", text);
    return finish(&b);
}

size_t order_answer(const struct order *order, const struct order_self *self, ms_t t,
                    int utc_offset_s, char *reply, size_t cap) {
    if (!order_is_query(order->kind))
        return 0;
    struct buf b;
    buf_init(&b, reply, cap);
    buf_putc(&b, '{');
    json_bool(&b, "ok", true);
    if (order->kind == ORDER_CONFIG_HASH) {
        json_text(&b, "config", self->config_hash);
        return finish(&b);
    }
    json_text(&b, "version", self->version);
    json_text(&b, "site", self->site);
    json_text(&b, "gateway", self->gateway);
    if (t != 0)
        json_time(&b, "t", t, utc_offset_s);
    return finish(&b);
}
