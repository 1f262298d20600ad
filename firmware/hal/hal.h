/* What the node asks of the board: one struct of functions. The application knows nothing else of
 * the machine; arg is handed to each function. No function waits, but nvm_write. */
#ifndef NODE_HAL_HAL_H
#define NODE_HAL_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/channel.h"

enum hal_parity { HAL_PARITY_NONE, HAL_PARITY_EVEN, HAL_PARITY_ODD };

/* Non-volatile memories: counters in an FRAM, settings in internal flash. */
enum hal_nvm { HAL_NVM_COUNTERS, HAL_NVM_SETTINGS, HAL_NVM_COUNT };
#define HAL_NVM_SLOTS 2   /* each memory has two slots, written as a whole */
#define HAL_NVM_SLOT  128 /* bytes */

enum hal_reset {
    HAL_RESET_POWER,
    HAL_RESET_BROWN_OUT,
    HAL_RESET_PIN,
    HAL_RESET_WATCHDOG,
    HAL_RESET_SOFTWARE,
    HAL_RESET_FAULT /* hard fault or a broken stack guard */
};

struct hal {
    void *arg;
    float current_late_s; /* how long after its voltage each current is sampled */
    float droop_s;        /* the time over which each sample is an average */

    /* Microseconds that run round. */
    uint32_t (*now_us)(void *arg);

    /* Serial line. One start bit, 8 data bits, parity, one stop bit. */
    void (*uart_open)(void *arg, uint32_t baud, enum hal_parity parity);
    /* Up to n received bytes; *ret_last_us is when the last byte so far came, and *ret_broken is
     * set when a character had a parity, framing or overrun error. */
    size_t (*uart_read)(void *arg, uint8_t *bytes, size_t n, uint32_t *ret_last_us,
                        bool *ret_broken);
    /* Starts to send; the bytes stay where they are until uart_sent() is true. */
    void (*uart_send)(void *arg, const uint8_t *bytes, size_t n);
    /* The stop bit of the last byte has left the shift register. */
    bool (*uart_sent)(void *arg);
    /* The RS-485 driver: on, it holds the line. */
    void (*driver_enable)(void *arg, bool on);

    /* The next set of samples, if there is one. Sets lost since the last call are added to
     * *ret_lost. */
    bool (*adc_next)(void *arg, struct sample_set *ret_set, uint32_t *ret_lost);

    /* All bytes or an error (base/err.h). The order of writing is the order of the bytes. */
    int (*nvm_read)(void *arg, enum hal_nvm nvm, size_t slot, uint8_t *bytes, size_t n);
    int (*nvm_write)(void *arg, enum hal_nvm nvm, size_t slot, const uint8_t *bytes, size_t n);

    void (*watchdog_kick)(void *arg);
    enum hal_reset (*reset_cause)(void *arg);
    bool (*stack_intact)(void *arg);
    void (*restart)(void *arg);
};

#endif
