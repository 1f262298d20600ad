#include <string.h>

#include "sim/damage.h"
#include "wire/crc16.h"

#define CRC_BYTES 2

static void set_u16(uint8_t *at, unsigned v) {
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static void renew_crc(uint8_t *frame, size_t n) {
    uint16_t crc = crc16(frame, n - CRC_BYTES);

    frame[n - 2] = (uint8_t)crc;
    frame[n - 1] = (uint8_t)(crc >> 8);
}

/* More data than was asked for; every length field agrees with the bytes that follow, as far as it
 * can hold them. */
static size_t enlarge(uint8_t *frame, size_t n, size_t more, enum codec_framing framing) {
    size_t head = framing == CODEC_TCP ? 8 : 2; /* where the byte count stands */

    if (framing == CODEC_RTU)
        n -= CRC_BYTES;
    memset(frame + n, 0x55, more);
    n += more;
    frame[head] = (uint8_t)(frame[head] + more);
    if (framing == CODEC_TCP) {
        set_u16(frame + 4, (unsigned)(n - 6));
        return n;
    }
    n += CRC_BYTES;
    renew_crc(frame, n);
    return n;
}

size_t damage_reply(const struct fault *f, enum codec_framing framing, uint8_t *frame, size_t n) {
    switch ((int)f->kind) {
    case FAULT_WRONG_UNIT:
        frame[framing == CODEC_TCP ? 6 : 0]++;
        if (framing == CODEC_RTU)
            renew_crc(frame, n);
        return n;
    case FAULT_WRONG_TRANSACTION:
        set_u16(frame, ((unsigned)frame[0] << 8 | frame[1]) + 1u);
        return n;
    case FAULT_TRUNCATED:
        return n / 2;
    case FAULT_OVERSIZED:
        return enlarge(frame, n, f->bytes, framing);
    case FAULT_BAD_CRC:
        frame[n - 1] ^= 0xFF;
        return n;
    default:
        return n;
    }
}
