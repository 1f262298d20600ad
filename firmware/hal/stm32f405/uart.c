/* USART1. Received bytes go into a ring with the time of the last one. Sending is fed by the "data
 * register empty" interrupt and by whoever asks uart_sent(): an emulator without that interrupt
 * sends as well. */
#include "hal/stm32f405/chip.h"
#include "hal/stm32f405/registers.h"

#define RING 512 /* a power of two, longer than a frame */

static volatile uint8_t ring[RING];
static volatile uint32_t ring_in;
static uint32_t ring_out;
static volatile uint32_t last_us;
static volatile bool broken;
static const uint8_t *volatile sending;
static volatile size_t sending_n;

void uart_open(void *arg, uint32_t baud, enum hal_parity parity) {
    (void)arg;
    uint32_t cr1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE;
    if (parity != HAL_PARITY_NONE) /* the parity bit is the ninth */
        cr1 |= USART_CR1_M | USART_CR1_PCE | (parity == HAL_PARITY_ODD ? USART_CR1_PS : 0);
    USART_CR1 = 0;
    ring_out = ring_in;
    sending_n = 0;
    USART_BRR = (PCLK2_HZ + baud / 2) / baud;
    USART_CR1 = cr1;
    NVIC_ENABLE(USART1_IRQ);
}

static void feed(void) {
    if (sending_n > 0 && (USART_SR & USART_SR_TXE) != 0) {
        USART_DR = *sending;
        sending++;
        sending_n--;
    }
    if (sending_n == 0)
        USART_CR1 &= ~USART_CR1_TXEIE;
}

void uart_handler(void) {
    const uint32_t sr = USART_SR;
    if ((sr & (USART_SR_RXNE | USART_SR_ERRORS)) != 0) {
        const uint8_t byte = (uint8_t)USART_DR; /* reading clears the flags */
        if ((sr & USART_SR_ERRORS) != 0)
            broken = true;
        if ((sr & USART_SR_RXNE) != 0) {
            ring[ring_in % RING] = byte;
            ring_in++;
        }
        last_us = tick_now_us();
    }
    feed();
}

size_t uart_read(void *arg, uint8_t *bytes, size_t n, uint32_t *ret_last_us, bool *ret_broken) {
    (void)arg;
    size_t k = 0;
    __asm volatile("cpsid i" ::: "memory");
    const uint32_t in = ring_in;
    *ret_last_us = last_us;
    if (broken || in - ring_out > RING) {
        *ret_broken = true;
        ring_out = in - ring_out > RING ? in : ring_out;
    }
    broken = false;
    __asm volatile("cpsie i" ::: "memory");
    for (; k < n && ring_out != in; k++, ring_out++)
        bytes[k] = ring[ring_out % RING];
    return k;
}

void uart_send(void *arg, const uint8_t *bytes, size_t n) {
    (void)arg;
    sending = bytes;
    sending_n = n;
    __asm volatile("cpsid i" ::: "memory");
    USART_CR1 |= USART_CR1_TXEIE;
    __asm volatile("cpsie i" ::: "memory");
}

bool uart_sent(void *arg) {
    (void)arg;
    bool progress = true;
    while (sending_n > 0 && progress) {
        const size_t before = sending_n;
        __asm volatile("cpsid i" ::: "memory");
        feed();
        __asm volatile("cpsie i" ::: "memory");
        progress = sending_n < before;
    }
    return sending_n == 0 && (USART_SR & USART_SR_TC) != 0;
}
