#include "app/rtu_port.h"

#include <string.h>

#include "app/server.h"
#include "wire/crc16.h"

#define BROADCAST 0
#define SHORTEST  4 /* unit, function, CRC */

void rtu_port_open(struct rtu_port *p, const struct hal *hal, struct state *state) {
    const uint32_t baud = 100 * (uint32_t)settings_get(&state->settings, SETTING_BAUD);
    memset(p, 0, sizeof *p);
    p->hal = hal;
    p->state = state;
    p->unit = (uint8_t)settings_get(&state->settings, SETTING_UNIT_ID);
    p->silence_us = rtu_silence_us(baud);
    hal->driver_enable(hal->arg, false);
    hal->uart_open(hal->arg, baud, (enum hal_parity)settings_get(&state->settings, SETTING_PARITY));
}

static bool frame_good(const struct rtu_port *p) {
    if (p->broken || p->length < SHORTEST || p->length > RTU_MAX)
        return false;
    const uint16_t crc = (uint16_t)(p->frame[p->length - 1] << 8 | p->frame[p->length - 2]);
    return crc16(p->frame, p->length - 2) == crc;
}

static bool writes(uint8_t function) {
    return function == PDU_WRITE_SINGLE || function == PDU_WRITE_MULTIPLE;
}

static void answer(struct rtu_port *p) {
    uint8_t reply[PDU_MAX];
    const uint8_t *pdu = p->frame + 1;
    const size_t pdu_len = p->length - 3;
    if (p->frame[0] == BROADCAST) {
        /* Only writes are broadcast; nobody answers. */
        if (writes(pdu[0]))
            server_handle(p->state, pdu, pdu_len, reply);
        return;
    }
    if (p->frame[0] != p->unit)
        return;
    p->state->count[COUNT_FRAMES]++;
    const size_t n = server_handle(p->state, pdu, pdu_len, reply);
    const int length = rtu_build(p->unit, reply, n, p->frame);
    p->hal->driver_enable(p->hal->arg, true);
    p->hal->uart_send(p->hal->arg, p->frame, (size_t)length);
    p->sending = true;
}

static void end_frame(struct rtu_port *p) {
    if (frame_good(p))
        answer(p);
    else
        p->state->count[COUNT_FRAMES_BROKEN]++;
    p->length = 0;
    p->broken = false;
}

static void take_bytes(struct rtu_port *p, uint32_t *ret_last_us) {
    uint8_t bytes[64];
    for (;;) {
        const size_t n =
            p->hal->uart_read(p->hal->arg, bytes, sizeof bytes, ret_last_us, &p->broken);
        if (n == 0)
            return;
        if (p->sending) /* our own echo, or a client that does not listen */
            continue;
        for (size_t i = 0; i < n; i++, p->length += p->length <= RTU_MAX) {
            if (p->length < RTU_MAX)
                p->frame[p->length] = bytes[i];
        }
    }
}

void rtu_port_poll(struct rtu_port *p) {
    uint32_t last_us = 0;
    take_bytes(p, &last_us);
    if (p->sending) {
        if (!p->hal->uart_sent(p->hal->arg))
            return;
        p->hal->driver_enable(p->hal->arg, false);
        p->sending = false;
        p->broken = false;
        return;
    }
    if (p->length > 0 && p->hal->now_us(p->hal->arg) - last_us >= p->silence_us)
        end_frame(p);
}
