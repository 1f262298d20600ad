/* The tariff at this minute, for signals that depend on it: period, end of the valley, prices.
 * Historian thread; no I/O. */
#ifndef BUSBAR_STORE_ALERT_MOMENT_H
#define BUSBAR_STORE_ALERT_MOMENT_H

#include "calc/tariff.h"

struct tariff_moment {
    ms_t minute; /* INT64_MIN: none yet */
    bool known;  /* a version of the tariff is valid: the following mean something */
    enum tariff_period period;
    int valley_left;                  /* as in struct storage_now */
    double cny, valley_cny, flat_cny; /* CNY/kWh of the period, all in; NAN: unknown */
};

/* Looks again once a minute. t NULL: no tariff. */
void tariff_moment_at(struct tariff_moment *m, const struct tariff *t, const struct price_book *b,
                      ms_t at);

#endif
