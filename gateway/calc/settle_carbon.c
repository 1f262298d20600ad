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
    size_t n = strlen(text);
    if (n >= cap)
        n = cap - 1;
    memcpy(out, text, n);
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

/* Of the counted meters; they have one unit, or their amount is unknown. */
static const char *fuel_unit(const struct site *s, enum role role) {
    for (size_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i].role == role && s->feeds[i].counted && s->feeds[i].forward != SITE_NONE)
            return s->points[s->feeds[i].forward].def->unit;
    return "";
}

static bool has_meter(const struct site *s, enum role role) {
    for (size_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i].role == role && s->feeds[i].counted)
            return true;
    return false;
}

/* Of all metered fuel: unknown when one of the site's fuels is, or has no factor. *ret_generator_kg
 * is of the fuel meters alone: gas is burnt for heat as well. */
static void scope1(const struct site *s, struct carbon_facts *c, double *ret_generator_kg) {
    static const enum role roles[] = {[FUEL_GAS] = ROLE_GAS, [FUEL_DIESEL] = ROLE_FUEL};
    double kg = 0.0, kgce = 0.0;
    bool any = false;
    *ret_generator_kg = (double)NAN;
    for (int k = FUEL_GAS; k <= FUEL_DIESEL; k++) {
        if (!has_meter(s, roles[k]))
            continue;
        const char *unit = fuel_unit(s, roles[k]);
        double amount = c->fuel_amount[k];
        double fuel_kg = carbon_fuel_kg(s->carbon_book, (enum fuel_kind)k, unit, amount);
        if (k == FUEL_DIESEL)
            *ret_generator_kg = fuel_kg;
        kg += fuel_kg;
        kgce += carbon_fuel_kgce(s->carbon_book, (enum fuel_kind)k, unit, amount);
        any = true;
    }
    c->scope1_kg = any ? kg : (double)NAN;
    c->fuel_kgce = any ? kgce : (double)NAN;
}

static bool first_of_device(const struct site *s, size_t feed) {
    for (size_t i = 0; i < feed; i++)
        if (s->feeds[i].counted && s->feeds[i].role == ROLE_STORAGE &&
            s->feeds[i].device == s->feeds[feed].device)
            return false;
    return true;
}

double settle_storage_kwh(const struct site *s) {
    double sum = 0.0;
    for (size_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i].role == ROLE_STORAGE && s->feeds[i].counted && first_of_device(s, i))
            sum += s->devices[s->feeds[i].device].capacity_kwh;
    return sum;
}

/* The storage is charged at the intensity of what feeds the busbar without it, and gives what it
 * holds. */
static void storage_carbon(const struct site *s, const struct ess_carbon *before,
                           struct carbon_input *in, struct slot_facts *f) {
    struct carbon_facts *c = &f->carbon;
    struct carbon_slot without;
    struct carbon_input undischarged = *in;
    undischarged.discharge = 0.0;
    carbon_slot_of(&undischarged, &without);
    /* the slot before may be of a site without storage */
    c->ess = isnan(before->kwh) ? (struct ess_carbon){0} : *before;
    if (!(c->ess.kwh > 0.0) && !c->ess.estimated && !isnan(f->soc_start_pct) &&
        !isnan(without.intensity))
        ess_init(&c->ess, f->soc_start_pct, settle_storage_kwh(s), without.intensity);
    c->discharge_kg =
        ess_step(&c->ess, in->charge, in->discharge, without.intensity, SETTLE_ROUND_TRIP);
    in->ess_intensity = c->discharge_kg / in->discharge; /* asked for only when there is some */
    c->charge_kg = in->charge > 0.0 ? in->charge * without.intensity : in->charge;
}

static bool has_unclaimed(const struct site *s) {
    for (size_t i = 0; i < s->feed_count; i++) {
        const struct feed *f = &s->feeds[i];
        if (f->counted && (f->role == ROLE_PV || f->role == ROLE_WIND) &&
            !s->devices[f->device].claimed)
            return true;
    }
    return false;
}

/* Both or none: a sum of kg over a sum of kWh must be of the same slots. */
static void settle_busbar(const struct carbon_input *in, double intensity, struct carbon_facts *c) {
    double kwh = in->import + in->generator + in->pv + in->wind + in->discharge;
    c->busbar_kg = kwh > 0.0 ? kwh * intensity : kwh;
    c->busbar_kwh = isnan(c->busbar_kg) ? c->busbar_kg : kwh;
}

void settle_carbon(const struct site *s, const struct books *b, utc_offset_fn *zone,
                   const struct ess_carbon *before, struct slot_facts *f) {
    struct carbon_facts *c = &f->carbon;
    double generator_kg;
    if (!s->carbon_book)
        return;
    choose_factors(s, b, zone, f);
    scope1(s, c, &generator_kg);
    const double *e = f->energy_kwh;
    struct carbon_input in = {.import = e[SITE_E_IMPORT],
                              .export = e[SITE_E_EXPORT],
                              .pv = zero_if_absent(f, SITE_PV, e[SITE_E_PV]),
                              .wind = zero_if_absent(f, SITE_WIND, e[SITE_E_WIND]),
                              .generator = zero_if_absent(f, SITE_GENERATOR, e[SITE_E_GENERATOR]),
                              .charge = zero_if_absent(f, SITE_STORAGE, e[SITE_E_CHARGE]),
                              .discharge = zero_if_absent(f, SITE_STORAGE, e[SITE_E_DISCHARGE]),
                              .factor = c->factor.kg_per_kwh,
                              .factor_varies = c->factor_varies,
                              .ess_intensity = (double)NAN};
    in.generator_kg_per_kwh = generator_kg / in.generator; /* asked for only when it ran */
    if (!f->absent[SITE_STORAGE])
        storage_carbon(s, before, &in, f);
    struct carbon_slot slot;
    carbon_slot_of(&in, &slot);
    c->location_kg = slot.location_kg;
    c->national_kg = in.import * c->national.kg_per_kwh;
    c->market_base_kwh = slot.market_base_kwh;
    /* of generation whose attribute is the site's own */
    double unclaimed = has_unclaimed(s) ? f->unclaimed_kwh : 0.0;
    c->avoided_pv_kg =
        claimed_self_used(f->claimed_kwh, unclaimed, in.export) * c->factor.kg_per_kwh;
    c->avoided_storage_kg = f->absent[SITE_STORAGE] ? (double)NAN : slot.avoided_storage_kg;
    settle_busbar(&in, slot.intensity, c);
}
