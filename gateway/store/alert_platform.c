#include "store/alert_platform.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/alert_effect.h"
#include "store/alert_rows.h"
#include "store/db.h"
#include "sys/clock.h"

#define OBJECT      "site"
#define REMEMBER_MS (7 * MS_PER_DAY)
#define CLEAR_MAX   8 /* in one transaction; the others a second later */

static void copy_column(sqlite3_stmt *s, int column, char *out, size_t cap) {
    const char *text = (const char *)sqlite3_column_text(s, column);
    snprintf(out, cap, "%s", text ? text : "");
}

void alert_platform_read_row(sqlite3_stmt *s, struct platform_row *ret) {
    ret->id = sqlite3_column_int64(s, 0);
    copy_column(s, 1, ret->message, sizeof ret->message);
    copy_column(s, 2, ret->code, sizeof ret->code);
    copy_column(s, 3, ret->text_zh, sizeof ret->text_zh);
    copy_column(s, 4, ret->text_en, sizeof ret->text_en);
    int severity = sqlite3_column_int(s, 5);
    ret->severity = severity >= 0 && severity < ALERT_SEVERITIES ? (enum alert_severity)severity
                                                                 : ALERT_WARNING;
}

/* ---- what is known of an id --------------------------------------------------------------- */

int alert_platform_find(struct writer *w, const char *message, int64_t *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "SELECT id FROM alert WHERE message_id=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, message, -1, SQLITE_STATIC);
    err = db_run_i64(s, 0, ret);
    sqlite3_finalize(s);
    return err;
}

int alert_platform_count_open(struct writer *w, int64_t *ret) {
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM alert WHERE source=%d AND active",
             ALERT_BY_PLATFORM);
    return db_get_i64(w->db, sql, 0, ret);
}

int alert_platform_refusal(struct writer *w, const char *message, ms_t now_ms, char *why) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "SELECT why FROM alert_refused WHERE message_id=? AND t>?", &s);
    why[0] = '\0';
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, message, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, now_ms - REMEMBER_MS);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        copy_column(s, 0, why, PLATFORM_ALERT_WHY_MAX);
    sqlite3_finalize(s);
    return db_err(rc);
}

int alert_platform_remember_refusal(struct writer *w, const char *message, const char *why,
                                    ms_t now_ms) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "DELETE FROM alert_refused WHERE t<=?", &s);
    if (err == ERR_OK) {
        sqlite3_bind_int64(s, 1, now_ms - REMEMBER_MS);
        err = db_run(s);
        sqlite3_finalize(s);
    }
    if (err == ERR_OK)
        err = db_prepare(w->db, "INSERT OR REPLACE INTO alert_refused VALUES(?,?,?)", &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, message, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, now_ms);
    sqlite3_bind_text(s, 3, why, -1, SQLITE_STATIC);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

/* ---- steps and events --------------------------------------------------------------------- */

static int add_step(struct writer *w, const struct platform_row *row,
                    const struct platform_step *p) {
    struct alert_entry_step step = {
        .t = p->at, .step = p->step, .severity = row->severity, .value = p->value};
    snprintf(step.note_en, sizeof step.note_en, "%s", p->note_en);
    snprintf(step.note_zh, sizeof step.note_zh, "%s", p->note_zh);
    return alert_rows_add_step(w->db, row->id, &step);
}

int alert_platform_step(struct writer *w, const struct platform_row *row,
                        const struct platform_step *p, ms_t now_ms) {
    bool effect = p->step == ALERT_EFFECT;
    const struct event_body e = {.event = effect ? "alert_effect" : "alert",
                                 .object = OBJECT,
                                 .rule = row->code,
                                 .severity =
                                     alert_severity_str(effect ? ALERT_INFO : row->severity),
                                 .state = effect ? NULL : alert_step_str(p->step),
                                 .at = p->at,
                                 .value = p->value,
                                 .threshold = p->threshold,
                                 .unit = "kW",
                                 .note = p->note_en,
                                 .alert = row->id,
                                 .text_zh = row->text_zh,
                                 .text_en = row->text_en,
                                 .note_zh = p->note_zh,
                                 .message_id = row->message,
                                 .effect = p->effect};
    int err = add_step(w, row, p);
    return err == ERR_OK ? writer_put_event(w, &e, now_ms) : err;
}

int alert_platform_tell_refused(struct writer *w, const struct platform_alert *a, const char *why,
                                ms_t now_ms) {
    bool readable = a->refusal[0] == '\0';
    const struct event_body e = {.event = "alert",
                                 .object = OBJECT,
                                 .rule = readable ? a->code : NULL,
                                 .severity =
                                     alert_severity_str(readable ? a->severity : ALERT_WARNING),
                                 .state = alert_step_str(ALERT_REFUSED),
                                 .at = now_ms,
                                 .value = (double)NAN,
                                 .threshold = readable ? a->expected_kw : (double)NAN,
                                 .unit = "kW",
                                 .note = why,
                                 .message_id = a->id};
    return writer_put_event(w, &e, now_ms);
}

/* ---- raise, clear ------------------------------------------------------------------------- */

/* From now on its effect is measured. */
static int open_effect(struct writer *w, int64_t id) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "UPDATE alert SET effect_state=?2 WHERE id=?1", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_int(s, 2, EFFECT_OPEN);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static int insert(struct writer *w, const struct platform_alert *a, ms_t now_ms, int64_t *ret) {
    struct alert_entry e = {.source = ALERT_BY_PLATFORM,
                            .handling = HANDLING_OPEN,
                            .severity = a->severity,
                            .worst = a->severity,
                            .active = true,
                            .object = OBJECT,
                            .unit = "kW",
                            .raised = now_ms,
                            .returned = now_ms,
                            .value = (double)NAN,
                            .peak = (double)NAN,
                            .threshold = (double)NAN,
                            .valid_until = a->valid_until,
                            .expected_kw = a->expected_kw};
    snprintf(e.rule, sizeof e.rule, "%s", a->code);
    snprintf(e.text_zh, sizeof e.text_zh, "%s", a->text_zh);
    snprintf(e.text_en, sizeof e.text_en, "%s", a->text_en);
    snprintf(e.config, sizeof e.config, "%s", w->config);
    snprintf(e.message_id, sizeof e.message_id, "%s", a->id);
    int err = alert_rows_insert(w->db, &e, ret);
    return err == ERR_OK ? open_effect(w, *ret) : err;
}

int alert_platform_raise(struct writer *w, const struct platform_alert *a, ms_t now_ms,
                         int64_t *ret_id) {
    struct platform_row row = {.severity = a->severity};
    char until[ISO8601_MAX], en[120], zh[120];
    int err = insert(w, a, now_ms, &row.id);
    if (err < 0)
        return err;
    memcpy(row.message, a->id, sizeof row.message);
    memcpy(row.code, a->code, sizeof row.code);
    memcpy(row.text_zh, a->text_zh, sizeof row.text_zh);
    memcpy(row.text_en, a->text_en, sizeof row.text_en);
    iso8601_format(until, a->valid_until, clock_utc_offset_s(a->valid_until));
    snprintf(en, sizeof en, "from the platform, valid until %s", until);
    snprintf(zh, sizeof zh, "平台下发，有效期至%s", until);
    const struct platform_step p = {.step = ALERT_RAISED,
                                    .at = now_ms,
                                    .value = (double)NAN,
                                    .threshold = a->expected_kw,
                                    .note_en = en,
                                    .note_zh = zh};
    *ret_id = row.id;
    return alert_platform_step(w, &row, &p, now_ms);
}

static int clear(struct writer *w, const struct platform_row *row, ms_t at, ms_t now_ms) {
    sqlite3_stmt *s = NULL;
    const struct platform_step p = {.step = ALERT_CLEARED,
                                    .at = at,
                                    .value = (double)NAN,
                                    .threshold = (double)NAN,
                                    .note_en = "its time is over",
                                    .note_zh = "有效期已过"};
    int err = db_prepare(w->db, "UPDATE alert SET active=0,cleared=?2 WHERE id=?1", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, row->id);
    sqlite3_bind_int64(s, 2, at);
    err = db_run(s);
    sqlite3_finalize(s);
    return err == ERR_OK ? alert_platform_step(w, row, &p, now_ms) : err;
}

int alert_platform_clear_over(struct writer *w, ms_t now_ms) {
    struct platform_row row[CLEAR_MAX];
    ms_t at[CLEAR_MAX];
    sqlite3_stmt *s = NULL;
    size_t n = 0;
    int err = db_prepare(w->db,
                         "SELECT " PLATFORM_ROW_COLUMNS ",valid_until FROM alert"
                         " WHERE source=? AND active AND valid_until<=? LIMIT ?",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, ALERT_BY_PLATFORM);
    sqlite3_bind_int64(s, 2, now_ms);
    sqlite3_bind_int(s, 3, CLEAR_MAX);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW && n < CLEAR_MAX) {
        alert_platform_read_row(s, &row[n]);
        at[n++] = sqlite3_column_int64(s, 6);
    }
    sqlite3_finalize(s);
    err = db_err(rc);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        err = clear(w, &row[i], at[i], now_ms);
    return err;
}
