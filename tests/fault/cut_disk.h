/* A disk whose power is cut, by emulation: a VFS under SQLite records every write, truncation, sync
 * and deletion of the files of one folder; afterwards the record is gone through operation by
 * operation, and at each the files can be made as a cut at that moment may leave them.
 *
 * What was synced is there. Of what was not, a cut keeps nothing, all, some sectors in any order,
 * or a part of the last write. A file's truncation and deletion come in order with what is written
 * behind them; files are independent of each other; a write that fails does not hurt its
 * neighbours (SQLite's "powersafe overwrite"). The shared memory file is memory and gone.
 *
 * One thread. Nothing here knows what is in the files. */
#ifndef BUSBAR_TESTS_CUT_DISK_H
#define BUSBAR_TESTS_CUT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cut_kind { CUT_WRITE, CUT_TRUNCATE, CUT_SYNC, CUT_DELETE, CUT_MARK };

enum cut_way {
    CUT_KEEP_NONE, /* of what was not synced */
    CUT_KEEP_SOME, /* each sector of each write with chance one half */
    CUT_TEAR_LAST, /* all before; of the last write a part from its beginning or its end */
    CUT_KEEP_ALL,  /* kill -9 rather than a cut */
    CUT_WAYS
};

/* From now on what SQLite does in folder is recorded, by the default VFS. after: called behind
 * every operation, may be NULL. */
void cut_disk_record(const char *folder, void (*after)(void));
/* A remark between the operations: number says what, to the caller. */
void cut_disk_mark(size_t number);
void cut_disk_stop(void);

/* Goes through the record from the start. */
void cut_disk_rewind(void);
/* The next operation happens; false at the end. *ret_mark: of a CUT_MARK. */
bool cut_disk_next(enum cut_kind *ret_kind, size_t *ret_mark);
/* Makes folder, which has nothing else of that name, as a cut now may leave it. sector_bytes: 512
 * or 4096. Uses chance.h. */
void cut_disk_write(const char *folder, enum cut_way way, size_t sector_bytes);
void cut_disk_free(void);

#endif
