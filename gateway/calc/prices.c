/* Prices and money, in integers of 1e-8 CNY: calc/tariff.h. */
#include <math.h>
#include <string.h>

#include "calc/tariff.h"

#define QUARTERS  96
#define RATIO_ONE 1000000 /* ratios are counted in millionths: 2.064 is exact */

static const char *const component_names[PRICE_COMPONENTS] = {
    [PRICE_ENERGY] = "energy",
    [PRICE_LOSSES] = "losses",
    [PRICE_TRANSMISSION] = "transmission",
    [PRICE_SYSTEM_OPERATION] = "system_operation",
    [PRICE_FUNDS] = "funds",
    [PRICE_EXPORT] = "export",
    [PRICE_DEMAND] = "demand",
    [PRICE_ACTUAL_DEMAND] = "actual_demand",
    [PRICE_CAPACITY] = "capacity",
};

const char *price_component_str(enum price_component c) {
    return c < PRICE_COMPONENTS ? component_names[c] : "unknown";
}

bool price_component_parse(const char *name, enum price_component *ret) {
    for (int i = 0; i < PRICE_COMPONENTS; i++) {
        if (strcmp(name, component_names[i]) == 0) {
            *ret = (enum price_component)i;
            return true;
        }
    }
    return false;
}

static bool is_price(int64_t price_e8) {
    return price_e8 >= -PRICE_MAX_E8 && price_e8 <= PRICE_MAX_E8;
}

struct price tariff_component(const struct price_book *b, int32_t month, enum price_component c) {
    const struct price_row *best = NULL;
    for (size_t i = 0; i < b->row_count; i++) {
        const struct price_row *r = &b->rows[i];
        if (r->month == month && r->component == c && (best == NULL || r->version > best->version))
            best = r;
    }
    if (best == NULL || !is_price(best->price_e8))
        return (struct price){0};
    return (struct price){best->price_e8, true, best->verified, best->version};
}

struct basic_prices tariff_basic_prices(const struct price_book *b, int32_t month) {
    struct basic_prices p = {.demand = tariff_component(b, month, PRICE_DEMAND),
                             .actual = tariff_component(b, month, PRICE_ACTUAL_DEMAND),
                             .capacity = tariff_component(b, month, PRICE_CAPACITY)};
    if (!p.actual.known)
        p.actual = p.demand;
    return p;
}

/* price x ratio, half-up away from zero; |price| <= PRICE_MAX_E8 and ratio <= 1000: no overflow. */
static int64_t times_ratio(int64_t price_e8, double ratio) {
    int64_t millionths = llround(ratio * RATIO_ONE);
    int64_t whole = price_e8 / RATIO_ONE, rest = price_e8 % RATIO_ONE;
    int64_t product = rest * millionths; /* has the sign of the price */
    int64_t half = product < 0 ? -RATIO_ONE / 2 : RATIO_ONE / 2;
    return whole * millionths + (product + half) / RATIO_ONE;
}

struct price tariff_price(const struct tariff_version *v, const struct price_book *b, int32_t month,
                          enum tariff_period p) {
    double ratio =
        v != NULL ? tariff_ratio(v, (int)(month - floor_div(month, 12) * 12) + 1, p) : (double)NAN;
    if (!(ratio >= 0 && ratio <= 1000))
        return (struct price){0};
    struct price sum = {0, true, v->verified, 0};
    for (enum price_component c = PRICE_ENERGY; c <= PRICE_FUNDS; c++) {
        struct price part = tariff_component(b, month, c);
        if (!part.known)
            return part;
        sum.price_e8 += c == PRICE_ENERGY ? times_ratio(part.price_e8, ratio) : part.price_e8;
        sum.verified = sum.verified && part.verified;
        sum.version = part.version > sum.version ? part.version : sum.version;
    }
    return sum;
}

struct price tariff_curve_price(const struct price_book *b, ms_t at, utc_offset_fn *zone) {
    struct local_time local = local_time(at, zone);
    const struct price_curve *best = NULL;
    for (size_t i = 0; i < b->curve_count; i++) {
        const struct price_curve *c = &b->curves[i];
        if (c->day == local.day && (best == NULL || c->version > best->version))
            best = c;
    }
    int64_t price_e8 = best != NULL ? best->price_e8[local.minute * QUARTERS / 1440] : 0;
    if (best == NULL || !is_price(price_e8))
        return (struct price){0};
    return (struct price){price_e8, true, true, best->version};
}

int64_t money_of(double kwh, int64_t price_e8) {
    double amount = kwh * (double)price_e8;
    if (isnan(amount))
        return 0;
    double size = fabs(amount);
    if (size >= 0x1p63)
        return amount < 0 ? INT64_MIN : INT64_MAX;
    int64_t whole = (int64_t)size;
    double fraction = size - (double)whole; /* exact */
    /* The two half-ulp errors of the energy and of the product; above 2^48 doubles lie too coarsely
     * for a tie to mean anything (2.8 million CNY). */
    double slack = size < 0x1p48 ? size * 0x1p-52 : 0.0;
    whole += fraction >= 0.5 - slack;
    return amount < 0 ? -whole : whole;
}

void money_format(int64_t money_e8, char *out) {
    uint64_t size = money_e8 < 0 ? 0 - (uint64_t)money_e8 : (uint64_t)money_e8;
    uint64_t fen = (size + 500000) / 1000000;
    bool negative = money_e8 < 0 && fen > 0;
    char digits[24];
    size_t n = 0;
    while (fen > 0 || n < 3) {
        digits[n++] = (char)('0' + fen % 10);
        fen /= 10;
    }
    if (negative)
        *out++ = '-';
    while (n > 2)
        *out++ = digits[--n];
    *out++ = '.';
    *out++ = digits[1];
    *out++ = digits[0];
    *out = '\0';
}
