/* Readings of a gateway that does not know the time yet: kept as they were read, with the monotonic
 * clock of this boot, until it does. Rows (id, boot, layout, body); the body is a whole struct
 * reading. Historian thread. */
#ifndef BUSBAR_STORE_HELD_H
#define BUSBAR_STORE_HELD_H

#include "meter/reading.h"
#include "store/writer.h"

/* Puts a reading among the pending blocks. ERR_FULL: no room left. */
int held_add(struct writer *w, const struct reading *r);
/* What has been given back is gone with the next commit: rows up to that id. */
void held_done(struct writer *w, int64_t up_to);
/* The writer's hook for both. boot: of the machine, any number that differs from boot to boot. */
int held_write(struct writer *w, uint64_t boot, const struct pending_block *b, const uint8_t *body);

/* Removes what other boots have left, whose times nobody can tell. Both counts are of readings. */
int held_open(struct writer *w, uint64_t boot, int64_t *ret_waiting, int64_t *ret_lost);

typedef void held_fn(void *arg, struct reading *r);
/* Gives committed readings in order, at most limit, to fn; ret_last: id of the last one, 0: none.
 * Those of another configuration are left out. */
int held_give(struct writer *w, int limit, held_fn *fn, void *arg, int64_t *ret_last);
/* How many committed ones lie behind that id. */
int held_left(struct writer *w, int64_t id, int64_t *ret);
/* The same for those that are not committed yet. */
void held_give_pending(struct writer *w, held_fn *fn, void *arg);

#endif
