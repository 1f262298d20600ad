/* The registers of the STM32F405 that the node uses (RM0090, ARMv7-M). */
#ifndef NODE_STM32F405_REGISTERS_H
#define NODE_STM32F405_REGISTERS_H

#include <stdint.h>

#define CPU_HZ   168000000
#define PCLK1_HZ 42000000
#define PCLK2_HZ 84000000

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

/* Cortex-M4 */
#define SYSTICK_CTRL     REGISTER(0xE000E010)
#define SYSTICK_LOAD     REGISTER(0xE000E014)
#define SYSTICK_VAL      REGISTER(0xE000E018)
#define SYSTICK_ON       7U /* processor clock, interrupt, enabled */
#define NVIC_ENABLE(irq) (REGISTER(0xE000E100 + 4 * ((irq) / 32)) = 1U << ((irq) % 32))
#define SCB_ICSR         REGISTER(0xE000ED04)
#define SCB_ICSR_TICK    (1U << 26) /* SysTick is pending */
#define SCB_AIRCR        REGISTER(0xE000ED0C)
#define SCB_AIRCR_RESET  0x05FA0004U
#define SCB_CPACR        REGISTER(0xE000ED88)
#define SCB_CPACR_FPU    (0xFU << 20)

/* Clocks, flash controller */
#define RCC_CR      REGISTER(0x40023800)
#define RCC_PLLCFGR REGISTER(0x40023804)
#define RCC_CFGR    REGISTER(0x40023808)
#define RCC_AHB1ENR REGISTER(0x40023830)
#define RCC_APB1ENR REGISTER(0x40023840)
#define RCC_APB2ENR REGISTER(0x40023844)
#define RCC_CSR     REGISTER(0x40023874)
#define FLASH_ACR   REGISTER(0x40023C00)
#define FLASH_KEYR  REGISTER(0x40023C04)
#define FLASH_SR    REGISTER(0x40023C0C)
#define FLASH_CR    REGISTER(0x40023C10)
#define PWR_CR      REGISTER(0x40007000)

/* Pins: base of a port plus register */
#define GPIOA         0x40020000U
#define GPIOB         0x40020400U
#define GPIOC         0x40020800U
#define GPIO_MODER(p) REGISTER((p) + 0x00)
#define GPIO_SPEED(p) REGISTER((p) + 0x08)
#define GPIO_BSRR(p)  REGISTER((p) + 0x18)
#define GPIO_AFRH(p)  REGISTER((p) + 0x24)

/* USART1: the RS-485 line */
#define USART1_IRQ       37
#define USART_SR         REGISTER(0x40011000)
#define USART_DR         REGISTER(0x40011004)
#define USART_BRR        REGISTER(0x40011008)
#define USART_CR1        REGISTER(0x4001100C)
#define USART_SR_ERRORS  0x0FU /* parity, framing, noise, overrun */
#define USART_SR_RXNE    (1U << 5)
#define USART_SR_TC      (1U << 6)
#define USART_SR_TXE     (1U << 7)
#define USART_CR1_RE     (1U << 2)
#define USART_CR1_TE     (1U << 3)
#define USART_CR1_RXNEIE (1U << 5)
#define USART_CR1_TXEIE  (1U << 7)
#define USART_CR1_PS     (1U << 9)
#define USART_CR1_PCE    (1U << 10)
#define USART_CR1_M      (1U << 12)
#define USART_CR1_UE     (1U << 13)

/* Converter, its DMA stream and its timer */
#define ADC1_CR1    REGISTER(0x40012004)
#define ADC1_CR2    REGISTER(0x40012008)
#define ADC1_SMPR1  REGISTER(0x4001200C)
#define ADC1_SMPR2  REGISTER(0x40012010)
#define ADC1_SQR1   REGISTER(0x4001202C)
#define ADC1_SQR2   REGISTER(0x40012030)
#define ADC1_SQR3   REGISTER(0x40012034)
#define ADC1_DR_AT  0x4001204CU
#define ADC_CCR     REGISTER(0x40012304)
#define DMA2_LISR   REGISTER(0x40026400)
#define DMA2_LIFCR  REGISTER(0x40026408)
#define DMA2_S0CR   REGISTER(0x40026410)
#define DMA2_S0NDTR REGISTER(0x40026414)
#define DMA2_S0PAR  REGISTER(0x40026418)
#define DMA2_S0M0AR REGISTER(0x4002641C)
#define DMA2_S0_IRQ 56
#define TIM8_CR1    REGISTER(0x40010400)
#define TIM8_CR2    REGISTER(0x40010404)
#define TIM8_EGR    REGISTER(0x40010414)
#define TIM8_PSC    REGISTER(0x40010428)
#define TIM8_ARR    REGISTER(0x4001042C)

/* SPI2: the FRAM */
#define SPI2_CR1 REGISTER(0x40003800)
#define SPI2_SR  REGISTER(0x40003808)
#define SPI2_DR  REGISTER(0x4000380C)

/* Independent watchdog */
#define IWDG_KR  REGISTER(0x40003000)
#define IWDG_PR  REGISTER(0x40003004)
#define IWDG_RLR REGISTER(0x40003008)

#endif
