#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "sys/log.h"

int db_err(int sqlite_result) {
    switch (sqlite_result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    default:
        return ERR_IO;
    }
}

bool db_no_space(sqlite3 *db) {
    int e = sqlite3_system_errno(db);
    int code = sqlite3_errcode(db) & 0xff;
    return code == SQLITE_FULL ||
           (code == SQLITE_IOERR && (e == ENOSPC || e == EDQUOT || e == EFBIG));
}

static _Atomic ino_t suspect;

void db_suspect(ino_t inode) {
    atomic_store(&suspect, inode);
}

bool db_is_suspect(ino_t inode) {
    return inode != 0 && atomic_load(&suspect) == inode;
}

static const char *next_step(int err) {
    switch (err) {
    case ERR_FULL:
        return "free space on its disk or lower store.budget_mb";
    case ERR_CORRUPT:
        return "move the file away (and keep it) to start a new store, or restore a backup";
    case ERR_BUSY:
        return "stop the other program that holds it";
    case ERR_NOMEM:
        return "give the machine more memory";
    default:
        return "check that the folder exists, its rights and its disk";
    }
}

int db_report(sqlite3 *db, const char *path, const char *what, int sqlite_result) {
    int err = db_err(sqlite_result);
    log_error("store %s: %s: %s; %s", path, what,
              db ? sqlite3_errmsg(db) : sqlite3_errstr(sqlite_result), next_step(err));
    return err;
}

/* SQLite would create the file by the umask alone; its WAL takes over the mode of the file. */
static int create_file(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        int err = errno == ENOSPC ? ERR_FULL : ERR_IO;
        log_error("store %s: %s; %s", path, strerror(errno),
                  errno == EROFS ? "mount its disk writable or set store.path to another one"
                                 : next_step(err));
        return err;
    }
    close(fd);
    return ERR_OK;
}

int db_open(const char *path, enum db_mode mode, sqlite3 **ret) {
    static const char write_pragmas[] =
        "PRAGMA page_size=4096;PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
        "PRAGMA foreign_keys=OFF;PRAGMA cache_size=-2000;PRAGMA mmap_size=0;"
        "PRAGMA temp_store=MEMORY;PRAGMA journal_size_limit=8388608;";
    static const char read_pragmas[] =
        "PRAGMA query_only=ON;PRAGMA cache_size=-1000;PRAGMA mmap_size=0;";
    int err = mode == DB_WRITE ? create_file(path) : ERR_OK;
    if (err < 0)
        return err;
    sqlite3 *db = NULL;
    /* A reader of a WAL store needs write access to its -shm file; query_only keeps it honest. */
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK && mode == DB_READ) {
        sqlite3_close(db);
        db = NULL;
        rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    }
    if (rc == SQLITE_OK) {
        sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, mode == DB_READ, NULL);
        sqlite3_busy_timeout(db, 5000);
        rc = sqlite3_exec(db, mode == DB_WRITE ? write_pragmas : read_pragmas, NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        err = db_report(db, path, "cannot open", rc);
        sqlite3_close(db);
        return err;
    }
    *ret = db;
    return ERR_OK;
}

void db_close(sqlite3 *db) {
    sqlite3_close_v2(db);
}

int db_exec(sqlite3 *db, const char *sql) {
    return db_err(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret) {
    return db_err(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL));
}

int db_run(sqlite3_stmt *s) {
    int rc = sqlite3_step(s);
    int reset = sqlite3_reset(s);
    return db_err(rc == SQLITE_DONE || rc == SQLITE_ROW ? reset : rc);
}

int db_run_i64(sqlite3_stmt *s, int64_t fallback, int64_t *ret) {
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_type(s, 0) == SQLITE_NULL ? fallback : sqlite3_column_int64(s, 0);
    else if (rc == SQLITE_DONE)
        *ret = fallback;
    sqlite3_reset(s);
    return db_err(rc);
}

int db_get_i64(sqlite3 *db, const char *sql, int64_t fallback, int64_t *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_err(sqlite3_prepare_v2(db, sql, -1, &s, NULL));
    if (err < 0)
        return err;
    err = db_run_i64(s, fallback, ret);
    sqlite3_finalize(s);
    return err;
}
