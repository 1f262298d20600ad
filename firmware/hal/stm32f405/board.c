/* The real board: clocks, pins, watchdog, reset cause. Not proven on hardware.
 *
 * 8 MHz crystal. PC0 U1, PC1 I1, PC2 U2, PC3 I2, PC4 U3, PC5 I3, PB0 IN; PA9 TX, PA10 RX, PA8
 * driver enable; PB12 to PB15 FRAM (select, clock, data in, data out). */
#include "base/err.h"
#include "hal/stm32f405/chip.h"
#include "hal/stm32f405/registers.h"

#define HSE_ON    (1U << 16)
#define HSE_READY (1U << 17)
#define PLL_ON    (1U << 24)
#define PLL_READY (1U << 25)
/* 8 MHz / 8 * 336 / 2 = 168 MHz; the 48 MHz clock / 7 */
#define PLL_SETUP (8U | 336U << 6 | 0U << 16 | 1U << 22 | 7U << 24)
#define BUSES     (5U << 10 | 4U << 13) /* APB1 / 4, APB2 / 2 */
#define USE_PLL   2U
#define PLL_USED  (2U << 2)
#define FLASH_5WS 0x705U /* five wait states, prefetch, both caches */

#define CSR_CLEAR     (1U << 24)
#define CSR_BROWN_OUT (1U << 25)
#define CSR_PIN       (1U << 26)
#define CSR_POWER     (1U << 27)
#define CSR_SOFTWARE  (1U << 28)
#define CSR_WATCHDOG  (1U << 29)

#define IWDG_START  0xCCCCU
#define IWDG_UNLOCK 0x5555U
#define IWDG_KICK   0xAAAAU
#define IWDG_PER_64 4U
#define IWDG_4_S    2000U /* of the 32 kHz oscillator, which may be off by a third */

#define DRIVER_PIN 8

static void open_clocks(void) {
    RCC_CR |= HSE_ON;
    while ((RCC_CR & HSE_READY) == 0) {
    }
    FLASH_ACR = FLASH_5WS;
    RCC_CFGR = BUSES;
    RCC_PLLCFGR = PLL_SETUP;
    RCC_CR |= PLL_ON;
    while ((RCC_CR & PLL_READY) == 0) {
    }
    RCC_CFGR |= USE_PLL;
    while ((RCC_CFGR & PLL_USED) == 0) {
    }
    RCC_AHB1ENR |= 7U | 1U << 22;               /* ports A to C, DMA2 */
    RCC_APB1ENR |= 1U << 14 | 1U << 28;         /* SPI2, power */
    RCC_APB2ENR |= 1U << 1 | 1U << 4 | 1U << 8; /* TIM8, USART1, ADC1 */
}

static void open_pins(void) {
    /* A: 8 output, 9 and 10 alternate function 7, pull-ups and debug port as they are */
    GPIO_BSRR(GPIOA) = 1U << (DRIVER_PIN + 16);
    GPIO_MODER(GPIOA) = (GPIO_MODER(GPIOA) & ~(0x3FU << 16)) | 0x29U << 16;
    GPIO_AFRH(GPIOA) = (GPIO_AFRH(GPIOA) & ~0xFF0U) | 0x770U;
    /* B: 0 analogue, 12 output and high, 13 to 15 alternate function 5 */
    GPIO_BSRR(GPIOB) = 1U << 12;
    GPIO_MODER(GPIOB) = (GPIO_MODER(GPIOB) & ~(0xFFU << 24)) | 0xA9U << 24 | 3U;
    GPIO_SPEED(GPIOB) |= 0xAAU << 24;
    GPIO_AFRH(GPIOB) = (GPIO_AFRH(GPIOB) & ~0xFFF00000U) | 0x55500000U;
    /* C: 0 to 5 analogue */
    GPIO_MODER(GPIOC) |= 0xFFFU;
}

static void driver_enable(void *arg, bool on) {
    (void)arg;
    GPIO_BSRR(GPIOA) = on ? 1U << DRIVER_PIN : 1U << (DRIVER_PIN + 16);
}

static void watchdog_kick(void *arg) {
    (void)arg;
    IWDG_KR = IWDG_KICK;
}

static enum hal_reset reset_cause(void *arg) {
    (void)arg;
    const uint32_t csr = RCC_CSR;
    RCC_CSR |= CSR_CLEAR;
    if (chip_take_fault_mark())
        return HAL_RESET_FAULT;
    if ((csr & CSR_WATCHDOG) != 0)
        return HAL_RESET_WATCHDOG;
    if ((csr & CSR_SOFTWARE) != 0)
        return HAL_RESET_SOFTWARE;
    if ((csr & CSR_POWER) != 0)
        return HAL_RESET_POWER;
    return (csr & CSR_BROWN_OUT) != 0 ? HAL_RESET_BROWN_OUT : HAL_RESET_PIN;
}

static int nvm_read(void *arg, enum hal_nvm nvm, size_t slot, uint8_t *bytes, size_t n) {
    (void)arg;
    return nvm == HAL_NVM_COUNTERS ? fram_read(slot, bytes, n)
                                   : flash_settings_read(slot, bytes, n);
}

static int nvm_write(void *arg, enum hal_nvm nvm, size_t slot, const uint8_t *bytes, size_t n) {
    (void)arg;
    return nvm == HAL_NVM_COUNTERS ? fram_write(slot, bytes, n)
                                   : flash_settings_write(slot, bytes, n);
}

void board_open(struct hal *hal) {
    open_clocks();
    open_pins();
    fram_open();
    adc_open();
    IWDG_KR = IWDG_UNLOCK;
    IWDG_PR = IWDG_PER_64;
    IWDG_RLR = IWDG_4_S;
    IWDG_KR = IWDG_START;
    hal->adc_next = adc_next;
    hal->nvm_read = nvm_read;
    hal->nvm_write = nvm_write;
    hal->driver_enable = driver_enable;
    hal->watchdog_kick = watchdog_kick;
    hal->reset_cause = reset_cause;
    hal->droop_s = 1.0f / SAMPLE_HZ;
    hal->current_late_s = 27.0f / 21e6f; /* the next conversion of the sequence */
}
