#include "store/rollup.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "store/db.h"
#include "store/gap.h"
#include "sys/clock.h"
#include "sys/log.h"

#define CALM_MS      5000 /* devices come back one by one: revise once */
#define REVISE_BATCH 60   /* slots a transaction */
#define LONG_BATCH   8

static int64_t first_start(struct records *r, int64_t code) {
    int64_t start = INT64_MIN;
    sqlite3_stmt *s;
    if (records_prepare(r, RECORDS_FIRST, &s) < 0)
        return INT64_MIN;
    sqlite3_bind_int64(s, 1, code);
    return db_run_i64(s, INT64_MIN, &start) < 0 ? INT64_MIN : start;
}

/* The longer slot that comes next: after the last one written, else the one of the first part.
 * False: nothing there yet, or its end is not reached by its parts. */
static bool next_due(struct records *r, enum slot_period p, int account, ms_t *ret_start) {
    int64_t code;
    ms_t last, parts_end;
    int day = account >= 0 ? r->site->accounts[account].billing_day : 1;
    if (records_code(r, p, account, &code) < 0)
        return false;
    ms_t start = INT64_MIN;
    if (writer_last_start(r->writer, code, &last)) {
        start = slot_end(p, last, clock_utc_offset_s, day);
    } else {
        int64_t first = first_start(r, slot_code(slot_part(p)));
        if (first != INT64_MIN)
            start = slot_start(p, first, clock_utc_offset_s, day);
    }
    if (start == INT64_MIN || !writer_last_start(r->writer, slot_code(SLOT_15M), &parts_end))
        return false;
    *ret_start = start;
    return parts_end + slot_ms(SLOT_15M) >= slot_end(p, start, clock_utc_offset_s, day);
}

/* Writes what is due of a period. A slot that has no part at all (no quarter is kept of it) is
 * passed over to the next part that there is. Returns how many were written. */
static int write_due(struct records *r, enum slot_period p, int account, int most, ms_t now_ms) {
    ms_t start;
    int n = 0;
    while (n < most && next_due(r, p, account, &start)) {
        int err = records_write_long(r, p, account, start, now_ms);
        if (err == ERR_NOT_FOUND) {
            /* its parts are gone: an empty one keeps the sequence without a hole */
            facts_init(&r->facts, r->site, p, start,
                       slot_end(p, start, clock_utc_offset_s,
                                account >= 0 ? r->site->accounts[account].billing_day : 1));
            r->facts.quality = QUALITY_MISSING;
            r->facts.cause = CAUSE_GATEWAY_OFF;
            err = records_put(r, account, NULL, false, now_ms);
        }
        if (err < 0)
            return err;
        n++;
    }
    return n;
}

static int write_all_due(struct rollup *u, ms_t now_ms) {
    static const enum slot_period periods[] = {SLOT_1H, SLOT_1D, SLOT_1MO};
    int left = LONG_BATCH;
    for (size_t i = 0; i < sizeof periods / sizeof periods[0] && left > 0; i++) {
        int n = write_due(u->records, periods[i], -1, left, now_ms);
        if (n < 0)
            return n;
        left -= n;
    }
    for (size_t i = 0; i < u->records->site->account_count && left > 0; i++) {
        int n = write_due(u->records, SLOT_BILL, (int)i, left, now_ms);
        if (n < 0)
            return n;
        left -= n;
    }
    u->behind = left == 0;
    return ERR_OK;
}

/* ---- slots that were marked --------------------------------------------------------------- */

static bool has_record(struct records *r, int64_t code, ms_t start) {
    char sql[140];
    int64_t n = 0;
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM record WHERE period=%" PRId64 " AND start=%" PRId64, code,
             start);
    return db_get_i64(r->writer->db, sql, 0, &n) == ERR_OK && n > 0;
}

static int mark_if_there(struct records *r, enum slot_period p, ms_t t) {
    ms_t start = slot_start(p, t, clock_utc_offset_s, 1);
    return has_record(r, slot_code(p), start) ? gap_mark(r->writer, p, start) : ERR_OK;
}

/* What is made of this slot, where it has been made already. */
static int mark_above(struct records *r, enum slot_period p, ms_t start) {
    switch (p) {
    case SLOT_15M:
        return mark_if_there(r, SLOT_1H, start);
    case SLOT_1H:
        return mark_if_there(r, SLOT_1D, start);
    case SLOT_1D: {
        int err = mark_if_there(r, SLOT_1MO, start);
        return err < 0 ? err : gap_mark(r->writer, SLOT_BILL, start);
    }
    case SLOT_1M:
    case SLOT_1MO:
    case SLOT_BILL:
    case SLOT_PERIOD_COUNT:
        break;
    }
    return ERR_OK;
}

static bool is_filed(struct records *r, ms_t start) {
    char sql[80];
    int64_t n = 0;
    struct local_time t = local_time(start, clock_utc_offset_s);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM filed WHERE month=%d",
             t.year * 12 + t.month - 1);
    return db_get_i64(r->writer->db, sql, 0, &n) == ERR_OK && n > 0;
}

/* A filed month stays as it was filed; that something came later is on record. */
static int report_filed(struct records *r, enum slot_period p, ms_t start, ms_t now_ms) {
    const struct event_body e = {.event = "late_after_filing",
                                 .object = slot_name(p),
                                 .severity = "warning",
                                 .state = "raised",
                                 .at = start,
                                 .value = (double)NAN,
                                 .threshold = (double)NAN,
                                 .note = "data of this slot changed after its month was filed; the "
                                         "filed record stays as it is"};
    return writer_put_event(r->writer, &e, now_ms);
}

/* The bills whose month holds this day. */
static int revise_bills(struct records *r, ms_t day, ms_t now_ms) {
    for (size_t i = 0; i < r->site->account_count; i++) {
        int64_t code;
        ms_t start =
            slot_start(SLOT_BILL, day, clock_utc_offset_s, r->site->accounts[i].billing_day);
        int err = records_code(r, SLOT_BILL, (int)i, &code);
        if (err == ERR_OK && has_record(r, code, start))
            err = records_write_long(r, SLOT_BILL, (int)i, start, now_ms);
        if (err < 0 && err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_OK;
}

static int revise(struct records *r, enum slot_period p, ms_t start, ms_t now_ms) {
    if (p >= SLOT_1D && is_filed(r, start))
        return report_filed(r, p, start, now_ms);
    int err;
    if (p == SLOT_BILL)
        err = revise_bills(r, start, now_ms);
    else if (p >= SLOT_1H)
        err = records_write_long(r, p, -1, start, now_ms);
    else
        err = records_revise_slot(r, p, start, now_ms);
    return err < 0 && err != ERR_NOT_FOUND ? err : mark_above(r, p, start);
}

static enum slot_period period_of(int64_t code) {
    for (int p = 0; p < SLOT_BILL; p++)
        if (slot_code((enum slot_period)p) == code)
            return (enum slot_period)p;
    return SLOT_BILL;
}

struct marked {
    int64_t code;
    ms_t start;
};

/* Shorter periods first: what is made of them is made of their new revisions. */
static int take_marked(struct records *r, struct marked *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(r->writer->db,
                         "SELECT period,start FROM dirty ORDER BY period,start LIMIT ?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, REVISE_BATCH);
    int n = 0, rc = SQLITE_DONE;
    while (n < REVISE_BATCH && (rc = sqlite3_step(s)) == SQLITE_ROW)
        ret[n++] = (struct marked){sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)};
    sqlite3_finalize(s);
    return db_err(rc) < 0 ? db_err(rc) : n;
}

static int unmark(struct records *r, const struct marked *m) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(r->writer->db, "DELETE FROM dirty WHERE period=? AND start=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, m->code);
    sqlite3_bind_int64(s, 2, m->start);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static int revise_marked(struct rollup *u, ms_t now_ms) {
    struct marked batch[REVISE_BATCH];
    int n = take_marked(u->records, batch);
    for (int i = 0; i < n; i++) {
        int err = unmark(u->records, &batch[i]);
        if (err == ERR_OK)
            err = revise(u->records, period_of(batch[i].code), batch[i].start, now_ms);
        if (err < 0)
            return err;
    }
    return n < 0 ? n : ERR_OK;
}

static int count_marked(struct rollup *u) {
    int64_t n = 0;
    sqlite3_stmt *s;
    int err = records_prepare(u->records, RECORDS_MARKED, &s);
    if (err == ERR_OK)
        err = db_run_i64(s, 0, &n);
    /* the clock may have gone back */
    u->waiting = n;
    return err;
}

int rollup_run(struct rollup *u, ms_t now_ms) {
    int64_t before = u->waiting;
    int err = count_marked(u);
    if (err == ERR_OK && u->waiting == 0)
        u->calm_since = 0;
    if (err == ERR_OK && u->waiting > before)
        u->calm_since = now_ms; /* more came */
    bool calm = now_ms < u->calm_since || now_ms - u->calm_since >= CALM_MS;
    if (err == ERR_OK && u->waiting > 0 && calm)
        err = revise_marked(u, now_ms);
    if (err == ERR_OK)
        err = write_all_due(u, now_ms);
    if (err == ERR_OK)
        err = count_marked(u);
    u->records->writer->more = u->waiting > 0 || u->behind;
    return err;
}

int rollup_recompute(struct rollup *u, int32_t from_day) {
    sqlite3_stmt *s = NULL;
    struct records *r = u->records;
    int err =
        db_prepare(r->writer->db,
                   "INSERT OR IGNORE INTO dirty SELECT DISTINCT period,start FROM record WHERE"
                   " period=86400 AND start>=?",
                   &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, local_midnight(from_day, clock_utc_offset_s));
    err = db_run(s);
    int n = sqlite3_changes(r->writer->db);
    sqlite3_finalize(s);
    r->writer->more = true;
    return err < 0 ? err : n;
}
