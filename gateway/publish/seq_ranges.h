/* A small set of sequence numbers as ranges, so that a burst of acknowledgements becomes one call.
 *
 * Bounded: when a number fits no range and all are taken, the caller flushes first. Pure. */
#ifndef BUSBAR_PUBLISH_SEQ_RANGES_H
#define BUSBAR_PUBLISH_SEQ_RANGES_H

#include <stddef.h>
#include <stdint.h>

#define SEQ_RANGES_MAX 32

struct seq_range {
    uint64_t from, to; /* both included */
};

struct seq_ranges {
    struct seq_range range[SEQ_RANGES_MAX]; /* rising, with a gap between any two */
    size_t count;
};

/* Adds one number; already there is fine. ERR_FULL when it would need a range too many. */
int seq_ranges_add(struct seq_ranges *r, uint64_t seq);

#endif
