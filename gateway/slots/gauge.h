/* One quantity over the open minute and the open quarter of an hour. The quarter is merged from
 * closed minutes, kept in 32 bytes: a site has tens of thousands of these.
 *
 * Historian thread; no I/O, no allocation. */
#ifndef BUSBAR_SLOTS_GAUGE_H
#define BUSBAR_SLOTS_GAUGE_H

#include <stdbool.h>

#include "calc/slot.h"
#include "calc/window.h"
#include "meter/profile.h"
#include "slots/slot_codec.h"

struct quarter {
    double weighted;             /* sum of value x ms */
    float min, max, first, last; /* NAN while nothing is covered */
    uint32_t covered_ms;
    uint8_t worst; /* enum quality */
};

struct gauge {
    struct window minute;
    struct window_hold hold;
    struct quarter quarter;
};

/* Whether a point is averaged over a slot; of any other the last value counts. */
static inline bool point_is_gauge(const struct point_def *p) {
    return quantity_kind(p->quantity) == QUANTITY_KIND_GAUGE && p->type != POINT_STRING &&
           p->type != POINT_BITS16 && p->type != POINT_BITS32;
}

void gauge_init(struct gauge *g);
/* A sample of the open minute [start, end); one beyond its end counts as at its end. The minute is
 * longer or shorter than one where the clock was stepped in it. */
void gauge_add(struct gauge *g, ms_t start, ms_t end, const struct sample *s, uint32_t hold_ms);
/* The minute is over: fold it into the quarter. It can be read until gauge_next_minute(). */
void gauge_close_minute(struct gauge *g, ms_t start, ms_t end);
void gauge_next_minute(struct gauge *g);
void gauge_next_quarter(struct gauge *g);
/* Adds a minute that was closed by an earlier run. */
void gauge_restore_minute(struct gauge *g, const struct slot_point *s);

/* Adds a part to a longer slot, in order of time. into starts as gauge_nothing(). ms: of the part
 * and of the whole. */
struct slot_point gauge_nothing(void);
void gauge_merge(struct slot_point *into, const struct slot_point *part, ms_t part_ms,
                 ms_t whole_ms);

/* What the closed minute, or the quarter that ends with it, says; length_ms: how long it was. */
struct slot_point gauge_result(const struct gauge *g, enum slot_period p, ms_t length_ms);
/* The clock was stepped by that much: what is held goes on. */
void gauge_shift(struct gauge *g, ms_t by);

#endif
