#include "hal/stm32f405/chip.h"
#include "hal/stm32f405/registers.h"

#define TICK_CYCLES (CPU_HZ / SAMPLE_HZ)
#define TICK_US     (1000000 / SAMPLE_HZ)

static volatile uint32_t ticks;

void tick_handler(void) {
    ticks++;
}

void tick_open(void) {
    SYSTICK_LOAD = TICK_CYCLES - 1;
    SYSTICK_VAL = 0;
    SYSTICK_CTRL = SYSTICK_ON;
}

uint32_t tick_count(void) {
    return ticks;
}

uint32_t tick_now_us(void) {
    uint32_t whole;
    uint32_t left;
    do { /* again when a tick passed between the two */
        whole = ticks;
        left = SYSTICK_VAL;
        /* within an interrupt the tick may be due and not yet counted */
        if ((SCB_ICSR & SCB_ICSR_TICK) != 0 && left > TICK_CYCLES / 2)
            return (whole + 1) * TICK_US + (TICK_CYCLES - left) / (CPU_HZ / 1000000);
    } while (whole != ticks);
    return whole * TICK_US + (TICK_CYCLES - 1 - left) / (CPU_HZ / 1000000);
}
