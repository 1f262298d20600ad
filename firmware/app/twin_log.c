#include "app/twin_log.h"

#include <string.h>

#include "app/crc32.h"
#include "base/err.h"

#define AT_SEQUENCE 4
#define AT_CRC      8

static void put_u32(uint8_t *out, uint32_t v) {
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t get_u32(const uint8_t *bytes) {
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v = v << 8 | bytes[i];
    return v;
}

/* The CRC stands between what it covers: its own place counts as zeros. */
static uint32_t slot_crc(const uint8_t *slot, size_t n) {
    uint8_t copy[HAL_NVM_SLOT];
    memcpy(copy, slot, n);
    put_u32(copy + AT_CRC, 0);
    return crc32(copy, n);
}

static bool is_blank(const uint8_t *slot, size_t n) {
    for (size_t i = 1; i < n; i++) {
        if (slot[i] != slot[0])
            return false;
    }
    return slot[0] == 0x00 || slot[0] == 0xFF;
}

int twin_load(struct twin_log *t, uint8_t *ret_payload, size_t n) {
    uint8_t slot[HAL_NVM_SLOT];
    int status = ERR_NOT_FOUND;
    t->newest = HAL_NVM_SLOTS;
    for (size_t i = 0; i < HAL_NVM_SLOTS; i++) {
        if (t->hal->nvm_read(t->hal->arg, t->nvm, i, slot, TWIN_HEADER + n) != ERR_OK) {
            status = status == ERR_NOT_FOUND ? ERR_IO : status;
            continue;
        }
        if (get_u32(slot) != t->magic ||
            get_u32(slot + AT_CRC) != slot_crc(slot, TWIN_HEADER + n)) {
            if (status != ERR_OK && !is_blank(slot, TWIN_HEADER + n))
                status = ERR_CORRUPT;
            continue;
        }
        const uint32_t sequence = get_u32(slot + AT_SEQUENCE);
        if (t->newest < HAL_NVM_SLOTS && sequence - t->sequence > UINT32_MAX / 2)
            continue; /* older, also when the number has run round */
        t->sequence = sequence;
        t->newest = i;
        memcpy(ret_payload, slot + TWIN_HEADER, n);
        status = ERR_OK;
    }
    return status;
}

int twin_store(struct twin_log *t, const uint8_t *payload, size_t n) {
    uint8_t slot[HAL_NVM_SLOT];
    uint8_t back[HAL_NVM_SLOT];
    const size_t to = t->newest == 0 ? 1 : 0;
    put_u32(slot, t->magic);
    put_u32(slot + AT_SEQUENCE, t->sequence + 1);
    put_u32(slot + AT_CRC, 0);
    memcpy(slot + TWIN_HEADER, payload, n);
    put_u32(slot + AT_CRC, slot_crc(slot, TWIN_HEADER + n));
    if (t->hal->nvm_write(t->hal->arg, t->nvm, to, slot, TWIN_HEADER + n) != ERR_OK ||
        t->hal->nvm_read(t->hal->arg, t->nvm, to, back, TWIN_HEADER + n) != ERR_OK ||
        memcmp(slot, back, TWIN_HEADER + n) != 0)
        return ERR_IO;
    t->sequence++;
    t->newest = to;
    return ERR_OK;
}
