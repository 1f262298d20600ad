/* How much capacity is left: transformers, incomers, lines. Pure. */
#ifndef BUSBAR_CALC_HEADROOM_H
#define BUSBAR_CALC_HEADROOM_H

#include <stddef.h>

#include "base/units.h"

struct headroom_slot {
    ms_t start;
    double s_kva; /* mean or maximum of a 15-minute slot; NAN unknown */
};
struct headroom {
    double max_kva;
    ms_t max_at;
    double p95_kva;      /* 95th percentile, linear between ranks */
    double headroom_kva; /* limit - max */
    double load_pct;     /* max / limit x 100 */
    double
        growth_pct_year; /* slope of a least-squares line through daily maxima; NAN below 28 days */
    size_t known;        /* slots that were known */
};
/* slots in order of time. scratch: n doubles. limit_kva NAN: headroom and load NAN.
 *
 * Percentile: the known values sorted to x[0] .. x[m - 1], h = 0.95 (m - 1), x at rank h by a
 * straight line between x[floor(h)] and the next one.
 * Growth: a day is 24 hours counted from the first slot (a local day when that begins at midnight);
 * it counts when 90 % of its 96 slots are known, so that a few hours at an end, or an outage, do
 * not tilt the line. The slope is of 365 days, in percent of the mean of the daily maxima. */
void headroom_of(const struct headroom_slot *slots, size_t n, double limit_kva, double *scratch,
                 struct headroom *ret);
/* N-1: load that the rest must carry when the largest of n transformers fails, in percent of their
 * kVA; NAN with fewer than two, or an unknown load. */
double headroom_n_minus_1_pct(const double *kva, size_t n, double max_load_kva);

/* Losses of a transformer: P0 + beta^2 Pk in W, beta = S / S_rated; and the beta of least losses.
 */
double transformer_loss_w(double p0_w, double pk_w, double s_kva, double rated_kva);
double transformer_best_beta(double p0_w, double pk_w);

#endif
