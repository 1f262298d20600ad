#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "store/db.h"
#include "store/schema.h"
#include "store/store_file.h"
#include "sys/log.h"

#define STEP_PAGES 256
#define SPARE      (8u << 20) /* that stays free beside the copy */

static int fits(sqlite3 *from, const char *to) {
    char folder[STORE_PATH_MAX];
    struct statvfs v;
    int64_t pages = 0, page = 0;
    store_folder(to, folder);
    int err = db_get_i64(from, "PRAGMA page_count", 0, &pages);
    if (err == ERR_OK)
        err = db_get_i64(from, "PRAGMA page_size", 0, &page);
    if (err < 0 || statvfs(folder, &v) != 0)
        return err; /* the copy itself will tell */
    uint64_t need = (uint64_t)(pages * page) + SPARE, have = (uint64_t)v.f_bavail * v.f_frsize;
    if (need <= have)
        return ERR_OK;
    log_error("backup %s: needs %" PRIu64 " MB, %s has %" PRIu64 " MB free; free space there or "
              "choose another disk",
              to, (need >> 20) + 1, folder, have >> 20);
    return ERR_FULL;
}

static int create(const char *name) {
    unlink(name);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0) {
        log_error("backup %s: %s; check that the folder exists and its rights", name,
                  strerror(errno));
        return errno == ENOSPC ? ERR_FULL : ERR_IO;
    }
    close(fd);
    return ERR_OK;
}

static void rest_ms(unsigned ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

/* Inside one reading transaction, else every commit of the daemon would begin the copy anew. */
static int copy_pages(sqlite3 *from, sqlite3 *to, unsigned pause_ms) {
    int64_t any = 0;
    bool own = sqlite3_get_autocommit(from);
    int err = own ? db_exec(from, "BEGIN") : ERR_OK;
    if (err == ERR_OK)
        err = db_get_i64(from, "SELECT count(*) FROM sqlite_schema", 0, &any);
    sqlite3_backup *b = err == ERR_OK ? sqlite3_backup_init(to, "main", from, "main") : NULL;
    if (err == ERR_OK && !b)
        err = db_err(sqlite3_errcode(to));
    int rc = SQLITE_OK;
    while (b && (rc == SQLITE_OK || rc == SQLITE_BUSY)) {
        rc = sqlite3_backup_step(b, STEP_PAGES);
        if (pause_ms > 0 || rc == SQLITE_BUSY)
            rest_ms(rc == SQLITE_BUSY ? 50 : pause_ms);
    }
    if (b)
        sqlite3_backup_finish(b);
    if (own)
        db_exec(from, "ROLLBACK");
    return err < 0 ? err : db_err(rc);
}

static int check_whole(sqlite3 *db, const char *name, struct backup_facts *ret) {
    sqlite3_stmt *s = NULL;
    int64_t head = 0, schema = 0;
    struct stat st;
    int err = db_prepare(db, "PRAGMA integrity_check(1)", &s);
    int rc = err == ERR_OK ? sqlite3_step(s) : SQLITE_ERROR;
    const char *words = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
    bool whole = words && strcmp(words, "ok") == 0;
    if (!whole)
        log_error("backup %s: is damaged (%s); keep it, and make another from the running store",
                  name, words ? words : sqlite3_errmsg(db));
    sqlite3_finalize(s);
    if (!whole)
        return ERR_CORRUPT;
    err = db_get_i64(db, "SELECT value FROM meta WHERE key='epoch'", 0, &ret->epoch);
    if (err == ERR_OK)
        err = db_get_i64(db, "SELECT max(seq) FROM outbox", 0, &head);
    if (err == ERR_OK)
        err = db_get_i64(db, "PRAGMA user_version", 0, &schema);
    ret->seq_head = (uint64_t)head;
    ret->schema = (int)schema;
    ret->bytes = stat(name, &st) == 0 ? (uint64_t)st.st_size : 0;
    return err;
}

int backup_check(const char *file, struct backup_facts *ret) {
    sqlite3 *db = NULL;
    struct backup_facts facts = {0};
    if (!store_exists(file)) {
        log_error("backup %s: there is no such file; check --from", file);
        return ERR_NOT_FOUND;
    }
    int err = db_open(file, DB_READ, &db);
    if (err < 0)
        return err;
    err = schema_is_known(db, file);
    if (err == ERR_OK)
        err = check_whole(db, file, &facts);
    db_close(db);
    if (err == ERR_OK)
        *ret = facts;
    return err;
}

static int sync_file(const char *name) {
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    int rc = fsync(fd);
    close(fd);
    return rc == 0 ? ERR_OK : ERR_IO;
}

static int make(sqlite3 *from, const char *name, unsigned pause_ms, struct backup_facts *ret) {
    sqlite3 *to = NULL;
    int err = create(name);
    if (err == ERR_OK)
        err = db_err(sqlite3_open_v2(name, &to, SQLITE_OPEN_READWRITE, NULL));
    if (err == ERR_OK)
        err = copy_pages(from, to, pause_ms);
    /* as a file of its own: it needs no log until a daemon opens it */
    if (err == ERR_OK)
        err = db_exec(to, "PRAGMA journal_mode=DELETE");
    if (err == ERR_OK)
        err = check_whole(to, name, ret);
    else
        log_error("backup %s: %s; free space on its disk or choose another one", name,
                  to ? sqlite3_errmsg(to) : err_str(err));
    sqlite3_close(to);
    return err == ERR_OK ? sync_file(name) : err;
}

int backup_copy(sqlite3 *from, const char *to, unsigned pause_ms, struct backup_facts *ret) {
    char part[STORE_PATH_MAX];
    struct backup_facts facts = {0};
    int err = store_name(to, ".part", part);
    if (err == ERR_OK && store_exists(to)) {
        log_error("backup %s: the file exists; choose another name, nothing is overwritten", to);
        return ERR_REFUSED;
    }
    if (err == ERR_OK)
        err = fits(from, to);
    if (err < 0)
        return err;
    err = make(from, part, pause_ms, &facts);
    /* link() refuses to overwrite what came meanwhile */
    if (err == ERR_OK && link(part, to) < 0) {
        log_error("backup %s: %s; choose another name", to, strerror(errno));
        err = errno == EEXIST ? ERR_REFUSED : ERR_IO;
    }
    unlink(part);
    store_sync_folder(to);
    if (err == ERR_OK)
        *ret = facts;
    return err;
}
