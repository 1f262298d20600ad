#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/err.h"
#include "store/db.h"
#include "store/layout.h"
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

/* A file of its own: SQLite's locks would be dropped by any close() of the store in this process.
 */
static int take_lock(struct writer *w, const char *path) {
    size_t n = strlen(path);
    char *name = malloc(n + sizeof ".lock");
    if (!name)
        return ERR_NOMEM;
    memcpy(name, path, n);
    memcpy(name + n, ".lock", sizeof ".lock");
    int err = ERR_OK;
    w->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (w->lock_fd < 0) {
        err = errno == ENOSPC ? ERR_FULL : ERR_IO;
        log_error("store %s: cannot create %s: %s; check that the folder exists and its rights",
                  path, name, strerror(errno));
    } else if (flock(w->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        err = ERR_BUSY;
        log_error("store %s: another process writes to it; stop the other busbard or set "
                  "store.path to another file",
                  path);
    }
    free(name);
    return err;
}

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

static int load(struct writer *w) {
    int64_t head = 0;
    int err = db_get_i64(w->db, "SELECT value FROM meta WHERE key='epoch'", 0, &w->epoch);
    if (err == ERR_OK)
        err = db_get_i64(w->db, "SELECT max(seq) FROM outbox", 0, &head);
    w->seq_next = w->seq_seen = (uint64_t)head + 1;
    if (err == ERR_OK)
        err = load_cursors(w);
    for (int i = 0; err == ERR_OK && i < WRITER_STATEMENT_COUNT; i++)
        err = db_prepare(w->db, statement_sql[i], &w->statements[i]);
    if (err < 0)
        db_report(w->db, w->path, "cannot read", sqlite3_extended_errcode(w->db));
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
        err = take_lock(w, path);
    if (err == ERR_OK)
        err = db_open(path, DB_WRITE, &w->db);
    if (err == ERR_OK)
        err = schema_migrate(w->db, path, now_ms);
    if (err == ERR_OK)
        err = load(w);
    if (err < 0)
        writer_close(w);
    return err;
}

void writer_close(struct writer *w) {
    for (int i = 0; i < WRITER_STATEMENT_COUNT; i++)
        sqlite3_finalize(w->statements[i]);
    db_close(w->db);
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

/* The layout's row: the one with the same bytes, else a new one. */
static int store_layout(struct writer *w, const struct pack *p) {
    sqlite3_stmt *find = NULL, *add = NULL;
    int err = db_prepare(w->db, "SELECT id FROM layout WHERE body=?", &find);
    if (err < 0)
        return err;
    sqlite3_bind_blob(find, 1, p->data, (int)p->len, SQLITE_STATIC);
    int rc = sqlite3_step(find);
    if (rc == SQLITE_ROW)
        w->layout = sqlite3_column_int64(find, 0);
    sqlite3_finalize(find);
    if (rc != SQLITE_DONE)
        return db_err(rc);
    err = db_prepare(w->db, "INSERT INTO layout(body) VALUES(?)", &add);
    if (err < 0)
        return err;
    sqlite3_bind_blob(add, 1, p->data, (int)p->len, SQLITE_STATIC);
    err = db_run(add);
    w->layout = sqlite3_last_insert_rowid(w->db);
    sqlite3_finalize(add);
    return err;
}

static int write_layout(struct writer *w, const struct site *site) {
    size_t cap = 4096 + site->device_count * LAYOUT_PER_DEVICE + site->feed_count * 128;
    for (size_t i = 0; i < site->device_count; i++)
        cap += site->devices[i].profile->point_count * LAYOUT_PER_POINT;
    void *memory = malloc(cap);
    if (!memory)
        return ERR_NOMEM;
    struct pack p;
    pack_init(&p, memory, cap);
    layout_write(&p, site, w->device_no);
    int err = p.overflow ? ERR_LIMIT : store_layout(w, &p);
    free(memory);
    return err;
}

int writer_set_site(struct writer *w, const struct site *site) {
    pending_fini(&w->pending);
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
        err = write_layout(w, site);
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

bool writer_last_start(struct writer *w, int64_t code, ms_t *ret_start) {
    int64_t start = INT64_MIN;
    sqlite3_bind_int64(w->statements[READ_LAST_START], 1, code);
    if (db_run_i64(w->statements[READ_LAST_START], INT64_MIN, &start) < 0 || start == INT64_MIN)
        return false;
    *ret_start = start;
    return true;
}
