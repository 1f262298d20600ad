#include <float.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "meter/decode.h"

/* Nearest integer within low..high (both exact doubles, high possibly one past the type). */
static int round_into(double v, double low, double high, double *ret) {
    double n = round(v);
    int rc = ERR_OK;

    if (n < low || n > high) {
        n = n < low ? low : high;
        rc = ERR_RANGE;
    }
    *ret = n;
    return rc;
}

struct integer_range {
    double low, high;
};

static struct integer_range range_of(enum point_type type) {
    switch (type) {
    case POINT_U16:
    case POINT_BITS16:
        return (struct integer_range){0, UINT16_MAX};
    case POINT_I16:
        return (struct integer_range){INT16_MIN, INT16_MAX};
    case POINT_U32:
    case POINT_BITS32:
        return (struct integer_range){0, UINT32_MAX};
    case POINT_I32:
        return (struct integer_range){INT32_MIN, INT32_MAX};
    case POINT_BYTE_HIGH:
    case POINT_BYTE_LOW:
        return (struct integer_range){0, UINT8_MAX};
    case POINT_BIT:
        return (struct integer_range){0, 1};
    case POINT_I64: /* the largest double below 2^63, and below 2^64 */
        return (struct integer_range){-0x1p63, 0x1.fffffffffffffp62};
    case POINT_U64:
        return (struct integer_range){0, 0x1.fffffffffffffp63};
    case POINT_F32:
    case POINT_F64:
    case POINT_STRING:
    case POINT_TYPE_COUNT:
        break;
    }
    return (struct integer_range){0, 0};
}

static int float_bits(double v, uint64_t *ret_bits) {
    int rc = ERR_OK;
    uint32_t bits;
    float f;

    if (fabs(v) > (double)FLT_MAX) {
        v = v > 0 ? (double)FLT_MAX : -(double)FLT_MAX;
        rc = ERR_RANGE;
    }
    f = (float)v;
    memcpy(&bits, &f, sizeof bits);
    *ret_bits = bits;
    return rc;
}

static int double_bits(double v, uint64_t *ret_bits) {
    int rc = ERR_OK;

    if (isinf(v)) {
        v = v > 0 ? DBL_MAX : -DBL_MAX;
        rc = ERR_RANGE;
    }
    memcpy(ret_bits, &v, sizeof *ret_bits);
    return rc;
}

static void put_words(const struct point_def *p, uint64_t bits, uint16_t *registers) {
    bool big = p->split || p->word_order == WORD_ORDER_BIG;

    for (size_t i = 0; i < p->registers; i++) {
        registers[big ? p->registers - 1u - i : i] = (uint16_t)(bits & 0xFFFF);
        bits >>= 16;
    }
}

static void put_bits(const struct point_def *p, uint64_t bits, uint16_t *registers) {
    if (p->type == POINT_BYTE_HIGH)
        registers[0] = (uint16_t)((registers[0] & 0x00FFu) | (bits & 0xFF) << 8);
    else if (p->type == POINT_BYTE_LOW)
        registers[0] = (uint16_t)((registers[0] & 0xFF00u) | (bits & 0xFF));
    else
        put_words(p, bits, registers);
}

/* "No value": the point's own pattern for it; floats have NaN besides. */
static int put_unavailable(const struct point_def *p, uint16_t *registers) {
    uint64_t bits = 0;
    int rc = ERR_OK;

    if (p->unavailable_count > 0)
        bits = p->unavailable[0];
    else if (p->type == POINT_F32)
        bits = 0x7FC00000;
    else if (p->type == POINT_F64)
        bits = UINT64_C(0x7FF8000000000000);
    else
        rc = ERR_RANGE;
    put_bits(p, bits, registers);
    return rc;
}

int encode_value(const struct point_def *p, double value, double multiplier, uint16_t *registers) {
    double raw = (value / (multiplier * p->sign) - p->offset) / p->scale;
    uint64_t bits = 0;
    int rc;

    if (p->type == POINT_STRING)
        return ERR_RANGE;
    if (isnan(raw))
        return put_unavailable(p, registers);
    if (p->type == POINT_F32) {
        rc = float_bits(raw, &bits);
    } else if (p->type == POINT_F64) {
        rc = double_bits(raw, &bits);
    } else {
        struct integer_range range = range_of(p->type);
        double n;

        rc = round_into(raw, range.low, range.high, &n);
        bits = n < 0 ? (uint64_t)(int64_t)n : (uint64_t)n;
    }
    put_bits(p, bits, registers);
    if (isnan(decode_scaled(p, decode_raw(p, registers)))) /* met a pattern that means "no value" */
        return ERR_RANGE;
    return rc;
}

void encode_text(const struct point_def *p, const char *text, uint16_t *registers) {
    size_t len = strlen(text);

    for (size_t i = 0; i < p->registers; i++) {
        uint8_t high = 2 * i < len ? (uint8_t)text[2 * i] : 0;
        uint8_t low = 2 * i + 1 < len ? (uint8_t)text[2 * i + 1] : 0;

        registers[i] = (uint16_t)(high << 8 | low);
    }
}
