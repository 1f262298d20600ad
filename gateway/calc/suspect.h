/* Which meter lies: the single change of one device that explains a balance residual best. Pure.
 *
 * residual = sources - feeders over 15-minute energies (site: grid + pv + wind + generator +
 * storage - load_metered). Tried for every counted feed: its sign reversed, its energy times a
 * wrong ratio (found by least squares, rounded to a common CT step), and its energy missing (a dead
 * meter: its usual share added). The best single change is the one that leaves the smallest sum of
 * squared residuals over the day; it is named only when it explains most of it and clearly more
 * than the next device does. Source: domain facts 4 and rule A24. */
#ifndef BUSBAR_CALC_SUSPECT_H
#define BUSBAR_CALC_SUSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/site.h"

#define SUSPECT_SLOTS_MAX  100 /* a day of quarters, 25 hours */
#define RESIDUAL_LIMIT_PCT 5.0 /* of a slot: rule A24 */

enum suspect_kind { SUSPECT_NONE, SUSPECT_REVERSED, SUSPECT_RATIO, SUSPECT_DEAD };

struct suspect {
    enum suspect_kind kind;
    int32_t feed;                 /* site.feeds, SITE_NONE */
    double ratio;                 /* SUSPECT_RATIO: what the reading should be multiplied by */
    double before_kwh, after_kwh; /* RMS residual of a slot without and with the change */
};

/* Whether the residual of a node can be computed, and the sign (+1 source side, -1 feeder side, 0
 * not part of it) of each feed in it. node: SITE_NONE for the site's own busbar, else a feed that
 * has children of its own role or load: residual = net(node) - sum of net(children). Returns false
 * when the node has no metered children. ret_sign[site->feed_count]. */
bool residual_signs(const struct site *s, int32_t node, int8_t *ret_sign);

/* net_kwh[slot * feed_count + feed]: forward - reverse of each feed in its role's direction, NAN
 * unknown (slots with one are left out). sign as from residual_signs. No allocation. */
void suspect_find(const struct site *s, const int8_t *sign, const double *net_kwh, size_t slots,
                  struct suspect *ret);

/* Percent of a residual: of max(sum of feeders, floor_kwh), floor = 10 % of capacity x hours. */
double residual_pct(double residual_kwh, double feeders_kwh, double floor_kwh);

#endif
