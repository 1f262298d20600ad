/* Which meter lies: the single change of one device that explains a balance residual best. Pure.
 *
 * residual = sources - feeders over 15-minute energies (site: grid + pv + wind + generator +
 * storage - load_metered). Tried for every feed of the sum: its sign reversed, its energy times a
 * wrong ratio (found by least squares, rounded to a common CT step when near one), and its energy
 * missing (a dead meter: 0 all day, and the residual can be its energy). The best single change is
 * the one that leaves the smallest sum of squared residuals over the day. It is named only when the
 * residual is over the limit, the change leaves less than a quarter of it (a twentieth when its
 * ratio is no common step) and less than half of what the best change of any other device leaves; a
 * dead meter only when no change of another explains it. What cannot be is not tried: a load
 * without sources below, or PV, that reads forward is not reversed. Two meters that would both
 * explain it (one incomer, one feeder) are told apart by nothing: neither is named. Source: domain
 * facts 4 and rule A24; the limits of what counts as an explanation are an engineer's choice. */
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
    int32_t feed; /* site.feeds, SITE_NONE */
    double ratio; /* SUSPECT_RATIO: what the reading should be multiplied by; else NAN */
    double before_kwh, after_kwh; /* RMS residual of a slot without and with the change; NAN
                                     without a slot that is known in full */
};

/* Whether the residual of a node can be computed, and the sign (+1 source side, -1 feeder side, 0
 * not part of it) of each feed in it. node: SITE_NONE for the site's own busbar, else a feed that
 * has children of its own role or load: residual = net(node) - sum of net(children). Returns false
 * when the node has no metered children. ret_sign[site->feed_count]. */
bool residual_signs(const struct site *s, int32_t node, int8_t *ret_sign);

/* The inner nodes of which a residual can be computed, in the order of the feeds; at most cap. */
size_t residual_nodes(const struct site *s, int32_t *ret_feed, size_t cap);

/* net_kwh[slot * feed_count + feed]: forward - reverse of each feed in its role's direction, NAN
 * unknown (slots with one are left out). sign as from residual_signs. No allocation. */
void suspect_find(const struct site *s, const int8_t *sign, const double *net_kwh, size_t slots,
                  struct suspect *ret);

/* Percent of a residual, with its sign: of max(sum of feeders, floor_kwh), floor = 10 % of capacity
 * x hours, NAN: none. NAN when one of the others is unknown or there is nothing to divide by. */
double residual_pct(double residual_kwh, double feeders_kwh, double floor_kwh);

#endif
