/* What both ends of the raw codec remember of each device: its last reading. Internal to the codec.
 */
#ifndef BUSBAR_STORE_RAW_STATE_H
#define BUSBAR_STORE_RAW_STATE_H

#include "base/quality.h"
#include "meter/site.h"

#define RAW_VERSION       1
#define RAW_PLAIN         0u
#define RAW_ZSTD          1u
#define RAW_KEY           128u
#define RAW_KIND_MASK     3u
#define RAW_PLAIN_TIMES   4u
#define RAW_PLAIN_QUALITY 8u
#define RAW_ROW_MAX       (16u << 20) /* plain bytes; more is corruption */

struct raw_device {
    ms_t utc_ms, interval_ms;
    uint32_t chain;       /* of the state; another than the codec's: state is void */
    uint32_t text_offset; /* registers of its strings in texts */
    uint32_t text_registers;
};

struct raw_state {
    const struct site *site;
    struct raw_device *devices;
    int64_t *values; /* by site point */
    uint16_t *texts; /* registers of all string points, in point order */
    uint32_t chain;
    size_t reading_max; /* bytes that one reading may need at most, of any device */
};

int raw_state_init(struct raw_state *s, const struct site *site);
void raw_state_fini(struct raw_state *s);
/* The device's state, cleared when it is of an older chain; *ret_first tells. */
struct raw_device *raw_state_device(struct raw_state *s, size_t device, bool *ret_first);
/* True when a point of this quality was read at all: its integer is in the row. */
static inline bool raw_was_read(uint8_t quality) {
    return quality < QUALITY_EXCEPTION || quality > QUALITY_MISSING;
}

#endif
