#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "orders/order_alerts.h"
#include "orders/order_prices.h"

#define REGISTER_MAX 9999999999 /* more digits than any meter shows */
#define RATIO_MAX    1000000
#define DIRECTIONS   (sizeof directions / sizeof directions[0])

static const char *const directions[] = {[ORDER_IMPORT] = "import",
                                         [ORDER_EXPORT] = "export",
                                         [ORDER_FORWARD] = "forward",
                                         [ORDER_REVERSE] = "reverse"};

/* ---- members of each order ----------------------------------------------------------------- */

static int read_nothing(const struct fields *f, struct order *o) {
    (void)f;
    (void)o;
    return ERR_OK;
}

static int read_prices(const struct fields *f, struct order *o) {
    return order_read_prices(f, &o->prices);
}

static int read_curve(const struct fields *f, struct order *o) {
    return order_read_curve(f, &o->curve);
}

static int read_meter_change(const struct fields *f, struct order *o) {
    struct order_meter_change *m = &o->meter_change;
    int direction = 0;
    int rc = fields_device(f, "device", m->device, ORDER_DEVICE_MAX);
    if (rc == ERR_OK)
        rc = fields_word(f, "direction", directions, DIRECTIONS,
                         "import, export, forward or reverse", &direction);
    if (rc == ERR_OK)
        rc = fields_number(f, "old_end", 0, REGISTER_MAX, &m->old_end);
    if (rc == ERR_OK)
        rc = fields_number(f, "new_start", 0, REGISTER_MAX, &m->new_start);
    if (rc == ERR_OK)
        rc = fields_time(f, "at", &m->at);
    if (rc == ERR_OK)
        rc = fields_text(f, "by", m->by, ORDER_BY_MAX);
    if (rc == ERR_OK)
        rc = fields_optional_text(f, "note", m->note, ORDER_NOTE_MAX);
    m->direction = (enum order_direction)direction;
    return rc;
}

/* Missing or null: as before. */
static int read_ratio(const struct fields *f, const char *name, double *ret) {
    const json_t *value = json_object_get(f->object, name);
    *ret = (double)NAN;
    if (!value || json_is_null(value))
        return ERR_OK;
    double v;
    int rc = fields_number(f, name, 0, RATIO_MAX, &v);
    if (rc < 0)
        return rc;
    if (!(v > 0))
        return fields_fail(f, ERR_RANGE, "%s must be above 0", name);
    *ret = v;
    return ERR_OK;
}

static int read_ratio_change(const struct fields *f, struct order *o) {
    struct order_ratio_change *r = &o->ratio_change;
    int rc = fields_device(f, "device", r->device, ORDER_DEVICE_MAX);
    if (rc == ERR_OK)
        rc = read_ratio(f, "ct_ratio", &r->ct_ratio);
    if (rc == ERR_OK)
        rc = read_ratio(f, "pt_ratio", &r->pt_ratio);
    if (rc == ERR_OK && isnan(r->ct_ratio) && isnan(r->pt_ratio))
        rc = fields_fail(f, ERR_RANGE, "ct_ratio and pt_ratio are missing; give one or both");
    if (rc == ERR_OK)
        rc = fields_time(f, "at", &r->at);
    if (rc == ERR_OK)
        rc = fields_text(f, "by", r->by, ORDER_BY_MAX);
    return rc;
}

static int read_recompute(const struct fields *f, struct order *o) {
    return fields_day(f, "from", &o->recompute.from_day);
}

static int read_file_month(const struct fields *f, struct order *o) {
    int rc = fields_month(f, "month", &o->file_month.month);
    return rc < 0 ? rc : fields_text(f, "by", o->file_month.by, ORDER_BY_MAX);
}

static int read_replay(const struct fields *f, struct order *o) {
    int64_t from = 0, to = 0;
    int rc = fields_integer(f, "epoch", 1, INT64_MAX, &o->replay.epoch);
    if (rc == ERR_OK)
        rc = fields_integer(f, "from_seq", 1, INT64_MAX, &from);
    if (rc == ERR_OK)
        rc = fields_integer(f, "to_seq", 1, INT64_MAX, &to);
    if (rc == ERR_OK && to < from)
        rc = fields_fail(f, ERR_RANGE, "to_seq %lld lies before from_seq %lld", (long long)to,
                         (long long)from);
    o->replay.from_seq = (uint64_t)from;
    o->replay.to_seq = (uint64_t)to;
    return rc;
}

static int read_alert_ack(const struct fields *f, struct order *o) {
    return order_read_ack(f, &o->alert);
}

static int read_alert_refuse(const struct fields *f, struct order *o) {
    return order_read_refuse(f, &o->alert);
}

static int read_alert_assign(const struct fields *f, struct order *o) {
    return order_read_assign(f, &o->alert);
}

static int read_alert_measure(const struct fields *f, struct order *o) {
    return order_read_measure(f, &o->alert);
}

static int read_alert_close(const struct fields *f, struct order *o) {
    return order_read_close(f, &o->alert);
}

static int read_alert_enter(const struct fields *f, struct order *o) {
    return order_read_enter(f, &o->alert);
}

static const struct {
    const char *name;
    int (*read)(const struct fields *f, struct order *o);
    bool remote, query;
} kinds[ORDER_KINDS] = {
    [ORDER_PING] = {"ping", read_nothing, true, true},
    [ORDER_CONFIG_HASH] = {"config-hash", read_nothing, true, true},
    [ORDER_PRICES] = {"prices", read_prices, true, false},
    [ORDER_CURVE] = {"curve", read_curve, true, false},
    [ORDER_METER_CHANGE] = {"meter-change", read_meter_change, false, false},
    [ORDER_RATIO_CHANGE] = {"ratio-change", read_ratio_change, false, false},
    [ORDER_RECOMPUTE] = {"recompute", read_recompute, false, false},
    [ORDER_FILE_MONTH] = {"file-month", read_file_month, false, false},
    [ORDER_REPLAY] = {"replay", read_replay, true, false},
    [ORDER_ALERT_ACK] = {"alert-ack", read_alert_ack, false, false},
    [ORDER_ALERT_REFUSE] = {"alert-refuse", read_alert_refuse, false, false},
    [ORDER_ALERT_ASSIGN] = {"alert-assign", read_alert_assign, false, false},
    [ORDER_ALERT_MEASURE] = {"alert-measure", read_alert_measure, false, false},
    [ORDER_ALERT_CLOSE] = {"alert-close", read_alert_close, false, false},
    [ORDER_ALERT_ENTER] = {"alert-enter", read_alert_enter, false, false},
    [ORDER_PLATFORM_ALERT] = {"platform-alert", NULL, false, false}, /* orders/alert_parse.h */
};

const char *order_name(enum order_kind k) {
    return k < ORDER_KINDS ? kinds[k].name : "unknown";
}

bool order_remote(enum order_kind k) {
    return k < ORDER_KINDS && kinds[k].remote;
}

bool order_is_query(enum order_kind k) {
    return k < ORDER_KINDS && kinds[k].query;
}

/* ---- the whole order ------------------------------------------------------------------------- */

static int read_kind(const struct fields *f, enum order_kind *ret) {
    const json_t *cmd = json_object_get(f->object, "cmd");
    const char *name = json_string_value(cmd);
    if (!name)
        return fields_fail(f, ERR_SYNTAX, "cmd is %s; it is a text such as \"ping\"",
                           cmd ? "no text" : "missing");
    for (int i = 0; i < ORDER_KINDS; i++) {
        if (kinds[i].read && strcmp(name, kinds[i].name) == 0) {
            *ret = (enum order_kind)i;
            return ERR_OK;
        }
    }
    return fields_fail(f, ERR_NOT_FOUND,
                       "cmd \"%.40s\" is not known; this version knows ping, config-hash, prices, "
                       "curve, meter-change, ratio-change, recompute, file-month, replay, "
                       "alert-ack|refuse|assign|measure|close|enter",
                       name);
}

/* On the heap: the largest order is 12 kB, and a failure must leave the caller's as it is. */
static int read_order(const struct fields *f, struct order *ret) {
    char id[ORDER_ID_MAX + 1];
    int rc = fields_optional_text(f, "id", id, ORDER_ID_MAX);
    if (rc < 0)
        return rc;
    memcpy(ret->id, id, sizeof id);
    enum order_kind kind = ORDER_KINDS;
    rc = read_kind(f, &kind);
    if (rc < 0)
        return rc;
    struct order *o = calloc(1, sizeof *o);
    if (!o)
        return fields_fail(f, ERR_NOMEM, "out of memory; try again later");
    rc = kinds[kind].read(f, o);
    if (rc == ERR_OK) {
        memcpy(o->id, id, sizeof id);
        o->kind = kind;
        *ret = *o;
    }
    free(o);
    return rc;
}

int order_parse(const void *json, size_t n, struct order *ret, char *why, size_t cap) {
    struct fields f = {.why = why, .cap = cap};
    ret->id[0] = '\0';
    if (n > ORDER_JSON_MAX)
        return fields_fail(&f, ERR_LIMIT, "an order has at most %d bytes, not %zu", ORDER_JSON_MAX,
                           n);
    json_error_t where;
    json_t *root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &where);
    if (!root)
        return fields_fail(&f, ERR_SYNTAX, "no JSON: %s (column %d); send one object", where.text,
                           where.column);
    f.object = root;
    int rc = json_is_object(root) ? read_order(&f, ret)
                                  : fields_fail(&f, ERR_SYNTAX,
                                                "no JSON object; send one, such as "
                                                "{\"cmd\":\"ping\"}");
    json_decref(root);
    return rc;
}
