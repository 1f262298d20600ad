/* From the energies of a slot to what they mean: site sums, metering points, demand, transformers,
 * balance, tariff and money, carbon. Pure.
 *
 * Three steps, so that money and carbon can be made again from the same energies when a price or a
 * factor comes later: settle_energy(), settle_money(), settle_carbon(). */
#ifndef BUSBAR_CALC_SETTLE_H
#define BUSBAR_CALC_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "calc/facts.h"
#include "meter/site.h"

#define SETTLE_ROUND_TRIP 0.88 /* assumed of a storage, AC to AC: docs/carbon.md */

/* One feed over a slot, in the directions of its role. */
struct feed_facts {
    double kwh[2]; /* forward, reverse; fuels and products: amount; NAN unknown */
    double kvarh[4];
    bool kvarh_integrated;
    double avg_kw;
    double coverage;
    enum quality quality;
    bool recovered;
    bool partial; /* its energy is that of a part of the slot: no demand can be made of it */
};

struct settle_input {
    const struct site *site;
    const struct feed_facts *feeds;                /* site->feed_count */
    const struct supply_facts *supply;             /* by metering point */
    const struct supply_facts *transformer_supply; /* by transformer: of its own meter */
    const struct demand_peak *sliding; /* by metering point: largest that ended in the slot */
    const int32_t *nodes;              /* residual_nodes() */
    size_t node_count;
    const bool *device_covered; /* by device: it answered, or an energy is known */
    double *scratch[2];         /* feed_count doubles each */
    utc_offset_fn *zone;
};
/* Fills what follows from energies: f is facts_init()ed, its powers and state of charge are set. */
void settle_energy(const struct settle_input *in, struct slot_facts *f);

/* Month's maxima so far: the larger of those before and of this slot. before NULL: a new month. */
void settle_month_max(const struct site *s, const struct slot_facts *before, struct slot_facts *f);

/* What was pushed or entered beside the configuration. */
struct factor_curve {
    int32_t day, version;
    double kg_per_kwh[96]; /* by local quarter of an hour */
};
struct books {
    struct price_book prices;
    const struct factor_curve *factors;
    size_t factor_count;
    int32_t known_day; /* factors valid on this local day may be used */
};
/* Tariff periods and money of one quarter of an hour (or a minute of it). */
void settle_money(const struct site *s, const struct books *b, utc_offset_fn *zone,
                  struct slot_facts *f);
/* What a kWh imported in [start, end) of one local day costs; not known when an account has no
 * price or two accounts have different ones. */
struct price settle_price(const struct site *s, const struct books *b, utc_offset_fn *zone,
                          ms_t start, ms_t end);
/* Carbon of one slot that lies in one local day; before: the storage at its start. */
void settle_carbon(const struct site *s, const struct books *b, utc_offset_fn *zone,
                   const struct ess_carbon *before, struct slot_facts *f);
/* Capacity of the counted storage, a device once; NAN when that of one is not known. */
double settle_storage_kwh(const struct site *s);

/* An account over its month to date (of a day), over a month or a bill: power factor, its advice,
 * and for a bill the money. */
void settle_month(const struct site *s, const struct books *b, utc_offset_fn *zone, size_t account,
                  const struct slot_facts *month, bool is_bill, struct month_account *ret);

#endif
