/* From the quarters of the range: apparent power of every transformer, incomer and line, and how
 * much of each billing month was measured. */
#include <math.h>
#include <stdlib.h>

#include "advise.h"
#include "base/err.h"
#include "sys/clock.h"

#define QUARTER_MS  (15 * MS_PER_MIN)
#define FIRST_CAP   4096
#define SERIES_MAX  (TRANSFORMERS_MAX + METERING_POINTS_MAX + ACCOUNTS_MAX)
#define TOGETHER(a) (TRANSFORMERS_MAX + METERING_POINTS_MAX + (a))
#define POINT(p)    (TRANSFORMERS_MAX + (p))
#define UNKNOWN     ((double)NAN)

/* One object's quarters. Unused ones stay NULL. */
struct advise_series {
    struct headroom_slot *slots;
    double avg_sum, loss_kwh;
    size_t avg_count, loss_count;
};

struct quarters {
    struct advise *advice;
    struct advise_series series[SERIES_MAX];
    size_t n, cap;
};

static bool is_used(const struct site *s, size_t i) {
    if (i < TRANSFORMERS_MAX)
        return i < s->transformer_count;
    if (i < TRANSFORMERS_MAX + METERING_POINTS_MAX)
        return i - TRANSFORMERS_MAX < s->metering_point_count;
    return i - TRANSFORMERS_MAX - METERING_POINTS_MAX < s->account_count;
}

static int make_room(struct quarters *q) {
    if (q->n + 2 <= q->cap)
        return ERR_OK;
    size_t cap = q->cap > 0 ? 2 * q->cap : FIRST_CAP;
    for (size_t i = 0; i < SERIES_MAX; i++) {
        if (!is_used(q->advice->site, i))
            continue;
        struct headroom_slot *slots =
            reallocarray(q->series[i].slots, cap, sizeof *q->series[i].slots);
        if (!slots)
            return ERR_NOMEM;
        q->series[i].slots = slots;
    }
    q->cap = cap;
    return ERR_OK;
}

static void put(struct quarters *q, size_t i, ms_t start, double max_kva, double avg_kva) {
    struct advise_series *s = &q->series[i];
    if (!s->slots)
        return;
    s->slots[q->n] = (struct headroom_slot){start, max_kva};
    if (!isnan(avg_kva)) {
        s->avg_sum += avg_kva;
        s->avg_count++;
    }
}

/* Days are counted from the first quarter: an unknown one at midnight makes them local days. */
static void begin_at_midnight(struct quarters *q, ms_t start) {
    ms_t midnight = local_midnight(local_time(start, clock_utc_offset_s).day, clock_utc_offset_s);
    if (midnight >= start)
        return;
    for (size_t i = 0; i < SERIES_MAX; i++)
        put(q, i, midnight, UNKNOWN, UNKNOWN);
    q->n++;
}

/* The transformers of an account in one quarter: known when all are. */
static void put_together(struct quarters *q, size_t account, const struct slot_facts *f) {
    const struct site *s = q->advice->site;
    double max = 0.0, avg = 0.0;
    size_t n = 0;
    for (size_t t = 0; t < s->transformer_count; t++) {
        if (s->transformers[t].account != (int32_t)account)
            continue;
        max += f->transformers[t].s_max_kva;
        avg += f->transformers[t].s_avg_kva;
        n++;
    }
    put(q, TOGETHER(account), f->start, n > 0 ? max : UNKNOWN, n > 0 ? avg : UNKNOWN);
}

static void count_months(struct advise *a, const struct slot_facts *f) {
    for (size_t i = 0; i < a->account_count; i++) {
        struct advise_account *x = &a->accounts[i];
        for (size_t m = 0; m < x->demand.month_count; m++) {
            struct advise_month_row *row = &x->demand.months[m];
            if (f->start < row->start || f->start >= row->end ||
                isnan(f->accounts[x->index].block_kw))
                continue;
            row->coverage += (double)QUARTER_MS / (double)(row->end - row->start);
        }
    }
}

static int on_quarter(void *arg, const struct slot_facts *f) {
    struct quarters *q = arg;
    const struct site *s = q->advice->site;
    count_months(q->advice, f);
    if (f->start < q->advice->options.from)
        return ERR_OK; /* of a month that began before the range */
    if (make_room(q) < 0)
        return ERR_NOMEM;
    if (q->n == 0)
        begin_at_midnight(q, f->start);
    for (size_t t = 0; t < s->transformer_count; t++) {
        struct advise_series *series = &q->series[t];
        put(q, t, f->start, f->transformers[t].s_max_kva, f->transformers[t].s_avg_kva);
        if (!isnan(f->transformers[t].loss_kwh)) {
            series->loss_kwh += f->transformers[t].loss_kwh;
            series->loss_count++;
        }
    }
    for (size_t p = 0; p < s->metering_point_count; p++)
        put(q, POINT(p), f->start, f->points[p].s_kva.max, f->points[p].s_kva.avg);
    for (size_t i = 0; i < s->account_count; i++)
        put_together(q, i, f);
    q->n++;
    q->advice->quarters++;
    return ERR_OK;
}

/* ---- rows --------------------------------------------------------------------------------- */

static struct advise_capacity *add_row(struct advise_account *a, enum advise_object object,
                                       const char *id, double limit_kva) {
    struct advise_capacity *c = &a->rows[a->row_count++];
    *c = (struct advise_capacity){.object = object,
                                  .id = id,
                                  .limit_kva = limit_kva,
                                  .mean_kva = UNKNOWN,
                                  .n_minus_1_pct = UNKNOWN,
                                  .loss_kwh = UNKNOWN,
                                  .best_kva = UNKNOWN,
                                  .best_load_pct = UNKNOWN};
    return c;
}

static void measure(const struct quarters *q, size_t i, double *scratch,
                    struct advise_capacity *c) {
    const struct advise_series *s = &q->series[i];
    headroom_of(s->slots, q->n, c->limit_kva, scratch, &c->headroom);
    if (s->avg_count > 0)
        c->mean_kva = s->avg_sum / (double)s->avg_count;
}

static void add_transformers(const struct quarters *q, double *scratch, struct advise_account *a) {
    const struct site *s = q->advice->site;
    double kva[TRANSFORMERS_MAX];
    size_t n = 0;
    for (size_t t = 0; t < s->transformer_count; t++) {
        const struct transformer *def = &s->transformers[t];
        if (def->account != (int32_t)a->index)
            continue;
        struct advise_capacity *c = add_row(a, ADVISE_TRANSFORMER, def->id, def->kva);
        measure(q, t, scratch, c);
        if (q->series[t].loss_count > 0)
            c->loss_kwh = q->series[t].loss_kwh;
        double beta = transformer_best_beta(def->p0_w, def->pk_w);
        c->best_load_pct = beta * 100.0;
        c->best_kva = beta * def->kva;
        kva[n++] = def->kva;
    }
    if (n < 2)
        return;
    struct advise_capacity *c =
        add_row(a, ADVISE_TOGETHER, s->accounts[a->index].id, s->accounts[a->index].capacity_kva);
    measure(q, TOGETHER(a->index), scratch, c);
    c->n_minus_1_pct = headroom_n_minus_1_pct(kva, n, c->headroom.max_kva);
}

/* What an incomer may carry: the account's transformers, where no other feeds them too. */
static double incomer_limit(const struct site *s, size_t account) {
    size_t n = 0;
    for (size_t p = 0; p < s->metering_point_count; p++)
        n += s->metering_points[p].account == (int32_t)account;
    return n == 1 ? s->accounts[account].capacity_kva : UNKNOWN;
}

static void add_points(const struct quarters *q, double *scratch, struct advise_account *a) {
    const struct site *s = q->advice->site;
    for (size_t p = 0; p < s->metering_point_count; p++) {
        const struct metering_point *def = &s->metering_points[p];
        if (def->account != (int32_t)a->index)
            continue;
        measure(q, POINT(p), scratch,
                add_row(a, ADVISE_INCOMER, def->id, incomer_limit(s, a->index)));
        if (!isnan(def->line_limit_kva))
            measure(q, POINT(p), scratch,
                    add_row(a, ADVISE_LINE, def->line_no ? def->line_no : def->id,
                            def->line_limit_kva));
    }
}

static int add_rows(const struct quarters *q) {
    double *scratch = calloc(q->n + 1, sizeof *scratch);
    if (!scratch)
        return ERR_NOMEM;
    for (size_t i = 0; i < q->advice->account_count; i++) {
        add_transformers(q, scratch, &q->advice->accounts[i]);
        add_points(q, scratch, &q->advice->accounts[i]);
    }
    free(scratch);
    return ERR_OK;
}

/* Months may have begun before the range. */
static ms_t first_needed(const struct advise *a) {
    ms_t from = a->options.from;
    for (size_t i = 0; i < a->account_count; i++) {
        const struct advise_demand *d = &a->accounts[i].demand;
        if (d->month_count > 0 && d->months[0].start < from)
            from = d->months[0].start;
    }
    return from;
}

int advise_load_quarters(struct reader *r, struct advise *a) {
    struct quarters *q = calloc(1, sizeof *q);
    uint64_t bad_rows = 0;
    if (!q)
        return ERR_NOMEM;
    q->advice = a;
    int err = reader_facts(r, a->site, SLOT_15M, -1, first_needed(a), a->options.to, on_quarter, q,
                           &bad_rows);
    a->bad_rows += bad_rows;
    if (err == ERR_OK)
        err = add_rows(q);
    for (size_t i = 0; i < SERIES_MAX; i++)
        free(q->series[i].slots);
    free(q);
    return err;
}
