/* What came of a measure: the supply of 30 days before it against 30 days after, once those are
 * stored. Goes out as the event "measure_compared" and as a step of the alert that has the measure,
 * once for each measure, whatever restarts lie between.
 *
 * Reads a few days a second, so that no commit waits for it. Historian thread. */
#ifndef BUSBAR_STORE_SUPPLY_EFFECT_H
#define BUSBAR_STORE_SUPPLY_EFFECT_H

#include "alert/alert.h"
#include "calc/compare_supply.h"
#include "store/records.h"

struct supply_effect {
    struct records *records;
    ms_t looked;   /* for a measure that is due */
    int64_t alert; /* being compared; 0: none */
    ms_t measured;
    int severity;
    char object[ALERT_OBJECT_MAX];
    struct supply_scope scope;
    struct supply_period periods[2]; /* before, after */
    ms_t next;                       /* what follows is not read yet */
};

/* Inside the writer's transaction, after its blocks. *ret_more: there is work left. */
int supply_effect_run(struct supply_effect *e, ms_t now_ms, bool *ret_more);

#endif
