/* A record that survives a power cut at any byte: two slots, written in turn. No heap, one thread.
 *
 * A slot: magic, sequence number, CRC-32 of all but itself, payload (big-endian words). Loading
 * takes the valid slot with the later sequence. Storing writes the other one and reads it back: the
 * newest good record is never touched. */
#ifndef NODE_APP_TWIN_LOG_H
#define NODE_APP_TWIN_LOG_H

#include "hal/hal.h"

#define TWIN_HEADER  12
#define TWIN_PAYLOAD (HAL_NVM_SLOT - TWIN_HEADER)

struct twin_log {
    const struct hal *hal;
    enum hal_nvm nvm;
    uint32_t magic; /* of the kind and version of the payload */
    uint32_t sequence;
    size_t newest; /* slot of the newest good record; HAL_NVM_SLOTS: there is none */
};

/* Looks into both slots and copies n bytes of the newest record to ret_payload. ERR_NOT_FOUND: both
 * slots are blank (all bytes alike); ERR_CORRUPT: something is there and no record is good; ERR_IO.
 */
int twin_load(struct twin_log *t, uint8_t *ret_payload, size_t n);

/* Writes n <= TWIN_PAYLOAD bytes as the next record. ERR_IO: the memory fails; the record before is
 * still good. */
int twin_store(struct twin_log *t, const uint8_t *payload, size_t n);

#endif
