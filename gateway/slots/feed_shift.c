/* A step of the wall clock: what the open slots remember of instants is set to the new clock, so
 * that the time between two readings stays what it was. */
#include "slots/feed_state.h"

/* 0 is never. */
static void shift(ms_t *t, ms_t by) {
    if (*t != 0)
        *t += by;
}

void counter_shift(struct counter *c, ms_t by) {
    struct energy_counter *e = &c->energy;
    if (e->started) {
        e->base_utc_ms += by;
        e->moved_utc_ms += by;
        e->pending_utc_ms += by;
        e->old_utc_ms += by;
    }
    shift(&c->edge, by);
    shift(&c->read_utc_ms, by);
    shift(&c->before.utc_ms, by);
    shift(&c->step.from_utc_ms, by);
    shift(&c->step.to_utc_ms, by);
    for (int p = 0; p < SLOT_OPEN_COUNT; p++)
        shift(&c->open[p].start.utc_ms, by);
}

static void supply_shift(struct supply *s, ms_t by) {
    shift(&s->at, by);
    shift(&s->until, by);
    shift(&s->open.s_max_at, by);
    dip_shift(&s->voltage.dips, by);
}

void feed_shift(struct feed_state *f, ms_t by) {
    for (int k = 0; k < FEED_COUNTERS; k++) {
        struct counter *c = feed_counter_of(f, k);
        if (c)
            counter_shift(c, by);
    }
    shift(&f->run.at, by);
    shift(&f->run.until, by);
    gauge_shift(&f->power, by);
    shift(&f->kw_utc_ms, by);
    shift(&f->soc_utc_ms, by);
    if (f->supply)
        supply_shift(f->supply, by);
}
