#include "store/facts_codec.h"

#include <math.h>
#include <string.h>

#include "base/err.h"

#define FACTS_VERSION 1

/* One walk over the structure serves both ways, so that they cannot drift apart. */
struct walk {
    struct pack *out;  /* NULL: reading */
    struct unpack *in; /* NULL: writing */
};

static void number(struct walk *w, double *v) {
    if (w->out) {
        pack_u8(w->out, isnan(*v) ? 0u : 1u);
        if (!isnan(*v))
            pack_f64(w->out, *v);
    } else {
        *v = unpack_u8(w->in) ? unpack_f64(w->in) : (double)NAN;
    }
}

static void numbers(struct walk *w, double *v, size_t n) {
    for (size_t i = 0; i < n; i++)
        number(w, &v[i]);
}

static void integer(struct walk *w, int64_t *v) {
    if (w->out)
        pack_signed(w->out, *v);
    else
        *v = unpack_signed(w->in);
}

/* For members of other widths. */
#define INTEGER(w, member)                                                                         \
    do {                                                                                           \
        int64_t value_ = (int64_t)(member);                                                        \
        integer((w), &value_);                                                                     \
        (member) = (__typeof__(member))value_;                                                     \
    } while (0)

static void text(struct walk *w, char *t, size_t cap) {
    const char *bytes;
    size_t n;
    if (w->out) {
        pack_text(w->out, t);
        return;
    }
    t[0] = '\0';
    if (!unpack_text(w->in, &bytes, &n))
        return;
    if (n >= cap) {
        w->in->bad = true;
        return;
    }
    memcpy(t, bytes, n);
    t[n] = '\0';
}

static void peak(struct walk *w, struct demand_peak *p) {
    number(w, &p->kw);
    INTEGER(w, p->at);
}

static void range(struct walk *w, struct range_stat *r) {
    INTEGER(w, r->covered_ms);
    number(w, &r->avg);
    number(w, &r->min);
    number(w, &r->max);
}

static void point(struct walk *w, struct point_facts *p) {
    number(w, &p->import_kwh);
    number(w, &p->export_kwh);
    numbers(w, p->kvarh, 4);
    INTEGER(w, p->kvarh_integrated);
    range(w, &p->s_kva);
    INTEGER(w, p->s_max_at);
    number(w, &p->p_max_kw);
    number(w, &p->block_kw);
    INTEGER(w, p->block_at);
    peak(w, &p->sliding);
    peak(w, &p->month_max);
    range(w, &p->voltage_deviation_pct);
    range(w, &p->voltage_unbalance_pct);
    range(w, &p->current_unbalance_pct);
    range(w, &p->frequency_hz);
}

static void account(struct walk *w, struct account_facts *a) {
    number(w, &a->block_kw);
    INTEGER(w, a->block_at);
    peak(w, &a->sliding);
    peak(w, &a->coincident);
    peak(w, &a->month_max);
    number(w, &a->contract_kw);
    numbers(w, a->import_kwh, TARIFF_PERIODS);
    numbers(w, a->export_kwh, TARIFF_PERIODS);
    INTEGER(w, a->split_known);
    INTEGER(w, a->cost_e8);
    INTEGER(w, a->cost_known);
    INTEGER(w, a->cost_verified);
    INTEGER(w, a->arbitrage_e8);
    INTEGER(w, a->price_version);
    INTEGER(w, a->priced_by_curve);
}

static void factor(struct walk *w, struct factor_used *f) {
    text(w, f->id, sizeof f->id);
    text(w, f->area, sizeof f->area);
    INTEGER(w, f->series);
    INTEGER(w, f->year);
    INTEGER(w, f->provisional);
    number(w, &f->kg_per_kwh);
}

static void carbon(struct walk *w, struct carbon_facts *c) {
    number(w, &c->location_kg);
    number(w, &c->national_kg);
    number(w, &c->market_base_kwh);
    number(w, &c->avoided_pv_kg);
    number(w, &c->avoided_storage_kg);
    numbers(w, c->fuel_amount, FUEL_KINDS);
    number(w, &c->scope1_kg);
    number(w, &c->fuel_kgce);
    number(w, &c->charge_kg);
    number(w, &c->discharge_kg);
    number(w, &c->busbar_kg);
    number(w, &c->busbar_kwh);
    number(w, &c->ess.kwh);
    number(w, &c->ess.kg);
    INTEGER(w, c->ess.estimated);
    INTEGER(w, c->factor_varies);
    factor(w, &c->factor);
    factor(w, &c->national);
}

static void balance(struct walk *w, struct balance_facts *b) {
    number(w, &b->residual_kwh);
    number(w, &b->feeders_kwh);
    INTEGER(w, b->node_count);
    if (b->node_count > NODES_MAX) {
        w->in->bad = true;
        return;
    }
    for (size_t i = 0; i < b->node_count; i++) {
        INTEGER(w, b->nodes[i].feed);
        number(w, &b->nodes[i].residual_kwh);
        number(w, &b->nodes[i].flow_kwh);
    }
    INTEGER(w, b->bad_slots);
    INTEGER(w, b->suspect.kind);
    INTEGER(w, b->suspect.feed);
    number(w, &b->suspect.ratio);
    number(w, &b->suspect.before_kwh);
    number(w, &b->suspect.after_kwh);
}

static void transformer(struct walk *w, struct transformer_facts *t) {
    number(w, &t->s_avg_kva);
    number(w, &t->s_max_kva);
    number(w, &t->loss_kwh);
}

static void arrays(struct walk *w, struct slot_facts *f) {
    INTEGER(w, f->point_count);
    INTEGER(w, f->account_count);
    INTEGER(w, f->transformer_count);
    if (f->point_count > METERING_POINTS_MAX || f->account_count > ACCOUNTS_MAX ||
        f->transformer_count > TRANSFORMERS_MAX) {
        w->in->bad = true;
        return;
    }
    for (size_t i = 0; i < f->point_count; i++)
        point(w, &f->points[i]);
    for (size_t i = 0; i < f->account_count; i++)
        account(w, &f->accounts[i]);
    for (size_t i = 0; i < f->transformer_count; i++) {
        transformer(w, &f->transformers[i]);
        INTEGER(w, f->transformer_ms[i]);
    }
}

static void virtuals(struct walk *w, struct slot_facts *f) {
    INTEGER(w, f->virtual_count);
    if (f->virtual_count > VIRTUALS_MAX) {
        w->in->bad = true;
        return;
    }
    for (size_t i = 0; i < f->virtual_count; i++) {
        number(w, &f->virtuals[i].avg_kw);
        number(w, &f->virtuals[i].kwh);
        INTEGER(w, f->virtuals[i].known_ms);
    }
}

static void whole(struct walk *w, struct slot_facts *f) {
    INTEGER(w, f->period);
    INTEGER(w, f->start);
    INTEGER(w, f->end);
    INTEGER(w, f->covered);
    number(w, &f->coverage);
    INTEGER(w, f->quality);
    INTEGER(w, f->cause);
    INTEGER(w, f->late);
    INTEGER(w, f->clock_state);
    number(w, &f->clock_offset_ms);
    for (size_t i = 0; i < SITE_POWER_COUNT; i++) {
        number(w, &f->power[i].avg);
        number(w, &f->power[i].min);
        number(w, &f->power[i].max);
        INTEGER(w, f->absent[i]);
        INTEGER(w, f->power_ms[i]);
    }
    numbers(w, f->energy_kwh, SITE_ENERGY_COUNT);
    number(w, &f->soc_start_pct);
    number(w, &f->soc_end_pct);
    number(w, &f->claimed_kwh);
    number(w, &f->unclaimed_kwh);
    virtuals(w, f);
    number(w, &f->irradiation_kwh_m2);
    number(w, &f->output);
    INTEGER(w, f->expected);
    INTEGER(w, f->stored);
    carbon(w, &f->carbon);
    balance(w, &f->balance);
    arrays(w, f);
}

void facts_write(struct pack *p, const struct slot_facts *f) {
    struct slot_facts copy = *f;
    struct walk w = {.out = p};
    pack_u8(p, FACTS_VERSION);
    whole(&w, &copy);
}

int facts_read(const void *bytes, size_t n, struct slot_facts *ret) {
    struct unpack u;
    unpack_init(&u, bytes, n);
    struct walk w = {.in = &u};
    if (unpack_u8(&u) != FACTS_VERSION)
        return ERR_CORRUPT;
    static const struct slot_facts zero;
    *ret = zero;
    whole(&w, ret);
    return u.bad || (unsigned)ret->period >= SLOT_PERIOD_COUNT ||
                   (unsigned)ret->quality >= QUALITY_COUNT
               ? ERR_CORRUPT
               : ERR_OK;
}
