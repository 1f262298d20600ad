#include "store/epoch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/cursor.h"
#include "store/db.h"

#define DESTS_MAX      16
#define REVISIONS_STEP 1000 /* more than a slot ever gets within an epoch */

struct destinations {
    struct cursor cursor[DESTS_MAX];
    int count;
};

/* Those that had begun; a destination without a cursor has nothing and is sent everything. */
static int load_destinations(sqlite3 *db, ms_t epoch, struct destinations *ret) {
    sqlite3_stmt *s = NULL;
    ret->count = 0;
    int err = db_prepare(db, "SELECT floor,ranges FROM cursor WHERE epoch=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, epoch);
    while (sqlite3_step(s) == SQLITE_ROW && ret->count < DESTS_MAX) {
        struct cursor *c = &ret->cursor[ret->count++];
        uint64_t floor = (uint64_t)sqlite3_column_int64(s, 0);
        if (cursor_restore(c, floor, sqlite3_column_blob(s, 1),
                           (size_t)sqlite3_column_bytes(s, 1)) < 0)
            *c = (struct cursor){.floor = floor};
    }
    sqlite3_finalize(s);
    return ERR_OK;
}

static bool everybody_has(const struct destinations *d, uint64_t seq) {
    for (int i = 0; i < d->count; i++)
        if (!cursor_has(&d->cursor[i], seq))
            return false;
    return d->count > 0;
}

/* New numbers are never higher than the old ones, so none is taken twice on the way. */
static int number_again(sqlite3 *db, const struct destinations *d, uint64_t *ret_count) {
    sqlite3_stmt *next = NULL, *drop = NULL, *move = NULL;
    uint64_t seq = 0, given = 0;
    int64_t found = 0;
    int err = db_prepare(db, "SELECT min(seq) FROM outbox WHERE seq>?", &next);
    if (err == ERR_OK)
        err = db_prepare(db, "DELETE FROM outbox WHERE seq=?", &drop);
    if (err == ERR_OK)
        err = db_prepare(db, "UPDATE outbox SET seq=?2 WHERE seq=?1", &move);
    while (err == ERR_OK) {
        sqlite3_bind_int64(next, 1, (int64_t)seq);
        err = db_run_i64(next, 0, &found);
        if (err < 0 || found == 0)
            break;
        seq = (uint64_t)found;
        bool has = everybody_has(d, seq);
        sqlite3_stmt *s = has ? drop : move;
        sqlite3_bind_int64(s, 1, found);
        if (!has)
            sqlite3_bind_int64(s, 2, (int64_t)++given);
        err = db_run(s);
    }
    sqlite3_finalize(next);
    sqlite3_finalize(drop);
    sqlite3_finalize(move);
    *ret_count = given;
    return err;
}

/* Tables that count by seq say nothing under another epoch. */
static int forget_tables_of_epoch(sqlite3 *db) {
    char sql[512] = "";
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db,
                         "SELECT group_concat('DELETE FROM \"'||m.name||'\"',';') FROM"
                         " sqlite_schema m, pragma_table_info(m.name) c WHERE m.type='table' AND"
                         " c.name='seq_from'",
                         &s);
    if (err == ERR_OK && sqlite3_step(s) == SQLITE_ROW && sqlite3_column_text(s, 0))
        snprintf(sql, sizeof sql, "%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    if (err == ERR_OK)
        err = db_exec(db, "DELETE FROM cursor");
    return err == ERR_OK && sql[0] ? db_exec(db, sql) : err;
}

static int put_meta(sqlite3 *db, const char *key, int64_t number, const char *text) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db, "INSERT OR REPLACE INTO meta(key,value) VALUES(?,?)", &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
    if (text)
        sqlite3_bind_text(s, 2, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_int64(s, 2, number);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

int epoch_revision_base(sqlite3 *db, int64_t *ret) {
    return db_get_i64(db, "SELECT value FROM meta WHERE key='revision_base'", 0, ret);
}

static int change_epoch(sqlite3 *db, const struct epoch_change *c, ms_t *ret_epoch) {
    ms_t own = 0;
    int64_t head = 0;
    uint64_t count = 0;
    struct destinations d;
    int err = db_get_i64(db, "SELECT value FROM meta WHERE key='epoch'", 0, &own);
    if (err == ERR_OK)
        err = db_get_i64(db, "SELECT max(seq) FROM outbox", 0, &head);
    if (err == ERR_OK)
        err = load_destinations(db, own, &d);
    if (err == ERR_OK)
        err = number_again(db, &d, &count);
    if (err == ERR_OK)
        err = forget_tables_of_epoch(db);
    if (err < 0)
        return err;
    ms_t old = c->old_epoch > own ? c->old_epoch : own;
    uint64_t last = c->old_epoch == old ? c->old_seq : 0;
    if (own == old && (uint64_t)head > last)
        last = (uint64_t)head;
    ms_t epoch = c->now_ms > old ? c->now_ms : old + 1;
    char note[EPOCH_NOTE_MAX];
    snprintf(note, sizeof note,
             "%s; epoch %" PRId64 " ended at seq %" PRIu64 "; %" PRIu64
             " messages that were not acknowledged come again under epoch %" PRId64 "%s%s",
             c->reason, old, last, count, epoch, c->aside ? "; the store before is kept as " : "",
             c->aside ? c->aside : "");
    int64_t base = 0;
    err = put_meta(db, "epoch", epoch, NULL);
    if (err == ERR_OK)
        err = epoch_revision_base(db, &base);
    if (err == ERR_OK)
        err = put_meta(db, "revision_base", base + REVISIONS_STEP, NULL);
    if (err == ERR_OK)
        err = put_meta(db, "replaced_seq", (int64_t)last, NULL);
    if (err == ERR_OK)
        err = put_meta(db, "replaced", 0, note);
    *ret_epoch = epoch;
    return err;
}

int epoch_adopt(sqlite3 *db, ms_t epoch) {
    return put_meta(db, "epoch", epoch, NULL);
}

int epoch_begin(sqlite3 *db, const struct epoch_change *change, ms_t *ret_epoch) {
    ms_t epoch = 0;
    int err = db_exec(db, "BEGIN IMMEDIATE");
    if (err == ERR_OK)
        err = change_epoch(db, change, &epoch);
    if (err == ERR_OK)
        err = db_exec(db, "COMMIT");
    if (!sqlite3_get_autocommit(db))
        db_exec(db, "ROLLBACK");
    if (err == ERR_OK)
        *ret_epoch = epoch;
    return err;
}

bool epoch_announcement(sqlite3 *db, char note[EPOCH_NOTE_MAX], uint64_t *ret_last_seq) {
    sqlite3_stmt *s = NULL;
    int64_t seq = 0;
    bool found = false;
    if (db_prepare(db, "SELECT value FROM meta WHERE key='replaced'", &s) == ERR_OK &&
        sqlite3_step(s) == SQLITE_ROW && sqlite3_column_text(s, 0)) {
        snprintf(note, EPOCH_NOTE_MAX, "%s", (const char *)sqlite3_column_text(s, 0));
        found = true;
    }
    sqlite3_finalize(s);
    if (found && db_get_i64(db, "SELECT value FROM meta WHERE key='replaced_seq'", 0, &seq) == 0)
        *ret_last_seq = (uint64_t)seq;
    return found;
}

int epoch_announced(sqlite3 *db) {
    return db_exec(db, "DELETE FROM meta WHERE key IN('replaced','replaced_seq')");
}
