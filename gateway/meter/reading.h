/* One poll of one device as it leaves acquire: registers as read, not yet values.
 *
 * A variable-length block that travels through a ring. Registers are packed in point order
 * (point_def.image_offset), whatever requests fetched them; each point has its own quality and its
 * own delay, because a poll may take several requests. Decoding happens behind the ring, so links
 * and lines only move bytes. Pure. */
#ifndef BUSBAR_METER_READING_H
#define BUSBAR_METER_READING_H

#include <stddef.h>
#include <stdint.h>

#include "base/quality.h"
#include "base/units.h"

enum reading_kind {
    READING_POLL = 0,       /* a poll was carried out, wholly or in part */
    READING_DOWN = 1,       /* the device has just gone down: all points missing */
    READING_STILL_DOWN = 2, /* once a minute while it is down */
    READING_CLOCK = 3 /* the device's own clock: its registers and no point; the times are those of
                       * the middle between request and reply. Never stored */
};

struct reading {
    uint32_t bytes;        /* of the whole block */
    uint32_t device;       /* index in site.devices */
    ms_t utc_ms;           /* capture time of the first reply (of the failure, when down) */
    us_t mono_us;          /* the same instant on the monotonic clock */
    uint32_t site_version; /* readings of an older configuration are dropped */
    uint16_t point_count, register_count;
    uint8_t kind; /* enum reading_kind */
    uint8_t spare[7];
    /* then, packed: uint16_t delay_ms[point_count]; uint16_t registers[register_count];
     * uint8_t quality[point_count] */
};

size_t reading_size(size_t point_count, size_t register_count); /* bytes, a multiple of 8 */
/* Lays out an empty block in memory of reading_size() bytes: all points missing. */
void reading_init(struct reading *r, uint32_t device, size_t point_count, size_t register_count);

static inline uint16_t *reading_delay(struct reading *r) {
    return (uint16_t *)(void *)(r + 1);
}
static inline uint16_t *reading_registers(struct reading *r) {
    return reading_delay(r) + r->point_count;
}
static inline uint8_t *reading_quality(struct reading *r) {
    return (uint8_t *)(void *)(reading_registers(r) + r->register_count);
}

#endif
