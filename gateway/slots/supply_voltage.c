#include "slots/supply_voltage.h"

#include <math.h>
#include <string.h>

#define UNKNOWN ((double)NAN)

void supply_voltage_init(struct supply_voltage *v, size_t phases) {
    memset(v, 0, sizeof *v);
    v->phases = phases;
    v->nominal[0] = v->nominal[1] = UNKNOWN;
    for (size_t i = 0; i < DIP_CHANNELS; i++)
        v->pct[i] = UNKNOWN;
    dip_init(&v->dips);
}

static size_t known(const double *u) {
    size_t n = 0;
    for (size_t i = 0; i < DIP_CHANNELS; i++)
        n += isnan(u[i]) ? 0 : 1;
    return n;
}

/* Of the first voltage that is near to one. */
static void find_nominal(struct supply_voltage *v, const double *u) {
    for (size_t i = 0; i < DIP_CHANNELS && isnan(v->nominal[v->line]); i++)
        v->nominal[v->line] = supply_nominal(u[i], v->line);
}

void supply_voltage_take(struct supply_voltage *v, const double *line, const double *phase,
                         ms_t t) {
    size_t lines = known(line), phases = known(phase);
    v->line = lines == DIP_CHANNELS || phases == 0;
    v->channels = v->line ? DIP_CHANNELS : v->phases;
    const double *u = v->line ? line : phase;
    find_nominal(v, u);
    for (size_t i = 0, n = 0; i < DIP_CHANNELS; i++) {
        v->pct[i] = UNKNOWN;
        /* a meter of one phase may have it in any place */
        if (v->channels == DIP_CHANNELS)
            v->pct[i] = u[i] / v->nominal[v->line] * 100.0;
        else if (!isnan(u[i]) && n < v->channels)
            v->pct[n++] = u[i] / v->nominal[v->line] * 100.0;
    }
    v->change_count = dip_take(&v->dips, v->pct, v->channels, t, v->change);
}

void supply_voltage_hold(struct supply_voltage *v, ms_t held_ms) {
    if (held_ms <= 0 || (v->dips.lasts && v->dips.now.kind == DIP_INTERRUPTION))
        return;
    for (size_t i = 0; i < v->channels; i++) {
        if (isnan(v->pct[i]))
            continue;
        v->weighted[i] += v->pct[i] * (double)held_ms;
        v->ms[i] += (uint32_t)held_ms;
    }
}

void supply_voltage_minute(struct supply_voltage *v, struct supply_facts *into) {
    const struct voltage_limits limits = voltage_limits_of(v->nominal[v->line], v->line);
    uint32_t seen = 0;
    bool good = true;
    for (size_t i = 0; i < DIP_CHANNELS; i++) {
        if (v->ms[i] == 0)
            continue;
        seen = v->ms[i] > seen ? v->ms[i] : seen;
        good = good && voltage_within(&limits, v->weighted[i] / (double)v->ms[i] - 100.0);
    }
    into->monitored_ms += seen;
    into->qualified_ms += good ? seen : 0;
    memset(v->weighted, 0, sizeof v->weighted);
    memset(v->ms, 0, sizeof v->ms);
}
