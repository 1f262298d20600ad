/* Packs raw rows that are some minutes old into chunks (store/chunk.h).
 *
 * Works on windows: whole chains of one layout, at most ten minutes and so many samples that memory
 * stays small. Each step makes the chunks of some of the devices; the last one puts all of them
 * into the store and takes the rows away, in one transaction: whenever it is killed, a reading is
 * in a row or in a chunk, never in both. Historian thread. */
#ifndef BUSBAR_STORE_COMPACT_H
#define BUSBAR_STORE_COMPACT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "store/chunk.h"
#include "store/layout.h"

#define COMPACT_WINDOW_MS  (10 * MS_PER_MIN)
#define COMPACT_CHAINS_MAX 24
#define COMPACT_HOLD_MS    (20 * MS_PER_MIN) /* rows younger than this stay rows */

struct compact_chain {
    int64_t chain;
    ms_t t_min, t_max;
    uint64_t rows;
};

struct compact {
    sqlite3 *db;
    /* the window being packed; layout NULL: none */
    struct layout *layout;
    int64_t layout_id;
    struct compact_chain chains[COMPACT_CHAINS_MAX];
    size_t chain_count;
    uint8_t *progress; /* by device of the layout: waiting, in this step, done */
    struct chunk_bytes *made;
    size_t made_count, made_cap;
    ms_t pause_until;                   /* after a failure; of the caller's monotonic time */
    uint64_t windows, chunks, bad_rows; /* bad: could not be decoded, gone */
    bool failing;
};

void compact_init(struct compact *c, sqlite3 *db);
void compact_fini(struct compact *c);
/* One step, of rows that were captured before. *ret_more: there is work for a next step. A failure
 * is logged once, changes nothing and is tried again a minute later. */
int compact_step(struct compact *c, ms_t before, ms_t mono_ms, bool *ret_more);

#endif
