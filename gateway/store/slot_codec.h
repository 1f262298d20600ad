/* One device over one slot as it is stored: its feeds (all that a record says of them), then one
 * entry for each point, in profile order. Bytes:
 *   u8 version, varint layout, u16 coverage in 1/10000, u8 quality, varint feeds, then each feed;
 *   varint points, then each point: u8 quality | has value 16 | flat 32 | full coverage 64,
 *   without full coverage u8 coverage in 1/255, and
 *     a gauge: f32 mean, unless flat f32 min and max;   anything else: f64 last value.
 * Energies and registers are doubles, exact. Historian thread (write), readers. No I/O. */
#ifndef BUSBAR_STORE_SLOT_CODEC_H
#define BUSBAR_STORE_SLOT_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/record.h"
#include "store/pack.h"

struct slot_head {
    int64_t layout;
    double coverage;
    enum quality quality;
    size_t feed_count;
};

struct slot_point {
    bool is_gauge, has_value;
    double mean, min, max; /* a gauge */
    double last;           /* anything else */
    double coverage;
    enum quality quality;
};

void slot_write_head(struct pack *p, const struct slot_head *h);
/* start: of the slot, times are kept relative to it. id and role are not stored. */
void slot_write_feed(struct pack *p, ms_t start, const struct record_device *d);
void slot_write_point_count(struct pack *p, size_t count);
void slot_write_point(struct pack *p, const struct slot_point *s);

/* Read in the order of writing; check u->bad (or the head's ERR_CORRUPT) before use. */
int slot_read_head(struct unpack *u, struct slot_head *ret);
void slot_read_feed(struct unpack *u, ms_t start, struct record_device *ret);
size_t slot_read_point_count(struct unpack *u);
void slot_read_point(struct unpack *u, bool is_gauge, struct slot_point *ret);

#endif
