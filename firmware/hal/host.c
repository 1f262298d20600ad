#include "hal/host.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "hal/feeder.h"
#include "wire/rtu.h"

#define SET_US 250

static uint64_t clock_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint32_t now_us(void *arg) {
    (void)arg;
    return (uint32_t)clock_us();
}

static void uart_open(void *arg, uint32_t baud, enum hal_parity parity) {
    struct host *h = arg;
    (void)parity; /* a pty has none */
    h->baud = baud;
    h->sending = NULL;
}

static size_t uart_read(void *arg, uint8_t *bytes, size_t n, uint32_t *ret_last_us,
                        bool *ret_broken) {
    struct host *h = arg;
    (void)ret_broken;
    const ssize_t k = read(h->line, bytes, n);
    if (k > 0)
        h->last_byte_us = now_us(h);
    *ret_last_us = h->last_byte_us;
    return k > 0 ? (size_t)k : 0;
}

static void uart_send(void *arg, const uint8_t *bytes, size_t n) {
    struct host *h = arg;
    h->sending = bytes;
    h->sending_n = n;
    h->sent_us = now_us(h) + rtu_chars_us(h->baud, n);
}

static bool uart_sent(void *arg) {
    struct host *h = arg;
    if (h->sending == NULL)
        return true;
    if ((int32_t)(now_us(h) - h->sent_us) < 0)
        return false;
    /* Without the driver nothing reaches the line; a full pty loses what a dead client never read.
     */
    if (h->driver && write(h->line, h->sending, h->sending_n) < 0)
        tcflush(h->line, TCIOFLUSH);
    h->sending = NULL;
    return true;
}

static void driver_enable(void *arg, bool on) {
    ((struct host *)arg)->driver = on;
}

static bool adc_next(void *arg, struct sample_set *ret_set, uint32_t *ret_lost) {
    struct host *h = arg;
    (void)ret_lost;
    if (h->sets * SET_US >= clock_us() - h->begun_us)
        return false;
    h->sets++;
    synth_next(&h->synth, ret_set);
    return true;
}

static off_t slot_at(enum hal_nvm nvm, size_t slot) {
    return (off_t)(((size_t)nvm * HAL_NVM_SLOTS + slot) * HAL_NVM_SLOT);
}

static int nvm_read(void *arg, enum hal_nvm nvm, size_t slot, uint8_t *bytes, size_t n) {
    struct host *h = arg;
    memset(bytes, 0, n); /* a short file is a blank memory */
    return pread(h->memory, bytes, n, slot_at(nvm, slot)) < 0 ? ERR_IO : ERR_OK;
}

static int nvm_write(void *arg, enum hal_nvm nvm, size_t slot, const uint8_t *bytes, size_t n) {
    struct host *h = arg;
    return pwrite(h->memory, bytes, n, slot_at(nvm, slot)) == (ssize_t)n ? ERR_OK : ERR_IO;
}

static void watchdog_kick(void *arg) {
    (void)arg; /* nobody watches a process */
}

static enum hal_reset reset_cause(void *arg) {
    (void)arg;
    return HAL_RESET_POWER;
}

static bool stack_intact(void *arg) {
    (void)arg;
    return true; /* the system guards a process's stack */
}

static void restart(void *arg) {
    (void)arg;
    exit(0);
}

int host_open(struct host *h, const char *memory_path) {
    struct termios raw;
    memset(h, 0, sizeof *h);
    if (openpty(&h->line, &h->keep_open, h->name, NULL, NULL) != 0)
        return ERR_IO;
    tcgetattr(h->keep_open, &raw);
    cfmakeraw(&raw);
    tcsetattr(h->keep_open, TCSANOW, &raw);
    fcntl(h->line, F_SETFL, O_NONBLOCK);
    h->memory = open(memory_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (h->memory < 0)
        return ERR_IO;
    feeder_init(&h->synth);
    h->begun_us = clock_us();
    h->hal = (struct hal){
        .arg = h,
        .now_us = now_us,
        .uart_open = uart_open,
        .uart_read = uart_read,
        .uart_send = uart_send,
        .uart_sent = uart_sent,
        .driver_enable = driver_enable,
        .adc_next = adc_next,
        .nvm_read = nvm_read,
        .nvm_write = nvm_write,
        .watchdog_kick = watchdog_kick,
        .reset_cause = reset_cause,
        .stack_intact = stack_intact,
        .restart = restart,
    };
    return ERR_OK;
}

void host_idle(struct host *h) {
    struct pollfd line = {.fd = h->line, .events = POLLIN};
    const struct timespec set = {.tv_nsec = SET_US * 1000};
    ppoll(&line, 1, &set, NULL);
}
