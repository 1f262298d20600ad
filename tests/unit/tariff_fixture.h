/* A small tariff file and its loading, for the tests of the reader. Its lines are referred to by
 * number. */
#ifndef BUSBAR_TESTS_TARIFF_FIXTURE_H
#define BUSBAR_TESTS_TARIFF_FIXTURE_H

#include "config/tariff_load.h"
#include "config_fixture.h"

static const char tariff_base[] =
    "id: t\n"
    "name: Test\n"
    "holidays: [2024-10-01, 2024-10-02]\n"
    "workdays: [2024-09-29, 2024-10-12]\n"
    "versions:\n"
    "  - document: one\n"
    "    source: made up\n"
    "    status: verified\n"
    "    valid_from: 2023-01-01\n"
    "    valid_to: 2024-06-01\n"
    "    ratios: {peak: 1.6, flat: 1, valley: 0.4}\n"
    "    windows:\n"
    "      - {from: \"08:00\", to: \"12:00\", period: peak, priority: 2}\n"
    "      - {from: \"23:00\", to: \"07:30\", period: valley, priority: 3}\n"
    "      - {from: \"00:00\", to: \"24:00\", period: flat, priority: 9}\n"
    "  - document: two\n"
    "    source: made up\n"
    "    status: unverified\n"
    "    valid_from: 2024-06-01\n"
    "    ratios: {peak: 1.7, flat: 1}\n"
    "    ratios_by_month: [{months: [1, 12], ratios: {peak: 1.8, flat: 1, deep: 0.2}}]\n"
    "    windows:\n"
    "      - {months: [1, 12], days: holiday, from: \"12:00\", to: \"14:00\", period: deep, "
    "priority: 1}\n"
    "      - {days: [workday, weekend], from: 17:00, to: 00:00, period: peak, priority: 2}\n"
    "      - {days: any, from: \"00:00\", to: \"24:00\", period: flat, priority: 9}\n"
    "    billing:\n"
    "      status: verified\n"
    "      free_share: 1.05\n"
    "      excess_factor: 2\n"
    "      high_use_kwh_kva: 260\n"
    "      high_use_discount: 0.9\n"
    "      power_factor:\n"
    "        - {standard: 0.90, steps: [[0.95, -0.75], [0.90, 0], [0.65, 15]], below_percent: 2}\n";

struct loaded {
    struct arena *arena;
    struct config_errors e;
    struct load l;
    const struct tariff *t;
    int result;
};

static inline void open_load(struct loaded *w) {
    memset(w, 0, sizeof *w);
    w->arena = arena_new();
    config_errors_init(&w->e);
    w->l = (struct load){
        "/nowhere/site.yaml", TEST_SOURCE_DIR "/config", w->arena, w->arena, &w->e, 1, HASH_START};
}

static inline void load_bytes(struct loaded *w, const char *bytes, size_t n) {
    open_load(w);
    w->result = tariff_from_memory(&w->l, "t.yaml", "t", bytes, n, &w->t);
    messages_sort(&w->e);
}

static inline void close_load(struct loaded *w) {
    config_errors_free(&w->e);
    arena_free(w->arena);
}

#endif
