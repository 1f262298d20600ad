#include <math.h>

#include "sim/model_load.h"
#include "sim/model_noise.h"

/* Piecewise linear day: share at each corner hour; the last corner repeats the first at 24 h. */
struct corner {
    double hour, share;
};

#define CORNERS_MAX 12

static const struct corner days[LOAD_KIND_COUNT][CORNERS_MAX] = {
    [LOAD_TWO_SHIFTS] = {{0, 0.15},
                         {5.7, 0.15},
                         {6.3, 0.72},
                         {11.6, 0.80},
                         {12.1, 0.45},
                         {12.9, 0.45},
                         {13.2, 0.78},
                         {17.4, 0.74},
                         {17.8, 0.52},
                         {18.4, 0.70},
                         {22.2, 0.15},
                         {24, 0.15}},
    [LOAD_FURNACE] =
        {{0, 0.62}, {6, 0.60}, {8, 0.68}, {12, 0.70}, {16, 0.66}, {20, 0.64}, {24, 0.62}},
    [LOAD_DAY_SHIFT] = {{0, 0.10},
                        {7.6, 0.10},
                        {8.2, 0.66},
                        {11.8, 0.74},
                        {12.2, 0.38},
                        {13.2, 0.38},
                        {13.6, 0.72},
                        {17.6, 0.68},
                        {18.4, 0.14},
                        {24, 0.10}},
    [LOAD_OFFICE] = {{0, 0.14},
                     {7, 0.16},
                     {8.6, 0.48},
                     {11.8, 0.58},
                     {12.4, 0.46},
                     {14, 0.62},
                     {17.8, 0.50},
                     {19.5, 0.42},
                     {22.5, 0.22},
                     {24, 0.14}},
};

/* Saturday and Sunday, as a share of a working day. */
static const double weekend[LOAD_KIND_COUNT][2] = {
    [LOAD_TWO_SHIFTS] = {0.60, 0.22},
    [LOAD_FURNACE] = {1.0, 0.96},
    [LOAD_DAY_SHIFT] = {0.35, 0.16},
    [LOAD_OFFICE] = {0.45, 0.35},
};

static double day_share(enum load_kind kind, double hour) {
    const struct corner *c = days[kind];
    size_t i = 1;

    while (c[i].hour < hour && c[i].hour < 24.0)
        i++;
    return c[i - 1].share +
           (c[i].share - c[i - 1].share) * (hour - c[i - 1].hour) / (c[i].hour - c[i - 1].hour);
}

double load_share(enum load_kind kind, uint64_t seed, uint64_t stream, ms_t utc_ms,
                  const struct local_time *at) {
    uint64_t base = stream * 16;
    double share = day_share(kind, at->hour);
    double noise = 0.04 * noise_smooth(seed, base, utc_ms, 20 * MS_PER_MIN) +
                   0.02 * noise_smooth(seed, base + 1, utc_ms, 40 * MS_PER_S) +
                   0.01 * noise_smooth(seed, base + 2, utc_ms, 3 * MS_PER_S);

    if (at->weekday >= 5)
        share *= weekend[kind][at->weekday - 5];
    if (kind == LOAD_FURNACE) /* heating elements switch on and off */
        noise += 0.18 * tanh(6.0 * noise_smooth(seed, base + 3, utc_ms, 4 * MS_PER_MIN));
    share *= 0.92 + 0.16 * noise_unit(seed, base + 4, (uint64_t)at->day);
    return fmin(1.0, fmax(0.02, share * (1.0 + noise)));
}

double load_reactive_share(enum load_kind kind, uint64_t seed, uint64_t stream, ms_t utc_ms) {
    static const double typical[LOAD_KIND_COUNT] = {[LOAD_TWO_SHIFTS] = 0.46,
                                                    [LOAD_FURNACE] = 0.25,
                                                    [LOAD_DAY_SHIFT] = 0.50,
                                                    [LOAD_OFFICE] = 0.33};

    return typical[kind] + 0.05 * noise_smooth(seed, stream * 16 + 5, utc_ms, 5 * MS_PER_MIN);
}
