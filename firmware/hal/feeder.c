#include "hal/feeder.h"

void feeder_init(struct synth *s) {
    synth_init(s, 50.0f, 230.0f, 2.5f, 30.0f);
    s->rms[CHANNEL_I2] = 2.4f;
    s->rms[CHANNEL_I3] = 2.6f;
    s->rms[CHANNEL_IN] = 0.3f;
    s->noise = 4.0f;
    for (int c = 0; c < CHANNEL_COUNT; c++)
        s->offset[c] = 40.0f;
}
