/* One feed while its slots are open: counters, integrated power, what its point of supply measures.
 *
 * Memory of reactive and supply is the owner's. Time is an argument; no I/O. Historian thread. */
#ifndef BUSBAR_SLOTS_FEED_STATE_H
#define BUSBAR_SLOTS_FEED_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pack.h"
#include "slots/counters.h"
#include "slots/gauge.h"
#include "slots/slot_codec.h"
#include "slots/supply.h"

/* A feed's power integrated by holding the last value, in each direction. */
struct feed_run {
    double kwh[FEED_DIRECTIONS]; /* rising */
    double kw;
    ms_t at, until;
    double mark[SLOT_OPEN_COUNT][FEED_DIRECTIONS]; /* at the start of the open slots */
};

struct feed_state {
    struct counter counter[FEED_DIRECTIONS];
    struct counter *reactive; /* four, of a metering point with such registers; else NULL */
    struct supply *supply;    /* of a metering point */
    struct feed_run run;
    struct gauge power; /* kW in the role's own direction */
    double kw_factor;   /* power point -> that; NAN: no usable power point */
    double kw, soc_pct; /* latest, NAN when unusable */
    ms_t kw_utc_ms, soc_utc_ms;
    uint8_t kw_quality;
};

/* Holds kw (of the role's own direction; NAN: unknown) from utc_ms on, for at most hold. */
void feed_run_take(struct feed_run *r, double kw, ms_t utc_ms, ms_t hold);
/* Integrated power (kWh) at t in the direction of counter k; NAN: none. */
double feed_run_at(const struct feed_state *f, int k, ms_t t);
/* Its counter k of FEED_COUNTERS, NULL when it has none. */
struct counter *feed_counter_of(struct feed_state *f, int k);

/* An open slot on the clock of its end: from and to differ from its label where the clock was
 * stepped in it. */
struct slot_extent {
    ms_t label, from, to;
    ms_t length_ms; /* that coverage is of */
    bool stepped;
};
/* Writes the slot as it stands. presence: of its device, for a feed without power. */
void feed_close(struct pack *out, struct feed_state *f, enum slot_period p,
                const struct slot_extent *e, const struct slot_point *presence);
/* Goes over the edge of a slot that was written. */
void feed_next_slot(struct feed_state *f, enum slot_period p, ms_t end);
/* Nothing is written of the slot that is left: its register energy stays with the next one, or goes
 * where it belongs when the next reading tells of a gap. */
void feed_skip(struct feed_state *f, enum slot_period p, ms_t edge);
/* The clock was stepped by that much: the same instants have other times (feed_shift.c). */
void feed_shift(struct feed_state *f, ms_t by);
/* A leap to minute: what was held ends, and nothing is known of the time between. */
void feed_leap(struct feed_state *f, ms_t minute, bool new_quarter);

#endif
