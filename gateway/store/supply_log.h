/* The log of sags and interruptions: one row each, from its begin; its begin and its end go out as
 * events in the same transaction. Rows are kept for three years, one more than a claim may need.
 *
 * Historian thread, or a tool that holds the store's lock; supply_log_read(): any, on its own
 * handle. */
#ifndef BUSBAR_STORE_SUPPLY_LOG_H
#define BUSBAR_STORE_SUPPLY_LOG_H

#include "alert/alert.h"
#include "calc/supply_dip.h"
#include "store/writer.h"

#define SUPPLY_HOUR_MAX 30     /* of one object; a loose wire must not fill the store */
#define SUPPLY_SITE     "site" /* the object of what no meter has seen */

/* Goes through the pending buffer as it is. */
struct supply_entry {
    char object[ALERT_OBJECT_MAX]; /* metering point, or SUPPLY_SITE */
    bool certain; /* a meter saw it; else every device fell silent at once, and no more is known */
    struct dip_change dip;
};

void supply_entry_init(struct supply_entry *e, const char *object, bool certain,
                       const struct dip_change *dip);
/* Inside a transaction. A begin of what lasts already, and an end of what does not, are left out;
 * so are those beyond SUPPLY_HOUR_MAX within an hour.
 */
int supply_log_write(struct writer *w, const struct supply_entry *e, ms_t now_ms);

typedef int supply_entry_fn(void *arg, const struct supply_entry *e);
/* What has a part in [from, to), oldest first. A callback that returns < 0 stops with that code. */
int supply_log_read(sqlite3 *db, ms_t from, ms_t to, supply_entry_fn *on_entry, void *arg);
/* What lasts. */
int supply_log_lasting(sqlite3 *db, supply_entry_fn *on_entry, void *arg);

#endif
