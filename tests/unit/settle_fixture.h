/* A works for the tests of calc/settle.h: two incomers, a feeder, PV, a storage; gas, oil, a
 * product and a generator that a test may count. Feed i has device i and counter point i. */
#ifndef BUSBAR_TESTS_SETTLE_FIXTURE_H
#define BUSBAR_TESTS_SETTLE_FIXTURE_H

#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "calc/settle.h"
#include "zones.h"

#define UNKNOWN     ((double)NAN)
#define QUARTER     (15 * MS_PER_MIN)
#define CNY         ((int64_t)PRICE_UNIT)
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define LIST_MONTH  (2026 * 12 + 10) /* November 2026, as in struct price_row */
#define MIDNIGHT    local_midnight(civil_day(2026, 11, 23), zone_shanghai)
#define AT(h, m)    (MIDNIGHT + ((h)*60 + (m)) * MS_PER_MIN)

#define assert_near(got, want) assert_near_at(got, want, __FILE__, __LINE__)
static inline void assert_near_at(double got, double want, const char *file, int line) {
    if (isnan(want) ? !isnan(got) : !(fabs(got - want) < 1e-9)) {
        print_error("got %.12g, want %.12g\n", got, want);
        _fail(file, line);
    }
}

enum { GRID1, GRID2, LOAD1, PV1, ESS1, GAS1, GAS2, OIL1, OUT1, GEN1, FEEDS };

struct plant {
    struct point_def defs[FEEDS];
    struct site_point points[FEEDS];
    struct device devices[FEEDS];
    struct feed feeds[FEEDS];
    struct metering_point metering[2];
    struct account accounts[2];
    struct transformer transformers[2];
    struct site site;
    struct feed_facts energies[FEEDS];
    struct supply_facts supply[2], own[2];
    struct demand_peak sliding[2];
    int32_t nodes[2];
    size_t node_count;
    struct virtual_term terms[2];
    struct virtual_def virtuals[1];
    bool covered[FEEDS];
    double scratch[2][FEEDS];
    struct slot_facts facts;
    struct books books;
};
static struct plant plant;

static inline void plant_feeds(void) {
    static const enum role roles[] = {ROLE_GRID, ROLE_GRID, ROLE_LOAD, ROLE_PV,     ROLE_STORAGE,
                                      ROLE_GAS,  ROLE_GAS,  ROLE_FUEL, ROLE_OUTPUT, ROLE_GENERATOR};
    static const char *const units[] = {"kWh", "kWh", "kWh", "kWh", "kWh",
                                        "Nm3", "Nm3", "L",   "t",   "kWh"};
    for (int i = 0; i < FEEDS; i++) {
        plant.defs[i] = (struct point_def){.unit = units[i]};
        plant.points[i] = (struct site_point){.device = i, .def = &plant.defs[i]};
        plant.devices[i] = (struct device){
            .enabled = true, .counted = true, .claimed = true, .capacity_kwh = UNKNOWN};
        plant.feeds[i] = (struct feed){.role = roles[i],
                                       .device = i,
                                       .parent = SITE_NONE,
                                       .forward = i,
                                       .reverse = SITE_NONE,
                                       .counted = i <= ESS1};
        plant.energies[i] = (struct feed_facts){.kwh = {UNKNOWN, UNKNOWN},
                                                .kvarh = {UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN},
                                                .avg_kw = UNKNOWN,
                                                .coverage = 1.0};
    }
    plant.feeds[GRID1].reverse = plant.feeds[GRID2].reverse = plant.feeds[ESS1].reverse = 0;
    plant.devices[ESS1].capacity_kwh = 200.0;
}

/* One account with both incomers and two transformers, 1000 and 600 kVA. */
static inline void plant_accounts(void) {
    plant.accounts[0] = (struct account){.id = "main",
                                         .combination = DEMAND_SUM_OF_MAXIMA,
                                         .pf_standard = 0.90,
                                         .pf_quadrants = 1 | 8,
                                         .billing_day = 1,
                                         .capacity_kva = 1600.0};
    plant.accounts[1] = plant.accounts[0];
    for (int i = 0; i < 2; i++) {
        plant.metering[i] = (struct metering_point){.feed = i, .check_feed = SITE_NONE};
        plant.transformers[i] = (struct transformer){
            .kva = i == 0 ? 1000.0 : 600.0, .p0_w = 1000.0, .pk_w = 10000.0, .feed = SITE_NONE};
        plant.supply[i].s_kva = plant.own[i].s_kva =
            (struct range_stat){UNKNOWN, UNKNOWN, UNKNOWN, 0};
        demand_peak_init(&plant.sliding[i]);
    }
    plant.site = (struct site){.devices = plant.devices,
                               .device_count = FEEDS,
                               .points = plant.points,
                               .point_count = FEEDS,
                               .feeds = plant.feeds,
                               .feed_count = FEEDS,
                               .accounts = plant.accounts,
                               .account_count = 1,
                               .metering_points = plant.metering,
                               .metering_point_count = 2,
                               .transformers = plant.transformers,
                               .transformer_count = 2,
                               .transformer_kva = 1600.0};
}

static inline void plant_slot(enum slot_period p, ms_t start, ms_t end) {
    facts_init(&plant.facts, &plant.site, p, start, end);
}

/* Nothing known yet of the quarter from 08:00. A setup function. */
static inline int a_plant(void **state) {
    (void)state;
    memset(&plant, 0, sizeof plant);
    plant_feeds();
    plant_accounts();
    plant_slot(SLOT_15M, AT(8, 0), AT(8, 15));
    return 0;
}

static inline void set_energy(int feed, double forward, double reverse) {
    plant.energies[feed].kwh[0] = forward;
    plant.energies[feed].kwh[1] = reverse;
}

/* Counts a feed that the plant leaves out, or the reverse; then the slot begins anew. */
static inline void count_feed(int feed, bool counted) {
    plant.feeds[feed].counted = counted;
    plant_slot(plant.facts.period, plant.facts.start, plant.facts.end);
}

static inline void settle_the_energy(void) {
    const struct settle_input in = {.site = &plant.site,
                                    .feeds = plant.energies,
                                    .supply = plant.supply,
                                    .transformer_supply = plant.own,
                                    .sliding = plant.sliding,
                                    .nodes = plant.nodes,
                                    .node_count = plant.node_count,
                                    .device_covered = plant.covered,
                                    .scratch = {plant.scratch[0], plant.scratch[1]},
                                    .zone = zone_shanghai};
    settle_energy(&in, &plant.facts);
}

#endif
