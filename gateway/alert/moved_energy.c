#include "alert/moved_energy.h"

void moved_init(struct moved_energy *m) {
    *m = (struct moved_energy){.at = INT64_MIN};
}

void moved_take(struct moved_energy *m, double kw, double cny_per_kwh, ms_t t) {
    if (m->at != INT64_MIN && t > m->at && t - m->at <= MOVED_GAP_MAX_MS && m->kw > 0.0) {
        double kwh = m->kw * (double)(t - m->at) / 3.6e6;
        m->kwh += kwh;
        m->cny += kwh * m->cny_per_kwh;
    }
    m->kw = kw;
    m->cny_per_kwh = cny_per_kwh;
    m->at = t;
}

void moved_end(struct moved_energy *m) {
    moved_init(m);
}
