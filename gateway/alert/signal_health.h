/* Health of a storage device (A20): which of its signs is worst, on one scale. Pure.
 *
 * 100 is a sign at its limit, 5 less is "back": 5 points of SOC, 5 % of a cell spread or
 * temperature, one point of round trip. A fault bit is 160, a temperature of 55 degC 200. */
#ifndef BUSBAR_ALERT_SIGNAL_HEALTH_H
#define BUSBAR_ALERT_SIGNAL_HEALTH_H

#include <stdbool.h>

#define HEALTH_SPREAD_MV    50.0
#define HEALTH_WARM_C       45.0
#define HEALTH_HOT_C        55.0
#define HEALTH_LOST_POINTS  5.0   /* of round trip, below the design */
#define HEALTH_REST_PCT     2.0   /* of the rating: less than it is rest */
#define HEALTH_FAULT        160.0 /* value of a fault bit */
#define HEALTH_TRIP_PERCENT 5.0   /* value of a point of round trip */

enum health_sign {
    HEALTH_SOC_LOW,
    HEALTH_SOC_HIGH,
    HEALTH_SPREAD,
    HEALTH_TEMPERATURE,
    HEALTH_ROUND_TRIP,
    HEALTH_FAULT_BIT,
    HEALTH_SIGNS
};

/* NAN: not known, or not measured by this device. */
struct health_now {
    double soc_pct, soc_min, soc_max; /* limits NAN: 10 and 95 % */
    double spread_mv;                 /* of the cells, when last at rest */
    double temperature_c;             /* the hottest */
    double round_trip_pct, design_pct;
    bool fault_known, fault; /* any bit of any fault word */
};

struct health {
    double value; /* NAN: no sign is known */
    enum health_sign sign;
    double measured, limit; /* of the sign, in its own unit */
    const char *unit;
};

struct health signal_health(const struct health_now *n);

#endif
