/* The site as a whole: powers and energies by role from its feeds. Pure.
 *
 * Signs: grid > 0 import, storage > 0 discharge, pv as measured (slightly negative at night).
 * load = grid + pv + wind + generator + storage; load_metered = sum of gross feeders (a feeder's
 * meter plus the signed sources anywhere below it). A role without feeds, or with one of its feeds
 * unusable, is NAN: an unknown is never 0. In load, a role that the site does not have adds
 * nothing; one that it has and that is unknown makes load unknown, as does a site without a grid
 * meter. Feeds with counted = false, ties and batteries are in no sum. */
#ifndef BUSBAR_CALC_BALANCE_H
#define BUSBAR_CALC_BALANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "meter/site.h"

enum site_power {
    SITE_GRID,
    SITE_PV,
    SITE_WIND,
    SITE_GENERATOR,
    SITE_STORAGE,
    SITE_LOAD,
    SITE_LOAD_METERED,
    SITE_POWER_COUNT
};

const char *site_power_str(enum site_power p); /* "grid", "pv", ..., "load_metered" */

/* Which of the powers the site can never have: ret_absent[SITE_POWER_COUNT]. A role is absent
 * without a counted feed; load without a grid meter. */
void balance_absent(const struct site *s, bool *ret_absent);

/* feed_kw[i]: power of site->feeds[i] in the role's own direction, NAN when unusable.
 * Fills ret_kw[SITE_POWER_COUNT]. */
void balance_power(const struct site *s, const double *feed_kw, double *ret_kw);

enum site_energy {
    SITE_E_IMPORT,
    SITE_E_EXPORT,
    SITE_E_NET_IMPORT,
    SITE_E_PV,
    SITE_E_WIND,
    SITE_E_GENERATOR,
    SITE_E_CHARGE,
    SITE_E_DISCHARGE,
    SITE_E_LOAD,
    SITE_E_LOAD_METERED,
    SITE_ENERGY_COUNT
};

const char *site_energy_str(enum site_energy e); /* "import", "export", "net_import", ... */
/* The power whose absence makes this energy absent too: import -> grid, charge -> storage. */
enum site_power site_energy_power(enum site_energy e);

/* forward_kwh[i], reverse_kwh[i]: energies of site->feeds[i] over a slot, NAN when unknown.
 *
 * import and export are sums of the grid meters' own registers, never netted; pv, wind, generator
 * are what the forward registers say; charge and discharge are the storage registers. load =
 * net_import + (forward - reverse) of every source; load_metered = (forward - reverse) of the
 * feeders + (forward - reverse) of the sources below them. Where the profile has no reverse
 * register (feed.reverse = SITE_NONE) and reverse_kwh is NAN, it is taken as 0 in these two sums
 * for pv, wind, generator (their night draw is small) and for a feeder without sources below; for
 * storage, and for a feeder that may flow back, the sum is unknown. */
void balance_energy(const struct site *s, const double *forward_kwh, const double *reverse_kwh,
                    double *ret_kwh);

#endif
