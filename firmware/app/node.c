#include "app/node.h"

#include <math.h>
#include <string.h>

#include "app/registers.h"
#include "base/err.h"

#define SETS_A_TURN 16
#define VOLTS_THERE 5.0f /* per cent of the PT primary below which a phase is missing */

static void use_settings(struct node *n) {
    settings_calibration(&n->state.settings, &n->calibration);
    n->no_load_w = settings_no_load_w(&n->state.settings);
}

static void load_settings(struct node *n) {
    uint8_t bytes[SETTINGS_BYTES];
    n->settings =
        (struct twin_log){.hal = n->hal, .nvm = HAL_NVM_SETTINGS, .magic = SETTINGS_MAGIC};
    settings_default(&n->state.settings);
    int status = twin_load(&n->settings, bytes, sizeof bytes);
    if (status == ERR_OK)
        status = settings_decode(bytes, &n->state.settings);
    /* A new node has none: that is no fault. */
    state_fault(&n->state, FAULT_SETTINGS, status != ERR_OK && status != ERR_NOT_FOUND);
    n->state.draft = n->state.settings;
}

static void load_counters(struct node *n) {
    uint8_t bytes[JOURNAL_BYTES];
    n->counters = (struct twin_log){.hal = n->hal, .nvm = HAL_NVM_COUNTERS, .magic = JOURNAL_MAGIC};
    const int status = twin_load(&n->counters, bytes, sizeof bytes);
    if (status == ERR_OK) {
        journal_decode(bytes, &n->journal);
        n->journal.restarts++;
    }
    state_fault(&n->state, FAULT_COUNTERS, status != ERR_OK && status != ERR_NOT_FOUND);
    memcpy(n->state.energy.mj, n->journal.mj, sizeof n->journal.mj);
    demand_init(&n->state.demand, n->journal.max_demand_w);
    n->state.count[COUNT_RUN_S] = n->journal.run_s;
    n->state.count[COUNT_RESTARTS] = n->journal.restarts;
    n->state.count[COUNT_JOURNAL] = n->counters.sequence;
}

static void no_reading_yet(struct state *s) {
    for (int k = 0; k < VALUE_COUNT; k++) {
        s->second.value[k] = NAN;
        s->window.value[k] = NAN;
    }
    for (int p = 0; p < PHASES; p++) {
        s->cycle_min_v[p] = NAN;
        s->cycle_max_a[p] = NAN;
    }
}

void node_init(struct node *n, const struct hal *hal) {
    memset(n, 0, sizeof *n);
    n->hal = hal;
    n->calibration.current_late_s = hal->current_late_s;
    n->calibration.droop = hal->droop_s;
    no_reading_yet(&n->state);
    sampler_init(&n->sampler);
    load_settings(n);
    load_counters(n);
    use_settings(n);
    n->state.status[STATUS_MAP_VERSION] = MAP_VERSION;
    const enum hal_reset cause = hal->reset_cause(hal->arg);
    n->state.status[STATUS_RESET_CAUSE] = (uint16_t)cause;
    state_fault(&n->state, FAULT_WATCHDOG, cause == HAL_RESET_WATCHDOG);
    rtu_port_open(&n->port, hal, &n->state);
}

static void store_counters(struct node *n) {
    uint8_t bytes[JOURNAL_BYTES];
    memcpy(n->journal.mj, n->state.energy.mj, sizeof n->journal.mj);
    n->journal.max_demand_w = n->state.demand.max_w;
    n->journal.run_s = n->state.count[COUNT_RUN_S];
    journal_encode(&n->journal, bytes);
    const int status = twin_store(&n->counters, bytes, sizeof bytes);
    state_fault(&n->state, FAULT_COUNTER_STORE, status != ERR_OK);
    n->state.count[COUNT_JOURNAL] = n->counters.sequence;
}

static void note_input_faults(struct node *n) {
    const float *v = n->state.window.value;
    const float there =
        0.01f * VOLTS_THERE * (float)settings_get(&n->state.settings, SETTING_PT_PRIMARY);
    for (int p = 0; p < PHASES; p++)
        state_fault(&n->state, (enum fault)(FAULT_VOLTAGE_L1 + p), v[VALUE_VOLTAGE + p] < there);
    state_fault(&n->state, FAULT_SEQUENCE, v[VALUE_UNBALANCE] > 100.0f);
    state_fault(&n->state, FAULT_NO_FREQUENCY, isnan(v[VALUE_FREQUENCY]));
    state_fault(&n->state, FAULT_CLIPPED, n->sampler.closed_clipped);
}

static void take_cycles(struct node *n) {
    const struct sampler *s = &n->sampler;
    for (int p = 0; p < PHASES; p++) {
        const bool any = s->cycle_volts_min[p] >= 0.0f;
        n->state.cycle_min_v[p] =
            any ? n->calibration.scale[p] * sqrtf(s->cycle_volts_min[p]) : NAN;
        n->state.cycle_max_a[p] =
            any ? n->calibration.scale[CHANNEL_I1 + p] * sqrtf(s->cycle_amps_max[p]) : NAN;
    }
}

/* Once a second of measured time; also the proof of life for the watchdog. */
static void end_second(struct node *n, float seconds) {
    const struct hal *hal = n->hal;
    n->state.status[STATUS_LOAD] = (uint16_t)((float)n->busy_us / (1000.0f * seconds));
    n->busy_us = 0;
    n->part_s += seconds;
    const uint32_t whole = (uint32_t)n->part_s;
    n->part_s -= (float)whole;
    n->state.count[COUNT_UPTIME_S] += whole;
    n->state.count[COUNT_RUN_S] += whole;
    n->state.unlocked_s = (uint16_t)(n->state.unlocked_s > whole ? n->state.unlocked_s - whole : 0);
    demand_pass(&n->state.demand, seconds, n->state.energy.mj[ENERGY_IMPORT]);
    state_fault(&n->state, FAULT_STACK, !hal->stack_intact(hal->arg));
    store_counters(n);
    hal->watchdog_kick(hal->arg);
}

static void end_window(struct node *n) {
    struct reading *window = &n->state.window;
    const float window_s = n->sampler.closed.length / SAMPLE_HZ;
    float second_s;
    measure_window(&n->sampler.closed, &n->calibration, window);
    energy_add(&n->state.energy, window, window_s, n->no_load_w);
    take_cycles(n);
    note_input_faults(n);
    mean_add(&n->mean, window, window_s);
    if (mean_take(&n->mean, &n->state.second, &second_s))
        end_second(n, second_s);
}

static void take_samples(struct node *n) {
    struct sample_set set;
    for (int i = 0; i < SETS_A_TURN; i++) {
        uint32_t lost = 0;
        const bool any = n->hal->adc_next(n->hal->arg, &set, &lost);
        if (lost > 0) {
            n->state.count[COUNT_SAMPLES_LOST] += lost;
            sampler_break(&n->sampler);
        }
        if (!any)
            return;
        if (sampler_push(&n->sampler, &set)) {
            state_fault(&n->state, FAULT_SAMPLES_LOST, lost > 0);
            end_window(n);
        }
    }
}

static void store_settings(struct node *n) {
    uint8_t bytes[SETTINGS_BYTES];
    settings_encode(&n->state.draft, bytes);
    const int status = twin_store(&n->settings, bytes, sizeof bytes);
    state_fault(&n->state, FAULT_SETTING_STORE, status != ERR_OK);
    if (status != ERR_OK)
        return;
    n->state.settings = n->state.draft;
    state_fault(&n->state, FAULT_SETTINGS, false);
    use_settings(n);
    memset(&n->mean, 0, sizeof n->mean); /* no second of two ratios */
    rtu_port_open(&n->port, n->hal, &n->state);
}

static void carry_out(struct node *n) {
    const enum command command = n->state.command;
    n->state.command = COMMAND_NONE;
    switch (command) {
    case COMMAND_STORE:
        store_settings(n);
        break;
    case COMMAND_DISCARD:
        n->state.draft = n->state.settings;
        break;
    case COMMAND_RESET_PEAK:
        n->state.demand.max_w = 0.0f;
        store_counters(n);
        break;
    case COMMAND_RESTART:
        store_counters(n);
        n->hal->restart(n->hal->arg);
        break;
    case COMMAND_NONE:
    case COMMAND_COUNT:
    default:
        break;
    }
}

void node_poll(struct node *n) {
    const uint32_t now_us = n->hal->now_us(n->hal->arg);
    rtu_port_poll(&n->port);
    take_samples(n);
    if (!n->port.sending)
        carry_out(n);
    const uint32_t spent_us = n->hal->now_us(n->hal->arg) - now_us;
    n->busy_us += spent_us;
    if (spent_us > n->state.status[STATUS_LOOP_MAX_US])
        n->state.status[STATUS_LOOP_MAX_US] =
            (uint16_t)(spent_us < UINT16_MAX ? spent_us : UINT16_MAX);
}
