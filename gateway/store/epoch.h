/* A new epoch for a store whose numbering cannot go on: it was damaged and salvaged, restored from
 * a backup, or is older than what the outside has seen.
 *
 * What no destination is known to have goes over, numbered from 1 again; what every destination has
 * acknowledged stays behind. The reason waits in the store until the historian has made an event of
 * it. */
#ifndef BUSBAR_STORE_EPOCH_H
#define BUSBAR_STORE_EPOCH_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

#define EPOCH_NOTE_MAX 1024

struct epoch_change {
    const char *reason; /* "the store was damaged": begins the event's note */
    const char *aside;  /* where the store before lies; NULL: nowhere */
    ms_t old_epoch;     /* what the outside knew; 0 unknown */
    uint64_t old_seq;   /* the last seq known of it */
    ms_t now_ms;
};

/* The rows that were salvaged are those of this epoch, not of the store they are in now. */
int epoch_adopt(sqlite3 *db, ms_t epoch);
/* One transaction. The new epoch is now, or one more than any before. The old epoch and seq are
 * those of the store itself where they are higher. */
int epoch_begin(sqlite3 *db, const struct epoch_change *change, ms_t *ret_epoch);

/* Slots that began before the epoch get at least this revision: the platform may have revisions of
 * them that this store does not know. 0 in a first epoch. */
int epoch_revision_base(sqlite3 *db, int64_t *ret);

/* What is to be announced; false: nothing. */
bool epoch_announcement(sqlite3 *db, char note[EPOCH_NOTE_MAX], uint64_t *ret_last_seq);
/* Inside the transaction that stores the event. */
int epoch_announced(sqlite3 *db);

#endif
