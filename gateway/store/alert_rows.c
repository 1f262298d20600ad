#include "store/alert_rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/curve.h"
#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"
#include "store/db.h"

#define EVIDENCE_TEXT_MAX 1024

/* ---- reading ------------------------------------------------------------------------------ */

static void read_text(sqlite3_stmt *s, int column, char *out, size_t cap) {
    const char *text = (const char *)sqlite3_column_text(s, column);
    snprintf(out, cap, "%s", text ? text : "");
}
#define READ_TEXT(s, column, member) read_text(s, column, member, sizeof(member))

static double read_number(sqlite3_stmt *s, int column) {
    return sqlite3_column_type(s, column) == SQLITE_NULL ? (double)NAN
                                                         : sqlite3_column_double(s, column);
}

/* 0..count-1 into *ret; false for another value. */
static bool read_word(sqlite3_stmt *s, int column, int count, int *ret) {
    *ret = sqlite3_column_int(s, column);
    return *ret >= 0 && *ret < count;
}

static void read_course(sqlite3_stmt *s, struct alert_entry *e) {
    e->raised = sqlite3_column_int64(s, 13);
    e->returned = sqlite3_column_int64(s, 14);
    if (e->returned < e->raised)
        e->returned = e->raised;
    e->returns = (uint32_t)sqlite3_column_int(s, 15);
    e->cleared = sqlite3_column_int64(s, 16);
    e->closed = sqlite3_column_int64(s, 17);
    e->value = read_number(s, 18);
    e->peak = read_number(s, 19);
    e->threshold = read_number(s, 20);
}

int alert_rows_entry(sqlite3_stmt *s, struct alert_entry *ret) {
    struct alert_entry e = {.id = sqlite3_column_int64(s, 0)};
    int source, handling, severity, worst;
    if (!read_word(s, 1, ALERT_BY_HAND + 1, &source) ||
        !read_word(s, 2, ALERT_HANDLINGS, &handling) ||
        !read_word(s, 3, ALERT_SEVERITIES, &severity) || !read_word(s, 4, ALERT_SEVERITIES, &worst))
        return ERR_CORRUPT;
    e.source = (enum alert_source)source;
    e.handling = (enum alert_handling)handling;
    e.severity = (enum alert_severity)severity;
    e.worst = (enum alert_severity)worst;
    e.active = sqlite3_column_int(s, 5) != 0;
    READ_TEXT(s, 6, e.rule);
    READ_TEXT(s, 7, e.object);
    READ_TEXT(s, 8, e.unit);
    READ_TEXT(s, 9, e.action);
    READ_TEXT(s, 10, e.text_zh);
    READ_TEXT(s, 11, e.text_en);
    READ_TEXT(s, 12, e.config);
    read_course(s, &e);
    READ_TEXT(s, 21, e.owner);
    e.due = sqlite3_column_int64(s, 22);
    READ_TEXT(s, 23, e.measure);
    READ_TEXT(s, 24, e.measure_text);
    e.measured = sqlite3_column_int64(s, 25);
    READ_TEXT(s, 26, e.measured_by);
    READ_TEXT(s, 27, e.verifier);
    READ_TEXT(s, 28, e.message_id);
    e.valid_until = sqlite3_column_int64(s, 29);
    e.expected_kw = read_number(s, 30);
    *ret = e;
    return ERR_OK;
}

/* A whole number where text stands, behind the mark; *at moves behind it. */
static bool next_number(const char **at, uint64_t *ret) {
    uint64_t n = 0;
    const char *c = *at + strcspn(*at, "0123456789");
    if (*c == '\0')
        return false;
    for (; *c >= '0' && *c <= '9'; c++)
        n = n * 10 + (uint64_t)(*c - '0');
    *at = c;
    *ret = n;
    return true;
}

static void read_evidence(sqlite3_stmt *s, int column, struct alert_entry_step *ret) {
    const char *at = (const char *)sqlite3_column_text(s, column);
    uint64_t epoch = 0;
    if (!at || !next_number(&at, &epoch))
        return;
    ret->epoch = (ms_t)epoch;
    while (ret->evidence_count < ALERT_EVIDENCE_MAX &&
           next_number(&at, &ret->evidence[ret->evidence_count]))
        ret->evidence_count++;
}

int alert_rows_step(sqlite3_stmt *s, struct alert_entry_step *ret) {
    int step, severity;
    memset(ret, 0, sizeof *ret);
    if (!read_word(s, 2, ALERT_STEPS, &step) || !read_word(s, 3, ALERT_SEVERITIES, &severity))
        return ERR_CORRUPT;
    ret->n = (uint32_t)sqlite3_column_int(s, 0);
    ret->t = sqlite3_column_int64(s, 1);
    ret->step = (enum alert_step)step;
    ret->severity = (enum alert_severity)severity;
    ret->value = read_number(s, 4);
    READ_TEXT(s, 5, ret->actor);
    READ_TEXT(s, 6, ret->note_en);
    READ_TEXT(s, 7, ret->note_zh);
    read_evidence(s, 9, ret);
    return alert_curve_unpack(sqlite3_column_blob(s, 8), (size_t)sqlite3_column_bytes(s, 8),
                              &ret->before);
}

/* ---- writing ------------------------------------------------------------------------------ */

static void bind_number(sqlite3_stmt *s, int column, double v) {
    if (isfinite(v))
        sqlite3_bind_double(s, column, v);
    else
        sqlite3_bind_null(s, column);
}

static void bind_text(sqlite3_stmt *s, int column, const char *text) {
    if (text[0] != '\0')
        sqlite3_bind_text(s, column, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, column);
}

static void bind_time(sqlite3_stmt *s, int column, ms_t t) {
    if (t != 0)
        sqlite3_bind_int64(s, column, t);
    else
        sqlite3_bind_null(s, column);
}

/* Columns that stay empty may not be NULL: of those the schema asks for a text. */
static void bind_entry(sqlite3_stmt *s, const struct alert_entry *e) {
    if (e->id != 0)
        sqlite3_bind_int64(s, 1, e->id);
    sqlite3_bind_int(s, 2, (int)e->source);
    sqlite3_bind_int(s, 3, (int)e->handling);
    sqlite3_bind_int(s, 4, (int)e->severity);
    sqlite3_bind_int(s, 5, (int)e->worst);
    sqlite3_bind_int(s, 6, e->active);
    sqlite3_bind_text(s, 7, e->rule, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 8, e->object, -1, SQLITE_STATIC);
    bind_text(s, 9, e->unit);
    bind_text(s, 10, e->action);
    bind_text(s, 11, e->text_zh);
    bind_text(s, 12, e->text_en);
    sqlite3_bind_text(s, 13, e->config, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 14, e->raised);
    sqlite3_bind_int64(s, 15, e->returned);
    sqlite3_bind_int64(s, 16, e->returns);
    bind_time(s, 17, e->cleared);
    bind_time(s, 18, e->closed);
    bind_number(s, 19, e->value);
    bind_number(s, 20, e->peak);
    bind_number(s, 21, e->threshold);
    bind_text(s, 22, e->owner);
    bind_time(s, 23, e->due);
    bind_text(s, 24, e->measure);
    bind_text(s, 25, e->measure_text);
    bind_time(s, 26, e->measured);
    bind_text(s, 27, e->measured_by);
    bind_text(s, 28, e->verifier);
    bind_text(s, 29, e->message_id);
    bind_time(s, 30, e->valid_until);
    bind_number(s, 31, e->expected_kw);
}

static int run_entry(sqlite3 *db, const char *sql, const struct alert_entry *e) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db, sql, &s);
    if (err < 0)
        return err;
    bind_entry(s, e);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

int alert_rows_insert(sqlite3 *db, const struct alert_entry *e, int64_t *ret_id) {
    int err = run_entry(db,
                        "INSERT INTO alert(" ALERT_COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,"
                        "?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27,"
                        "?28,?29,?30,?31)",
                        e);
    if (err == ERR_OK)
        *ret_id = sqlite3_last_insert_rowid(db);
    return err;
}

int alert_rows_update(sqlite3 *db, const struct alert_entry *e) {
    return run_entry(db,
                     "UPDATE alert SET (" ALERT_COLUMNS ")=(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,"
                     "?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31)"
                     " WHERE id=?1",
                     e);
}

static void write_evidence(struct buf *b, const struct alert_entry_step *step) {
    buf_putc(b, '{');
    json_i64(b, "epoch", step->epoch);
    json_open_list(b, "seq");
    for (size_t i = 0; i < step->evidence_count; i++) {
        if (i > 0)
            buf_putc(b, ',');
        buf_put_u64(b, step->evidence[i]);
    }
    json_close_list(b);
    json_close(b);
}

int alert_rows_add_step(sqlite3 *db, int64_t id, const struct alert_entry_step *step) {
    uint8_t curve[ALERT_CURVE_BYTES];
    char text[EVIDENCE_TEXT_MAX] = "";
    struct buf b;
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db,
                         "INSERT INTO alert_step(alert,n,t,step,severity,value,actor,note_en,"
                         "note_zh,curve,evidence) SELECT ?1,count(*)+1,?2,?3,?4,?5,?6,?7,?8,?9,?10"
                         " FROM alert_step WHERE alert=?1",
                         &s);
    if (err < 0)
        return err;
    buf_init(&b, text, sizeof text);
    if (step->evidence_count > 0)
        write_evidence(&b, step);
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_int64(s, 2, step->t);
    sqlite3_bind_int(s, 3, (int)step->step);
    sqlite3_bind_int(s, 4, (int)step->severity);
    bind_number(s, 5, step->value);
    bind_text(s, 6, step->actor);
    bind_text(s, 7, step->note_en);
    bind_text(s, 8, step->note_zh);
    if (step->before.count > 0)
        sqlite3_bind_blob(s, 9, curve, (int)alert_curve_pack(&step->before, curve), SQLITE_STATIC);
    bind_text(s, 10, text);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}
