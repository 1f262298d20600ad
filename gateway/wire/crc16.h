/* CRC-16/MODBUS (polynomial 0x8005 reflected, start 0xFFFF). Pure, freestanding.
 * Source: MODBUS over Serial Line V1.02, appendix B; check value of "123456789" is 0x4B37. */
#ifndef BUSBAR_WIRE_CRC16_H
#define BUSBAR_WIRE_CRC16_H

#include <stddef.h>
#include <stdint.h>

uint16_t crc16(const uint8_t *bytes, size_t n);

#endif
