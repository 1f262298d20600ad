/* Sums over samples: what one window of whole cycles adds up. Pure, single precision.
 *
 * A sample at the edge of a window is shared by weight between both, so that a window is as long as
 * its cycles, to a fraction of a sample, and no time is lost or counted twice. */
#ifndef NODE_APP_SUMS_H
#define NODE_APP_SUMS_H

#include "app/channel.h"

#define HARMONICS 15 /* the fundamental is the first */

struct phasor {
    float re;
    float im;
};

struct sums {
    float length; /* samples, with fractions */
    float cycles;
    float count[CHANNEL_COUNT];
    float square[CHANNEL_COUNT];
    float power[PHASES];                              /* u * i of each phase */
    float cross[PHASES];                              /* u1 u2, u2 u3, u3 u1 */
    struct phasor spectrum[CHANNEL_COUNT][HARMONICS]; /* sum of count * exp(-j h w t) */
};

/* Rotor: exp(-j w t) of the moment, turned by step at each sample. */
struct rotor {
    struct phasor now;
    struct phasor step;
};

void rotor_start(struct rotor *r, float cycles_per_sample);
void rotor_turn(struct rotor *r);

/* Adds weight (0..1) samples of the offset-free counts. */
void sums_add(struct sums *s, const float count[CHANNEL_COUNT], const struct phasor *turn,
              float weight);

#endif
