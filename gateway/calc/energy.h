/* Counter registers -> energy: rollover, glitch, reset, jump, gap. Integers throughout. Pure.
 *
 * The rules, in this order, for d = count - base (an engineer's derivation from field cases; see
 * docs/design-notes/counter-rules.md):
 *   0 <= d <= d_max        good
 *   d < 0, modulus fits    rollover: d + modulus
 *   d < 0                  hold the base; a value >= base again was a glitch; after 5 consistent
 *                          samples below it: reset, energy since the new base only
 *   d > d_max              suspect: never counted; after 5 consistent samples: jump, new base
 * The sum of what energy_add accepts is exactly last accepted count - first, plus rollovers. */
#ifndef BUSBAR_CALC_ENERGY_H
#define BUSBAR_CALC_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

enum energy_event {
    ENERGY_NONE,
    ENERGY_FIRST,    /* first reading: the base */
    ENERGY_ROLLOVER, /* wrapped at the modulus */
    ENERGY_GLITCH,   /* momentary low values, dropped */
    ENERGY_RESET,    /* reset or meter exchange: new base */
    ENERGY_JUMP,     /* implausible step: new base, not counted */
    ENERGY_HELD      /* this sample is suspect: held, not counted */
};

struct energy_limits {
    int64_t modulus;          /* counts; 0 when it never rolls */
    double max_counts_per_ms; /* 1.2 x rated; 0 = unknown, no upper bound */
};

/* Checkpoint: survives restart as it is. */
struct energy_counter {
    int64_t base;     /* last accepted count */
    ms_t base_utc_ms; /* when */
    int64_t pending;  /* last held count */
    int64_t pending_first;
    uint8_t pending_n;
    bool started;
};

/* Feeds one count. Returns the event; *ret_delta is the energy accepted by it in counts (>= 0; 0
 * when nothing). After ENERGY_RESET the delta is what was seen since the reset. */
enum energy_event energy_add(struct energy_counter *c, const struct energy_limits *limits,
                             int64_t count, ms_t utc_ms, int64_t *ret_delta);

#endif
