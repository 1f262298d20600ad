#include "app/crossing.h"

#define PASS  0.145f /* 1 - exp(-2 pi 100 Hz / 4000 Hz) */
#define CLEAR 50.0f  /* counts below zero that arm the detector: 0.9 V of the secondary side */

bool crossing_push(struct crossing *c, float count, float *ret_fraction) {
    c->stage[0] += PASS * (count - c->stage[0]);
    c->stage[1] += PASS * (c->stage[0] - c->stage[1]);
    const float before = c->before;
    const float now = c->stage[1];
    c->before = now;
    if (now < -CLEAR)
        c->armed = true;
    if (!c->armed || before >= 0.0f || now < 0.0f)
        return false;
    c->armed = false;
    *ret_fraction = before / (before - now);
    return true;
}
