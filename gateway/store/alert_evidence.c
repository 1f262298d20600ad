#include "store/alert_evidence.h"

#include "base/err.h"
#include "store/db.h"
#include "store/reader.h"
#include "store/slot_code.h"

/* The newest revision of the newest slot of that period that ended by then; false when there is
 * none. */
static int find_record(sqlite3 *db, enum slot_period p, ms_t at, ms_t *ret_start,
                       int64_t *ret_revision) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db,
                         "SELECT start,revision FROM record WHERE period=? AND start<=?"
                         " ORDER BY start DESC,revision DESC LIMIT 1",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(p));
    sqlite3_bind_int64(s, 2, at - slot_ms(p));
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        *ret_start = sqlite3_column_int64(s, 0);
        *ret_revision = sqlite3_column_int64(s, 1);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? ERR_NOT_FOUND : db_err(rc);
}

/* Its messages. The outbox is searched from its end, where a record of just now stands. */
static int add_messages(sqlite3 *db, enum outbox_kind kind, ms_t start, int64_t revision,
                        struct alert_entry_step *step) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db,
                         "SELECT seq,parts FROM outbox WHERE kind=? AND key=? AND revision=?"
                         " ORDER BY seq DESC LIMIT 1",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, kind);
    sqlite3_bind_int64(s, 2, start);
    sqlite3_bind_int64(s, 3, revision);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        int64_t parts = sqlite3_column_int64(s, 1);
        uint64_t first = (uint64_t)(sqlite3_column_int64(s, 0) - parts + 1);
        for (int64_t i = 0; i < parts && step->evidence_count < ALERT_EVIDENCE_MAX; i++)
            step->evidence[step->evidence_count++] = first + (uint64_t)i;
    }
    sqlite3_finalize(s);
    return db_err(rc);
}

int alert_evidence_find(struct writer *w, ms_t at, struct alert_entry_step *step) {
    static const struct {
        enum slot_period period;
        enum outbox_kind kind;
    } rows[] = {{SLOT_1M, OUTBOX_RECORD_1M}, {SLOT_15M, OUTBOX_RECORD_15M}};
    step->epoch = w->epoch;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ms_t start = 0;
        int64_t revision = 0;
        int err = find_record(w->db, rows[i].period, at, &start, &revision);
        if (err == ERR_OK)
            err = add_messages(w->db, rows[i].kind, start, revision, step);
        if (err < 0 && err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_OK;
}
