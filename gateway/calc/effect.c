#include "calc/effect.h"

#include <math.h>

#include "calc/slot.h"

#define LOOK_BACK_DAYS 30 /* for workdays: longer than any holiday */

static double hours(const struct effect_piece *p) {
    return (double)(p->end - p->start) / (double)MS_PER_HOUR;
}

static void clear(struct effect_piece *p, ms_t start, ms_t end) {
    *p = (struct effect_piece){.start = start, .end = end, .kg_per_kwh = (double)NAN};
    for (int f = 0; f < EFFECT_FLOWS; f++) {
        p->kwh[f] = (double)NAN;
        for (int d = 0; d < EFFECT_DAYS; d++)
            p->day_kwh[d][f] = (double)NAN;
    }
}

size_t effect_cut(ms_t from, ms_t to, struct effect_piece *piece, size_t cap) {
    size_t n = 0;
    while (from < to && n < cap) {
        bool whole = slot_edge(SLOT_15M, from) == from && from + slot_ms(SLOT_15M) <= to;
        ms_t end = from + slot_ms(whole ? SLOT_15M : SLOT_1M);
        clear(&piece[n++], from, end);
        from = end;
    }
    return n;
}

static bool is_workday(const struct tariff *calendar, int32_t day) {
    return calendar ? tariff_day_type(calendar, day) == DAY_WORKDAY : civil_weekday(day) < 5;
}

size_t effect_workdays(const struct tariff *calendar, int32_t day, int32_t ret_day[EFFECT_DAYS]) {
    size_t n = 0;
    if (!is_workday(calendar, day))
        return 0;
    for (int32_t back = 1; back <= LOOK_BACK_DAYS && n < EFFECT_DAYS; back++)
        if (is_workday(calendar, day - back))
            ret_day[n++] = day - back;
    return n;
}

/* ---- the baseline -------------------------------------------------------------------------- */

struct baseline {
    const struct effect_input *in;
    bool usable[EFFECT_DAYS];
    size_t days; /* usable ones */
};

static bool is_usable(const struct effect_input *in, size_t day) {
    double all = 0.0, known = 0.0;
    for (size_t i = 0; i < in->count; i++) {
        all += hours(&in->piece[i]);
        if (!isnan(in->piece[i].day_kwh[day][EFFECT_METER]))
            known += hours(&in->piece[i]);
    }
    return all > 0.0 && known >= EFFECT_DAY_SHARE * all;
}

static struct baseline find_baseline(const struct effect_input *in) {
    struct baseline b = {.in = in};
    for (size_t d = 0; d < in->day_count; d++) {
        b.usable[d] = is_usable(in, d);
        b.days += b.usable[d];
    }
    if (b.days < EFFECT_DAYS_MIN)
        b.days = 0;
    return b;
}

/* What the piece would have been; NAN: unknown. */
static double base_kwh(const struct baseline *b, const struct effect_piece *p,
                       enum effect_flow flow) {
    double sum = 0.0;
    size_t n = 0;
    if (b->days == 0)
        return b->in->before_kw[flow] * hours(p);
    for (size_t d = 0; d < b->in->day_count; d++) {
        if (!b->usable[d] || isnan(p->day_kwh[d][flow]))
            continue;
        sum += p->day_kwh[d][flow];
        n++;
    }
    return n >= EFFECT_DAYS_MIN ? sum / (double)n : (double)NAN;
}

/* ---- sums ---------------------------------------------------------------------------------- */

struct sums {
    double all_h, known_h;
    double base_kwh, less_kwh;
    double best_quarter_kw, best_minute_kw; /* NAN: none */
};

static struct sums sum_flow(const struct baseline *b, const struct effect_piece *p, size_t count,
                            enum effect_flow flow) {
    struct sums s = {.best_quarter_kw = (double)NAN, .best_minute_kw = (double)NAN};
    for (size_t i = 0; i < count; i++) {
        double base = base_kwh(b, &p[i], flow), less = base - p[i].kwh[flow], h = hours(&p[i]);
        s.all_h += h;
        if (isnan(less))
            continue;
        s.known_h += h;
        s.base_kwh += base;
        s.less_kwh += less;
        double *best =
            p[i].end - p[i].start >= slot_ms(SLOT_15M) ? &s.best_quarter_kw : &s.best_minute_kw;
        *best = fmax(*best, less / h); /* of a NAN and a number: the number */
    }
    return s;
}

static double if_known(const struct sums *s, double v) {
    return s->known_h > 0.0 ? v : (double)NAN;
}

static double coverage(const struct sums *s) {
    return s->all_h > 0.0 ? s->known_h / s->all_h : 0.0;
}

static void put_flow(const struct sums *during, const struct sums *after,
                     struct effect_flow_result *r) {
    r->base_kw = if_known(during, during->base_kwh / during->known_h);
    r->kw = if_known(during, during->less_kwh / during->known_h);
    r->kwh = if_known(during, during->less_kwh);
    r->best_kw = isnan(during->best_quarter_kw) ? during->best_minute_kw : during->best_quarter_kw;
    r->rebound_kw = if_known(after, -after->less_kwh / after->known_h);
    r->rebound_kwh = if_known(after, -after->less_kwh);
}

/* Money and carbon of what was imported less: unknown as soon as a piece with a known energy has no
 * price, or no factor. */
struct worth {
    bool cny_known;
    int64_t cny_e8;
    double kg;
};

static struct worth worth_of(const struct baseline *b, const struct effect_piece *p, size_t count) {
    struct worth w = {.cny_known = true};
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        double less = base_kwh(b, &p[i], EFFECT_IMPORT) - p[i].kwh[EFFECT_IMPORT];
        if (isnan(less))
            continue;
        any = true;
        w.cny_known = w.cny_known && p[i].price.known;
        w.cny_e8 += w.cny_known ? money_of(less, p[i].price.price_e8) : 0;
        w.kg += less * p[i].kg_per_kwh;
    }
    return any ? w : (struct worth){.kg = (double)NAN};
}

void effect_measure(const struct effect_input *in, struct effect *ret) {
    const struct baseline b = find_baseline(in);
    const struct effect_piece *after = in->piece + in->count;
    struct sums during[EFFECT_FLOWS], rebound[EFFECT_FLOWS];
    for (int f = 0; f < EFFECT_FLOWS; f++) {
        during[f] = sum_flow(&b, in->piece, in->count, (enum effect_flow)f);
        rebound[f] = sum_flow(&b, after, in->rebound_count, (enum effect_flow)f);
    }
    const struct worth moved = worth_of(&b, in->piece, in->count);
    const struct worth back = worth_of(&b, after, in->rebound_count);
    ret->workdays = b.days > 0;
    ret->days = (uint8_t)b.days;
    ret->coverage = coverage(&during[EFFECT_METER]);
    ret->rebound_coverage = coverage(&rebound[EFFECT_METER]);
    put_flow(&during[EFFECT_METER], &rebound[EFFECT_METER], &ret->meter);
    put_flow(&during[EFFECT_SITE], &rebound[EFFECT_SITE], &ret->site);
    ret->cny_known = moved.cny_known;
    ret->cny_e8 = moved.cny_e8;
    ret->kg = moved.kg;
    ret->rebound_cny_known = back.cny_known;
    ret->rebound_cny_e8 = -back.cny_e8;
    ret->rebound_kg = -back.kg;
}
