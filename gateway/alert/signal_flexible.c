#include "alert/signal_flexible.h"

#include <math.h>

double signal_flexible(double kw, double rated_kw, bool tariff_known, bool sharp) {
    if (!tariff_known || !(rated_kw > 0.0))
        return (double)NAN;
    return sharp ? 100.0 * kw / rated_kw : 0.0;
}
