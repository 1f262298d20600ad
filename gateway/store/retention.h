/* Keeps the store within its budget, by the value of what it holds.
 *
 * Never thinned: events, ledger, checkpoints of counters, days, months and bills, and 15-minute and
 * hourly slots and records that a destination has not got. The order in which the rest goes when
 * the budget is reached, always the oldest first:
 *   1. raw readings, but for the last day
 *   2. 1-minute slots and records older than 30 days
 *   3. raw readings of the last day, but for the last ten minutes: a restart reads them
 *   4. 1-minute slots and records older than 2 days
 *   5. 15-minute and hourly ones that are acknowledged and older than 180 days
 * The outbox row of a thinned record stays until it is acknowledged: a tombstone is sent in its
 * place. Besides, outbox rows go when they are acknowledged and old (the promise of replay).
 * Historian thread. */
#ifndef BUSBAR_STORE_RETENTION_H
#define BUSBAR_STORE_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "store/fill_rate.h"
#include "store/writer.h"

#define RETENTION_1M_MS      (30 * MS_PER_DAY)  /* replay of 1m records */
#define RETENTION_LONG_MS    (400 * MS_PER_DAY) /* replay of everything else */
#define RETENTION_15M_MS     (180 * MS_PER_DAY)
#define RETENTION_1M_MIN_MS  (2 * MS_PER_DAY)
#define RETENTION_RAW_MS     MS_PER_DAY
#define RETENTION_RAW_MIN_MS (10 * MS_PER_MIN)

struct retention {
    struct fill_rate rate;
    uint64_t used_bytes;      /* pages in use */
    double days_until_full;   /* fill_rate_days() */
    uint64_t thinned_raw;     /* windows of chunks and chains of rows */
    uint64_t thinned_records; /* records of a minute, a quarter or an hour, with their slots */
    bool exhausted;           /* over the budget, and nothing may go any more: said once */
};

struct retention_terms {
    uint64_t budget_bytes; /* of the file and its write-ahead log (8 MB of it); 0: no limit */
    uint64_t acknowledged; /* rows up to it have reached every destination */
    ms_t now_ms, mono_ms;
};

/* A small step, to be called every few seconds: bounded work in transactions of its own. */
int retention_step(struct retention *r, struct writer *w, const struct retention_terms *t);
/* Thins one step whatever the budget says: the disk is full. ERR_NOT_FOUND: nothing may go. */
int retention_make_room(struct retention *r, struct writer *w, const struct retention_terms *t);
/* Bytes in use: pages of the file that are not free. */
int retention_used(struct writer *w, uint64_t *ret_bytes);

#endif
