#include "store/supply_effect.h"

#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "store/alert_rows.h"
#include "store/db.h"
#include "store/supply_log.h"
#include "sys/clock.h"

#define LOOK_MS   (10 * MS_PER_MIN)
#define READ_DAYS 4 /* a run */

/* The whole of the days after it is stored. */
static bool is_due(const struct supply_effect *e, ms_t now_ms) {
    ms_t last_day, end = e->periods[1].to;
    return now_ms >= end && writer_last_start(e->records->writer, slot_code(SLOT_1D), &last_day) &&
           slot_end(SLOT_1D, last_day, clock_utc_offset_s, 1) >= end;
}

static void take(struct supply_effect *e, sqlite3_stmt *s, ms_t now_ms) {
    const char *object = (const char *)sqlite3_column_text(s, 2);
    e->alert = sqlite3_column_int64(s, 0);
    e->severity = sqlite3_column_int(s, 1);
    snprintf(e->object, sizeof e->object, "%s", object ? object : "");
    e->measured = sqlite3_column_int64(s, 3);
    e->scope = supply_scope_of(e->records->site, e->object);
    supply_periods_of(e->measured, clock_utc_offset_s, e->periods);
    e->next = e->periods[0].from;
    if (!is_due(e, now_ms))
        e->alert = 0; /* nor are later ones */
}

/* The oldest measure that is not compared yet. Those on the platform's own alerts are measured
 * while they are open. */
static int look(struct supply_effect *e, ms_t now_ms) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(e->records->writer->db,
                         "SELECT id,severity,object,measured FROM alert a WHERE measured>0 AND"
                         " measured<?1 AND source<>?2 AND NOT EXISTS(SELECT 1 FROM supply_effect e"
                         " WHERE e.alert=a.id AND e.measured=a.measured) ORDER BY measured LIMIT 1",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, now_ms);
    sqlite3_bind_int(s, 2, ALERT_BY_PLATFORM);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        take(e, s, now_ms);
    sqlite3_finalize(s);
    return db_err(rc);
}

static int read_quarters(struct supply_effect *e, struct supply_period *p, ms_t to) {
    sqlite3_stmt *s;
    struct records *r = e->records;
    int rc, err = records_prepare(r, RECORDS_FACTS, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(SLOT_15M));
    sqlite3_bind_int64(s, 2, e->next);
    sqlite3_bind_int64(s, 3, to);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        if (records_read_facts(r, s, 0, &r->other) == ERR_OK)
            supply_period_quarter(p, r->site, &e->scope, &r->other);
    sqlite3_reset(s);
    e->next = to;
    return db_err(rc);
}

/* The next days of the two periods; the day of the measure is passed over. */
static int read_days(struct supply_effect *e) {
    struct supply_period *p = &e->periods[e->next >= e->periods[0].to];
    if (e->next < p->from)
        e->next = p->from;
    ms_t to = e->next + READ_DAYS * MS_PER_DAY;
    return read_quarters(e, p, to < p->to ? to : p->to);
}

static int on_dip(void *arg, const struct supply_entry *d) {
    struct supply_effect *e = arg;
    for (int i = 0; i < 2; i++)
        supply_period_dip(&e->periods[i], e->records->site, &e->scope, d->object, d->certain,
                          &d->dip);
    return ERR_OK;
}

/* What keeps it from being done again. */
static int remember(struct supply_effect *e, const char *note, ms_t now_ms) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(e->records->writer->db,
                         "INSERT OR REPLACE INTO supply_effect(alert,measured,t,note)"
                         " VALUES(?,?,?,?)",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, e->alert);
    sqlite3_bind_int64(s, 2, e->measured);
    sqlite3_bind_int64(s, 3, now_ms);
    sqlite3_bind_text(s, 4, note, -1, SQLITE_STATIC);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static int write(struct supply_effect *e, ms_t now_ms) {
    struct alert_entry_step step = {.t = now_ms,
                                    .step = ALERT_EFFECT,
                                    .severity = (enum alert_severity)e->severity,
                                    .value = (double)NAN};
    struct buf b;
    buf_init(&b, step.note_en, sizeof step.note_en);
    compare_supply_words(e->periods, false, &b);
    buf_init(&b, step.note_zh, sizeof step.note_zh);
    compare_supply_words(e->periods, true, &b);
    int err = remember(e, step.note_en, now_ms);
    if (err == ERR_OK)
        err = alert_rows_add_step(e->records->writer->db, e->alert, &step);
    const struct event_body event = {.event = "measure_compared",
                                     .object = e->object,
                                     .severity = "info",
                                     .at = now_ms,
                                     .value = e->periods[1].max_kva,
                                     .threshold = e->periods[0].max_kva,
                                     .unit = "kVA",
                                     .note = step.note_en,
                                     .alert = e->alert,
                                     .note_zh = step.note_zh};
    return err == ERR_OK ? writer_put_event(e->records->writer, &event, now_ms) : err;
}

int supply_effect_run(struct supply_effect *e, ms_t now_ms, bool *ret_more) {
    int err = ERR_OK;
    *ret_more = false;
    if (e->alert == 0) {
        if (now_ms >= e->looked && now_ms < e->looked + LOOK_MS)
            return ERR_OK;
        e->looked = now_ms;
        err = look(e, now_ms);
        *ret_more = err == ERR_OK && e->alert != 0;
        return err;
    }
    *ret_more = true;
    if (e->next < e->periods[1].to)
        return read_days(e);
    err = supply_log_read(e->records->writer->db, e->periods[0].from, e->periods[1].to, on_dip, e);
    if (err == ERR_OK)
        err = write(e, now_ms);
    e->alert = 0; /* written, or from the beginning at the next look */
    e->looked = 0;
    return err;
}
