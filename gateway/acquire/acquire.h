/* Reads every device of a site and pushes readings into a ring. One engine thread for all TCP and
 * RTU-over-TCP links, one thread for each serial line. Includes neither store nor publish. */
#ifndef BUSBAR_ACQUIRE_ACQUIRE_H
#define BUSBAR_ACQUIRE_ACQUIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/site.h"
#include "sys/ring.h"

struct acquire;

/* Counters of one device, for metrics and the page. Monotonic since start. */
struct acquire_device_stats {
    uint64_t polls, requests, timeouts, crc_errors, exceptions, late_replies, bad_frames;
    uint64_t values_asked, values_good; /* points of all polls; those that came good */
    uint32_t latency_us_last, latency_us_max;
    uint8_t up;    /* 0 never seen, 1 up, 2 down */
    uint8_t holes; /* registers given up after exception 2 */
};

/* Starts polling at once. site must outlive the acquire; version goes into every reading.
 * ERR_LIMIT with a message on the log when the descriptor limit cannot hold the site. */
int acquire_start(const struct site *site, uint32_t site_version, struct ring *readings,
                  struct acquire **ret);
/* Stops within the longest request timeout and frees. NULL is fine. */
void acquire_stop(struct acquire *a);
/* Any thread. false for an index out of range. */
bool acquire_device_stats(const struct acquire *a, size_t device, struct acquire_device_stats *ret);

#endif
