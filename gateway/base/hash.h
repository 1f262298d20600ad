/* FNV-1a, 64 bits: tells one configuration from another; no defence against forgery. */
#ifndef BUSBAR_BASE_HASH_H
#define BUSBAR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START 0xCBF29CE484222325u

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n);
/* One file of several: its length goes in first, so that no two splits look alike. */
uint64_t hash_file(uint64_t hash, const void *bytes, size_t n);
void hash_hex(uint64_t hash, char out[17]);

#endif
