#include "alert/signal_pv.h"

#include <math.h>

double signal_pv_dead(const struct pv_now *n, const struct alert_limits *l) {
    double pct = 100.0 * n->kw / n->rated_kw;
    bool light = n->irradiance_w_m2 > PV_LIGHT_W_M2 || n->peers_pct > PV_PEERS_RUN_PCT;
    if (isnan(pct) || !(n->rated_kw > 0.0) || (isnan(n->irradiance_w_m2) && isnan(n->peers_pct)))
        return (double)NAN;
    return light ? pct : alert_limits_between(l);
}
