#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/model_electrical.h"
#include "sim/model_noise.h"
#include "sim/model_values.h"

/* Everything a value may depend on, found once for a point. */
struct view {
    const struct plant *plant;
    const struct node *node;
    size_t node_index;
    const struct point_def *def;
    const struct device *device;
    struct electrical e;
    double sign; /* -1: the device is wired the other way round */
};

/* Phase index 0..2, 3 for total and none. */
static size_t phase_index(enum phase phase) {
    return phase >= PHASE_L1 && phase <= PHASE_L3 ? (size_t)(phase - PHASE_L1) : 3;
}

/* SI value -> the point's unit: "kW", "MWh", "mV", "kOhm". */
static double unit_factor(const char *unit) {
    size_t len = strlen(unit);

    if (len < 2 || strcmp(unit, "min") == 0)
        return 1.0;
    if (unit[0] == 'k')
        return 1e3;
    if (unit[0] == 'M')
        return 1e6;
    if (unit[0] == 'm' && strchr("VAW", unit[1]) != NULL)
        return 1e-3;
    return 1.0;
}

static bool point_is_signed(const struct point_def *d) {
    return d->type == POINT_I16 || d->type == POINT_I32 || d->type == POINT_I64 ||
           d->type == POINT_F32 || d->type == POINT_F64;
}

/* ---- energies: counters in Wh, in the device's own convention ---- */

/* Tariff registers hold fixed shares of the total: all of them only rise. */
static double tariff_share(const char *name) {
    static const struct {
        const char *word;
        double share;
    } tariffs[] = {
        {"sharp", 0.08}, {"peak", 0.30}, {"flat", 0.36}, {"valley", 0.22}, {"deep", 0.04}};

    for (size_t i = 0; i < sizeof tariffs / sizeof tariffs[0]; i++) {
        if (strstr(name, tariffs[i].word) != NULL)
            return tariffs[i].share;
    }
    return 1.0;
}

/* Energy that flowed with positive (or negative) device power, Wh. */
static double flow_wh(const struct view *v, bool positive) {
    const struct node_counters *c = &v->node->counters;
    bool forward = positive == (v->sign > 0.0);
    size_t k = phase_index(v->def->phase);
    double share = tariff_share(v->def->name);

    if (k < 3)
        return share * counter_wh(forward ? &c->phase_forward[k] : &c->phase_reverse[k]);
    return share * counter_wh(forward ? &c->forward : &c->reverse);
}

static double quadrant_wh(const struct view *v, size_t quadrant) {
    size_t k = v->sign > 0.0 ? quadrant : (quadrant + 2) % 4;
    double share = phase_index(v->def->phase) < 3 ? 1.0 / 3.0 : 1.0;

    return share * counter_wh(&v->node->counters.q[k]);
}

static double energy_wh(const struct view *v) {
    const struct node_counters *c = &v->node->counters;
    bool stores = v->node->store != NODE_NONE;

    switch ((int)v->def->quantity) {
    case QUANTITY_ENERGY_IMPORT:
        /* an inverter's import is what it draws, whatever the sign of its power register */
        return flow_wh(v, !v->device->profile->source_convention);
    case QUANTITY_ENERGY_EXPORT:
        return flow_wh(v, v->device->profile->source_convention);
    case QUANTITY_ENERGY_TOTAL:
        return flow_wh(v, true) + flow_wh(v, false);
    case QUANTITY_REACTIVE_ENERGY_IMPORT:
        return quadrant_wh(v, 0) + quadrant_wh(v, 1);
    case QUANTITY_REACTIVE_ENERGY_EXPORT:
        return quadrant_wh(v, 2) + quadrant_wh(v, 3);
    case QUANTITY_REACTIVE_ENERGY_TOTAL:
        return quadrant_wh(v, 0) + quadrant_wh(v, 1) + quadrant_wh(v, 2) + quadrant_wh(v, 3);
    case QUANTITY_REACTIVE_ENERGY_Q1:
    case QUANTITY_REACTIVE_ENERGY_Q2:
    case QUANTITY_REACTIVE_ENERGY_Q3:
    case QUANTITY_REACTIVE_ENERGY_Q4:
        return quadrant_wh(v, (size_t)(v->def->quantity - QUANTITY_REACTIVE_ENERGY_Q1));
    case QUANTITY_APPARENT_ENERGY:
        return counter_wh(&c->apparent);
    case QUANTITY_CHARGE_ENERGY:
        return flow_wh(v, false);
    case QUANTITY_DISCHARGE_ENERGY:
    case QUANTITY_PV_ENERGY:
    case QUANTITY_LOAD_ENERGY:
        return flow_wh(v, true);
    case QUANTITY_DC_ENERGY:
        return counter_wh(&c->forward) / (stores ? 1.0 : 0.98);
    case QUANTITY_CHARGE_ENERGY_DAY:
        return (double)(c->reverse.mwh - v->node->day_reverse_mwh) / 1000.0;
    case QUANTITY_ENERGY_EXPORT_DAY:
    case QUANTITY_DISCHARGE_ENERGY_DAY:
        return (double)(c->forward.mwh - v->node->day_forward_mwh) / 1000.0;
    default:
        return 0.0;
    }
}

static bool is_energy(enum quantity q) {
    return quantity_kind(q) == QUANTITY_KIND_COUNTER || q == QUANTITY_ENERGY_EXPORT_DAY ||
           q == QUANTITY_CHARGE_ENERGY_DAY || q == QUANTITY_DISCHARGE_ENERGY_DAY;
}

/* ---- alternating current ---- */

static double phase_voltage(const struct electrical *e, enum phase phase, const char *name) {
    switch (phase) {
    case PHASE_L1:
    case PHASE_L2:
    case PHASE_L3:
        return e->volt[phase - PHASE_L1];
    case PHASE_L1L2:
    case PHASE_L2L3:
    case PHASE_L3L1:
        return e->volt_line[phase - PHASE_L1L2];
    case PHASE_NONE:
    case PHASE_N:
    case PHASE_TOTAL:
    case PHASE_COUNT:
        break;
    }
    if (strstr(name, "line") != NULL)
        return (e->volt_line[0] + e->volt_line[1] + e->volt_line[2]) / 3.0;
    return (e->volt[0] + e->volt[1] + e->volt[2]) / 3.0;
}

static double phase_current(const struct electrical *e, enum phase phase) {
    size_t k = phase_index(phase);
    double sum = e->amp[0] + e->amp[1] + e->amp[2];

    if (phase == PHASE_N)
        return e->amp_n;
    if (k < 3)
        return e->amp[k];
    return phase == PHASE_TOTAL ? sum : sum / 3.0;
}

static double power_factor(const struct view *v, size_t k) {
    return v->e.s[k] > 0.0 ? v->sign * v->e.p[k] / v->e.s[k] : 1.0;
}

/* charge_power and discharge_power name their positive direction; an unsigned register holds 0 when
 * the flow is the other way. */
static double directed_power(const struct view *v, double watt) {
    return point_is_signed(v->def) ? watt : fmax(0.0, watt);
}

static double ac_value(const struct view *v, bool *ret_known) {
    const struct electrical *e = &v->e;
    size_t k = phase_index(v->def->phase);

    *ret_known = true;
    switch ((int)v->def->quantity) {
    case QUANTITY_VOLTAGE:
        return phase_voltage(e, v->def->phase, v->def->name);
    case QUANTITY_CURRENT:
        return phase_current(e, v->def->phase);
    case QUANTITY_ACTIVE_POWER:
        return v->sign * e->p[k];
    case QUANTITY_REACTIVE_POWER:
        return v->sign * e->q[k];
    case QUANTITY_APPARENT_POWER:
        return e->s[k];
    case QUANTITY_POWER_FACTOR:
        return power_factor(v, k) * (strcmp(v->def->unit, "%") == 0 ? 100.0 : 1.0);
    case QUANTITY_FREQUENCY:
        return v->plant->frequency_hz;
    case QUANTITY_PHASE_ANGLE:
        return acos(fmin(1.0, fmax(-1.0, power_factor(v, k)))) * 57.29577951308232;
    case QUANTITY_DEMAND:
        return (double)v->node->demand_milliw / 1000.0;
    case QUANTITY_MAX_DEMAND:
        return (double)v->node->max_demand_milliw / 1000.0;
    case QUANTITY_THD_VOLTAGE:
        return 1.6;
    case QUANTITY_THD_CURRENT:
        return 4.2;
    case QUANTITY_ACTIVE_POWER_IMPORT:
        return fmax(0.0, v->sign * e->p[k]);
    case QUANTITY_ACTIVE_POWER_EXPORT:
        return fmax(0.0, -v->sign * e->p[k]);
    case QUANTITY_CHARGE_POWER:
        return directed_power(v, -v->sign * e->p[k]);
    case QUANTITY_DISCHARGE_POWER:
        return directed_power(v, v->sign * e->p[k]);
    default:
        *ret_known = false;
        return 0.0;
    }
}

/* ---- direct current, battery, surroundings ---- */

/* Strings or inputs that share the DC current: every dc_current point of the node. */
static double dc_inputs(const struct view *v) {
    const struct device_profile *profile = v->device->profile;
    size_t inputs = 0;

    for (size_t i = 0; i < profile->point_count; i++)
        inputs += profile->points[i].quantity == QUANTITY_DC_CURRENT;
    return v->node->role == ROLE_PV && inputs > 0 ? (double)inputs : 1.0;
}

static double dc_value(const struct view *v, bool *ret_known) {
    struct dc_side dc = dc_of(v->plant, v->node_index);
    double sign = v->node->role == ROLE_PV ? 1.0 : v->sign;

    *ret_known = true;
    switch ((int)v->def->quantity) {
    case QUANTITY_DC_VOLTAGE:
        return dc.volt;
    case QUANTITY_DC_CURRENT:
        return sign * dc.amp / dc_inputs(v);
    case QUANTITY_DC_POWER:
        return sign * dc.watt;
    case QUANTITY_CELL_VOLTAGE:
        return dc.cell_volt;
    case QUANTITY_CELL_VOLTAGE_MAX:
        return dc.cell_max;
    case QUANTITY_CELL_VOLTAGE_MIN:
        return dc.cell_min;
    case QUANTITY_CELL_TEMPERATURE:
        return dc.cell_c;
    case QUANTITY_CELL_TEMPERATURE_MAX:
        return dc.cell_max_c;
    case QUANTITY_CELL_TEMPERATURE_MIN:
        return dc.cell_min_c;
    default:
        *ret_known = false;
        return 0.0;
    }
}

static double battery_value(const struct view *v, bool *ret_known) {
    const struct storage *s =
        v->node->store == NODE_NONE ? NULL : &v->plant->stores[v->node->store];

    *ret_known = s != NULL;
    if (s == NULL)
        return 0.0;
    switch ((int)v->def->quantity) {
    case QUANTITY_SOC:
        return storage_soc_pct(s);
    case QUANTITY_SOH:
        return 97.5;
    case QUANTITY_CYCLES:
        return floor(counter_wh(&v->node->counters.forward) /
                     (1000.0 * s->capacity_kwh * v->node->share));
    case QUANTITY_REMAINING_CAPACITY:
        if (strstr(v->def->unit, "Ah") != NULL)
            return 1000.0 * s->stored_kwh * v->node->share / 768.0;
        return 1000.0 * s->stored_kwh * v->node->share;
    default:
        *ret_known = false;
        return 0.0;
    }
}

/* A state word without names says 1; with names, the bits of a unit that runs on the grid and of
 * the direction in which it works. */
static double healthy_state(const struct view *v) {
    unsigned word = 0;

    if (v->def->bit_count == 0)
        return 1.0;
    for (size_t i = 0; i < v->def->bit_count; i++) {
        const struct point_bit *b = &v->def->bits[i];
        bool on = strcmp(b->name, "run") == 0 || strcmp(b->name, "grid_tied") == 0 ||
                  (strcmp(b->name, "charging") == 0 && v->node->power_milliw < 0) ||
                  (strcmp(b->name, "discharging") == 0 && v->node->power_milliw > 0);
        if (on && b->bit < 32)
            word |= 1u << b->bit;
    }
    return word;
}

static double surroundings_value(const struct view *v, bool *ret_known) {
    double running = v->node->rated_kw > 0.0
                         ? fabs((double)v->node->power_milliw) / (v->node->rated_kw * 1e6)
                         : 0.0;

    *ret_known = true;
    switch ((int)v->def->quantity) {
    case QUANTITY_TEMPERATURE:
        if (v->node->role == ROLE_BATTERY)
            return dc_of(v->plant, v->node_index).cell_c;
        return v->node->role == ROLE_ENVIRONMENT ? v->plant->air_c
                                                 : v->plant->air_c + 8.0 + 18.0 * running;
    case QUANTITY_INSULATION_RESISTANCE:
        return 2.2e6;
    case QUANTITY_EFFICIENCY:
        return 98.1;
    case QUANTITY_RATED_POWER:
        return 1000.0 * v->node->rated_kw;
    case QUANTITY_IRRADIANCE:
        return v->plant->irradiance_w_m2;
    case QUANTITY_STATE:
        return healthy_state(v);
    case QUANTITY_FAULT:
        return 0.0;
    case QUANTITY_CT_RATIO:
        return isfinite(v->device->ct_ratio) ? v->device->ct_ratio : 1.0;
    case QUANTITY_PT_RATIO:
        return isfinite(v->device->pt_ratio) ? v->device->pt_ratio : 1.0;
    default:
        *ret_known = false;
        return 0.0;
    }
}

/* Quantities that only the profile knows: a constant that fits the name. */
static double other_value(const struct view *v) {
    static const struct {
        const char *word;
        double value;
    } words[] = {{"voltage", 400.0}, {"current", 100.0}, {"temperature", 25.0},
                 {"percent", 100.0}, {"capacity", 1e5},  {"demand", 0.0},
                 {"command", 0.0},   {"setpoint", 0.0},  {"timeout", 60.0}};
    const char *name = v->def->quantity_name != NULL ? v->def->quantity_name : v->def->name;

    if (strstr(name, "address") != NULL)
        return v->device->unit;
    if (strstr(name, "power") != NULL)
        return 1000.0 * v->node->rated_kw;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(name, words[i].word) != NULL)
            return words[i].value;
    }
    return 1.0;
}

static struct view view_of(const struct plant *p, size_t device, const struct point_def *def) {
    const struct device *d = &p->site->devices[device];
    size_t node = plant_node(p, device, def->channel);

    return (struct view){.plant = p,
                         .node = &p->nodes[node],
                         .node_index = node,
                         .def = def,
                         .device = d,
                         .e = electrical_of(p, node),
                         .sign = d->sign};
}

double value_of_point(const struct plant *p, size_t device, const struct point_def *def) {
    static double (*const groups[])(const struct view *, bool *) = {
        ac_value, dc_value, battery_value, surroundings_value};
    struct view v = view_of(p, device, def);
    double factor = unit_factor(def->unit);
    bool known = false;

    if (is_energy(def->quantity))
        return energy_wh(&v) / factor;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        double value = groups[i](&v, &known);

        if (known)
            return value / factor;
    }
    return fmin(def->max, fmax(def->min, other_value(&v) / factor));
}

double value_span(const struct plant *p, size_t device, const struct point_def *def) {
    struct view v = view_of(p, device, def);
    double watt = 1.5e3 * v.node->rated_kw, span;

    switch ((int)def->quantity) {
    case QUANTITY_ACTIVE_POWER:
    case QUANTITY_REACTIVE_POWER:
    case QUANTITY_APPARENT_POWER:
    case QUANTITY_DC_POWER:
    case QUANTITY_ACTIVE_POWER_IMPORT:
    case QUANTITY_ACTIVE_POWER_EXPORT:
    case QUANTITY_CHARGE_POWER:
    case QUANTITY_DISCHARGE_POWER:
        span = watt;
        break;
    case QUANTITY_CURRENT:
        span = watt / (3.0 * v.e.volt[0]) * (def->phase == PHASE_TOTAL ? 3.0 : 1.0);
        break;
    case QUANTITY_DC_CURRENT:
        span = watt / 500.0;
        break;
    default:
        if (is_energy(def->quantity))
            return 10.0 * fabs(value_of_point(p, device, def)) + 1.0;
        return 1.2 * fabs(value_of_point(p, device, def));
    }
    return span / unit_factor(def->unit);
}

void value_text(const struct plant *p, size_t device, const struct point_def *def, char *out,
                size_t cap) {
    const struct device *d = &p->site->devices[device];

    switch ((int)def->quantity) {
    case QUANTITY_SERIAL:
        (void)snprintf(out, cap, "SIM%08llu",
                       (unsigned long long)(noise_hash(p->seed, 0xA0, device) % 100000000));
        break;
    case QUANTITY_MODEL:
        (void)snprintf(out, cap, "%s", d->profile->model != NULL ? d->profile->model : "");
        break;
    case QUANTITY_FIRMWARE:
        (void)snprintf(out, cap, "V1.00-SIM");
        break;
    default:
        (void)snprintf(out, cap, "SIM");
        break;
    }
}
