#include "meter/site.h"

#include <math.h>

void site_free(struct site *s) {
    if (s)
        arena_free(s->arena); /* the site itself lies in it */
}

ms_t site_alert_watch_ms(const struct site *s) {
    uint32_t days = s->alert_close_after_days;
    return (ms_t)(days > 0 ? days : ALERT_CLOSE_AFTER_DAYS) * 24 * 60 * MS_PER_MIN;
}

void device_ratios(const struct device *d, int32_t day, double *ret_ct, double *ret_pt) {
    *ret_ct = d->ct_ratio;
    *ret_pt = d->pt_ratio;
    for (size_t i = 0; i < d->ratio_count && d->ratios[i].from_day <= day; i++) {
        if (!isnan(d->ratios[i].ct_ratio))
            *ret_ct = d->ratios[i].ct_ratio;
        if (!isnan(d->ratios[i].pt_ratio))
            *ret_pt = d->ratios[i].pt_ratio;
    }
}
