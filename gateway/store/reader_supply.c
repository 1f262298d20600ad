#include "store/reader_supply.h"

#include <stdio.h>

#include "base/err.h"
#include "store/db.h"
#include "store/reader_impl.h"

int reader_supply(struct reader *r, ms_t from, ms_t to, supply_entry_fn *on_entry, void *arg) {
    return supply_log_read(r->db, from, to, on_entry, arg);
}

static void put_text(sqlite3_stmt *s, int column, char *out, size_t cap) {
    const char *text = (const char *)sqlite3_column_text(s, column);
    snprintf(out, cap, "%s", text ? text : "");
}

int reader_measure(struct reader *r, int64_t alert, struct supply_measure *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(r->db,
                         "SELECT rule,object,measure,measure_text,measured_by,measured FROM alert"
                         " WHERE id=?",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, alert);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        *ret = (struct supply_measure){.alert = alert, .measured = sqlite3_column_int64(s, 5)};
        put_text(s, 0, ret->rule, sizeof ret->rule);
        put_text(s, 1, ret->object, sizeof ret->object);
        put_text(s, 2, ret->measure, sizeof ret->measure);
        put_text(s, 3, ret->text, sizeof ret->text);
        put_text(s, 4, ret->by, sizeof ret->by);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? ERR_OK : rc == SQLITE_DONE ? ERR_NOT_FOUND : db_err(rc);
}
