/* Ranges of the outbox that a destination asked for again (/cmd replay): what is open is a row of
 * the table "replay", so that a restart goes on where the last one was.
 *
 * How far a range has come is kept in memory by its reader and written with the next commit: what
 * is lost of it is sent twice, nothing is left out. Historian thread, except writer_replayed(). */
#ifndef BUSBAR_STORE_REPLAY_H
#define BUSBAR_STORE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

#define REPLAYS_MAX 16 /* open ranges of one destination */

struct writer;

/* How far a range has come since it was written last. */
struct replay_mark {
    int64_t id;
    uint64_t done, written; /* every row up to done; written: by the transaction that runs */
};

struct replay_marks {
    struct replay_mark mark[REPLAYS_MAX];
    size_t count;
};

/* Everything up to `done` of the open range id has been delivered again. Any thread; in memory
 * until the next commit. */
void writer_replayed(struct writer *w, int64_t id, uint64_t done);

/* ---- inside the writer's transactions ------------------------------------------------------ */

bool replay_moved(struct writer *w); /* something is to be written */
/* Writes what moved; a range that is through is deleted. */
int replay_write(struct writer *w);
void replay_committed(struct writer *w); /* the transaction of replay_write() is on disk */
/* Every row up to it is needed by no open range; UINT64_MAX without any. */
int replay_floor(struct writer *w, uint64_t *ret);

#endif
