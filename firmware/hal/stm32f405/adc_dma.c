/* ADC1 converts the seven channels one after the other, 64000 times a second at TIM8's pace; DMA2
 * stream 0 writes them to memory in a ring of two halves; each half is summed to one sample of 16
 * bits. Not proven on hardware: no emulator models it. */
#include "hal/stm32f405/chip.h"
#include "hal/stm32f405/registers.h"

#define SETS         64 /* a power of two: 16 ms of samples */
#define HALF         (ADC_AVERAGE * CHANNEL_COUNT)
#define MIDDLE       32768
#define SEQUENCE_3   (10U | 11U << 5 | 12U << 10 | 13U << 15 | 14U << 20 | 15U << 25)
#define SEQUENCE_2   8U
#define SEQUENCE_LEN (6U << 20)
#define SAMPLE_15    0x1249249U /* 15 cycles of every channel: 27 with the conversion */
#define DMA_HALF     (1U << 4)
#define DMA_FULL     (1U << 5)
#define DMA_ALL      0x3DU

/* The order of conversion is U1 I1 U2 I2 U3 I3 IN. */
static const uint8_t place_of[CHANNEL_COUNT] = {0, 2, 4, 1, 3, 5, 6};

static volatile uint16_t conversions[2 * HALF];
static struct sample_set ring[SETS];
static volatile uint32_t ring_in;
static uint32_t ring_out;

static void take_half(const volatile uint16_t *half) {
    struct sample_set *set = &ring[ring_in % SETS];
    for (int c = 0; c < CHANNEL_COUNT; c++) {
        int32_t sum = -MIDDLE;
        for (int i = 0; i < ADC_AVERAGE; i++)
            sum += half[i * CHANNEL_COUNT + place_of[c]];
        set->count[c] = (int16_t)sum;
    }
    ring_in++;
}

void adc_handler(void) {
    const uint32_t flags = DMA2_LISR;
    DMA2_LIFCR = DMA_ALL;
    if ((flags & DMA_HALF) != 0)
        take_half(conversions);
    if ((flags & DMA_FULL) != 0)
        take_half(conversions + HALF);
}

bool adc_next(void *arg, struct sample_set *ret_set, uint32_t *ret_lost) {
    (void)arg;
    const uint32_t waiting = ring_in - ring_out;
    if (waiting >= SETS) { /* the oldest may be overwritten while it is read */
        const uint32_t lost = waiting - SETS / 2;
        ring_out += lost;
        *ret_lost += lost;
    } else if (waiting == 0) {
        return false;
    }
    *ret_set = ring[ring_out % SETS];
    ring_out++;
    return true;
}

void adc_open(void) {
    DMA2_S0PAR = ADC1_DR_AT;
    DMA2_S0M0AR = (uint32_t)(uintptr_t)conversions;
    DMA2_S0NDTR = 2 * HALF;
    /* 16 bits to 16 bits, memory counts up, circular, half and full interrupt, high priority */
    DMA2_S0CR = 2U << 16 | 1U << 13 | 1U << 11 | 1U << 10 | 1U << 8 | 1U << 4 | 1U << 3 | 1U;
    NVIC_ENABLE(DMA2_S0_IRQ);
    ADC_CCR = 1U << 16; /* 84 MHz / 4 = 21 MHz */
    ADC1_CR1 = 1U << 8; /* scan */
    ADC1_SMPR1 = SAMPLE_15;
    ADC1_SMPR2 = SAMPLE_15;
    ADC1_SQR1 = SEQUENCE_LEN;
    ADC1_SQR2 = SEQUENCE_2;
    ADC1_SQR3 = SEQUENCE_3;
    /* on; DMA without end; started by the rising edge of TIM8's trigger */
    ADC1_CR2 = 1U | 1U << 8 | 1U << 9 | 14U << 24 | 1U << 28;
    TIM8_PSC = 0;
    TIM8_ARR = CPU_HZ / (SAMPLE_HZ * ADC_AVERAGE) - 1;
    TIM8_CR2 = 2U << 4; /* trigger at each update */
    TIM8_EGR = 1U;
    TIM8_CR1 = 1U;
}
