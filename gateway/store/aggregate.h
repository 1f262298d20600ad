/* Readings -> windows and energies of the open slots, device by device.
 *
 * Each device stands in its own open minute: the first reading beyond it closes it, or the caller
 * does when its time is up. What closes goes to the sink as encoded slots, and energy that a gap
 * owes to closed slots goes there too. Time is an argument; no I/O; memory is fixed at creation.
 * Historian thread. */
#ifndef BUSBAR_STORE_AGGREGATE_H
#define BUSBAR_STORE_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/record.h"
#include "meter/reading.h"
#include "slots/feed_state.h"
#include "store/live.h"
#include "store/pending.h"

struct device_state {
    ms_t minute;                    /* start of its open minute */
    bool taken;                     /* a reading went into it */
    struct gauge presence;          /* whether it answered */
    int32_t first_feed, feed_count; /* in feed_order */
    bool down;
    ms_t answered_utc_ms; /* last time it did; 0: never */
    bool checkpoint;      /* a counter's track changed: save it before the minute ends */
    struct device *dated; /* the device with the ratios of the day; NULL: they do not change */
    ms_t dated_until;
};

/* Energy of a gap: what closed slots of one counter get. */
struct gap_entry {
    uint32_t device;
    uint32_t feed;    /* among the device's */
    uint32_t counter; /* enum feed_counter */
    uint32_t device_feeds;
    struct counter_gap gap;
    ms_t open_start[SLOT_OPEN_COUNT]; /* slots before these were closed */
};

/* slot and gap: < 0 when it finds no room; what the counters had for it stays with them. A
 * checkpoint follows each that was taken, and must find room then. */
struct aggregate_sink {
    void *arg;
    int (*slot)(void *arg, enum slot_period p, ms_t start, size_t device, const uint8_t *body,
                size_t n);
    void (*checkpoint)(void *arg, size_t device, const uint8_t *body, size_t n);
    int (*gap)(void *arg, const struct gap_entry *g);
    void (*ledger)(void *arg, size_t device, ms_t at, const struct ledger_entry *e);
    void (*event)(void *arg, const struct event_body *e);
    void (*dip)(void *arg, const char *point, const struct dip_change *d); /* may be NULL */
};

/* The open slots in which the wall clock was stepped last: they began at `from` of the clock that
 * holds now. */
struct clock_bend {
    ms_t label[SLOT_OPEN_COUNT], from[SLOT_OPEN_COUNT];
    ms_t gap_floor; /* no slot before it gets energy of a gap: its times were another clock's */
};

struct aggregate {
    const struct site *site;
    int64_t layout;
    struct live *live; /* may be NULL */
    struct aggregate_sink sink;
    struct gauge *points;
    struct device_state *devices;
    struct feed_state *feeds;
    struct clock_bend bend;
    int32_t *feed_order;
    struct sample *scratch; /* of one reading */
    uint8_t *body;          /* one encoded slot or checkpoint */
    size_t body_cap;
    uint64_t samples, late_samples;
    /* Readings come from the store a second time: counters skip what they have, nobody is told. */
    bool replaying;
};

int aggregate_init(struct aggregate *a, const struct site *site, int64_t layout, struct live *live,
                   const struct aggregate_sink *sink, ms_t minute);
void aggregate_fini(struct aggregate *a);

/* Takes a reading of a device of this site; its minutes up to the reading are closed first. */
void aggregate_reading(struct aggregate *a, struct reading *r);
/* Closes the open minute of a device (and the quarter that ends with it). */
void aggregate_close_minute(struct aggregate *a, size_t device);
/* Closes the open quarter where it stands; its last minute must be closed. */
void aggregate_close_quarter(struct aggregate *a, size_t device);
/* Where the open slot of a label begins on the clock. */
ms_t aggregate_from(const struct aggregate *a, enum slot_period p, ms_t label);
/* The label of the open slot that t falls into. */
ms_t aggregate_label(const struct aggregate *a, enum slot_period p, ms_t t);
/* The clock is stepped away from the open slots: those that have begun (minute, quarter) close at
 * `at`. Then the device goes over to another minute with all that it holds. */
void aggregate_leave(struct aggregate *a, size_t device, ms_t at, bool minute, bool quarter,
                     ms_t next_minute);
/* The clock was stepped by that much: the same instants have other times. */
void aggregate_shift(struct aggregate *a, ms_t by);
/* The minutes from here to minute are lost to this device: nothing is written for them. */
void aggregate_skip_to(struct aggregate *a, size_t device, ms_t minute);

/* Energy of the open slot so far, in kWh; NAN when nothing is known. */
double aggregate_so_far(const struct aggregate *a, int32_t feed, enum feed_counter direction,
                        enum slot_period p);
/* Energy since the program began to count, for differences over minutes; NAN when nothing is known.
 */
double aggregate_total(const struct aggregate *a, int32_t feed, enum feed_counter direction);

/* Counters of a device as a checkpoint. Restoring finds them by the names of their points. A device
 * that had closed its minute before the others stands beyond it again. */
size_t aggregate_save(const struct aggregate *a, size_t device, uint8_t *out, size_t cap);
int aggregate_restore(struct aggregate *a, size_t device, const uint8_t *body, size_t n);
/* Folds a minute that was closed by an earlier run into the device's open quarter. */
int aggregate_restore_minute(struct aggregate *a, size_t device, ms_t start, const uint8_t *body,
                             size_t n);
/* Takes over what is open from the aggregate of the configuration before. */
void aggregate_take_over(struct aggregate *a, const struct aggregate *old);

/* ---- between the aggregate's own files ---------------------------------------------------- */

/* The i-th feed of a device. */
struct feed_state *aggregate_feed(const struct aggregate *a, size_t device, int32_t i,
                                  const struct feed **ret_feed);
/* Gives the device's counters to the sink, beside what they have just told it. */
void aggregate_checkpoint(struct aggregate *a, size_t device);
struct counter_place {
    size_t device;
    int32_t feed; /* among the device's */
    int k;        /* enum feed_counter */
};
void aggregate_report_counter(struct aggregate *a, const struct counter_place *where,
                              const struct counter *c, ms_t at,
                              const struct counter_change *change);
/* Sags and interruptions that the last reading of a metering point began or ended. */
void aggregate_report_dips(struct aggregate *a, const struct feed *feed, const struct supply *s);
void aggregate_report_presence(struct aggregate *a, size_t device, const struct reading *r,
                               bool answered);

#endif
