#include "app/sampler.h"

#include <string.h>

#define WINDOW_MIN    (0.19f * SAMPLE_HZ)
#define WINDOW_MAX    (0.24f * SAMPLE_HZ)
#define CYCLES_MIN_HZ 40.0f
#define CYCLES_MAX_HZ 70.0f
#define START_HZ      50.0f
#define ALIVE         300.0f /* counts of a voltage that is there: 5.5 V of the secondary side */
#define FOLLOW        0.125f /* the offset moves by an eighth of what is left, each window */
#define CLIP          32700

static void begin_cycle(struct sampler *s) {
    memset(s->cycle_square, 0, sizeof s->cycle_square);
    s->cycle_length = 0.0f;
}

static void begin_window(struct sampler *s) {
    memset(&s->open, 0, sizeof s->open);
    for (int p = 0; p < PHASES; p++) {
        s->open_volts_min[p] = -1.0f;
        s->open_amps_max[p] = 0.0f;
    }
    s->clipped = false;
}

void sampler_init(struct sampler *s) {
    memset(s, 0, sizeof *s);
    rotor_start(&s->rotor, START_HZ / SAMPLE_HZ);
    begin_window(s);
}

void sampler_break(struct sampler *s) {
    s->crossing = (struct crossing){0};
    begin_cycle(s);
    begin_window(s);
}

static void end_cycle(struct sampler *s) {
    s->open.cycles += 1.0f;
    for (int p = 0; p < PHASES && s->cycle_length > 0.0f; p++) {
        const float volts = s->cycle_square[CHANNEL_U1 + p] / s->cycle_length;
        const float amps = s->cycle_square[CHANNEL_I1 + p] / s->cycle_length;
        if (s->open_volts_min[p] < 0.0f || volts < s->open_volts_min[p])
            s->open_volts_min[p] = volts;
        if (amps > s->open_amps_max[p])
            s->open_amps_max[p] = amps;
    }
    begin_cycle(s);
}

static void follow_offset(struct sampler *s) {
    const float step = s->offset_known ? FOLLOW : 1.0f;
    for (int c = 0; c < CHANNEL_COUNT; c++)
        s->offset[c] += step * s->closed.count[c] / s->closed.length;
    s->offset_known = true;
}

static void choose_reference(struct sampler *s) {
    for (int c = CHANNEL_U1; c <= CHANNEL_U3; c++) {
        if (s->closed.square[c] < ALIVE * ALIVE * s->closed.length)
            continue;
        if (s->reference != (enum channel)c) {
            s->reference = (enum channel)c;
            s->crossing = (struct crossing){0};
        }
        return;
    }
}

static void close_window(struct sampler *s) {
    s->closed = s->open;
    s->closed_clipped = s->clipped;
    memcpy(s->cycle_volts_min, s->open_volts_min, sizeof s->cycle_volts_min);
    memcpy(s->cycle_amps_max, s->open_amps_max, sizeof s->cycle_amps_max);
    const float hz = SAMPLE_HZ * s->closed.cycles / s->closed.length;
    if (hz < CYCLES_MIN_HZ || hz > CYCLES_MAX_HZ)
        s->closed.cycles = 0.0f; /* no frequency to be had */
    /* Harmonics are measured at the frequency of the window before. */
    rotor_start(&s->rotor, (s->closed.cycles > 0.0f ? hz : START_HZ) / SAMPLE_HZ);
    follow_offset(s);
    choose_reference(s);
    begin_window(s);
}

static void add(struct sampler *s, const float count[CHANNEL_COUNT], float weight) {
    sums_add(&s->open, count, &s->rotor.now, weight);
    for (int c = 0; c < CHANNEL_COUNT; c++)
        s->cycle_square[c] += weight * count[c] * count[c];
    s->cycle_length += weight;
}

bool sampler_push(struct sampler *s, const struct sample_set *set) {
    float count[CHANNEL_COUNT];
    float fraction = 1.0f;
    bool closed = false;
    for (int c = 0; c < CHANNEL_COUNT; c++) {
        count[c] = (float)set->count[c] - s->offset[c];
        s->clipped |= set->count[c] > CLIP || set->count[c] < -CLIP;
    }
    const bool crossed = crossing_push(&s->crossing, count[s->reference], &fraction);
    add(s, count, crossed ? fraction : 1.0f);
    if (crossed)
        end_cycle(s);
    if ((crossed && s->open.length >= WINDOW_MIN) || s->open.length >= WINDOW_MAX) {
        close_window(s);
        closed = true;
    }
    if (crossed)
        add(s, count, 1.0f - fraction);
    rotor_turn(&s->rotor);
    return closed;
}
