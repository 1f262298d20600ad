#include "store/alert_ledger.h"

#include "base/err.h"
#include "store/db.h"

#define ALERT_NONE 0

static void bind_double(sqlite3_stmt *s, int column, double v) {
    if (v == v)
        sqlite3_bind_double(s, column, v);
    else
        sqlite3_bind_null(s, column);
}

/* Number of the alert that stands for that object, ALERT_NONE when none does. */
static int find_active(struct writer *w, const struct alert_change *c, int64_t *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(
        w->db, "SELECT id FROM alert WHERE source=? AND rule=? AND object=? AND active", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, c->source);
    sqlite3_bind_text(s, 2, c->rule, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, c->object, -1, SQLITE_STATIC);
    err = db_run_i64(s, ALERT_NONE, ret);
    sqlite3_finalize(s);
    return err;
}

static int insert(struct writer *w, const struct alert_change *c, int64_t *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(
        w->db,
        "INSERT INTO alert(source,rule,object,active,handling,severity,worst,raised,value,peak,"
        "threshold,unit,config) VALUES(?1,?2,?3,1,0,?4,?4,?5,?6,?6,?7,?8,?9)",
        &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, c->source);
    sqlite3_bind_text(s, 2, c->rule, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, c->object, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 4, c->severity);
    sqlite3_bind_int64(s, 5, c->at);
    bind_double(s, 6, c->value);
    bind_double(s, 7, c->threshold);
    sqlite3_bind_text(s, 8, c->unit, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 9, w->config, -1, SQLITE_STATIC);
    err = db_run(s);
    sqlite3_finalize(s);
    *ret = sqlite3_last_insert_rowid(w->db);
    return err;
}

static int fold(struct writer *w, const struct alert_change *c, int64_t id) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db,
                         "UPDATE alert SET active=?2, severity=?3, worst=max(worst,?3), value=?4,"
                         " cleared=CASE WHEN ?2 THEN cleared ELSE ?5 END WHERE id=?1",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_int(s, 2, c->step != ALERT_CLEARED);
    sqlite3_bind_int(s, 3, c->severity);
    bind_double(s, 4, c->value);
    sqlite3_bind_int64(s, 5, c->at);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static int add_step(struct writer *w, const struct alert_change *c, int64_t id) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db,
                         "INSERT INTO alert_step(alert,n,t,step,severity,value,note_en,note_zh)"
                         " SELECT ?1,count(*)+1,?2,?3,?4,?5,?6,?7 FROM alert_step WHERE alert=?1",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_int64(s, 2, c->at);
    sqlite3_bind_int(s, 3, c->step);
    sqlite3_bind_int(s, 4, c->severity);
    bind_double(s, 5, c->value);
    sqlite3_bind_text(s, 6, c->note_en, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 7, c->note_zh, -1, SQLITE_STATIC);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static int tell(struct writer *w, const struct alert_change *c, int64_t id, ms_t now_ms) {
    const struct event_body e = {.event = "alert",
                                 .object = c->object,
                                 .rule = c->rule,
                                 .severity = alert_severity_str(c->severity),
                                 .state = alert_step_str(c->step),
                                 .at = c->at,
                                 .value = c->value,
                                 .threshold = c->threshold,
                                 .unit = c->unit,
                                 .note = c->note_en,
                                 .alert = id,
                                 .note_zh = c->note_zh};
    return writer_put_event(w, &e, now_ms);
}

int alert_ledger_write(struct writer *w, const struct alert_change *c, ms_t now_ms) {
    int64_t id = ALERT_NONE;
    int err = find_active(w, c, &id);
    bool raises = c->step == ALERT_RAISED || c->step == ALERT_REOPENED;
    if (err < 0 || raises == (id != ALERT_NONE))
        return err; /* it stands already, or it does not stand */
    err = raises ? insert(w, c, &id) : fold(w, c, id);
    if (err == ERR_OK)
        err = add_step(w, c, id);
    return err == ERR_OK ? tell(w, c, id, now_ms) : err;
}
