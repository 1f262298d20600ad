/* One meter in front of the aggregate and the core's clockwork, without a database: what closes is
 * kept in a journal, entries of gaps are shared out as store/gap.c does, commits and kills are a
 * matter of how much of the journal remains. Beside it a shadow that only adds up what calc/energy
 * accepts. */
#ifndef BUSBAR_TESTS_COUNTER_RIG_H
#define BUSBAR_TESTS_COUNTER_RIG_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "meter/decode.h"
#include "store/core.h"

#define MINUTE       ((ms_t)60000)
#define QUARTER      (15 * MINUTE)
#define RIG_T0       ((ms_t)1700000100000 / QUARTER * QUARTER)
#define RIG_AHEAD_MS (6 * MINUTE) /* as in core.c: a reading this far ahead moves the clockwork */
#define JOURNAL_MAX  30000
#define READINGS_MAX 256
#define NO_POWER     INT32_MIN
#define FULL_SLOTS   1 /* the store has no room for slots; for gaps */
#define FULL_GAPS    2

/* What histories met, over all of them. */
enum met {
    MET_ROLLOVER,
    MET_RESET,
    MET_JUMP,
    MET_GLITCH,
    MET_GAP,
    MET_ADVANCE,
    MET_LEAP,
    MET_REWIND,
    MET_RATIO,
    MET_REPLAY,
    MET_REFUSED,
    MET_PURE,
    MET_COUNT
};
static uint64_t rig_met[MET_COUNT];

/* A meter: how its register counts. */
struct plant {
    bool is_float;    /* thousandths of a float, else an integer register */
    bool awkward;     /* units that no double holds exactly */
    bool unrated;     /* no rating: no step is too large */
    int32_t rate;     /* most counts a second */
    int32_t coarse;   /* the register moves in steps of this many counts */
    int32_t left;     /* counts before the modulus of MODULUS at the start; 0: no modulus */
    int32_t poll_ms;  /* sets how long a value holds and what is a gap */
    int32_t start_ms; /* after the start of a quarter */
};
#define MODULUS   10000000
#define RATIOS    4
#define PER_KW_MS (1.0 / 3600000.0)

/* What was read, for the replay after a kill. */
struct kept_reading {
    ms_t utc_ms;
    int64_t count, unrolled; /* as shown, and as it were without a modulus */
    double multiplier;
    int32_t power;
    bool has_register;
};

/* What the counter must have accepted. */
struct shadow {
    struct energy_counter energy;
    ms_t read_utc_ms;
    int64_t total;     /* counts */
    int64_t seg_value; /* parts, where the present multiplier began */
    double amount;     /* of earlier multipliers */
    double multiplier; /* 0: never read */
    double scale;      /* of the configuration that it counts under */
    bool moved;
    int64_t first, last; /* the register without modulus, at the first and last accepted reading */
};

struct journal_entry {
    uint8_t period;
    bool is_slot; /* else of a gap */
    ms_t start;
    int64_t parts;
    double amount;
};

/* What a commit makes lasting. */
struct lasting {
    size_t entries, readings;
    ms_t minute;
    uint8_t checkpoint[700];
    size_t checkpoint_n;
    struct shadow shadow; /* at the checkpoint */
};

struct rig {
    struct plant plant;
    struct point_def points[2];
    struct device_profile profile;
    struct device device;
    struct site_point site_points[2];
    struct feed feed;
    struct site site;
    struct writer writer; /* only its pending blocks are used */
    struct core core;
    ms_t now;
    int64_t true_count;   /* what the meter has counted, without modulus */
    int64_t shown_offset; /* register = true_count + this, before the modulus */
    int ratio;
    bool scaled, moved; /* the configuration: twice the scale; another register */
    struct shadow shadow;
    struct lasting work, committed, before;
    struct journal_entry journal[JOURNAL_MAX];
    int64_t parts[SLOT_OPEN_COUNT]; /* sums of the journal */
    double amount[SLOT_OPEN_COUNT];
    struct kept_reading readings[READINGS_MAX];
    bool rewound, ratio_changed, pure;
    int full; /* FULL_ bits */
    bool refused;
    const char *wrong; /* the first thing found wrong */
    /* the reading in hand, and the minute that was open when the last one had been taken */
    ms_t in_hand_ms, taken_minute;
    uint64_t memory[32];
    char event_text[4096]; /* as long as the core's */
};

static inline double rig_multiplier(const struct plant *p, int ratio) {
    static const double exact[RATIOS] = {1000.0, 2000.0, 500.0, 4000.0};
    static const double awkward[RATIOS] = {80.0, 120.0, 33.3, 1.0};
    return p->awkward ? awkward[ratio] : exact[ratio] * (p->is_float ? 1000.0 : 1.0);
}

/* Amount of one count; a float register is counted in thousandths of its unit, whatever its scale.
 */
static inline double rig_per_count(const struct plant *p, double scale, double multiplier) {
    return fabs(p->is_float ? 1.0 / 1000.0 : scale) * 1.0 * multiplier;
}

static inline void rig_fail(struct rig *g, const char *what) {
    if (!g->wrong)
        g->wrong = what;
}

/* ---- the sink ----------------------------------------------------------------------------- */

static inline void journal_add(struct rig *g, const struct journal_entry *e) {
    if (g->work.entries == JOURNAL_MAX) {
        rig_fail(g, "the journal is full");
        return;
    }
    g->journal[g->work.entries++] = *e;
    g->parts[e->period] += e->parts;
    g->amount[e->period] += e->amount;
    if (e->parts < 0)
        rig_fail(g, "a slot has negative energy");
}

static inline int rig_on_slot(void *arg, enum slot_period p, ms_t start, size_t device,
                              const uint8_t *body, size_t n) {
    struct rig *g = arg;
    struct unpack u;
    struct slot_head head;
    struct feed_slot f;
    (void)device;
    if (g->full & FULL_SLOTS) {
        g->refused = true;
        return ERR_FULL;
    }
    unpack_init(&u, body, n);
    if (slot_read_head(&u, &head) < 0 || head.feed_count != 1) {
        rig_fail(g, "a slot cannot be read");
        return ERR_OK;
    }
    slot_read_feed(&u, &head, start, ROLE_LOAD, &f);
    const struct counter_slot *c = &f.counter[FEED_FORWARD];
    struct journal_entry e = {.period = (uint8_t)p, .is_slot = true, .start = start};
    if (c->known) {
        e.parts = c->parts;
        e.amount = counter_slot_amount(c);
    }
    bool excused = fabs(c->carry) > 0.0; /* what was counted at an earlier unit lies in it */
    if (c->known && p == SLOT_1M && g->in_hand_ms < start + MINUTE && g->taken_minute != start &&
        !excused)
        rig_fail(g, "a minute without a reading claims to know its energy");
    journal_add(g, &e);
    return ERR_OK;
}

static inline void rig_on_checkpoint(void *arg, size_t device, const uint8_t *body, size_t n) {
    struct rig *g = arg;
    (void)device;
    if (n > sizeof g->work.checkpoint) {
        rig_fail(g, "a checkpoint is too long");
        return;
    }
    memcpy(g->work.checkpoint, body, n);
    g->work.checkpoint_n = n;
    g->work.shadow = g->shadow;
}

/* As gap_write() does. */
static inline int rig_on_gap(void *arg, const struct gap_entry *entry) {
    struct rig *g = arg;
    if (g->full & FULL_GAPS)
        return ERR_FULL;
    rig_met[MET_GAP]++;
    for (int p = 0; p < SLOT_OPEN_COUNT; p++) {
        enum slot_period period = (enum slot_period)p;
        int64_t before = 0;
        ms_t start = slot_edge(period, entry->gap.from_utc_ms);
        for (; start < entry->open_start[p]; start += slot_ms(period)) {
            int64_t parts = counter_gap_parts(&entry->gap, start + slot_ms(period));
            struct journal_entry e = {.period = (uint8_t)p,
                                      .start = start,
                                      .parts = parts - before,
                                      .amount = (double)(parts - before) * entry->gap.unit};
            before = parts;
            if (e.parts != 0)
                journal_add(g, &e);
        }
    }
    return ERR_OK;
}

static inline void rig_on_ledger(void *arg, size_t device, ms_t at, const struct ledger_entry *e) {
    (void)arg;
    (void)device;
    (void)at;
    (void)e;
}

static inline void rig_on_event(void *arg, const struct event_body *e) {
    (void)arg;
    (void)e;
}

/* ---- set-up ------------------------------------------------------------------------------- */

static inline struct point_def rig_point(const char *name, enum quantity q, enum point_type type,
                                         uint16_t offset, double scale, const char *unit) {
    return (struct point_def){.name = name,
                              .unit = unit,
                              .quantity = q,
                              .quantity_name = quantity_str(q),
                              .type = type,
                              .registers = 4,
                              .scale = scale,
                              .sign = 1,
                              .ratio_point = POINT_NONE,
                              .exponent_point = POINT_NONE,
                              .min = -INFINITY,
                              .max = INFINITY,
                              .image_offset = offset};
}

static inline void rig_meter(struct rig *g) {
    const struct plant *p = &g->plant;
    double scale = (p->is_float || !p->awkward ? 1.0 : 0.01) * (g->scaled ? 2.0 : 1.0);
    g->points[0] = rig_point("active_power.total", QUANTITY_ACTIVE_POWER, POINT_F64, 0, 1.0, "kW");
    g->points[1] = rig_point("energy_import", QUANTITY_ENERGY_IMPORT,
                             p->is_float ? POINT_F64 : POINT_I64, 4, scale, "kWh");
    g->points[1].ratio = RATIO_CT;
    g->points[1].register_no = g->moved;
    if (p->left > 0)
        g->points[1].modulus = p->is_float ? MODULUS / 1000.0 / scale : MODULUS;
    g->profile = (struct device_profile){.name = "meter",
                                         .points = g->points,
                                         .point_count = 2,
                                         .image_registers = 8,
                                         .ct_ratio_point = POINT_NONE,
                                         .pt_ratio_point = POINT_NONE};
}

static inline void rig_site(struct rig *g) {
    const struct plant *p = &g->plant;
    double most = 0.0;
    for (int i = 0; i < RATIOS; i++)
        most = fmax(most, 2.0 * rig_per_count(p, g->points[1].scale, rig_multiplier(p, i)));
    g->device =
        (struct device){.id = "m",
                        .name = "m",
                        .profile = &g->profile,
                        .role = ROLE_LOAD,
                        .parent = SITE_NONE,
                        .poll_ms = (uint32_t)p->poll_ms,
                        .sign = 1,
                        .ct_ratio = rig_multiplier(p, 0),
                        .pt_ratio = (double)NAN,
                        .rated_kw = p->unrated ? (double)NAN : (double)p->rate * 3600.0 * most,
                        .capacity_kwh = (double)NAN,
                        .soc_min = (double)NAN,
                        .soc_max = (double)NAN,
                        .round_trip_pct = (double)NAN,
                        .enabled = true,
                        .counted = true};
    for (int i = 0; i < 2; i++)
        g->site_points[i] = (struct site_point){.id = i == 0 ? "m.p" : "m.e", .def = &g->points[i]};
    g->feed = (struct feed){.id = "m",
                            .role = ROLE_LOAD,
                            .parent = SITE_NONE,
                            .power = 0,
                            .power_phase = {SITE_NONE, SITE_NONE, SITE_NONE},
                            .forward = 1,
                            .reverse = SITE_NONE,
                            .reactive_quadrant = {SITE_NONE, SITE_NONE, SITE_NONE, SITE_NONE},
                            .reactive_import = SITE_NONE,
                            .reactive_export = SITE_NONE,
                            .reactive_power = SITE_NONE,
                            .soc = SITE_NONE,
                            .power_sign = 1.0,
                            .counted = true};
    g->site = (struct site){.id = "works",
                            .devices = &g->device,
                            .device_count = 1,
                            .points = g->site_points,
                            .point_count = 2,
                            .feeds = &g->feed,
                            .feed_count = 1};
}

static inline struct counter *rig_counter(struct rig *g) {
    return &g->core.aggregate.feeds[0].counter[FEED_FORWARD];
}

/* The core over this minute, with nothing restored yet. */
static inline void rig_build(struct rig *g, ms_t minute) {
    static const struct aggregate_sink functions = {.slot = rig_on_slot,
                                                    .checkpoint = rig_on_checkpoint,
                                                    .gap = rig_on_gap,
                                                    .ledger = rig_on_ledger,
                                                    .event = rig_on_event};
    struct aggregate_sink sink = functions;
    ms_t grace = g->plant.poll_ms < 2000    ? 2000
                 : g->plant.poll_ms > 10000 ? 10000
                                            : g->plant.poll_ms;
    sink.arg = g;
    g->core = (struct core){.site = &g->site,
                            .event_text = g->event_text,
                            .writer = &g->writer,
                            .minute = minute,
                            .grace_ms = grace,
                            .clock_offset_ms = (double)NAN};
    if (aggregate_init(&g->core.aggregate, &g->site, 1, NULL, &sink, minute) < 0 ||
        tick_init(&g->core.tick, &g->site) < 0)
        abort();
}

static inline void rig_demolish(struct rig *g) {
    aggregate_fini(&g->core.aggregate);
    tick_fini(&g->core.tick);
}

/* memory: of the pending blocks, kept from one history to the next. */
static inline void rig_init(struct rig *g, const struct plant *p, struct pending *memory) {
    size_t head = offsetof(struct rig, journal);
    memset(g, 0, head);
    memset(g->parts, 0, sizeof *g - offsetof(struct rig, parts));
    g->plant = *p;
    g->writer.pending = *memory;
    pending_clear(&g->writer.pending);
    rig_meter(g);
    rig_site(g);
    g->now = RIG_T0 + p->start_ms;
    g->true_count = 0;
    g->shown_offset = p->left > 0 ? MODULUS - p->left : 1000000;
    g->pure = !(p->unrated && p->left > 0);
    g->shadow.scale = g->points[1].scale;
    g->in_hand_ms = g->taken_minute = INT64_MIN;
    rig_build(g, slot_edge(SLOT_1M, g->now));
    g->work.minute = g->core.minute;
    g->committed = g->before = g->work;
}

static inline void rig_fini(struct rig *g) {
    rig_demolish(g);
}

#endif
