#include "calc/headroom.h"

#include <math.h>

#include "calc/calendar.h"

#define UNKNOWN ((double)NAN)

#define DAY_LEAST_SLOTS 87 /* of 96: 90 % */
#define GROWTH_DAYS     28
#define DAYS_PER_YEAR   365.0

/* Lets x[i] sink in the heap (largest first) of n. */
static void heap_sink(double *x, size_t i, size_t n) {
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && x[child + 1] > x[child])
            child++;
        if (!(x[child] > x[i]))
            return;
        double t = x[i];
        x[i] = x[child];
        x[child] = t;
    }
}

/* The 95th percentile of n >= 1 values, which it reorders. Only the top twentieth is sorted: values
 * leave a heap from the largest down to the two around the rank. */
static double percentile_95(double *x, size_t n) {
    const size_t low = 95 * (n - 1) / 100;
    const double part = (double)(95 * (n - 1) % 100) / 100.0;

    for (size_t i = n / 2; i-- > 0;)
        heap_sink(x, i, n);
    double above = x[0];
    for (size_t left = n; left > low + 1;) {
        above = x[0];
        x[0] = x[--left];
        heap_sink(x, 0, left);
    }
    return x[0] + part * (above - x[0]);
}

/* Line through points added one by one (Welford's update of the means). */
struct line_fit {
    size_t n;
    double x, y;     /* means */
    double sxx, sxy; /* sums about them */
};

static void line_fit_add(struct line_fit *f, double x, double y) {
    f->n++;
    const double dx = x - f->x;
    f->x += dx / (double)f->n;
    f->y += (y - f->y) / (double)f->n;
    f->sxx += dx * (x - f->x);
    f->sxy += dx * (y - f->y);
}

static double growth_pct_year(const struct headroom_slot *slots, size_t n) {
    struct line_fit fit = {0};

    for (size_t i = 0; i < n;) {
        const ms_t day = (slots[i].start - slots[0].start) / MS_PER_DAY;
        const ms_t end = slots[0].start + (day + 1) * MS_PER_DAY;
        double max = 0.0;
        size_t known = 0;
        for (; i < n && slots[i].start < end; i++) {
            if (isnan(slots[i].s_kva))
                continue;
            max = fmax(max, slots[i].s_kva);
            known++;
        }
        if (known >= DAY_LEAST_SLOTS)
            line_fit_add(&fit, (double)day, max);
    }
    if (fit.n < GROWTH_DAYS || !(fit.y > 0.0))
        return UNKNOWN;
    return fit.sxy / fit.sxx * DAYS_PER_YEAR / fit.y * 100.0;
}

void headroom_of(const struct headroom_slot *slots, size_t n, double limit_kva, double *scratch,
                 struct headroom *ret) {
    struct headroom h = {.max_kva = UNKNOWN, .p95_kva = UNKNOWN, .load_pct = UNKNOWN};

    for (size_t i = 0; i < n; i++) {
        if (isnan(slots[i].s_kva))
            continue;
        if (h.known == 0 || slots[i].s_kva > h.max_kva) {
            h.max_kva = slots[i].s_kva;
            h.max_at = slots[i].start;
        }
        scratch[h.known++] = slots[i].s_kva;
    }
    if (h.known > 0)
        h.p95_kva = percentile_95(scratch, h.known);
    h.headroom_kva = limit_kva - h.max_kva;
    if (limit_kva > 0.0)
        h.load_pct = h.max_kva / limit_kva * 100.0;
    h.growth_pct_year = growth_pct_year(slots, n);
    *ret = h;
}

double headroom_n_minus_1_pct(const double *kva, size_t n, double max_load_kva) {
    double sum = 0.0, largest = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += kva[i];
        largest = fmax(largest, kva[i]);
    }
    const double rest = sum - largest; /* NAN when one is */
    return n >= 2 && rest > 0.0 ? max_load_kva / rest * 100.0 : UNKNOWN;
}

double transformer_loss_w(double p0_w, double pk_w, double s_kva, double rated_kva) {
    const double beta = rated_kva > 0.0 ? s_kva / rated_kva : UNKNOWN;
    return p0_w + beta * beta * pk_w;
}

double transformer_best_beta(double p0_w, double pk_w) {
    return p0_w >= 0.0 && pk_w > 0.0 ? sqrt(p0_w / pk_w) : UNKNOWN;
}
