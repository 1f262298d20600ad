#include "store/replace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "store/db.h"
#include "store/epoch.h"
#include "store/salvage.h"
#include "store/schema.h"
#include "sys/log.h"

static void remove_store(const char *path) {
    static const char *const parts[] = {"", "-wal", "-shm"};
    char name[STORE_PATH_MAX];
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (store_name(path, parts[i], name) == ERR_OK)
            unlink(name);
}

/* Opens what is damaged, with its first page mended when nothing else helps. */
static int open_damaged(const char *path, const char *aside, sqlite3 **ret) {
    char copy[STORE_PATH_MAX];
    int err = salvage_open(path, ret);
    if (err == ERR_OK || store_name(aside, ".page1", copy) < 0 || !store_mend_page1(path, copy))
        return err;
    err = salvage_open(path, ret);
    if (err == ERR_OK)
        log_warn("store %s: its first page was damaged; the kept copy takes its place, the damaged "
                 "one is in %s",
                 path, copy);
    return err;
}

static int mark_rest(sqlite3 *db, const char *aside) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db, "INSERT OR REPLACE INTO meta(key,value) VALUES('salvage',?)", &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, aside, -1, SQLITE_STATIC);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

struct replacement {
    const char *path, *aside;
    ms_t now_ms;
    struct store_note note;
};

/* Fills an empty store with what can be read. */
static int fill(sqlite3 *db, const struct replacement *r) {
    sqlite3 *from = NULL;
    struct salvage_counts counts = {0};
    ms_t epoch = 0;
    int err = open_damaged(r->path, r->aside, &from);
    bool readable = err == ERR_OK;
    if (readable)
        err = salvage_copy(from, db, r->now_ms, &counts);
    else
        err = ERR_OK; /* nothing can be read: begin anew */
    sqlite3_close(from);
    const struct epoch_change change = {.reason = readable ? "the store was damaged"
                                                           : "the store was damaged beyond reading",
                                        .aside = r->aside,
                                        .old_epoch = r->note.epoch,
                                        .old_seq = r->note.seq,
                                        .now_ms = r->now_ms};
    if (err == ERR_OK)
        err = epoch_adopt(db, counts.epoch > 0 ? counts.epoch : r->note.epoch);
    if (err == ERR_OK && readable)
        err = mark_rest(db, r->aside);
    if (err == ERR_OK)
        err = epoch_begin(db, &change, &epoch);
    if (err == ERR_OK)
        log_warn("store %s: %" PRIu64 " rows salvaged, %d tables are damaged; epoch %" PRId64
                 " begins",
                 r->path, counts.rows, counts.damaged_tables, epoch);
    return err;
}

static int make_new(const char *name, const struct replacement *r) {
    sqlite3 *db = NULL;
    remove_store(name);
    int err = db_open(name, DB_WRITE, &db);
    if (err == ERR_OK)
        err = schema_migrate(db, name, r->now_ms);
    if (err == ERR_OK)
        err = fill(db, r);
    if (err == ERR_OK)
        err = db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    if (err < 0 && db)
        db_report(db, name, "cannot be filled", sqlite3_extended_errcode(db));
    db_close(db); /* the last handle: its log goes with it */
    if (err < 0)
        remove_store(name);
    return err;
}

int replace_damaged(const char *path, ms_t now_ms, struct store_note note) {
    char fresh[STORE_PATH_MAX], aside[STORE_PATH_MAX];
    struct replacement r = {.path = path, .aside = aside, .now_ms = now_ms, .note = note};
    int err = store_name(path, ".new", fresh);
    if (err == ERR_OK)
        err = store_dated_name(path, "corrupt", now_ms, aside);
    if (err < 0)
        return err;
    log_error("store %s: is damaged; it is set aside as %s and what can be read of it goes into a "
              "new store; check the disk",
              path, aside);
    err = make_new(fresh, &r);
    if (err == ERR_OK)
        err = store_move(path, aside);
    if (err == ERR_OK)
        replace_finish(path);
    return err;
}

/* The announcement is the last thing that goes into it. */
static bool is_complete(const char *name) {
    char note[EPOCH_NOTE_MAX];
    uint64_t seq = 0;
    sqlite3 *db = NULL;
    bool complete = db_open(name, DB_WRITE, &db) == ERR_OK && epoch_announcement(db, note, &seq);
    db_close(db);
    return complete;
}

void replace_finish(const char *path) {
    char fresh[STORE_PATH_MAX];
    if (store_exists(path) || store_name(path, ".new", fresh) < 0 || !store_exists(fresh))
        return;
    if (!is_complete(fresh))
        remove_store(fresh);
    else if (rename(fresh, path) < 0)
        log_error("store %s: %s cannot take its place; rename it by hand", path, fresh);
    store_sync_folder(path);
}
