#include "slots/slot_codec.h"

#include <math.h>
#include <string.h>

#include "base/err.h"
#include "slots/slot_codec_v1.h"

#define SLOT_VERSION    3
#define COVERAGE_STEPS  10000.0
#define PARTS_MAX       INT64_C(1000000000000000) /* 10^12 counts in one slot */
#define DISTANCE_MAX_MS INT64_C(100000000000000)  /* 3000 years */
#define HAS_POWER       64u
#define HAS_SUPPLY      128u
/* of a counter */
#define HAS_REGISTERS 1u
#define HAS_CARRY     2u
#define IS_RECOVERED  4u
#define IS_SUSPECT    8u
#define IS_KNOWN      16u
#define STOOD_STILL   32u  /* register_end is register_start */
#define SAME_UNIT     64u  /* as the counter before */
#define HAS_EDGE      128u /* without registers: all of it may have come over the edges */

unsigned slot_steps_of(double share, double steps) {
    if (!(share > 0.0))
        return 0;
    return share >= 1.0 ? (unsigned)steps : (unsigned)(share * steps + 0.5);
}

static void put_coverage(struct pack *p, double coverage) {
    unsigned v = slot_steps_of(coverage, COVERAGE_STEPS);
    pack_u8(p, v & 0xff);
    pack_u8(p, v >> 8);
}

double slot_get_coverage(struct unpack *u) {
    unsigned low = unpack_u8(u);
    unsigned v = low | unpack_u8(u) << 8;
    if (v > (unsigned)COVERAGE_STEPS)
        u->bad = true;
    return (double)v / COVERAGE_STEPS;
}

static enum quality get_quality(struct unpack *u) {
    unsigned q = unpack_u8(u) & SLOT_QUALITY_MASK;
    if (q >= QUALITY_COUNT) {
        u->bad = true;
        return QUALITY_MISSING;
    }
    return (enum quality)q;
}

void slot_write_head(struct pack *p, const struct slot_head *h) {
    pack_u8(p, SLOT_VERSION);
    pack_varint(p, (uint64_t)h->layout);
    put_coverage(p, h->coverage);
    pack_u8(p, (unsigned)h->quality);
    pack_varint(p, h->feed_count);
}

int slot_read_head(struct unpack *u, struct slot_head *ret) {
    struct slot_head h = {.version = unpack_u8(u)};
    if (h.version < 1 || h.version > SLOT_VERSION)
        return ERR_CORRUPT;
    h.layout = (int64_t)unpack_varint(u);
    h.coverage = slot_get_coverage(u);
    h.quality = get_quality(u);
    h.feed_count = (size_t)unpack_varint(u);
    if (u->bad || h.feed_count > (size_t)(u->end - u->at))
        return ERR_CORRUPT;
    *ret = h;
    return ERR_OK;
}

/* Relative to the start of the slot, one up when not before it: 0 is left for "never". */
static void put_time(struct pack *p, ms_t start, ms_t t) {
    ms_t after = t - start;
    pack_signed(p, t == 0 ? 0 : after + (after >= 0));
}

/* A number that no real row has is corruption: sums of it would overflow. */
static int64_t get_within(struct unpack *u, int64_t max) {
    int64_t v = unpack_signed(u);
    if (v >= -max && v <= max)
        return v;
    u->bad = true;
    return 0;
}

ms_t slot_get_time(struct unpack *u, ms_t start) {
    int64_t v = get_within(u, DISTANCE_MAX_MS);
    return v == 0 ? 0 : start + v - (v > 0);
}

/* ---- feeds ------------------------------------------------------------------------------ */

void feed_slot_clear(struct feed_slot *f) {
    const double none = (double)NAN;
    memset(f, 0, sizeof *f);
    f->method = METHOD_NONE;
    f->quality = QUALITY_MISSING;
    f->power_kw = (struct power_stat){none, none, none};
    for (int i = 0; i < FEED_COUNTERS; i++)
        f->counter[i].register_start = f->counter[i].register_end = f->counter[i].multiplier = none;
    supply_clear(&f->supply);
}

static bool has_registers(const struct counter_slot *c) {
    return !isnan(c->register_start) && !isnan(c->register_end);
}

static bool is_stored(const struct counter_slot *c) {
    return c->known || has_registers(c);
}

static bool equal(double a, double b) {
    return isnan(a) ? isnan(b) : a <= b && a >= b;
}

/* u: of the counter before. */
struct units {
    double unit, multiplier;
};

static void put_counter(struct pack *p, ms_t start, const struct counter_slot *c, struct units *u) {
    bool registers = has_registers(c);
    bool still = registers && !(c->register_start < c->register_end) &&
                 !(c->register_start > c->register_end);
    /* the reader starts with two unknowns as well */
    bool same = equal(c->unit, u->unit) && equal(c->multiplier, u->multiplier);
    bool carry = !(fabs(c->carry) <= 0.0), edge = !registers && c->edge_parts != 0;
    pack_u8(p, (registers ? HAS_REGISTERS : 0) | (carry ? HAS_CARRY : 0) |
                   (c->recovered ? IS_RECOVERED : 0) | (c->suspect ? IS_SUSPECT : 0) |
                   (c->known ? IS_KNOWN : 0) | (still ? STOOD_STILL : 0) | (same ? SAME_UNIT : 0) |
                   (edge ? HAS_EDGE : 0));
    if (!same) {
        pack_f64(p, c->unit);
        pack_f64(p, c->multiplier);
        *u = (struct units){c->unit, c->multiplier};
    }
    pack_signed(p, c->parts);
    if (carry)
        pack_f64(p, c->carry);
    if (edge)
        pack_signed(p, c->edge_parts);
    if (!registers)
        return;
    pack_f64(p, c->register_start);
    if (!still)
        pack_f64(p, c->register_end);
    put_time(p, start, c->start_utc_ms);
    put_time(p, start, c->end_utc_ms);
    pack_signed(p, c->edge_parts);
}

static void get_counter(struct unpack *u, ms_t start, struct counter_slot *c, double *unit,
                        double *multiplier) {
    unsigned flags = unpack_u8(u);
    if (!(flags & SAME_UNIT)) {
        *unit = unpack_f64(u);
        *multiplier = unpack_f64(u);
    }
    *c = (struct counter_slot){.known = flags & IS_KNOWN,
                               .unit = *unit,
                               .multiplier = *multiplier,
                               .recovered = flags & IS_RECOVERED,
                               .suspect = flags & IS_SUSPECT,
                               .register_start = (double)NAN,
                               .register_end = (double)NAN};
    c->parts = get_within(u, PARTS_MAX);
    if (flags & HAS_CARRY)
        c->carry = unpack_f64(u);
    if (flags & HAS_EDGE)
        c->edge_parts = get_within(u, PARTS_MAX);
    if (!(flags & HAS_REGISTERS))
        return;
    c->register_start = unpack_f64(u);
    c->register_end = flags & STOOD_STILL ? c->register_start : unpack_f64(u);
    c->start_utc_ms = slot_get_time(u, start);
    c->end_utc_ms = slot_get_time(u, start);
    c->edge_parts = get_within(u, PARTS_MAX);
}

static void put_supply(struct pack *p, ms_t start, const struct supply_facts *s) {
    struct supply_facts copy = *s;
    for (size_t i = 0; i < SUPPLY_RANGES; i++) {
        const struct range_stat *r = supply_range(&copy, i);
        pack_varint(p, r->covered_ms);
        if (r->covered_ms == 0)
            continue;
        pack_f32(p, r->avg);
        pack_f32(p, r->min);
        pack_f32(p, r->max);
    }
    put_time(p, start, s->s_max_at);
    pack_f32(p, s->p_max_kw);
    pack_varint(p, s->monitored_ms);
    pack_varint(p, s->monitored_ms - s->qualified_ms);
}

/* Since version 3. */
static void get_voltage_time(struct unpack *u, struct supply_facts *s) {
    uint64_t monitored = unpack_varint(u), off = unpack_varint(u);
    if (monitored > (uint64_t)DISTANCE_MAX_MS || off > monitored) {
        u->bad = true;
        return;
    }
    s->monitored_ms = monitored;
    s->qualified_ms = monitored - off;
}

static void get_supply(struct unpack *u, unsigned version, ms_t start, struct supply_facts *s) {
    supply_clear(s);
    for (size_t i = 0; i < SUPPLY_RANGES; i++) {
        struct range_stat *r = supply_range(s, i);
        r->covered_ms = (uint32_t)unpack_varint(u);
        if (r->covered_ms == 0)
            continue;
        r->avg = unpack_f32(u);
        r->min = unpack_f32(u);
        r->max = unpack_f32(u);
    }
    s->s_max_at = slot_get_time(u, start);
    s->p_max_kw = unpack_f32(u);
    if (version >= 3)
        get_voltage_time(u, s);
}

void slot_write_feed(struct pack *p, ms_t start, const struct feed_slot *f) {
    bool power = !isnan(f->power_kw.avg);
    unsigned present = (power ? HAS_POWER : 0) | (f->has_supply ? HAS_SUPPLY : 0);
    for (unsigned i = 0; i < FEED_COUNTERS; i++)
        present |= is_stored(&f->counter[i]) ? 1u << i : 0;
    pack_u8(p, present);
    pack_u8(p, (unsigned)f->quality | (unsigned)f->method << 4);
    put_coverage(p, f->coverage);
    struct units units = {(double)NAN, (double)NAN};
    for (unsigned i = 0; i < FEED_COUNTERS; i++)
        if (present & 1u << i)
            put_counter(p, start, &f->counter[i], &units);
    if (power) {
        pack_f32(p, f->power_kw.avg);
        pack_f32(p, f->power_kw.min);
        pack_f32(p, f->power_kw.max);
    }
    if (f->has_supply)
        put_supply(p, start, &f->supply);
}

void slot_read_feed(struct unpack *u, const struct slot_head *h, ms_t start, enum role role,
                    struct feed_slot *ret) {
    feed_slot_clear(ret);
    if (h->version == 1) {
        slot_read_feed_v1(u, start, role, ret);
        return;
    }
    unsigned present = unpack_u8(u);
    unsigned word = unpack_u8(u);
    if ((word & SLOT_QUALITY_MASK) >= QUALITY_COUNT || word >> 4 > METHOD_MANUAL) {
        u->bad = true;
        return;
    }
    ret->quality = (enum quality)(word & SLOT_QUALITY_MASK);
    ret->method = (enum energy_method)(word >> 4);
    ret->coverage = slot_get_coverage(u);
    double unit = (double)NAN, multiplier = (double)NAN;
    for (unsigned i = 0; i < FEED_COUNTERS; i++)
        if (present & 1u << i)
            get_counter(u, start, &ret->counter[i], &unit, &multiplier);
    if (present & HAS_POWER) {
        ret->power_kw.avg = unpack_f32(u);
        ret->power_kw.min = unpack_f32(u);
        ret->power_kw.max = unpack_f32(u);
    }
    ret->has_supply = present & HAS_SUPPLY;
    if (ret->has_supply)
        get_supply(u, h->version, start, &ret->supply);
}
