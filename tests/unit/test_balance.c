/* The site's sums: a works with two incomers, a feeder with PV below it, storage. Signs: grid > 0
 * import, storage > 0 discharge; the expected sums are written out in the comments. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "calc/balance.h"

#define UNKNOWN ((double)NAN)

enum works { GRID1, GRID2, TIE, FEEDER1, FEEDER2, SUB, PV1, PV_STRING, PV2, PCS, BMS, WORKS_COUNT };

/* Feeder 2 carries the sub-feeder (detail of it), PV 1 hangs below the sub-feeder. PV 2 and the PCS
 * are on the busbar. A string of PV 1 is detail of it. */
static void works_init(struct feed *feeds, struct site *s) {
    static const struct {
        enum role role;
        int32_t parent;
        bool counted;
    } rows[WORKS_COUNT] = {
        [GRID1] = {ROLE_GRID, SITE_NONE, true}, [GRID2] = {ROLE_GRID, SITE_NONE, true},
        [TIE] = {ROLE_TIE, SITE_NONE, true},    [FEEDER1] = {ROLE_LOAD, GRID1, true},
        [FEEDER2] = {ROLE_LOAD, GRID1, true},   [SUB] = {ROLE_LOAD, FEEDER2, false},
        [PV1] = {ROLE_PV, SUB, true},           [PV_STRING] = {ROLE_PV, PV1, false},
        [PV2] = {ROLE_PV, SITE_NONE, true},     [PCS] = {ROLE_STORAGE, SITE_NONE, true},
        [BMS] = {ROLE_BATTERY, PCS, true},
    };
    for (size_t i = 0; i < WORKS_COUNT; i++) {
        feeds[i] = (struct feed){.id = "feed",
                                 .role = rows[i].role,
                                 .parent = rows[i].parent,
                                 .counted = rows[i].counted,
                                 .forward = 0,
                                 .reverse = 0,
                                 .reactive_quadrant = {SITE_NONE, SITE_NONE, SITE_NONE, SITE_NONE},
                                 .reactive_import = SITE_NONE,
                                 .reactive_export = SITE_NONE,
                                 .reactive_power = SITE_NONE};
    }
    *s = (struct site){.feeds = feeds, .feed_count = WORKS_COUNT};
}

static void assert_near(double got, double want) {
    if (!(fabs(got - want) < 1e-9))
        print_error("got %g, want %g\n", got, want);
    assert_true(fabs(got - want) < 1e-9);
}

static const double works_kw[WORKS_COUNT] = {
    [GRID1] = 500.0,    [GRID2] = 100.0, [TIE] = 77.0,   [FEEDER1] = 300.0,
    [FEEDER2] = -20.0,  [SUB] = -30.0,   [PV1] = 120.0,  [PV2] = -0.5,
    [PV_STRING] = 60.0, [PCS] = -150.0,  [BMS] = -149.0,
};

/* grid 500 + 100 = 600; pv 120 - 0.5 = 119.5; storage -150; load 600 + 119.5 - 150 = 569.5;
 * load_metered 300 + (-20 + 120) = 400: feeder 2 flows back and is 100 gross. */
static void powers_of_the_works(void **state) {
    (void)state;
    struct feed feeds[WORKS_COUNT];
    struct site s;
    double kw[SITE_POWER_COUNT];

    works_init(feeds, &s);
    balance_power(&s, works_kw, kw);
    assert_near(kw[SITE_GRID], 600.0);
    assert_near(kw[SITE_PV], 119.5);
    assert_near(kw[SITE_STORAGE], -150.0);
    assert_near(kw[SITE_LOAD], 569.5);
    assert_near(kw[SITE_LOAD_METERED], 400.0);
    assert_true(isnan(kw[SITE_WIND]) && isnan(kw[SITE_GENERATOR]));
}

/* Which sums one unknown feed spoils: its role, load for grid and sources, load_metered for feeders
 * and for what hangs below them; nothing for ties, batteries and detail. */
static void an_unknown_feed_spoils_its_own_sums_only(void **state) {
    (void)state;
    enum {
        G = 1 << SITE_GRID,
        P = 1 << SITE_PV,
        S = 1 << SITE_STORAGE,
        L = 1 << SITE_LOAD,
        M = 1 << SITE_LOAD_METERED
    };
    static const unsigned spoils[WORKS_COUNT] = {
        [GRID1] = G | L,   [GRID2] = G | L, [TIE] = 0,     [FEEDER1] = M, [FEEDER2] = M, [SUB] = 0,
        [PV1] = P | L | M, [PV_STRING] = 0, [PV2] = P | L, [PCS] = S | L, [BMS] = 0,
    };
    for (size_t i = 0; i < WORKS_COUNT; i++) {
        struct feed feeds[WORKS_COUNT];
        struct site s;
        double in[WORKS_COUNT], kw[SITE_POWER_COUNT];
        unsigned unknown = 0;

        works_init(feeds, &s);
        memcpy(in, works_kw, sizeof in);
        in[i] = UNKNOWN;
        balance_power(&s, in, kw);
        for (unsigned p = 0; p < SITE_POWER_COUNT; p++) {
            if (p != SITE_WIND && p != SITE_GENERATOR)
                unknown |= (unsigned)isnan(kw[p]) << p;
        }
        assert_int_equal(unknown, spoils[i]);
    }
}

static void site_without_grid_meter_has_no_load(void **state) {
    (void)state;
    struct feed feeds[WORKS_COUNT];
    struct site s;
    double kw[SITE_POWER_COUNT];
    bool absent[SITE_POWER_COUNT];

    works_init(feeds, &s);
    feeds[GRID1].counted = feeds[GRID2].counted = false;
    balance_power(&s, works_kw, kw);
    assert_true(isnan(kw[SITE_GRID]) && isnan(kw[SITE_LOAD]));
    assert_near(kw[SITE_PV], 119.5);
    balance_absent(&s, absent);
    assert_true(absent[SITE_GRID] && absent[SITE_LOAD]);
}

static void absent_are_the_roles_without_a_counted_feed(void **state) {
    (void)state;
    static const bool want[SITE_POWER_COUNT] = {[SITE_WIND] = true, [SITE_GENERATOR] = true};
    struct feed feeds[WORKS_COUNT];
    struct site s;
    bool absent[SITE_POWER_COUNT];

    works_init(feeds, &s);
    balance_absent(&s, absent);
    assert_memory_equal(absent, want, sizeof want);
    s.feed_count = 0;
    balance_absent(&s, absent);
    for (size_t p = 0; p < SITE_POWER_COUNT; p++)
        assert_true(absent[p]);
}

/* Wind and a generator add to the load like PV: 10 + 40 + 200 = 250. */
static void wind_and_generator_are_sources(void **state) {
    (void)state;
    struct feed feeds[] = {
        {.role = ROLE_GRID, .parent = SITE_NONE, .counted = true},
        {.role = ROLE_WIND, .parent = SITE_NONE, .counted = true},
        {.role = ROLE_GENERATOR, .parent = SITE_NONE, .counted = true},
    };
    struct site s = {.feeds = feeds, .feed_count = 3};
    const double in[] = {10.0, 40.0, 200.0}, reverse[] = {1.0, 2.0, 3.0};
    double kw[SITE_POWER_COUNT], kwh[SITE_ENERGY_COUNT];

    balance_power(&s, in, kw);
    assert_near(kw[SITE_LOAD], 250.0);
    balance_energy(&s, in, reverse, kwh);
    assert_near(kwh[SITE_E_WIND], 40.0);
    assert_near(kwh[SITE_E_GENERATOR], 200.0);
    assert_near(kwh[SITE_E_LOAD], (10.0 - 1.0) + (40.0 - 2.0) + (200.0 - 3.0));
}

/* One row a feed: forward, reverse. */
static const double works_forward[WORKS_COUNT] = {
    [GRID1] = 130.0, [GRID2] = 25.0, [TIE] = 9.0,  [FEEDER1] = 75.0,
    [FEEDER2] = 2.0, [SUB] = 1.0,    [PV1] = 30.0, [PV_STRING] = 15.0,
    [PV2] = 4.0,     [PCS] = 6.0,    [BMS] = 6.2,
};
static const double works_reverse[WORKS_COUNT] = {
    [GRID1] = 5.0, [GRID2] = 0.0,     [TIE] = 9.0,  [FEEDER1] = 0.0, [FEEDER2] = 7.0, [SUB] = 8.0,
    [PV1] = 0.0,   [PV_STRING] = 0.0, [PV2] = 0.25, [PCS] = 40.0,    [BMS] = 39.0,
};

/* import 130 + 25 = 155; export 5 + 0 = 5; net 150; pv 30 + 4 = 34; charge 40, discharge 6;
 * load 150 + (30 - 0) + (4 - 0.25) + (6 - 40) = 149.75;
 * load_metered (75 - 0) + (2 - 7) + (30 - 0) = 100. */
static void energies_of_the_works(void **state) {
    (void)state;
    struct feed feeds[WORKS_COUNT];
    struct site s;
    double kwh[SITE_ENERGY_COUNT];

    works_init(feeds, &s);
    balance_energy(&s, works_forward, works_reverse, kwh);
    assert_near(kwh[SITE_E_IMPORT], 155.0);
    assert_near(kwh[SITE_E_EXPORT], 5.0);
    assert_near(kwh[SITE_E_NET_IMPORT], 150.0);
    assert_near(kwh[SITE_E_PV], 34.0);
    assert_near(kwh[SITE_E_CHARGE], 40.0);
    assert_near(kwh[SITE_E_DISCHARGE], 6.0);
    assert_near(kwh[SITE_E_LOAD], 149.75);
    assert_near(kwh[SITE_E_LOAD_METERED], 100.0);
    assert_true(isnan(kwh[SITE_E_WIND]) && isnan(kwh[SITE_E_GENERATOR]));
}

/* The energies of the works when feed i has no reverse register (and so no reverse energy). */
static void without_reverse(size_t i, double *ret_kwh) {
    struct feed feeds[WORKS_COUNT];
    struct site s;
    double reverse[WORKS_COUNT];

    works_init(feeds, &s);
    memcpy(reverse, works_reverse, sizeof reverse);
    feeds[i].reverse = SITE_NONE;
    reverse[i] = UNKNOWN;
    balance_energy(&s, works_forward, reverse, ret_kwh);
}

static void missing_reverse_register(void **state) {
    (void)state;
    double kwh[SITE_ENERGY_COUNT];

    without_reverse(PV2, kwh); /* night draw taken as 0: 149.75 + 0.25 */
    assert_near(kwh[SITE_E_LOAD], 150.0);
    without_reverse(PV1, kwh);
    assert_near(kwh[SITE_E_LOAD], 149.75);
    assert_near(kwh[SITE_E_LOAD_METERED], 100.0);
    without_reverse(FEEDER1, kwh); /* cannot flow back */
    assert_near(kwh[SITE_E_LOAD_METERED], 100.0);
    without_reverse(FEEDER2, kwh); /* flows back, and nobody knows how much */
    assert_true(isnan(kwh[SITE_E_LOAD_METERED]));
    without_reverse(PCS, kwh); /* charging is never small */
    assert_true(isnan(kwh[SITE_E_CHARGE]) && isnan(kwh[SITE_E_LOAD]));
    assert_near(kwh[SITE_E_DISCHARGE], 6.0);
    without_reverse(GRID1, kwh);
    assert_true(isnan(kwh[SITE_E_EXPORT]) && isnan(kwh[SITE_E_NET_IMPORT]));
    assert_near(kwh[SITE_E_IMPORT], 155.0);
}

/* Without a register but known from power (0.25 of night draw), it counts. */
static void reverse_energy_without_register_counts(void **state) {
    (void)state;
    struct feed feeds[WORKS_COUNT];
    struct site s;
    double kwh[SITE_ENERGY_COUNT];

    works_init(feeds, &s);
    for (size_t i = 0; i < WORKS_COUNT; i++)
        feeds[i].reverse = SITE_NONE;
    balance_energy(&s, works_forward, works_reverse, kwh);
    assert_near(kwh[SITE_E_LOAD], 149.75);
    assert_near(kwh[SITE_E_LOAD_METERED], 100.0);
    assert_near(kwh[SITE_E_CHARGE], 40.0);
}

/* A reverse register that exists and was not read is unknown, not 0. */
static void unread_reverse_register_is_unknown(void **state) {
    (void)state;
    struct feed feeds[WORKS_COUNT];
    struct site s;
    double reverse[WORKS_COUNT], kwh[SITE_ENERGY_COUNT];

    works_init(feeds, &s);
    memcpy(reverse, works_reverse, sizeof reverse);
    reverse[PV1] = UNKNOWN;
    balance_energy(&s, works_forward, reverse, kwh);
    assert_true(isnan(kwh[SITE_E_LOAD]) && isnan(kwh[SITE_E_LOAD_METERED]));
    assert_near(kwh[SITE_E_PV], 34.0);
}

static void names_are_those_of_the_contract(void **state) {
    (void)state;
    static const char *const powers[] = {"grid",    "pv",   "wind",        "generator",
                                         "storage", "load", "load_metered"};
    static const char *const energies[] = {"import", "export",      "net_import", "pv",
                                           "wind",   "generator",   "charge",     "discharge",
                                           "load",   "load_metered"};
    for (unsigned p = 0; p < SITE_POWER_COUNT; p++)
        assert_string_equal(site_power_str((enum site_power)p), powers[p]);
    for (unsigned e = 0; e < SITE_ENERGY_COUNT; e++)
        assert_string_equal(site_energy_str((enum site_energy)e), energies[e]);
    assert_int_equal(site_energy_power(SITE_E_EXPORT), SITE_GRID);
    assert_int_equal(site_energy_power(SITE_E_CHARGE), SITE_STORAGE);
    assert_int_equal(site_energy_power(SITE_E_LOAD_METERED), SITE_LOAD_METERED);
    assert_int_equal(site_energy_power(SITE_ENERGY_COUNT), SITE_POWER_COUNT);
    assert_string_equal(site_power_str(SITE_POWER_COUNT), "unknown");
    assert_string_equal(site_energy_str(SITE_ENERGY_COUNT), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_of_the_works),
        cmocka_unit_test(an_unknown_feed_spoils_its_own_sums_only),
        cmocka_unit_test(site_without_grid_meter_has_no_load),
        cmocka_unit_test(absent_are_the_roles_without_a_counted_feed),
        cmocka_unit_test(wind_and_generator_are_sources),
        cmocka_unit_test(energies_of_the_works),
        cmocka_unit_test(missing_reverse_register),
        cmocka_unit_test(reverse_energy_without_register_counts),
        cmocka_unit_test(unread_reverse_register_is_unknown),
        cmocka_unit_test(names_are_those_of_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
