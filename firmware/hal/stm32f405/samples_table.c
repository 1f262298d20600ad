#include "hal/feeder.h"
#include "hal/stm32f405/chip.h"
#include "hal/stm32f405/emulated_samples.h"

#define CYCLE 80 /* sets of one cycle of 50 Hz */

static struct sample_set table[CYCLE];
static uint32_t sets;

void emulated_samples_open(void) {
    struct synth feeder;
    feeder_init(&feeder);
    for (int i = 0; i < CYCLE; i++)
        synth_next(&feeder, &table[i]);
}

bool emulated_samples_next(void *arg, struct sample_set *ret_set, uint32_t *ret_lost) {
    (void)arg;
    (void)ret_lost;
    if (sets == tick_count())
        return false;
    *ret_set = table[sets++ % CYCLE];
    return true;
}
