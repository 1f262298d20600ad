#include <math.h>
#include <string.h>

#include "calc/settle.h"

/* Import and export of an account: the sums of its points' registers. */
static void account_energy(const struct site *s, size_t account, const struct slot_facts *f,
                           double *ret_import, double *ret_export) {
    *ret_import = *ret_export = 0.0;
    for (size_t i = 0; i < s->metering_point_count; i++) {
        if (s->metering_points[i].account != (int32_t)account)
            continue;
        bool idle = s->metering_points[i].standby && isnan(f->points[i].import_kwh);
        *ret_import += idle ? 0.0 : f->points[i].import_kwh;
        *ret_export += idle || isnan(f->points[i].export_kwh) ? 0.0 : f->points[i].export_kwh;
    }
}

/* The price of a period at the start of the slot: of a pushed curve, else of the month's list. */
static struct price price_at(const struct account *a, const struct books *b,
                             const struct local_time *t, ms_t start, utc_offset_fn *zone,
                             enum tariff_period p) {
    struct price curve = tariff_curve_price(&b->prices, start, zone);
    if (curve.known)
        return curve;
    const struct tariff_version *v = tariff_at(a->tariff, t->day);
    return v ? tariff_price(v, &b->prices, t->year * 12 + t->month - 1, p) : (struct price){0};
}

static void price_account(const struct account *a, const struct books *b, utc_offset_fn *zone,
                          const struct slot_facts *f, struct account_facts *r) {
    struct local_time t = local_time(f->start, zone);
    r->cost_known = r->cost_verified = true;
    r->priced_by_curve = tariff_curve_price(&b->prices, f->start, zone).known;
    for (int p = 0; p < TARIFF_PERIODS; p++) {
        if (!(r->import_kwh[p] > 0.0))
            continue;
        struct price price = price_at(a, b, &t, f->start, zone, (enum tariff_period)p);
        r->cost_known = r->cost_known && price.known;
        r->cost_verified = r->cost_verified && price.verified;
        if (price.known)
            r->cost_e8 += money_of(r->import_kwh[p], price.price_e8);
    }
    if (!r->cost_known)
        r->cost_e8 = 0;
}

/* What the storage's shift is worth at the account's prices. */
static void price_storage(const struct account *a, const struct books *b, utc_offset_fn *zone,
                          const double share[TARIFF_PERIODS], const struct slot_facts *f,
                          struct account_facts *r) {
    struct local_time t = local_time(f->start, zone);
    double net = f->energy_kwh[SITE_E_DISCHARGE] - f->energy_kwh[SITE_E_CHARGE];
    for (int p = 0; p < TARIFF_PERIODS && !isnan(net); p++) {
        struct price price = price_at(a, b, &t, f->start, zone, (enum tariff_period)p);
        if (share[p] > 0.0 && price.known)
            r->arbitrage_e8 += money_of(net * share[p], price.price_e8);
    }
}

void settle_money(const struct site *s, const struct books *b, utc_offset_fn *zone,
                  struct slot_facts *f) {
    for (size_t i = 0; i < s->account_count; i++) {
        const struct account *a = &s->accounts[i];
        struct account_facts *r = &f->accounts[i];
        double share[TARIFF_PERIODS], import, export;
        for (int p = 0; p < TARIFF_PERIODS; p++)
            r->import_kwh[p] = r->export_kwh[p] = (double)NAN;
        r->cost_e8 = r->arbitrage_e8 = 0;
        r->cost_known = r->cost_verified = false;
        r->split_known = a->tariff && tariff_split(a->tariff, f->start, f->end, zone, share);
        if (!r->split_known)
            continue;
        account_energy(s, i, f, &import, &export);
        for (int p = 0; p < TARIFF_PERIODS; p++) {
            r->import_kwh[p] = share[p] > 0.0 ? import * share[p] : 0.0;
            r->export_kwh[p] = share[p] > 0.0 ? export * share[p] : 0.0;
        }
        if (isnan(import))
            continue;
        price_account(a, b, zone, f, r);
        if (i == 0)
            price_storage(a, b, zone, share, f, r);
    }
}
