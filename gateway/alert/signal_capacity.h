/* Signals of how well the capacity of transformers is used: A04 (too little load on one), A29 (the
 * account would pay less the other way). Pure.
 *
 * Source: alert rules of the domain facts, section 6. That nine tenths of the time must be known is
 * an engineer's choice. */
#ifndef BUSBAR_ALERT_SIGNAL_CAPACITY_H
#define BUSBAR_ALERT_SIGNAL_CAPACITY_H

#include "calc/billing.h"
#include "calc/facts.h"

#define CAPACITY_DAYS   7
#define CAPACITY_KNOWN  0.9 /* share of the time that has to be known */
#define CAPACITY_MONTHS 3

/* Mean apparent power of a transformer over the days that were merged into week, in % of its kVA;
 * NAN when less than CAPACITY_KNOWN of the week is known. */
double signal_transformer_load_pct(const struct slot_facts *week, size_t transformer, double kva);

/* Dm / S_N against price_kVA / price_kW: what the basic charge by Dm would cost less than that by
 * S_N, in % of it; below 0 it costs more. NAN when something is unknown. */
double signal_demand_saving_pct(const struct advice_month *m, double capacity_kva);
/* What the account would have saved the other way in each of CAPACITY_MONTHS months at least, in %
 * of what it pays its present way; below 0: in one of them nothing. NAN when one is unknown. */
double signal_billing_mode_pct(enum billing present, double capacity_kva,
                               const struct advice_month months[CAPACITY_MONTHS]);

#endif
