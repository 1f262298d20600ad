/* PV without output by day (A16). Pure. */
#ifndef BUSBAR_ALERT_SIGNAL_PV_H
#define BUSBAR_ALERT_SIGNAL_PV_H

#include "alert/watch.h"

#define PV_LIGHT_W_M2 200.0 /* above it a plant must produce */
#define PV_PEERS_RUN_PCT                                                                           \
    10.0 /* so it must while the others are above this, in % of their rating                       \
          */

struct pv_now {
    double kw, rated_kw;
    double irradiance_w_m2; /* NAN: not measured */
    double peers_pct;       /* mean of the other PV plants in % of their rating; NAN: none known */
};

/* Power in % of the rating by light. In the dark: between the limits, so that what stands stays
 * until it has produced. NAN: power, rating or the light is unknown. */
double signal_pv_dead(const struct pv_now *n, const struct alert_limits *l);

#endif
