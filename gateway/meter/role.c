#include <string.h>

#include "meter/site.h"

static const char roles[ROLE_COUNT][16] = {
    [ROLE_GRID] = "grid",
    [ROLE_TIE] = "tie",
    [ROLE_PV] = "pv",
    [ROLE_WIND] = "wind",
    [ROLE_GENERATOR] = "generator",
    [ROLE_STORAGE] = "storage",
    [ROLE_BATTERY] = "battery",
    [ROLE_LOAD] = "load",
    [ROLE_ENVIRONMENT] = "environment",
    [ROLE_FUEL] = "fuel",
    [ROLE_GAS] = "gas",
    [ROLE_HEAT] = "heat",
    [ROLE_WATER] = "water",
    [ROLE_STEAM] = "steam",
    [ROLE_OUTPUT] = "output",
};

const char *role_str(enum role r) {
    return (unsigned)r < ROLE_COUNT ? roles[r] : "";
}

bool role_parse(const char *name, enum role *ret) {
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (strcmp(name, roles[i]) == 0) {
            *ret = (enum role)i;
            return true;
        }
    }
    return false;
}

bool role_is_source(enum role r) {
    return r == ROLE_PV || r == ROLE_WIND || r == ROLE_GENERATOR || r == ROLE_STORAGE;
}
