#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "store/db.h"
#include "store/epoch.h"
#include "store/layout.h"
#include "store/replace.h"
#include "store/schema.h"
#include "store/writer.h"
#include "sys/log.h"

#define PENDING_BASE       (1u << 20)
#define PENDING_PER_POINT  128 /* a minute and a quarter, twice, and seconds of raw rows */
#define PENDING_PER_DEVICE 2048
#define LAYOUT_PER_DEVICE  512
#define LAYOUT_PER_POINT   1024

static const char *const statement_sql[WRITER_STATEMENT_COUNT] = {
    [WRITE_RAW] = "INSERT INTO raw VALUES(?,?,?,?)",
    [WRITE_SLOT] = "INSERT OR REPLACE INTO slot VALUES(?,?,?,?,?)",
    [WRITE_CHECKPOINT] = "INSERT OR REPLACE INTO counter VALUES(?,?)",
    [WRITE_RECORD] = "INSERT INTO record VALUES(?,?,?,?,?,?,?,?,?)",
    [WRITE_EVENT] = "INSERT INTO event(t,layout,offset_s,body) VALUES(?,?,?,?)",
    [WRITE_OUTBOX] = "INSERT INTO outbox VALUES(?,?,?,?,?,?,?)",
    [WRITE_CURSOR] = "INSERT OR REPLACE INTO cursor VALUES(?,?,?,?)",
    [WRITE_LEDGER] = "INSERT INTO ledger(t,device,feed,counter,event,old,first,new,multiplier)"
                     " VALUES(?,?,?,?,?,?,?,?,?)",
    [READ_LAST_START] = "SELECT max(start) FROM record WHERE period=?",
    [READ_REVISION] = "SELECT max(revision) FROM record WHERE period=? AND start=?",
};

static int load_cursors(struct writer *w) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "SELECT dest,epoch,floor,ranges FROM cursor WHERE dest='mqtt'", &s);
    while (err == ERR_OK && sqlite3_step(s) == SQLITE_ROW && w->dest_count < WRITER_DESTS_MAX) {
        struct writer_dest *d = &w->dests[w->dest_count];
        const char *name = (const char *)sqlite3_column_text(s, 0);
        if (!name || strlen(name) >= WRITER_DEST_MAX || sqlite3_column_int64(s, 1) != w->epoch)
            continue;
        memset(d, 0, sizeof *d);
        memcpy(d->name, name, strlen(name) + 1);
        err = cursor_restore(&d->cursor, (uint64_t)sqlite3_column_int64(s, 2),
                             sqlite3_column_blob(s, 3), (size_t)sqlite3_column_bytes(s, 3));
        w->dest_count++;
    }
    sqlite3_finalize(s);
    return err;
}

static int load_head(struct writer *w) {
    int64_t head = 0;
    int err = db_get_i64(w->db, "SELECT value FROM meta WHERE key='epoch'", 0, &w->epoch);
    if (err == ERR_OK)
        err = db_get_i64(w->db, "SELECT max(seq) FROM outbox", 0, &head);
    w->seq_next = w->seq_seen = (uint64_t)head + 1;
    if (err == ERR_OK)
        err = epoch_revision_base(w->db, &w->revision_base);
    return err;
}

/* A log that was cut short, an old copy put in its place, a deleted store: numbers that were given
 * would be given again for something else. */
static int check_note(struct writer *w, bool created, ms_t now_ms) {
    struct store_note note = {0};
    ms_t epoch = 0;
    int err = load_head(w);
    if (err < 0 || !store_note_read(w->lock_fd, &note) || note.seq == 0)
        return err;
    if (!created && (w->epoch > note.epoch || (w->epoch == note.epoch && w->seq_next > note.seq)))
        return ERR_OK;
    const struct epoch_change change = {
        .reason = created ? "the store is new" : "the store is older than what was sent from it",
        .old_epoch = note.epoch,
        .old_seq = note.seq,
        .now_ms = now_ms};
    if (created)
        err = epoch_adopt(w->db, note.epoch);
    if (err == ERR_OK)
        err = epoch_begin(w->db, &change, &epoch);
    if (err == ERR_OK)
        log_warn("store %s: %s; epoch %" PRId64 " ended at seq %" PRIu64 ", epoch %" PRId64
                 " begins",
                 w->path, change.reason, note.epoch, note.seq, epoch);
    return err < 0 ? err : load_head(w);
}

static int load(struct writer *w, bool created, ms_t now_ms) {
    w->dest_count = 0;
    int err = check_note(w, created, now_ms);
    if (err == ERR_OK)
        err = load_cursors(w);
    for (int i = 0; err == ERR_OK && i < WRITER_STATEMENT_COUNT; i++)
        err = db_prepare(w->db, statement_sql[i], &w->statements[i]);
    if (err < 0) {
        db_report(w->db, w->path, "cannot read", sqlite3_extended_errcode(w->db));
        return err;
    }
    const struct store_note note = {w->epoch, w->seq_next - 1};
    store_note_write(w->lock_fd, note);
    pthread_mutex_lock(&w->lock);
    w->ack_epoch = w->epoch;
    pthread_mutex_unlock(&w->lock);
    return ERR_OK;
}

static void close_db(struct writer *w) {
    for (int i = 0; i < WRITER_STATEMENT_COUNT; i++)
        sqlite3_finalize(w->statements[i]);
    memset(w->statements, 0, sizeof w->statements);
    db_close(w->db);
    w->db = NULL;
}

/* Everything into the file itself, so that its first page can be kept. */
static int settle(struct writer *w, uint8_t page[STORE_PAGE_BYTES], bool *ret_have) {
    int err = db_exec(w->db, "PRAGMA wal_checkpoint(TRUNCATE)");
    db_close(w->db);
    w->db = NULL;
    *ret_have = store_read_page1(w->path, page);
    return err < 0 ? err : db_open(w->path, DB_WRITE, &w->db);
}

static int open_db(struct writer *w, ms_t now_ms) {
    uint8_t page[STORE_PAGE_BYTES];
    struct store_note note = {0};
    int64_t before = 0;
    replace_finish(w->path);
    bool have = store_read_page1(w->path, page);
    int err = db_open(w->path, DB_WRITE, &w->db);
    if (err == ERR_OK)
        err = db_get_i64(w->db, "PRAGMA user_version", 0, &before);
    if (err == ERR_OK && store_note_read(w->lock_fd, &note) && note.epoch >= now_ms)
        now_ms = note.epoch + 1;
    if (err == ERR_OK)
        err = schema_migrate(w->db, w->path, now_ms);
    if (err == ERR_OK && (!have || before != schema_version()))
        err = settle(w, page, &have);
    if (err == ERR_OK)
        err = load(w, before == 0, now_ms);
    if (err == ERR_OK && have)
        store_keep_page1(w->path, page);
    w->inode = store_inode(w->path);
    if (err < 0)
        close_db(w);
    return err;
}

static int replace(struct writer *w, ms_t now_ms, struct store_note note) {
    int err = replace_damaged(w->path, now_ms, note);
    return err < 0 ? err : open_db(w, now_ms);
}

bool writer_is_damaged(const struct writer *w) {
    if (!w->db)
        return true;
    int code = sqlite3_errcode(w->db) & 0xff;
    return w->damaged || code == SQLITE_CORRUPT || code == SQLITE_NOTADB || db_is_suspect(w->inode);
}

int writer_replace(struct writer *w, ms_t now_ms) {
    const struct store_note note = {w->epoch, w->seq_next - 1};
    if (w->db) /* its log stays with it, and must not be taken for the log of the new one */
        sqlite3_db_config(w->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    pthread_mutex_lock(&w->lock);
    w->ack_epoch = 0;
    pthread_mutex_unlock(&w->lock);
    close_db(w);
    w->damaged = false;
    int err = replace(w, now_ms, note);
    if (err < 0) /* the damaged one is better than none */
        open_db(w, now_ms);
    return err;
}

int writer_open(struct writer *w, const char *path, ms_t now_ms) {
    memset(w, 0, sizeof *w);
    w->lock_fd = -1;
    if (pthread_mutex_init(&w->lock, NULL) != 0)
        return ERR_NOMEM;
    w->path = strdup(path);
    int err = w->path ? ERR_OK : ERR_NOMEM;
    if (err == ERR_OK)
        err = store_lock(path, &w->lock_fd);
    if (err == ERR_OK)
        err = open_db(w, now_ms);
    struct store_note note = {0};
    if (err == ERR_CORRUPT &&
        ((store_note_read(w->lock_fd, &note) && note.epoch > 0) || store_is_database(path)))
        err = replace(w, now_ms, note);
    if (err < 0)
        writer_close(w);
    return err;
}

void writer_close(struct writer *w) {
    close_db(w);
    if (w->lock_fd >= 0)
        close(w->lock_fd); /* and with it the lock */
    pending_fini(&w->pending);
    pthread_mutex_destroy(&w->lock);
    free(w->device_no);
    free(w->path);
    memset(w, 0, sizeof *w);
    w->lock_fd = -1;
}

static int number_devices(struct writer *w, const struct site *site) {
    sqlite3_stmt *add = NULL, *find = NULL;
    int err = db_prepare(w->db, "INSERT OR IGNORE INTO device(name) VALUES(?)", &add);
    if (err == ERR_OK)
        err = db_prepare(w->db, "SELECT id FROM device WHERE name=?", &find);
    for (size_t i = 0; err == ERR_OK && i < site->device_count; i++) {
        sqlite3_bind_text(add, 1, site->devices[i].id, -1, SQLITE_STATIC);
        sqlite3_bind_text(find, 1, site->devices[i].id, -1, SQLITE_STATIC);
        err = db_run(add);
        int rc = err == ERR_OK ? sqlite3_step(find) : SQLITE_DONE;
        if (rc == SQLITE_ROW)
            w->device_no[i] = sqlite3_column_int64(find, 0);
        else if (err == ERR_OK)
            err = db_err(rc) < 0 ? db_err(rc) : ERR_CORRUPT;
        sqlite3_reset(find);
    }
    sqlite3_finalize(add);
    sqlite3_finalize(find);
    return err;
}

static int put_layout(struct writer *w, const struct pack *p, int64_t id) {
    sqlite3_stmt *add = NULL;
    int err = db_prepare(w->db, "INSERT OR REPLACE INTO layout(id,body) VALUES(?,?)", &add);
    if (err < 0)
        return err;
    if (id > 0)
        sqlite3_bind_int64(add, 1, id);
    sqlite3_bind_blob(add, 2, p->data, (int)p->len, SQLITE_STATIC);
    err = db_run(add);
    w->layout = sqlite3_last_insert_rowid(w->db);
    sqlite3_finalize(add);
    return err;
}

/* The layout's row: the one with the same bytes, else a new one. */
static int store_layout(struct writer *w, const struct pack *p) {
    sqlite3_stmt *find = NULL;
    int err = db_prepare(w->db, "SELECT id FROM layout WHERE body=?", &find);
    if (err < 0)
        return err;
    sqlite3_bind_blob(find, 1, p->data, (int)p->len, SQLITE_STATIC);
    int rc = sqlite3_step(find);
    if (rc == SQLITE_ROW)
        w->layout = sqlite3_column_int64(find, 0);
    sqlite3_finalize(find);
    return rc == SQLITE_DONE ? put_layout(w, p, 0) : db_err(rc);
}

/* id 0: the row with the same bytes, or a new one. */
static int write_layout(struct writer *w, const struct site *site, int64_t id) {
    size_t cap = 4096 + site->device_count * LAYOUT_PER_DEVICE + site->feed_count * 128;
    for (size_t i = 0; i < site->device_count; i++)
        cap += site->devices[i].profile->point_count * LAYOUT_PER_POINT;
    void *memory = malloc(cap);
    if (!memory)
        return ERR_NOMEM;
    struct pack p;
    pack_init(&p, memory, cap);
    layout_write(&p, site, w->device_no);
    int err = p.overflow ? ERR_LIMIT : id > 0 ? put_layout(w, &p, id) : store_layout(w, &p);
    free(memory);
    return err;
}

int writer_set_site(struct writer *w, const struct site *site) {
    pending_fini(&w->pending);
    memcpy(w->config, site->config_hash, sizeof w->config);
    w->alert_watch_ms = site_alert_watch_ms(site);
    free(w->device_no);
    w->device_no = calloc(site->device_count + 1, sizeof *w->device_no);
    int err = w->device_no ? ERR_OK : ERR_NOMEM;
    if (err == ERR_OK)
        err = pending_init(&w->pending, PENDING_BASE + site->device_count * PENDING_PER_DEVICE +
                                            site->point_count * PENDING_PER_POINT);
    if (err == ERR_OK)
        err = db_exec(w->db, "BEGIN IMMEDIATE");
    if (err == ERR_OK)
        err = number_devices(w, site);
    if (err == ERR_OK)
        err = write_layout(w, site, 0);
    if (err == ERR_OK)
        err = writer_set_destinations(w, site);
    if (err == ERR_OK)
        err = db_exec(w->db, "COMMIT");
    if (err < 0) {
        db_report(w->db, w->path, "cannot note the configuration", sqlite3_extended_errcode(w->db));
        if (!sqlite3_get_autocommit(w->db))
            db_exec(w->db, "ROLLBACK");
    }
    return err;
}

/* Numbers in memory and in blocks that wait keep their meaning in the new store. */
int writer_keep_site(struct writer *w, const struct site *site) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "INSERT OR REPLACE INTO device(id,name) VALUES(?,?)", &s);
    for (size_t i = 0; err == ERR_OK && i < site->device_count; i++) {
        sqlite3_bind_int64(s, 1, w->device_no[i]);
        sqlite3_bind_text(s, 2, site->devices[i].id, -1, SQLITE_STATIC);
        err = db_run(s);
    }
    sqlite3_finalize(s);
    if (err == ERR_OK)
        err = write_layout(w, site, w->layout);
    return err == ERR_OK ? writer_set_destinations(w, site) : err;
}

bool writer_last_start(struct writer *w, int64_t code, ms_t *ret_start) {
    int64_t start = INT64_MIN;
    sqlite3_bind_int64(w->statements[READ_LAST_START], 1, code);
    if (db_run_i64(w->statements[READ_LAST_START], INT64_MIN, &start) < 0 || start == INT64_MIN)
        return false;
    *ret_start = start;
    return true;
}
