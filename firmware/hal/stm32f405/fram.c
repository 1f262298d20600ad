/* The counters' FRAM (FM25V02 or alike, 16-bit addresses) on SPI2 at 10.5 MHz: a record takes some
 * 150 us. Not proven on hardware. */
#include "base/err.h"
#include "hal/stm32f405/chip.h"
#include "hal/stm32f405/registers.h"

#define FRAM_WRITE  0x02
#define FRAM_READ   0x03
#define FRAM_ENABLE 0x06
#define SELECT_PIN  12
#define SPI_SETUP   (1U << 2 | 1U << 3 | 1U << 6 | 3U << 8) /* master, / 4, on, software select */
#define SPI_RXNE    1U
#define PATIENCE    10000

static bool spi_alive;

static uint8_t exchange(uint8_t byte) {
    int patience = PATIENCE;
    SPI2_DR = byte;
    while ((SPI2_SR & SPI_RXNE) == 0 && patience > 0)
        patience--;
    spi_alive = spi_alive && patience > 0;
    return (uint8_t)SPI2_DR;
}

static void fram_select(bool on) {
    GPIO_BSRR(GPIOB) = on ? 1U << (SELECT_PIN + 16) : 1U << SELECT_PIN;
}

static void begin(uint8_t command, size_t slot) {
    const size_t address = slot * HAL_NVM_SLOT;
    spi_alive = true;
    fram_select(true);
    exchange(command);
    exchange((uint8_t)(address >> 8));
    exchange((uint8_t)address);
}

void fram_open(void) {
    SPI2_CR1 = SPI_SETUP;
}

int fram_read(size_t slot, uint8_t *bytes, size_t n) {
    begin(FRAM_READ, slot);
    for (size_t i = 0; i < n; i++)
        bytes[i] = exchange(0);
    fram_select(false);
    return spi_alive ? ERR_OK : ERR_IO;
}

int fram_write(size_t slot, const uint8_t *bytes, size_t n) {
    fram_select(true);
    exchange(FRAM_ENABLE); /* ends with each write */
    fram_select(false);
    begin(FRAM_WRITE, slot);
    for (size_t i = 0; i < n; i++)
        exchange(bytes[i]);
    fram_select(false);
    return spi_alive ? ERR_OK : ERR_IO;
}
