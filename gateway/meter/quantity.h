/* Canonical names of what a point measures, and of phases. Pure.
 *
 * The names are those of the register maps under config/profiles; anything else is QUANTITY_OTHER:
 * stored and shown, never computed with. Add a name here, at the end, when code needs to know it.
 */
#ifndef BUSBAR_METER_QUANTITY_H
#define BUSBAR_METER_QUANTITY_H

#include <stdbool.h>

/* enum suffix, name, kind */
#define QUANTITY_LIST(X)                                                                           \
    X(OTHER, "other", GAUGE)                                                                       \
    X(VOLTAGE, "voltage", GAUGE)                                                                   \
    X(CURRENT, "current", GAUGE)                                                                   \
    X(ACTIVE_POWER, "active_power", GAUGE)                                                         \
    X(REACTIVE_POWER, "reactive_power", GAUGE)                                                     \
    X(APPARENT_POWER, "apparent_power", GAUGE)                                                     \
    X(POWER_FACTOR, "power_factor", GAUGE)                                                         \
    X(FREQUENCY, "frequency", GAUGE)                                                               \
    X(PHASE_ANGLE, "phase_angle", GAUGE)                                                           \
    X(ENERGY_IMPORT, "energy_import", COUNTER)                                                     \
    X(ENERGY_EXPORT, "energy_export", COUNTER)                                                     \
    X(ENERGY_TOTAL, "energy_total", COUNTER)                                                       \
    X(REACTIVE_ENERGY_IMPORT, "reactive_energy_import", COUNTER)                                   \
    X(REACTIVE_ENERGY_EXPORT, "reactive_energy_export", COUNTER)                                   \
    X(REACTIVE_ENERGY_TOTAL, "reactive_energy_total", COUNTER)                                     \
    X(REACTIVE_ENERGY_Q1, "reactive_energy_q1", COUNTER)                                           \
    X(REACTIVE_ENERGY_Q2, "reactive_energy_q2", COUNTER)                                           \
    X(REACTIVE_ENERGY_Q3, "reactive_energy_q3", COUNTER)                                           \
    X(REACTIVE_ENERGY_Q4, "reactive_energy_q4", COUNTER)                                           \
    X(APPARENT_ENERGY, "apparent_energy", COUNTER)                                                 \
    X(PV_ENERGY, "pv_energy", COUNTER)                                                             \
    X(CHARGE_ENERGY, "charge_energy", COUNTER)                                                     \
    X(DISCHARGE_ENERGY, "discharge_energy", COUNTER)                                               \
    X(LOAD_ENERGY, "load_energy", COUNTER)                                                         \
    X(ENERGY_EXPORT_DAY, "energy_export_day", GAUGE)                                               \
    X(CHARGE_ENERGY_DAY, "charge_energy_day", GAUGE)                                               \
    X(DISCHARGE_ENERGY_DAY, "discharge_energy_day", GAUGE)                                         \
    X(CT_RATIO, "ct_ratio", SETTING)                                                               \
    X(PT_RATIO, "pt_ratio", SETTING)                                                               \
    X(SCALE_EXPONENT, "scale_exponent", SETTING)                                                   \
    X(DEMAND, "demand", GAUGE)                                                                     \
    X(MAX_DEMAND, "max_demand", GAUGE)                                                             \
    X(THD_VOLTAGE, "thd_voltage", GAUGE)                                                           \
    X(THD_CURRENT, "thd_current", GAUGE)                                                           \
    X(DC_VOLTAGE, "dc_voltage", GAUGE)                                                             \
    X(DC_CURRENT, "dc_current", GAUGE)                                                             \
    X(DC_POWER, "dc_power", GAUGE)                                                                 \
    X(DC_ENERGY, "dc_energy", COUNTER)                                                             \
    X(SOC, "soc", GAUGE)                                                                           \
    X(SOH, "soh", GAUGE)                                                                           \
    X(CYCLES, "cycles", GAUGE)                                                                     \
    X(REMAINING_CAPACITY, "remaining_capacity", GAUGE)                                             \
    X(CELL_VOLTAGE, "cell_voltage", GAUGE)                                                         \
    X(CELL_VOLTAGE_MAX, "cell_voltage_max", GAUGE)                                                 \
    X(CELL_VOLTAGE_MIN, "cell_voltage_min", GAUGE)                                                 \
    X(CELL_TEMPERATURE, "cell_temperature", GAUGE)                                                 \
    X(CELL_TEMPERATURE_MAX, "cell_temperature_max", GAUGE)                                         \
    X(CELL_TEMPERATURE_MIN, "cell_temperature_min", GAUGE)                                         \
    X(TEMPERATURE, "temperature", GAUGE)                                                           \
    X(INSULATION_RESISTANCE, "insulation_resistance", GAUGE)                                       \
    X(EFFICIENCY, "efficiency", GAUGE)                                                             \
    X(RATED_POWER, "rated_power", SETTING)                                                         \
    X(STATE, "state", STATE)                                                                       \
    X(FAULT, "fault", STATE)                                                                       \
    X(SERIAL, "serial", STATE)                                                                     \
    X(MODEL, "model", STATE)                                                                       \
    X(FIRMWARE, "firmware", STATE)                                                                 \
    X(IRRADIANCE, "irradiance", GAUGE)                                                             \
    X(ACTIVE_POWER_IMPORT, "active_power_import", GAUGE)                                           \
    X(ACTIVE_POWER_EXPORT, "active_power_export", GAUGE)                                           \
    X(CHARGE_POWER, "charge_power", GAUGE)                                                         \
    X(DISCHARGE_POWER, "discharge_power", GAUGE)                                                   \
    X(POWER_FACTOR_CODED, "power_factor_coded", GAUGE)                                             \
    X(CLOCK, "clock", SETTING)

enum quantity {
#define X(suffix, name, kind) QUANTITY_##suffix,
    QUANTITY_LIST(X)
#undef X
        QUANTITY_COUNT
};

enum quantity_kind {
    QUANTITY_KIND_GAUGE,   /* averaged over a slot */
    QUANTITY_KIND_COUNTER, /* rises for ever; its differences are energy */
    QUANTITY_KIND_SETTING, /* changes rarely; last value counts */
    QUANTITY_KIND_STATE,   /* bits or text */
};

enum phase {
    PHASE_NONE,
    PHASE_L1,
    PHASE_L2,
    PHASE_L3,
    PHASE_L1L2,
    PHASE_L2L3,
    PHASE_L3L1,
    PHASE_N,
    PHASE_TOTAL,
    PHASE_COUNT
};

const char *quantity_str(enum quantity q);
enum quantity_kind quantity_kind(enum quantity q);
bool quantity_parse(const char *name, enum quantity *ret); /* false: not a known name */
const char *phase_str(enum phase p);                       /* "" for PHASE_NONE */
bool phase_parse(const char *name, enum phase *ret);

#endif
