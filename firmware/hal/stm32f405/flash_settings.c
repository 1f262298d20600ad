/* The settings' two slots: sectors 1 and 2 of the internal flash, 16 KiB each. Erasing one stalls
 * the core for up to half a second; samples are lost meanwhile, and told. Not proven on hardware.
 */
#include <string.h>

#include "base/err.h"
#include "hal/stm32f405/chip.h"
#include "hal/stm32f405/registers.h"

#define SECTOR_1     0x08004000U
#define SECTOR_BYTES 0x4000U
#define KEY_1        0x45670123U
#define KEY_2        0xCDEF89ABU
#define CR_PROGRAM   1U
#define CR_ERASE     2U
#define CR_SECTOR(n) ((uint32_t)(n) << 3)
#define CR_WORDS     (2U << 8)
#define CR_START     (1U << 16)
#define CR_LOCK      (1U << 31)
#define SR_BUSY      (1U << 16)
#define SR_ERRORS    0xF2U

static uint32_t place(size_t slot) {
    return SECTOR_1 + (uint32_t)slot * SECTOR_BYTES;
}

int flash_settings_read(size_t slot, uint8_t *bytes, size_t n) {
    memcpy(bytes, (const void *)(uintptr_t)place(slot), n);
    return ERR_OK;
}

static void wait(void) {
    while ((FLASH_SR & SR_BUSY) != 0) {
    }
}

int flash_settings_write(size_t slot, const uint8_t *bytes, size_t n) {
    FLASH_KEYR = KEY_1;
    FLASH_KEYR = KEY_2;
    FLASH_SR = SR_ERRORS;
    FLASH_CR = CR_WORDS | CR_ERASE | CR_SECTOR(1 + slot);
    FLASH_CR |= CR_START;
    wait();
    FLASH_CR = CR_WORDS | CR_PROGRAM;
    for (size_t i = 0; i < n; i += 4) {
        uint32_t word = UINT32_MAX;
        memcpy(&word, bytes + i, n - i < 4 ? n - i : 4);
        REGISTER(place(slot) + i) = word;
        wait();
    }
    const bool failed = (FLASH_SR & SR_ERRORS) != 0;
    FLASH_CR = CR_LOCK;
    return failed ? ERR_IO : ERR_OK;
}
