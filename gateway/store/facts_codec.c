#include "store/facts_codec.h"

#include <math.h>
#include <string.h>

#include "base/err.h"
#include "sys/clock.h"

#define FACTS_VERSION 3
#define FACTS_OLDEST  2                           /* without the time of good voltage */
#define INSTANT_MAX   INT64_C(253402300799999)    /* the year 9999 */
#define MONEY_MAX     INT64_C(100000000000000000) /* a milliard CNY */

/* One walk over the structure serves both ways, so that they cannot drift apart. */
struct walk {
    struct pack *out;  /* NULL: reading */
    struct unpack *in; /* NULL: writing */
    const struct site *site;
    unsigned version;
};

static void bad(struct walk *w) {
    if (w->in)
        w->in->bad = true;
}

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

/* Of an instant or of money; so large that a sum of some overflows, it is corrupt. */
#define WITHIN(w, member, max)                                                                     \
    do {                                                                                           \
        integer((w), &(member));                                                                   \
        if ((member) > (max) || (member) < -(max))                                                 \
            bad(w);                                                                                \
    } while (0)
#define INSTANT(w, member) WITHIN(w, member, INSTANT_MAX)
#define MONEY(w, member)   WITHIN(w, member, MONEY_MAX)

/* Of an enumeration: what is not one of its values is corrupt. */
#define CHOICE(w, member, count)                                                                   \
    do {                                                                                           \
        int64_t value_ = (int64_t)(member);                                                        \
        integer((w), &value_);                                                                     \
        if (value_ < 0 || value_ >= (int64_t)(count)) {                                            \
            bad(w);                                                                                \
            value_ = 0;                                                                            \
        }                                                                                          \
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
    INSTANT(w, p->at);
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
    INSTANT(w, p->s_max_at);
    number(w, &p->p_max_kw);
    number(w, &p->block_kw);
    INSTANT(w, p->block_at);
    peak(w, &p->sliding);
    peak(w, &p->month_max);
    range(w, &p->voltage_deviation_pct);
    range(w, &p->voltage_unbalance_pct);
    range(w, &p->current_unbalance_pct);
    range(w, &p->frequency_hz);
    if (w->version < 3)
        return;
    INTEGER(w, p->monitored_ms);
    INTEGER(w, p->qualified_ms);
    if (p->monitored_ms > INSTANT_MAX || p->qualified_ms > p->monitored_ms)
        bad(w);
}

static void account(struct walk *w, struct account_facts *a) {
    number(w, &a->block_kw);
    INSTANT(w, a->block_at);
    peak(w, &a->sliding);
    peak(w, &a->coincident);
    peak(w, &a->month_max);
    number(w, &a->contract_kw);
    numbers(w, a->import_kwh, TARIFF_PERIODS);
    numbers(w, a->export_kwh, TARIFF_PERIODS);
    INTEGER(w, a->split_known);
    MONEY(w, a->cost_e8);
    INTEGER(w, a->cost_known);
    INTEGER(w, a->cost_verified);
    MONEY(w, a->arbitrage_e8);
    INTEGER(w, a->arbitrage_known);
    INTEGER(w, a->price_version);
    INTEGER(w, a->priced_by_curve);
}

static void factor(struct walk *w, struct factor_used *f) {
    text(w, f->id, sizeof f->id);
    text(w, f->area, sizeof f->area);
    CHOICE(w, f->series, FACTOR_SERIES_COUNT);
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

/* The name under which something is found again in another configuration. Returns its place in
 * this one: i when writing, SITE_NONE when it is not there any more. */
typedef const char *name_fn(const struct site *s, size_t i);

static const char *point_name(const struct site *s, size_t i) {
    return i < s->metering_point_count ? s->metering_points[i].id : NULL;
}

static const char *account_name(const struct site *s, size_t i) {
    return i < s->account_count ? s->accounts[i].id : NULL;
}

static const char *transformer_name(const struct site *s, size_t i) {
    return i < s->transformer_count ? s->transformers[i].id : NULL;
}

static const char *virtual_name(const struct site *s, size_t i) {
    return i < s->virtual_count ? s->virtuals[i].id : NULL;
}

static const char *feed_name(const struct site *s, size_t i) {
    return i < s->feed_count ? s->feeds[i].id : NULL;
}

static int32_t place(struct walk *w, name_fn *name_of, size_t i) {
    const char *bytes, *name;
    size_t n;
    if (w->out) {
        pack_text(w->out, name_of(w->site, i));
        return (int32_t)i;
    }
    if (!unpack_text(w->in, &bytes, &n))
        return SITE_NONE;
    for (size_t k = 0; (name = name_of(w->site, k)) != NULL; k++)
        if (strlen(name) == n && memcmp(name, bytes, n) == 0)
            return (int32_t)k;
    return SITE_NONE;
}

static void suspect(struct walk *w, struct suspect *s) {
    CHOICE(w, s->kind, SUSPECT_DEAD + 1);
    int32_t feed = place(w, feed_name, s->feed >= 0 ? (size_t)s->feed : SIZE_MAX);
    number(w, &s->ratio);
    number(w, &s->before_kwh);
    number(w, &s->after_kwh);
    if (!w->in)
        return;
    s->feed = feed;
    if (feed == SITE_NONE)
        s->kind = SUSPECT_NONE;
}

/* Nodes that are left stand side by side: merging goes by their feeds. */
static void nodes(struct walk *w, struct balance_facts *b) {
    size_t count = b->node_count, left = 0;
    CHOICE(w, count, NODES_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        struct node_facts n = b->nodes[i];
        n.feed = place(w, feed_name, n.feed >= 0 ? (size_t)n.feed : SIZE_MAX);
        number(w, &n.residual_kwh);
        number(w, &n.flow_kwh);
        if (w->in && n.feed != SITE_NONE)
            b->nodes[left++] = n;
    }
    if (w->in)
        b->node_count = (uint8_t)left;
}

static void balance(struct walk *w, struct balance_facts *b) {
    number(w, &b->residual_kwh);
    number(w, &b->feeders_kwh);
    nodes(w, b);
    INTEGER(w, b->bad_slots);
    suspect(w, &b->suspect);
}

static void transformer(struct walk *w, struct transformer_facts *t, uint64_t *ms) {
    number(w, &t->s_avg_kva);
    number(w, &t->s_max_kva);
    number(w, &t->loss_kwh);
    INTEGER(w, *ms);
}

/* What has no place in this configuration is read and left out. */
static void points(struct walk *w, struct slot_facts *f) {
    size_t count = f->point_count;
    CHOICE(w, count, METERING_POINTS_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        int32_t at = place(w, point_name, i);
        struct point_facts none = {0};
        point(w, at == SITE_NONE ? &none : &f->points[at]);
    }
}

static void accounts(struct walk *w, struct slot_facts *f) {
    size_t count = f->account_count;
    CHOICE(w, count, ACCOUNTS_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        int32_t at = place(w, account_name, i);
        struct account_facts none = {0};
        account(w, at == SITE_NONE ? &none : &f->accounts[at]);
    }
}

static void transformers(struct walk *w, struct slot_facts *f) {
    size_t count = f->transformer_count;
    CHOICE(w, count, TRANSFORMERS_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        int32_t at = place(w, transformer_name, i);
        struct transformer_facts none = {0};
        uint64_t ms = 0;
        transformer(w, at == SITE_NONE ? &none : &f->transformers[at],
                    at == SITE_NONE ? &ms : &f->transformer_ms[at]);
    }
}

static void virtuals(struct walk *w, struct slot_facts *f) {
    size_t count = f->virtual_count;
    CHOICE(w, count, VIRTUALS_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        int32_t at = place(w, virtual_name, i);
        struct virtual_facts none = {0};
        struct virtual_facts *v = at == SITE_NONE ? &none : &f->virtuals[at];
        number(w, &v->avg_kw);
        number(w, &v->kwh);
        INTEGER(w, v->known_ms);
    }
}

static void whole(struct walk *w, struct slot_facts *f) {
    CHOICE(w, f->period, SLOT_PERIOD_COUNT);
    INSTANT(w, f->start);
    INSTANT(w, f->end);
    if (f->end < f->start)
        bad(w);
    INTEGER(w, f->covered);
    number(w, &f->coverage);
    CHOICE(w, f->quality, QUALITY_COUNT);
    CHOICE(w, f->cause, CAUSE_CLOCK + 1);
    INTEGER(w, f->late);
    CHOICE(w, f->clock_state, CLOCK_STEPPED + 1);
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
    points(w, f);
    accounts(w, f);
    transformers(w, f);
}

/* Only of a slot in which the clock was stepped. */
static void lived(struct walk *w, struct slot_facts *f) {
    if (w->out ? f->lived_ms > 0 : w->in->at != w->in->end)
        INTEGER(w, f->lived_ms);
    else
        return;
    if (f->lived_ms == 0 || f->lived_ms > INSTANT_MAX)
        bad(w);
}

void facts_write(struct pack *p, const struct site *site, const struct slot_facts *f) {
    struct slot_facts copy = *f;
    struct walk w = {.out = p, .site = site, .version = FACTS_VERSION};
    pack_u8(p, FACTS_VERSION);
    whole(&w, &copy);
    lived(&w, &copy);
}

int facts_read(const void *bytes, size_t n, const struct site *site, struct slot_facts *ret) {
    struct unpack u;
    unpack_init(&u, bytes, n);
    struct walk w = {.in = &u, .site = site, .version = unpack_u8(&u)};
    if (w.version < FACTS_OLDEST || w.version > FACTS_VERSION)
        return ERR_CORRUPT;
    facts_init(ret, site, SLOT_1M, 0, 0);
    whole(&w, ret);
    if (!u.bad)
        lived(&w, ret);
    return u.bad || u.at != u.end ? ERR_CORRUPT : ERR_OK;
}
