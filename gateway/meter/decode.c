#include "meter/decode.h"

#include <math.h>
#include <string.h>

#define RATIO_TOLERANCE                                                                            \
    0.001               /* 0.1 %: above it a configured ratio contradicts the device's own         \
                         */
#define EXPONENT_MAX 22 /* largest power of ten that a double holds exactly */

/* What the device's CT and PT do to its values. */
struct ratios {
    double ct, pt; /* NAN: needed, but not known */
    bool ct_conflict, pt_conflict;
};

static const double powers_of_ten[EXPONENT_MAX + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* count words as one number; big has the high word first. */
static uint64_t join_words(const uint16_t *w, size_t count, bool big) {
    uint64_t v = 0;

    for (size_t i = 0; i < count; i++)
        v = v << 16 | w[big ? i : count - 1 - i];
    return v;
}

/* The image holds the words of a split value high word first, whatever the word order. */
static uint64_t join_point(const struct point_def *p, const uint16_t *registers, size_t count) {
    return join_words(registers, count, p->split || p->word_order == WORD_ORDER_BIG);
}

int64_t decode_raw(const struct point_def *p, const uint16_t *registers) {
    switch (p->type) {
    case POINT_U16:
    case POINT_BITS16:
        return registers[0];
    case POINT_I16:
        return (int16_t)registers[0];
    case POINT_U32:
    case POINT_F32:
    case POINT_BITS32:
        return (int64_t)join_point(p, registers, 2);
    case POINT_I32:
        return (int32_t)(uint32_t)join_point(p, registers, 2);
    case POINT_U64:
    case POINT_I64:
    case POINT_F64:
        return (int64_t)join_point(p, registers, 4);
    case POINT_BYTE_HIGH:
        return registers[0] >> 8;
    case POINT_BYTE_LOW:
        return registers[0] & 0xFF;
    case POINT_BIT:
        return registers[0] & 1;
    case POINT_STRING:
    case POINT_TYPE_COUNT:
        break;
    }
    return 0;
}

/* The bits that a raw value of this type really has. */
static uint64_t width_mask(enum point_type type) {
    switch (type) {
    case POINT_U16:
    case POINT_I16:
    case POINT_BITS16:
        return 0xFFFF;
    case POINT_U32:
    case POINT_I32:
    case POINT_F32:
    case POINT_BITS32:
        return 0xFFFFFFFF;
    case POINT_BYTE_HIGH:
    case POINT_BYTE_LOW:
        return 0xFF;
    case POINT_BIT:
        return 1;
    case POINT_U64:
    case POINT_I64:
    case POINT_F64:
    case POINT_STRING:
    case POINT_TYPE_COUNT:
        break;
    }
    return UINT64_MAX;
}

static bool is_unavailable(const struct point_def *p, int64_t raw) {
    uint64_t mask = width_mask(p->type);

    for (size_t i = 0; i < p->unavailable_count; i++) {
        if ((((uint64_t)raw ^ p->unavailable[i]) & mask) == 0)
            return true;
    }
    return false;
}

static double raw_number(enum point_type type, int64_t raw) {
    if (type == POINT_F32) {
        uint32_t bits = (uint32_t)(uint64_t)raw;
        float f;

        memcpy(&f, &bits, sizeof f);
        return (double)f;
    }
    if (type == POINT_F64) {
        double f;

        memcpy(&f, &raw, sizeof f);
        return f;
    }
    return type == POINT_U64 ? (double)(uint64_t)raw : (double)raw;
}

double decode_scaled(const struct point_def *p, int64_t raw) {
    double number;

    if (p->type == POINT_STRING || is_unavailable(p, raw))
        return (double)NAN;
    number = raw_number(p->type, raw);
    if (!isfinite(number))
        return (double)NAN;
    return (number * p->scale + p->offset) * p->sign;
}

size_t decode_text(const struct point_def *p, const uint16_t *registers, char *out, size_t cap) {
    size_t len = 0, end = 0;

    for (size_t i = 0; i < 2 * (size_t)p->registers; i++) {
        uint16_t word = registers[i / 2];
        uint8_t c = (uint8_t)(i % 2 == 0 ? word >> 8 : word & 0xFF);

        if (c == 0 || len + 1 >= cap)
            break;
        out[len++] = (char)(c >= 0x20 && c < 0x7F ? c : '?');
        if (c != ' ')
            end = len;
    }
    if (cap > 0)
        out[end] = '\0';
    return end;
}

/* A reading laid out by reading_init(); its accessors take a writable one. */
static const uint8_t *qualities(const struct reading *r) {
    return reading_quality((struct reading *)r);
}

static bool was_read(const struct reading *r, size_t i) {
    uint8_t q = qualities(r)[i];

    return q != QUALITY_EXCEPTION && q != QUALITY_MISSING;
}

/* Point i without ratio and exponent; NAN when it was not read. */
static double own_value(const struct device_profile *profile, const struct reading *r, int i) {
    const struct point_def *p = &profile->points[i];

    if (!was_read(r, (size_t)i))
        return (double)NAN;
    return decode_scaled(p,
                         decode_raw(p, reading_registers((struct reading *)r) + p->image_offset));
}

/* The ratio that counts: the configured one, else the device's own, else 1. */
static double pick_ratio(double configured, const struct device_profile *profile,
                         const struct reading *r, int own_point, bool *ret_conflict) {
    double own = own_point == POINT_NONE ? (double)NAN : own_value(profile, r, own_point);

    *ret_conflict = false;
    if (!isnan(configured)) {
        *ret_conflict = fabs(own - configured) > RATIO_TOLERANCE * fabs(configured);
        return configured;
    }
    if (own_point == POINT_NONE)
        return 1;
    return own > 0 ? own : (double)NAN; /* a ratio of 0 would make a false zero of every value */
}

static struct ratios find_ratios(const struct device *d, const struct reading *r) {
    const struct device_profile *f = d->profile;
    struct ratios k;

    k.ct = pick_ratio(d->ct_ratio, f, r, f->ct_ratio_point, &k.ct_conflict);
    k.pt = pick_ratio(d->pt_ratio, f, r, f->pt_ratio_point, &k.pt_conflict);
    return k;
}

static double power_of_ten(double exponent) {
    if (!(fabs(exponent) <= EXPONENT_MAX)) /* also NAN */
        return (double)NAN;
    if (exponent < 0)
        return 1 / powers_of_ten[(size_t)(-exponent)];
    return powers_of_ten[(size_t)exponent];
}

static double multiplier(const struct device_profile *profile, const struct reading *r,
                         const struct point_def *p, const struct ratios *k, bool *ret_conflict) {
    double m = 1;

    switch (p->ratio) {
    case RATIO_CT:
        m = k->ct;
        *ret_conflict = k->ct_conflict;
        break;
    case RATIO_PT:
        m = k->pt;
        *ret_conflict = k->pt_conflict;
        break;
    case RATIO_CT_PT:
        m = k->ct * k->pt;
        *ret_conflict = k->ct_conflict || k->pt_conflict;
        break;
    case RATIO_POINT:
        m = own_value(profile, r, p->ratio_point);
        *ret_conflict = false;
        break;
    case RATIO_NONE:
        *ret_conflict = false;
        break;
    }
    if (p->exponent_point != POINT_NONE)
        m *= power_of_ten(own_value(profile, r, p->exponent_point));
    return m;
}

double decode_multiplier(const struct device *d, const struct reading *r, size_t i,
                         bool *ret_conflict) {
    struct ratios k = find_ratios(d, r);

    return multiplier(d->profile, r, &d->profile->points[i], &k, ret_conflict);
}

size_t decode_reading(const struct device *d, const struct reading *r, struct sample *ret_samples) {
    const struct device_profile *f = d->profile;
    const uint16_t *registers = reading_registers((struct reading *)r);
    const uint16_t *delays = reading_delay((struct reading *)r);
    const uint8_t *read_quality = qualities(r);
    struct ratios k = find_ratios(d, r);

    for (size_t i = 0; i < f->point_count; i++) {
        const struct point_def *p = &f->points[i];
        enum quality q = (enum quality)read_quality[i];
        uint8_t flags = 0;
        double v = (double)NAN;

        if (was_read(r, i)) {
            v = decode_scaled(p, decode_raw(p, registers + p->image_offset));
            if (p->ratio != RATIO_NONE || p->exponent_point != POINT_NONE) {
                bool conflict;

                v *= multiplier(f, r, p, &k, &conflict);
                if (conflict) {
                    flags |= SAMPLE_RATIO_CONFLICT;
                    q = quality_worst(q, QUALITY_SUSPECT);
                }
            }
            if (isnan(v))
                q = quality_worst(q, QUALITY_MISSING);
            else if (v < p->min || v > p->max)
                q = quality_worst(q, QUALITY_OUT_OF_RANGE);
        }
        if (p->type == POINT_STRING || p->type == POINT_BITS16 || p->type == POINT_BITS32)
            flags |= SAMPLE_TEXT;
        ret_samples[i] = (struct sample){.utc_ms = r->utc_ms + delays[i],
                                         .value = v,
                                         .point = d->point_base + (uint32_t)i,
                                         .quality = (uint8_t)q,
                                         .flags = flags};
    }
    return f->point_count;
}
