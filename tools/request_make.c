/* Puts the request together: advise's capacity, one pass over the quarters, the log, the curve of
 * the worst day, and the days around a measure. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "request.h"
#include "sys/clock.h"

#define UNKNOWN    ((double)NAN)
#define QUARTER_MS (15 * MS_PER_MIN)
#define STEP_KW    50.0

/* ---- the range ---------------------------------------------------------------------------- */

static void take_point(struct request_point *p, const struct point_facts *f) {
    p->monitored_ms += f->monitored_ms;
    p->qualified_ms += f->qualified_ms;
    p->low_pct = fmin(p->low_pct, f->voltage_deviation_pct.min);
    p->high_pct = fmax(p->high_pct, f->voltage_deviation_pct.max);
}

static void take_demand(struct request_demand *d, const struct account_facts *f) {
    if (!isnan(f->sliding.kw) && !(f->sliding.kw <= d->max_kw)) {
        d->max_kw = f->sliding.kw;
        d->max_at = f->sliding.at;
    }
    if (!isnan(f->contract_kw))
        d->contract_kw = f->contract_kw;
}

static int on_quarter(void *arg, const struct slot_facts *f) {
    struct request *r = arg;
    for (size_t i = 0; i < r->site->metering_point_count; i++)
        take_point(&r->points[i], &f->points[i]);
    for (size_t i = 0; i < r->site->account_count; i++)
        take_demand(&r->demand[i], &f->accounts[i]);
    r->quarters++;
    r->by_quality[f->quality]++;
    r->covered_ms += f->coverage * (double)(f->end - f->start);
    return ERR_OK;
}

static int load_range(struct reader *reader, struct request *r) {
    uint64_t bad = 0;
    for (size_t i = 0; i < METERING_POINTS_MAX; i++)
        r->points[i].low_pct = r->points[i].high_pct = UNKNOWN;
    for (size_t i = 0; i < ACCOUNTS_MAX; i++)
        r->demand[i] = (struct request_demand){.max_kw = UNKNOWN, .contract_kw = UNKNOWN};
    r->expected = (size_t)((r->options.to - r->options.from) / QUARTER_MS);
    int err = reader_facts(reader, r->site, SLOT_15M, -1, r->options.from, r->options.to,
                           on_quarter, r, &bad);
    r->bad_rows += bad;
    return err;
}

static int on_dip(void *arg, const struct supply_entry *e) {
    struct request *r = arg;
    struct supply_entry *dips = reallocarray(r->dips, r->dip_count + 1, sizeof *dips);
    if (!dips)
        return ERR_NOMEM;
    r->dips = dips;
    r->dips[r->dip_count++] = *e;
    return ERR_OK;
}

/* ---- the curve ---------------------------------------------------------------------------- */

/* The most loaded one; without any limit the one with the largest load. */
static const struct advise_capacity *worst_of(const struct advise_account *a) {
    const struct advise_capacity *worst = NULL;
    for (size_t i = 0; i < a->row_count; i++) {
        const struct advise_capacity *c = &a->rows[i];
        if (c->object == ADVISE_TOGETHER || isnan(c->headroom.max_kva))
            continue;
        bool more = !worst || c->headroom.load_pct > worst->headroom.load_pct ||
                    (isnan(worst->headroom.load_pct) && !isnan(c->headroom.load_pct)) ||
                    (isnan(worst->headroom.load_pct) && isnan(c->headroom.load_pct) &&
                     c->headroom.max_kva > worst->headroom.max_kva);
        worst = more ? c : worst;
    }
    return worst;
}

static void find_object(const struct site *s, size_t account, struct request_curve *c) {
    c->transformer = c->point = SITE_NONE;
    for (size_t i = 0; i < s->transformer_count; i++)
        if (c->object->object == ADVISE_TRANSFORMER && s->transformers[i].id == c->object->id)
            c->transformer = (int32_t)i;
    for (size_t i = 0; i < s->metering_point_count; i++) {
        const struct metering_point *p = &s->metering_points[i];
        bool line =
            c->object->object == ADVISE_LINE && (p->line_no ? p->line_no : p->id) == c->object->id;
        bool incomer = c->object->object == ADVISE_INCOMER && p->id == c->object->id;
        if ((size_t)p->account == account && (line || incomer))
            c->point = (int32_t)i;
    }
}

static int on_curve(void *arg, const struct slot_facts *f) {
    struct request_curve *c = arg;
    size_t i = (size_t)((f->start - c->day) / QUARTER_MS);
    if (i < REQUEST_DAY_QUARTERS)
        c->kva[i] = c->transformer != SITE_NONE ? f->transformers[c->transformer].s_max_kva
                    : c->point != SITE_NONE     ? f->points[c->point].s_kva.max
                                                : UNKNOWN;
    return ERR_OK;
}

static int load_curve(struct reader *reader, struct request *r, size_t i) {
    struct request_curve *c = &r->curves[i];
    uint64_t bad = 0;
    c->object = worst_of(&r->advice.accounts[i]);
    if (!c->object)
        return ERR_OK;
    find_object(r->site, r->advice.accounts[i].index, c);
    int32_t day = local_time(c->object->headroom.max_at, clock_utc_offset_s).day;
    c->day = local_midnight(day, clock_utc_offset_s);
    c->end = local_midnight(day + 1, clock_utc_offset_s);
    for (size_t k = 0; k < REQUEST_DAY_QUARTERS; k++)
        c->kva[k] = UNKNOWN;
    return reader_facts(reader, r->site, SLOT_15M, -1, c->day, c->end, on_curve, c, &bad);
}

/* ---- the measure -------------------------------------------------------------------------- */

struct halves {
    struct request *request;
    struct supply_period *period;
};

static int on_measured_quarter(void *arg, const struct slot_facts *f) {
    struct halves *h = arg;
    supply_period_quarter(h->period, h->request->site, &h->request->scope, f);
    return ERR_OK;
}

static int on_measured_dip(void *arg, const struct supply_entry *e) {
    struct halves *h = arg;
    supply_period_dip(h->period, h->request->site, &h->request->scope, e->object, e->certain,
                      &e->dip);
    return ERR_OK;
}

static int load_measure(struct reader *reader, struct request *r) {
    int err = reader_measure(reader, r->options.measure, &r->measure);
    if (err < 0)
        return err;
    if (r->measure.measured == 0)
        return ERR_RANGE;
    r->has_measure = true;
    r->scope = supply_scope_of(r->site, r->measure.object);
    supply_periods_of(r->measure.measured, clock_utc_offset_s, r->periods);
    for (int i = 0; err == ERR_OK && i < 2; i++) {
        struct halves h = {r, &r->periods[i]};
        uint64_t bad = 0;
        err = reader_facts(reader, r->site, SLOT_15M, -1, h.period->from, h.period->to,
                           on_measured_quarter, &h, &bad);
        if (err == ERR_OK)
            err = reader_supply(reader, h.period->from, h.period->to, on_measured_dip, &h);
        r->bad_rows += bad;
    }
    return err;
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* Without a range of its own a measure has the days that it is judged by. */
static void find_range(struct request *r) {
    struct request_options *o = &r->options;
    if (o->from < o->to)
        return;
    o->from = r->periods[0].from;
    o->to = r->periods[1].to < o->now ? r->periods[1].to : o->now;
}

int request_make(struct reader *reader, const struct site *site, const struct request_options *o,
                 struct request *ret) {
    memset(ret, 0, sizeof *ret);
    ret->site = site;
    ret->options = *o;
    int err = o->measure != 0 ? load_measure(reader, ret) : ERR_OK;
    if (err < 0)
        return err;
    find_range(ret);
    const struct advise_options range = {.from = ret->options.from,
                                         .to = ret->options.to,
                                         .account = o->account,
                                         .step_kw = STEP_KW};
    err = advise_make(reader, site, &range, &ret->advice);
    if (err < 0)
        return err;
    err = load_range(reader, ret);
    if (err == ERR_OK)
        err = reader_supply(reader, ret->options.from, ret->options.to, on_dip, ret);
    for (size_t i = 0; err == ERR_OK && i < ret->advice.account_count; i++)
        err = load_curve(reader, ret, i);
    if (err < 0)
        request_free(ret);
    return err;
}

void request_free(struct request *r) {
    advise_free(&r->advice);
    free(r->dips);
    memset(r, 0, sizeof *r);
}

bool request_concerns(const struct request *r, size_t account, const struct supply_entry *e) {
    for (size_t i = 0; i < r->site->metering_point_count; i++)
        if (strcmp(r->site->metering_points[i].id, e->object) == 0)
            return (size_t)r->site->metering_points[i].account == account;
    return true;
}

bool request_is_share(const struct site *s, const struct advise_capacity *c) {
    const struct transformer *own = NULL;
    size_t beside = 0;
    for (size_t i = 0; i < s->transformer_count && c->object == ADVISE_TRANSFORMER; i++)
        if (s->transformers[i].id == c->id)
            own = &s->transformers[i];
    for (size_t i = 0; own && i < s->transformer_count; i++)
        beside += s->transformers[i].account == own->account;
    return own && own->feed == SITE_NONE && beside > 1;
}

void request_put_time(ms_t t, char out[REQUEST_TIME_MAX]) {
    char iso[ISO8601_MAX];
    iso8601_format(iso, t, clock_utc_offset_s(t));
    snprintf(out, REQUEST_TIME_MAX, "%.10s %.8s", iso, iso + 11);
}
