/* The VFS of cut_disk: passes everything on to SQLite's own and tells of every operation that
 * changes a database, WAL or journal file of the watched folder. It becomes the default VFS. One
 * thread. */
#ifndef BUSBAR_TESTS_CUT_VFS_H
#define BUSBAR_TESTS_CUT_VFS_H

#include <stddef.h>

#include "cut_disk.h"

/* name: without the folder. at: of a write its place, of a truncation the new size. n: of a write
 * its length, of a deletion 1 when its folder is synced with it. */
typedef void cut_vfs_fn(const char *name, enum cut_kind kind, size_t at, const void *data,
                        size_t n);

/* folder NULL: nothing is watched. after: behind each operation, when it has happened; may be NULL.
 */
void cut_vfs_watch(const char *folder, cut_vfs_fn *tell, void (*after)(void));

#endif
