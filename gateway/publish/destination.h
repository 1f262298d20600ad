/* One HTTPS destination: chooses its next batch, sends it, and acts on the answer. Of the deliver
 * thread alone, but for its figures, which are guarded. */
#ifndef BUSBAR_PUBLISH_DESTINATION_H
#define BUSBAR_PUBLISH_DESTINATION_H

#include <pthread.h>

#include "poll/backoff.h"
#include "publish/batch_lanes.h"
#include "publish/batch_memory.h"
#include "publish/deliver.h"
#include "publish/https_request.h"

/* What all destinations of the thread use, one at a time. */
struct deliver_work {
    const struct deliver_options *options;
    CURLM *multi;
    struct reader *reader;
    ms_t epoch;
    struct outbox_row *rows; /* room for rows_cap */
    size_t rows_cap;
    char *text, *line; /* BATCH_TEXT_MAX, BATCH_LINE_MAX */
    bool read_failed;  /* the store must be opened again */
};

struct destination {
    const struct deliver_settings *settings;
    struct deliver_work *work;
    struct batch_lanes lanes;
    struct batch_memory memory;
    struct https_request request;
    struct https_target target;
    ms_t epoch; /* the memory and the lanes are of this one; 0: none yet */
    struct backoff backoff;
    us_t not_before;  /* of the next request */
    us_t figures_at;  /* the backlog is counted again */
    us_t stuck_at;    /* acknowledgements that are not on disk by then are given up */
    size_t rows_sent; /* of the batch in flight */
    bool failing, delivered, memory_failed;
    char last_why[HTTPS_WHY_MAX]; /* that was logged */
    pthread_mutex_t lock;         /* guards stats */
    struct deliver_stats stats;
};

int destination_init(struct destination *d, const struct deliver_settings *s,
                     struct deliver_work *work); /* ERR_NOMEM */
void destination_fini(struct destination *d);
/* Sends what can be sent now. rows: the outbox or the cursor may have moved. Returns when the next
 * turn is due at the latest. */
us_t destination_turn(struct destination *d, us_t now, bool rows);
void destination_stats(struct destination *d, struct deliver_stats *ret);

#endif
