#include "alert/signal_stuck.h"

#include <math.h>

void stuck_init(struct stuck *s) {
    *s = (struct stuck){
        .energy = (double)NAN, .kw = (double)NAN, .energy_since = INT64_MIN, .at = INT64_MIN};
}

static void take_readings(struct stuck *s, const struct stuck_poll *p) {
    bool counts = p->whole && p->current > 0.0;
    if (!counts)
        s->same = 0;
    else if (s->same == 0 || p->seen != s->seen)
        s->same = 1;
    else if (s->same < UINT32_MAX)
        s->same++;
    s->seen = p->seen;
}

static void start_energy(struct stuck *s, const struct stuck_poll *p) {
    s->energy = p->energy;
    s->energy_step = p->energy_step;
    s->energy_since = p->at;
    s->flowed_kwh = 0.0;
}

static void take_energy(struct stuck *s, const struct stuck_poll *p) {
    ms_t most = 3 * (ms_t)p->poll_ms > STUCK_GAP_MAX_MS ? 3 * (ms_t)p->poll_ms : STUCK_GAP_MAX_MS;
    ms_t passed = s->at == INT64_MIN ? -1 : p->at - s->at;
    bool flows = fabs(p->kw) > STUCK_RATED_PCT / 100.0 * p->rated_kw;
    bool moved = fabs(p->energy - s->energy) > 0.0;
    if (isnan(p->energy) || isnan(s->energy) || moved || !flows || passed < 0 || passed > most)
        start_energy(s, p);
    else
        s->flowed_kwh += fmin(fabs(s->kw), fabs(p->kw)) * (double)passed / 3.6e6;
    s->kw = p->kw;
    s->at = p->at;
}

void stuck_take(struct stuck *s, const struct stuck_poll *p) {
    take_readings(s, p);
    take_energy(s, p);
}

double signal_stuck(const struct stuck *s, enum stuck_sign *ret_sign) {
    double readings = 100.0 * s->same / STUCK_POLLS, energy = 0.0;
    if (s->energy_since != INT64_MIN && s->flowed_kwh > 0.0) {
        double time = (double)(s->at - s->energy_since) / (double)STUCK_ENERGY_MS;
        energy = 100.0 * fmin(time, s->flowed_kwh / (STUCK_STEPS * s->energy_step));
    }
    *ret_sign = energy > readings ? STUCK_ENERGY : STUCK_READINGS;
    return fmax(readings, energy);
}
