#include "base/hash.h"

#define FNV_PRIME 0x100000001B3u

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n) {
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ b[i]) * FNV_PRIME;
    }
    return hash;
}

uint64_t hash_file(uint64_t hash, const void *bytes, size_t n) {
    unsigned char length[8];
    for (int i = 0; i < 8; i++) {
        length[i] = (unsigned char)((uint64_t)n >> (8 * i));
    }
    return hash_bytes(hash_bytes(hash, length, sizeof length), bytes, n);
}

void hash_hex(uint64_t hash, char out[17]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        out[i] = digits[(hash >> (60 - 4 * i)) & 15];
    }
    out[16] = 0;
}
