#include "base/pack.h"

static void put_le(struct pack *p, uint64_t bits, unsigned bytes) {
    uint8_t out[8];
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(bits >> (8 * i));
    pack_bytes(p, out, bytes);
}

void pack_f32(struct pack *p, double v) {
    float f = (float)v;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    put_le(p, bits, 4);
}

void pack_f64(struct pack *p, double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_le(p, bits, 8);
}

void pack_text(struct pack *p, const char *text) {
    if (!text) {
        pack_varint(p, 0);
        return;
    }
    size_t n = strlen(text);
    pack_varint(p, n + 1);
    pack_bytes(p, text, n);
}

const uint8_t *unpack_bytes(struct unpack *u, size_t n) {
    if ((size_t)(u->end - u->at) < n) {
        u->bad = true;
        u->at = u->end;
        return NULL;
    }
    const uint8_t *bytes = u->at;
    u->at += n;
    return bytes;
}

static uint64_t get_le(struct unpack *u, unsigned bytes) {
    const uint8_t *in = unpack_bytes(u, bytes);
    uint64_t bits = 0;
    for (unsigned i = 0; in && i < bytes; i++)
        bits |= (uint64_t)in[i] << (8 * i);
    return bits;
}

double unpack_f32(struct unpack *u) {
    uint32_t bits = (uint32_t)get_le(u, 4);
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

double unpack_f64(struct unpack *u) {
    uint64_t bits = get_le(u, 8);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

bool unpack_text(struct unpack *u, const char **ret_text, size_t *ret_n) {
    uint64_t n = unpack_varint(u);
    if (n == 0 || u->bad)
        return false;
    if (n - 1 > (uint64_t)(u->end - u->at)) {
        u->bad = true;
        return false;
    }
    *ret_text = (const char *)unpack_bytes(u, (size_t)(n - 1));
    *ret_n = (size_t)(n - 1);
    return true;
}
