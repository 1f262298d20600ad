/* Voltage of a point of supply as a buyer of electricity sees it: nominal, limits of the deviation,
 * sags and interruptions. Pure. An unknown is NAN.
 *
 * Limits of the deviation: GB/T 12325. Thresholds of a sag (90 %) and of an interruption (10 %) of
 * the nominal voltage: EN 50160, GB/T 30137. A voltage that came down ends its sag 2 % above the
 * threshold, so that one at the edge does not make many. */
#ifndef BUSBAR_CALC_SUPPLY_DIP_H
#define BUSBAR_CALC_SUPPLY_DIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

#define SAG_PCT            90.0
#define INTERRUPTION_PCT   10.0
#define DIP_HYSTERESIS_PCT 2.0
#define DIP_CHANNELS       3

/* The standard voltage (V) within 20 % of u, of line voltages (380, 660, 6000, 10000, ...) or of
 * phase voltages (220, 381, 3464, 5774, ...); NAN when there is none. */
double supply_nominal(double u, bool line);

struct voltage_limits {
    double low_pct, high_pct; /* of the deviation, inclusive */
};
/* 220 V +7/-10 %, to 20 kV +-7 %, above it +-10 %: there the standard limits the sum of both
 * deviations to 10 %, so that one alone beyond it is surely too much. */
struct voltage_limits voltage_limits_of(double nominal_v, bool line);
bool voltage_within(const struct voltage_limits *l, double deviation_pct);

enum dip_kind { DIP_SAG, DIP_INTERRUPTION };
const char *dip_event_str(enum dip_kind k); /* "supply_sag", "supply_interruption" */

/* One has begun, or has ended. */
struct dip_change {
    enum dip_kind kind;
    bool ended;
    ms_t begin, end;   /* times of the first reading below, and of the first one above; end 0 */
    double lowest_pct; /* of nominal, of any voltage: so far, or of all its time */
    /* How far its edges may lie from the truth: the longer of the times between the readings on
     * both sides of them. */
    ms_t resolution_ms;
    bool begin_unseen; /* it was there already at the first reading */
};

struct dip_watch {
    bool lasts;
    ms_t last; /* of the last reading that told something; INT64_MIN: none */
    struct dip_change now;
};

void dip_init(struct dip_watch *w);
/* One that an earlier run saw begin goes on. */
void dip_restore(struct dip_watch *w, const struct dip_change *now);
/* The voltages of one reading in percent of nominal, n <= DIP_CHANNELS of them. A sag is when one
 * known voltage is below its threshold; an interruption when all n are known and below theirs. A
 * sag that comes to an interruption ends there, and may begin again after it. Nothing known:
 * nothing happens, and what lasts lasts. Returns how many changes ret got, an end before a begin.
 */
size_t dip_take(struct dip_watch *w, const double *pct, size_t n, ms_t t, struct dip_change ret[2]);
/* The clock was stepped by that much. */
void dip_shift(struct dip_watch *w, ms_t by);

#endif
