#include "sim/model_counter.h"

#define MS_PER_HOUR 3600000

void register_add(struct counter *c, int64_t power_milliw, ms_t dt_ms) {
    /* whole and fraction apart: a product of a large power and a long step stays in 64 bits */
    int64_t whole = power_milliw / MS_PER_HOUR, rest = power_milliw % MS_PER_HOUR;
    int64_t part = c->part + rest * dt_ms;

    c->mwh += whole * dt_ms + part / MS_PER_HOUR;
    c->part = part % MS_PER_HOUR;
}

double counter_wh(const struct counter *c) {
    return (double)c->mwh / 1000.0;
}
