#include "store/reader_alerts.h"

#include <stdlib.h>

#include "base/err.h"
#include "store/alert_rows.h"
#include "store/db.h"
#include "store/reader_impl.h"

struct alert_query alert_query_all(ms_t now) {
    return (struct alert_query){
        .choice = ALERTS_ALL, .from = INT64_MIN, .to = INT64_MAX, .now = now, .limit = INT32_MAX};
}

static void bind_optional(sqlite3_stmt *s, int n, const char *text) {
    if (text)
        sqlite3_bind_text(s, n, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, n);
}

static void bind_query(sqlite3_stmt *s, const struct alert_query *q) {
    sqlite3_bind_int64(s, 1, q->id);
    sqlite3_bind_int64(s, 2, q->below > 0 ? q->below : INT64_MAX);
    sqlite3_bind_int64(s, 3, q->from);
    sqlite3_bind_int64(s, 4, q->to);
    sqlite3_bind_int(s, 5, q->choice != ALERTS_ALL);
    sqlite3_bind_int(s, 6, q->choice == ALERTS_OVERDUE);
    sqlite3_bind_int64(s, 7, q->now);
    bind_optional(s, 8, q->rule);
    bind_optional(s, 9, q->object);
    sqlite3_bind_int64(s, 10, (int64_t)q->limit);
}

int reader_alerts(struct reader *r, const struct alert_query *q,
                  int (*on_alert)(void *arg, const struct alert_entry *e), void *arg) {
    struct alert_entry e;
    sqlite3_stmt *s;
    int n = 0, rc = SQLITE_DONE;
    int err = reader_statement(r, READ_ALERTS, &s);
    if (err < 0)
        return err;
    bind_query(s, q);
    while (err >= 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        err = alert_rows_entry(s, &e);
        if (err == ERR_OK)
            err = on_alert(arg, &e);
        n++;
    }
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    if (err >= 0)
        err = db_err(rc);
    return err < 0 ? err : n;
}

int reader_alert_steps(struct reader *r, int64_t id,
                       int (*on_step)(void *arg, const struct alert_entry_step *s), void *arg) {
    sqlite3_stmt *s;
    int n = 0, rc = SQLITE_DONE;
    int err = reader_statement(r, READ_ALERT_STEPS, &s);
    if (err < 0)
        return err;
    struct alert_entry_step *step = malloc(sizeof *step);
    if (!step)
        return ERR_NOMEM;
    sqlite3_bind_int64(s, 1, id);
    while (err >= 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        err = alert_rows_step(s, step);
        if (err == ERR_OK)
            err = on_step(arg, step);
        n++;
    }
    sqlite3_reset(s);
    free(step);
    if (err >= 0)
        err = db_err(rc);
    return err < 0 ? err : n;
}

int reader_alert_counts(struct reader *r, ms_t now, struct alert_counts *ret) {
    struct alert_counts counts = {0};
    sqlite3_stmt *s;
    int rc, err = reader_statement(r, READ_ALERT_COUNTS, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, now);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        int severity = sqlite3_column_int(s, 0);
        if (severity >= 0 && severity < ALERT_SEVERITIES)
            counts.open[severity] = (uint64_t)sqlite3_column_int64(s, 1);
        counts.overdue += (uint64_t)sqlite3_column_int64(s, 2);
    }
    sqlite3_reset(s);
    if (db_err(rc) == ERR_OK)
        *ret = counts;
    return db_err(rc);
}
