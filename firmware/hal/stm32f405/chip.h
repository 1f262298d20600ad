/* The parts of the board's code and what they offer each other. One main loop; interrupts fill
 * rings. */
#ifndef NODE_STM32F405_CHIP_H
#define NODE_STM32F405_CHIP_H

#include "hal/hal.h"

/* startup.c */
bool stack_guard_intact(void);
_Noreturn void chip_restart(void);
bool chip_take_fault_mark(void); /* true: the last reset came from a fault handler */

/* tick.c: SysTick at the sample rate is the clock */
void tick_open(void);
uint32_t tick_now_us(void);
uint32_t tick_count(void);

/* uart.c */
void uart_open(void *arg, uint32_t baud, enum hal_parity parity);
size_t uart_read(void *arg, uint8_t *bytes, size_t n, uint32_t *ret_last_us, bool *ret_broken);
void uart_send(void *arg, const uint8_t *bytes, size_t n);
bool uart_sent(void *arg);

/* board.c, or board_qemu.c: fills in what differs, after clocks and pins are set up */
void board_open(struct hal *hal);

/* adc_dma.c */
void adc_open(void);
bool adc_next(void *arg, struct sample_set *ret_set, uint32_t *ret_lost);
#define ADC_AVERAGE 16 /* conversions of a channel in a sample */

/* fram.c, flash_settings.c */
void fram_open(void);
int fram_read(size_t slot, uint8_t *bytes, size_t n);
int fram_write(size_t slot, const uint8_t *bytes, size_t n);
int flash_settings_read(size_t slot, uint8_t *bytes, size_t n);
int flash_settings_write(size_t slot, const uint8_t *bytes, size_t n);

/* Interrupt handlers; the vectors name them. */
void reset_handler(void);
void tick_handler(void);
void uart_handler(void);
void adc_handler(void);

#endif
