/* What a reading is besides time and values: kind, qualities and delays of its points. Few readings
 * differ in it, so that a chunk keeps each such shape once. Internal to the chunk's files. No I/O.
 */
#ifndef BUSBAR_STORE_CHUNK_SHAPE_H
#define BUSBAR_STORE_CHUNK_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pack.h"
#include "meter/reading.h"
#include "meter/site.h"
#include "store/chunk_column.h"

#define CHUNK_VERSION 1

struct shapes {
    size_t points, count, cap;
    uint8_t *kind;
    uint8_t *quality; /* count x points */
    uint16_t *delay;  /* count x points */
    size_t last;      /* where a search begins */
};

void shapes_init(struct shapes *s, size_t points);
void shapes_fini(struct shapes *s);
/* The number of the reading's shape, added where it is new; < 0 without memory. */
int64_t shapes_take(struct shapes *s, struct reading *r);
bool shapes_was_read(const struct shapes *s, size_t shape, size_t point);
void shapes_fill(const struct shapes *s, size_t shape, struct reading *r);
size_t shapes_bytes_max(const struct shapes *s);
int shapes_write(const struct shapes *s, struct pack *out, struct column_scratch *scratch);
/* At most max of them. ERR_CORRUPT, ERR_NOMEM. */
int shapes_read(struct shapes *s, struct unpack *in, struct column_reader *r, size_t max);

/* A device asks at a beat: its readings lie near origin + tick x poll_ms. */
int64_t chunk_tick(ms_t t, ms_t origin, const struct device *d);
ms_t chunk_tick_time(int64_t tick, ms_t origin, const struct device *d);
size_t chunk_text_registers(const struct device_profile *p);

#endif
