/* Scalar time units, and ISO 8601 text.
 *
 * Two clocks, never mixed: UTC stamps what was measured, the monotonic clock times waiting.
 * A name says which: utc_ms, mono_us. Pure: the time zone is an argument. */
#ifndef BUSBAR_BASE_UNITS_H
#define BUSBAR_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

typedef int64_t ms_t; /* milliseconds: UTC since 1970, or a length */
typedef int64_t us_t; /* microseconds: monotonic, or a length */

#define MS_PER_S   1000
#define MS_PER_MIN 60000
#define US_PER_MS  1000
#define US_PER_S   1000000

#define ISO8601_MAX 40 /* bytes that iso8601_format may need, with the final NUL */

/* Floor of a / b for b > 0, also for a < 0. */
static inline int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

/* Writes "2026-11-23T08:15:00.250+08:00"; milliseconds only when not zero, "Z" never (offset 0 is
 * "+00:00"). offset_s is the local offset east of UTC in seconds. Returns the length. */
size_t iso8601_format(char out[ISO8601_MAX], ms_t utc_ms, int offset_s);

/* Reads date, or date and time with optional fraction and "Z" or an offset; a text without an
 * offset is taken as local with offset_s. Returns ERR_OK, or ERR_SYNTAX / ERR_RANGE. */
int iso8601_parse(const char *text, int offset_s, ms_t *ret_utc_ms);

#endif
