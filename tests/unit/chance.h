/* Chance for tests: one seed, the same histories on every machine. */
#ifndef BUSBAR_TESTS_CHANCE_H
#define BUSBAR_TESTS_CHANCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define CHANCE_SEED 20261125 /* unless BUSBAR_SEED says another */

static uint64_t chance_state;

static inline uint64_t chance_next(void) { /* splitmix64 */
    uint64_t z = (chance_state += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static inline int64_t random_long(int64_t n) {
    return (int64_t)(chance_next() % (uint64_t)n);
}

static inline int32_t random_below(int32_t n) {
    return (int32_t)random_long(n);
}

static inline bool one_in(int32_t n) {
    return random_below(n) == 0;
}

/* A number from the environment. */
static inline uint64_t number_from(const char *variable, uint64_t otherwise) {
    const char *text = getenv(variable);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

#endif
