/* One device over one slot as it is stored: its feeds (all that a record says of them), then one
 * entry for each point, in profile order. Bytes: u8 version, varint layout, u16 coverage in
 * 1/10000, u8 quality, varint feeds, then each feed; varint points, then each point: u8 quality |
 * has value 16 | flat 32 | full coverage 64 | decimal 128, without full coverage u8 coverage in
 * 1/255, and a gauge: f32 min, unless flat the distances from it, in steps of a float, of max,
 * first, last and mean as varints; where all but the mean are numbers of at most three decimals,
 * they are such integers (min: zigzag, two bits number of decimals), the mean's distance stays in
 * steps of a float; anything else: f64 last value. A gauge is exact as floats. Energies are
 * integers of parts with their unit, registers are doubles: exact. Rows of version 1 (no parts, no
 * first and last) and 2 (no time of good voltage) are read as well.
 * Historian thread (write), readers. No I/O. */
#ifndef BUSBAR_SLOTS_SLOT_CODEC_H
#define BUSBAR_SLOTS_SLOT_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pack.h"
#include "calc/facts.h"
#include "format/record.h"
#include "slots/counters.h"

/* Counters of a feed: in the role's own directions, then reactive energy by quadrant. */
enum feed_counter {
    FEED_FORWARD,
    FEED_REVERSE,
    FEED_DIRECTIONS,
    FEED_Q1 = FEED_DIRECTIONS,
    FEED_COUNTERS = FEED_Q1 + 4
};

#define SUPPLY_RANGES 5
struct range_stat *supply_range(struct supply_facts *s, size_t i); /* i < SUPPLY_RANGES */
void supply_clear(struct supply_facts *s);
void supply_merge(struct supply_facts *into, const struct supply_facts *part);

struct feed_slot {
    enum energy_method method;
    enum quality quality;
    double coverage;
    struct power_stat power_kw;
    struct counter_slot counter[FEED_COUNTERS]; /* known: an amount is there */
    bool has_supply;
    struct supply_facts supply;
};
void feed_slot_clear(struct feed_slot *f);

struct slot_head {
    unsigned version; /* of the row; slot_write_head writes the newest */
    int64_t layout;
    double coverage;
    enum quality quality;
    size_t feed_count;
};

struct slot_point {
    bool is_gauge, has_value;
    double mean, min, max, first; /* a gauge */
    double last;
    double coverage;
    enum quality quality;
};

void slot_write_head(struct pack *p, const struct slot_head *h);
/* start: of the slot, times are kept relative to it. */
void slot_write_feed(struct pack *p, ms_t start, const struct feed_slot *f);
void slot_write_point_count(struct pack *p, size_t count);
void slot_write_point(struct pack *p, const struct slot_point *s);

/* Read in the order of writing; check u->bad (or the head's ERR_CORRUPT) before use. role: of the
 * feed, rows of version 1 name their registers as the meter does. */
int slot_read_head(struct unpack *u, struct slot_head *ret);
void slot_read_feed(struct unpack *u, const struct slot_head *h, ms_t start, enum role role,
                    struct feed_slot *ret);
size_t slot_read_point_count(struct unpack *u);
void slot_read_point(struct unpack *u, const struct slot_head *h, bool is_gauge,
                     struct slot_point *ret);

/* Direction of a feed as a meter names it: what a load draws and a grid meter takes in is import,
 * what a source or a battery gives is export. */
static inline enum feed_counter feed_import(enum role role) {
    return role_is_source(role) || role == ROLE_BATTERY ? FEED_REVERSE : FEED_FORWARD;
}
static inline enum feed_counter feed_export(enum role role) {
    return feed_import(role) == FEED_REVERSE ? FEED_FORWARD : FEED_REVERSE;
}
/* A feed as a record shows it; id and role are the caller's. */
void feed_slot_show(const struct feed_slot *f, enum role role, struct record_device *ret);

#endif
