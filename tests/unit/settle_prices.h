/* A tariff and a price list for the tests of calc/settle.h. Energy 0.40 x the period's ratio, and
 * 0.02 + 0.15 + 0.03 + 0.05 = 0.25 CNY/kWh besides: sharp (2) 1.05, peak (1.5) 0.85, flat 0.65,
 * valley (0.5) 0.45. */
#ifndef BUSBAR_TESTS_SETTLE_PRICES_H
#define BUSBAR_TESTS_SETTLE_PRICES_H

#include "settle_fixture.h"

#define FEN (CNY / 100)

static const struct tariff_window price_windows[] = {
    {0xfff, DAY_ANY, 0, 480, TARIFF_VALLEY, 2, 1},    /* 00:00 - 08:00 */
    {0xfff, DAY_ANY, 485, 720, TARIFF_PEAK, 2, 2},    /* 08:05 - 12:00 */
    {0xfff, DAY_ANY, 1080, 1140, TARIFF_SHARP, 1, 3}, /* 18:00 - 19:00 */
    {0xfff, DAY_ANY, 0, 1440, TARIFF_FLAT, 9, 4},
};
/* (83)水电财字第215号 for standard 0.90, cut: 0.91 -0.15 %, 0.90 0, then +0.5 % a hundredth. */
static const struct pf_step price_steps[] = {{95, -75}, {91, -15}, {90, 0},   {89, 50},
                                             {88, 100}, {87, 150}, {86, 200}, {85, 250}};
static const struct pf_table price_tables[] = {{90, price_steps, COUNT(price_steps), 50}};

static struct tariff_version price_versions[1];
static struct tariff price_tariff;
static struct price_row price_rows[16];

static inline void list_price(enum price_component c, int64_t fen, int32_t version) {
    size_t n = plant.books.prices.row_count++;
    assert_true(n < COUNT(price_rows));
    price_rows[n] = (struct price_row){LIST_MONTH, c, fen * FEN, version, true};
}

static inline void list_energy_prices(void) {
    list_price(PRICE_ENERGY, 40, 1);
    list_price(PRICE_LOSSES, 2, 1);
    list_price(PRICE_TRANSMISSION, 15, 1);
    list_price(PRICE_SYSTEM_OPERATION, 3, 1);
    list_price(PRICE_FUNDS, 5, 1);
}

/* The plant with a verified tariff and the month's list. A setup function. */
static inline int a_priced_plant(void **state) {
    a_plant(state);
    price_versions[0] = (struct tariff_version){.id = "t",
                                                .verified = true,
                                                .to_day = INT32_MAX,
                                                .windows = price_windows,
                                                .window_count = COUNT(price_windows),
                                                .ratio = {[TARIFF_SHARP] = 2,
                                                          [TARIFF_PEAK] = 1.5,
                                                          [TARIFF_FLAT] = 1,
                                                          [TARIFF_VALLEY] = 0.5,
                                                          [TARIFF_DEEP] = UNKNOWN},
                                                .billing = {.free_share = 1.05,
                                                            .excess_factor = 2,
                                                            .min_contract_share = UNKNOWN,
                                                            .high_use_kwh_kva = 260,
                                                            .high_use_discount = 0.90,
                                                            .pf_tables = price_tables,
                                                            .pf_table_count = COUNT(price_tables),
                                                            .pf_includes_basic = true,
                                                            .verified = true}};
    price_tariff = (struct tariff){.id = "t", .versions = price_versions, .version_count = 1};
    plant.accounts[0].tariff = plant.accounts[1].tariff = &price_tariff;
    plant.books.prices.rows = price_rows;
    list_energy_prices();
    return 0;
}

#endif
