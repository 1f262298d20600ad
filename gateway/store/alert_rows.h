/* Rows of the ledger as structures, for its writer and its readers. */
#ifndef BUSBAR_STORE_ALERT_ROWS_H
#define BUSBAR_STORE_ALERT_ROWS_H

#include <sqlite3.h>

#include "alert/entry.h"

/* What alert_rows_entry() and alert_rows_step() read, in their order. */
#define ALERT_COLUMNS                                                                              \
    "id,source,handling,severity,worst,active,rule,object,unit,action,text_zh,text_en,config,"     \
    "raised,returned,returns,cleared,closed,value,peak,threshold,owner,due,measure,measure_text,"  \
    "measured,measured_by,verifier,message_id,valid_until,expected_kw"
#define ALERT_STEP_COLUMNS "n,t,step,severity,value,actor,note_en,note_zh,curve,evidence"

/* ERR_CORRUPT for words that the enumerations do not have. */
int alert_rows_entry(sqlite3_stmt *s, struct alert_entry *ret);
int alert_rows_step(sqlite3_stmt *s, struct alert_entry_step *ret);

/* Puts the new row of e in the table; *ret_id is its number. */
int alert_rows_insert(sqlite3 *db, const struct alert_entry *e, int64_t *ret_id);
/* Writes everything of e over its row. */
int alert_rows_update(sqlite3 *db, const struct alert_entry *e);
/* Adds the step as the alert's next one. */
int alert_rows_add_step(sqlite3 *db, int64_t id, const struct alert_entry_step *step);

#endif
