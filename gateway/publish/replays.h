/* Ranges that the platform asked for again: takes the open ones from the store one after the other,
 * gives them to the lanes, and tells the historian how far the present one has come.
 *
 * Outlives connections: what was delivered before a loss is not sent again, even when the store
 * does not know of it yet. Publish thread. */
#ifndef BUSBAR_PUBLISH_REPLAYS_H
#define BUSBAR_PUBLISH_REPLAYS_H

#include <stddef.h>
#include <stdint.h>

#include "publish/lanes.h"
#include "publish/publish.h"
#include "store/reader.h"

#define REPLAYS_KNOWN 16 /* as many as may be open */

struct replays {
    struct replay_range range; /* being sent; id 0: none */
    struct {
        int64_t id;
        uint64_t done;
    } known[REPLAYS_KNOWN]; /* how far ranges have come, as told to the historian */
    size_t next_known;
};

/* A connection has begun: the lanes start anew. */
void replays_connected(struct replays *p);
/* Looks at what is open: takes the next range up, widens the present one. < 0: the store cannot be
 * read. */
int replays_look(struct replays *p, struct reader *r, const char *dest, struct lanes *l);
/* Tells how far the present range has come; true when it is through. */
bool replays_report(struct replays *p, const struct publish_options *o, const struct lanes *l);

#endif
