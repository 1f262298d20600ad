/* A device profile: what stands in which register, and how to read it. Immutable after load. Pure.
 */
#ifndef BUSBAR_METER_PROFILE_H
#define BUSBAR_METER_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/quantity.h"

enum point_type {
    POINT_U16,
    POINT_I16,
    POINT_U32,
    POINT_I32,
    POINT_U64,
    POINT_I64,
    POINT_F32,
    POINT_F64,
    POINT_STRING, /* count registers, two characters each, high byte first */
    POINT_BITS16,
    POINT_BITS32,
    POINT_BYTE_HIGH, /* one byte of a register, unsigned */
    POINT_BYTE_LOW,
    POINT_BIT, /* coil or discrete input (functions 1, 2) */
    POINT_TYPE_COUNT
};

enum word_order {
    WORD_ORDER_BIG,    /* high word first */
    WORD_ORDER_LITTLE, /* low word first; bytes inside a word are always high byte first */
};

enum ratio_kind {
    RATIO_NONE,
    RATIO_CT,
    RATIO_PT,
    RATIO_CT_PT,
    RATIO_POINT, /* multiply by another point's value */
};

#define POINT_NONE            (-1)
#define POINT_UNAVAILABLE_MAX 4
#define POINT_STRING_MAX      32 /* registers */

struct point_bit {
    uint8_t bit;
    const char *name;
};

struct point_def {
    const char *name;    /* unique in the profile (and channel): "active_power.total" */
    const char *channel; /* NULL, or "pv", "storage", "grid", "load" */
    const char *unit;    /* "" when none */
    enum quantity quantity;
    const char *quantity_name; /* as written: tells OTHER quantities apart */
    enum phase phase;
    enum point_type type;
    enum word_order word_order;
    uint8_t function;     /* 1, 2, 3, 4 */
    uint8_t registers;    /* 1..POINT_STRING_MAX */
    bool split;           /* 32-bit value whose low word stands at register_low */
    uint16_t register_no; /* zero-based wire address; the high word when split */
    uint16_t register_low;
    double scale, offset; /* value = (raw * scale + offset) * sign * ratio * 10^exponent */
    int8_t sign;
    enum ratio_kind ratio;
    int16_t ratio_point;    /* RATIO_POINT: index in points */
    int16_t exponent_point; /* index in points, or POINT_NONE */
    uint8_t pf_format;      /* of a power_factor_coded: enum pf_format of calc/power.h */
    uint8_t unavailable_count;
    uint64_t unavailable[POINT_UNAVAILABLE_MAX]; /* raw bit patterns that mean "no value" */
    double modulus;  /* in raw counts; 0 when the counter does not roll */
    double min, max; /* limits of the value; -INFINITY, INFINITY */
    const struct point_bit *bits;
    uint8_t bit_count;
    bool writable;         /* access: rw in the map; writing needs an allow-list besides */
    uint16_t image_offset; /* where its registers stand in a reading: packed in point order */
};

#define METER_CLOCK_REGISTERS 6 /* of the longest form */

enum meter_clock_form {
    METER_CLOCK_EPOCH, /* u32: seconds since 1970-01-01 00:00 */
    METER_CLOCK_DATE   /* six registers: year, month, day, hour, minute, second */
};

/* A device's own clock. It is no point of the readings: it is read by itself, once in a while. */
struct meter_clock {
    struct point_def p; /* function, registers, word order, patterns that mean "no time" */
    enum meter_clock_form form;
    bool local; /* it shows the site's local time, not UTC */
    uint32_t every_s;
};

/* What one read may be. */
struct read_limits {
    uint16_t max_registers; /* 1..125 */
    uint16_t max_gap;       /* unasked registers that may be bridged; 0 = none */
    uint8_t align;          /* start and count are multiples of it: 1 or 2 */
};

struct device_profile {
    const char *name; /* file name without .yaml */
    const char *vendor, *model, *source, *confidence, *notes;
    uint32_t roles;         /* bit set of 1 << enum role */
    bool source_convention; /* P > 0 is output to the busbar (inverter, PCS), not consumption */
    struct read_limits limits;
    uint32_t request_gap_ms, connect_gap_ms;
    struct point_def *points;
    size_t point_count;
    uint16_t image_registers;               /* registers of a whole reading */
    int16_t ct_ratio_point, pt_ratio_point; /* points that hold the device's own ratios, or NONE */
    const struct meter_clock *clock;        /* NULL: it has none */
};

#endif
