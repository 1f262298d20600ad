/* Readings -> windows and energies of the open slots, device by device.
 *
 * Each device stands in its own open minute: the first reading beyond it closes it, or the caller
 * does when its time is up. What closes goes to the sink as encoded slots. Time is an argument; no
 * I/O; memory is fixed at creation. Historian thread. */
#ifndef BUSBAR_STORE_AGGREGATE_H
#define BUSBAR_STORE_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/record.h"
#include "meter/reading.h"
#include "store/counters.h"
#include "store/gauge.h"
#include "store/live.h"

enum feed_direction { FEED_FORWARD, FEED_REVERSE, FEED_DIRECTIONS };

/* What the site's record needs of a feed over a closed slot. */
struct feed_slot {
    double kwh[FEED_DIRECTIONS];
    double coverage;
    enum quality quality;
};

struct feed_state {
    struct counter counter[FEED_DIRECTIONS];
    struct gauge power; /* kW in the role's own direction */
    double kw_factor;   /* power point -> that; NAN: no usable power point */
    double kw, soc_pct; /* latest, NAN when unusable */
    ms_t kw_utc_ms, soc_utc_ms;
    uint8_t kw_quality;
    struct feed_slot closed[SLOT_OPEN_COUNT];
};

struct device_state {
    ms_t minute;                    /* start of its open minute */
    struct gauge presence;          /* whether it answered */
    int32_t first_feed, feed_count; /* in feed_order */
    bool down;
    ms_t answered_utc_ms;          /* last time it did; 0: never */
    bool checkpoint;               /* a counter's track changed: save it before the minute ends */
    bool covered[SLOT_OPEN_COUNT]; /* it answered in the slot closed last */
};

struct aggregate_sink {
    void *arg;
    void (*slot)(void *arg, enum slot_period p, ms_t start, size_t device, const uint8_t *body,
                 size_t n);
    void (*checkpoint)(void *arg, size_t device, const uint8_t *body, size_t n);
    void (*event)(void *arg, const struct event_body *e);
};

struct aggregate {
    const struct site *site;
    int64_t layout;
    struct live *live; /* may be NULL */
    struct aggregate_sink sink;
    struct gauge *points;
    struct device_state *devices;
    struct feed_state *feeds;
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

/* Direction of a feed as a meter names it: what a load draws and a grid meter takes in is import,
 * what a source gives is export. */
static inline enum feed_direction feed_import(enum role role) {
    return role_is_source(role) ? FEED_REVERSE : FEED_FORWARD;
}

/* Takes a reading of a device of this site; its minutes up to the reading are closed first. */
void aggregate_reading(struct aggregate *a, struct reading *r);
/* Closes the open minute of a device (and the quarter that ends with it). */
void aggregate_close_minute(struct aggregate *a, size_t device);
/* Closes the open quarter where it stands; its last minute must be closed. */
void aggregate_close_quarter(struct aggregate *a, size_t device);
/* The minutes from here to minute are lost to this device: nothing is written for them. */
void aggregate_skip_to(struct aggregate *a, size_t device, ms_t minute);

/* Counters of a device as a checkpoint; restore wants the same feeds, else ERR_CORRUPT. A device
 * that had closed its minute before the others stands beyond it again. */
size_t aggregate_save(const struct aggregate *a, size_t device, uint8_t *out, size_t cap);
int aggregate_restore(struct aggregate *a, size_t device, const uint8_t *body, size_t n);
/* Folds a minute that was closed by an earlier run into the device's open quarter. */
int aggregate_restore_minute(struct aggregate *a, size_t device, ms_t start, const uint8_t *body,
                             size_t n);
/* Makes a slot that an earlier run closed the one closed last, for its record. */
int aggregate_restore_closed(struct aggregate *a, size_t device, enum slot_period p, ms_t start,
                             const uint8_t *body, size_t n);
/* Takes over what is open from the aggregate of the configuration before. */
void aggregate_take_over(struct aggregate *a, const struct aggregate *old);

#endif
