/* The watches of a site: every rule on every object that it applies to. Signals come in with a
 * value; what changes goes into the ledger (store/alert_ledger.h) and out as an event.
 *
 * Where signals come from: store/alert_supply.c (accounts, transformers, metering points),
 * store/alert_devices.c (devices, PV, storage, feeders), store/alert_books.c (what only records of
 * days and months can tell). Historian thread; no allocation after the start. */
#ifndef BUSBAR_STORE_ALERTS_H
#define BUSBAR_STORE_ALERTS_H

#include "alert/objects.h"

struct alerts;
struct core;

struct alert_signal {
    double value; /* in the rule's unit; NAN: unknown, the watch stands still */
    ms_t at;
    /* Called when something happened, before it is put on record: writes the particulars into the
     * notes, and may put value, threshold and unit into better terms. NULL: none. */
    void (*explain)(const void *arg, struct alert_change *change);
    const void *arg;
};

/* Watches for the core's site. old: those of the configuration before, whose state goes on; NULL:
 * none. NULL without memory. */
struct alerts *alerts_new(struct core *c, const struct alerts *old);
void alerts_free(struct alerts *a); /* NULL is fine */
/* What stands, and what was cleared lately, from the ledger of an earlier run. now_ms: the time
 * that its rows ended with. */
int alerts_restore(struct alerts *a, ms_t now_ms);
/* Once a second, before the signals: alerts in the ledger whose rule was switched off or whose
 * object is gone are cleared; after the store was replaced what stands is raised anew. */
void alerts_second(struct alerts *a, ms_t now_ms);

/* object: index of the rule's kind in struct site, or ALERT_OBJECT_SITE (of a rule of the site:
 * always). A rule that is switched off or does not apply to the object takes nothing. */
void alerts_signal(struct alerts *a, enum alert_rule_id rule, size_t object,
                   const struct alert_signal *s);
/* Whether it stands, and its limits, for those who make signals; NULL: it is not watched. */
bool alerts_stands(const struct alerts *a, enum alert_rule_id rule, size_t object);
const struct alert_limits *alerts_limits(const struct alerts *a, enum alert_rule_id rule,
                                         size_t object);

#endif
