/* A consistent copy of a store while it is written. Historian thread or a tool. */
#ifndef BUSBAR_STORE_BACKUP_H
#define BUSBAR_STORE_BACKUP_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/units.h"

struct backup_facts {
    uint64_t bytes;
    ms_t epoch;
    uint64_t seq_head; /* 0 without any */
    int schema;
};

/* Copies the database behind from to a new file: mode 0640, one file without a log, checked,
 * synced, under its name only when it is whole. pause_ms between small steps lets others have the
 * disk. what: "backup", for messages. ERR_REFUSED: to exists; ERR_FULL: no room; ERR_CORRUPT: the
 * copy fails its check. Logs. */
int backup_copy(sqlite3 *from, const char *to, unsigned pause_ms, struct backup_facts *ret);
/* Whether the file is a whole store that this program can open. Logs. */
int backup_check(const char *file, struct backup_facts *ret);

#endif
