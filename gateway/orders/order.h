/* Orders: what an officer or the district platform asks the gateway to do. One JSON object in, one
 * JSON object out.
 *
 * order_parse() turns the bytes into a checked structure of fixed size, so that whoever executes an
 * order never sees JSON. It judges the shape alone: types, bounds, dates, decimals. Whether a
 * device exists or a month is frozen is for the executor. The sender is not trusted; members that
 * nobody knows are ignored. No state, no I/O; jansson allocates while parsing. Any thread. */
#ifndef BUSBAR_ORDERS_ORDER_H
#define BUSBAR_ORDERS_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/entry.h"
#include "base/units.h"
#include "calc/tariff.h"
#include "meter/site.h"
#include "orders/alert_parse.h"

#define ORDER_JSON_MAX     65536 /* bytes of an order */
#define ORDER_REPLY_MAX    4096  /* bytes of a reply, with its NUL */
#define ORDER_WHY_MAX      256
#define ORDER_ACTOR_MAX    72
#define ORDER_ID_MAX       64
#define ORDER_BY_MAX       64
#define ORDER_NOTE_MAX     200
#define ORDER_DEVICE_MAX   (2 * SITE_ID_MAX + 1) /* "<device>" or "<device>.<channel>" */
#define ORDER_PRICES_MAX   500
#define ORDER_CURVE_POINTS 96

enum order_kind {
    ORDER_PING,
    ORDER_CONFIG_HASH,
    ORDER_PRICES,
    ORDER_CURVE,
    ORDER_METER_CHANGE,
    ORDER_RATIO_CHANGE,
    ORDER_RECOMPUTE,
    ORDER_FILE_MONTH,
    ORDER_REPLAY,
    ORDER_ALERT_ACK,
    ORDER_ALERT_REFUSE,
    ORDER_ALERT_ASSIGN,
    ORDER_ALERT_MEASURE,
    ORDER_ALERT_CLOSE,
    ORDER_ALERT_ENTER,
    ORDER_PLATFORM_ALERT, /* comes on /alert, never as a command; order.id stays empty */
    ORDER_KINDS
};

/* Rows of a price list; no two of the same month, component and version. */
struct order_prices {
    size_t count; /* 1..ORDER_PRICES_MAX */
    struct price_row rows[ORDER_PRICES_MAX];
};

enum curve_kind { CURVE_PRICE, CURVE_FACTOR };

/* A value for each local quarter of an hour of one day. value_e8[0] is 00:00 to 00:15 whatever the
 * label is: the label only says which edge of the quarter the sender writes beside the value. */
struct order_curve {
    int32_t day; /* local day since 1970 */
    int32_t version;
    enum curve_kind kind;
    bool label_end;
    int64_t value_e8[ORDER_CURVE_POINTS]; /* 1e-8 CNY/kWh, or 1e-8 kg/kWh */
};

enum order_direction { ORDER_IMPORT, ORDER_EXPORT, ORDER_FORWARD, ORDER_REVERSE };

/* A meter was exchanged at an instant: registers as the displays show them. */
struct order_meter_change {
    char device[ORDER_DEVICE_MAX + 1];
    enum order_direction direction;
    double old_end, new_start;
    ms_t at;
    char by[ORDER_BY_MAX + 1];
    char note[ORDER_NOTE_MAX + 1]; /* "" when none */
};

struct order_ratio_change {
    char device[ORDER_DEVICE_MAX + 1];
    double ct_ratio, pt_ratio; /* NAN: as before; not both */
    ms_t at;
    char by[ORDER_BY_MAX + 1];
};

struct order_recompute {
    int32_t from_day;
};

struct order_file_month {
    int32_t month; /* year * 12 + month - 1 */
    char by[ORDER_BY_MAX + 1];
};

struct order_replay {
    ms_t epoch;
    uint64_t from_seq, to_seq; /* both included */
};

/* What an officer does with an alert; members that its kind does not have are 0 and "". */
struct order_alert {
    int64_t alert;                 /* its number; not of enter */
    char by[ORDER_BY_MAX + 1];     /* of close: the verifier, "" when none is named */
    char note[ORDER_NOTE_MAX + 1]; /* of refuse: the reason, never "" */
    char owner[ORDER_BY_MAX + 1];
    int32_t due_day; /* of assign: local day since 1970; 0: none */
    /* Of measure: what was done, and when; 0: now. Of enter: what was found, where, and when. */
    char code[ALERT_RULE_MAX + 1];
    char text[ALERT_TEXT_MAX];
    ms_t at;
    char object[ALERT_OBJECT_MAX];
    enum alert_severity severity;
};

struct order {
    enum order_kind kind;
    char id[ORDER_ID_MAX + 1]; /* "": none. The executor executes an id once in 7 days */
    union {
        struct order_prices prices;
        struct order_curve curve;
        struct order_meter_change meter_change;
        struct order_ratio_change ratio_change;
        struct order_recompute recompute;
        struct order_file_month file_month;
        struct order_replay replay;
        struct order_alert alert;
        struct platform_alert platform_alert;
    };
};

/* Executes an order and waits for it. Writes a JSON object {"ok":true,...} or
 * {"ok":false,"error":"what is wrong; next step"} without line breaks and without members "v", "t"
 * or "id" into reply (NUL-terminated, cap is ORDER_REPLY_MAX at least) and returns its length.
 * actor: "local:<user>" or "mqtt". Called on any thread but the executor's own. */
typedef size_t order_fn(void *arg, const struct order *order, const char *actor, char *reply,
                        size_t cap);

/* ERR_OK, or with the reason and the next step in why: ERR_LIMIT (too long), ERR_SYNTAX (no such
 * object), ERR_NOT_FOUND (unknown cmd), ERR_RANGE (a member has a value that cannot be), ERR_NOMEM.
 * On failure ret is untouched but for ret->id, which is the order's id when it has a good one,
 * else "": so that the refusal can name it. */
int order_parse(const void *json, size_t n, struct order *ret, char *why, size_t cap);

const char *order_name(enum order_kind k); /* "meter-change" */
/* True for what the platform may send on /cmd. The rest is for those who stand at the meter or
 * answer for the month: it comes through the control socket only. */
bool order_remote(enum order_kind k);
/* True for those that order_answer() answers: they change nothing. */
bool order_is_query(enum order_kind k);

/* One row of a price list, as text; the same rules for JSON and csv. ERR_OK, or ERR_RANGE with why.
 * status NULL: unverified. */
struct price_text {
    const char *month, *component, *unit, *price, *status;
    int64_t version;
};
int order_price_row(const struct price_text *t, struct price_row *ret, char *why, size_t cap);

/* ---- replies ----------------------------------------------------------------------------- */

struct order_self {
    const char *version, *site, *gateway, *config_hash;
};
/* Answers ping and config-hash; 0 for any other order. t 0: without its own time. */
size_t order_answer(const struct order *order, const struct order_self *self, ms_t t,
                    int utc_offset_s, char *reply, size_t cap);
size_t order_reply_ok(char *reply, size_t cap); /* {"ok":true} */
/* {"ok":false,"error":why}; a longer text than ORDER_WHY_MAX is cut. */
size_t order_reply_error(char *reply, size_t cap, const char *why);

#endif
