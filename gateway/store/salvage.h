/* What can still be read of a damaged store, copied into a new one: table by table, row by row, in
 * the order of the key from both ends; between two bad places the key is halved to find the rows
 * between them. Works on any table of the new store by the columns that both have.
 *
 * Rows whose page SQLite cannot read are lost, and with an inner page those below it. The tables of
 * raw readings are large and nothing else depends on them: the newest rows come at once, the rest
 * later, in small steps. Tables with a column seq_from belong to an epoch and stay behind. */
#ifndef BUSBAR_STORE_SALVAGE_H
#define BUSBAR_STORE_SALVAGE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

struct salvage_counts {
    uint64_t rows;
    int damaged_tables; /* in which something could not be read */
    ms_t epoch;         /* of the damaged store; 0 unknown */
    uint64_t seq_head;  /* highest in its outbox; 0 unknown */
};

/* Opens a damaged store for reading. Never writes to it. ERR_CORRUPT: not even its table of tables
 * can be read. */
int salvage_open(const char *path, sqlite3 **ret);
/* Everything but the bulk of raw readings, into an empty store of this version. ERR_FULL, ERR_IO of
 * the new store; damage of the old one is only counted. now_ms: its times lie before it. */
int salvage_copy(sqlite3 *from, sqlite3 *to, ms_t now_ms, struct salvage_counts *ret);

/* The raw readings that salvage_copy() left, newest first. */
struct salvage_rest;
int salvage_rest_new(const char *path, sqlite3 *to, ms_t now_ms, struct salvage_rest **ret);
void salvage_rest_free(struct salvage_rest *r); /* NULL is fine */
/* One transaction that takes no longer than about budget_us. *ret_done: nothing is left. */
int salvage_rest_step(struct salvage_rest *r, us_t budget_us, bool *ret_done);
uint64_t salvage_rest_rows(const struct salvage_rest *r);

#endif
