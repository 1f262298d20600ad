/* What came of an alert: what was drawn, against what would have been drawn without it. Pure.
 *
 * The time of the alert, and the two hours after it (the rebound), are cut into pieces: whole
 * quarters of an hour, and whole minutes at their ends. Of each piece the energy is known or NAN,
 * and so is its baseline: the power of the 15 minutes before the alert, held; or the mean of the
 * same hours of the last workdays, of which at least EFFECT_DAYS_MIN must be usable. What is
 * compared are pieces of which both are known; coverage says how much of the time they are.
 * docs/platform-alerts.md says why. */
#ifndef BUSBAR_CALC_EFFECT_H
#define BUSBAR_CALC_EFFECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "calc/calendar.h"
#include "calc/tariff.h"

#define EFFECT_DAYS       5
#define EFFECT_DAYS_MIN   3
#define EFFECT_DAY_SHARE  0.8 /* of the time, known at the meter: else the day is not usable */
#define EFFECT_BEFORE_MS  (15 * MS_PER_MIN)
#define EFFECT_REBOUND_MS (2 * MS_PER_HOUR)
#define EFFECT_MAX_MS     (7 * MS_PER_DAY) /* a longer alert is measured over its first 7 days */
#define EFFECT_PIECES_MAX 768              /* 672 + 8 quarters, 4 x 14 minutes at most */

enum effect_flow {
    EFFECT_METER,  /* net import: what the meters at the grid show */
    EFFECT_IMPORT, /* import alone: what is paid, and what carries carbon */
    EFFECT_SITE,   /* load of the site */
    EFFECT_FLOWS
};

struct effect_piece {
    ms_t start, end;
    double kwh[EFFECT_FLOWS];                  /* NAN: unknown */
    double day_kwh[EFFECT_DAYS][EFFECT_FLOWS]; /* the same hours of workday i; NAN: unknown */
    struct price price;                        /* of a kWh imported in it */
    double kg_per_kwh;                         /* NAN: no factor */
};

/* Pieces of [from, to), both on whole minutes, into piece[cap]: their number; fewer when there is
 * no room. Everything but the times is unknown. */
size_t effect_cut(ms_t from, ms_t to, struct effect_piece *piece, size_t cap);

/* The local days before `day` that are workdays, newest first; calendar NULL: Monday to Friday. 0
 * when `day` is none itself: its hours are not those of workdays. */
size_t effect_workdays(const struct tariff *calendar, int32_t day, int32_t ret_day[EFFECT_DAYS]);

struct effect_input {
    const struct effect_piece *piece; /* those of the alert, then those of the rebound */
    size_t count, rebound_count;
    size_t day_count;               /* workdays there are in piece[].day_kwh */
    double before_kw[EFFECT_FLOWS]; /* of the 15 minutes before; NAN: unknown */
};

struct effect_flow_result {
    double base_kw, kw, kwh;        /* less than the baseline is positive, as means and as a sum */
    double best_kw;                 /* the largest of a piece: of a quarter where there is one */
    double rebound_kw, rebound_kwh; /* more than the baseline is positive */
};

struct effect {
    bool complete; /* the rebound is measured: rebound_* and rebound_to mean something */
    bool workdays; /* the baseline; else the 15 minutes before */
    uint8_t days;  /* usable workdays of the baseline */
    ms_t from, to, rebound_to;
    double coverage, rebound_coverage; /* 0..1, of the meter */
    struct effect_flow_result meter, site;
    bool cny_known, rebound_cny_known;
    int64_t cny_e8, rebound_cny_e8; /* of the import, by the prices of its pieces */
    double kg, rebound_kg;          /* NAN: unknown */
};

/* Fills everything but complete and the times. */
void effect_measure(const struct effect_input *in, struct effect *ret);

#endif
