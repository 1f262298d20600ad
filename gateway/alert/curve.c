#include "alert/curve.h"

#include "base/err.h"
#include "base/pack.h"

size_t alert_curve_pack(const struct alert_curve *c, uint8_t out[ALERT_CURVE_BYTES]) {
    struct pack p;
    pack_init(&p, out, ALERT_CURVE_BYTES);
    uint64_t before = 0;
    uint32_t count = c->count < ALERT_CURVE_MAX ? c->count : ALERT_CURVE_MAX;
    pack_varint(&p, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_signed(&p, (int64_t)((uint64_t)c->t[i] - before));
        pack_f64(&p, c->value[i]);
        before = (uint64_t)c->t[i];
    }
    return p.len;
}

int alert_curve_unpack(const void *bytes, size_t n, struct alert_curve *ret) {
    struct alert_curve c = {0};
    struct unpack u;
    uint64_t before = 0;
    unpack_init(&u, bytes, n);
    uint64_t count = n == 0 ? 0 : unpack_varint(&u);
    if (count > ALERT_CURVE_MAX)
        return ERR_CORRUPT;
    for (; !u.bad && c.count < count; c.count++) {
        before += (uint64_t)unpack_signed(&u); /* wraps as the writer's difference does */
        c.t[c.count] = (ms_t)before;
        c.value[c.count] = unpack_f64(&u);
    }
    if (u.bad || u.at != u.end)
        return ERR_CORRUPT;
    *ret = c;
    return ERR_OK;
}
