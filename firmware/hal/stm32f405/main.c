/* The node on the STM32F405, or on its emulator: the board's functions, then the loop. */
#include "app/node.h"
#include "hal/stm32f405/chip.h"

int main(void);

static uint32_t now_us(void *arg) {
    (void)arg;
    return tick_now_us();
}

static bool stack_intact(void *arg) {
    (void)arg;
    return stack_guard_intact();
}

static void restart(void *arg) {
    (void)arg;
    chip_restart();
}

int main(void) {
    static struct hal hal;
    static struct node node;
    hal = (struct hal){
        .now_us = now_us,
        .uart_open = uart_open,
        .uart_read = uart_read,
        .uart_send = uart_send,
        .uart_sent = uart_sent,
        .stack_intact = stack_intact,
        .restart = restart,
    };
    board_open(&hal);
    tick_open();
    node_init(&node, &hal);
    for (;;) {
        node_poll(&node);
        __asm volatile("wfi");
    }
}
