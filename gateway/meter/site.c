#include "meter/site.h"

#include <math.h>

void site_free(struct site *s) {
    if (s)
        arena_free(s->arena); /* the site itself lies in it */
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
