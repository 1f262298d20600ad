#include "store/rollup.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "store/db.h"
#include "store/gap.h"
#include "sys/clock.h"
#include "sys/log.h"

#define CALM_MS      5000       /* devices come back one by one: revise once */
#define CALM_MAX_MS  MS_PER_MIN /* of those that never come to rest */
#define REVISE_BATCH 60         /* slots a transaction */
#define LONG_BATCH   8

/* The first slot at or after a time of which facts are kept; INT64_MIN: none. */
static int64_t first_start(struct records *r, int64_t code, ms_t from) {
    int64_t start = INT64_MIN;
    sqlite3_stmt *s;
    if (records_prepare(r, RECORDS_FIRST, &s) < 0)
        return INT64_MIN;
    sqlite3_bind_int64(s, 1, code);
    sqlite3_bind_int64(s, 2, from);
    return db_run_i64(s, INT64_MIN, &start) < 0 ? INT64_MIN : start;
}

static int first_day_of(const struct records *r, int account) {
    return account >= 0 ? r->site->accounts[account].billing_day : 1;
}

/* The longer slot that comes next: after the last one written, the first that has a part. So a time
 * of which nothing is kept has no longer slots either. False: no part is there, or the end of the
 * slot is not reached by its quarters. */
static bool next_due(struct records *r, enum slot_period p, int account, ms_t *ret_start) {
    int64_t code;
    ms_t last, parts_end, from = INT64_MIN;
    int day = first_day_of(r, account);
    if (records_code(r, p, account, &code) < 0)
        return false;
    if (writer_last_start(r->writer, code, &last))
        from = slot_end(p, last, clock_utc_offset_s, day);
    int64_t part = first_start(r, slot_code(slot_part(p)), from);
    if (part == INT64_MIN || !writer_last_start(r->writer, slot_code(SLOT_15M), &parts_end))
        return false;
    *ret_start = slot_start(p, part, clock_utc_offset_s, day);
    return parts_end + slot_ms(SLOT_15M) >= slot_end(p, *ret_start, clock_utc_offset_s, day);
}

/* Writes what is due of a period. Returns how many were written. */
static int write_due(struct records *r, enum slot_period p, int account, int most, ms_t now_ms) {
    ms_t start;
    int n = 0;
    while (n < most && next_due(r, p, account, &start)) {
        int err = records_write_long(r, p, account, start, now_ms);
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

static int mark(struct records *r, int64_t code, ms_t start) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(r->writer->db, "INSERT OR IGNORE INTO dirty VALUES(?,?)", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, code);
    sqlite3_bind_int64(s, 2, start);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static int mark_if_there(struct records *r, enum slot_period p, int account, ms_t t) {
    int64_t code;
    ms_t start = slot_start(p, t, clock_utc_offset_s, first_day_of(r, account));
    int err = records_code(r, p, account, &code);
    return err == ERR_OK && has_record(r, code, start) ? mark(r, code, start) : err;
}

/* The month and the bills that hold this day. */
static int mark_months(struct records *r, ms_t day) {
    int err = mark_if_there(r, SLOT_1MO, -1, day);
    for (size_t i = 0; err == ERR_OK && i < r->site->account_count; i++)
        err = mark_if_there(r, SLOT_BILL, (int)i, day);
    return err;
}

/* What is made of this slot, where it has been made already. */
static int mark_above(struct records *r, enum slot_period p, ms_t start) {
    switch (p) {
    case SLOT_15M:
        return mark_if_there(r, SLOT_1H, -1, start);
    case SLOT_1H:
        return mark_if_there(r, SLOT_1D, -1, start);
    case SLOT_1D:
        return mark_months(r, start);
    case SLOT_1M:
    case SLOT_1MO:
    case SLOT_BILL:
    case SLOT_PERIOD_COUNT:
        break;
    }
    return ERR_OK;
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

/* The period of a code; false: a bill of an account that is gone, or nothing this program knows. */
static bool period_of(struct records *r, int64_t code, enum slot_period *ret, int *ret_account) {
    *ret_account = -1;
    for (int p = 0; p < SLOT_BILL; p++) {
        *ret = (enum slot_period)p;
        if (slot_code(*ret) == code)
            return true;
    }
    *ret = SLOT_BILL;
    for (size_t i = 0; i < r->site->account_count; i++) {
        int64_t bill;
        *ret_account = (int)i;
        if (records_code(r, SLOT_BILL, (int)i, &bill) == ERR_OK && bill == code)
            return true;
    }
    return false;
}

struct marked {
    int64_t code;
    ms_t start;
};

static int revise(struct records *r, const struct marked *m, ms_t now_ms) {
    enum slot_period p;
    int account, err;
    if (!period_of(r, m->code, &p, &account) || !has_record(r, m->code, m->start))
        return ERR_OK;
    if (p >= SLOT_1D && records_is_filed(r, m->start))
        return report_filed(r, p, m->start, now_ms);
    if (p >= SLOT_1H)
        err = records_write_long(r, p, account, m->start, now_ms);
    else
        err = records_revise_slot(r, p, m->start, now_ms);
    return err < 0 ? err : mark_above(r, p, m->start);
}

/* Of one period, the shortest: what is made of its slots is made once, of all their new revisions.
 */
static int take_marked(struct records *r, struct marked *ret, int most) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(r->writer->db,
                         "SELECT period,start FROM dirty WHERE period=(SELECT min(period) FROM"
                         " dirty) ORDER BY start LIMIT ?",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, most);
    int n = 0, rc = SQLITE_DONE;
    while (n < most && (rc = sqlite3_step(s)) == SQLITE_ROW)
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
    int n = 0;
    for (int left = REVISE_BATCH; left > 0; left -= n) {
        n = take_marked(u->records, batch, left);
        for (int i = 0; i < n; i++) {
            int err = unmark(u->records, &batch[i]);
            if (err == ERR_OK)
                err = revise(u->records, &batch[i], now_ms);
            if (err < 0)
                return err;
        }
        if (n <= 0)
            break;
    }
    return n < 0 ? n : ERR_OK;
}

static int count_marked(struct rollup *u) {
    sqlite3_stmt *s;
    int err = records_prepare(u->records, RECORDS_MARKED, &s);
    return err < 0 ? err : db_run_i64(s, 0, &u->waiting);
}

/* Whether no slot was marked for a while, or the first has waited long enough. */
static bool is_calm(struct rollup *u, int64_t before, ms_t now_ms) {
    bool back = now_ms < u->calm_since; /* the clock was set back */
    if (u->waiting == 0)
        u->waiting_since = u->calm_since = 0;
    else if (u->waiting_since == 0 || back)
        u->waiting_since = u->calm_since = now_ms;
    else if (u->waiting > before)
        u->calm_since = now_ms;
    return u->waiting > 0 &&
           (back || now_ms - u->calm_since >= CALM_MS || now_ms - u->waiting_since >= CALM_MAX_MS);
}

int rollup_run(struct rollup *u, ms_t now_ms) {
    int64_t before = u->waiting;
    int err = count_marked(u);
    if (err == ERR_OK && is_calm(u, before, now_ms))
        err = revise_marked(u, now_ms);
    if (err == ERR_OK)
        err = write_all_due(u, now_ms);
    if (err == ERR_OK)
        err = count_marked(u);
    u->records->writer->more = u->waiting > 0 || u->behind;
    return err;
}

int rollup_recompute(struct rollup *u, int32_t from_day, int32_t to_day, int *ret_filed) {
    sqlite3_stmt *s = NULL;
    struct records *r = u->records;
    int err = db_prepare(r->writer->db,
                         "SELECT DISTINCT start FROM record WHERE period=? AND start>=? AND"
                         " start<? ORDER BY start",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(SLOT_1D));
    sqlite3_bind_int64(s, 2, local_midnight(from_day, clock_utc_offset_s));
    sqlite3_bind_int64(
        s, 3, to_day == INT32_MAX ? INT64_MAX : local_midnight(to_day, clock_utc_offset_s));
    int n = 0, filed = 0, rc = SQLITE_DONE;
    while (err == ERR_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        ms_t start = sqlite3_column_int64(s, 0);
        bool frozen = records_is_filed(r, start);
        filed += frozen;
        n += !frozen;
        err = frozen ? ERR_OK : gap_mark(r->writer, SLOT_1D, start);
    }
    sqlite3_finalize(s);
    if (err == ERR_OK)
        err = db_err(rc);
    if (err < 0)
        return err;
    *ret_filed = filed;
    return n;
}
