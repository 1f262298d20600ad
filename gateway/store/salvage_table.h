/* One table on its way from a damaged store into a new one. Large: not for the stack. Internal to
 * the salvage. */
#ifndef BUSBAR_STORE_SALVAGE_TABLE_H
#define BUSBAR_STORE_SALVAGE_TABLE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

#define SALVAGE_KEYS_MAX    4
#define SALVAGE_PROBES_MAX  8192 /* places between bad ones that are tried: a second or so */
#define SALVAGE_PROBES_VAIN 4096 /* of them without a single row */
#define SALVAGE_QUEUE_MAX   8192
#define SALVAGE_COLUMNS_MAX 48

/* Between two keys, both excluded. */
struct salvage_range {
    int64_t above[SALVAGE_KEYS_MAX], below[SALVAGE_KEYS_MAX];
};

enum salvage_phase { SALVAGE_DOWN, SALVAGE_UP };

struct salvage_table {
    sqlite3_stmt *down, *up, *put; /* the first two: of the damaged store */
    int columns, keys;
    int key_column[SALVAGE_KEYS_MAX]; /* of the row, from 0 */
    bool whole;                       /* the key is not of integers: no ranges */
    ms_t now_ms;                      /* keys that are times lie before it */
    bool started;
    enum salvage_phase phase;
    struct salvage_range now;
    struct salvage_range queue[SALVAGE_QUEUE_MAX];
    int first, count, probes;
    uint64_t rows;
    bool damaged; /* some place could not be read */
};

/* ERR_NOT_FOUND: the damaged store has no such table, or it stays behind. */
int salvage_table_init(struct salvage_table *t, sqlite3 *from, sqlite3 *to, const char *name,
                       ms_t now_ms);
void salvage_table_fini(struct salvage_table *t);
/* At most `most` rows, inside a transaction of the new store. Errors are those of the new store. */
int salvage_table_step(struct salvage_table *t, uint64_t most, bool *ret_done);

#endif
