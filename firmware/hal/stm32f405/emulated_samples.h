/* Samples of the emulated board, one set a tick: from the synthetic feeder (samples_synth.c), or
 * from a table of one cycle that costs nothing, to count what the application costs
 * (samples_table.c). */
#ifndef NODE_STM32F405_EMULATED_SAMPLES_H
#define NODE_STM32F405_EMULATED_SAMPLES_H

#include <stdbool.h>

#include "app/channel.h"

void emulated_samples_open(void);
bool emulated_samples_next(void *arg, struct sample_set *ret_set, uint32_t *ret_lost);

#endif
