/* Carbon of a record. What each figure is: docs/carbon.md. */
#include <math.h>

#include "format/record_sections.h"

/* Without a factor there is nothing to name: null. */
static void factor_write(struct buf *b, const char *name, const struct factor_used *f) {
    if (f->id[0] == '\0') {
        json_text(b, name, NULL);
        return;
    }
    json_open(b, name);
    json_text(b, "id", f->id);
    json_text(b, "series", factor_series_str(f->series));
    json_text(b, "area", f->area);
    json_i64(b, "year", f->year);
    json_decimal(b, "kg_per_kwh", f->kg_per_kwh, DECIMALS_FINE);
    json_bool(b, "provisional", f->provisional);
    json_close(b);
}

static bool has_fuel_meter(const struct site *s) {
    for (size_t i = 0; i < s->device_count; i++) {
        if (s->devices[i].role == ROLE_FUEL || s->devices[i].role == ROLE_GAS)
            return true;
    }
    return false;
}

/* Standard coal of what came in: electricity and metered fuel. Own generation from sun and wind
 * needs none; a site without a fuel meter adds none. */
static double standard_coal_kgce(const struct record_source *r) {
    const double fuel_kgce = r->facts->carbon.fuel_kgce;
    const double electric_kgce =
        r->facts->energy_kwh[SITE_E_IMPORT] * r->site->carbon_book->kgce_per_kwh;

    if (isnan(fuel_kgce) && !has_fuel_meter(r->site))
        return electric_kgce;
    return electric_kgce + fuel_kgce;
}

static bool has_storage(const struct slot_facts *f) {
    return !f->absent[SITE_STORAGE] || !isnan(f->carbon.charge_kg) ||
           !isnan(f->carbon.discharge_kg) || !isnan(f->carbon.ess.kg);
}

static void stored_write(struct buf *b, const struct carbon_facts *c) {
    json_decimal(b, "charge_kg", c->charge_kg, DECIMALS_POWER);
    json_decimal(b, "discharge_kg", c->discharge_kg, DECIMALS_POWER);
    json_decimal(b, "stored_kg", c->ess.kg, DECIMALS_POWER);
    json_decimal(b, "stored_kwh", c->ess.kwh, DECIMALS_POWER);
    json_bool(b, "stored_estimated", c->ess.estimated);
}

static void all_write(struct buf *b, const struct record_source *r) {
    const struct carbon_facts *c = &r->facts->carbon;
    const double intensity =
        c->busbar_kwh > 0.0 ? c->busbar_kg / c->busbar_kwh : (double)NAN; /* of sums */

    json_decimal(b, "national_kg", c->national_kg, DECIMALS_POWER);
    json_decimal(b, "market_base_kwh", c->market_base_kwh, DECIMALS_POWER);
    if (r->facts->period >= SLOT_1MO)
        json_decimal(b, "market_kg", r->month != NULL ? r->month->market_kg : (double)NAN,
                     DECIMALS_POWER);
    if (r->facts->period == SLOT_1MO)
        json_decimal(b, "market_year_kg", r->month != NULL ? r->month->market_year_kg : (double)NAN,
                     DECIMALS_POWER);
    json_decimal(b, "avoided_pv_kg", c->avoided_pv_kg, DECIMALS_POWER);
    json_decimal(b, "avoided_storage_kg", c->avoided_storage_kg, DECIMALS_POWER);
    json_decimal(b, "scope1_kg", c->scope1_kg, DECIMALS_POWER);
    json_decimal(b, "intensity_kg_per_kwh", intensity, DECIMALS_FINE);
    json_decimal(b, "tce_kgce", standard_coal_kgce(r), DECIMALS_POWER);
    if (has_storage(r->facts))
        stored_write(b, c);
    json_bool(b, "factor_varies", c->factor_varies);
    factor_write(b, "national_factor", &c->national);
}

void record_carbon_write(struct buf *b, const struct record_source *r) {
    const struct carbon_facts *c = &r->facts->carbon;

    if (r->site->carbon_book == NULL)
        return;
    json_open(b, "carbon");
    json_decimal(b, "location_kg", c->location_kg, DECIMALS_POWER);
    if (r->facts->period != SLOT_1M)
        all_write(b, r);
    factor_write(b, "factor", &c->factor);
    json_close(b);
}
