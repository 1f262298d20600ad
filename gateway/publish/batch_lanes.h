/* Which rows of the outbox make the next batch of an HTTPS destination: events first, then new
 * rows, then backlog, oldest first at a settable rate; and what becomes of a batch.
 *
 * A batch is a run of consecutive seqs, so its two ends say what is in it. It is fixed from its
 * first sending until its acknowledgement is on disk: the list of such batches is what
 * batch_memory.h keeps over a restart. Holds no bodies. Time is an argument. Pure; one thread. */
#ifndef BUSBAR_PUBLISH_BATCH_LANES_H
#define BUSBAR_PUBLISH_BATCH_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "store/reader.h"

#define BATCHES_MAX      32 /* fixed at once: twice what bisecting the largest batch needs */
#define BATCH_RESTING    16 /* refused rows that wait for another try */
#define BATCH_AHEAD_MAX  24 /* batches of old events that go before their backlog */
#define BATCH_REFUSALS   8  /* single rows refused in a row: then it is not the rows */
#define BATCH_REST_FIRST (60 * (us_t)US_PER_S)
#define BATCH_REST_LAST  (3600 * (us_t)US_PER_S)

struct batch {
    uint64_t from, to; /* both included */
    bool accepted;     /* the answer was 2xx; not yet seen on disk */
};

struct batch_list {
    struct batch batch[BATCHES_MAX]; /* in the order of sending */
    size_t count;
};

enum batch_lane_id { BATCH_EVENTS, BATCH_NEW, BATCH_BACKLOG, BATCH_LANES };

struct batch_lane {
    uint64_t after, limit; /* rows with after < seq <= limit are still to be looked at */
    bool drained;          /* nothing more until woken */
};

struct resting_row {
    uint64_t seq;
    us_t until;
    us_t rest; /* the next one is twice as long */
    bool out;  /* is being tried again */
};

struct batch_lanes {
    uint32_t rows_max, backlog_per_s;
    struct batch_list fixed;
    struct batch_lane lane[BATCH_LANES];
    struct resting_row resting[BATCH_RESTING];
    size_t resting_count;
    unsigned ahead;    /* batches of events that went before their backlog */
    unsigned refusals; /* single rows refused since the last acceptance */
    us_t backlog_at;   /* the next batch of the backlog may go */
};

void batch_lanes_init(struct batch_lanes *l, uint32_t rows_max, uint32_t backlog_per_s);
/* Deliveries begin (again): rows up to seq_head are backlog, what comes is new. Fixed batches and
 * resting rows stay. */
void batch_lanes_start(struct batch_lanes *l, uint64_t seq_head);
void batch_lanes_wake(struct batch_lanes *l); /* rows may have been added */

/* The first batch without acceptance, the one to send; NULL when there is none. */
struct batch *batch_lanes_open(struct batch_lanes *l);
/* A lane that wants rows read, and the seq after which; false when none may have any now. */
bool batch_lanes_wants(const struct batch_lanes *l, us_t now, enum batch_lane_id *ret_lane,
                       uint64_t *ret_after);
enum batch_take {
    TAKE_NONE,  /* ask batch_lanes_wants() again */
    TAKE_AGAIN, /* likewise: a batch began late in the page, and is read from its start */
    TAKE_BATCH  /* rows[*ret_first] .. of *ret_count may be one batch */
};
/* The answer: n unacknowledged rows read with capacity cap. */
enum batch_take batch_lanes_take(struct batch_lanes *l, enum batch_lane_id lane,
                                 const struct outbox_row *rows, size_t n, size_t cap,
                                 size_t *ret_first, size_t *ret_count);
/* Fixes the batch that was taken, or its beginning; the list must have room. */
void batch_lanes_fix(struct batch_lanes *l, enum batch_lane_id lane, uint64_t from, uint64_t to,
                     us_t now);
static inline bool batch_lanes_full(const struct batch_lanes *l) {
    return l->fixed.count == BATCHES_MAX;
}

/* Answers. b is of this list, and gone or changed afterwards. */
void batch_lanes_accepted(struct batch_lanes *l, struct batch *b);
/* On disk, or never to be sent: forgets it. */
void batch_lanes_forget(struct batch_lanes *l, struct batch *b);
/* In two halves, the first one next; false for a single row, or without room. */
bool batch_lanes_split(struct batch_lanes *l, struct batch *b);
/* Takes one row out of the batch to rest; false when too many rest already, or too many rows were
 * refused in a row: then the trouble is not the row, and nothing changes. unsent: the row could
 * not even be read here, which says nothing about the destination. */
bool batch_lanes_rest(struct batch_lanes *l, struct batch *b, uint64_t seq, bool unsent, us_t now);
/* Fixes a resting row that is due as a batch of its own; false when none is. */
bool batch_lanes_retry(struct batch_lanes *l, us_t now);

/* When something is due without an outside event; INT64_MAX = never. */
us_t batch_lanes_due(const struct batch_lanes *l);

#endif
