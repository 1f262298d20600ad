/* The files beside the store: its lock, which also notes how far seq has come; a copy of the first
 * page; names of files that are set aside.
 *
 *   <path>.lock   locked as long as somebody may write; text "epoch seq" of the last commit
 *   <path>.page1  the first page when the store was last opened whole: header and table of tables
 *   <path>.new    a store that is being made to take the place of a damaged one
 *
 * No SQL. Nothing here may open <path> itself while SQLite has it open in this process: closing it
 * would drop SQLite's locks. */
#ifndef BUSBAR_STORE_STORE_FILE_H
#define BUSBAR_STORE_STORE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/units.h"

#define STORE_PATH_MAX PATH_MAX

/* path with a suffix into out[STORE_PATH_MAX]. ERR_LIMIT when it is too long. */
int store_name(const char *path, const char *suffix, char *out);
/* path.<word>-20261125T091500Z, a name that is free. */
int store_dated_name(const char *path, const char *word, ms_t now_ms, char *out);

/* ERR_BUSY when another process has it; ERR_IO, ERR_FULL. Logs. close(*ret_fd) gives it back. */
int store_lock(const char *path, int *ret_fd);

/* The highest seq that may have been seen outside. Written after its commit, not synced: after a
 * power cut it may be older than the store, never newer. */
struct store_note {
    ms_t epoch;
    uint64_t seq;
};
void store_note_write(int lock_fd, struct store_note n);
bool store_note_read(int lock_fd, struct store_note *ret);

/* Renames path with its -wal and -shm to aside. The log before the file: a store without its log
 * is noticed by its seq, a log without its store would be lost. */
int store_move(const char *path, const char *aside);
/* The folder of path into out[STORE_PATH_MAX]. */
void store_folder(const char *path, char *out);
/* What was renamed in its folder stays renamed after a power cut. */
void store_sync_folder(const char *path);

#define STORE_PAGE_BYTES 4096
/* The first page, when it looks like a store's. Before SQLite opens the file. */
bool store_read_page1(const char *path, uint8_t ret_page[STORE_PAGE_BYTES]);
/* Keeps it beside the store when it differs from the one kept. */
void store_keep_page1(const char *path, const uint8_t page[STORE_PAGE_BYTES]);
/* Puts the kept page in the place of a damaged one, which goes to damaged_copy. False: there is
 * none, or it is no help. */
bool store_mend_page1(const char *path, const char *damaged_copy);

bool store_exists(const char *path);
/* Begins as every SQLite database does. */
bool store_is_database(const char *path);
/* Which file stands there now; 0 none. */
ino_t store_inode(const char *path);

#endif
