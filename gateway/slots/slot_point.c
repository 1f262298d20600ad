/* The points of a stored slot. */
#include <math.h>
#include <string.h>

#include "slots/slot_codec.h"
#include "slots/slot_codec_v1.h"

#define SLOT_IS_DECIMAL 128u
#define DECIMALS_MAX    3
#define DECIMAL_BITS    2        /* for 0 to DECIMALS_MAX */
#define DECIMAL_LIMIT   0x800000 /* beyond it the steps of a float are the coarser ones */

static const double powers_of_ten[DECIMALS_MAX + 1] = {1.0, 10.0, 100.0, 1000.0};

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

/* Floats in the order of the real numbers, as integers: neighbours differ by one. */
static int64_t ordinal(double value) {
    float f = (float)value;
    int32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits < 0 ? (int64_t)INT32_MIN - bits : bits;
}

static double of_ordinal(int64_t n) {
    int32_t bits = (int32_t)(n < 0 ? (int64_t)INT32_MIN - n : n);
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

static double of_decimal(int64_t n, unsigned decimals) {
    return (double)(float)((double)n / powers_of_ten[decimals]);
}

/* Meters measure in tenths or thousandths: what a register said is such a number, as a float. */
struct decimals {
    unsigned count;
    int64_t min, max, first, last;
};

static bool is_decimal(double value, unsigned decimals, int64_t *ret) {
    double scaled = value * powers_of_ten[decimals];
    if (!(fabs(scaled) < DECIMAL_LIMIT))
        return false;
    int64_t n = (int64_t)(scaled + copysign(0.5, scaled));
    *ret = n;
    return ordinal(of_decimal(n, decimals)) == ordinal(value);
}

/* The fewest decimals that hold all four. */
static bool find_decimals(const struct slot_point *s, struct decimals *ret) {
    if (fabs(s->min) * powers_of_ten[DECIMALS_MAX] < DECIMAL_LIMIT &&
        !is_decimal(s->min, DECIMALS_MAX, &ret->min))
        return false; /* with fewer neither */
    for (unsigned i = 0; i <= DECIMALS_MAX; i++) {
        ret->count = i;
        if (is_decimal(s->min, i, &ret->min) && is_decimal(s->max, i, &ret->max) &&
            is_decimal(s->first, i, &ret->first) && is_decimal(s->last, i, &ret->last))
            return true;
    }
    return false;
}

/* A distance is not negative, unless rounding made it so: that is kept too, in more bytes. */
static void put_distance(struct pack *p, int64_t from, int64_t to) {
    pack_varint(p, (uint64_t)to - (uint64_t)from);
}

static int64_t get_distance(struct unpack *u, int64_t from) {
    return (int64_t)((uint64_t)from + unpack_varint(u));
}

static void put_decimal_gauge(struct pack *p, const struct decimals *d, const struct slot_point *s,
                              bool flat) {
    pack_varint(p, zigzag(d->min) << DECIMAL_BITS | d->count);
    if (flat)
        return;
    put_distance(p, d->min, d->max);
    put_distance(p, d->min, d->first);
    put_distance(p, d->min, d->last);
    put_distance(p, ordinal(s->min), ordinal(s->mean));
}

static void put_float_gauge(struct pack *p, const struct slot_point *s, bool flat) {
    pack_f32(p, s->min);
    if (flat)
        return;
    int64_t min = ordinal(s->min);
    put_distance(p, min, ordinal(s->max));
    put_distance(p, min, ordinal(s->first));
    put_distance(p, min, ordinal(s->last));
    put_distance(p, min, ordinal(s->mean));
}

void slot_write_point(struct pack *p, const struct slot_point *s) {
    struct decimals d;
    bool gauge = s->is_gauge && s->has_value, flat = (float)s->min >= (float)s->max;
    bool decimal = gauge && find_decimals(s, &d);
    unsigned tag = (unsigned)s->quality, coverage = slot_steps_of(s->coverage, 255.0);
    tag |= s->has_value ? SLOT_HAS_VALUE : 0;
    tag |= s->is_gauge && flat ? SLOT_IS_FLAT : 0;
    tag |= coverage == 255 ? SLOT_FULL_COVERAGE : 0;
    tag |= decimal ? SLOT_IS_DECIMAL : 0;
    pack_u8(p, tag);
    if (coverage != 255)
        pack_u8(p, coverage);
    if (decimal)
        put_decimal_gauge(p, &d, s, flat);
    else if (gauge)
        put_float_gauge(p, s, flat);
    else if (s->has_value)
        pack_f64(p, s->last);
}

/* ---- reading ----------------------------------------------------------------------------- */

static double float_at(struct unpack *u, int64_t n) {
    if (n <= INT32_MAX && n >= -(int64_t)INT32_MAX)
        return of_ordinal(n);
    u->bad = true;
    return (double)NAN;
}

static void get_decimal_gauge(struct unpack *u, bool flat, struct slot_point *ret) {
    uint64_t word = unpack_varint(u);
    unsigned decimals = (unsigned)word & ((1u << DECIMAL_BITS) - 1);
    int64_t min = unzigzag(word >> DECIMAL_BITS);
    ret->mean = ret->min = ret->max = ret->first = ret->last = of_decimal(min, decimals);
    if (flat)
        return;
    ret->max = of_decimal(get_distance(u, min), decimals);
    ret->first = of_decimal(get_distance(u, min), decimals);
    ret->last = of_decimal(get_distance(u, min), decimals);
    ret->mean = float_at(u, get_distance(u, ordinal(ret->min)));
}

static void get_float_gauge(struct unpack *u, bool flat, struct slot_point *ret) {
    ret->mean = ret->min = ret->max = ret->first = ret->last = unpack_f32(u);
    if (flat)
        return;
    int64_t min = ordinal(ret->min);
    ret->max = float_at(u, get_distance(u, min));
    ret->first = float_at(u, get_distance(u, min));
    ret->last = float_at(u, get_distance(u, min));
    ret->mean = float_at(u, get_distance(u, min));
}

void slot_read_point(struct unpack *u, const struct slot_head *h, bool is_gauge,
                     struct slot_point *ret) {
    unsigned tag = unpack_u8(u);
    double none = (double)NAN;
    *ret = (struct slot_point){.is_gauge = is_gauge,
                               .has_value = tag & SLOT_HAS_VALUE,
                               .mean = none,
                               .min = none,
                               .max = none,
                               .first = none,
                               .last = none,
                               .coverage = 1.0,
                               .quality = (enum quality)(tag & SLOT_QUALITY_MASK)};
    if (ret->quality >= QUALITY_COUNT) {
        ret->quality = QUALITY_MISSING;
        u->bad = true;
    }
    if (!(tag & SLOT_FULL_COVERAGE))
        ret->coverage = (double)unpack_u8(u) / 255.0;
    if (!ret->has_value)
        return;
    bool flat = tag & SLOT_IS_FLAT;
    if (!is_gauge)
        ret->last = unpack_f64(u);
    else if (h->version == 1)
        slot_read_gauge_v1(u, flat, ret);
    else if (tag & SLOT_IS_DECIMAL)
        get_decimal_gauge(u, flat, ret);
    else
        get_float_gauge(u, flat, ret);
}
