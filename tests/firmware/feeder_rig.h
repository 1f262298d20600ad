/* Runs a synthetic feeder through sampling and measuring: seconds in, readings and energy out. The
 * secondary side is the primary side here (ratios of 1). */
#ifndef NODE_TEST_FEEDER_RIG_H
#define NODE_TEST_FEEDER_RIG_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/energy.h"
#include "app/measure.h"
#include "app/sampler.h"
#include "hal/synth.h"

#define NOMINAL_V 230.0f
#define NOMINAL_A 5.0f

struct feeder_rig {
    struct synth synth;
    struct sampler sampler;
    struct calibration cal;
    struct mean mean;
    struct reading window;
    struct reading second; /* the last one */
    int seconds;           /* readings of a second so far */
    struct energy energy;
    double measured_s; /* time that the windows cover */
    float no_load_w;
};

static inline void rig_init(struct feeder_rig *r, float hz, float volts, float amps,
                            float phi_deg) {
    *r = (struct feeder_rig){0};
    synth_init(&r->synth, hz, volts, amps, phi_deg);
    sampler_init(&r->sampler);
    for (int c = 0; c < CHANNEL_COUNT; c++)
        r->cal.scale[c] = (c <= CHANNEL_U3 ? SAMPLE_FULL_V : SAMPLE_FULL_A) / 32768.0f;
}

static inline void rig_run(struct feeder_rig *r, float seconds) {
    const int sets = (int)(seconds * SAMPLE_HZ);
    for (int i = 0; i < sets; i++) {
        struct sample_set set;
        synth_next(&r->synth, &set);
        if (!sampler_push(&r->sampler, &set))
            continue;
        const float window_s = r->sampler.closed.length / SAMPLE_HZ;
        float second_s;
        measure_window(&r->sampler.closed, &r->cal, &r->window);
        energy_add(&r->energy, &r->window, window_s, r->no_load_w);
        r->measured_s += (double)window_s;
        mean_add(&r->mean, &r->window, window_s);
        if (mean_take(&r->mean, &r->second, &second_s))
            r->seconds++;
    }
}

/* Starts counting energy again; the windows go on. */
static inline void rig_reset_energy(struct feeder_rig *r) {
    r->energy = (struct energy){0};
    r->measured_s = 0.0;
}

static inline double rig_wh(const struct feeder_rig *r, enum energy_kind kind) {
    return (double)r->energy.mj[kind] / 3.6e6;
}

/* |is - truth| <= limit, with a message that says both. */
#define assert_near(is, truth, limit)                                                              \
    do {                                                                                           \
        const double is_ = (double)(is), truth_ = (double)(truth), limit_ = (double)(limit);       \
        if (!(fabs(is_ - truth_) <= limit_))                                                       \
            fail_msg("%s is %.7g, not %.7g +- %.3g", #is, is_, truth_, limit_);                    \
    } while (0)

#endif
