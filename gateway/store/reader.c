#include "store/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/alert_rows.h"
#include "store/db.h"
#include "store/reader_impl.h"
#include "store/schema.h"
#include "store/store_file.h"
#include "sys/log.h"

static const char *const statement_sql[READER_STATEMENT_COUNT] = {
    [READ_BOUNDS] = "SELECT (SELECT min(seq) FROM outbox),(SELECT max(seq) FROM outbox)",
    [READ_CURSOR] = "SELECT floor,ranges FROM cursor WHERE dest=? AND epoch=?",
    [READ_OUTBOX] = "SELECT seq,kind,key,revision,part,parts FROM outbox WHERE seq>? ORDER BY seq",
    [READ_OLDEST] = "SELECT t FROM outbox WHERE seq>? ORDER BY seq LIMIT 1",
    [READ_RECORD] = "SELECT t,layout,offset_s,devices,body FROM record"
                    " WHERE period=? AND start=? AND revision=?",
    [READ_SLOT] = "SELECT device,body,max(revision) FROM slot WHERE period=? AND start=? AND"
                  " device>=? AND revision<=? GROUP BY device",
    [READ_EVENT] = "SELECT t,layout,offset_s,body FROM event WHERE id=?",
    [READ_LAYOUT] = "SELECT body FROM layout WHERE id=?",
    [READ_RANGE] = "SELECT seq,kind,key,revision,part,parts FROM outbox WHERE seq>?1"
                   " AND (?2>>(kind&255))&1 AND CASE kind WHEN 1 THEN"
                   " (SELECT t FROM event WHERE id=key) ELSE key END BETWEEN ?3 AND ?4-1"
                   " ORDER BY seq",
    [READ_CHAINS] = "SELECT chain,layout,min(t),max(t) FROM raw WHERE t>=? AND t<?"
                    " GROUP BY chain,layout ORDER BY 3",
    [READ_CHAIN] = "SELECT body FROM raw WHERE t BETWEEN ? AND ? AND chain=? AND layout=?"
                   " ORDER BY t",
    [READ_WINDOWS] = "SELECT t,layout FROM chunk WHERE t<? AND until>=? GROUP BY t,layout"
                     " ORDER BY t",
    [READ_CHUNKS] = "SELECT body FROM chunk WHERE t=?1 AND layout=?2 AND (?3<0 OR"
                    " ?3 BETWEEN device_first AND device_last) ORDER BY n",
    [READ_FACTS] = "SELECT start,facts FROM record WHERE period=? AND start>=? AND start<? AND"
                   " facts IS NOT NULL ORDER BY start,revision",
    [READ_NUMBER] = "SELECT id FROM device WHERE name=?",
    [READ_REPLAYS] = "SELECT id,to_seq,done,t FROM replay WHERE dest=? AND epoch=? AND done<to_seq"
                     " ORDER BY id",
    [READ_REPLAY_ROWS] = "SELECT seq,kind,key,revision,part,parts FROM outbox WHERE seq>?1 AND"
                         " seq<=?2 AND t>=CASE kind WHEN ?3 THEN ?4 ELSE ?5 END ORDER BY seq",
    /* handling 0 and 1: open, acknowledged */
    [READ_ALERTS] = "SELECT " ALERT_COLUMNS " FROM alert WHERE (?1=0 OR id=?1) AND id<?2 AND"
                    " raised>=?3 AND raised<?4 AND (?5=0 OR handling IN(0,1)) AND"
                    " (?6=0 OR due<=?7) AND (?8 IS NULL OR rule=?8) AND"
                    " (?9 IS NULL OR object=?9) ORDER BY id DESC LIMIT ?10",
    [READ_ALERT_STEPS] = "SELECT " ALERT_STEP_COLUMNS " FROM alert_step WHERE alert=? ORDER BY n",
    [READ_ALERT_COUNTS] = "SELECT severity,count(*),count(*) FILTER(WHERE due<=?1) FROM alert"
                          " WHERE handling IN(0,1) GROUP BY severity",
};

const char *outbox_topic(enum outbox_kind k) {
    static const char *const leaves[] = {[OUTBOX_EVENT] = "event",
                                         [OUTBOX_RECORD_1M] = "record/1m",
                                         [OUTBOX_RECORD_15M] = "record/15m",
                                         [OUTBOX_RECORD_1H] = "record/1h",
                                         [OUTBOX_RECORD_1D] = "record/1d",
                                         [OUTBOX_RECORD_1MO] = "record/1mo",
                                         [OUTBOX_RECORD_BILL] = "record/bill"};
    return k >= OUTBOX_EVENT && k <= OUTBOX_RECORD_BILL ? leaves[k] : leaves[OUTBOX_EVENT];
}

int reader_open(const char *path, struct reader **ret) {
    struct reader *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_NOMEM;
    r->path = strdup(path);
    r->inode = store_inode(path);
    int err = r->path ? db_open(path, DB_READ, &r->db) : ERR_NOMEM;
    if (err == ERR_OK)
        err = schema_check(r->db, path);
    if (err == ERR_OK)
        err = db_get_i64(r->db, "SELECT value FROM meta WHERE key='epoch'", 0, &r->epoch);
    if (err < 0) {
        reader_close(r);
        return err;
    }
    *ret = r;
    return ERR_OK;
}

bool reader_replaced(const struct reader *r) {
    return store_inode(r->path) != r->inode;
}

bool reader_damaged(const struct reader *r) {
    int code = r->db ? sqlite3_errcode(r->db) & 0xff : SQLITE_OK;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

void reader_close(struct reader *r) {
    if (!r)
        return;
    if (reader_damaged(r))
        db_suspect(r->inode);
    for (int i = 0; i < READER_STATEMENT_COUNT; i++)
        sqlite3_finalize(r->statements[i]);
    for (int i = 0; i < READER_LAYOUTS; i++)
        layout_free(r->layouts[i].layout);
    db_close(r->db);
    free(r->path);
    free(r);
}

int reader_statement(struct reader *r, enum reader_statement which, sqlite3_stmt **ret) {
    if (!r->statements[which]) {
        int err = db_prepare(r->db, statement_sql[which], &r->statements[which]);
        if (err < 0)
            return err;
    }
    *ret = r->statements[which];
    return ERR_OK;
}

int reader_layout(struct reader *r, int64_t id, const struct layout **ret) {
    for (int i = 0; i < READER_LAYOUTS; i++)
        if (r->layouts[i].id == id && r->layouts[i].layout) {
            *ret = r->layouts[i].layout;
            return ERR_OK;
        }
    sqlite3_stmt *s;
    int err = reader_statement(r, READ_LAYOUT, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, id);
    int rc = sqlite3_step(s);
    struct layout *l = NULL;
    if (rc == SQLITE_ROW)
        err = layout_parse(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), &l);
    else
        err = rc == SQLITE_DONE ? ERR_CORRUPT : db_err(rc);
    sqlite3_reset(s);
    if (err < 0)
        return err;
    size_t i = r->oldest_layout;
    r->oldest_layout = (i + 1) % READER_LAYOUTS;
    layout_free(r->layouts[i].layout);
    r->layouts[i].id = id;
    r->layouts[i].layout = l;
    *ret = l;
    return ERR_OK;
}

int reader_cursor(struct reader *r, const char *dest, struct cursor *ret) {
    sqlite3_stmt *s;
    int err = reader_statement(r, READ_CURSOR, &s);
    if (err < 0)
        return err;
    *ret = (struct cursor){0};
    sqlite3_bind_text(s, 1, dest, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, r->epoch);
    int rc = sqlite3_step(s);
    err = db_err(rc);
    if (rc == SQLITE_ROW)
        err = cursor_restore(ret, (uint64_t)sqlite3_column_int64(s, 0), sqlite3_column_blob(s, 1),
                             (size_t)sqlite3_column_bytes(s, 1));
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return err;
}

static int oldest_unacknowledged(struct reader *r, uint64_t floor, ms_t *ret_t) {
    sqlite3_stmt *s;
    int err = reader_statement(r, READ_OLDEST, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, (int64_t)floor);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret_t = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return db_err(rc);
}

int reader_head(struct reader *r, const char *dest, struct outbox_head *ret) {
    struct outbox_head head = {.epoch = r->epoch};
    struct cursor cursor;
    sqlite3_stmt *s;
    int err = reader_cursor(r, dest, &cursor);
    if (err == ERR_OK)
        err = reader_statement(r, READ_BOUNDS, &s);
    if (err < 0)
        return err;
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        head.seq_first = (uint64_t)sqlite3_column_int64(s, 0);
        head.seq_head = (uint64_t)sqlite3_column_int64(s, 1);
    }
    sqlite3_reset(s);
    err = db_err(rc);
    if (head.seq_head > cursor.floor)
        head.unacked = head.seq_head - cursor.floor - cursor_above_floor(&cursor);
    if (err == ERR_OK && head.unacked > 0)
        err = oldest_unacknowledged(r, cursor.floor, &head.oldest_unacked_utc_ms);
    if (err == ERR_OK)
        *ret = head;
    return err;
}

static struct outbox_row row_of(sqlite3_stmt *s) {
    return (struct outbox_row){.seq = (uint64_t)sqlite3_column_int64(s, 0),
                               .kind = (enum outbox_kind)(sqlite3_column_int64(s, 1) & 0xff),
                               .account_no = sqlite3_column_int64(s, 1) >> 8,
                               .key = sqlite3_column_int64(s, 2),
                               .revision = (uint32_t)sqlite3_column_int64(s, 3),
                               .part = (uint16_t)sqlite3_column_int(s, 4),
                               .parts = (uint16_t)sqlite3_column_int(s, 5)};
}

int reader_rows(sqlite3_stmt *s, struct outbox_row *rows, size_t cap) {
    size_t n = 0;
    int rc = SQLITE_DONE;
    while (n < cap && (rc = sqlite3_step(s)) == SQLITE_ROW)
        rows[n++] = row_of(s);
    sqlite3_reset(s);
    int err = db_err(rc);
    return err < 0 ? err : (int)n;
}

int reader_outbox(struct reader *r, const char *dest, uint64_t after_seq, struct outbox_row *rows,
                  size_t cap) {
    struct cursor cursor;
    sqlite3_stmt *s;
    int err = reader_cursor(r, dest, &cursor);
    if (err == ERR_OK)
        err = reader_statement(r, READ_OUTBOX, &s);
    if (err < 0)
        return err;
    uint64_t after = after_seq > cursor.floor ? after_seq : cursor.floor;
    sqlite3_bind_int64(s, 1, (int64_t)after);
    size_t n = 0;
    int rc = SQLITE_DONE;
    while (n < cap && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        rows[n] = row_of(s);
        if (!cursor_has(&cursor, rows[n].seq))
            n++;
    }
    sqlite3_reset(s);
    err = db_err(rc);
    return err < 0 ? err : (int)n;
}

int reader_range(struct reader *r, unsigned kinds, ms_t from, ms_t to, uint64_t after_seq,
                 struct outbox_row *rows, size_t cap) {
    sqlite3_stmt *s;
    int err = reader_statement(r, READ_RANGE, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, (int64_t)after_seq);
    sqlite3_bind_int64(s, 2, (int64_t)kinds);
    sqlite3_bind_int64(s, 3, from);
    sqlite3_bind_int64(s, 4, to);
    return reader_rows(s, rows, cap);
}
