/* Vectors, the way from reset to main(), and what happens on a fault: a mark in RAM, then a reset.
 */
#include <string.h>

#include "hal/stm32f405/chip.h"
#include "hal/stm32f405/registers.h"

#define IRQS        82 /* of the STM32F405 */
#define FAULT_MARK  0xFA017001U
#define GUARD_WORD  0x57AC4E0DU
#define GUARD_WORDS 8

extern uint32_t stack_bottom[], stack_top[], data_begin[], data_end[], data_image[], bss_begin[],
    bss_end[];
extern uintptr_t __stack_chk_guard;
int main(void);
void __stack_chk_fail(void);

uintptr_t __stack_chk_guard = 0x8A5F13C7U;
static uint32_t fault_mark __attribute__((section(".noinit")));

_Noreturn void chip_restart(void) {
    SCB_AIRCR = SCB_AIRCR_RESET;
    for (;;) {
    }
}

static void fault_handler(void) {
    fault_mark = FAULT_MARK;
    chip_restart();
}

void __stack_chk_fail(void) {
    fault_handler();
}

bool chip_take_fault_mark(void) {
    const bool marked = fault_mark == FAULT_MARK;
    fault_mark = 0;
    return marked;
}

bool stack_guard_intact(void) {
    for (int i = 0; i < GUARD_WORDS; i++) {
        if (stack_bottom[i] != GUARD_WORD)
            return false;
    }
    return true;
}

/* The board has a converter interrupt, the emulator has none. */
__attribute__((weak)) void adc_handler(void) {
}

void reset_handler(void) {
    SCB_CPACR |= SCB_CPACR_FPU;
    __asm volatile("dsb\n\tisb");
    for (int i = 0; i < GUARD_WORDS; i++)
        stack_bottom[i] = GUARD_WORD;
    memcpy(data_begin, data_image, (uintptr_t)data_end - (uintptr_t)data_begin);
    memset(bss_begin, 0, (uintptr_t)bss_end - (uintptr_t)bss_begin);
    main();
    fault_handler();
}

/* Read by the processor. */
struct vectors {
    uint32_t *stack;
    void (*system[15])(void);
    void (*irq[IRQS])(void);
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    .stack = stack_top,
    .system = {reset_handler, fault_handler, fault_handler, fault_handler, fault_handler,
               fault_handler, [10] = fault_handler, [13] = fault_handler, [14] = tick_handler},
    .irq = {[USART1_IRQ] = uart_handler, [DMA2_S0_IRQ] = adc_handler},
};
