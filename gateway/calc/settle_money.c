#include <math.h>

#include "calc/settle.h"

/* Import and export of an account: the sums of its points' registers. A point that stands by and is
 * unknown adds nothing, but an account of which no point is known is unknown. */
static void account_energy(const struct site *s, size_t account, const struct slot_facts *f,
                           double *ret_import, double *ret_export) {
    double import = 0.0, export = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < s->metering_point_count; i++) {
        const struct point_facts *p = &f->points[i];
        if (s->metering_points[i].account != (int32_t)account ||
            (s->metering_points[i].standby && isnan(p->import_kwh)))
            continue;
        import += p->import_kwh;
        export += p->export_kwh;
        n++;
    }
    *ret_import = n > 0 ? import : (double)NAN;
    *ret_export = n > 0 ? export : (double)NAN;
}

/* What prices a slot of an account: the day's curve, else the month's list by period. */
struct pricing {
    const struct tariff_version *version; /* at the slot's start */
    const struct price_book *prices;
    int32_t month; /* as in struct price_row */
    struct price curve;
    bool split; /* the shares are known */
    double share[TARIFF_PERIODS];
};

struct amount {
    int64_t e8;
    bool verified;
    int32_t version;
};

/* Energy at its price; false: it is unknown, or a part of it has no price. */
static bool price_energy(const struct pricing *g, double kwh, struct amount *ret) {
    struct amount sum = {.verified = true};
    if (isnan(kwh) || !(g->split || g->curve.known))
        return false;
    for (int p = 0; p < TARIFF_PERIODS; p++) {
        double part = kwh * g->share[p];
        if (g->curve.known)
            part = p == 0 ? kwh : 0.0; /* one price, whatever the period */
        if (!(fabs(part) > 0.0))
            continue;
        struct price price =
            g->curve.known ? g->curve
                           : tariff_price(g->version, g->prices, g->month, (enum tariff_period)p);
        if (!price.known)
            return false;
        sum.e8 += money_of(part, price.price_e8);
        sum.verified = sum.verified && price.verified;
        sum.version = price.version > sum.version ? price.version : sum.version;
    }
    *ret = sum;
    return true;
}

static void clear(struct account_facts *r) {
    for (int p = 0; p < TARIFF_PERIODS; p++)
        r->import_kwh[p] = r->export_kwh[p] = (double)NAN;
    r->cost_e8 = r->arbitrage_e8 = 0;
    r->cost_known = r->cost_verified = r->arbitrage_known = r->priced_by_curve = false;
    r->price_version = 0;
}

static void settle_account(const struct site *s, size_t i, const struct pricing *g,
                           struct slot_facts *f) {
    struct account_facts *r = &f->accounts[i];
    double import, export;
    struct amount cost, shift;
    account_energy(s, i, f, &import, &export);
    r->split_known = g->split;
    for (int p = 0; p < TARIFF_PERIODS && g->split; p++) {
        r->import_kwh[p] = g->share[p] > 0.0 ? import * g->share[p] : 0.0;
        r->export_kwh[p] = g->share[p] > 0.0 ? export * g->share[p] : 0.0;
    }
    r->cost_known = price_energy(g, import, &cost);
    if (r->cost_known) {
        r->cost_e8 = cost.e8;
        r->cost_verified = cost.verified;
        r->price_version = cost.version;
        r->priced_by_curve = g->curve.known;
    }
    double net = f->energy_kwh[SITE_E_DISCHARGE] - f->energy_kwh[SITE_E_CHARGE];
    r->arbitrage_known = i == 0 && price_energy(g, net, &shift);
    if (r->arbitrage_known)
        r->arbitrage_e8 = shift.e8;
}

static struct pricing pricing_of(const struct tariff *t, const struct books *b, utc_offset_fn *zone,
                                 ms_t start, ms_t end) {
    struct local_time at = local_time(start, zone);
    struct pricing g = {.version = t ? tariff_at(t, at.day) : NULL,
                        .prices = &b->prices,
                        .month = at.year * 12 + at.month - 1,
                        .curve = tariff_curve_price(&b->prices, start, zone)};
    g.split = t && tariff_split(t, start, end, zone, g.share);
    return g;
}

void settle_money(const struct site *s, const struct books *b, utc_offset_fn *zone,
                  struct slot_facts *f) {
    for (size_t i = 0; i < s->account_count; i++) {
        struct pricing g = pricing_of(s->accounts[i].tariff, b, zone, f->start, f->end);
        clear(&f->accounts[i]);
        settle_account(s, i, &g, f);
    }
}

struct price settle_price(const struct site *s, const struct books *b, utc_offset_fn *zone,
                          ms_t start, ms_t end) {
    struct price first = {0};
    for (size_t i = 0; i < s->account_count; i++) {
        struct pricing g = pricing_of(s->accounts[i].tariff, b, zone, start, end);
        struct amount kwh;
        if (!price_energy(&g, 1.0, &kwh) || (i > 0 && kwh.e8 != first.price_e8))
            return (struct price){0};
        first = (struct price){
            .price_e8 = kwh.e8, .known = true, .verified = kwh.verified, .version = kwh.version};
    }
    return first;
}
