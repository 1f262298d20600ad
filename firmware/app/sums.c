#include "app/sums.h"

#include <math.h>

#define TWO_PI 6.2831853f

void rotor_start(struct rotor *r, float cycles_per_sample) {
    const float angle = TWO_PI * cycles_per_sample;
    r->now = (struct phasor){1.0f, 0.0f};
    r->step = (struct phasor){cosf(angle), -sinf(angle)};
}

static struct phasor times(struct phasor a, struct phasor b) {
    return (struct phasor){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

void rotor_turn(struct rotor *r) {
    r->now = times(r->now, r->step);
}

static void add_spectrum(struct sums *s, const float weighted[CHANNEL_COUNT],
                         const struct phasor *turn) {
    struct phasor z = *turn;
    for (int h = 0; h < HARMONICS; h++) {
        for (int c = 0; c < CHANNEL_COUNT; c++) {
            s->spectrum[c][h].re += weighted[c] * z.re;
            s->spectrum[c][h].im += weighted[c] * z.im;
        }
        z = times(z, *turn);
    }
}

void sums_add(struct sums *s, const float count[CHANNEL_COUNT], const struct phasor *turn,
              float weight) {
    float weighted[CHANNEL_COUNT];
    s->length += weight;
    for (int c = 0; c < CHANNEL_COUNT; c++) {
        weighted[c] = weight * count[c];
        s->count[c] += weighted[c];
        s->square[c] += weighted[c] * count[c];
    }
    for (int p = 0; p < PHASES; p++) {
        s->power[p] += weighted[p] * count[CHANNEL_I1 + p];
        s->cross[p] += weighted[p] * count[(p + 1) % PHASES];
    }
    add_spectrum(s, weighted, turn);
}
