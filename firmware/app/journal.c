#include "app/journal.h"

#include <string.h>

static uint8_t *put(uint8_t *out, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
    return out + bytes;
}

static const uint8_t *get(const uint8_t *in, uint64_t *ret, int bytes) {
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | in[i];
    *ret = v;
    return in + bytes;
}

void journal_encode(const struct journal_record *r, uint8_t out[JOURNAL_BYTES]) {
    uint32_t bits;
    memcpy(&bits, &r->max_demand_w, sizeof bits);
    for (int k = 0; k < ENERGY_COUNT; k++)
        out = put(out, r->mj[k], 8);
    out = put(out, bits, 4);
    out = put(out, r->run_s, 4);
    put(out, r->restarts, 4);
}

void journal_decode(const uint8_t bytes[JOURNAL_BYTES], struct journal_record *ret_record) {
    uint64_t v;
    for (int k = 0; k < ENERGY_COUNT; k++)
        bytes = get(bytes, &ret_record->mj[k], 8);
    bytes = get(bytes, &v, 4);
    const uint32_t bits = (uint32_t)v;
    memcpy(&ret_record->max_demand_w, &bits, sizeof bits);
    bytes = get(bytes, &v, 4);
    ret_record->run_s = (uint32_t)v;
    get(bytes, &v, 4);
    ret_record->restarts = (uint32_t)v;
}
