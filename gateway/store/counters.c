#include "store/counters.h"

#include <math.h>
#include <string.h>

#include "meter/decode.h"

#define FLOAT_COUNTS    1000.0 /* counts of one unit of a float register */
#define HEADROOM        1.2    /* above rated power */
#define KWH_PER_KW_MS   (1.0 / 3600000.0)
#define COUNT_MAX       9e15 /* beyond it a double is no exact integer */
#define RATIO_TOLERANCE 1e-9

double unit_kilo_factor(const char *unit) {
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"kWh", 1.0}, {"Wh", 1e-3}, {"MWh", 1e3}, {"kW", 1.0}, {"W", 1e-3}, {"MW", 1e3}};
    for (size_t i = 0; unit && i < sizeof units / sizeof units[0]; i++)
        if (strcmp(unit, units[i].unit) == 0)
            return units[i].factor;
    return (double)NAN;
}

void counter_init(struct counter *c, const struct site *site, const struct feed *feed,
                  int32_t point) {
    memset(c, 0, sizeof *c);
    c->point = point;
    c->multiplier = 1.0;
    c->rated_kw = site->devices[feed->device].rated_kw;
    if (point == SITE_NONE)
        return;
    const struct point_def *def = site->points[point].def;
    c->is_float = def->type == POINT_F32 || def->type == POINT_F64;
    c->scale = c->is_float ? 1.0 / FLOAT_COUNTS : def->scale;
    c->offset = c->is_float ? 0.0 : def->offset;
    c->kwh_per_register = unit_kilo_factor(def->unit);
    double modulus = c->is_float ? def->modulus * def->scale * FLOAT_COUNTS : def->modulus;
    c->limits.modulus = modulus > 0.0 && modulus < COUNT_MAX ? (int64_t)llround(modulus) : 0;
}

static double kwh_per_count(const struct counter *c) {
    return fabs(c->scale) * c->kwh_per_register * c->multiplier;
}

static void change_multiplier(struct counter *c, double multiplier, struct counter_change *change) {
    if (fabs(multiplier - c->multiplier) <= fabs(c->multiplier) * RATIO_TOLERANCE)
        return;
    change->ratio_changed = c->energy.started;
    change->old_multiplier = c->multiplier;
    for (int p = 0; p < SLOT_OPEN_COUNT && c->energy.started; p++) {
        struct span *s = &c->open[p];
        s->carry_kwh += (double)s->counts * kwh_per_count(c);
        s->counts = 0;
        s->suspect = true;
    }
    c->multiplier = multiplier;
}

static void count_into(struct span *s, const struct counter_change *change, int64_t delta,
                       ms_t utc_ms, bool after_gap) {
    switch (change->event) {
    case ENERGY_HELD:
        return;
    case ENERGY_FIRST:
        s->start = change->new_count;
        s->start_utc_ms = utc_ms;
        break;
    case ENERGY_RESET:
    case ENERGY_JUMP:
    case ENERGY_ROLLOVER:
        s->suspect = s->suspect || change->event != ENERGY_ROLLOVER;
        break;
    case ENERGY_NONE:
    case ENERGY_GLITCH:
        break;
    }
    s->counts += delta;
    s->seen = true;
    s->recovered = s->recovered || after_gap;
}

struct counter_change counter_add(struct counter *c, const struct point_def *def, int64_t raw,
                                  double multiplier, ms_t utc_ms, ms_t gap_ms) {
    struct counter_change change = {.event = ENERGY_HELD};
    double value = decode_scaled(def, raw);
    if (isnan(value) || isnan(multiplier) || !(multiplier > 0.0))
        return change;
    if (c->is_float && fabs(value * FLOAT_COUNTS) > COUNT_MAX)
        return change;
    change_multiplier(c, multiplier, &change);
    double rate = HEADROOM * c->rated_kw * KWH_PER_KW_MS / kwh_per_count(c);
    c->limits.max_counts_per_ms = isfinite(rate) && rate > 0.0 ? rate : 0.0;
    int64_t count = c->is_float ? (int64_t)llround(value * FLOAT_COUNTS) : raw;
    change.old_count = c->energy.base;
    change.new_count = count;
    bool after_gap = c->energy.started && utc_ms - c->energy.base_utc_ms > gap_ms;
    int64_t delta = 0;
    change.event = energy_add(&c->energy, &c->limits, count, utc_ms, &delta);
    for (int p = 0; p < SLOT_OPEN_COUNT; p++)
        count_into(&c->open[p], &change, delta, utc_ms, after_gap);
    return change;
}

double counter_kwh(const struct counter *c, enum slot_period p) {
    const struct span *s = &c->open[p];
    if (c->point == SITE_NONE || !s->seen)
        return (double)NAN;
    return s->carry_kwh + (double)s->counts * kwh_per_count(c);
}

double counter_register(const struct counter *c, int64_t count) {
    return (double)count * c->scale + c->offset;
}

void counter_next_slot(struct counter *c, enum slot_period p) {
    c->open[p] = (struct span){.start = c->energy.base,
                               .start_utc_ms = c->energy.started ? c->energy.base_utc_ms : 0};
}

static void save_span(const struct span *s, struct pack *p) {
    pack_signed(p, s->counts);
    pack_f64(p, s->carry_kwh);
    pack_signed(p, s->start);
    pack_signed(p, s->start_utc_ms);
    pack_u8(p, (unsigned)s->seen | (unsigned)s->recovered << 1 | (unsigned)s->suspect << 2);
}

static void restore_span(struct span *s, struct unpack *u) {
    s->counts = unpack_signed(u);
    s->carry_kwh = unpack_f64(u);
    s->start = unpack_signed(u);
    s->start_utc_ms = unpack_signed(u);
    unsigned flags = unpack_u8(u);
    s->seen = flags & 1;
    s->recovered = flags & 2;
    s->suspect = flags & 4;
}

void counter_save(const struct counter *c, struct pack *p) {
    const struct energy_counter *e = &c->energy;
    pack_u8(p, (unsigned)e->started | (unsigned)e->has_old << 1);
    pack_u8(p, e->pending_n);
    pack_signed(p, e->base);
    pack_signed(p, e->base_utc_ms);
    pack_signed(p, e->base_utc_ms - e->moved_utc_ms);
    pack_signed(p, e->pending);
    pack_signed(p, e->pending_first);
    pack_signed(p, e->pending_utc_ms);
    pack_signed(p, e->old_base);
    pack_signed(p, e->old_utc_ms);
    pack_signed(p, e->segment_first);
    pack_f64(p, c->multiplier);
    for (int i = 0; i < SLOT_OPEN_COUNT; i++)
        save_span(&c->open[i], p);
}

void counter_restore(struct counter *c, struct unpack *u) {
    struct energy_counter *e = &c->energy;
    unsigned flags = unpack_u8(u);
    e->started = flags & 1;
    e->has_old = flags & 2;
    e->pending_n = (uint8_t)unpack_u8(u);
    e->base = unpack_signed(u);
    e->base_utc_ms = unpack_signed(u);
    e->moved_utc_ms = e->base_utc_ms - unpack_signed(u);
    e->pending = unpack_signed(u);
    e->pending_first = unpack_signed(u);
    e->pending_utc_ms = unpack_signed(u);
    e->old_base = unpack_signed(u);
    e->old_utc_ms = unpack_signed(u);
    e->segment_first = unpack_signed(u);
    c->multiplier = unpack_f64(u);
    for (int i = 0; i < SLOT_OPEN_COUNT; i++)
        restore_span(&c->open[i], u);
}
