/* A chunk: the readings of devices of one profile over some minutes, column by column. Lossless.
 *
 * Every point is a column of its own: what it was read as, device after device, as differences in
 * time, cut into planes of bytes that are compressed one by one. Bytes that are noise stand by
 * themselves there and cost no more than they must, and one point is read without the others.
 * Bytes: u8 version, varint devices, of each: varint (device - previous device), varint readings
 *   the head (zstd): shapes { u8 kind, runs of quality, runs of delay }, then of each reading:
 *   shape, tick (difference), rest of the time beside the device's own beat
 *   of each point: u32 bytes of the column, u8 mode, u8 width, then its planes from the lowest byte
 * up: u8 packing, with PLANE_PLAIN its bytes, with PLANE_ZSTD varint length and those; a string:
 * one plane, of rows u8 0 = as before, 1 + registers. One encoder or decoder belongs to one thread.
 * No I/O. */
#ifndef BUSBAR_STORE_CHUNK_H
#define BUSBAR_STORE_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/reading.h"
#include "meter/site.h"

#define CHUNK_READINGS     4800 /* of several devices; a single one may have more */
#define CHUNK_READINGS_MAX 65536

struct chunk_encoder;

/* For at most cap readings of devices of profile p, whose registers stand as in a stored layout.
 * NULL without memory. */
struct chunk_encoder *chunk_encoder_new(const struct site *site, const struct device_profile *p,
                                        size_t cap);
void chunk_encoder_free(struct chunk_encoder *e);
/* ERR_FULL when cap is reached, ERR_NOMEM. Readings of one device come in their order. */
int chunk_encoder_add(struct chunk_encoder *e, struct reading *r);
struct chunk_bytes {
    uint8_t *body; /* on the heap: the caller frees it */
    size_t n;
    uint32_t device_first, device_last;
};
/* After the last reading: the chunks one by one, in the order of devices. ERR_NOT_FOUND: there is
 * no more. ERR_NOMEM. */
int chunk_encoder_next(struct chunk_encoder *e, struct chunk_bytes *ret);

struct chunk;
/* Memory that decoding needs, kept from chunk to chunk. NULL without memory. */
struct chunk_reader;
struct chunk_reader *chunk_reader_new(void);
void chunk_reader_free(struct chunk_reader *r);

/* What of a chunk is asked for. */
struct chunk_part {
    const bool *wanted; /* by point of the profile; NULL: all. The others read as missing */
    int64_t device;     /* index in the site; -1: all */
};
/* Decodes that part of a chunk written under the layout that site was parsed from. part: NULL for
 * everything. A device that is not in it: no readings. ERR_CORRUPT, ERR_NOMEM. */
int chunk_open(struct chunk_reader *r, const uint8_t *body, size_t n, const struct site *site,
               const struct chunk_part *part, struct chunk **ret);
void chunk_free(struct chunk *c);
size_t chunk_readings(const struct chunk *c);
/* Of reading i, 0 .. chunk_readings() - 1: those of one device stand side by side, in order. */
uint32_t chunk_device(const struct chunk *c, size_t i);
ms_t chunk_time(const struct chunk *c, size_t i);
/* Puts it together; valid until the next call. */
struct reading *chunk_reading(struct chunk *c, size_t i);

#endif
