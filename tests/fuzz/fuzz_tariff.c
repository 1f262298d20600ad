/* Any bytes as a tariff file. Nothing may crash, hang or leak; a refusal has a message; in a tariff
 * that is accepted every minute of every kind of day has one period with a ratio, and a day of each
 * version can be split. */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "config/tariff_load.h"
#include "harness.h"

static int shanghai(ms_t utc_ms) {
    (void)utc_ms;
    return 8 * 3600;
}

static void check_version(const struct tariff *t, const struct tariff_version *v) {
    struct tariff_hole hole;
    require(v->window_count > 0 && v->from_day < v->to_day);
    require(tariff_check(v, &hole) == ERR_OK);
    for (size_t i = 0; i < v->window_count; i++) {
        const struct tariff_window *w = &v->windows[i];
        require(w->from_min < w->to_min && w->to_min <= 1440 && w->months != 0);
        for (int month = 1; month <= 12; month++) {
            require((w->months >> (month - 1) & 1) == 0 ||
                    !isnan(tariff_ratio(v, month, w->period)));
        }
    }
    double share[TARIFF_PERIODS], sum = 0;
    const ms_t midnight = (ms_t)v->from_day * MS_PER_DAY - 8 * MS_PER_HOUR;
    require(tariff_split(t, midnight, midnight + MS_PER_DAY, shanghai, share));
    for (int i = 0; i < TARIFF_PERIODS; i++) {
        sum += share[i];
    }
    require(fabs(sum - 1) < 1e-9);
    for (size_t i = 0; i < v->billing.pf_table_count; i++) {
        for (int pf = 0; pf < 100; pf++) {
            const struct pf_table *table = &v->billing.pf_tables[i];
            require(pf_adjust_e4(table, pf) >= pf_adjust_e4(table, pf + 1));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct config_errors e;
    struct arena *arena = arena_new();
    const struct tariff *t = NULL;
    config_errors_init(&e);
    struct load l = {NULL, NULL, arena, arena, &e, 0, HASH_START};
    int result = tariff_from_memory(&l, "fuzz.yaml", "t", (const char *)data, size, &t);
    require((result == ERR_OK) == !messages_failed(&e));
    require((result == ERR_OK) == (t != NULL));
    for (size_t i = 0; t != NULL && i < t->version_count; i++) {
        require(i == 0 || t->versions[i - 1].to_day <= t->versions[i].from_day);
        check_version(t, &t->versions[i]);
    }
    arena_free(arena);
    config_errors_free(&e);
    return 0;
}
