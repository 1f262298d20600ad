/* Energy that reaches closed slots afterwards: the step of a register across a gap, and an
 * officer's entry. Rows of the slots get a new revision; what was made of them is marked to be made
 * again. Inside the writer's transaction. Historian thread. */
#ifndef BUSBAR_STORE_GAP_H
#define BUSBAR_STORE_GAP_H

#include "slots/slot_change.h"
#include "store/aggregate.h"
#include "store/writer.h"

/* Further back minutes and quarters are not written one by one: the oldest gets the rest. */
#define GAP_MINUTES_MS  (7 * MS_PER_DAY)
#define GAP_QUARTERS_MS (400 * MS_PER_DAY)

int gap_write(struct writer *w, const struct gap_entry *g);

/* Applies a change to the newest row (a slot without one gets one when feeds is not 0: the device's
 * number of feeds) and marks the slot. */
int gap_change_slot(struct writer *w, enum slot_period p, ms_t start, const struct slot_change *c,
                    size_t feeds);
/* The slot's record, and those above it, are to be made again. */
int gap_mark(struct writer *w, enum slot_period p, ms_t start);

#endif
