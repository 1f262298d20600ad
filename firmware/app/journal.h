/* The energy journal: what must outlive a power cut, as bytes of a twin-log record. Pure. */
#ifndef NODE_APP_JOURNAL_H
#define NODE_APP_JOURNAL_H

#include "app/energy.h"

#define JOURNAL_MAGIC 0x4E4A3031 /* "NJ01" */
#define JOURNAL_BYTES (8 * ENERGY_COUNT + 12)

struct journal_record {
    uint64_t mj[ENERGY_COUNT];
    float max_demand_w;
    uint32_t run_s;    /* seconds that the node has measured in its life */
    uint32_t restarts; /* since the journal began */
};

void journal_encode(const struct journal_record *r, uint8_t out[JOURNAL_BYTES]);
void journal_decode(const uint8_t bytes[JOURNAL_BYTES], struct journal_record *ret_record);

#endif
