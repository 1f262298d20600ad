/* Energy of one counter register over the open slots, through calc/energy.
 *
 * Integer registers are counted as they are; a float register is counted in thousandths of its
 * unit. A slot starts at the register where the one before ended: the slots of a counter sum to
 * the register difference. Historian thread; no I/O. */
#ifndef BUSBAR_STORE_COUNTERS_H
#define BUSBAR_STORE_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "calc/energy.h"
#include "calc/slot.h"
#include "meter/site.h"
#include "store/pack.h"

/* One counter over one open slot. */
struct span {
    int64_t counts;    /* accepted since the start, at the present multiplier */
    double carry_kwh;  /* accepted at earlier multipliers */
    int64_t start;     /* register (counts) at the start */
    ms_t start_utc_ms; /* when it was read; 0: never */
    bool seen;         /* a register was accepted in this slot */
    bool recovered;    /* energy of a gap is in it */
    bool suspect;      /* reset, jump or change of ratio: end - start is not the energy */
};

struct counter {
    int32_t point; /* index in site.points, SITE_NONE: no such register */
    bool is_float;
    double scale, offset;    /* register value = count * scale + offset, in the point's unit */
    double kwh_per_register; /* of the unit, before the multiplier; NAN: not an energy unit */
    double multiplier;
    double rated_kw; /* NAN when unknown */
    struct energy_counter energy;
    struct energy_limits limits;
    struct span open[SLOT_OPEN_COUNT];
};

void counter_init(struct counter *c, const struct site *site, const struct feed *feed,
                  int32_t point);

struct counter_change {
    enum energy_event event;
    int64_t old_count, new_count;
    bool ratio_changed;
    double old_multiplier;
};
/* Takes a register. gap_ms: a longer silence before it makes the energy "recovered". */
struct counter_change counter_add(struct counter *c, const struct point_def *def, int64_t raw,
                                  double multiplier, ms_t utc_ms, ms_t gap_ms);
double counter_kwh(const struct counter *c, enum slot_period p); /* NAN: nothing accepted in it */
double counter_register(const struct counter *c, int64_t count);
void counter_next_slot(struct counter *c, enum slot_period p);

/* Checkpoint. Restoring leaves what comes from the configuration. */
void counter_save(const struct counter *c, struct pack *p);
void counter_restore(struct counter *c, struct unpack *u);

/* Factor from a unit to kWh or kW; NAN when it is neither. */
double unit_kilo_factor(const char *unit);

#endif
