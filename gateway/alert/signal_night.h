/* Signal of the night's base load, A21: the mean of 00-05 h against the median of the last 14
 * nights before days of the same type. Pure.
 *
 * Source: alert rules of the domain facts, section 6. That seven of the fourteen nights are enough
 * is an engineer's choice. */
#ifndef BUSBAR_ALERT_SIGNAL_NIGHT_H
#define BUSBAR_ALERT_SIGNAL_NIGHT_H

#include <stddef.h>
#include <stdint.h>

#define NIGHT_HOURS   5 /* from local midnight */
#define NIGHTS        14
#define NIGHTS_LEAST  7
#define NIGHT_STEP_KW 20.0
#define NIGHT_GREW    5 /* feeders that are named */

struct night_signal {
    double pct; /* of what is usual, or of (usual + 20 kW) / 1.3 where that is more: above raise_pct
                   it is both 1.3 times as much and 20 kW more. NAN: unknown */
    double usual_kw; /* median; NAN without NIGHTS_LEAST of them */
    double limit_kw; /* what the night was allowed */
};
/* nights_kw: of the nights to compare with, newest first or not, NAN unknown; at most NIGHTS count.
 * raise_pct: the rule's limit (130). */
void signal_night(double night_kw, const double *nights_kw, size_t n, double raise_pct,
                  struct night_signal *ret);

struct night_growth {
    size_t feed; /* index in the arrays */
    double usual_kw, kw;
};
/* The feeders that grew most, at most NIGHT_GREW, the largest first; night_kw, usual_kw: by feeder,
 * NAN unknown or no feeder. A growth below a tenth of NIGHT_STEP_KW is none. Returns the number. */
size_t night_growth(const double *night_kw, const double *usual_kw, size_t n,
                    struct night_growth ret[NIGHT_GREW]);

#endif
