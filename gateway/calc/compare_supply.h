/* What a stretch of days says of a supply, and what has changed from one to the other: before and
 * after a measure. From the facts of quarters and the log of sags and interruptions. Pure. An
 * unknown is NAN. */
#ifndef BUSBAR_CALC_COMPARE_SUPPLY_H
#define BUSBAR_CALC_COMPARE_SUPPLY_H

#include "base/buf.h"
#include "calc/calendar.h"
#include "calc/facts.h"
#include "calc/supply_dip.h"

#define COMPARE_DAYS      30
#define COMPARE_HEAVY_PCT 80.0 /* heavy load; full load is 100 */

/* Which part of the site: indexes in struct site, SITE_NONE: all. */
struct supply_scope {
    int32_t account, point, transformer;
};
/* Of an account, a metering point or a transformer by its id; of anything else the whole site. A
 * transformer stands with the metering points of its account, and a point with its transformers. */
struct supply_scope supply_scope_of(const struct site *s, const char *object);
bool supply_scope_has_point(const struct site *s, const struct supply_scope *scope, size_t point);
bool supply_scope_has_transformer(const struct site *s, const struct supply_scope *scope,
                                  size_t transformer);

struct supply_period {
    ms_t from, to;
    uint64_t known_ms; /* of quarters in which a load was known */
    double max_kva;    /* largest of one transformer; without any of one metering point */
    ms_t max_kva_at;
    double max_load_pct; /* largest of the loads below */
    double max_kw;       /* largest import demand of 15 minutes of one account */
    ms_t max_kw_at;
    /* Quarters whose mean load, of the most loaded transformer or line, is that much and more. */
    uint64_t heavy_ms, full_ms;
    uint64_t monitored_ms, qualified_ms;  /* of the voltage, all points added */
    uint32_t interruptions, sags, may_be; /* begun in the period; may_be: not certain */
    uint64_t interrupted_ms;              /* in the period, of certain ones */
    double lowest_pct;                    /* of sags and interruptions */
};

/* The days before and after the day of a measure, which is in neither. */
void supply_periods_of(ms_t measured, utc_offset_fn *zone, struct supply_period ret[2]);
void supply_period_init(struct supply_period *p, ms_t from, ms_t to);
/* A quarter of the period. */
void supply_period_quarter(struct supply_period *p, const struct site *s,
                           const struct supply_scope *scope, const struct slot_facts *f);
/* One that has a part in it. object: metering point, or anything else for the whole site. */
void supply_period_dip(struct supply_period *p, const struct site *s,
                       const struct supply_scope *scope, const char *object, bool certain,
                       const struct dip_change *d);
double supply_period_ok_pct(const struct supply_period *p); /* NAN: the voltage was not seen */
double supply_period_known(const struct supply_period *p);  /* 0..1 */

/* One sentence with the figures of both. */
void compare_supply_words(const struct supply_period periods[2], bool chinese, struct buf *b);

#endif
