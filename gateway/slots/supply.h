/* What a metering point's meter shows besides energy: apparent power, reactive energy by quadrant
 * where no register counts it, voltage and current quality, over the open quarter of an hour.
 * Values hold until the next reading, at most 2.5 polls. Historian thread; no I/O, no allocation.
 */
#ifndef BUSBAR_SLOTS_SUPPLY_H
#define BUSBAR_SLOTS_SUPPLY_H

#include "base/sample.h"
#include "meter/site.h"
#include "slots/slot_codec.h"
#include "slots/supply_voltage.h"

struct supply_points { /* index in the device's samples, SITE_NONE: not measured */
    int32_t u_line[3], u_phase[3], current[3], frequency, reactive;
    double reactive_factor; /* to kvar in the direction of the feed */
    int32_t coded;          /* power factor with the quadrant folded in: reactive power without Q */
    uint8_t pf_format;
};

/* Order of the ranges of struct supply_facts. */
enum supply_value {
    SUPPLY_S_KVA,
    SUPPLY_U_DEVIATION_PCT,
    SUPPLY_U_UNBALANCE_PCT,
    SUPPLY_I_UNBALANCE_PCT,
    SUPPLY_HZ
};

struct supply {
    struct supply_points points;
    double rated_kva;            /* NAN unknown */
    double value[SUPPLY_RANGES]; /* held; NAN: nothing */
    double nominal_v;            /* of the voltage whose deviation it is; NAN */
    bool by_phase;               /* that is a phase voltage */
    double p_kw, q_kvar;
    ms_t at, until;
    struct supply_voltage voltage;
    struct supply_facts open; /* the quarter */
    double kvarh[4];          /* integrated so far, by quadrant, rising */
    double kvarh_mark[SLOT_OPEN_COUNT][4];
};

void supply_init(struct supply *s, const struct site *site, const struct feed *feed);
/* samples of the meter's reading; p_kw: import > 0, NAN unknown. */
void supply_take(struct supply *s, const struct sample *samples, double p_kw, ms_t utc_ms,
                 ms_t hold_ms);
void supply_advance(struct supply *s, ms_t utc_ms);
bool supply_measures_reactive(const struct supply *s);
/* Reactive energy of the open slot that has been advanced to its end. */
double supply_kvarh(const struct supply *s, enum slot_period p, int quadrant);
void supply_next_slot(struct supply *s, enum slot_period p);

#endif
