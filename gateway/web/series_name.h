/* What a history can be asked for: a device's point by its id, or a sum of the site:
 * site.<role>.active_power, site.<energy>.energy with the names of a record's power_kw and
 * energy_kwh, site.soc. No I/O. */
#ifndef BUSBAR_WEB_SERIES_NAME_H
#define BUSBAR_WEB_SERIES_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "calc/balance.h"
#include "meter/site.h"

struct series_name {
    const char *point; /* its id; of a site's sum as it was asked for */
    const char *unit;
    const char *device; /* of a point */
    bool is_site, is_power, is_soc;
    size_t index; /* enum of the power or energy */
};

/* ERR_NOT_FOUND. text must outlive ret. */
int series_name_find(const struct site *site, const char *text, struct series_name *ret);

#endif
