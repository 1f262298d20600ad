/* The emulated board: made samples at the pace of SysTick, a file as memory. QEMU models
 * neither the converter's DMA nor the watchdog nor the driver's pin: those are left out here. */
#include "base/err.h"
#include "hal/stm32f405/chip.h"
#include "hal/stm32f405/emulated_samples.h"
#include "hal/stm32f405/semihost.h"

static uint32_t place(enum hal_nvm nvm, size_t slot) {
    return (uint32_t)(((size_t)nvm * HAL_NVM_SLOTS + slot) * HAL_NVM_SLOT);
}

static int nvm_read(void *arg, enum hal_nvm nvm, size_t slot, uint8_t *bytes, size_t n) {
    (void)arg;
    return semihost_read(place(nvm, slot), bytes, n);
}

static int nvm_write(void *arg, enum hal_nvm nvm, size_t slot, const uint8_t *bytes, size_t n) {
    (void)arg;
    return semihost_write(place(nvm, slot), bytes, n);
}

static void no_driver(void *arg, bool on) {
    (void)arg;
    (void)on;
}

static void no_watchdog(void *arg) {
    (void)arg;
}

static enum hal_reset reset_cause(void *arg) {
    (void)arg;
    return chip_take_fault_mark() ? HAL_RESET_FAULT : HAL_RESET_POWER;
}

void board_open(struct hal *hal) {
    emulated_samples_open();
    semihost_open();
    hal->adc_next = emulated_samples_next;
    hal->nvm_read = nvm_read;
    hal->nvm_write = nvm_write;
    hal->driver_enable = no_driver;
    hal->watchdog_kick = no_watchdog;
    hal->reset_cause = reset_cause;
}
