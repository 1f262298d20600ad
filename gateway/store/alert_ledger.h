/* The ledger of alerts (台账): one row an alert, one row a step of it.
 *
 * A step and its event are written in the same transaction. What returns is the same alert: see
 * alert/case.h. A change that tells nothing new, such as a raise of what stands already, is none.
 * Historian thread, or a tool that holds the store's lock. */
#ifndef BUSBAR_STORE_ALERT_LEDGER_H
#define BUSBAR_STORE_ALERT_LEDGER_H

#include "alert/entry.h"
#include "store/writer.h"

/* Inside a transaction: what a rule found, with the records of the time before it as evidence. */
int alert_ledger_write(struct writer *w, const struct alert_change *c, ms_t now_ms);

/* ---- for orders and messages --------------------------------------------------------------- */

/* ERR_NOT_FOUND: there is no alert of that number. */
int alert_ledger_find(struct writer *w, int64_t id, struct alert_entry *ret);
/* The newest of a source, rule and object; ERR_NOT_FOUND. */
int alert_ledger_newest(struct writer *w, enum alert_source source, const char *rule,
                        const char *object, struct alert_entry *ret);

/* What happened, beside what the entry says. */
struct alert_mark {
    enum alert_step step;
    ms_t at;
    const char *actor, *note_en, *note_zh; /* NULL: none */
    const struct alert_curve *before;      /* NULL: none */
};
/* Inside a transaction: writes the entry as it stands now, the step and its event. An entry without
 * a number becomes a new row and gets one. Evidence goes with steps that raise. */
int alert_ledger_put(struct writer *w, struct alert_entry *e, const struct alert_mark *m,
                     ms_t now_ms);

#endif
