/* Device rows of a longer slot from those of its parts: one at a time, in order of time.
 *
 * Historian thread. Its memory is the arena's; no I/O. */
#ifndef BUSBAR_SLOTS_SLOT_MERGE_H
#define BUSBAR_SLOTS_SLOT_MERGE_H

#include "base/arena.h"
#include "meter/site.h"
#include "slots/gauge.h"
#include "slots/slot_codec.h"

struct slot_merge {
    const struct site *site;
    const struct device *device;
    const int32_t *feeds; /* of the device, feed_count */
    size_t feed_count;
    ms_t start, end;
    double coverage;
    enum quality quality;
    size_t rows;
    ms_t covered_ms;          /* of the parts that had a row */
    struct feed_slot *feed;   /* feed_count */
    struct slot_point *point; /* of the profile */
};

int slot_merge_init(struct slot_merge *m, struct arena *arena, const struct site *site,
                    size_t device, const int32_t *feeds, size_t feed_count, ms_t start, ms_t end);
/* A part's row of the same feeds and points. ERR_CORRUPT leaves out what follows. */
int slot_merge_row(struct slot_merge *m, ms_t start, ms_t end, const void *body, size_t n);
/* Distance between the edges and the readings next to them, the worst of the feeds; NAN unknown. */
double slot_merge_boundary_ms(const struct slot_merge *m);
/* Parts that had no row are missing in it. */
void slot_merge_write(struct slot_merge *m, int64_t layout, struct pack *out);

#endif
