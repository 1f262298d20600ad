/* A counter goes on: in another run of the program, or under another configuration. */
#include <math.h>

#include "slots/counters.h"

static void save_mark(const struct counter_mark *m, struct pack *p) {
    pack_signed(p, m->total);
    pack_signed(p, m->count);
    pack_signed(p, m->utc_ms);
}

static void restore_mark(struct counter_mark *m, struct unpack *u) {
    m->total = unpack_signed(u);
    m->count = unpack_signed(u);
    m->utc_ms = unpack_signed(u);
}

static void save_span(const struct span *s, struct pack *p) {
    pack_signed(p, s->parts_start);
    save_mark(&s->start, p);
    pack_f64(p, s->carry);
    pack_u8(p, (unsigned)s->seen | (unsigned)s->recovered << 1 | (unsigned)s->suspect << 2);
}

static void restore_span(struct span *s, struct unpack *u) {
    s->parts_start = unpack_signed(u);
    restore_mark(&s->start, u);
    s->carry = unpack_f64(u);
    unsigned flags = unpack_u8(u);
    s->seen = flags & 1;
    s->recovered = flags & 2;
    s->suspect = flags & 4;
}

void counter_save(const struct counter *c, struct pack *p) {
    const struct energy_counter *e = &c->energy;
    pack_varint(p, c->name);
    pack_varint(p, c->form);
    pack_f64(p, counter_unit(c));
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
    pack_signed(p, c->total);
    pack_signed(p, c->parts);
    pack_signed(p, c->usual_step);
    pack_signed(p, c->read_utc_ms);
    for (int i = 0; i < SLOT_OPEN_COUNT; i++)
        save_span(&c->open[i], p);
}

void counter_read_saved(struct counter_saved *s, struct unpack *u) {
    *s = (struct counter_saved){.counter.step = {.run_from = (double)NAN, .run_to = (double)NAN}};
    struct counter *c = &s->counter;
    struct energy_counter *e = &c->energy;
    c->name = unpack_varint(u);
    c->form = unpack_varint(u);
    s->unit = unpack_f64(u);
    unsigned flags = unpack_u8(u);
    e->started = flags & 1;
    e->has_old = flags & 2;
    e->pending_n = (uint8_t)unpack_u8(u);
    e->base = unpack_signed(u);
    e->base_utc_ms = unpack_signed(u);
    e->moved_utc_ms = (ms_t)((uint64_t)e->base_utc_ms - (uint64_t)unpack_signed(u));
    e->pending = unpack_signed(u);
    e->pending_first = unpack_signed(u);
    e->pending_utc_ms = unpack_signed(u);
    e->old_base = unpack_signed(u);
    e->old_utc_ms = unpack_signed(u);
    e->segment_first = unpack_signed(u);
    c->multiplier = unpack_f64(u);
    c->total = unpack_signed(u);
    c->parts = unpack_signed(u);
    c->usual_step = unpack_signed(u);
    c->read_utc_ms = unpack_signed(u);
    for (int i = 0; i < SLOT_OPEN_COUNT; i++)
        restore_span(&c->open[i], u);
}

/* Another register under the same name: its first reading is a base. */
static void start_anew(struct counter *c) {
    c->energy = (struct energy_counter){0};
    c->before = (struct counter_mark){0};
    c->step = (struct counter_step){.run_from = (double)NAN, .run_to = (double)NAN};
    c->usual_step = 1;
    c->read_utc_ms = 0;
    c->fresh = c->coarse = false;
    for (int p = 0; p < SLOT_OPEN_COUNT; p++)
        c->open[p].start = (struct counter_mark){0};
}

void counter_take_over(struct counter *c, const struct counter_saved *from) {
    const struct counter fresh = *c;
    *c = from->counter;
    c->point = fresh.point;
    c->name = fresh.name;
    c->form = fresh.form;
    c->is_float = fresh.is_float;
    c->scale = fresh.scale;
    c->offset = fresh.offset;
    c->per_register = fresh.per_register;
    c->rated_kw = fresh.rated_kw;
    c->limits = fresh.limits;
    bool other = c->name != from->counter.name || c->form != from->counter.form;
    if (other || !(fabs(counter_unit(c) - from->unit) <= fabs(from->unit) * COUNTER_UNIT_TOLERANCE))
        counter_keep_amounts(c, from->unit);
    if (other)
        start_anew(c);
}

void counter_stand_at(struct counter *c, ms_t from, ms_t to) {
    c->edge = from;
    c->fresh = c->energy.started && c->energy.base_utc_ms >= from && c->energy.base_utc_ms < to;
    counter_settle(c);
}
