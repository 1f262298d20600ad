/* A feeder that could run at another time (A28). Pure. */
#ifndef BUSBAR_ALERT_SIGNAL_FLEXIBLE_H
#define BUSBAR_ALERT_SIGNAL_FLEXIBLE_H

#include <stdbool.h>

/* Power in % of the rating in a sharp period, else 0; NAN: power, rating or period is unknown. */
double signal_flexible(double kw, double rated_kw, bool tariff_known, bool sharp);

#endif
