#include "hal/feeder.h"
#include "hal/stm32f405/chip.h"
#include "hal/stm32f405/emulated_samples.h"

static struct synth feeder;
static uint32_t sets;

void emulated_samples_open(void) {
    feeder_init(&feeder);
}

bool emulated_samples_next(void *arg, struct sample_set *ret_set, uint32_t *ret_lost) {
    (void)arg;
    (void)ret_lost;
    if (sets == tick_count())
        return false;
    sets++;
    synth_next(&feeder, ret_set);
    return true;
}
