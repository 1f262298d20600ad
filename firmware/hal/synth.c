#include "hal/synth.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define PI         3.14159265f
#define TWO_PI     6.2831853f
#define DEG        (PI / 180.0f)
#define SQRT2      1.4142136f
#define FULL_SCALE 32768.0f

void synth_init(struct synth *s, float hz, float volts, float amps, float phi_deg) {
    memset(s, 0, sizeof *s);
    s->hz = hz;
    s->chance = 1;
    for (int p = 0; p < PHASES; p++) {
        s->rms[CHANNEL_U1 + p] = volts;
        s->rms[CHANNEL_I1 + p] = amps;
        s->angle_deg[CHANNEL_U1 + p] = -120.0f * (float)p;
        s->angle_deg[CHANNEL_I1 + p] = -120.0f * (float)p - phi_deg;
    }
}

/* About normal, mean 0 and deviation 1: the sum of four uniform numbers (xorshift). */
static float chance(struct synth *s) {
    float sum = 0.0f;
    for (int i = 0; i < 4; i++) {
        s->chance ^= s->chance << 13;
        s->chance ^= s->chance >> 17;
        s->chance ^= s->chance << 5;
        sum += (float)(s->chance >> 8) * (1.0f / 16777216.0f) - 0.5f;
    }
    return sum * 1.7320508f;
}

static float mean_over(float hz, float seconds) {
    const float x = PI * hz * seconds;
    return x > 0.0f ? sinf(x) / x : 1.0f;
}

static float wave(const struct synth *s, int c, float hz) {
    const bool voltage = c <= CHANNEL_U3;
    const float *part = voltage ? s->voltage_part : s->current_part;
    const float late = voltage ? 0.0f : TWO_PI * hz * s->late_s;
    const float first =
        TWO_PI * (float)(s->cycles - floor(s->cycles)) + late + s->angle_deg[c] * DEG;
    float sum = sinf(first) * mean_over(hz, s->droop_s);
    for (int h = 1; h < HARMONICS; h++) {
        const float n = (float)(h + 1);
        if (part[h] > 0.0f)
            sum += part[h] * sinf(n * first + s->harmonic_deg[h] * DEG) *
                   mean_over(n * hz, s->droop_s);
    }
    return sum * SQRT2 * s->rms[c];
}

void synth_next(struct synth *s, struct sample_set *ret_set) {
    const float hz = s->hz + s->hz_per_s * (float)s->samples / SAMPLE_HZ;
    for (int c = 0; c < CHANNEL_COUNT; c++) {
        const float full = c <= CHANNEL_U3 ? SAMPLE_FULL_V : SAMPLE_FULL_A;
        const float count =
            wave(s, c, hz) / full * FULL_SCALE + s->offset[c] + s->noise * chance(s);
        ret_set->count[c] = (int16_t)fmaxf(-32768.0f, fminf(32767.0f, rintf(count)));
    }
    s->cycles += (double)hz / SAMPLE_HZ;
    s->samples++;
}
