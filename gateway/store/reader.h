/* Read-only view of the store for publish, web and the tools. A reader belongs to one thread. */
#ifndef BUSBAR_STORE_READER_H
#define BUSBAR_STORE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/units.h"
#include "calc/completeness.h"
#include "calc/facts.h"
#include "meter/reading.h"
#include "meter/site.h"

struct reader;
struct books_store; /* store/books.h */

int reader_open(const char *path, struct reader **ret); /* ERR_IO, ERR_VERSION, ERR_CORRUPT */
void reader_close(struct reader *r);
/* Another file stands at its path: a damaged store was set aside. Close it and open again. */
bool reader_replaced(const struct reader *r);
/* The last call failed because the file is damaged. Close it: the writer is told by that. */
bool reader_damaged(const struct reader *r);

enum outbox_kind {
    OUTBOX_EVENT = 1,
    OUTBOX_RECORD_1M,
    OUTBOX_RECORD_15M,
    OUTBOX_RECORD_1H,
    OUTBOX_RECORD_1D,
    OUTBOX_RECORD_1MO,
    OUTBOX_RECORD_BILL
};
/* Leaf of the topic: "event", "record/1m", ..., "record/bill". */
const char *outbox_topic(enum outbox_kind k);

struct outbox_row {
    uint64_t seq;
    enum outbox_kind kind;
    int64_t account_no; /* of a bill: the number of its account in the store */
    int64_t key;        /* slot start in UTC ms, or the event's id */
    uint32_t revision;
    uint16_t part, parts;
};

struct outbox_head {
    ms_t epoch;
    uint64_t seq_first, seq_head; /* 0, 0 when empty */
    ms_t oldest_unacked_utc_ms;   /* of the first row not acknowledged by dest; 0 = none */
    uint64_t unacked;
};
int reader_head(struct reader *r, const char *dest, struct outbox_head *ret);

/* Rows not acknowledged by dest with seq > after_seq, rising, at most cap. Returns the number. */
int reader_outbox(struct reader *r, const char *dest, uint64_t after_seq, struct outbox_row *rows,
                  size_t cap);

/* A range that dest asked for again and that is not through: rows up to done are. */
struct replay_range {
    int64_t id;
    uint64_t to, done;
    ms_t asked; /* what was beyond the reach of replay then is not sent */
};
/* Open ranges, oldest first, at most cap. Returns the number. */
int reader_replays(struct reader *r, const char *dest, struct replay_range *ranges, size_t cap);
/* Rows of a range with seq > after_seq, rising, at most cap, acknowledged or not. Returns the
 * number. */
int reader_replay_rows(struct reader *r, const struct replay_range *range, uint64_t after_seq,
                       struct outbox_row *rows, size_t cap);

/* The body of a row into b, byte-identical each time. ERR_NOT_FOUND when its content was thinned.
 */
int reader_body(struct reader *r, const struct outbox_row *row, struct buf *b);

/* Rows of the kinds in the set (1 << kind) with seq > after_seq, rising, at most cap: records whose
 * slot starts, and events that happened, in [from, to). Returns the number. */
int reader_range(struct reader *r, unsigned kinds, ms_t from, ms_t to, uint64_t after_seq,
                 struct outbox_row *rows, size_t cap);

/* What to stream of the raw readings: those captured in [from, to); of a device and one of its
 * points, by their ids (the point's without the device's), where they are not NULL. With a point
 * the other points of a reading may be missing, but those that its value needs are there. */
struct raw_query {
    ms_t from, to;
    const char *device, *point;
};
/* Streams them, in order of time within ten minutes and of ten minutes to ten minutes; memory is
 * bounded by those. site is that of the reading's time: devices, points and profiles only. A
 * callback that returns < 0 stops with that code. Rows that cannot be read are counted, not fatal.
 */
int reader_readings(struct reader *r, const struct raw_query *q,
                    int (*on_reading)(void *arg, const struct site *site, struct reading *reading),
                    void *arg, uint64_t *ret_bad_rows);

/* The 15-minute slots of one device in a month, and its days' energies against those of its slots.
 */
struct device_month {
    struct completeness
        day[MONTH_DAYS]; /* by day of the month; nothing expected before it begins */
    /* of the stored day: the distance of its edges to the readings next to them, NAN unknown */
    double boundary_ms[MONTH_DAYS];
    /* over the stored days, energy in both directions: NAN without any */
    double day_month_deviation;
};
/* Into ret[site->device_count]. month: year * 12 + month - 1. dest NULL: nothing is acknowledged.
 * Reads every 15-minute row of the month. ERR_RANGE for a month outside years 1970 to 9999. */
int reader_completeness(struct reader *r, const struct site *site, const char *dest, int32_t month,
                        utc_offset_fn *zone, ms_t now, struct device_month *ret);

/* Streams the facts of the slots of a period that start in [from, to), each in its newest revision,
 * in order of time; memory is bounded by one slot. account: of a bill, its index in site; else -1.
 *
 * Everything comes in the order of site, found by the ids it was stored with: what a record does
 * not have is unknown. A callback that returns < 0 stops with that code; it must not call this
 * again. Rows that cannot be read are counted, not fatal. ERR_NOT_FOUND: the store never knew the
 * account. */
int reader_facts(struct reader *r, const struct site *site, enum slot_period p, int account,
                 ms_t from, ms_t to, int (*on_facts)(void *arg, const struct slot_facts *f),
                 void *arg, uint64_t *ret_bad_rows);

/* One slot of a point. What is no gauge (a counter, a state) has its last value in all three. */
struct series_row {
    ms_t start;
    double mean, min, max; /* NAN while unknown */
    float coverage;        /* 0..1 */
    uint8_t quality;       /* enum quality */
};
/* The slots of a point in [from, to), each in its newest revision, in order of time, at most cap.
 * device and point by their ids in the site ("pv1", "pv1.active_power"). Slots that say nothing of
 * the point, and rows that cannot be read, are left out. Returns the number. */
int reader_series(struct reader *r, const char *device, const char *point, enum slot_period p,
                  ms_t from, ms_t to, struct series_row *rows, size_t cap);

/* The prices and curves as they are now: books_load() from this store. Free with books_free(). */
int reader_books(struct reader *r, ms_t now_ms, struct books_store *ret);

#endif
