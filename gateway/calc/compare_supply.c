#include "calc/compare_supply.h"

#include <math.h>
#include <string.h>

#define UNKNOWN ((double)NAN)

struct supply_scope supply_scope_of(const struct site *s, const char *object) {
    struct supply_scope scope = {SITE_NONE, SITE_NONE, SITE_NONE};
    for (size_t i = 0; i < s->account_count; i++)
        if (strcmp(s->accounts[i].id, object) == 0)
            scope.account = (int32_t)i;
    for (size_t i = 0; i < s->metering_point_count && scope.account == SITE_NONE; i++)
        if (strcmp(s->metering_points[i].id, object) == 0)
            scope = (struct supply_scope){s->metering_points[i].account, (int32_t)i, SITE_NONE};
    for (size_t i = 0; i < s->transformer_count && scope.account == SITE_NONE; i++)
        if (strcmp(s->transformers[i].id, object) == 0)
            scope = (struct supply_scope){s->transformers[i].account, SITE_NONE, (int32_t)i};
    return scope;
}

static bool is_one(int32_t wanted, size_t i) {
    return wanted == SITE_NONE || (size_t)wanted == i;
}

bool supply_scope_has_point(const struct site *s, const struct supply_scope *scope, size_t point) {
    return is_one(scope->point, point) &&
           is_one(scope->account, (size_t)s->metering_points[point].account);
}

bool supply_scope_has_transformer(const struct site *s, const struct supply_scope *scope,
                                  size_t transformer) {
    return is_one(scope->transformer, transformer) &&
           is_one(scope->account, (size_t)s->transformers[transformer].account);
}

void supply_period_init(struct supply_period *p, ms_t from, ms_t to) {
    *p = (struct supply_period){.from = from,
                                .to = to,
                                .max_kva = UNKNOWN,
                                .max_load_pct = UNKNOWN,
                                .max_kw = UNKNOWN,
                                .lowest_pct = UNKNOWN};
}

void supply_periods_of(ms_t measured, utc_offset_fn *zone, struct supply_period ret[2]) {
    int32_t day = local_time(measured, zone).day;
    supply_period_init(&ret[0], local_midnight(day - COMPARE_DAYS, zone),
                       local_midnight(day, zone));
    supply_period_init(&ret[1], local_midnight(day + 1, zone),
                       local_midnight(day + 1 + COMPARE_DAYS, zone));
}

/* The larger; of equal ones the earlier. */
static void take_max(double *max, ms_t *at, double v, ms_t t) {
    if (isnan(v) || v <= *max)
        return;
    *max = v;
    *at = t;
}

/* Mean load of the most loaded transformer or line, in percent. */
static double take_loads(struct supply_period *p, const struct site *s,
                         const struct supply_scope *scope, const struct slot_facts *f) {
    double load = UNKNOWN;
    size_t transformers = 0;
    for (size_t i = 0; i < s->transformer_count && i < f->transformer_count; i++) {
        if (!supply_scope_has_transformer(s, scope, i))
            continue;
        transformers++;
        take_max(&p->max_kva, &p->max_kva_at, f->transformers[i].s_max_kva, f->start);
        load = fmax(load, f->transformers[i].s_avg_kva / s->transformers[i].kva * 100.0);
    }
    for (size_t i = 0; i < s->metering_point_count && i < f->point_count; i++) {
        const struct range_stat *kva = &f->points[i].s_kva;
        if (!supply_scope_has_point(s, scope, i))
            continue;
        if (transformers == 0)
            take_max(&p->max_kva, &p->max_kva_at, kva->max, f->start);
        load = fmax(load, kva->avg / s->metering_points[i].line_limit_kva * 100.0);
    }
    return load;
}

void supply_period_quarter(struct supply_period *p, const struct site *s,
                           const struct supply_scope *scope, const struct slot_facts *f) {
    const uint64_t ms = (uint64_t)(f->end - f->start);
    double load = take_loads(p, s, scope, f);
    p->known_ms += isnan(load) ? 0 : ms;
    p->max_load_pct = fmax(p->max_load_pct, load);
    p->heavy_ms += load >= COMPARE_HEAVY_PCT ? ms : 0;
    p->full_ms += load >= 100.0 ? ms : 0;
    for (size_t i = 0; i < s->account_count && i < f->account_count; i++)
        if (is_one(scope->account, i))
            take_max(&p->max_kw, &p->max_kw_at, f->accounts[i].block_kw, f->accounts[i].block_at);
    for (size_t i = 0; i < s->metering_point_count && i < f->point_count; i++) {
        if (!supply_scope_has_point(s, scope, i))
            continue;
        p->monitored_ms += f->points[i].monitored_ms;
        p->qualified_ms += f->points[i].qualified_ms;
    }
}

static bool concerns(const struct site *s, const struct supply_scope *scope, const char *object) {
    for (size_t i = 0; i < s->metering_point_count; i++)
        if (strcmp(s->metering_points[i].id, object) == 0)
            return supply_scope_has_point(s, scope, i);
    return true;
}

void supply_period_dip(struct supply_period *p, const struct site *s,
                       const struct supply_scope *scope, const char *object, bool certain,
                       const struct dip_change *d) {
    ms_t end = d->ended && d->end < p->to ? d->end : p->to;
    ms_t begin = d->begin > p->from ? d->begin : p->from;
    if (end < begin || d->begin >= p->to || !concerns(s, scope, object))
        return;
    bool begun = d->begin >= p->from;
    p->may_be += begun && !certain;
    if (!certain)
        return;
    p->lowest_pct = fmin(p->lowest_pct, d->lowest_pct);
    p->sags += begun && d->kind == DIP_SAG;
    p->interruptions += begun && d->kind == DIP_INTERRUPTION;
    if (d->kind == DIP_INTERRUPTION)
        p->interrupted_ms += (uint64_t)(end - begin);
}

double supply_period_ok_pct(const struct supply_period *p) {
    return p->monitored_ms > 0 ? (double)p->qualified_ms / (double)p->monitored_ms * 100.0
                               : UNKNOWN;
}

double supply_period_known(const struct supply_period *p) {
    return p->to > p->from ? fmin((double)p->known_ms / (double)(p->to - p->from), 1.0) : 0.0;
}

/* ---- words -------------------------------------------------------------------------------- */

static void put(struct buf *b, double v, int decimals) {
    if (isnan(v))
        buf_puts(b, "-");
    else
        buf_put_decimal(b, v, decimals);
}

static void pair(struct buf *b, const char *name, double before, double after, int decimals,
                 const char *unit) {
    buf_puts(b, name);
    put(b, before, decimals);
    buf_puts(b, " -> ");
    put(b, after, decimals);
    buf_puts(b, unit);
}

static double minutes(uint64_t ms) {
    return (double)ms / (double)MS_PER_MIN;
}

void compare_supply_words(const struct supply_period periods[2], bool chinese, struct buf *b) {
    const struct supply_period *was = &periods[0], *is = &periods[1];
#define WORDS(en, zh) (chinese ? (zh) : (en))
    buf_puts(b, WORDS("30 days before -> 30 days after: ", "措施前30天 -> 后30天："));
    pair(b, WORDS("maximum ", "最大"), was->max_kva, is->max_kva, 1, " kVA");
    pair(b, WORDS(", load ", "，负载率"), was->max_load_pct, is->max_load_pct, 1, " %");
    pair(b, WORDS(", demand ", "，需量"), was->max_kw, is->max_kw, 1, " kW");
    pair(b, WORDS(", over 80 % load ", "，负载率80%以上"), minutes(was->heavy_ms),
         minutes(is->heavy_ms), 0, " min");
    pair(b, WORDS(", over 100 % ", "，100%以上"), minutes(was->full_ms), minutes(is->full_ms), 0,
         " min");
    pair(b, WORDS(", voltage qualified ", "，电压合格率"), supply_period_ok_pct(was),
         supply_period_ok_pct(is), 2, " %");
    pair(b, WORDS(", interruptions ", "，停电"), was->interruptions, is->interruptions, 0, "");
    pair(b, WORDS(", sags ", "，电压暂降"), was->sags, is->sags, 0, "");
    pair(b, WORDS("; known ", "；数据完整率"), supply_period_known(was) * 100.0,
         supply_period_known(is) * 100.0, 1, " %");
#undef WORDS
}
