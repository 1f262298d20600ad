/* Signals of accounts, transformers and metering points, each second from the live state: A01, A02,
 * A03, A05, A07 to A13. Historian thread; no I/O, no allocation. */
#ifndef BUSBAR_STORE_ALERT_SUPPLY_H
#define BUSBAR_STORE_ALERT_SUPPLY_H

#include "alert/rolling.h"
#include "calc/demand_trend.h"
#include "store/aggregate.h"
#include "store/alerts.h"
#include "store/live_demand.h"
#include "store/tick.h"

/* What rules look at over minutes. */
struct alert_supply {
    struct demand_trend trend[ACCOUNTS_MAX];
    struct {
        struct rolling p_kw, kvar;           /* 15 min; kvar: what is charged */
        struct rolling deviation, unbalance; /* 10 min */
    } point[METERING_POINTS_MAX];
    struct rolling transformer_kva[TRANSFORMERS_MAX]; /* 1 min */
};

/* The site as of a tick. */
struct alert_scene {
    const struct site *site;
    const struct aggregate *aggregate;
    struct live *live;                   /* may be NULL */
    const double *feed_kw;               /* of each feed; NAN: not known now */
    const struct account_demand *demand; /* of each account */
    ms_t at;
};

void alert_supply_init(struct alert_supply *s);
void alert_supply_second(struct alert_supply *s, struct alerts *a, const struct alert_scene *scene);

#endif
