/* A board of arithmetic: line, memories, samples and time are plain variables, so that a test can
 * say what happens when, and cut the power at any byte. */
#ifndef NODE_TEST_BOARD_RIG_H
#define NODE_TEST_BOARD_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/node.h"
#include "base/err.h"
#include "hal/synth.h"

struct board {
    struct hal hal;
    uint32_t now_us;
    uint32_t baud;
    enum hal_parity parity;
    uint8_t received[512];
    size_t received_n;
    size_t received_read;
    uint32_t last_byte_us;
    bool broken;
    uint8_t sent[512];
    size_t sent_n;
    int sends;
    bool transmission_complete;
    bool driver;
    bool driver_while_silent; /* the driver went off before the transmission was complete */
    uint8_t memory[HAL_NVM_COUNT][HAL_NVM_SLOTS][HAL_NVM_SLOT];
    int bytes_until_cut; /* < 0: power stays */
    bool dead;
    int kicks;
    int restarts;
    bool stack_overrun;
    uint32_t lost;
    enum hal_reset cause;
    struct synth *synth; /* NULL: no samples */
    int sets_ready;
};

static inline uint32_t board_now_us(void *arg) {
    return ((struct board *)arg)->now_us;
}

static inline void board_uart_open(void *arg, uint32_t baud, enum hal_parity parity) {
    struct board *b = arg;
    b->baud = baud;
    b->parity = parity;
}

static inline size_t board_uart_read(void *arg, uint8_t *bytes, size_t n, uint32_t *ret_last_us,
                                     bool *ret_broken) {
    struct board *b = arg;
    size_t k = 0;
    while (k < n && b->received_read < b->received_n)
        bytes[k++] = b->received[b->received_read++];
    if (b->broken)
        *ret_broken = true;
    b->broken = false;
    *ret_last_us = b->last_byte_us;
    return k;
}

static inline void board_uart_send(void *arg, const uint8_t *bytes, size_t n) {
    struct board *b = arg;
    assert_true(b->driver);
    memcpy(b->sent, bytes, n);
    b->sent_n = n;
    b->sends++;
    b->transmission_complete = false;
}

static inline bool board_uart_sent(void *arg) {
    return ((struct board *)arg)->transmission_complete;
}

static inline void board_driver(void *arg, bool on) {
    struct board *b = arg;
    if (b->driver && !on && !b->transmission_complete)
        b->driver_while_silent = true;
    b->driver = on;
}

static inline bool board_adc_next(void *arg, struct sample_set *ret_set, uint32_t *ret_lost) {
    struct board *b = arg;
    *ret_lost += b->lost;
    b->lost = 0;
    if (b->synth == NULL || b->sets_ready == 0)
        return false;
    b->sets_ready--;
    synth_next(b->synth, ret_set);
    return true;
}

static inline int board_nvm_read(void *arg, enum hal_nvm nvm, size_t slot, uint8_t *bytes,
                                 size_t n) {
    struct board *b = arg;
    if (b->dead)
        return ERR_IO;
    memcpy(bytes, b->memory[nvm][slot], n);
    return ERR_OK;
}

static inline int board_nvm_write(void *arg, enum hal_nvm nvm, size_t slot, const uint8_t *bytes,
                                  size_t n) {
    struct board *b = arg;
    for (size_t i = 0; i < n; i++) {
        if (b->dead || b->bytes_until_cut == 0) {
            b->dead = true;
            return ERR_IO;
        }
        if (b->bytes_until_cut > 0)
            b->bytes_until_cut--;
        b->memory[nvm][slot][i] = bytes[i];
    }
    return ERR_OK;
}

static inline void board_kick(void *arg) {
    ((struct board *)arg)->kicks++;
}

static inline enum hal_reset board_cause(void *arg) {
    return ((struct board *)arg)->cause;
}

static inline bool board_stack(void *arg) {
    return !((struct board *)arg)->stack_overrun;
}

static inline void board_restart(void *arg) {
    ((struct board *)arg)->restarts++;
}

static inline void board_init(struct board *b) {
    *b = (struct board){.bytes_until_cut = -1, .transmission_complete = true};
    b->hal = (struct hal){
        .arg = b,
        .now_us = board_now_us,
        .uart_open = board_uart_open,
        .uart_read = board_uart_read,
        .uart_send = board_uart_send,
        .uart_sent = board_uart_sent,
        .driver_enable = board_driver,
        .adc_next = board_adc_next,
        .nvm_read = board_nvm_read,
        .nvm_write = board_nvm_write,
        .watchdog_kick = board_kick,
        .reset_cause = board_cause,
        .stack_intact = board_stack,
        .restart = board_restart,
    };
}

/* The power comes back: what was written stays. */
static inline void board_power_on(struct board *b) {
    b->dead = false;
    b->bytes_until_cut = -1;
    b->received_n = b->received_read = 0;
    b->transmission_complete = true;
}

/* Bytes arrive on the line now. */
static inline void board_receive(struct board *b, const uint8_t *bytes, size_t n) {
    if (b->received_read == b->received_n)
        b->received_n = b->received_read = 0;
    memcpy(b->received + b->received_n, bytes, n);
    b->received_n += n;
    b->last_byte_us = b->now_us;
}

#endif
