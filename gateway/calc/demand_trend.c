#include "calc/demand_trend.h"

#include <math.h>

#define LONG_BUCKETS  12
#define SHORT_BUCKETS 6
#define LONG_SIGNS    5.0 /* standard errors */
#define SHORT_SIGNS   8.0
#define MINUTE        ((int)(MS_PER_MIN / TREND_BUCKET_MS)) /* buckets */

void demand_trend_init(struct demand_trend *t) {
    *t = (struct demand_trend){.bucket = INT64_MIN};
}

static size_t place(int64_t bucket) {
    return (size_t)(bucket - floor_div(bucket, TREND_BUCKETS) * TREND_BUCKETS);
}

void demand_trend_take(struct demand_trend *t, double kw, ms_t utc_ms) {
    int64_t bucket = floor_div(utc_ms, TREND_BUCKET_MS);
    if (t->bucket == INT64_MIN || bucket < t->bucket || bucket - t->bucket > TREND_BUCKETS) {
        demand_trend_init(t);
        t->bucket = bucket - 1;
    }
    while (t->bucket < bucket) {
        t->bucket++;
        t->sum[place(t->bucket)] = 0.0;
        t->count[place(t->bucket)] = 0;
    }
    if (isnan(kw))
        return;
    t->sum[place(bucket)] += kw > 0.0 ? kw : 0.0;
    t->count[place(bucket)]++;
}

/* Mean of the i-th closed bucket before the newest; NAN when it is not known. */
static double mean_of(const struct demand_trend *t, int i) {
    size_t at = place(t->bucket - i);
    return t->count[at] > 0 ? t->sum[at] / t->count[at] : (double)NAN;
}

/* Of the last n closed buckets. */
static double level_of(const struct demand_trend *t, int n) {
    double sum = 0.0;
    for (int i = 1; i <= n; i++)
        sum += mean_of(t, i);
    return sum / n;
}

/* Standard deviation of a bucket, from the median step between neighbours: of a normal noise it is
 * 0.954 of it, and one step of the load does not move it. */
static double noise_of(const struct demand_trend *t) {
    double steps[LONG_BUCKETS - 1];
    for (int i = 0; i < LONG_BUCKETS - 1; i++) {
        double step = fabs(mean_of(t, i + 1) - mean_of(t, i + 2));
        int k = i;
        for (; k > 0 && steps[k - 1] > step; k--)
            steps[k] = steps[k - 1];
        steps[k] = step;
    }
    return steps[(LONG_BUCKETS - 1) / 2] / 0.954;
}

/* The last minute's mean when it is another load than that of the three minutes (two standard
 * errors of a mean of four), else the steadier one. */
static double level_now(const struct demand_trend *t) {
    double minute = level_of(t, MINUTE), all = level_of(t, LONG_BUCKETS);
    return fabs(minute - all) <= 2.0 * noise_of(t) / sqrt(MINUTE) ? all : minute;
}

struct line {
    double slope; /* kW a bucket */
    double error; /* its standard error */
    double end;   /* its value where the newest bucket begins */
};

/* Through the last n closed buckets. */
static struct line fit(const struct demand_trend *t, int n) {
    double mean = 0.0, sxx = 0.0, sxy = 0.0, syy = 0.0;
    const double middle = (n - 1) / 2.0;
    for (int i = 0; i < n; i++)
        mean += mean_of(t, n - i) / n;
    for (int i = 0; i < n; i++) {
        double x = i - middle, y = mean_of(t, n - i) - mean;
        sxx += x * x;
        sxy += x * y;
        syy += y * y;
    }
    struct line l = {.slope = sxy / sxx};
    l.error = sqrt(fmax(0.0, syy - l.slope * sxy) / (n - 2) / sxx);
    l.end = mean + l.slope * (n - middle - 0.5);
    return l;
}

/* NAN is no rise. A load without noise has an error of nothing but rounding. */
static bool stands_out(const struct line *l, double errors) {
    return l->slope > errors * l->error && l->slope > 1e-6 * fabs(l->end);
}

struct demand_outlook demand_trend_outlook(const struct demand_trend *t) {
    struct demand_outlook o = {.level_kw = (double)NAN,
                               .rise_limit_ms = LONG_BUCKETS * TREND_BUCKET_MS};
    if (t->bucket == INT64_MIN)
        return o;
    o.level_kw = level_now(t);
    const struct line slow = fit(t, LONG_BUCKETS), quick = fit(t, SHORT_BUCKETS);
    const struct line *best = NULL;
    if (stands_out(&slow, LONG_SIGNS))
        best = &slow;
    if (stands_out(&quick, SHORT_SIGNS) && (!best || quick.slope > best->slope))
        best = &quick;
    if (!best)
        return o;
    o.level_kw = best->end;
    o.rise_kw_min = best->slope * MINUTE;
    if (best == &quick)
        o.rise_limit_ms = SHORT_BUCKETS * TREND_BUCKET_MS;
    return o;
}

struct demand_forecast demand_forecast_ahead(double so_far_kwh, ms_t elapsed_ms,
                                             const struct demand_outlook *o, double limit_kw) {
    double left_ms = (double)(DEMAND_MINUTES * (ms_t)MS_PER_MIN - elapsed_ms);
    double rising_ms = fmin(left_ms, o->rise_limit_ms), mean_kw = o->level_kw;
    if (left_ms > 0.0) /* the mean of what is ahead is what the block's energy depends on */
        mean_kw +=
            o->rise_kw_min / (double)MS_PER_MIN * rising_ms * (left_ms - rising_ms / 2.0) / left_ms;
    return demand_forecast_of(so_far_kwh, elapsed_ms, mean_kw, limit_kw);
}
