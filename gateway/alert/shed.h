/* Which feeders could give the power that has to be shed: flexible ones first, then by power. Pure.
 */
#ifndef BUSBAR_ALERT_SHED_H
#define BUSBAR_ALERT_SHED_H

#include "meter/site.h"

#define SHED_MAX 6 /* feeders named */

struct shed_list {
    size_t count;
    int32_t feed[SHED_MAX];
    double kw; /* of all that are named */
};

/* Feeders of an account that draw power, until together they give shed_kw. feed_kw[i]: of
 * site->feeds[i], NAN unknown. A feeder below one that is named is not named besides, nor one
 * above. Feeders under no incomer's meter belong to every account. */
void shed_find(const struct site *s, size_t account, const double *feed_kw, double shed_kw,
               struct shed_list *ret);
/* "f3 420 kW (flexible), f1 300 kW"; "" without any. Those that
 * find no room are left out. */
void shed_write(const struct site *s, const double *feed_kw, const struct shed_list *l, bool zh,
                char *out, size_t cap);

#endif
