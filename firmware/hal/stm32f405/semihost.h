/* A file of the emulator's host as non-volatile memory; ERR_IO when there is none. */
#ifndef NODE_STM32F405_SEMIHOST_H
#define NODE_STM32F405_SEMIHOST_H

#include <stddef.h>
#include <stdint.h>

void semihost_open(void);
int semihost_read(uint32_t offset, uint8_t *bytes, size_t n);
int semihost_write(uint32_t offset, const uint8_t *bytes, size_t n);

#endif
