/* A meter that stands still while something flows (A22): its energy for half an hour, or every
 * reading for 60 polls. State of one device; time is an argument. Pure. */
#ifndef BUSBAR_ALERT_SIGNAL_STUCK_H
#define BUSBAR_ALERT_SIGNAL_STUCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

#define STUCK_POLLS      60
#define STUCK_ENERGY_MS  (30 * MS_PER_MIN)
#define STUCK_RATED_PCT  2.0 /* power above it must show in the energy */
#define STUCK_STEPS      2.0 /* so must so many steps of the register that the power has made */
#define STUCK_GAP_MAX_MS (5 * MS_PER_MIN) /* a silence that long proves nothing */

struct stuck_poll {
    ms_t at;
    uint32_t poll_ms;
    uint64_t seen;      /* hash of power, current and voltage as read */
    bool whole;         /* all of them were read, and there is a current among them */
    double current;     /* the largest, in any unit; NAN unknown */
    double kw;          /* NAN unknown */
    double rated_kw;    /* NAN unknown */
    double energy;      /* sum of its registers, both directions, kWh; NAN: none, or not read */
    double energy_step; /* the smallest step of it, kWh */
};

struct stuck {
    uint64_t seen;
    uint32_t same; /* polls in a row that read so, with a current */
    double energy, energy_step;
    ms_t energy_since, at; /* INT64_MIN: none */
    double flowed_kwh;     /* since then */
    double kw;
};

enum stuck_sign { STUCK_READINGS, STUCK_ENERGY };

void stuck_init(struct stuck *s);
/* One good poll. */
void stuck_take(struct stuck *s, const struct stuck_poll *p);
/* The greater of polls in % of 60 and time in % of half an hour; the time counts as far as what
 * flowed in it would have moved the register. */
double signal_stuck(const struct stuck *s, enum stuck_sign *ret_sign);

#endif
