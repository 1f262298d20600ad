/* Carbon of a site's energy: versioned factors, scope 1 and 2, stored energy, avoided. Pure.
 *
 * Conventions of the GHG Protocol scope 2 guidance: location-based and market-based apart, avoided
 * emissions never subtracted from either, exports not subtracted. Formulas and sources:
 * docs/carbon.md. Carbon is kg CO2, NAN when a factor or an energy is unknown. */
#ifndef BUSBAR_CALC_CARBON_H
#define BUSBAR_CALC_CARBON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calc/calendar.h"

enum factor_series {
    FACTOR_PROVINCE, /* location-based, provincial average */
    FACTOR_NATIONAL, /* location-based, national average */
    FACTOR_REGION,   /* location-based, regional grid */
    FACTOR_RESIDUAL, /* national average without market-traded non-fossil: market-based */
    FACTOR_NATIONAL_FOSSIL,
    FACTOR_SERIES_COUNT
};
/* "province", "national_average", "region", "national_excl_market_nonfossil", "national_fossil" */
const char *factor_series_str(enum factor_series s);
bool factor_series_parse(const char *name, enum factor_series *ret);

/* Bytes of an area's name: with the longest series and a year its id fills 64 bytes. */
#define CARBON_AREA_MAX 27

struct grid_factor {
    enum factor_series series;
    const char *area;
    int year;                 /* that the factor describes */
    int32_t from_day, to_day; /* validity: when it may be used, to exclusive; INT32_MAX: open */
    int32_t version;          /* the highest one of equal (series, area, year) counts */
    double kg_per_kwh;
    bool verified;
    const char *source;
    int line;
};

enum fuel_kind { FUEL_GAS, FUEL_DIESEL, FUEL_OTHER, FUEL_KINDS };
struct fuel_factor {
    enum fuel_kind kind;
    const char *unit; /* of the meter: "Nm3", "kg", "L" */
    double kg_per_unit, kgce_per_unit;
    const char *method, *source;
    bool verified;
};

struct carbon_book {
    const char *id;                          /* "china-henan" */
    const char *province, *region, *country; /* areas of the three series */
    const struct grid_factor *factors;
    size_t factor_count;
    const struct fuel_factor *fuels;
    size_t fuel_count;
    double kgce_per_kwh; /* standard coal of electricity, equivalent value */
};

struct factor_choice {
    const struct grid_factor *factor; /* NULL: none */
    bool provisional;                 /* of an earlier year: none of the asked year is there */
};
/* The factor of a series for energy used in `year`, as known on local day `known_day` (validity):
 * of that year, else of the newest earlier year, then provisional. */
struct factor_choice carbon_factor(const struct carbon_book *b, enum factor_series s, int year,
                                   int32_t known_day);
/* The area under which the factors of a series are looked up; NULL: the book names none. */
const char *carbon_area(const struct carbon_book *b, enum factor_series s);
/* Two factors of which neither counts more than the other on some day. */
bool grid_factor_overlaps(const struct grid_factor *a, const struct grid_factor *b);
/* First pair of factors of the same (series, area, year, version) whose validity overlaps; false:
 * none. */
bool carbon_overlap(const struct carbon_book *b, size_t *ret_first, size_t *ret_second);
/* "province/河南/2022" into out (64 bytes at least): the id that a record carries. */
void carbon_factor_id(const struct grid_factor *f, char *out, size_t cap);

/* ---- stored energy ---------------------------------------------------------------------- */

/* What a storage holds, by the mixing rule: charging adds E x intensity of the source, discharging
 * removes the share of what is taken, so losses raise the intensity by 1 / efficiency. */
struct ess_carbon {
    double kwh;     /* AC energy put in and not yet taken out (before losses) */
    double kg;      /* carbon of it */
    bool estimated; /* the first filling was assumed, not seen; or more came out than was in. Until
                       it has run dry and is charged again */
};
/* Starts with an assumed content at the present intensity; with an argument NAN it is empty: what
 * comes out is unknown until something was put in. */
void ess_init(struct ess_carbon *e, double soc_pct, double capacity_kwh, double intensity);
/* One slot: first charges (at charge_intensity), then discharges. eta: round-trip efficiency, 0..1,
 * not 0. Returns the kg that the discharge carried; NAN and no change when an argument is NAN or
 * out of range (charge_intensity is asked for only when there is a charge). What is discharged
 * beyond the content carries the last intensity; NAN when nothing was ever put in. */
double ess_step(struct ess_carbon *e, double charge_kwh, double discharge_kwh,
                double charge_intensity, double eta);
/* kg per kWh delivered: kg / (kwh x eta); NAN when empty. */
double ess_intensity(const struct ess_carbon *e, double eta);

/* ---- one slot --------------------------------------------------------------------------- */

struct carbon_input { /* energies of a slot, kWh; NAN: unknown; a role the site lacks: 0 */
    double import, export, pv, wind, generator, charge, discharge;
    double generator_kg_per_kwh; /* from its fuel; NAN: no generator factor */
    double factor;               /* location-based, kg/kWh, NAN: none */
    bool factor_varies;          /* of this slot (a pushed curve), not one a year */
    double ess_intensity;        /* of what is discharged; NAN when empty */
};
struct carbon_slot {
    double location_kg;        /* import x factor */
    double market_base_kwh;    /* import: green contracts and certificates are subtracted by year */
    double avoided_pv_kg;      /* (pv + wind - export) x factor, not below 0 */
    double avoided_storage_kg; /* (discharge - charge) x factor; NAN unless factor_varies */
    double intensity; /* kg per kWh at the busbar: CI of domain.md 3.2; NAN without energy */
};
void carbon_slot_of(const struct carbon_input *in, struct carbon_slot *ret);

/* Market-based scope 2 of a month or year: max(0, import - green contract - 1000 x certificates) x
 * residual factor. bundled: certificates of the contract (证电合一), counted once. own_pv_sold_kwh:
 * self-used PV whose certificates were sold: added. NAN when import or factor is. */
struct market_input {
    double import_kwh, green_contract_kwh, certificates, bundled_certificates, own_pv_sold_kwh;
    double residual_factor;
};
double carbon_market_kg(const struct market_input *in);

/* Scope 1 of metered fuel. unit must be the factor's; NAN when there is no factor. */
double carbon_fuel_kg(const struct carbon_book *b, enum fuel_kind kind, const char *unit,
                      double amount);
double carbon_fuel_kgce(const struct carbon_book *b, enum fuel_kind kind, const char *unit,
                        double amount);

#endif
