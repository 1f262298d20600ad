/* Counter registers -> energy: rollover, glitch, reset, jump, gap. Integers throughout. Pure.
 *
 * The rules, in this order, for d = count - base (an engineer's derivation from field cases; the
 * reasons are in docs/design-notes/counter-rules.md):
 *   0 <= d <= d_max        good
 *   d = -1                 rounding of the register: nothing counted, base kept
 *   d < 0, modulus fits    rollover: d + modulus
 *   old track fits         what looked like a reset or jump was a long glitch: undone
 *   d < 0                  hold the base; a value >= base again was a glitch; after 5 consistent
 *                          samples below it: reset, energy since the new base only
 *   d > d_max              suspect: the step is never counted; after 5 consistent samples: jump,
 *                          new base
 * d_max = max_counts_per_ms * dt + 1. dt is the time since the base was last read, plus the time
 * (at most ENERGY_REFRESH_MS) since another count was last read before it: devices refresh their
 * counters more slowly than they are polled.
 *
 * Consistent samples: ENERGY_CONSISTENT successive held counts on the same side of the base, none
 * lower than the one before, each step within max_counts_per_ms * its own time + 1. Any other held
 * count starts a new run; any accepted one ends it.
 *
 * The sum of what energy_add accepts is exactly last accepted count - first, plus rollovers, minus
 * the steps of resets and jumps; it is never negative. */
#ifndef BUSBAR_CALC_ENERGY_H
#define BUSBAR_CALC_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

#define ENERGY_CONSISTENT   5        /* held samples that make a reset or a jump */
#define ENERGY_REFRESH_MS   900000   /* slowest refresh of a counter inside a device: 15 min */
#define ENERGY_STEP_BACK_MS 60000    /* time assumed to have passed when the clock went back */
#define ENERGY_UNDO_MS      86400000 /* a reset or jump can turn out a glitch for this long */

enum energy_event {
    ENERGY_NONE,
    ENERGY_FIRST,    /* first reading: the base */
    ENERGY_ROLLOVER, /* wrapped at the modulus */
    ENERGY_GLITCH,   /* momentary wrong values, dropped: this sample is good again */
    ENERGY_RESET,    /* reset or meter exchange: new base */
    ENERGY_JUMP,     /* implausible step: new base, the step is not counted */
    ENERGY_HELD      /* this sample is suspect: held, not counted */
};

struct energy_limits {
    int64_t modulus;          /* counts; 0 when it never rolls */
    double max_counts_per_ms; /* 1.2 x rated; 0 = unknown, no upper bound */
};

/* Checkpoint: survives restart as it is. All zero = not started. */
struct energy_counter {
    int64_t base;      /* last accepted count */
    ms_t base_utc_ms;  /* when it was last read */
    ms_t moved_utc_ms; /* when another count was last read before it */
    int64_t pending;   /* last held count */
    int64_t pending_first;
    ms_t pending_utc_ms; /* of the last held count */
    /* The track left by the last reset or jump, in case it was a long glitch. */
    int64_t old_base;
    ms_t old_utc_ms;
    int64_t segment_first; /* first count of the present track */
    uint8_t pending_n;
    bool started;
    bool has_old;
};

/* Feeds one count. Returns the event; *ret_delta is the energy accepted by it in counts (>= 0; 0
 * when nothing). After ENERGY_RESET and ENERGY_JUMP the delta is what was seen since. */
enum energy_event energy_add(struct energy_counter *c, const struct energy_limits *limits,
                             int64_t count, ms_t utc_ms, int64_t *ret_delta);

#endif
