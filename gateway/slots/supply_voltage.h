/* The voltages of a metering point from reading to reading: sags and interruptions as they happen,
 * and how long the voltage was within its limits.
 *
 * Judged by the minute (GB/T 12325 counts minutes): the mean of each measured voltage over the
 * minute decides for the time of it that was seen. Time of an interruption is not monitored time.
 * Line voltages where all three are known, else phase voltages. The nominal voltage is the standard
 * one that the first good reading is near to. Historian thread; no I/O, no allocation. */
#ifndef BUSBAR_SLOTS_SUPPLY_VOLTAGE_H
#define BUSBAR_SLOTS_SUPPLY_VOLTAGE_H

#include "calc/facts.h"
#include "calc/supply_dip.h"

struct supply_voltage {
    double nominal[2];             /* V, of phase and of line; NAN: not seen yet */
    double pct[DIP_CHANNELS];      /* held, of nominal; NAN: nothing */
    size_t channels, phases;       /* of the last reading; of the profile */
    bool line;                     /* the held ones are line voltages */
    double weighted[DIP_CHANNELS]; /* of the open minute: sum of pct x ms */
    uint32_t ms[DIP_CHANNELS];
    struct dip_watch dips;
    struct dip_change change[2]; /* of the last reading */
    size_t change_count;
};

void supply_voltage_init(struct supply_voltage *v, size_t phases);
/* line, phase: V, three each, NAN unknown. */
void supply_voltage_take(struct supply_voltage *v, const double *line, const double *phase, ms_t t);
/* What is held held that much longer. */
void supply_voltage_hold(struct supply_voltage *v, ms_t held_ms);
/* The minute is over. */
void supply_voltage_minute(struct supply_voltage *v, struct supply_facts *into);

#endif
