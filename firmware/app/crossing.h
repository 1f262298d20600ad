/* Finds the rising zero crossings of a voltage, between the samples. Pure.
 *
 * The detector sees the voltage through two first-order low-pass filters at 100 Hz, so that
 * harmonics and noise make no second crossing, and is armed again only after a clear negative half
 * wave. The filters' delay is the same at each crossing: periods are true. */
#ifndef NODE_APP_CROSSING_H
#define NODE_APP_CROSSING_H

#include <stdbool.h>

struct crossing {
    float stage[2];
    float before; /* filtered sample before this one */
    bool armed;
};

/* Takes one sample in counts. True: the voltage rose through zero since the sample before, at the
 * fraction *ret_fraction (0..1) of the sample interval. */
bool crossing_push(struct crossing *c, float count, float *ret_fraction);

#endif
