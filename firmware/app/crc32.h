/* CRC-32 (ISO-HDLC, polynomial 0x04C11DB7 reflected); "123456789" gives 0xCBF43926. Pure. */
#ifndef NODE_APP_CRC32_H
#define NODE_APP_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32(const uint8_t *bytes, size_t n);

#endif
