#include "slots/counters.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "meter/decode.h"

#define FLOAT_COUNTS  1000.0 /* counts of one unit of a float register */
#define HEADROOM      1.2    /* above rated power */
#define KWH_PER_KW_MS (1.0 / 3600000.0)
#define COUNT_MAX     2e15  /* of what is counted: its parts are 64-bit integers */
#define COARSE_SHARE  0.005 /* of the rated energy of 15 minutes: domain rule 1.3.6 */

double unit_kilo_factor(const char *unit) {
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"kWh", 1.0},  {"Wh", 1e-3},   {"MWh", 1e3},   {"kW", 1.0},    {"W", 1e-3},
                 {"MW", 1e3},   {"kvarh", 1.0}, {"varh", 1e-3}, {"Mvarh", 1e3}, {"kvar", 1.0},
                 {"var", 1e-3}, {"Mvar", 1e3},  {"kVA", 1.0},   {"VA", 1e-3}};
    for (size_t i = 0; unit && i < sizeof units / sizeof units[0]; i++)
        if (strcmp(unit, units[i].unit) == 0)
            return units[i].factor;
    return (double)NAN;
}

/* A meter of gas, water or products counts its own unit. */
static double amount_factor(enum role role, const char *unit) {
    double kilo = unit_kilo_factor(unit);
    bool electrical = role <= ROLE_LOAD;
    return !isnan(kilo) ? kilo : electrical ? (double)NAN : 1.0;
}

/* What must not differ for counts of one to go on from counts of the other. */
static uint64_t form_of(const struct point_def *def) {
    const int64_t whole[] = {(int64_t)def->type, def->function, def->register_no, def->split,
                             def->register_low};
    const double value[] = {def->scale, def->offset, (double)def->sign};
    bool is_float = def->type == POINT_F32 || def->type == POINT_F64;
    uint64_t hash = hash_bytes(HASH_START, whole, sizeof whole);
    return is_float ? hash_bytes(hash, value, sizeof value) : hash;
}

void counter_init(struct counter *c, const struct site *site, const struct feed *feed,
                  int32_t point) {
    memset(c, 0, sizeof *c);
    c->point = point;
    c->multiplier = 1.0;
    c->usual_step = 1;
    c->rated_kw = site->devices[feed->device].rated_kw;
    c->step.run_from = c->step.run_to = c->read_run = (double)NAN;
    c->per_register = (double)NAN;
    if (point == SITE_NONE)
        return;
    const struct point_def *def = site->points[point].def;
    c->name = hash_bytes(HASH_START, feed->id, strlen(feed->id) + 1);
    c->name = hash_bytes(c->name, site->points[point].id, strlen(site->points[point].id));
    c->form = form_of(def);
    c->is_float = def->type == POINT_F32 || def->type == POINT_F64;
    c->scale = c->is_float ? 1.0 / FLOAT_COUNTS : def->scale;
    c->offset = c->is_float ? 0.0 : def->offset;
    c->per_register = amount_factor(feed->role, def->unit);
    double modulus = c->is_float ? def->modulus * def->scale * FLOAT_COUNTS : def->modulus;
    c->limits.modulus = modulus > 0.0 && modulus < COUNT_MAX ? (int64_t)llround(modulus) : 0;
}

static double per_count(const struct counter *c) {
    return fabs(c->scale) * c->per_register * c->multiplier;
}

double counter_unit(const struct counter *c) {
    return per_count(c) / COUNTER_PARTS;
}

void counter_keep_amounts(struct counter *c, double unit) {
    int64_t now = c->total * COUNTER_PARTS;
    if (now < c->parts)
        now = c->parts;
    for (int p = 0; p < SLOT_OPEN_COUNT; p++) {
        struct span *s = &c->open[p];
        if (now != s->parts_start && !isnan(unit))
            s->carry += (double)(now - s->parts_start) * unit;
        s->parts_start = now;
        s->suspect = true;
    }
    c->parts = now;
    c->step.delta = 0;
    c->step.run_to = (double)NAN;
}

/* What was counted at the old multiplier keeps it. Only what was shared in advance changes hands.
 */
static void change_multiplier(struct counter *c, double multiplier, struct counter_change *change) {
    if (fabs(multiplier - c->multiplier) <= fabs(c->multiplier) * COUNTER_UNIT_TOLERANCE)
        return;
    change->ratio_changed = c->energy.started;
    change->old_multiplier = c->multiplier;
    if (c->energy.started)
        counter_keep_amounts(c, counter_unit(c));
    c->multiplier = multiplier;
}

/* A float register so large that its last digit is no longer small next to what flows. */
static bool is_coarse(const struct counter *c, const struct point_def *def, double value) {
    if (def->type != POINT_F32 || !(c->rated_kw > 0.0))
        return false;
    float f = (float)(value / def->scale);
    double step = fabs((double)nextafterf(f, INFINITY) - (double)f) * def->scale;
    return step * c->per_register * c->multiplier > COARSE_SHARE * c->rated_kw * 0.25;
}

static void note_step(struct counter *c, const struct counter_change *change, ms_t from,
                      ms_t utc_ms, double run) {
    bool leap = change->event == ENERGY_RESET || change->event == ENERGY_JUMP;
    bool gap = change->gap_from != 0;
    c->step = (struct counter_step){.delta = change->delta,
                                    .from_utc_ms = leap ? utc_ms : from,
                                    .to_utc_ms = utc_ms,
                                    .run_from = leap || gap ? (double)NAN : c->step.run_to,
                                    .run_to = run,
                                    .gap = gap};
    if (leap || gap)
        return;
    c->usual_step = change->delta;
    c->usual_ms = utc_ms - from;
}

struct counter_change counter_add(struct counter *c, const struct point_def *def, int64_t raw,
                                  double multiplier, ms_t utc_ms, ms_t gap_ms, ms_t open_ms,
                                  double run) {
    struct counter_change change = {.event = ENERGY_HELD};
    double value = decode_scaled(def, raw);
    if (isnan(value) || isnan(multiplier) || !(multiplier > 0.0))
        return change;
    double size = c->is_float ? value * FLOAT_COUNTS : (double)raw;
    double rise = c->energy.started ? size - (double)c->energy.base : 0.0;
    if (fabs(size) > COUNT_MAX || (double)c->total + rise > COUNT_MAX)
        return change;
    change_multiplier(c, multiplier, &change);
    double rate = HEADROOM * c->rated_kw * KWH_PER_KW_MS / per_count(c);
    c->limits.max_counts_per_ms = isfinite(rate) && rate > 0.0 ? rate : 0.0;
    int64_t count = c->is_float ? (int64_t)llround(value * FLOAT_COUNTS) : raw;
    struct counter_mark before = {c->total, c->energy.base,
                                  c->energy.started ? c->energy.base_utc_ms : 0};
    ms_t moved = c->step.to_utc_ms, silent_ms = utc_ms - c->read_utc_ms;
    bool was_held = c->energy.pending_n > 0;
    c->read_utc_ms = utc_ms;
    change.old_count = c->energy.base;
    change.new_count = count;
    change.event = energy_add(&c->energy, &c->limits, count, utc_ms, &change.delta);
    if (change.event == ENERGY_HELD)
        return change;
    c->before = before;
    c->read_run = run;
    c->fresh = true;
    c->total += change.delta;
    if (change.event == ENERGY_FIRST) {
        c->step.to_utc_ms = utc_ms;
        c->step.run_to = run;
    }
    bool leap = change.event == ENERGY_RESET || change.event == ENERGY_JUMP;
    if (before.utc_ms != 0 && !leap &&
        (silent_ms > gap_ms || (was_held && before.utc_ms < open_ms)))
        change.gap_from = before.utc_ms;
    if (change.delta > 0)
        note_step(c, &change, change.gap_from != 0 || moved == 0 ? before.utc_ms : moved, utc_ms,
                  run);
    change.coarse = !c->coarse && is_coarse(c, def, value);
    c->coarse = c->coarse || change.coarse;
    for (int p = 0; p < SLOT_OPEN_COUNT; p++) {
        struct span *s = &c->open[p];
        s->recovered = s->recovered || change.gap_from != 0;
        s->suspect = s->suspect || change.event == ENERGY_RESET || change.event == ENERGY_JUMP;
    }
    return change;
}

void counter_settle(struct counter *c) {
    if (!c->fresh)
        return;
    c->fresh = false;
    for (int p = 0; p < SLOT_OPEN_COUNT; p++) {
        struct span *s = &c->open[p];
        if (s->start.utc_ms == 0)
            s->start = (struct counter_mark){c->total, c->energy.base, c->energy.base_utc_ms};
        s->seen = true;
    }
}

/* Share of the step that had been counted at t. */
static double step_share(const struct counter_step *s, ms_t t, double run) {
    double share;
    if (!s->gap && s->run_to > s->run_from && !isnan(run))
        share = (run - s->run_from) / (s->run_to - s->run_from);
    else if (s->to_utc_ms > s->from_utc_ms)
        share = (double)(t - s->from_utc_ms) / (double)(s->to_utc_ms - s->from_utc_ms);
    else
        share = 0.0;
    return fmin(fmax(share, 0.0), 1.0);
}

/* Parts that power says have flowed since the register last moved: less than its usual step. A
 * register that was read unmoved for longer than such a step takes is not slow: up to that reading
 * less than a count has flowed. */
static int64_t in_advance(const struct counter *c, double run) {
    double parts_per_kwh = COUNTER_PARTS / per_count(c);
    double flowed = (run - c->step.run_to) * parts_per_kwh;
    int64_t most = c->usual_step * COUNTER_PARTS - 1;
    if (!(flowed > 0.0) || !c->energy.started)
        return 0;
    if (c->usual_ms > 0 && c->energy.base_utc_ms - c->step.to_utc_ms > c->usual_ms)
        flowed = fmin(flowed, COUNTER_PARTS - 1 + fmax(run - c->read_run, 0.0) * parts_per_kwh);
    return flowed >= (double)most ? most : (int64_t)flowed;
}

/* At the last edge the value is what the slot that ended there was told: a longer slot that ends
 * there too gets the same. Between two readings one edge may be given something in advance: slots
 * after it are not known until the next reading, so nothing may be in them either. */
static int64_t parts_at(const struct counter *c, ms_t t, double run) {
    int64_t v;
    if (t <= c->edge || c->energy.base_utc_ms < c->edge)
        return c->parts;
    if (c->step.delta > 0 && t < c->step.to_utc_ms)
        v = (c->total - c->step.delta) * COUNTER_PARTS +
            (int64_t)llround((double)(c->step.delta * COUNTER_PARTS) *
                             step_share(&c->step, t, run));
    else
        v = c->total * COUNTER_PARTS + in_advance(c, run);
    return v > c->parts ? v : c->parts;
}

/* The last reading before an edge: the one in hand, or the one before it when that is beyond. */
static struct counter_mark mark_before(const struct counter *c, ms_t edge) {
    if (!c->energy.started)
        return (struct counter_mark){0};
    if (c->energy.base_utc_ms >= edge)
        return c->before;
    return (struct counter_mark){c->total, c->energy.base, c->energy.base_utc_ms};
}

/* A reading in the slot that ends at end, or one on each side of it, the later one in hand; or what
 * was counted at an earlier multiplier stands in it. last: the last reading before end. */
static bool is_known(const struct counter *c, const struct span *s, ms_t end,
                     const struct counter_mark *last) {
    bool around =
        c->fresh && last->utc_ms != 0 && last->utc_ms < end && c->energy.base_utc_ms >= end;
    return s->seen || around || s->carry < 0.0 || s->carry > 0.0;
}

struct counter_slot counter_close(const struct counter *c, enum slot_period p, ms_t end,
                                  double run) {
    const struct span *s = &c->open[p];
    struct counter_mark last = mark_before(c, end);
    struct counter_slot r = {.unit = counter_unit(c),
                             .carry = s->carry,
                             .register_start = (double)NAN,
                             .register_end = (double)NAN,
                             .multiplier = c->per_register * c->multiplier,
                             .recovered = s->recovered,
                             .suspect = s->suspect};
    if (c->point == SITE_NONE || isnan(c->per_register))
        return r;
    r.known = is_known(c, s, end, &last);
    if (last.utc_ms != 0 && s->start.utc_ms != 0) {
        r.register_start = counter_register(c, s->start.count);
        r.register_end = counter_register(c, last.count);
        r.start_utc_ms = s->start.utc_ms;
        r.end_utc_ms = last.utc_ms;
    }
    if (!r.known)
        return r;
    r.parts = parts_at(c, end, run) - s->parts_start;
    r.edge_parts = s->start.utc_ms != 0 && last.utc_ms != 0 && s->carry == 0.0
                       ? r.parts - (last.total - s->start.total) * COUNTER_PARTS
                       : 0;
    return r;
}

void counter_skip(struct counter *c, enum slot_period p, ms_t edge) {
    struct span *s = &c->open[p];
    c->edge = edge;
    s->start = mark_before(c, edge);
    s->seen = false;
}

void counter_next_slot(struct counter *c, enum slot_period p, ms_t end, double run) {
    const struct counter_mark last = mark_before(c, end);
    if (!is_known(c, &c->open[p], end, &last)) {
        counter_skip(c, p, end); /* the slot could not say what it had */
    } else {
        c->parts = parts_at(c, end, run);
        c->edge = end;
        c->open[p] = (struct span){.parts_start = c->parts, .start = last};
    }
    c->open[p].recovered = c->step.gap && c->step.to_utc_ms > end;
}

double counter_so_far(const struct counter *c, enum slot_period p, ms_t known_from, double run) {
    const struct span *s = &c->open[p];
    if (!s->seen || s->start.utc_ms > known_from)
        return (double)NAN;
    int64_t now = c->total * COUNTER_PARTS + in_advance(c, run);
    return s->carry +
           (double)((now > c->parts ? now : c->parts) - s->parts_start) * counter_unit(c);
}

double counter_amount(const struct counter *c, double run) {
    if (!c->energy.started)
        return (double)NAN;
    int64_t now = c->total * COUNTER_PARTS + in_advance(c, run);
    return (double)(now > c->parts ? now : c->parts) * counter_unit(c);
}

double counter_register(const struct counter *c, int64_t count) {
    return (double)count * c->scale + c->offset;
}

double counter_slot_amount(const struct counter_slot *s) {
    return s->known ? (double)s->parts * s->unit + s->carry : (double)NAN;
}

double counter_slot_rollover(const struct counter_slot *s) {
    if (!s->known || isnan(s->register_start) || isnan(s->register_end))
        return (double)NAN;
    double by_register = (s->register_end - s->register_start) * s->multiplier;
    double rest = (double)(s->parts - s->edge_parts) * s->unit + s->carry - by_register;
    return fabs(rest) < s->unit * COUNTER_PARTS * 0.5 ? 0.0 : rest; /* less than a count */
}

/* ---- gaps ------------------------------------------------------------------------------- */

int64_t counter_gap_parts(const struct counter_gap *g, ms_t edge) {
    if (edge <= g->from_utc_ms)
        return 0;
    double share = edge >= g->to_utc_ms
                       ? 1.0
                       : (double)(edge - g->from_utc_ms) / (double)(g->to_utc_ms - g->from_utc_ms);
    int64_t v = g->base_parts + (int64_t)llround((double)g->parts * share);
    return v > g->given ? v - g->given : 0;
}

bool counter_take_gap(struct counter *c, const struct counter_change *change,
                      const ms_t open_start[SLOT_OPEN_COUNT], struct counter_gap *ret) {
    struct counter_gap g = {.from_utc_ms = change->gap_from,
                            .to_utc_ms = c->energy.base_utc_ms,
                            .base_parts = (c->total - change->delta) * COUNTER_PARTS,
                            .parts = change->delta * COUNTER_PARTS,
                            .given = c->parts,
                            .unit = counter_unit(c)};
    if (change->gap_from == 0 || change->gap_from >= open_start[SLOT_1M])
        return false;
    for (int p = 0; p < SLOT_OPEN_COUNT; p++)
        c->open[p].parts_start += counter_gap_parts(&g, open_start[p]);
    c->parts += counter_gap_parts(&g, open_start[SLOT_1M]);
    *ret = g;
    return true;
}
