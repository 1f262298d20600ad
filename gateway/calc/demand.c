#include "calc/demand.h"

#include <math.h>

#include "calc/calendar.h"

#define BLOCK_MS ((ms_t)DEMAND_MINUTES * MS_PER_MIN)
#define BLOCK_H  (DEMAND_MINUTES / 60.0)
#define EARLY_MS ((ms_t)5 * MS_PER_MIN)

static bool window_empty(const struct demand_window *w) {
    return w->last_minute == INT64_MIN || w->last_minute == 0; /* 0: zeroed memory */
}

static double *window_place(struct demand_window *w, int64_t minute) {
    return &w->minute_kwh[minute - floor_div(minute, DEMAND_MINUTES) * DEMAND_MINUTES];
}

void demand_init(struct demand_window *w) {
    for (size_t i = 0; i < DEMAND_MINUTES; i++)
        w->minute_kwh[i] = (double)NAN;
    w->last_minute = INT64_MIN;
}

void demand_minute(struct demand_window *w, ms_t minute, double kwh) {
    const int64_t now = floor_div(minute, MS_PER_MIN);
    const int64_t last = floor_div(w->last_minute, MS_PER_MIN);
    if (window_empty(w) || now - last >= DEMAND_MINUTES) {
        demand_init(w);
    } else if (now <= last) {
        if (last - now < DEMAND_MINUTES)
            *window_place(w, now) = kwh;
        return;
    } else {
        for (int64_t skipped = last + 1; skipped < now; skipped++)
            *window_place(w, skipped) = (double)NAN;
    }
    *window_place(w, now) = kwh;
    w->last_minute = now * MS_PER_MIN;
}

/* The sum goes by place, which at the end of a block is the order of time: there the result is to
 * the last bit what adding the block's minutes gives, and sliding >= block holds exactly. */
double demand_sliding_kw(const struct demand_window *w) {
    double kwh = 0.0;
    if (window_empty(w))
        return (double)NAN;
    for (size_t i = 0; i < DEMAND_MINUTES; i++)
        kwh += w->minute_kwh[i];
    return kwh / BLOCK_H;
}

ms_t demand_sliding_start(const struct demand_window *w) {
    return window_empty(w) ? INT64_MIN : w->last_minute + MS_PER_MIN - BLOCK_MS;
}

void demand_peak_init(struct demand_peak *p) {
    *p = (struct demand_peak){.kw = (double)NAN, .at = 0};
}

bool demand_peak_take(struct demand_peak *p, double kw, ms_t at) {
    if (isnan(kw) || kw < p->kw)
        return false;
    if (kw == p->kw) {
        if (at < p->at)
            p->at = at;
        return false;
    }
    *p = (struct demand_peak){.kw = kw, .at = at};
    return true;
}

double demand_combine(enum demand_combination c, const double *point_kw, const bool *standby,
                      size_t n) {
    double kw = n > 0 ? 0.0 : (double)NAN;
    for (size_t i = 0; i < n; i++) {
        if (isnan(point_kw[i]) && standby[i])
            continue;
        if (isnan(point_kw[i]))
            return (double)NAN;
        kw = c == DEMAND_MAX ? fmax(kw, point_kw[i]) : kw + point_kw[i];
    }
    return kw;
}

struct demand_peak demand_month_max(enum demand_combination c, const struct demand_peak *points,
                                    const bool *standby, size_t n,
                                    const struct demand_peak *coincident) {
    struct demand_peak none, largest;
    double sum = 0.0;

    if (c == DEMAND_COINCIDENT)
        return *coincident;
    demand_peak_init(&none);
    largest = none;
    for (size_t i = 0; i < n; i++) {
        if (isnan(points[i].kw) && standby[i])
            continue;
        if (isnan(points[i].kw))
            return none;
        sum += points[i].kw;
        demand_peak_take(&largest, points[i].kw, points[i].at);
    }
    if (c == DEMAND_SUM_OF_MAXIMA && !isnan(largest.kw))
        largest.kw = sum;
    return largest;
}

struct demand_forecast demand_forecast_of(double so_far_kwh, ms_t elapsed_ms, double power_kw,
                                          double limit_kw) {
    struct demand_forecast f = {.early = elapsed_ms < EARLY_MS};
    const double room_kwh = limit_kw * BLOCK_H - so_far_kwh;

    if (elapsed_ms >= BLOCK_MS) { /* nothing is left to extrapolate, or to shed from */
        f.block_kw = so_far_kwh / BLOCK_H;
        f.shed_kw = room_kwh >= 0.0 ? 0.0 : (double)NAN;
        return f;
    }
    const double left_h = (double)(BLOCK_MS - (elapsed_ms > 0 ? elapsed_ms : 0)) / MS_PER_HOUR;
    const double import_kw = power_kw < 0.0 ? 0.0 : power_kw; /* NAN stays */
    const double shed_kw = import_kw - room_kwh / left_h;
    f.block_kw = (so_far_kwh + import_kw * left_h) / BLOCK_H;
    f.shed_kw = shed_kw < 0.0 ? 0.0 : shed_kw;
    return f;
}
