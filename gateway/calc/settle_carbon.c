#include <math.h>
#include <string.h>

#include "calc/indicators.h"
#include "calc/settle.h"

static double zero_if_absent(const struct slot_facts *f, enum site_power role, double kwh) {
    return f->absent[role] ? 0.0 : kwh;
}

/* A factor that the platform pushed for this quarter of an hour; NAN: none. */
static double curve_factor(const struct books *b, ms_t start, utc_offset_fn *zone) {
    struct local_time t = local_time(start, zone);
    const struct factor_curve *best = NULL;
    for (size_t i = 0; i < b->factor_count; i++)
        if (b->factors[i].day == t.day && (!best || b->factors[i].version > best->version))
            best = &b->factors[i];
    return best ? best->kg_per_kwh[t.minute / 15] : (double)NAN;
}

static void copy_text(char *out, size_t cap, const char *text) {
    size_t n = text ? strlen(text) : 0;
    if (n >= cap)
        n = cap - 1;
    memcpy(out, text ? text : "", n);
    out[n] = '\0';
}

static void use_factor(struct factor_used *u, const struct factor_choice *c) {
    *u = (struct factor_used){.kg_per_kwh = (double)NAN};
    if (!c->factor)
        return;
    carbon_factor_id(c->factor, u->id, sizeof u->id);
    copy_text(u->area, sizeof u->area, c->factor->area);
    u->series = c->factor->series;
    u->year = (int16_t)c->factor->year;
    u->provisional = c->provisional;
    u->kg_per_kwh = c->factor->kg_per_kwh;
}

static void choose_factors(const struct site *s, const struct books *b, utc_offset_fn *zone,
                           struct slot_facts *f) {
    struct carbon_facts *c = &f->carbon;
    int year = local_time(f->start, zone).year;
    struct factor_choice local = carbon_factor(s->carbon_book, FACTOR_PROVINCE, year, b->known_day);
    struct factor_choice national =
        carbon_factor(s->carbon_book, FACTOR_NATIONAL, year, b->known_day);
    use_factor(&c->factor, &local);
    use_factor(&c->national, &national);
    double curve = curve_factor(b, f->start, zone);
    c->factor_varies = !isnan(curve);
    if (!c->factor_varies)
        return;
    copy_text(c->factor.id, sizeof c->factor.id, "curve");
    c->factor.provisional = false;
    c->factor.kg_per_kwh = curve;
}

static const char *fuel_unit(const struct site *s, enum role role) {
    for (size_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i].role == role && s->feeds[i].forward != SITE_NONE)
            return s->points[s->feeds[i].forward].def->unit;
    return "";
}

static double add_known(double sum, double value) {
    return isnan(value) ? sum : isnan(sum) ? value : sum + value;
}

static void scope1(const struct site *s, struct carbon_facts *c) {
    static const enum role roles[FUEL_KINDS] = {
        [FUEL_GAS] = ROLE_GAS, [FUEL_DIESEL] = ROLE_FUEL, [FUEL_OTHER] = ROLE_COUNT};
    c->scope1_kg = c->fuel_kgce = (double)NAN;
    for (int k = 0; k < FUEL_KINDS; k++) {
        if (isnan(c->fuel_amount[k]))
            continue;
        const char *unit = fuel_unit(s, roles[k]);
        enum fuel_kind kind = (enum fuel_kind)k;
        c->scope1_kg =
            add_known(c->scope1_kg, carbon_fuel_kg(s->carbon_book, kind, unit, c->fuel_amount[k]));
        c->fuel_kgce = add_known(c->fuel_kgce,
                                 carbon_fuel_kgce(s->carbon_book, kind, unit, c->fuel_amount[k]));
    }
}

static double capacity_kwh(const struct site *s) {
    double sum = 0.0;
    for (size_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i].role == ROLE_STORAGE && s->feeds[i].counted)
            sum += s->devices[s->feeds[i].device].capacity_kwh;
    return sum;
}

/* The storage is charged at the intensity of what feeds the busbar without it, and gives what it
 * holds.
 */
static void storage_carbon(const struct site *s, const struct ess_carbon *before,
                           struct carbon_input *in, struct slot_facts *f) {
    struct carbon_facts *c = &f->carbon;
    struct carbon_slot without;
    struct carbon_input undischarged = *in;
    undischarged.discharge = 0.0;
    carbon_slot_of(&undischarged, &without);
    c->ess = *before;
    if (!(c->ess.kwh > 0.0) && !c->ess.estimated && !isnan(f->soc_start_pct))
        ess_init(&c->ess, f->soc_start_pct, capacity_kwh(s), without.intensity);
    in->ess_intensity = ess_intensity(&c->ess, SETTLE_ROUND_TRIP);
    double kg = ess_step(&c->ess, in->charge, in->discharge, without.intensity, SETTLE_ROUND_TRIP);
    c->discharge_kg = kg;
    c->charge_kg = in->charge * without.intensity;
}

void settle_carbon(const struct site *s, const struct books *b, utc_offset_fn *zone,
                   const struct ess_carbon *before, struct slot_facts *f) {
    struct carbon_facts *c = &f->carbon;
    if (!s->carbon_book)
        return;
    choose_factors(s, b, zone, f);
    scope1(s, c);
    const double *e = f->energy_kwh;
    struct carbon_input in = {.import = e[SITE_E_IMPORT],
                              .export = isnan(e[SITE_E_EXPORT]) ? 0.0 : e[SITE_E_EXPORT],
                              .pv = zero_if_absent(f, SITE_PV, e[SITE_E_PV]),
                              .wind = zero_if_absent(f, SITE_WIND, e[SITE_E_WIND]),
                              .generator = zero_if_absent(f, SITE_GENERATOR, e[SITE_E_GENERATOR]),
                              .charge = zero_if_absent(f, SITE_STORAGE, e[SITE_E_CHARGE]),
                              .discharge = zero_if_absent(f, SITE_STORAGE, e[SITE_E_DISCHARGE]),
                              .factor = c->factor.kg_per_kwh,
                              .factor_varies = c->factor_varies,
                              .ess_intensity = (double)NAN};
    in.generator_kg_per_kwh = in.generator > 0.0 ? c->scope1_kg / in.generator : (double)NAN;
    if (!f->absent[SITE_STORAGE])
        storage_carbon(s, before, &in, f);
    struct carbon_slot slot;
    carbon_slot_of(&in, &slot);
    c->location_kg = slot.location_kg;
    c->national_kg = in.import * c->national.kg_per_kwh;
    c->market_base_kwh = slot.market_base_kwh;
    /* of generation whose attribute is the site's own */
    double unclaimed = isnan(f->unclaimed_kwh) ? 0.0 : f->unclaimed_kwh;
    c->avoided_pv_kg =
        claimed_self_used(f->claimed_kwh, unclaimed, in.export) * c->factor.kg_per_kwh;
    c->avoided_storage_kg = f->absent[SITE_STORAGE] ? (double)NAN : slot.avoided_storage_kg;
    c->busbar_kwh = in.import + in.generator + in.pv + in.wind + in.discharge;
    c->busbar_kg = slot.intensity * c->busbar_kwh;
}
