/* What the node knows and shows: written by node.c, read and (settings, control) written by the
 * registers. One thread. */
#ifndef NODE_APP_STATE_H
#define NODE_APP_STATE_H

#include "app/demand.h"
#include "app/energy.h"
#include "app/settings.h"

#define MAP_VERSION 1

/* suffix, name, meaning: bits of the fault register */
#define FAULT_LIST(X)                                                                              \
    X(VOLTAGE_L1, "voltage_l1_missing")                                                            \
    X(VOLTAGE_L2, "voltage_l2_missing")                                                            \
    X(VOLTAGE_L3, "voltage_l3_missing")                                                            \
    X(SEQUENCE, "phase_sequence_reversed")                                                         \
    X(CLIPPED, "input_clipped")                                                                    \
    X(SAMPLES_LOST, "samples_lost")                                                                \
    X(NO_FREQUENCY, "no_frequency")                                                                \
    X(SETTINGS, "settings_lost_defaults_in_use")                                                   \
    X(COUNTERS, "counters_lost")                                                                   \
    X(COUNTER_STORE, "counter_memory_fails")                                                       \
    X(SETTING_STORE, "setting_memory_fails")                                                       \
    X(STACK, "stack_overrun")                                                                      \
    X(WATCHDOG, "restarted_by_watchdog")

enum fault {
#define X(suffix, name) FAULT_##suffix,
    FAULT_LIST(X)
#undef X
        FAULT_COUNT
};

/* 16-bit words of the status block. */
#define STATUS_LIST(X)                                                                             \
    X(MAP_VERSION, "map_version")                                                                  \
    X(FAULTS, "faults")                                                                            \
    X(FAULTS_LATCHED, "faults_since_start")                                                        \
    X(RESET_CAUSE, "reset_cause")                                                                  \
    X(LOOP_MAX_US, "loop_max_us")                                                                  \
    X(LOAD, "load_permille")

#define COUNT_LIST(X)                                                                              \
    X(UPTIME_S, "uptime_s")                                                                        \
    X(RUN_S, "run_s")                                                                              \
    X(RESTARTS, "restarts")                                                                        \
    X(JOURNAL, "journal_sequence")                                                                 \
    X(SAMPLES_LOST, "samples_lost")                                                                \
    X(FRAMES, "frames_for_this_unit")                                                              \
    X(FRAMES_BROKEN, "frames_broken")                                                              \
    X(EXCEPTIONS, "exceptions_sent")

enum status {
#define X(suffix, name) STATUS_##suffix,
    STATUS_LIST(X)
#undef X
        STATUS_COUNT
};

enum count {
#define X(suffix, name) COUNT_##suffix,
    COUNT_LIST(X)
#undef X
        COUNT_COUNT
};

enum command {
    COMMAND_NONE,
    COMMAND_STORE,      /* the draft becomes the settings, stored */
    COMMAND_DISCARD,    /* the draft is the settings again */
    COMMAND_RESET_PEAK, /* the maximum demand starts again */
    COMMAND_RESTART,
    COMMAND_COUNT
};

#define UNLOCK_KEY 0x4E4F
#define UNLOCK_S   60

struct state {
    struct reading second;
    struct reading window;
    float cycle_min_v[PHASES]; /* of the last window, primary side */
    float cycle_max_a[PHASES];
    struct energy energy;
    struct demand demand;
    uint16_t status[STATUS_COUNT];
    uint32_t count[COUNT_COUNT];
    struct settings settings;
    struct settings draft;
    uint16_t unlocked_s;  /* seconds for which writing is still allowed */
    enum command command; /* to be carried out after the reply */
};

void state_fault(struct state *s, enum fault which, bool on);

#endif
