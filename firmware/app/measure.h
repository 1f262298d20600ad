/* From a window of sums to a reading, and from readings to the reading of a second. Pure. */
#ifndef NODE_APP_MEASURE_H
#define NODE_APP_MEASURE_H

#include <stdbool.h>

#include "app/sums.h"
#include "app/value.h"

/* What turns counts into the primary side. */
struct calibration {
    float scale[CHANNEL_COUNT]; /* V or A of the primary side per count */
    float lead_rad[PHASES];     /* how far the transformers make the current lead */
    float current_late_s;       /* how long after the voltage of its phase it is sampled */
    float droop; /* seconds over which the front end averages each sample; 0: it does not */
};

/* Reading of one window. Frequency, harmonics and THD are NaN when the window had no frequency. */
void measure_window(const struct sums *sums, const struct calibration *cal,
                    struct reading *ret_reading);

/* Mean of readings, weighted by their length: squares for RMS values, plain for powers. */
struct mean {
    struct reading sum;
    float length_s;
};

void mean_add(struct mean *m, const struct reading *r, float length_s);

/* True once a second is full: its reading, and *ret_length_s; the mean starts again. */
bool mean_take(struct mean *m, struct reading *ret_reading, float *ret_length_s);

#endif
