#include "cut_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's own file lies behind ours, in the same memory. */
struct shim_file {
    sqlite3_file base;
    const char *name; /* NULL: not watched. SQLite keeps it as long as the file is open */
};

static sqlite3_vfs *own, shim;
static const char *watched;
static cut_vfs_fn *tell;
static void (*after)(void);

static sqlite3_file *real(sqlite3_file *f) {
    return (sqlite3_file *)(void *)((struct shim_file *)(void *)f + 1);
}

static void say(sqlite3_file *f, enum cut_kind kind, size_t at, const void *data, size_t n) {
    const char *name = ((struct shim_file *)(void *)f)->name;
    if (name && watched)
        tell(name, kind, at, data, n);
}

static void done(sqlite3_file *f) {
    if (((struct shim_file *)(void *)f)->name && watched && after)
        after();
}

static int shim_close(sqlite3_file *f) {
    return real(f)->pMethods->xClose(real(f));
}

static int shim_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) {
    return real(f)->pMethods->xRead(real(f), to, n, at);
}

static int shim_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at) {
    say(f, CUT_WRITE, (size_t)at, data, (size_t)n);
    int rc = real(f)->pMethods->xWrite(real(f), data, n, at);
    done(f);
    return rc;
}

static int shim_truncate(sqlite3_file *f, sqlite3_int64 size) {
    say(f, CUT_TRUNCATE, (size_t)size, NULL, 0);
    int rc = real(f)->pMethods->xTruncate(real(f), size);
    done(f);
    return rc;
}

/* The test's own disk need not be safe: a sync is only told of. */
static int shim_sync(sqlite3_file *f, int flags) {
    if (!((struct shim_file *)(void *)f)->name)
        return real(f)->pMethods->xSync(real(f), flags);
    say(f, CUT_SYNC, 0, NULL, 0);
    done(f);
    return SQLITE_OK;
}

static int shim_size(sqlite3_file *f, sqlite3_int64 *ret) {
    return real(f)->pMethods->xFileSize(real(f), ret);
}

static int shim_lock(sqlite3_file *f, int level) {
    return real(f)->pMethods->xLock(real(f), level);
}

static int shim_unlock(sqlite3_file *f, int level) {
    return real(f)->pMethods->xUnlock(real(f), level);
}

static int shim_reserved(sqlite3_file *f, int *ret) {
    return real(f)->pMethods->xCheckReservedLock(real(f), ret);
}

static int shim_control(sqlite3_file *f, int op, void *arg) {
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int shim_sector(sqlite3_file *f) {
    return real(f)->pMethods->xSectorSize(real(f));
}

static int shim_abilities(sqlite3_file *f) {
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int shim_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret) {
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, ret);
}

static int shim_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static void shim_shm_barrier(sqlite3_file *f) {
    real(f)->pMethods->xShmBarrier(real(f));
}

static int shim_shm_unmap(sqlite3_file *f, int delete) {
    return real(f)->pMethods->xShmUnmap(real(f), delete);
}

static const sqlite3_io_methods methods = {.iVersion = 2, /* nothing is mapped */
                                           .xClose = shim_close,
                                           .xRead = shim_read,
                                           .xWrite = shim_write,
                                           .xTruncate = shim_truncate,
                                           .xSync = shim_sync,
                                           .xFileSize = shim_size,
                                           .xLock = shim_lock,
                                           .xUnlock = shim_unlock,
                                           .xCheckReservedLock = shim_reserved,
                                           .xFileControl = shim_control,
                                           .xSectorSize = shim_sector,
                                           .xDeviceCharacteristics = shim_abilities,
                                           .xShmMap = shim_shm_map,
                                           .xShmLock = shim_shm_lock,
                                           .xShmBarrier = shim_shm_barrier,
                                           .xShmUnmap = shim_shm_unmap};

/* Its name without the watched folder; NULL elsewhere. */
static const char *name_in_folder(const char *path) {
    size_t n = watched ? strlen(watched) : 0;
    return n > 0 && path && strncmp(path, watched, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

static int shim_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags, int *ret_flags) {
    (void)v;
    struct shim_file *s = (struct shim_file *)(void *)f;
    int kept = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
    s->name = (flags & kept) != 0 ? name_in_folder(path) : NULL;
    s->base.pMethods = NULL;
    int rc = own->xOpen(own, path, real(f), flags, ret_flags);
    if (rc == SQLITE_OK)
        s->base.pMethods = &methods;
    return rc;
}

static int shim_delete(sqlite3_vfs *v, const char *path, int sync_folder) {
    (void)v;
    const char *name = name_in_folder(path);
    if (name)
        tell(name, CUT_DELETE, 0, NULL, sync_folder != 0);
    int rc = own->xDelete(own, path, sync_folder);
    if (name && after)
        after();
    return rc;
}

void cut_vfs_watch(const char *folder, cut_vfs_fn *tell_fn, void (*after_fn)(void)) {
    if (!own) {
        own = sqlite3_vfs_find(NULL);
        shim = *own;
        shim.zName = "cut";
        shim.pNext = NULL;
        shim.szOsFile = own->szOsFile + (int)sizeof(struct shim_file);
        shim.xOpen = shim_open;
        shim.xDelete = shim_delete;
        if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK)
            abort();
    }
    watched = folder;
    tell = tell_fn;
    after = after_fn;
}
