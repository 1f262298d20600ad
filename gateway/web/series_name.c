#include "web/series_name.h"

#include <string.h>

#include "base/err.h"

/* "<name><tail>" after site. */
static bool is_named(const char *text, const char *name, const char *tail) {
    size_t n = strlen(name);
    return strncmp(text, name, n) == 0 && strcmp(text + n, tail) == 0;
}

static int find_sum(const char *text, struct series_name *ret) {
    *ret = (struct series_name){.is_site = true, .unit = "%", .is_soc = strcmp(text, "soc") == 0};
    if (ret->is_soc)
        return ERR_OK;
    for (size_t i = 0; i < SITE_POWER_COUNT; i++) {
        if (is_named(text, site_power_str((enum site_power)i), ".active_power")) {
            ret->unit = "kW";
            ret->is_power = true;
            ret->index = i;
            return ERR_OK;
        }
    }
    for (size_t i = 0; i < SITE_ENERGY_COUNT; i++) {
        if (is_named(text, site_energy_str((enum site_energy)i), ".energy")) {
            ret->unit = "kWh";
            ret->index = i;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

int series_name_find(const struct site *site, const char *text, struct series_name *ret) {
    struct series_name found;
    int err = ERR_NOT_FOUND;
    for (size_t i = 0; i < site->point_count; i++) {
        const struct site_point *p = &site->points[i];
        if (strcmp(p->id, text) == 0) {
            *ret = (struct series_name){
                .point = p->id, .unit = p->def->unit, .device = site->devices[p->device].id};
            return ERR_OK;
        }
    }
    if (strncmp(text, "site.", 5) == 0)
        err = find_sum(text + 5, &found);
    if (err < 0)
        return err;
    found.point = text;
    *ret = found;
    return ERR_OK;
}
