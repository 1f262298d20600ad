#include "calc/facts.h"

#include <math.h>

#define UNKNOWN ((double)NAN)

const char *cause_str(enum cause c) {
    static const char *const names[] = {
        [CAUSE_NONE] = NULL,
        [CAUSE_DEVICE_DOWN] = "device_down",
        [CAUSE_GATEWAY_OFF] = "gateway_off",
        [CAUSE_INCOMPLETE] = "incomplete",
        [CAUSE_CLOCK] = "clock",
    };
    return c <= CAUSE_CLOCK ? names[c] : NULL;
}

/* ---- nothing known ---------------------------------------------------------------------- */

static const struct range_stat no_range = {.avg = UNKNOWN, .min = UNKNOWN, .max = UNKNOWN};
static const struct demand_peak no_peak = {.kw = UNKNOWN};

static void init_point(struct point_facts *p) {
    *p = (struct point_facts){
        .import_kwh = UNKNOWN,
        .export_kwh = UNKNOWN,
        .kvarh = {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
        .s_kva = no_range,
        .p_max_kw = UNKNOWN,
        .block_kw = UNKNOWN,
        .sliding = no_peak,
        .month_max = no_peak,
        .voltage_deviation_pct = no_range,
        .voltage_unbalance_pct = no_range,
        .current_unbalance_pct = no_range,
        .frequency_hz = no_range,
    };
}

static void init_account(struct account_facts *a) {
    *a = (struct account_facts){
        .block_kw = UNKNOWN,
        .sliding = no_peak,
        .coincident = no_peak,
        .month_max = no_peak,
        .contract_kw = UNKNOWN,
    };
    for (size_t i = 0; i < TARIFF_PERIODS; i++)
        a->import_kwh[i] = a->export_kwh[i] = UNKNOWN;
}

static void init_carbon(struct carbon_facts *c) {
    *c = (struct carbon_facts){
        .location_kg = UNKNOWN,
        .national_kg = UNKNOWN,
        .market_base_kwh = UNKNOWN,
        .avoided_pv_kg = UNKNOWN,
        .avoided_storage_kg = UNKNOWN,
        .fuel_amount = {UNKNOWN, UNKNOWN, UNKNOWN},
        .scope1_kg = UNKNOWN,
        .fuel_kgce = UNKNOWN,
        .charge_kg = UNKNOWN,
        .discharge_kg = UNKNOWN,
        .busbar_kg = UNKNOWN,
        .busbar_kwh = UNKNOWN,
        .ess = {.kwh = UNKNOWN, .kg = UNKNOWN},
        .factor.kg_per_kwh = UNKNOWN,
        .national.kg_per_kwh = UNKNOWN,
    };
}

static uint8_t at_most(size_t n, size_t max) {
    return (uint8_t)(n < max ? n : max);
}

void facts_init(struct slot_facts *f, const struct site *s, enum slot_period p, ms_t start,
                ms_t end) {
    *f = (struct slot_facts){
        .period = p,
        .start = start,
        .end = end,
        .clock_offset_ms = UNKNOWN,
        .soc_start_pct = UNKNOWN,
        .soc_end_pct = UNKNOWN,
        .point_count = at_most(s->metering_point_count, METERING_POINTS_MAX),
        .account_count = at_most(s->account_count, ACCOUNTS_MAX),
        .transformer_count = at_most(s->transformer_count, TRANSFORMERS_MAX),
        .balance = {.residual_kwh = UNKNOWN,
                    .feeders_kwh = UNKNOWN,
                    .suspect = {.feed = SITE_NONE,
                                .ratio = UNKNOWN,
                                .before_kwh = UNKNOWN,
                                .after_kwh = UNKNOWN}},
        .virtual_count = at_most(s->virtual_count, VIRTUALS_MAX),
        .claimed_kwh = UNKNOWN,
        .unclaimed_kwh = UNKNOWN,
        .irradiation_kwh_m2 = UNKNOWN,
        .output = UNKNOWN,
    };
    balance_absent(s, f->absent);
    for (size_t i = 0; i < SITE_POWER_COUNT; i++)
        f->power[i] = (struct power_stat){UNKNOWN, UNKNOWN, UNKNOWN};
    for (size_t i = 0; i < SITE_ENERGY_COUNT; i++)
        f->energy_kwh[i] = UNKNOWN;
    for (size_t i = 0; i < METERING_POINTS_MAX; i++)
        init_point(&f->points[i]);
    for (size_t i = 0; i < ACCOUNTS_MAX; i++)
        init_account(&f->accounts[i]);
    for (size_t i = 0; i < TRANSFORMERS_MAX; i++)
        f->transformers[i] = (struct transformer_facts){UNKNOWN, UNKNOWN, UNKNOWN};
    for (size_t i = 0; i < VIRTUALS_MAX; i++)
        f->virtuals[i] = (struct virtual_facts){UNKNOWN, UNKNOWN, 0};
    for (size_t i = 0; i < NODES_MAX; i++)
        f->balance.nodes[i] = (struct node_facts){SITE_NONE, UNKNOWN, UNKNOWN};
    init_carbon(&f->carbon);
}
