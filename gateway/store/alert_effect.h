/* What came of the platform's alerts: measured from the stored records when one has ended, and
 * again when the two hours after it are on record; kept in its row and told as the event
 * alert_effect.
 *
 * An alert ends with its valid_until, or before that when it is cleared, refused or closed. Nothing
 * is kept in memory: what is due is found in the table, after a restart too. Inside the writer's
 * transaction, after its blocks; historian thread. */
#ifndef BUSBAR_STORE_ALERT_EFFECT_H
#define BUSBAR_STORE_ALERT_EFFECT_H

#include "store/records.h"

enum effect_state {
    EFFECT_DONE,   /* reported, or nothing to measure */
    EFFECT_OPEN,   /* the alert has not ended, or its end is not reported */
    EFFECT_REBOUND /* ended at effect_end; the rebound is awaited */
};

/* Clears alerts whose time is over, reports what is due, and asks for the next commit while alerts
 * wait. */
int alert_effect_run(struct records *r, ms_t now_ms);

#endif
