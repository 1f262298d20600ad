/* One counter register over the open slots: accepted counts from calc/energy, shared at the edges.
 *
 * Integer registers are counted as they are; a float register is counted in thousandths of its
 * unit. A count has COUNTER_PARTS parts, so that a step read after an edge can be shared over it:
 * by the power that was integrated meanwhile, else by time. The value of a counter at an edge is a
 * number of parts that never falls; a slot is the difference of two of them, so slots add up to the
 * register difference, whatever was shared. What an edge was given in advance is taken from what
 * comes (the remainder is carried). Historian thread; no I/O. */
#ifndef BUSBAR_SLOTS_COUNTERS_H
#define BUSBAR_SLOTS_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pack.h"
#include "calc/energy.h"
#include "calc/slot.h"
#include "meter/site.h"

#define COUNTER_PARTS 1000

/* The counter as it stood at the last reading before an edge. */
struct counter_mark {
    int64_t total; /* counts accepted so far */
    int64_t count; /* the register */
    ms_t utc_ms;   /* when it was read; 0: never */
};

/* One counter over one open slot. */
struct span {
    int64_t parts_start; /* value at the start edge */
    struct counter_mark start;
    double carry;   /* of earlier multipliers in this slot, in the amount's unit */
    bool seen;      /* a register was accepted in this slot */
    bool recovered; /* energy of a gap is in it */
    bool suspect;   /* reset, jump or change of ratio */
};

/* The last step that was accepted, and how it is shared. */
struct counter_step {
    int64_t delta; /* counts */
    ms_t from_utc_ms, to_utc_ms;
    double run_from, run_to; /* integrated power at both ends, NAN: unknown */
    bool gap;                /* nothing was read between: shared by time */
};

struct counter {
    int32_t point;       /* index in site.points, SITE_NONE: no such register */
    uint64_t name, form; /* hashes: of feed and point; of where and how its register stands */
    bool is_float;
    bool coarse;          /* a step of the register is too coarse for its rating: said once */
    double scale, offset; /* register value = count * scale + offset, in the point's unit */
    double per_register; /* amount (kWh, kvarh, Nm3) of one unit before the multiplier; NAN: none */
    double multiplier;
    double rated_kw; /* NAN when unknown */
    struct energy_counter energy;
    struct energy_limits limits;
    ms_t read_utc_ms;           /* last time the register was read, whatever it said */
    bool fresh;                 /* a register was accepted since counter_settle() */
    int64_t total;              /* counts accepted */
    int64_t parts;              /* value at the last edge */
    ms_t edge;                  /* which that was */
    struct counter_mark before; /* as it was before the last accepted reading */
    struct counter_step step;
    int64_t usual_step; /* counts of the last step without a gap: what may be given in advance */
    ms_t usual_ms;      /* how long it took; 0: not known yet */
    double read_run;    /* power integrated when the register was last read; NAN: none */
    struct span open[SLOT_OPEN_COUNT];
};

void counter_init(struct counter *c, const struct site *site, const struct feed *feed,
                  int32_t point);

struct counter_change {
    enum energy_event event;
    int64_t old_count, new_count;
    bool ratio_changed, coarse;
    double old_multiplier;
    ms_t gap_from; /* not 0: delta (perhaps 0) was accepted over a gap that began here */
    int64_t delta;
};
/* Takes a register. gap_ms: a longer silence before it is a gap; so are wrong values that were held
 * since before open_ms, where the open minute starts. run: power integrated up to now in the
 * counter's direction (kWh), NAN when there is none. The slots that end before utc_ms are closed
 * after this call, then counter_settle(). */
struct counter_change counter_add(struct counter *c, const struct point_def *def, int64_t raw,
                                  double multiplier, ms_t utc_ms, ms_t gap_ms, ms_t open_ms,
                                  double run);
/* The slots up to the last reading are closed: it belongs to the open ones. */
void counter_settle(struct counter *c);

/* What a slot says of a counter. */
struct counter_slot {
    bool known;
    int64_t parts;                       /* energy, in parts of `unit` */
    double unit;                         /* amount of a part, multiplier included */
    double carry;                        /* amount besides: of earlier multipliers, entries */
    double register_start, register_end; /* in the point's unit; NAN when unknown */
    ms_t start_utc_ms, end_utc_ms;       /* when they were read; 0: never */
    int64_t edge_parts;                  /* shared over the edges */
    double multiplier;                   /* amount of one unit of the register */
    bool recovered, suspect;
};
double counter_slot_amount(const struct counter_slot *s); /* NAN when not known */
/* energy - (end - start) x multiplier - edge: turns of the register, exchanges. */
double counter_slot_rollover(const struct counter_slot *s);

/* The slot that ends at end. run: integrated power at end. Does not change the counter. */
struct counter_slot counter_close(const struct counter *c, enum slot_period p, ms_t end,
                                  double run);
/* Goes over the edge: the shorter slots first, then the longer ones that end there too. */
void counter_next_slot(struct counter *c, enum slot_period p, ms_t end, double run);
/* Goes to another edge while no slot is written: what the open one had stays with the next. */
void counter_skip(struct counter *c, enum slot_period p, ms_t edge);
/* Amount of the open slot so far; NAN unless its first register was read by known_from. */
double counter_so_far(const struct counter *c, enum slot_period p, ms_t known_from, double run);
double counter_amount(const struct counter *c, double run); /* of all that was counted; NAN */
double counter_register(const struct counter *c, int64_t count);

/* Energy of a gap that belongs to slots which are closed already: parts up to an edge, from `from`
 * on. Its total up to the open slot has been taken from the open slot. */
struct counter_gap {
    ms_t from_utc_ms, to_utc_ms;
    int64_t base_parts, parts, given; /* value before the step, its size, value at the last edge */
    double unit;
};
/* True when slots were closed during the gap (their energy is known now, if only to be 0); the open
 * slots (start edges open_start) begin after it. */
bool counter_take_gap(struct counter *c, const struct counter_change *change,
                      const ms_t open_start[SLOT_OPEN_COUNT], struct counter_gap *ret);
int64_t counter_gap_parts(const struct counter_gap *g, ms_t edge);

/* A counter of another run or another configuration, and the amount of its part. */
struct counter_saved {
    struct counter counter;
    double unit;
};
void counter_save(const struct counter *c, struct pack *p);
void counter_read_saved(struct counter_saved *s, struct unpack *u);
/* Goes on from it. What comes from the configuration stays; where that differs, what open slots
 * have keeps its amount, and another register counts from its next reading. */
void counter_take_over(struct counter *c, const struct counter_saved *from);
/* After restoring: the open minute [from, to). A reading that closed the one before it belongs to
 * it. */
void counter_stand_at(struct counter *c, ms_t from, ms_t to);
/* The clock was stepped by that much: the same instants have other times (feed_shift.c). */
void counter_shift(struct counter *c, ms_t by);

/* Factor from a unit to kWh, kW, kvarh or kvar; NAN when it is none of them. */
double unit_kilo_factor(const char *unit);

/* ---- between the counter's own files ------------------------------------------------------ */

#define COUNTER_UNIT_TOLERANCE 1e-9
double counter_unit(const struct counter *c); /* amount of a part */
/* What open slots have so far becomes an amount, at this unit. */
void counter_keep_amounts(struct counter *c, double unit);

#endif
