/* What waits for a webhook, and which of it goes into the next message.
 *
 * The store is the queue: this holds the first alerts in it that are not done, in order of seq, and
 * says what may be acknowledged. Held back by quiet hours they stay while others pass them, which
 * costs the cursor a range each: beyond GAPS_MAX they go out too. Plain data; pure. */
#ifndef BUSBAR_PUBLISH_WEBHOOK_QUEUE_H
#define BUSBAR_PUBLISH_WEBHOOK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "meter/notify.h"
#include "store/reader.h"

#define QUEUE_MAX     512
#define QUEUE_GAPS    48 /* the cursor has room for 64 ranges */
#define QUEUE_LATE_MS (24 * 3600 * (ms_t)MS_PER_S)

struct webhook_item {
    struct outbox_row row;
    ms_t at; /* when it happened */
    uint8_t severity;
    bool passed; /* rows behind it are acknowledged */
    bool chosen, late;
};

struct webhook_queue {
    struct webhook_item item[QUEUE_MAX];
    size_t count;
    uint64_t scanned; /* rows up to it have been looked at */
};

struct webhook_terms {
    const struct quiet_span *quiet;
    size_t quiet_count;
    ms_t now;
    int utc_offset_s;
    size_t room;     /* messages that may go now, at least 1 */
    size_t rows_max; /* alerts in one message */
};

/* The chosen items are marked. */
struct webhook_plan {
    size_t told, late; /* late ones are only counted */
    bool joined;
};

void webhook_queue_init(struct webhook_queue *q);
bool webhook_queue_full(const struct webhook_queue *q);
/* The next row that is not acknowledged, seq rising. */
void webhook_queue_see(struct webhook_queue *q, uint64_t seq);
/* ... and it is one to tell of. There must be room. */
void webhook_queue_put(struct webhook_queue *q, const struct outbox_row *row, ms_t at,
                       uint8_t severity);
/* Each alert has a message of its own while the room lasts; else all that may go are joined into
 * one. What was held back by quiet hours, or is too old, goes together. False: nothing may go. */
bool webhook_queue_plan(struct webhook_queue *q, const struct webhook_terms *t,
                        struct webhook_plan *ret);
/* The chosen ones are done: they leave, and ack is called for each range of rows that is done. */
void webhook_queue_done(struct webhook_queue *q, void (*ack)(void *arg, uint64_t from, uint64_t to),
                        void *arg);
/* Every row up to it is done. */
uint64_t webhook_queue_floor(const struct webhook_queue *q);

#endif
