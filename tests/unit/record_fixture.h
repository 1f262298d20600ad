/* A site with two accounts, PV and storage, and what a quarter, a day and a month of it say: what
 * the tests of records share. Each test changes its own copy. */
#ifndef BUSBAR_TESTS_UNIT_RECORD_FIXTURE_H
#define BUSBAR_TESTS_UNIT_RECORD_FIXTURE_H

#include "unit/body_check.h"
#include "unit/zones.h"

/* 2026-11-12T19:03:00+08:00: day 20769 x 86,400 s + 11 h 3 min. */
#define PEAK_AT 1794481380000
/* Local days, from 1970 (python: date.toordinal() - 719163). */
#define DAY_2024_06_01 19875
#define DAY_2026_12_01 20788

enum { GRID, GRID2, FEEDER, PV, PCS, PLANT_DEVICES };

struct plant {
    struct device devices[PLANT_DEVICES];
    struct feed feeds[PLANT_DEVICES];
    struct tariff_version version;
    struct tariff tariff;
    struct account accounts[2];
    struct metering_point points[3];
    struct transformer transformers[3];
    struct carbon_book book;
    struct site site;
    struct slot_facts facts;
    struct month_facts month;
    struct record_source source;
};

static struct plant plant;

static inline void plant_add_device(int at, const char *id, enum role role) {
    plant.devices[at] =
        (struct device){.id = id, .role = role, .parent = SITE_NONE, .capacity_kwh = UNKNOWN};
    plant.feeds[at] =
        (struct feed){.id = id, .role = role, .device = at, .parent = SITE_NONE, .counted = true};
}

static inline void plant_accounts(void) {
    plant.version = (struct tariff_version){.id = "henan-2024",
                                            .document = "豫发改价管〔2024〕283号",
                                            .from_day = DAY_2024_06_01,
                                            .to_day = DAY_2026_12_01};
    plant.tariff =
        (struct tariff){.id = "henan-2024", .versions = &plant.version, .version_count = 1};
    plant.accounts[0] = (struct account){.id = "main",
                                         .combination = DEMAND_SUM_OF_MAXIMA,
                                         .billing_day = 1,
                                         .tariff_id = "henan-2024",
                                         .tariff = &plant.tariff};
    plant.accounts[1] = (struct account){
        .id = "dorm", .combination = DEMAND_MAX, .billing_day = 26, .tariff_id = "henan-2024"};
    plant.points[0] = (struct metering_point){.id = "p1", .account = 0};
    plant.points[1] = (struct metering_point){.id = "p2", .account = 0};
    plant.points[2] = (struct metering_point){.id = "p3", .account = 1};
    plant.transformers[0] = (struct transformer){.id = "t1", .kva = 2500.0, .account = 0};
    plant.transformers[1] = (struct transformer){.id = "t2", .kva = 1500.0, .account = 0};
    plant.transformers[2] = (struct transformer){.id = "t3", .kva = 630.0, .account = 1};
}

static inline void plant_site(void) {
    plant_add_device(GRID, "grid", ROLE_GRID);
    plant_add_device(GRID2, "grid2", ROLE_GRID);
    plant_add_device(FEEDER, "feeder1", ROLE_LOAD);
    plant_add_device(PV, "pv1", ROLE_PV);
    plant_add_device(PCS, "pcs1", ROLE_STORAGE);
    plant.devices[PCS].capacity_kwh = 1000.0;
    plant_accounts();
    plant.book = (struct carbon_book){.id = "china-henan", .kgce_per_kwh = 0.1229};
    plant.site = (struct site){.id = "tianxi",
                               .devices = plant.devices,
                               .device_count = PLANT_DEVICES,
                               .feeds = plant.feeds,
                               .feed_count = PLANT_DEVICES,
                               .accounts = plant.accounts,
                               .account_count = 2,
                               .metering_points = plant.points,
                               .metering_point_count = 3,
                               .transformers = plant.transformers,
                               .transformer_count = 3,
                               .carbon_book = &plant.book};
}

static inline void plant_energies(struct slot_facts *f) {
    f->power[SITE_GRID] = (struct power_stat){600.0, -12.3456, 1000.0005};
    f->power[SITE_PV] = (struct power_stat){119.5, 100.0, 130.0};
    f->power[SITE_STORAGE] = (struct power_stat){-150.0, -151.0, 0.0};
    f->power[SITE_LOAD] = (struct power_stat){569.5, 400.0, 700.0};
    f->energy_kwh[SITE_E_IMPORT] = 155.0;
    f->energy_kwh[SITE_E_EXPORT] = 5.0;
    f->energy_kwh[SITE_E_NET_IMPORT] = 150.0;
    f->energy_kwh[SITE_E_PV] = 34.0;
    f->claimed_kwh = 34.0;
    f->unclaimed_kwh = (double)NAN;
    f->energy_kwh[SITE_E_CHARGE] = 40.0;
    f->energy_kwh[SITE_E_DISCHARGE] = 6.0;
    f->energy_kwh[SITE_E_LOAD] = 149.75;
    f->energy_kwh[SITE_E_LOAD_METERED] = 148.0;
    f->soc_start_pct = 40.0;
    f->soc_end_pct = 55.25;
    f->balance.residual_kwh = 1.75;
    f->balance.feeders_kwh = 148.0;
}

/* p1 with all that a meter shows, p2 with energy only, p3 without reactive registers. */
static inline void plant_metering(struct slot_facts *f) {
    struct point_facts *p = &f->points[0];
    p->import_kwh = 120.0;
    p->export_kwh = 5.0;
    p->kvarh[0] = 40.0;
    p->kvarh[1] = 0.5;
    p->kvarh[2] = 0.0;
    p->kvarh[3] = 5.0;
    p->s_kva = (struct range_stat){488.0, 460.0, 512.5, 900000};
    p->s_max_at = START + 90500;
    p->p_max_kw = 505.25;
    p->block_kw = 480.0;
    p->block_at = START;
    p->sliding = (struct demand_peak){496.5, START - 300000};
    p->month_max = (struct demand_peak){2950.125, PEAK_AT};
    p->voltage_deviation_pct = (struct range_stat){1.25, -0.8, 1.7, 900000};
    p->voltage_unbalance_pct = (struct range_stat){0.4, 0.3, 0.6, 900000};
    p->current_unbalance_pct = (struct range_stat){5.5, 4.0, 7.25, 900000};
    p->frequency_hz = (struct range_stat){50.01, 49.97, 50.04, 900000};
    p->monitored_ms = 900000;
    p->qualified_ms = 840000;
    f->points[1].import_kwh = 30.0;
    f->points[1].export_kwh = 0.0;
    f->points[2].import_kwh = 5.0;
    f->points[2].kvarh[0] = 3.0;
    f->points[2].kvarh[3] = 0.0;
    f->points[2].kvarh_integrated = true;
    f->transformers[0] = (struct transformer_facts){480.0, 512.5, 1.25};
    f->transformers[1] = (struct transformer_facts){120.0, 150.0, 0.5};
    f->transformers[2] = (struct transformer_facts){25.2, 63.0, 0.125};
}

/* main is priced from a verified table, dorm is not priced at all. */
static inline void plant_money(struct slot_facts *f) {
    struct account_facts *a = &f->accounts[0];
    for (size_t p = 0; p < TARIFF_PERIODS; p++)
        a->import_kwh[p] = a->export_kwh[p] = 0.0;
    a->import_kwh[TARIFF_FLAT] = 150.0;
    a->export_kwh[TARIFF_FLAT] = 5.0;
    a->split_known = true;
    a->cost_e8 = 9750500000; /* 97.505: half-up 97.51 */
    a->arbitrage_e8 = -320000000;
    a->arbitrage_known = true;
    a->cost_known = a->cost_verified = true;
    a->price_version = 3;
    a->block_kw = 600.0;
    a->block_at = START;
    a->sliding = (struct demand_peak){616.5, START - 300000};
    a->month_max = (struct demand_peak){3100.5, PEAK_AT};
    a->contract_kw = 3200.0;
    f->accounts[1].block_kw = 20.0;
    f->accounts[1].block_at = START;
}

/* 155 kWh x 0.5897 = 91.4035 kg, x 0.5306 = 82.243 kg; (34 - 5) x 0.5897 = 17.1013 kg. */
static inline void plant_carbon(struct slot_facts *f) {
    struct carbon_facts *c = &f->carbon;
    c->location_kg = 91.4035;
    c->national_kg = 82.243;
    c->market_base_kwh = 155.0;
    c->avoided_pv_kg = 17.1013;
    c->charge_kg = 19.385;
    c->discharge_kg = 3.25;
    c->busbar_kg = 94.5;
    c->busbar_kwh = 195.0;
    c->ess = (struct ess_carbon){.kwh = 120.5, .kg = 62.25, .estimated = true};
    c->factor = (struct factor_used){.id = "province/河南/2023",
                                     .area = "河南",
                                     .series = FACTOR_PROVINCE,
                                     .year = 2023,
                                     .provisional = true,
                                     .kg_per_kwh = 0.5897};
    c->national = (struct factor_used){.id = "national_average/全国/2023",
                                       .area = "全国",
                                       .series = FACTOR_NATIONAL,
                                       .year = 2023,
                                       .kg_per_kwh = 0.5306};
}

/* Nothing known in the slot, nothing in the month. */
static inline void plant_slot(enum slot_period period, ms_t start, ms_t end) {
    facts_init(&plant.facts, &plant.site, period, start, end);
    plant.facts.quality = QUALITY_GOOD;
    plant.facts.cause = CAUSE_NONE;
    plant.source = (struct record_source){.site = &plant.site,
                                          .facts = &plant.facts,
                                          .account = -1,
                                          .clock_state = "synced",
                                          .acknowledged = UINT32_MAX};
}

/* The quarter of an hour from START, with everything. A setup function. */
static inline int a_quarter(void **state) {
    plant_site();
    plant_slot(SLOT_15M, START, END);
    plant.facts.coverage = 0.99995;
    plant.facts.clock_offset_ms = -1.5;
    plant.facts.expected = plant.facts.stored = 9;
    plant_energies(&plant.facts);
    plant_metering(&plant.facts);
    plant_money(&plant.facts);
    plant_carbon(&plant.facts);
    return init_body(state);
}

/* The site's side alone. */
static inline void write_members(void) {
    buf_reset(&body);
    record_site_write(&body, &plant.source, zone_shanghai);
}

/* A whole record. */
static inline void write_record(const struct message_head *h, uint32_t revision,
                                const struct record_device *devices, size_t n) {
    static char members_memory[BODY_MAX];
    struct buf members;

    buf_init(&members, members_memory, sizeof members_memory);
    record_site_write(&members, &plant.source, zone_shanghai);
    assert_true(buf_ok(&members));
    buf_reset(&body);
    record_begin(&body, h, plant.facts.end + 2000, revision, members.data, members.len);
    for (size_t i = 0; i < n; i++)
        record_device_write(&body, &devices[i], CHINA, i == 0);
    record_end(&body, n > 0);
}

#endif
