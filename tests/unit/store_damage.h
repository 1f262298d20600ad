/* Damage for tests of the store: pages overwritten in the file, as a bad disk leaves them. */
#ifndef BUSBAR_TESTS_STORE_DAMAGE_H
#define BUSBAR_TESTS_STORE_DAMAGE_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/db.h"
#include "store_rig.h"

#define DAMAGE_PAGE 4096

/* By another process: a close() in this one would drop SQLite's locks. */
static inline void damage_at(const char *path, off_t at, size_t n) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd = open(path, O_WRONLY);
        uint8_t bytes[DAMAGE_PAGE];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(0xa5 ^ (i * 7));
        for (size_t done = 0; fd >= 0 && done < n; done += sizeof bytes) {
            size_t part = n - done < sizeof bytes ? n - done : sizeof bytes;
            if (pwrite(fd, bytes, part, at + (off_t)done) != (ssize_t)part)
                _exit(1);
        }
        _exit(fd < 0);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static inline void damage_page(const char *path, int64_t page) {
    damage_at(path, (off_t)(page - 1) * DAMAGE_PAGE, DAMAGE_PAGE);
}

/* Everything into the file itself; true numbers of pages. */
static inline void settle_file(sqlite3 *db) {
    assert_int_equal(db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)"), ERR_OK);
}

/* The n-th leaf of a table in the order of its key; 0 when there are fewer. From the end: n < 0. */
static inline int64_t leaf_of(sqlite3 *db, const char *table, int n) {
    char sql[200];
    int64_t page = 0;
    snprintf(sql, sizeof sql,
             "SELECT pageno FROM dbstat WHERE name='%s' AND pagetype='leaf' ORDER BY path %s"
             " LIMIT 1 OFFSET %d",
             table, n < 0 ? "DESC" : "", n < 0 ? -n - 1 : n);
    assert_int_equal(db_get_i64(db, sql, 0, &page), ERR_OK);
    return page;
}

/* Files in the folder of the works whose name holds a word; the last one's path into out. */
static inline int files_with(const struct works *w, const char *word, char out[512]) {
    DIR *d = opendir(w->folder);
    int n = 0;
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        if (!strstr(e->d_name, word) || strstr(e->d_name, "-wal") || strstr(e->d_name, "-shm"))
            continue;
        snprintf(out, 512, "%s/%s", w->folder, e->d_name);
        n++;
    }
    closedir(d);
    return n;
}

#endif
