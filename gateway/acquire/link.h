/* One link at work: its state machine, its devices' images and counters, received bytes.
 *
 * Turns what the state machine reports into readings, counters and log lines. Shared by the epoll
 * engine and the line threads; a link belongs to one thread, only the counters are read by others.
 * All memory comes from the arena before the start. */
#ifndef BUSBAR_ACQUIRE_LINK_H
#define BUSBAR_ACQUIRE_LINK_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "acquire/acquire.h"
#include "base/arena.h"
#include "base/heap.h"
#include "meter/reading.h"
#include "poll/link_fsm.h"
#include "wire/mbap.h"

#define LINK_RX_MAX (2 * MBAP_MAX)

/* Keeps a repeated message to one line a minute and counts the rest. */
struct log_gate {
    us_t quiet_until;
    uint64_t unsaid;
};

enum link_counter {
    COUNT_POLLS,
    COUNT_REQUESTS,
    COUNT_TIMEOUTS,
    COUNT_CRC_ERRORS,
    COUNT_EXCEPTIONS,
    COUNT_LATE_REPLIES,
    COUNT_BAD_FRAMES,
    COUNT_VALUES_ASKED,
    COUNT_VALUES_GOOD,
    COUNT_MAX
};

/* What acquire keeps of a device beside the state machine's part. */
struct link_device {
    uint32_t index; /* in site.devices */
    struct reading *image;
    struct reading *clock; /* its own clock as read; NULL: it has none */
    bool image_begun;      /* the running poll has a first reply */
    uint8_t last_exception;
    us_t down_since;
    struct log_gate gate;
    _Atomic uint64_t count[COUNT_MAX];
    _Atomic uint32_t latency_us_last, latency_us_max;
    _Atomic uint8_t up, holes;
};

struct link {
    struct link_fsm fsm;
    const struct link_def *def;
    const struct site *site;
    struct ring *readings;
    uint32_t site_version;
    struct link_device *devices; /* beside fsm.devices */
    us_t utc_ahead;              /* of the current turn */
    us_t down_since;
    int fd; /* -1 when closed */
    uint8_t rx[LINK_RX_MAX];
    size_t rx_len;
    /* the engine's */
    struct sockaddr_storage address;
    socklen_t address_len;
    struct heap_node timer;
    struct link *queue_next;
    bool queued, connecting;
};

/* Builds link number i of the site with its enabled devices; *ret is NULL when it has none.
 * ERR_NOMEM, ERR_RANGE (a profile that no read can cover; logged). */
int link_new(struct arena *arena, const struct site *site, size_t i, uint32_t site_version,
             struct ring *readings, struct moment m, struct link **ret);

struct moment link_moment(void); /* now, by the clock */

/* Writes the frame that asks fsm.ask; returns its length. Counts the request. */
size_t link_request_frame(struct link *l, uint8_t out[MBAP_MAX]);
/* Takes apart what has been received so far and tells the state machine. */
void link_receive(struct link *l, struct moment m);
/* A reply that has begun but is not whole at its deadline blocks a TCP stream: closes it. Call
 * before link_fsm_next. */
void link_check_partial(struct link *l, struct moment m);
/* Bytes of the reply that are still to come, 0 when unknown (serial lines). */
size_t link_reply_missing(const struct link *l);

void link_device_stats(const struct link_device *d, struct acquire_device_stats *ret);

#endif
