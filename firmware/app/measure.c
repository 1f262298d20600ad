#include "app/measure.h"

#include <math.h>
#include <string.h>

#define PI        3.14159265f
#define SQRT3_2   0.8660254f
#define SECOND_S  0.95f /* five windows, whatever the frequency */
#define PER_CENT  100.0f
#define NO_VALUE  NAN
#define TINY_PEAK 20.0f /* counts of a fundamental below which its ratios say nothing */

static float root(float square) {
    return square > 0.0f ? sqrtf(square) : 0.0f;
}

static struct phasor times(struct phasor a, struct phasor b) {
    return (struct phasor){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static float size(struct phasor a) {
    return root(a.re * a.re + a.im * a.im);
}

static float mean_square(const struct sums *s, int c) {
    const float mean = s->count[c] / s->length;
    return s->square[c] / s->length - mean * mean;
}

static void measure_rms(const struct sums *s, const struct calibration *cal, float *v) {
    for (int c = 0; c < CHANNEL_COUNT; c++) {
        float *to = c <= CHANNEL_U3 ? &v[VALUE_VOLTAGE + c] : &v[VALUE_CURRENT + c - CHANNEL_I1];
        *to = cal->scale[c] * root(mean_square(s, c));
    }
    for (int p = 0; p < PHASES; p++) {
        const int q = (p + 1) % PHASES;
        const float cross = (s->cross[p] - s->count[p] * s->count[q] / s->length) / s->length;
        const float a = v[VALUE_VOLTAGE + p];
        const float b = v[VALUE_VOLTAGE + q];
        v[VALUE_LINE_VOLTAGE + p] =
            root(a * a + b * b - 2.0f * cal->scale[p] * cal->scale[q] * cross);
    }
}

/* P + jQ of the fundamental: U times the conjugate of I, as RMS, on the primary side. */
static struct phasor fundamental_power(const struct sums *s, const struct calibration *cal, int p) {
    const struct phasor u = s->spectrum[CHANNEL_U1 + p][0];
    struct phasor i = s->spectrum[CHANNEL_I1 + p][0];
    i.im = -i.im;
    const float scale =
        2.0f * cal->scale[CHANNEL_U1 + p] * cal->scale[CHANNEL_I1 + p] / (s->length * s->length);
    const struct phasor ui = times(u, i);
    return (struct phasor){scale * ui.re, scale * ui.im};
}

static void measure_power(const struct sums *s, const struct calibration *cal, float hz, float *v) {
    float total[3] = {0};
    for (int p = 0; p < PHASES; p++) {
        const int u = CHANNEL_U1 + p;
        const int i = CHANNEL_I1 + p;
        const float ui = (s->power[p] - s->count[u] * s->count[i] / s->length) / s->length;
        const struct phasor raw = fundamental_power(s, cal, p);
        /* The current leads by this: turn the power of the fundamental back. */
        const float lead = cal->lead_rad[p] + 2.0f * PI * hz * cal->current_late_s;
        const struct phasor true_power = times(raw, (struct phasor){cosf(lead), sinf(lead)});
        const float active = cal->scale[u] * cal->scale[i] * ui + true_power.re - raw.re;
        const float apparent = v[VALUE_VOLTAGE + p] * v[VALUE_CURRENT + p];
        v[VALUE_ACTIVE + p] = active;
        v[VALUE_REACTIVE + p] = hz > 0.0f ? true_power.im : 0.0f;
        v[VALUE_APPARENT + p] = apparent;
        total[0] += active;
        total[1] += v[VALUE_REACTIVE + p];
        total[2] += apparent;
    }
    v[VALUE_ACTIVE + PHASES] = total[0];
    v[VALUE_REACTIVE + PHASES] = total[1];
    v[VALUE_APPARENT + PHASES] = total[2];
}

static void measure_ratios(float *v) {
    for (int p = 0; p <= PHASES; p++) {
        const float active = v[VALUE_ACTIVE + p];
        const float apparent = v[VALUE_APPARENT + p];
        const float factor = apparent > 0.0f ? active / apparent : 1.0f;
        v[VALUE_NONACTIVE + p] = root(apparent * apparent - active * active);
        v[VALUE_POWER_FACTOR + p] = fmaxf(-1.0f, fminf(1.0f, factor));
    }
}

/* What averaging over `seconds` leaves of a wave of hz: sin(x)/x, by its series (x < 0.6). */
static float droop(float hz, float seconds) {
    const float x2 = (PI * hz * seconds) * (PI * hz * seconds);
    return 1.0f - x2 / 6.0f * (1.0f - x2 / 20.0f * (1.0f - x2 / 42.0f));
}

static void measure_harmonics(const struct sums *s, const struct calibration *cal, float hz,
                              float *v) {
    for (int c = 0; c < CHANNEL_IN; c++) {
        const bool voltage = c <= CHANNEL_U3;
        const int p = voltage ? c : c - CHANNEL_I1;
        float *row =
            &v[(voltage ? VALUE_HARMONIC_VOLTAGE : VALUE_HARMONIC_CURRENT) + p * HARMONIC_ROWS];
        const float first = size(s->spectrum[c][0]) / droop(hz, cal->droop);
        const bool there = hz > 0.0f && 2.0f * first > TINY_PEAK * s->length;
        float squares = 0.0f;
        for (int h = 1; h < HARMONICS; h++) {
            const float part = size(s->spectrum[c][h]) / droop(hz * (float)(h + 1), cal->droop);
            row[h - 1] = there ? PER_CENT * part / first : NO_VALUE;
            squares += row[h - 1] * row[h - 1];
        }
        v[(voltage ? VALUE_THD_VOLTAGE : VALUE_THD_CURRENT) + p] =
            there ? sqrtf(squares) : NO_VALUE;
    }
}

/* Negative over positive sequence of the fundamentals, per cent (IEC 61000-4-30, 5.7.1). */
static float unbalance(const struct sums *s, const struct calibration *cal, int first) {
    const struct phasor a = {-0.5f, SQRT3_2};
    const struct phasor a2 = {-0.5f, -SQRT3_2};
    struct phasor x[PHASES];
    for (int p = 0; p < PHASES; p++) {
        x[p] = s->spectrum[first + p][0];
        x[p].re *= cal->scale[first + p];
        x[p].im *= cal->scale[first + p];
    }
    const struct phasor ax = times(a, x[1]);
    const struct phasor a2x = times(a2, x[2]);
    const struct phasor bx = times(a2, x[1]);
    const struct phasor b2x = times(a, x[2]);
    const float positive =
        size((struct phasor){x[0].re + ax.re + a2x.re, x[0].im + ax.im + a2x.im});
    const float negative =
        size((struct phasor){x[0].re + bx.re + b2x.re, x[0].im + bx.im + b2x.im});
    const float tiny = TINY_PEAK * cal->scale[first] * s->length;
    /* Phases connected in reverse have next to no positive sequence: the ratio is capped, not lost.
     */
    return fmaxf(positive, negative) > tiny ? PER_CENT * negative / fmaxf(positive, tiny)
                                            : NO_VALUE;
}

void measure_window(const struct sums *sums, const struct calibration *cal,
                    struct reading *ret_reading) {
    float *v = ret_reading->value;
    const float hz = SAMPLE_HZ * sums->cycles / sums->length;
    measure_rms(sums, cal, v);
    measure_power(sums, cal, hz, v);
    measure_ratios(v);
    measure_harmonics(sums, cal, hz, v);
    v[VALUE_UNBALANCE] = hz > 0.0f ? unbalance(sums, cal, CHANNEL_U1) : NO_VALUE;
    v[VALUE_UNBALANCE + 1] = hz > 0.0f ? unbalance(sums, cal, CHANNEL_I1) : NO_VALUE;
    v[VALUE_FREQUENCY] = hz > 0.0f ? hz : NO_VALUE;
}

void mean_add(struct mean *m, const struct reading *r, float length_s) {
    for (int k = 0; k < VALUE_COUNT; k++) {
        const float x = r->value[k];
        m->sum.value[k] += length_s * (k < VALUE_RMS_COUNT ? x * x : x);
    }
    m->length_s += length_s;
}

bool mean_take(struct mean *m, struct reading *ret_reading, float *ret_length_s) {
    if (m->length_s < SECOND_S)
        return false;
    for (int k = 0; k < VALUE_COUNT; k++) {
        const float x = m->sum.value[k] / m->length_s;
        ret_reading->value[k] = k < VALUE_RMS_COUNT ? sqrtf(x) : x;
    }
    measure_ratios(ret_reading->value);
    *ret_length_s = m->length_s;
    memset(m, 0, sizeof *m);
    return true;
}
