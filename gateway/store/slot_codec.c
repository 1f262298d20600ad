#include "store/slot_codec.h"

#include <math.h>

#include "base/err.h"

#define SLOT_VERSION   1
#define COVERAGE_STEPS 10000.0
#define QUALITY_MASK   15u
#define HAS_VALUE      16u
#define IS_FLAT        32u
#define FULL_COVERAGE  64u

static unsigned steps_of(double share, double steps) {
    if (!(share > 0.0))
        return 0;
    return share >= 1.0 ? (unsigned)steps : (unsigned)(share * steps + 0.5);
}

static void put_coverage(struct pack *p, double coverage) {
    unsigned v = steps_of(coverage, COVERAGE_STEPS);
    pack_u8(p, v & 0xff);
    pack_u8(p, v >> 8);
}

static double get_coverage(struct unpack *u) {
    unsigned low = unpack_u8(u);
    unsigned v = low | unpack_u8(u) << 8;
    if (v > (unsigned)COVERAGE_STEPS)
        u->bad = true;
    return (double)v / COVERAGE_STEPS;
}

static enum quality get_quality(struct unpack *u) {
    unsigned q = unpack_u8(u) & QUALITY_MASK;
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
    struct slot_head h;
    if (unpack_u8(u) != SLOT_VERSION)
        return ERR_CORRUPT;
    h.layout = (int64_t)unpack_varint(u);
    h.coverage = get_coverage(u);
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

static ms_t get_time(struct unpack *u, ms_t start) {
    int64_t v = unpack_signed(u);
    return v == 0 ? 0 : (ms_t)((uint64_t)start + (uint64_t)(v - (v > 0)));
}

/* The doubles of a feed, in stored order; a NAN costs no byte. */
static void feed_doubles(struct record_device *d, double *at[7]) {
    at[0] = &d->import_kwh;
    at[1] = &d->export_kwh;
    at[2] = &d->import_start;
    at[3] = &d->import_end;
    at[4] = &d->export_start;
    at[5] = &d->export_end;
    at[6] = &d->multiplier;
}

void slot_write_feed(struct pack *p, ms_t start, const struct record_device *d) {
    struct record_device copy = *d;
    double *doubles[7];
    feed_doubles(&copy, doubles);
    unsigned present = isnan(d->power_kw.avg) ? 0 : 128;
    for (unsigned i = 0; i < 7; i++)
        if (!isnan(*doubles[i]))
            present |= 1u << i;
    pack_u8(p, present);
    pack_u8(p, (unsigned)d->quality | (unsigned)d->method << 4);
    put_coverage(p, d->coverage);
    for (unsigned i = 0; i < 7; i++)
        if (present & 1u << i)
            pack_f64(p, *doubles[i]);
    for (unsigned i = 0; i < 2; i++)
        put_time(p, start, d->register_at[i]);
    pack_f32(p, d->edge_kwh);
    if (present & 128) {
        pack_f32(p, d->power_kw.avg);
        pack_f32(p, d->power_kw.min);
        pack_f32(p, d->power_kw.max);
    }
}

void slot_read_feed(struct unpack *u, ms_t start, struct record_device *ret) {
    double *doubles[7];
    unsigned present = unpack_u8(u);
    unsigned word = unpack_u8(u);
    if ((word & QUALITY_MASK) >= QUALITY_COUNT || word >> 4 > METHOD_NONE) {
        u->bad = true;
        return;
    }
    ret->quality = (enum quality)(word & QUALITY_MASK);
    ret->method = (enum energy_method)(word >> 4);
    ret->coverage = get_coverage(u);
    feed_doubles(ret, doubles);
    for (unsigned i = 0; i < 7; i++)
        *doubles[i] = present & 1u << i ? unpack_f64(u) : (double)NAN;
    for (unsigned i = 0; i < 2; i++)
        ret->register_at[i] = get_time(u, start);
    ret->edge_kwh = unpack_f32(u);
    bool has_power = present & 128;
    ret->power_kw.avg = has_power ? unpack_f32(u) : (double)NAN;
    ret->power_kw.min = has_power ? unpack_f32(u) : (double)NAN;
    ret->power_kw.max = has_power ? unpack_f32(u) : (double)NAN;
}

void slot_write_point_count(struct pack *p, size_t count) {
    pack_varint(p, count);
}

size_t slot_read_point_count(struct unpack *u) {
    uint64_t n = unpack_varint(u);
    if (n <= (uint64_t)(u->end - u->at))
        return (size_t)n;
    u->bad = true;
    return 0;
}

void slot_write_point(struct pack *p, const struct slot_point *s) {
    unsigned tag = (unsigned)s->quality;
    bool flat = (float)s->min >= (float)s->max;
    unsigned coverage = steps_of(s->coverage, 255.0);
    tag |= s->has_value ? HAS_VALUE : 0;
    tag |= s->is_gauge && flat ? IS_FLAT : 0;
    tag |= coverage == 255 ? FULL_COVERAGE : 0;
    pack_u8(p, tag);
    if (coverage != 255)
        pack_u8(p, coverage);
    if (!s->has_value)
        return;
    if (!s->is_gauge) {
        pack_f64(p, s->last);
        return;
    }
    pack_f32(p, s->mean);
    if (!flat) {
        pack_f32(p, s->min);
        pack_f32(p, s->max);
    }
}

void slot_read_point(struct unpack *u, bool is_gauge, struct slot_point *ret) {
    unsigned tag = unpack_u8(u);
    double none = (double)NAN;
    *ret = (struct slot_point){.is_gauge = is_gauge,
                               .has_value = tag & HAS_VALUE,
                               .mean = none,
                               .min = none,
                               .max = none,
                               .last = none,
                               .coverage = 1.0,
                               .quality = (enum quality)(tag & QUALITY_MASK)};
    if (ret->quality >= QUALITY_COUNT) {
        ret->quality = QUALITY_MISSING;
        u->bad = true;
    }
    if (!(tag & FULL_COVERAGE))
        ret->coverage = (double)unpack_u8(u) / 255.0;
    if (!ret->has_value)
        return;
    if (!is_gauge) {
        ret->last = unpack_f64(u);
        return;
    }
    ret->mean = ret->min = ret->max = unpack_f32(u);
    if (!(tag & IS_FLAT)) {
        ret->min = unpack_f32(u);
        ret->max = unpack_f32(u);
    }
}
