/* Space on the store's disk: how much is left, and a reserve file (<path>.reserve) that is given
 * back to the disk when it is full, so that the store can thin itself and go on. Historian thread.
 */
#ifndef BUSBAR_STORE_ROOM_H
#define BUSBAR_STORE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#define ROOM_RESERVE_MAX (16u << 20) /* a sixteenth of a smaller disk */

struct room {
    const char *path; /* of the store */
    uint64_t total, available;
    uint64_t reserve; /* bytes that the reserve file is to have */
    bool held;        /* it has them */
};

void room_init(struct room *r, const char *path);
/* Asks the disk again. */
void room_look(struct room *r);
/* Less than 64 MB, or 5 % of a disk below 20 GB (1 GB of a larger one). */
bool room_is_low(const struct room *r);
/* Gives the reserve back; false when there was none. */
bool room_release(struct room *r);
/* Makes the reserve when as much again stays free. True when it is held. */
bool room_hold(struct room *r);

#endif
