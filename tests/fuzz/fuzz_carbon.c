/* Any bytes as a carbon file. Nothing may crash, hang or leak; a refusal has a message; in a book
 * that is accepted no two factors compete, and every choice keeps to series, area, year and day. */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "config/carbon_load.h"
#include "harness.h"

static void check_choice(const struct carbon_book *b, enum factor_series s, int year, int32_t day) {
    struct factor_choice c = carbon_factor(b, s, year, day);
    char id[64];
    if (c.factor == NULL) {
        require(!c.provisional);
        return;
    }
    require(c.factor->series == s && c.factor->year <= year);
    require(c.factor->from_day <= day && day < c.factor->to_day);
    require(c.provisional == (c.factor->year < year));
    require(c.factor->kg_per_kwh >= 0 && c.factor->kg_per_kwh <= 2);
    carbon_factor_id(c.factor, id, sizeof id);
    require(strchr(id, '/') != NULL &&
            strlen(strrchr(id, '/')) == 5); /* whole: it ends in a year */
}

static void check_book(const struct carbon_book *b) {
    static const int32_t days[] = {INT32_MIN, 0, 20084, 20468, INT32_MAX - 1};
    size_t first, second;
    require(b->id != NULL && b->province != NULL && b->country != NULL);
    require(!carbon_overlap(b, &first, &second));
    for (int s = 0; s < FACTOR_SERIES_COUNT; s++) {
        for (size_t d = 0; d < sizeof days / sizeof days[0]; d++) {
            check_choice(b, (enum factor_series)s, 2022, days[d]);
            check_choice(b, (enum factor_series)s, 2100, days[d]);
        }
    }
    for (size_t i = 0; i < b->fuel_count; i++) {
        double kg = carbon_fuel_kg(b, b->fuels[i].kind, b->fuels[i].unit, 1);
        require(isfinite(kg) && kg >= 0 && kg == b->fuels[i].kg_per_unit);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct config_errors e;
    struct arena *arena = arena_new();
    const struct carbon_book *book = NULL;
    config_errors_init(&e);
    struct load l = {NULL, NULL, arena, arena, &e, 0, HASH_START};
    int result = carbon_from_memory(&l, "fuzz.yaml", "fuzz", (const char *)data, size, &book);
    require((result == ERR_OK) == !messages_failed(&e));
    require((result == ERR_OK) == (book != NULL));
    if (book != NULL) {
        check_book(book);
    }
    arena_free(arena);
    config_errors_free(&e);
    return 0;
}
