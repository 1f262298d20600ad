/* Latest values in memory: the historian writes, publish and web read. Guarded by one mutex held
 * for a copy only. */
#ifndef BUSBAR_STORE_LIVE_H
#define BUSBAR_STORE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sample.h"
#include "calc/balance.h"
#include "format/record.h"
#include "meter/site.h"

struct live;

/* The site at its last tick. */
struct live_site {
    ms_t utc_ms; /* of the tick; 0 before the first */
    double power_kw[SITE_POWER_COUNT];
    double soc_pct;
    double demand_kw, demand_forecast_kw; /* sliding 15 min; at the end of the block; NAN */
    double demand_shed_kw; /* power to shed now so that the block holds the contract; NAN */
    double contract_kw;    /* of all accounts; NAN */
    double carbon_kg_h;    /* of the import; NAN without a factor */
    enum quality quality;
    uint32_t devices_online, devices_total;
};

/* A device's own clock when it was last read. */
struct live_clock {
    ms_t at;         /* 0: never */
    double offset_s; /* ahead of the gateway's; NAN: it showed no time */
};

struct live *live_new(size_t point_count); /* NULL without memory */
void live_free(struct live *l);
int live_resize(struct live *l, size_t point_count); /* after a reload: all points missing */

void live_put_samples(struct live *l, const struct sample *samples, size_t n);
void live_put_site(struct live *l, const struct live_site *s);

/* By number of the device in the site; kept until the next live_resize. */
void live_put_clock(struct live *l, size_t device, const struct live_clock *clock);
bool live_get_clock(struct live *l, size_t device, struct live_clock *ret); /* false: never read */

/* Latest sample of a point; false when the index is out of range or it was never read. */
bool live_get(struct live *l, size_t point, struct sample *ret);
void live_get_site(struct live *l, struct live_site *ret);

/* What is told of it, on MQTT and over HTTP alike. */
void live_site_body(const struct live_site *l, const struct site *site, struct live_body *ret);

#endif
