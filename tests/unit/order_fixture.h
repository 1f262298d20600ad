/* What the tests of orders share: one order to parse into, what a good one is, what a curve looks
 * like. With BUSBAR_BODY_DIR set, the good orders that may come on /cmd are left there as
 * cmd-<name>.json, for docs/schema to be tried on. */
#ifndef BUSBAR_TESTS_UNIT_ORDER_FIXTURE_H
#define BUSBAR_TESTS_UNIT_ORDER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "orders/order.h"

static struct order order;
static char why[ORDER_WHY_MAX];

static inline int parse(const char *text) {
    memset(&order, 0x55, sizeof order);
    why[0] = '\0';
    return order_parse(text, strlen(text), &order, why, sizeof why);
}

static inline void keep_body(const char *name, const char *text) {
    const char *dir = getenv("BUSBAR_BODY_DIR");
    if (dir == NULL)
        return;
    char path[4096];
    snprintf(path, sizeof path, "%s/cmd-%s.json", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

/* A good order of that kind. */
static inline void accept(const char *text, enum order_kind kind) {
    if (parse(text) != ERR_OK)
        fail_msg("%s: %s", text, why);
    assert_int_equal(order.kind, kind);
    if (order_remote(kind) && order.id[0] != '\0')
        keep_body(order_name(kind), text);
}

/* A curve whose points are all `point`, the first and last excepted. */
static inline const char *curve(const char *head, const char *first, const char *point,
                                const char *last) {
    static char text[8192];
    int n = snprintf(text, sizeof text, "{\"id\":\"c\",\"cmd\":\"curve\",%s,\"points\":[%s", head,
                     first);
    for (int i = 1; i < ORDER_CURVE_POINTS - 1; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, ",%s", point);
    snprintf(text + n, sizeof text - (size_t)n, ",%s]}", last);
    return text;
}

#define PRICE_HEAD                                                                                 \
    "\"date\":\"2026-11-25\",\"version\":3,\"kind\":\"price\",\"unit\":\"CNY/kWh\","               \
    "\"label\":\"start\""
#define FACTOR_HEAD                                                                                \
    "\"date\":\"2028-02-29\",\"version\":1,\"kind\":\"factor\",\"unit\":\"kg/"                     \
    "kWh\",\"label\":\"end\""

#define METER                                                                                      \
    "{\"cmd\":\"meter-change\",\"device\":\"grid\",\"direction\":\"import\",\"old_end\":"          \
    "\"1234.5\",\"new_start\":\"0.0\",\"at\":\"2026-11-20T10:00:00+08:00\",\"by\":\"王工\"}"

#define TEN(x) x x x x x x x x x x

#endif
