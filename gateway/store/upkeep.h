/* The store in trouble: a full or read-only disk, a damaged file. What can be done about it, and
 * what is said. Called by the historian beside its commits; takes no lock and never waits for
 * anybody. Historian thread. */
#ifndef BUSBAR_STORE_UPKEEP_H
#define BUSBAR_STORE_UPKEEP_H

#include "store/core.h"
#include "store/retention.h"
#include "store/room.h"
#include "store/salvage.h"

enum store_state { STORE_GOOD, STORE_FULL, STORE_UNWRITABLE };

struct upkeep {
    struct core *core;
    struct writer *writer;
    struct retention *retention;
    struct room room;
    enum store_state state;
    bool low;             /* said */
    us_t next_replace_us; /* a damaged store is not replaced before */
    uint32_t second;
    struct salvage_rest *rest; /* raw readings of a replaced store */
    bool complete;             /* none of them is still to come */
    uint64_t replacements;
};

/* On a full disk a store cannot even be opened: gives the reserve back. */
void upkeep_before_start(const char *path);
void upkeep_init(struct upkeep *u, struct core *core, struct retention *retention);
void upkeep_fini(struct upkeep *u);
/* After a commit that gave err. True: it is worth trying again at once. */
bool upkeep_after_commit(struct upkeep *u, int err, const struct instant *now);
/* Raw readings of a replaced store are still coming, the newest first: a chain may lack its
 * beginning, so they must not be packed yet. */
static inline bool upkeep_salvages(const struct upkeep *u) {
    return !u->complete;
}
/* Once a second. */
void upkeep_second(struct upkeep *u, const struct instant *now);
/* Makes an event of a new epoch that nobody was told of yet. */
void upkeep_announce(struct upkeep *u, ms_t now_ms);

#endif
