/* The register map, as data: everything else (server, profile, documentation) is made from this.
 *
 * X(start, kind, first, items, quantity, phases, unit): `items` values from index `first` of what
 * kind names, from zero-based register `start`. Functions 3 and 4 read the same map. Text columns
 * are for the profile and the documents and do not reach the flash. */
#ifndef NODE_APP_REGISTER_LIST_H
#define NODE_APP_REGISTER_LIST_H

#define P1  ""
#define P3  "l1 l2 l3"
#define P3L "l1l2 l2l3 l3l1"
#define P3N "l1 l2 l3 n"
#define P3T "l1 l2 l3 total"
#define PT1 "total"

#define REGISTER_LIST(X)                                                                           \
    X(0, STATUS, 0, STATUS_COUNT, "status", P1, "")                                                \
    X(20, COUNT, 0, COUNT_COUNT, "count", P1, "")                                                  \
    X(40, TEXT, TEXT_MODEL, 8, "model", P1, "")                                                    \
    X(48, TEXT, TEXT_VERSION, 8, "firmware", P1, "")                                               \
    X(56, TEXT, TEXT_BUILD, 8, "build", P1, "")                                                    \
    X(100, SECOND, VALUE_VOLTAGE, 3, "voltage", P3, "V")                                           \
    X(106, SECOND, VALUE_LINE_VOLTAGE, 3, "voltage", P3L, "V")                                     \
    X(112, SECOND, VALUE_CURRENT, 4, "current", P3N, "A")                                          \
    X(120, SECOND, VALUE_ACTIVE, 4, "active_power", P3T, "W")                                      \
    X(128, SECOND, VALUE_REACTIVE, 4, "reactive_power", P3T, "var")                                \
    X(136, SECOND, VALUE_APPARENT, 4, "apparent_power", P3T, "VA")                                 \
    X(144, SECOND, VALUE_NONACTIVE, 4, "nonactive_power", P3T, "VA")                               \
    X(152, SECOND, VALUE_POWER_FACTOR, 4, "power_factor", P3T, "")                                 \
    X(160, SECOND, VALUE_FREQUENCY, 1, "frequency", P1, "Hz")                                      \
    X(162, SECOND, VALUE_THD_VOLTAGE, 3, "thd_voltage", P3, "%")                                   \
    X(168, SECOND, VALUE_THD_CURRENT, 3, "thd_current", P3, "%")                                   \
    X(174, SECOND, VALUE_UNBALANCE, 1, "unbalance_voltage", P1, "%")                               \
    X(176, SECOND, VALUE_UNBALANCE + 1, 1, "unbalance_current", P1, "%")                           \
    X(178, DEMAND, 0, 1, "demand", PT1, "W")                                                       \
    X(180, DEMAND, 1, 1, "max_demand", PT1, "W")                                                   \
    X(200, ENERGY, SHOWN_IMPORT, 1, "energy_import", PT1, "kWh")                                   \
    X(204, ENERGY, SHOWN_EXPORT, 1, "energy_export", PT1, "kWh")                                   \
    X(208, ENERGY, SHOWN_REACTIVE_IMPORT, 1, "reactive_energy_import", PT1, "kvarh")               \
    X(212, ENERGY, SHOWN_REACTIVE_EXPORT, 1, "reactive_energy_export", PT1, "kvarh")               \
    X(216, ENERGY, SHOWN_Q1, 1, "reactive_energy_q1", PT1, "kvarh")                                \
    X(220, ENERGY, SHOWN_Q2, 1, "reactive_energy_q2", PT1, "kvarh")                                \
    X(224, ENERGY, SHOWN_Q3, 1, "reactive_energy_q3", PT1, "kvarh")                                \
    X(228, ENERGY, SHOWN_Q4, 1, "reactive_energy_q4", PT1, "kvarh")                                \
    X(232, ENERGY, SHOWN_APPARENT, 1, "apparent_energy", PT1, "kVAh")                              \
    X(300, WINDOW, VALUE_VOLTAGE, 3, "voltage_200ms", P3, "V")                                     \
    X(306, WINDOW, VALUE_CURRENT, 4, "current_200ms", P3N, "A")                                    \
    X(314, WINDOW, VALUE_ACTIVE, 4, "active_power_200ms", P3T, "W")                                \
    X(322, WINDOW, VALUE_REACTIVE, 4, "reactive_power_200ms", P3T, "var")                          \
    X(330, WINDOW, VALUE_FREQUENCY, 1, "frequency_200ms", P1, "Hz")                                \
    X(332, CYCLE, 0, 3, "voltage_cycle_min", P3, "V")                                              \
    X(338, CYCLE, 3, 3, "current_cycle_max", P3, "A")                                              \
    X(400, PERCENT, VALUE_HARMONIC_VOLTAGE, 42, "harmonic_voltage", P3, "%")                       \
    X(450, PERCENT, VALUE_HARMONIC_CURRENT, 42, "harmonic_current", P3, "%")                       \
    X(1000, SETTING, 0, SETTING_COUNT, "setting", P1, "")                                          \
    X(1100, CONTROL, 0, CONTROL_COUNT, "control", P1, "")

#endif
