/* Histories of one meter as tables of steps, and what must hold after each of them. */
#ifndef BUSBAR_TESTS_COUNTER_STEPS_H
#define BUSBAR_TESTS_COUNTER_STEPS_H

#include "counter_rig.h"

enum op {
    OP_READ,    /* ms pass with the clockwork running, counts flow, power is shown: a poll */
    OP_EDGE,    /* the same at the next edge of a minute and ms after it (or before) */
    OP_QUARTER, /* the same at the next edge of a quarter */
    OP_STALLED, /* a poll after ms in which the clockwork stood still */
    OP_LATE,    /* a poll that is stamped ms ago */
    OP_BLIND,   /* a poll that did not get the energy register */
    OP_WRONG,   /* a poll whose register shows `counts` instead */
    OP_IDLE,    /* ms of silence */
    OP_STALL,   /* ms in which nothing happens, not even the clockwork: a suspended machine */
    OP_RESET,   /* the register starts again at `counts` */
    OP_JUMP,    /* the register leaps by `counts` */
    OP_RATIO,   /* ratio number `counts` from now on */
    OP_CLOCK,   /* the clock is stepped by ms */
    OP_KILL,    /* killed and started ms later; counts: KILL_ and CONFIG_ bits */
    OP_FULL,    /* the store has no room for slots or gaps; counts: FULL_ bits */
    OP_RELOAD,  /* the configuration is loaded again; counts: CONFIG_ bits */
    OP_COUNT
};
#define KILL_NO_RAW   1 /* readings since the checkpoint cannot be read again */
#define KILL_UNDONE   2 /* the last step was not committed */
#define CONFIG_SCALED 4 /* the register's scale is another one */
#define CONFIG_MOVED  8 /* the point is another register */

struct step {
    enum op op;
    int32_t ms, counts, power; /* power in counts an hour, NO_POWER: not read */
};

/* The clock was stepped: the shadow's instants too have other times. */
static inline void rig_shift_shadow(struct rig *g, ms_t by) {
    struct shadow *s = &g->shadow;
    s->energy.base_utc_ms += by;
    s->energy.moved_utc_ms += by;
    s->energy.pending_utc_ms += by;
    s->energy.old_utc_ms += by;
    if (s->read_utc_ms != 0)
        s->read_utc_ms += by;
}

static inline void rig_advance(struct rig *g, ms_t now_ms) {
    ms_t before = g->core.minute;
    struct counter *c = &g->core.aggregate.feeds[0].counter[FEED_FORWARD];
    ms_t read = c->energy.base_utc_ms;
    core_advance(&g->core, now_ms);
    bool back = g->core.minute < before;
    if (back && c->energy.started) {
        rig_shift_shadow(g, c->energy.base_utc_ms - read);
        g->work.shadow = g->shadow; /* a step ends with a checkpoint */
    }
    g->rewound = g->rewound || back;
    rig_met[MET_REWIND] += back;
    rig_met[MET_LEAP] += g->core.minute > before + 6 * MINUTE;
}

/* ---- readings ----------------------------------------------------------------------------- */

static inline int64_t rig_unrolled(const struct rig *g) {
    int64_t coarse = g->plant.coarse > 1 ? g->plant.coarse : 1;
    return (g->true_count + g->shown_offset) / coarse * coarse;
}

static inline int64_t rig_register(const struct rig *g) {
    return g->plant.left > 0 ? rig_unrolled(g) % MODULUS : rig_unrolled(g);
}

/* What was counted so far keeps its unit. */
static inline void shadow_keep_amount(struct rig *g) {
    struct shadow *s = &g->shadow;
    int64_t value = s->total * COUNTER_PARTS;
    value = rig_counter(g)->parts > value ? rig_counter(g)->parts : value;
    if (value != s->seg_value) {
        s->amount += (double)(value - s->seg_value) *
                     (rig_per_count(&g->plant, s->scale, s->multiplier) / COUNTER_PARTS);
        g->ratio_changed = true;
        rig_met[MET_RATIO]++;
    }
    s->seg_value = value;
}

/* Under the present configuration: a changed scale, or another register. */
static inline void shadow_take_over(struct rig *g) {
    struct shadow *s = &g->shadow;
    if (s->moved != g->moved || fabs(s->scale - g->points[1].scale) > 0.0) {
        shadow_keep_amount(g);
        if (s->moved != g->moved || g->plant.is_float)
            s->energy = (struct energy_counter){0};
    }
    s->moved = g->moved;
    s->scale = g->points[1].scale;
}

/* What energy_add() and the ratio make of it, beside the counter. */
static inline void shadow_take(struct rig *g, const struct kept_reading *r, bool replaying) {
    struct shadow *s = &g->shadow;
    const struct shadow as_it_was = *s;
    if (!r->has_register || (replaying && (!s->energy.started || r->utc_ms <= s->read_utc_ms)))
        return;
    if (fabs(r->multiplier - s->multiplier) > 0.0) {
        shadow_keep_amount(g);
        s->multiplier = r->multiplier;
    }
    struct energy_limits limits = {.modulus = g->plant.left > 0 ? MODULUS : 0};
    double per_count = rig_per_count(&g->plant, s->scale, s->multiplier);
    if (!g->plant.unrated)
        limits.max_counts_per_ms = 1.2 * g->device.rated_kw * PER_KW_MS / per_count;
    int64_t delta = 0;
    enum energy_event e = energy_add(&s->energy, &limits, r->count, r->utc_ms, &delta);
    s->read_utc_ms = r->utc_ms;
    if (replaying && (e == ENERGY_HELD || e == ENERGY_RESET || e == ENERGY_JUMP)) {
        *s = as_it_was;
        return;
    }
    s->total += delta;
    rig_met[MET_ROLLOVER] += e == ENERGY_ROLLOVER;
    rig_met[MET_RESET] += e == ENERGY_RESET;
    rig_met[MET_JUMP] += e == ENERGY_JUMP;
    rig_met[MET_GLITCH] += e == ENERGY_GLITCH;
    rig_met[MET_REPLAY] += replaying;
    if (e == ENERGY_FIRST)
        s->first = r->unrolled;
    if (e != ENERGY_HELD)
        s->last = r->unrolled;
}

static inline void rig_put(struct rig *g, const struct kept_reading *k) {
    struct reading *r = (struct reading *)(void *)g->memory;
    reading_init(r, 0, 2, 8);
    r->utc_ms = k->utc_ms;
    r->kind = READING_POLL;
    g->device.ct_ratio = k->multiplier;
    uint16_t *registers = reading_registers(r);
    if (k->power != NO_POWER) {
        double kw = (double)k->power * rig_per_count(&g->plant, g->points[1].scale, k->multiplier);
        encode_value(&g->points[0], kw, 1.0, registers);
        reading_quality(r)[0] = QUALITY_GOOD;
    }
    if (k->has_register) {
        double value =
            g->plant.is_float ? (double)k->count / 1000.0 : (double)k->count * g->points[1].scale;
        encode_value(&g->points[1], value, 1.0, registers + 4);
        reading_quality(r)[1] = QUALITY_GOOD;
    }
    if (k->has_register)
        g->in_hand_ms = k->utc_ms;
    aggregate_reading(&g->core.aggregate, r);
    if (k->has_register)
        g->taken_minute = g->core.aggregate.devices[0].minute;
    g->in_hand_ms = INT64_MIN;
}

static inline void rig_read(struct rig *g, ms_t utc_ms, int64_t count, int32_t power,
                            bool has_register) {
    struct kept_reading k = {.utc_ms = utc_ms,
                             .count = count,
                             .unrolled = rig_unrolled(g),
                             .multiplier = rig_multiplier(&g->plant, g->ratio),
                             .power = power,
                             .has_register = has_register};
    if (utc_ms >= g->core.minute + RIG_AHEAD_MS)
        rig_advance(g, utc_ms);
    shadow_take(g, &k, false);
    if (g->work.readings < READINGS_MAX)
        g->readings[g->work.readings++] = k;
    rig_put(g, &k);
}

/* ---- time --------------------------------------------------------------------------------- */

/* Time goes on to t; the clockwork turns where a slot's time is up. */
static inline void rig_pass(struct rig *g, ms_t t, bool running) {
    ms_t from = g->now;
    g->now = t;
    if (!running)
        return;
    rig_advance(g, from);
    for (;;) {
        ms_t due = g->core.minute + MINUTE + g->core.grace_ms;
        if (due > t)
            break;
        rig_advance(g, due > from ? due : from);
    }
    pending_clear(&g->writer.pending);
}

/* Energy flows, never more than the rated power allows. */
static inline void rig_flow(struct rig *g, int32_t counts, ms_t dt) {
    int64_t most = dt > 0 ? g->plant.rate * dt / 1000 : 0;
    g->true_count += counts < most ? counts : most;
}

static inline void rig_commit(struct rig *g) {
    pending_clear(&g->writer.pending);
    g->work.minute = g->core.minute;
    g->before = g->committed;
    g->committed = g->work;
}

static inline void rig_sum_again(struct rig *g) {
    for (int p = 0; p < SLOT_OPEN_COUNT; p++) {
        g->parts[p] = 0;
        g->amount[p] = 0.0;
    }
    for (size_t i = 0; i < g->work.entries; i++) {
        g->parts[g->journal[i].period] += g->journal[i].parts;
        g->amount[g->journal[i].period] += g->journal[i].amount;
    }
}

/* Stored readings of the open minutes go through again, in the order of their times. */
static inline void rig_replay(struct rig *g) {
    ms_t from = g->core.minute, to = g->core.minute + RIG_AHEAD_MS, at = from;
    g->core.aggregate.replaying = true;
    for (;;) {
        size_t next = SIZE_MAX;
        for (size_t i = 0; i < g->work.readings; i++)
            if (g->readings[i].utc_ms >= at && g->readings[i].utc_ms < to &&
                (next == SIZE_MAX || g->readings[i].utc_ms < g->readings[next].utc_ms))
                next = i;
        if (next == SIZE_MAX)
            break;
        const struct kept_reading *k = &g->readings[next];
        at = k->utc_ms + 1;
        if (k->utc_ms < g->core.aggregate.devices[0].minute)
            continue;
        shadow_take(g, k, true);
        rig_put(g, k);
    }
    g->core.aggregate.replaying = false;
}

static inline void rig_configure(struct rig *g, int bits) {
    if (bits & CONFIG_SCALED)
        g->scaled = !g->scaled;
    if (bits & CONFIG_MOVED)
        g->moved = !g->moved;
    if (bits & (CONFIG_SCALED | CONFIG_MOVED))
        g->pure = false;
    rig_meter(g);
}

/* As core_init() and core_restore() do. */
static inline void rig_kill(struct rig *g, int bits) {
    if (bits & KILL_UNDONE)
        g->committed = g->before;
    g->work = g->committed;
    rig_sum_again(g);
    rig_demolish(g);
    rig_configure(g, bits);
    rig_build(g, g->work.minute);
    g->shadow = (struct shadow){0};
    if (g->work.checkpoint_n > 0) {
        g->shadow = g->work.shadow;
        if (aggregate_restore(&g->core.aggregate, 0, g->work.checkpoint, g->work.checkpoint_n) < 0)
            rig_fail(g, "a checkpoint cannot be restored");
    }
    shadow_take_over(g);
    g->taken_minute = g->core.aggregate.devices[0].minute; /* perhaps: the checkpoint knows */
    if (!(bits & KILL_NO_RAW) && !g->rewound)
        rig_replay(g);
    else
        g->work.readings = 0;
    rig_advance(g, g->now);
}

static inline void rig_reload(struct rig *g, int bits) {
    struct core old = g->core;
    rig_configure(g, bits);
    rig_build(g, old.minute);
    aggregate_take_over(&g->core.aggregate, &old.aggregate);
    aggregate_fini(&old.aggregate);
    tick_fini(&old.tick);
    shadow_take_over(g);
}

/* ---- what must hold ------------------------------------------------------------------------ */

static inline bool amounts_differ(const struct rig *g, double got, double want) {
    double within = g->plant.awkward ? 1e-9 * fmax(1.0, fabs(want)) : 0.0;
    return !(fabs(got - want) <= within);
}

/* Closed slots, with what gaps gave them, and the open slot are all that was accepted and what an
 * edge was given in advance: as parts, and as an amount. */
static inline void check_sums(struct rig *g) {
    const struct counter *c = rig_counter(g);
    const struct shadow *s = &g->shadow;
    if (c->total != s->total)
        rig_fail(g, "the counter has not accepted what the energy rules accept");
    int64_t value = c->total * COUNTER_PARTS;
    value = c->parts > value ? c->parts : value;
    double unit = rig_per_count(&g->plant, s->scale, s->multiplier) / COUNTER_PARTS;
    double want = s->amount + (double)(value - s->seg_value) * unit;
    for (int p = 0; p < SLOT_OPEN_COUNT; p++) {
        const struct span *open = &c->open[p];
        bool minutes = p == SLOT_1M;
        if (!g->ratio_changed && g->parts[p] + value - open->parts_start != value)
            rig_fail(g, minutes ? "minutes do not add up" : "quarters do not add up");
        double got = g->amount[p] + open->carry + (double)(value - open->parts_start) * unit;
        if (amounts_differ(g, got, want))
            rig_fail(g, minutes ? "amounts of minutes do not add up"
                                : "amounts of quarters do not add up");
    }
}

static inline int by_quarter(const void *a, const void *b) {
    const struct journal_entry *x = a, *y = b;
    ms_t p = slot_edge(SLOT_15M, x->start), q = slot_edge(SLOT_15M, y->start);
    if (p != q)
        return p < q ? -1 : 1;
    if (x->period != y->period)
        return x->period < y->period ? -1 : 1;
    return x->start < y->start ? -1 : x->start > y->start;
}

/* What the open minute and its quarter have: entries like the others. */
static inline void add_open(struct rig *g) {
    const struct span *minute = &rig_counter(g)->open[SLOT_1M];
    const struct span *quarter = &rig_counter(g)->open[SLOT_15M];
    double unit = rig_per_count(&g->plant, g->shadow.scale, g->shadow.multiplier) / COUNTER_PARTS;
    struct journal_entry e = {.start = g->core.aggregate.devices[0].minute};
    e.amount = minute->carry;
    journal_add(g, &e);
    e.period = SLOT_15M;
    e.amount = quarter->carry + (double)(minute->parts_start - quarter->parts_start) * unit;
    journal_add(g, &e);
}

/* Each quarter is the sum of its minutes, and no slot was written twice. Sorts the journal: the
 * history is over. */
static inline void check_quarters(struct rig *g) {
    add_open(g);
    struct journal_entry *j = g->journal;
    size_t n = g->work.entries;
    qsort(j, n, sizeof *j, by_quarter);
    for (size_t i = 0; i < n;) {
        ms_t quarter = slot_edge(SLOT_15M, j[i].start);
        double sum[SLOT_OPEN_COUNT] = {0.0, 0.0};
        ms_t last[SLOT_OPEN_COUNT] = {INT64_MIN, INT64_MIN};
        for (; i < n && slot_edge(SLOT_15M, j[i].start) == quarter; i++) {
            sum[j[i].period] += j[i].amount;
            if (!j[i].is_slot)
                continue;
            if (last[j[i].period] == j[i].start && !g->rewound)
                rig_fail(g, "a slot was written twice");
            last[j[i].period] = j[i].start;
        }
        /* what a refused slot had is in a later one: not always in the same quarter */
        if (!g->refused && amounts_differ(g, sum[SLOT_15M], sum[SLOT_1M]))
            rig_fail(g, "a quarter is not the sum of its minutes");
    }
}

/* ---- a history ---------------------------------------------------------------------------- */

static inline void rig_poll_at(struct rig *g, const struct step *s, ms_t t, bool running) {
    ms_t dt = t - g->now;
    rig_pass(g, t, running);
    rig_flow(g, s->counts, dt);
    rig_read(g, t, rig_register(g), s->power, true);
}

static inline ms_t next_edge(const struct rig *g, enum slot_period p, int32_t after) {
    ms_t t = slot_edge(p, g->now) + slot_ms(p) + after;
    return t > g->now ? t : g->now;
}

static inline void rig_do(struct rig *g, const struct step *s) {
    switch (s->op) {
    case OP_READ:
    case OP_STALLED:
        rig_poll_at(g, s, g->now + s->ms, s->op == OP_READ);
        break;
    case OP_EDGE:
    case OP_QUARTER:
        rig_poll_at(g, s, next_edge(g, s->op == OP_EDGE ? SLOT_1M : SLOT_15M, s->ms), true);
        break;
    case OP_LATE:
        g->pure = false;
        rig_read(g, g->now - s->ms, rig_register(g), s->power, true);
        break;
    case OP_BLIND:
        rig_pass(g, g->now + s->ms, true);
        rig_flow(g, s->counts, s->ms);
        rig_read(g, g->now, 0, s->power, false);
        break;
    case OP_WRONG:
        g->pure = false;
        rig_pass(g, g->now + s->ms, true);
        rig_read(g, g->now, s->counts, s->power, true);
        break;
    case OP_IDLE:
    case OP_STALL:
        rig_pass(g, g->now + s->ms, s->op == OP_IDLE);
        rig_flow(g, s->counts, s->ms);
        break;
    case OP_RESET:
    case OP_JUMP:
        g->pure = false;
        g->shown_offset =
            s->op == OP_JUMP ? g->shown_offset + s->counts : s->counts - g->true_count;
        break;
    case OP_RATIO:
        g->ratio = s->counts % RATIOS;
        break;
    case OP_CLOCK:
        g->pure = g->pure && s->ms >= 0;
        g->now += s->ms;
        break;
    case OP_KILL:
        rig_kill(g, s->counts);
        rig_pass(g, g->now + s->ms, true);
        break;
    case OP_FULL:
        g->full = s->counts & (FULL_SLOTS | FULL_GAPS);
        break;
    case OP_RELOAD:
        rig_reload(g, s->counts);
        break;
    case OP_COUNT:
        break;
    }
}

/* What an edge is given in advance is less than a usual step of the register. */
static inline void check_advance(struct rig *g, int64_t advance_before, int64_t usual_before) {
    const struct counter *c = rig_counter(g);
    int64_t usual = c->usual_step > usual_before ? c->usual_step : usual_before;
    int64_t most = usual * COUNTER_PARTS - 1;
    int64_t advance = c->parts - c->total * COUNTER_PARTS;
    rig_met[MET_ADVANCE] += advance > 0 && advance > advance_before;
    if (advance > 0 && advance > most && advance > advance_before)
        rig_fail(g, "an edge was given more in advance than a usual step");
}

/* Runs a history; NULL, or what did not hold, and the step after which. */
static inline const char *rig_run(struct rig *g, const struct plant *p, const struct step *steps,
                                  size_t n, struct pending *memory, size_t *ret_step) {
    rig_init(g, p, memory);
    for (size_t i = 0; i < n && !g->wrong; i++) {
        const struct counter *c = rig_counter(g);
        int64_t value = c->parts, usual = c->usual_step;
        int64_t advance = value - c->total * COUNTER_PARTS;
        *ret_step = i;
        rig_do(g, &steps[i]);
        check_sums(g);
        c = rig_counter(g);
        if (steps[i].op != OP_KILL && c->parts < value)
            rig_fail(g, "the value at an edge fell");
        if (steps[i].op != OP_KILL)
            check_advance(g, advance, usual);
        if (g->pure && g->shadow.energy.started &&
            g->shadow.total != g->shadow.last - g->shadow.first)
            rig_fail(g, "the sum is not the last register less the first");
        rig_commit(g);
    }
    rig_met[MET_PURE] += g->pure;
    rig_met[MET_REFUSED] += g->refused;
    if (!g->wrong)
        check_quarters(g);
    const char *wrong = g->wrong;
    rig_fini(g);
    return wrong;
}

#endif
