/* The historian thread: the only writer of the database. Takes readings from the ring, decodes,
 * keeps the live table, closes slots, and commits once a second { raw, slots, records, events,
 * outbox, counter checkpoints, cursors } in one transaction. */
#ifndef BUSBAR_STORE_HISTORIAN_H
#define BUSBAR_STORE_HISTORIAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/site.h"
#include "orders/order.h"
#include "store/live.h"
#include "sys/ring.h"

struct historian;

struct historian_options {
    const struct site *site;
    uint32_t site_version;
    const char *version; /* of the program */
    struct ring *readings;
    struct live *live;
    /* Called on the historian's thread after a commit that added outbox rows or moved a cursor. */
    void (*on_commit)(void *arg);
    void *on_commit_arg;
};

/* Opens or creates the store (site->store.path, mode 0640), migrates it, recovers checkpoints and
 * starts the thread. Errors are logged with file and next step. */
int historian_start(const struct historian_options *o, struct historian **ret);

/* Swaps the configuration: closes what is open under the old one. Returns when the old site is no
 * longer used. acquire must be stopped meanwhile. */
void historian_set_site(struct historian *h, const struct site *site, uint32_t site_version);

/* Destination dest ("mqtt") has acknowledged seq_from..seq_to of epoch. Any thread, never blocks on
 * disk: durable with the next commit. */
void historian_ack(struct historian *h, const char *dest, ms_t epoch, uint64_t seq_from,
                   uint64_t seq_to);
/* Rows up to `done` of the open replay range id have been delivered again; as historian_ack(). */
void historian_replayed(struct historian *h, int64_t id, uint64_t done);
/* Puts an event on record (and so on /event). Any thread. object may be NULL. */
void historian_event(struct historian *h, const char *event, const char *object,
                     const char *severity, const char *state, const char *note);

/* Executes an order on the historian's thread and waits for it; as order_fn. Any other thread. */
size_t historian_order(struct historian *h, const struct order *o, const char *actor, char *reply,
                       size_t cap);

/* Takes what is in the ring, closes nothing early, commits, stops. Under 2 s. Frees. */
void historian_stop(struct historian *h);

struct historian_stats {
    uint64_t readings, samples, commits, slots, records, refused_readings;
    uint64_t late_samples;                 /* came after their slot had closed */
    uint64_t db_bytes, budget_bytes;       /* in use; 0: no limit */
    double days_until_full;                /* at the rate of the last day: fill_rate_days() */
    uint64_t thinned_raw, thinned_records; /* of struct retention */

    us_t last_commit_us;
    bool failing;   /* the last commit failed */
    bool disk_full; /* the reserve is in use, or nothing is written */
    uint64_t disk_free_bytes;
    uint64_t refused_blocks; /* raw rows, slots .. that found no room in memory: lost */
    uint64_t replacements;   /* damaged stores set aside in this run */
};
void historian_stats(struct historian *h, struct historian_stats *ret);

#endif
