#include "sim/model_noise.h"

static uint64_t mix(uint64_t x) {
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

uint64_t noise_hash(uint64_t seed, uint64_t stream, uint64_t index) {
    return mix(mix(mix(seed) ^ stream) ^ index);
}

double noise_unit(uint64_t seed, uint64_t stream, uint64_t index) {
    return (double)(noise_hash(seed, stream, index) >> 11) * 0x1p-53;
}

double noise_smooth(uint64_t seed, uint64_t stream, ms_t utc_ms, ms_t period_ms) {
    int64_t cell = floor_div(utc_ms, period_ms);
    double f = (double)(utc_ms - cell * period_ms) / (double)period_ms;
    double a = noise_unit(seed, stream, (uint64_t)cell);
    double b = noise_unit(seed, stream, (uint64_t)cell + 1);
    double s = f * f * (3.0 - 2.0 * f);

    return 2.0 * (a + (b - a) * s) - 1.0;
}
