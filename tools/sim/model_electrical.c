#include <math.h>

#include "sim/model_electrical.h"
#include "sim/model_noise.h"

#define CELLS_IN_SERIES 240
#define SQRT3           1.73205080756887729353

enum { STREAM_VOLT = 0x6000, STREAM_SPREAD = 0x7000 };

/* Line-to-line volts: the voltage transformer's primary (100 V secondary), else 400 V. */
static double nominal_volt(const struct device *d) {
    return isfinite(d->pt_ratio) && d->pt_ratio > 1.0 ? 100.0 * d->pt_ratio : 400.0;
}

struct electrical electrical_of(const struct plant *p, size_t node) {
    const struct node *n = &p->nodes[node];
    double nominal = nominal_volt(&p->site->devices[n->device]) / SQRT3;
    double draws = role_is_source(n->role) ? -1.0 : 1.0;
    double load = draws * (double)n->power_milliw / (n->rated_kw * 1e6);
    double sign = n->sees_reversed ? -1.0 : 1.0;
    double re, im;
    struct electrical e = {0};

    for (size_t k = 0; k < 3; k++) {
        double noise = 0.004 * noise_smooth(p->seed, STREAM_VOLT + k, p->now_ms, 30 * MS_PER_S);

        e.volt[k] = nominal * (1.02 - 0.025 * load + noise);
        e.p[k] = sign * (double)n->phase_milliw[k] / 1000.0;
        e.q[k] = sign * (double)n->phase_mvar[k] / 1000.0;
        e.s[k] = hypot(e.p[k], e.q[k]);
        e.amp[k] = e.s[k] / e.volt[k];
    }
    for (size_t k = 0; k < 3; k++) { /* phasors 120 degrees apart */
        double a = e.volt[k], b = e.volt[(k + 1) % 3];

        e.volt_line[k] = sqrt(a * a + b * b + a * b);
    }
    re = e.amp[0] - 0.5 * (e.amp[1] + e.amp[2]);
    im = 0.5 * SQRT3 * (e.amp[1] - e.amp[2]);
    e.amp_n = hypot(re, im);
    e.p[3] = sign * (double)n->power_milliw / 1000.0;
    e.q[3] = sign * (double)n->reactive_mvar / 1000.0;
    e.s[3] = hypot(e.p[3], e.q[3]);
    return e;
}

static struct dc_side battery_side(const struct plant *p, size_t node) {
    const struct node *n = &p->nodes[node];
    const struct storage *s = &p->stores[n->store];
    double soc = storage_soc_pct(s) / 100.0;
    double ac_kw = (double)n->power_milliw / 1e6;
    double rate, spread;
    struct dc_side dc;

    dc.watt = 1000.0 * (n->role == ROLE_BATTERY ? ac_kw : storage_dc_kw(s, ac_kw));
    rate = dc.watt / (1000.0 * s->rated_kw * n->share);
    /* open-circuit curve: flat in the middle, steep at the ends; 30 mV over the resistance */
    dc.cell_volt =
        3.20 + 0.16 * soc + 0.10 * pow(soc, 12.0) - 0.35 * pow(1.0 - soc, 12.0) - 0.03 * rate;
    spread = 0.006 + 0.003 * noise_unit(p->seed, STREAM_SPREAD, node) + 0.004 * fabs(rate);
    dc.cell_max = dc.cell_volt + spread;
    dc.cell_min = dc.cell_volt - 1.3 * spread;
    dc.volt = CELLS_IN_SERIES * dc.cell_volt;
    dc.amp = dc.watt / dc.volt;
    dc.cell_c = 0.3 * p->air_c + 17.0 + 6.0 * rate * rate; /* the container is air-conditioned */
    dc.cell_max_c = dc.cell_c + 1.8;
    dc.cell_min_c = dc.cell_c - 1.4;
    return dc;
}

struct dc_side dc_of(const struct plant *p, size_t node) {
    const struct node *n = &p->nodes[node];
    struct dc_side dc = {0};

    if (n->store != NODE_NONE)
        return battery_side(p, node);
    dc.volt = p->irradiance_w_m2 > 5.0 ? 620.0 - 0.6 * p->air_c : 0.0;
    dc.watt = fmax(0.0, (double)n->power_milliw / 1000.0 / 0.98);
    dc.amp = dc.volt > 0.0 ? dc.watt / dc.volt : 0.0;
    dc.cell_c = p->air_c + 0.03 * p->irradiance_w_m2;
    return dc;
}
