/* A feeder made of arithmetic: samples for tests, for the host and for the emulator. Says what is
 * true about it as well. Time and noise are its own: the same feeder gives the same samples. Pure.
 */
#ifndef NODE_HAL_SYNTH_H
#define NODE_HAL_SYNTH_H

#include "app/channel.h"
#include "app/sums.h"

/* All on the secondary side, as the front end sees it. */
struct synth {
    float hz;
    float hz_per_s;                 /* drift */
    float rms[CHANNEL_COUNT];       /* of the fundamental, V and A */
    float angle_deg[CHANNEL_COUNT]; /* of the fundamental; negative lags */
    float offset[CHANNEL_COUNT];    /* counts */
    float noise;                    /* counts, RMS, of each sample */
    /* Of each harmonic (index 1 is the second): part of the fundamental, and angle in degrees at
     * the fundamental's zero. */
    float voltage_part[HARMONICS];
    float current_part[HARMONICS];
    float harmonic_deg[HARMONICS];
    float droop_s; /* each sample is the mean over this time */
    float late_s;  /* how long after its voltage a current is sampled */
    /* state */
    double cycles; /* since the start */
    uint32_t samples;
    uint32_t chance;
};

/* A quiet three-phase feeder: volts and amperes RMS of the secondary side, phi > 0 inductive. */
void synth_init(struct synth *s, float hz, float volts, float amps, float phi_deg);
void synth_next(struct synth *s, struct sample_set *ret_set);

#endif
