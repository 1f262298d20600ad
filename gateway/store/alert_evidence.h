/* Which records show the time before an alert: their seqs in the outbox. */
#ifndef BUSBAR_STORE_ALERT_EVIDENCE_H
#define BUSBAR_STORE_ALERT_EVIDENCE_H

#include "alert/entry.h"
#include "store/writer.h"

/* The newest minute and the newest quarter of an hour that ended by that time, all parts of each,
 * into the step. What has no record or has left the outbox is left out. */
int alert_evidence_find(struct writer *w, ms_t at, struct alert_entry_step *step);

#endif
