/* What one slot of the whole site says, in numbers: what is summed, stored and written to records.
 *
 * A plain structure of fixed size: arrays by metering point, account and transformer in the order
 * of struct site. Sums are kept, ratios are made from sums at the output (format/). NAN is unknown;
 * money is an integer of 1e-8 CNY. facts_merge() makes an hour of quarters, a day of hours, a month
 * of days. Pure. */
#ifndef BUSBAR_CALC_FACTS_H
#define BUSBAR_CALC_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/quality.h"
#include "calc/balance.h"
#include "calc/carbon.h"
#include "calc/demand.h"
#include "calc/slot.h"
#include "calc/suspect.h"
#include "calc/tariff.h"
#include "meter/account.h"

struct power_stat {
    double avg, min, max; /* kW; NAN while unknown */
};

struct range_stat {
    double avg, min, max; /* NAN while unknown */
    uint32_t covered_ms;  /* weight of avg */
};

/* What a metering point's meter shows besides energy. */
struct supply_facts {
    struct range_stat s_kva, voltage_deviation_pct, voltage_unbalance_pct, current_unbalance_pct,
        frequency_hz;
    ms_t s_max_at; /* 0: never */
    double p_max_kw;
    uint64_t monitored_ms, qualified_ms; /* voltage was seen, and within its limits */
};

enum cause { CAUSE_NONE, CAUSE_DEVICE_DOWN, CAUSE_GATEWAY_OFF, CAUSE_INCOMPLETE, CAUSE_CLOCK };
const char *cause_str(enum cause c); /* NULL for CAUSE_NONE */

/* A metering point. Directions as its meter counts: import from the grid. */
struct point_facts {
    double import_kwh, export_kwh;
    double kvarh[4];       /* by quadrant q1..q4; NAN where unknown */
    bool kvarh_integrated; /* no such registers: from power, by quadrant */
    struct range_stat s_kva;
    ms_t s_max_at; /* 0: never */
    double p_max_kw;
    double block_kw;            /* import demand of the 15 minutes; of longer periods the largest */
    ms_t block_at;              /* start of it */
    struct demand_peak sliding; /* largest that ended in this slot */
    struct demand_peak month_max; /* sliding, of the billing month up to the end of this slot */
    struct range_stat voltage_deviation_pct, voltage_unbalance_pct, current_unbalance_pct,
        frequency_hz;
    uint64_t monitored_ms, qualified_ms; /* voltage was seen, and within its limits */
};

struct account_facts {
    double block_kw; /* combined as the account says; longer periods: the largest */
    ms_t block_at;
    struct demand_peak sliding, coincident, month_max;
    double contract_kw; /* in force at the start; NAN: none */
    double import_kwh[TARIFF_PERIODS], export_kwh[TARIFF_PERIODS];
    bool split_known; /* a tariff version covers the slot: the two above mean something */
    int64_t cost_e8;  /* energy cost of the import */
    bool cost_known, cost_verified;
    int64_t arbitrage_e8;  /* discharge at its price - charge at its price */
    bool arbitrage_known;  /* of the first account: the storage is taken to stand behind it */
    int32_t price_version; /* highest version that went in; 0: none */
    bool priced_by_curve;
};

struct transformer_facts {
    double s_avg_kva, s_max_kva, loss_kwh;
};

struct factor_used {
    char id[64]; /* "" when none */
    char area[32];
    enum factor_series series;
    int16_t year;
    bool provisional;
    double kg_per_kwh; /* NAN: none */
};

struct carbon_facts {
    double location_kg, national_kg; /* scope 2 by the site's factor, and by the national one */
    double market_base_kwh;
    double avoided_pv_kg, avoided_storage_kg;
    double fuel_amount[FUEL_KINDS]; /* in the unit of the fuel's meter */
    double scope1_kg, fuel_kgce;
    double charge_kg, discharge_kg; /* carbon put into and taken from the storage */
    double busbar_kg, busbar_kwh;   /* intensity = kg / kwh: sums over the slots */
    struct ess_carbon ess;          /* at the end of the slot */
    bool factor_varies;
    struct factor_used factor, national;
};

/* An inner node of the electrical tree: a feeder with meters below it. */
struct node_facts {
    int32_t feed;
    double residual_kwh, flow_kwh; /* flow - what is metered below; NAN unless all of it is */
};
#define NODES_MAX 16

struct balance_facts {
    double residual_kwh, feeders_kwh; /* NAN unless every feeder is metered */
    uint32_t bad_slots;               /* quarters with a residual over the limit */
    struct suspect suspect;           /* of the last day, named in 15m and longer */
    struct node_facts nodes[NODES_MAX];
    uint8_t node_count;
};

/* A virtual meter: a signed sum of other meters, in no sum itself. */
struct virtual_facts {
    double avg_kw, kwh; /* NAN unless every term is known */
    uint64_t known_ms;
};
#define VIRTUALS_MAX 16

struct slot_facts {
    enum slot_period period;
    ms_t start, end;
    uint64_t covered; /* ms of measured time, mean over the feeds */
    double coverage;  /* 0..1 */
    enum quality quality;
    enum cause cause;
    bool late;
    uint8_t clock_state; /* enum clock_sync, worst */
    double clock_offset_ms;
    /* How long the slot was on the monotonic clock, when the wall clock was stepped in it; 0: as
     * long as it says. Its demand is not confirmed: it is in no maximum. */
    uint64_t lived_ms;
    struct power_stat power[SITE_POWER_COUNT];
    bool absent[SITE_POWER_COUNT];
    double energy_kwh[SITE_ENERGY_COUNT];
    double soc_start_pct, soc_end_pct;
    struct point_facts points[METERING_POINTS_MAX];
    struct account_facts accounts[ACCOUNTS_MAX];
    struct transformer_facts transformers[TRANSFORMERS_MAX];
    uint8_t point_count, account_count, transformer_count;
    struct carbon_facts carbon;
    struct balance_facts balance;
    struct virtual_facts virtuals[VIRTUALS_MAX];
    uint8_t virtual_count;
    double claimed_kwh,
        unclaimed_kwh;         /* of pv and wind: whose green attribute is the site's, or not */
    double irradiation_kwh_m2; /* NAN without a sensor; only of the time with G >= 100 W/m2 */
    double output;             /* product quantity; NAN without a counter */
    uint32_t expected, stored; /* device slots */
    /* How long the averages were known: their weight in a longer slot. Kept by facts_merge(); 0: as
     * long as the slot was covered (power), or all of it (transformer). */
    uint64_t power_ms[SITE_POWER_COUNT], transformer_ms[TRANSFORMERS_MAX];
};

/* Everything unknown, counts and absent taken from the site. Quality and cause begin as good and
 * none: those of the worst part win. */
void facts_init(struct slot_facts *f, const struct site *s, enum slot_period p, ms_t start,
                ms_t end);
/* How long the slot was. */
static inline double facts_lived_ms(const struct slot_facts *f) {
    return f->lived_ms > 0 ? (double)f->lived_ms : (double)(f->end - f->start);
}
/* Adds a shorter slot that lies in f, in order of time. Energies unknown in one part stay unknown
 * in the sum only when no part knows them; coverage tells how much is missing. */
void facts_merge(struct slot_facts *f, const struct slot_facts *part);
void range_merge(struct range_stat *into, const struct range_stat *part);

/* What a day (month to date), a month and a bill say besides. */
struct month_account {
    double kwh, kvarh, hours; /* month to date */
    struct pf_advice pf;
    int pf_without_pv_hundredths; /* with PV's energy given back to the meter; -1 unknown */
    double demand_kw;             /* billed demand; NAN */
    int64_t basic_e8, energy_e8, adjust_e8, total_e8; /* 1e-8 CNY */
    bool basic_known, energy_known, adjust_known, verified;
    bool high_use;
};
struct month_facts {
    struct month_account accounts[ACCOUNTS_MAX];
    double market_kg;      /* scope 2 market-based; only in 1mo; NAN */
    double market_year_kg; /* of the year up to the month, all of the year's contracts counted */
    double pv_hours;       /* equivalent hours of the PV */
    uint32_t slots_expected, slots_stored, slots_acknowledged; /* of 15 min, all devices */
    double day_month_deviation;                                /* NAN in a day */
    double boundary_error_ms;                           /* worst of the devices; NAN unknown */
    double max_kw, min_kw, load_factor, peak_shaved_kw; /* of the grid's 15-minute means */
    double performance_ratio;
    bool filed; /* frozen */
};

#endif
