#include "slots/supply.h"

#include <math.h>
#include <string.h>

#include "calc/power.h"
#include "slots/counters.h"

static int32_t find(const struct device *d, enum quantity q, enum phase phase) {
    for (size_t i = 0; i < d->profile->point_count; i++) {
        const struct point_def *p = &d->profile->points[i];
        if (p->quantity == q && p->phase == phase && p->channel == NULL)
            return (int32_t)i;
    }
    return SITE_NONE;
}

void supply_init(struct supply *s, const struct site *site, const struct feed *feed) {
    const struct device *d = &site->devices[feed->device];
    memset(s, 0, sizeof *s);
    supply_clear(&s->open);
    s->p_kw = s->q_kvar = s->nominal_v = (double)NAN;
    s->rated_kva = d->rated_kw;
    for (size_t i = 0; i < SUPPLY_RANGES; i++)
        s->value[i] = (double)NAN;
    for (int i = 0; i < 3; i++) {
        s->points.u_line[i] = find(d, QUANTITY_VOLTAGE, (enum phase)(PHASE_L1L2 + i));
        s->points.u_phase[i] = find(d, QUANTITY_VOLTAGE, (enum phase)(PHASE_L1 + i));
        s->points.current[i] = find(d, QUANTITY_CURRENT, (enum phase)(PHASE_L1 + i));
    }
    size_t phases = 0;
    for (int i = 0; i < 3; i++)
        phases += s->points.u_phase[i] != SITE_NONE;
    supply_voltage_init(&s->voltage, phases);
    s->points.frequency = find(d, QUANTITY_FREQUENCY, PHASE_NONE);
    s->points.reactive = SITE_NONE;
    s->points.coded = find(d, QUANTITY_POWER_FACTOR_CODED, PHASE_TOTAL);
    if (s->points.coded != SITE_NONE)
        s->points.pf_format = d->profile->points[s->points.coded].pf_format;
    if (feed->reactive_power != SITE_NONE) {
        s->points.reactive = feed->reactive_power - (int32_t)d->point_base;
        s->points.reactive_factor =
            unit_kilo_factor(site->points[feed->reactive_power].def->unit) * feed->power_sign;
    }
}

bool supply_measures_reactive(const struct supply *s) {
    return (s->points.reactive != SITE_NONE && !isnan(s->points.reactive_factor)) ||
           s->points.coded != SITE_NONE;
}

/* Of a meter that shows no Q: from P and a power factor that tells the quadrant. */
static double reactive_from_factor(const struct supply_points *p, double coded, double p_kw) {
    int quadrant = 0;
    double pf = fabs(power_factor_register(coded, (enum pf_format)p->pf_format, &quadrant));
    if (quadrant == 0 || !(pf > 0.0))
        return (double)NAN;
    double kvar = fabs(p_kw) * sqrt(1.0 / (pf * pf) - 1.0);
    return quadrant <= 2 ? kvar : -kvar;
}

static double value_of(const struct sample *samples, int32_t point) {
    bool usable = point != SITE_NONE && quality_usable((enum quality)samples[point].quality);
    return usable ? samples[point].value : (double)NAN;
}

/* Of a voltage far below what the profile expects, that is what is to be told. */
static double voltage_of(const struct sample *samples, int32_t point) {
    bool read = point != SITE_NONE && samples[point].quality <= QUALITY_OUT_OF_RANGE &&
                samples[point].value >= 0.0;
    return read ? samples[point].value : (double)NAN;
}

static void read_voltages(struct supply *s, const struct sample *samples, ms_t utc_ms) {
    double line[3], phase[3];
    for (int i = 0; i < 3; i++) {
        line[i] = voltage_of(samples, s->points.u_line[i]);
        phase[i] = voltage_of(samples, s->points.u_phase[i]);
    }
    supply_voltage_take(&s->voltage, line, phase, utc_ms);
}

/* Of three voltages the deviation that is farthest from nominal. */
static double worst_deviation(const double u[3], double *ret_nominal_v) {
    double worst = *ret_nominal_v = (double)NAN;
    for (int i = 0; i < 3; i++) {
        double nominal = voltage_nominal(u[i]), d = voltage_deviation(u[i], nominal);
        if (!isnan(d) && !(fabs(d) <= fabs(worst))) {
            worst = d;
            *ret_nominal_v = nominal;
        }
    }
    return worst;
}

static void read_values(struct supply *s, const struct sample *samples) {
    const struct supply_points *p = &s->points;
    double line[3], phase[3], current[3];
    for (int i = 0; i < 3; i++) {
        line[i] = value_of(samples, p->u_line[i]);
        phase[i] = value_of(samples, p->u_phase[i]);
        current[i] = value_of(samples, p->current[i]);
    }
    bool lines = !isnan(line[0]) && !isnan(line[1]) && !isnan(line[2]);
    s->value[SUPPLY_S_KVA] = power_apparent(s->p_kw, s->q_kvar);
    s->value[SUPPLY_U_DEVIATION_PCT] = worst_deviation(lines ? line : phase, &s->nominal_v);
    s->by_phase = !lines;
    s->value[SUPPLY_U_UNBALANCE_PCT] = lines
                                           ? voltage_unbalance_line(line[0], line[1], line[2])
                                           : voltage_unbalance_phase(phase[0], phase[1], phase[2]);
    s->value[SUPPLY_I_UNBALANCE_PCT] =
        current_unbalance(current[0], current[1], current[2], (double)NAN);
    s->value[SUPPLY_HZ] = value_of(samples, p->frequency);
}

static void add_range(struct range_stat *r, double value, ms_t held_ms) {
    if (isnan(value) || held_ms <= 0)
        return;
    range_merge(r, &(struct range_stat){value, value, value, (uint32_t)held_ms});
}

void supply_advance(struct supply *s, ms_t utc_ms) {
    ms_t to = utc_ms < s->until ? utc_ms : s->until, held = to - s->at;
    if (held <= 0)
        return;
    double s_before = s->open.s_kva.max;
    for (size_t i = 0; i < SUPPLY_RANGES; i++)
        add_range(supply_range(&s->open, i), s->value[i], held);
    if (s->open.s_kva.max > s_before || (isnan(s_before) && !isnan(s->open.s_kva.max)))
        s->open.s_max_at = s->at;
    s->open.p_max_kw = fmax(s->open.p_max_kw, s->p_kw);
    supply_voltage_hold(&s->voltage, held);
    if (!isnan(s->q_kvar) && !isnan(s->p_kw))
        s->kvarh[power_quadrant(s->p_kw, s->q_kvar) - 1] +=
            fabs(s->q_kvar) * (double)held / 3600000.0;
    s->at = to;
}

void supply_take(struct supply *s, const struct sample *samples, double p_kw, ms_t utc_ms,
                 ms_t hold_ms) {
    supply_advance(s, utc_ms);
    s->p_kw = p_kw;
    s->q_kvar = s->points.reactive != SITE_NONE
                    ? value_of(samples, s->points.reactive) * s->points.reactive_factor
                    : reactive_from_factor(&s->points, value_of(samples, s->points.coded), p_kw);
    read_values(s, samples);
    read_voltages(s, samples, utc_ms);
    if (utc_ms > s->at)
        s->at = utc_ms;
    s->until = utc_ms + hold_ms;
}

double supply_kvarh(const struct supply *s, enum slot_period p, int quadrant) {
    return s->kvarh[quadrant] - s->kvarh_mark[p][quadrant];
}

void supply_next_slot(struct supply *s, enum slot_period p) {
    memcpy(s->kvarh_mark[p], s->kvarh, sizeof s->kvarh);
    if (p == SLOT_1M)
        supply_voltage_minute(&s->voltage, &s->open);
    if (p == SLOT_15M)
        supply_clear(&s->open);
}
