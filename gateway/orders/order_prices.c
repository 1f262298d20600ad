#include "orders/order_prices.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "calc/calendar.h"
#include "orders/decimal.h"

#define PRICE_MAX  10000 /* CNY per unit: far above any price, below any slip of the unit */
#define FACTOR_MAX 10    /* kg/kWh */

static const char *const component_units[PRICE_COMPONENTS] = {
    [PRICE_ENERGY] = "CNY/kWh",       [PRICE_LOSSES] = "CNY/kWh",
    [PRICE_TRANSMISSION] = "CNY/kWh", [PRICE_SYSTEM_OPERATION] = "CNY/kWh",
    [PRICE_FUNDS] = "CNY/kWh",        [PRICE_EXPORT] = "CNY/kWh",
    [PRICE_DEMAND] = "CNY/kW",        [PRICE_ACTUAL_DEMAND] = "CNY/kW",
    [PRICE_CAPACITY] = "CNY/kVA",
};

/* ---- one row of a price list -------------------------------------------------------------- */

static int read_price(const struct fields *f, const char *text, int64_t *ret_e8) {
    int64_t v = 0;
    switch (decimal_parse(text, &v)) {
    case ERR_OK:
        if (v >= -PRICE_MAX * (int64_t)DECIMAL_UNIT && v <= PRICE_MAX * (int64_t)DECIMAL_UNIT)
            break;
        return fields_fail(f, ERR_RANGE, "price %.40s is beyond %d; check its unit", text,
                           PRICE_MAX);
    case ERR_LIMIT:
        return fields_fail(f, ERR_RANGE, "price %.40s has more than 10 digits or 8 decimals", text);
    default:
        return fields_fail(f, ERR_RANGE,
                           "price \"%.40s\" is no decimal number; write it such as 0.3821", text);
    }
    *ret_e8 = v;
    return ERR_OK;
}

int order_price_row(const struct price_text *t, struct price_row *ret, char *why, size_t cap) {
    const struct fields f = {.why = why, .cap = cap};
    struct price_row row = {0};
    if (civil_month_parse(t->month, &row.month) < 0 || row.month < 2000 * 12 ||
        row.month >= 2100 * 12)
        return fields_fail(&f, ERR_RANGE,
                           "month \"%.40s\" is none; write one from 2000 to 2099 such as 2026-11",
                           t->month);
    if (!price_component_parse(t->component, &row.component))
        return fields_fail(&f, ERR_RANGE,
                           "component \"%.40s\" is none of energy, losses, transmission, "
                           "system_operation, funds, export, demand, actual_demand, capacity",
                           t->component);
    const char *unit = component_units[row.component];
    if (strcmp(t->unit, unit) != 0)
        return fields_fail(&f, ERR_RANGE, "unit \"%.40s\" does not fit %s; convert to %s", t->unit,
                           t->component, unit);
    if (t->version < 1 || t->version > INT32_MAX)
        return fields_fail(&f, ERR_RANGE, "version %lld is none; count from 1",
                           (long long)t->version);
    row.version = (int32_t)t->version;
    row.verified = t->status && strcmp(t->status, "verified") == 0;
    if (t->status && !row.verified && strcmp(t->status, "unverified") != 0)
        return fields_fail(&f, ERR_RANGE, "status \"%.40s\" is neither verified nor unverified",
                           t->status);
    int rc = read_price(&f, t->price, &row.price_e8);
    if (rc == ERR_OK)
        *ret = row;
    return rc;
}

/* ---- prices ------------------------------------------------------------------------------ */

/* The members of a row are texts, version excepted. */
static int read_row(const struct fields *f, struct price_row *ret) {
    static const char *const names[] = {"month", "component", "unit", "price"};
    const char *text[sizeof names / sizeof names[0]];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        text[i] = json_string_value(json_object_get(f->object, names[i]));
        if (!text[i])
            return fields_wrong(f, names[i], "a text");
    }
    const json_t *status = json_object_get(f->object, "status");
    if (status && !json_is_string(status))
        return fields_wrong(f, "status", "\"verified\" or \"unverified\"");
    struct price_text t = {.month = text[0],
                           .component = text[1],
                           .unit = text[2],
                           .price = text[3],
                           .status = json_string_value(status)};
    int rc = fields_integer(f, "version", 1, INT32_MAX, &t.version);
    return rc < 0 ? rc : order_price_row(&t, ret, f->why, f->cap);
}

static bool same_key(const struct price_row *a, const struct price_row *b) {
    return a->month == b->month && a->component == b->component && a->version == b->version;
}

int order_read_prices(const struct fields *f, struct order_prices *ret) {
    const json_t *rows = json_object_get(f->object, "rows");
    const size_t count = json_array_size(rows);
    if (count < 1 || count > ORDER_PRICES_MAX)
        return fields_fail(f, ERR_RANGE, "rows must be a list of 1 to %d rows", ORDER_PRICES_MAX);
    for (size_t i = 0; i < count; i++) {
        char why[ORDER_WHY_MAX] = "";
        const struct fields row = {json_array_get(rows, i), why, sizeof why};
        if (!json_is_object(row.object))
            return fields_fail(f, ERR_RANGE, "rows[%zu] is no object", i);
        int rc = read_row(&row, &ret->rows[i]);
        if (rc < 0)
            return fields_fail(f, rc, "rows[%zu]: %s", i, why);
        for (size_t j = 0; j < i; j++) {
            if (same_key(&ret->rows[i], &ret->rows[j]))
                return fields_fail(f, ERR_RANGE,
                                   "rows[%zu] has the month, component and version of rows[%zu]; "
                                   "give a corrected price the next version",
                                   i, j);
        }
    }
    ret->count = count;
    return ERR_OK;
}

/* ---- curve ------------------------------------------------------------------------------- */

static int read_points(const struct fields *f, struct order_curve *c) {
    const int64_t unit = DECIMAL_UNIT;
    const int64_t low = c->kind == CURVE_PRICE ? -PRICE_MAX * unit : 0;
    const int64_t high = (c->kind == CURVE_PRICE ? PRICE_MAX : FACTOR_MAX) * unit;
    const json_t *points = json_object_get(f->object, "points");
    if (json_array_size(points) != ORDER_CURVE_POINTS)
        return fields_fail(f, ERR_RANGE, "points must be a list of %d numbers, one a quarter",
                           ORDER_CURVE_POINTS);
    for (size_t i = 0; i < ORDER_CURVE_POINTS; i++) {
        int64_t v;
        if (!value_e8(json_array_get(points, i), &v) || v < low || v > high)
            return fields_fail(f, ERR_RANGE,
                               "points[%zu] must be a decimal number from %lld to %lld, at most 8 "
                               "decimals",
                               i, (long long)(low / unit), (long long)(high / unit));
        c->value_e8[i] = v;
    }
    return ERR_OK;
}

int order_read_curve(const struct fields *f, struct order_curve *ret) {
    static const char *const kinds[] = {[CURVE_PRICE] = "price", [CURVE_FACTOR] = "factor"};
    static const char *const units[] = {[CURVE_PRICE] = "CNY/kWh", [CURVE_FACTOR] = "kg/kWh"};
    static const char *const labels[] = {"start", "end"};
    int kind, unit, label;
    int64_t version;
    int rc = fields_day(f, "date", &ret->day);
    if (rc == ERR_OK)
        rc = fields_integer(f, "version", 1, INT32_MAX, &version);
    if (rc == ERR_OK)
        rc = fields_word(f, "kind", kinds, 2, "\"price\" or \"factor\"", &kind);
    if (rc == ERR_OK)
        rc = fields_word(
            f, "unit", &units[kind], 1,
            kind == CURVE_PRICE ? "\"CNY/kWh\" for a price" : "\"kg/kWh\" for a factor", &unit);
    if (rc == ERR_OK)
        rc = fields_word(f, "label", labels, 2, "\"start\" or \"end\"", &label);
    if (rc < 0)
        return rc;
    ret->version = (int32_t)version;
    ret->kind = (enum curve_kind)kind;
    ret->label_end = label == 1;
    return read_points(f, ret);
}
