/* The particulars of alerts of accounts, transformers and metering points: in real units, and what
 * could be done. Inside store. */
#ifndef BUSBAR_STORE_ALERT_SUPPLY_NOTES_H
#define BUSBAR_STORE_ALERT_SUPPLY_NOTES_H

#include "store/alert_supply.h"

struct supply_case {
    const struct alert_scene *scene;
    size_t object, account;
    double value;   /* measured, in the unit that the alert shows */
    double full;    /* of which the signal is a percentage: contract, rating; or its standard */
    double shed_kw; /* to be shed; NAN: not known */
    double more;    /* kvar to add (A05), kW to come below (A01) */
    ms_t left_ms;   /* of the block */
};

/* arg: a struct supply_case. */
void note_demand_near(const void *arg, struct alert_change *c);
void note_demand_forecast(const void *arg, struct alert_change *c);
void note_transformer(const void *arg, struct alert_change *c);
void note_power_factor(const void *arg, struct alert_change *c);
void note_measured(const void *arg, struct alert_change *c);
void note_back_feed(const void *arg, struct alert_change *c);

#endif
