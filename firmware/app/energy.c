#include "app/energy.h"

#include <math.h>

static float phases_sum(const float *phase, float no_load_w) {
    float sum = 0.0f;
    for (int p = 0; p < PHASES; p++)
        sum += fabsf(phase[p]) >= no_load_w ? phase[p] : 0.0f;
    return sum;
}

static void count(struct energy *e, enum energy_kind kind, float power, float seconds) {
    const float mj = 1000.0f * power * seconds + e->carry_mj[kind];
    const float whole = floorf(mj);
    e->mj[kind] += (uint64_t)whole;
    e->carry_mj[kind] = mj - whole;
}

void energy_add(struct energy *e, const struct reading *r, float seconds, float no_load_w) {
    const float active = phases_sum(&r->value[VALUE_ACTIVE], no_load_w);
    const float reactive = phases_sum(&r->value[VALUE_REACTIVE], no_load_w);
    const float apparent = phases_sum(&r->value[VALUE_APPARENT], no_load_w);
    const enum energy_kind quadrant = reactive >= 0.0f ? (active >= 0.0f ? ENERGY_Q1 : ENERGY_Q2)
                                                       : (active >= 0.0f ? ENERGY_Q4 : ENERGY_Q3);
    count(e, active >= 0.0f ? ENERGY_IMPORT : ENERGY_EXPORT, fabsf(active), seconds);
    count(e, quadrant, fabsf(reactive), seconds);
    count(e, ENERGY_APPARENT, apparent, seconds);
}
