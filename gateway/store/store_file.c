#include "store/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "sys/log.h"

#define PAGE_BYTES   STORE_PAGE_BYTES
#define HEADER_BYTES 100 /* the rest of page 1 is the table of tables */
#define NAME_TRIES   100

static const char *const parts[] = {"-shm", "-wal", ""};
#define PARTS (sizeof parts / sizeof parts[0])

int store_name(const char *path, const char *suffix, char *out) {
    int n = snprintf(out, STORE_PATH_MAX, "%s%s", path, suffix);
    return n < 0 || n >= STORE_PATH_MAX ? ERR_LIMIT : ERR_OK;
}

bool store_exists(const char *path) {
    return access(path, F_OK) == 0;
}

ino_t store_inode(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 ? s.st_ino : 0;
}

int store_dated_name(const char *path, const char *word, ms_t now_ms, char *out) {
    time_t t = (time_t)floor_div(now_ms, MS_PER_S);
    struct tm utc;
    char date[32], suffix[96];
    if (!gmtime_r(&t, &utc) || strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &utc) == 0)
        return ERR_RANGE;
    for (int i = 1; i <= NAME_TRIES; i++) {
        if (i == 1)
            snprintf(suffix, sizeof suffix, ".%s-%s", word, date);
        else
            snprintf(suffix, sizeof suffix, ".%s-%s-%d", word, date, i);
        int err = store_name(path, suffix, out);
        if (err < 0 || !store_exists(out))
            return err;
    }
    return ERR_LIMIT;
}

int store_lock(const char *path, int *ret_fd) {
    char name[STORE_PATH_MAX];
    if (store_name(path, ".lock", name) < 0)
        return ERR_LIMIT;
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        int err = errno == ENOSPC ? ERR_FULL : ERR_IO;
        log_error("store %s: cannot create %s: %s; %s", path, name, strerror(errno),
                  errno == EROFS ? "mount its disk writable or set store.path to another one"
                                 : "check that the folder exists and its rights");
        return err;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        log_error("store %s: another process writes to it; stop the other busbard or set "
                  "store.path to another file",
                  path);
        return ERR_BUSY;
    }
    *ret_fd = fd;
    return ERR_OK;
}

/* ---- the note ---------------------------------------------------------------------------- */

/* Of one length, so that it is overwritten whole. */
void store_note_write(int lock_fd, struct store_note n) {
    char text[64];
    int len = snprintf(text, sizeof text, "%020" PRId64 " %020" PRIu64 "\n", n.epoch, n.seq);
    ssize_t written = pwrite(lock_fd, text, (size_t)len, 0);
    (void)written; /* it only helps to notice a store that went back */
}

bool store_note_read(int lock_fd, struct store_note *ret) {
    char text[64] = {0};
    struct store_note n;
    if (pread(lock_fd, text, sizeof text - 1, 0) <= 0 ||
        sscanf(text, "%" SCNd64 " %" SCNu64, &n.epoch, &n.seq) != 2)
        return false;
    *ret = n;
    return true;
}

/* ---- moving ------------------------------------------------------------------------------- */

void store_folder(const char *path, char *out) {
    snprintf(out, STORE_PATH_MAX, "%s", path);
    char *slash = strrchr(out, '/');
    if (!slash)
        memcpy(out, ".", sizeof ".");
    else
        slash[slash == out] = '\0';
}

void store_sync_folder(const char *path) {
    char folder[STORE_PATH_MAX];
    store_folder(path, folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

int store_move(const char *path, const char *aside) {
    char from[STORE_PATH_MAX], to[STORE_PATH_MAX];
    for (size_t i = 0; i < PARTS; i++) {
        if (store_name(path, parts[i], from) < 0 || store_name(aside, parts[i], to) < 0)
            return ERR_LIMIT;
        if (rename(from, to) < 0 && errno != ENOENT) {
            log_error("store %s: cannot be renamed to %s: %s; check the rights of its folder", from,
                      to, strerror(errno));
            return ERR_IO;
        }
    }
    store_sync_folder(path);
    return ERR_OK;
}

/* ---- the first page ----------------------------------------------------------------------- */

static bool read_page(const char *name, uint8_t page[PAGE_BYTES]) {
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = pread(fd, page, PAGE_BYTES, 0);
    close(fd);
    return n == PAGE_BYTES;
}

static bool write_page(const char *name, int flags, const uint8_t page[PAGE_BYTES]) {
    int fd = open(name, O_WRONLY | O_CLOEXEC | flags, 0640);
    if (fd < 0)
        return false;
    /* not synced: what a power cut leaves is taken only when it looks like a first page */
    bool good = pwrite(fd, page, PAGE_BYTES, 0) == PAGE_BYTES;
    return close(fd) == 0 && good;
}

static const char magic[16] = "SQLite format 3";

/* https://www.sqlite.org/fileformat.html: magic, page size 4096, at 100 the page's type: inner or
 * leaf of a table. */
static bool is_first_page(const uint8_t page[PAGE_BYTES]) {
    uint8_t type = page[HEADER_BYTES];
    return memcmp(page, magic, sizeof magic) == 0 && page[16] == PAGE_BYTES >> 8 && page[17] == 0 &&
           (type == 5 || type == 13) && (page[HEADER_BYTES + 3] | page[HEADER_BYTES + 4]) != 0;
}

bool store_read_page1(const char *path, uint8_t ret_page[STORE_PAGE_BYTES]) {
    return read_page(path, ret_page) && is_first_page(ret_page);
}

void store_keep_page1(const char *path, const uint8_t page[STORE_PAGE_BYTES]) {
    uint8_t kept[PAGE_BYTES];
    char name[STORE_PATH_MAX];
    if (store_name(path, ".page1", name) < 0)
        return;
    if (read_page(name, kept) &&
        memcmp(page + HEADER_BYTES, kept + HEADER_BYTES, PAGE_BYTES - HEADER_BYTES) == 0)
        return;
    if (!write_page(name, O_CREAT, page))
        log_warn("store %s: cannot keep a copy of its first page in %s; a damaged header could not "
                 "be mended; free space on its disk",
                 path, name);
}

bool store_is_database(const char *path) {
    uint8_t page[PAGE_BYTES];
    return read_page(path, page) && memcmp(page, magic, sizeof magic) == 0;
}

static void put_u32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

bool store_mend_page1(const char *path, const char *damaged_copy) {
    uint8_t page[PAGE_BYTES], damaged[PAGE_BYTES] = {0};
    char name[STORE_PATH_MAX];
    if (store_name(path, ".page1", name) < 0 || !read_page(name, page) || !is_first_page(page))
        return false;
    read_page(path, damaged);
    if (memcmp(page + HEADER_BYTES, damaged + HEADER_BYTES, PAGE_BYTES - HEADER_BYTES) == 0 &&
        is_first_page(damaged))
        return false;
    put_u32(page + 24, 2); /* change counter and its twin at 92 differ: */
    put_u32(page + 92, 1); /* the size of the file counts, not the size noted in the page */
    put_u32(page + 32, 0); /* no list of free pages: it is only read from */
    put_u32(page + 36, 0);
    return write_page(damaged_copy, O_CREAT | O_EXCL, damaged) && write_page(path, 0, page);
}
