/* Registers -> values, by the profile. And back, for the simulator and for tests. Pure.
 *
 * value = (raw * scale + offset) * sign * ratio * 10^exponent, in the profile's unit; the device's
 * own sign is applied by the site's feeds, not here. */
#ifndef BUSBAR_METER_DECODE_H
#define BUSBAR_METER_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sample.h"
#include "meter/reading.h"
#include "meter/site.h"

/* The raw integer of a point from its registers (registers points at the point's own first one in
 * the image): sign-extended for i*, zero-extended for u* and bits, the IEEE bit pattern for floats,
 * 0 for strings. u64 above INT64_MAX keeps its bit pattern. The image holds a split value high word
 * first, whatever its word order. */
int64_t decode_raw(const struct point_def *p, const uint16_t *registers);

/* Raw -> value without ratio and exponent; NAN when raw is one of the point's unavailable patterns,
 * a NaN, an infinity, or the point is a string. */
double decode_scaled(const struct point_def *p, int64_t raw);

/* Text of a string point: trailing NULs and blanks cut, non-printing bytes as '?'. */
size_t decode_text(const struct point_def *p, const uint16_t *registers, char *out, size_t cap);

/* The product of ratio and 10^exponent of point i, from the site file and the image.
 * *ret_conflict is set when a configured ratio differs from the device's own by > 0.1 %.
 * NAN when a register that it needs was not read. */
double decode_multiplier(const struct device *d, const struct reading *r, size_t i,
                         bool *ret_conflict);

/* All points of a reading, in profile order: writes profile->point_count samples, whose point is
 * the site-wide index. Quality: the reading's own; MISSING when unavailable or NaN; OUT_OF_RANGE
 * outside min..max; SUSPECT on a ratio conflict. A string has no number, so it is MISSING with
 * SAMPLE_TEXT: its text comes from decode_text. Returns the number written. */
size_t decode_reading(const struct device *d, const struct reading *r, struct sample *ret_samples);

/* The inverse of decode_raw and decode_scaled with a multiplier: writes p->registers registers.
 * Rounds to the nearest raw value; ERR_RANGE when the type cannot hold it (nearest is written), or
 * when what was written reads as "no value". NAN writes the point's first unavailable pattern, NaN
 * for a float without one, else 0 with ERR_RANGE. A byte type keeps the register's other byte.
 * ERR_RANGE, nothing written, for a string. */
int encode_value(const struct point_def *p, double value, double multiplier, uint16_t *registers);
/* A text, padded with NUL. */
void encode_text(const struct point_def *p, const char *text, uint16_t *registers);

#endif
