/* Small helpers over SQLite: open, run, prepare, and errors that name the file and the next step.
 *
 * A handle belongs to one thread. Nothing here knows a table. */
#ifndef BUSBAR_STORE_DB_H
#define BUSBAR_STORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum db_mode { DB_READ, DB_WRITE };

/* A reader never moves the log into the file nor removes it: the file may have been set aside and
 * the log's name be another's by now. Opens path, sets the connection's pragmas; DB_WRITE creates
 * the file with mode 0640. Errors are logged with the file and the next step: ERR_IO, ERR_FULL,
 * ERR_CORRUPT, ERR_BUSY, ERR_NOMEM. */
int db_open(const char *path, enum db_mode mode, sqlite3 **ret);
void db_close(sqlite3 *db); /* NULL is fine */

/* The err code of an SQLite result; ERR_OK for OK, ROW and DONE. */
int db_err(int sqlite_result);
int db_exec(sqlite3 *db, const char *sql);
int db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret);
/* Runs a bound statement that gives no rows, and resets it. */
int db_run(sqlite3_stmt *s);
/* First column of the first row; fallback when there is none or it is NULL. db_run_i64: of a bound
 * statement, which it resets. */
int db_run_i64(sqlite3_stmt *s, int64_t fallback, int64_t *ret);
int db_get_i64(sqlite3 *db, const char *sql, int64_t fallback, int64_t *ret);

/* The last failure of the handle was for want of space: a full disk, a quota, a limit of size. */
bool db_no_space(sqlite3 *db);
/* A reader has met damage in the file; any thread. The writer of that file asks. */
void db_suspect(ino_t inode);
bool db_is_suspect(ino_t inode);

/* Logs "<what> <path>: <SQLite's words>; <next step>" and returns the err code. */
int db_report(sqlite3 *db, const char *path, const char *what, int sqlite_result);

#endif
