/* The ledger of alerts (台账): one row an alert, one row a step of it.
 *
 * A step and its event are written in the same transaction. A change of an alert that stands is
 * folded into its row; a raise of one that stands already is none. Historian thread, or a tool that
 * holds the store's lock. */
#ifndef BUSBAR_STORE_ALERT_LEDGER_H
#define BUSBAR_STORE_ALERT_LEDGER_H

#include "alert/alert.h"
#include "store/writer.h"

/* What officers have done with an alert; of the row. */
enum alert_handling { HANDLING_OPEN, HANDLING_ACKNOWLEDGED, HANDLING_REFUSED, HANDLING_CLOSED };

/* Inside a transaction. */
int alert_ledger_write(struct writer *w, const struct alert_change *c, ms_t now_ms);

#endif
