/* From samples to windows of whole cycles of about 200 ms. Pure.
 *
 * A window ends with the first rising zero crossing after 190 ms: 9 cycles at 45 Hz, 10 at 50 Hz,
 * 12 at 60 Hz (IEC 61000-4-30 asks for 10/12). The reference is the first phase that has voltage.
 * Without any crossing a window ends after 240 ms. Windows follow each other without a hole. */
#ifndef NODE_APP_SAMPLER_H
#define NODE_APP_SAMPLER_H

#include <stdbool.h>

#include "app/crossing.h"
#include "app/sums.h"

struct sampler {
    struct sums open;
    struct sums closed; /* the last whole window */
    struct crossing crossing;
    struct rotor rotor;
    float offset[CHANNEL_COUNT]; /* of the converter, in counts; follows slowly */
    bool offset_known;
    enum channel reference;
    float cycle_square[CHANNEL_COUNT];
    float cycle_length;
    float cycle_volts_min[PHASES]; /* mean squares in counts of the cycles of the closed window */
    float cycle_amps_max[PHASES];
    float open_volts_min[PHASES];
    float open_amps_max[PHASES];
    bool clipped; /* a sample of the open window stood at full scale */
    bool closed_clipped;
};

void sampler_init(struct sampler *s);

/* Takes one set. True: s->closed is a new window. */
bool sampler_push(struct sampler *s, const struct sample_set *set);

/* Samples were lost: what stands open is thrown away and a new window begins. */
void sampler_break(struct sampler *s);

#endif
