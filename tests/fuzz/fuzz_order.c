/* Any bytes as an order. Nothing may crash, hang or leak; what is accepted keeps its bounds; what
 * is refused has a reason, and the reason makes a reply that is JSON. */
#include <jansson.h>
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "orders/decimal.h"
#include "orders/order.h"

#define UNTOUCHED 0x55

static void require_text(const char *text, size_t max) {
    const size_t n = strnlen(text, max + 1);
    require(n <= max);
    for (size_t i = 0; i < n; i++)
        require((unsigned char)text[i] >= 0x20 && text[i] != 0x7F);
}

static void require_prices(const struct order_prices *p) {
    require(p->count >= 1 && p->count <= ORDER_PRICES_MAX);
    for (size_t i = 0; i < p->count; i++) {
        const struct price_row *row = &p->rows[i];
        require(row->month >= 2000 * 12 && row->month < 2100 * 12);
        require(row->component < PRICE_COMPONENTS && row->version >= 1);
        require(llabs(row->price_e8) <= 10000LL * DECIMAL_UNIT);
    }
}

static void require_meter(const struct order_meter_change *m) {
    require_text(m->device, ORDER_DEVICE_MAX);
    require_text(m->by, ORDER_BY_MAX);
    require_text(m->note, ORDER_NOTE_MAX);
    require(m->device[0] != '\0' && m->by[0] != '\0');
    require(m->direction <= ORDER_REVERSE);
    require(m->old_end >= 0 && m->old_end < 1e10 && m->new_start >= 0 && m->new_start < 1e10);
    require(m->at > 0);
}

static void require_alert(const struct order *o) {
    const struct order_alert *a = &o->alert;
    require((a->alert >= 1) == (o->kind != ORDER_ALERT_ENTER));
    require_text(a->by, ORDER_BY_MAX);
    require_text(a->note, ORDER_NOTE_MAX);
    require_text(a->owner, ORDER_BY_MAX);
    require_text(a->code, ALERT_RULE_MAX);
    require_text(a->text, ALERT_TEXT_MAX - 1);
    require_text(a->object, ALERT_OBJECT_MAX - 1);
    require(a->by[0] != '\0' || o->kind == ORDER_ALERT_CLOSE);
    require(a->note[0] != '\0' || o->kind != ORDER_ALERT_REFUSE);
    require(a->severity < ALERT_SEVERITIES && a->at >= 0 && a->due_day >= 0);
}

static void require_bounds(const struct order *o) {
    require_text(o->id, ORDER_ID_MAX);
    switch (o->kind) {
    case ORDER_PRICES:
        require_prices(&o->prices);
        break;
    case ORDER_CURVE:
        require(o->curve.version >= 1 && o->curve.day > 0);
        break;
    case ORDER_METER_CHANGE:
        require_meter(&o->meter_change);
        break;
    case ORDER_RATIO_CHANGE:
        require(o->ratio_change.ct_ratio > 0 || o->ratio_change.pt_ratio > 0);
        break;
    case ORDER_RECOMPUTE:
        require(o->recompute.from_day > 0);
        break;
    case ORDER_FILE_MONTH:
        require_text(o->file_month.by, ORDER_BY_MAX);
        break;
    case ORDER_REPLAY:
        require(o->replay.epoch >= 1 && o->replay.from_seq >= 1);
        require(o->replay.to_seq >= o->replay.from_seq);
        break;
    case ORDER_ALERT_ACK:
    case ORDER_ALERT_REFUSE:
    case ORDER_ALERT_ASSIGN:
    case ORDER_ALERT_MEASURE:
    case ORDER_ALERT_CLOSE:
    case ORDER_ALERT_ENTER:
        require_alert(o);
        break;
    case ORDER_PING:
    case ORDER_CONFIG_HASH:
        require(order_is_query(o->kind));
        break;
    case ORDER_PLATFORM_ALERT: /* is no command */
    case ORDER_KINDS:
        require(false);
    }
}

static void require_reply(const char *why) {
    char reply[ORDER_REPLY_MAX];
    require(why[0] != '\0');
    const size_t n = order_reply_error(reply, sizeof reply, why);
    json_t *root = json_loadb(reply, n, JSON_REJECT_DUPLICATES, NULL);
    require(root != NULL && json_is_false(json_object_get(root, "ok")));
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct order order;
    char why[ORDER_WHY_MAX] = "";
    memset(&order, UNTOUCHED, sizeof order);
    if (order_parse(data, size, &order, why, sizeof why) == ERR_OK) {
        require_bounds(&order);
        return 0;
    }
    require_text(order.id, ORDER_ID_MAX);
    const unsigned char *rest = (const unsigned char *)&order.prices;
    for (size_t i = 0; i < sizeof order.prices; i++)
        require(rest[i] == UNTOUCHED);
    require_reply(why);
    return 0;
}
