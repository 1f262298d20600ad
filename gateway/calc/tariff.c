#include "calc/tariff.h"

#include <math.h>
#include <string.h>

#include "base/err.h"

#define DAY_MINUTES 1440

static const char *const period_names[TARIFF_PERIODS] = {
    [TARIFF_SHARP] = "sharp",   [TARIFF_PEAK] = "peak", [TARIFF_FLAT] = "flat",
    [TARIFF_VALLEY] = "valley", [TARIFF_DEEP] = "deep",
};

const enum day_type tariff_day_types[TARIFF_DAY_TYPES] = {
    DAY_WORKDAY,
    DAY_WEEKEND,
    DAY_HOLIDAY,
    (enum day_type)(DAY_WORKDAY | DAY_HOT),
    (enum day_type)(DAY_WEEKEND | DAY_HOT),
    (enum day_type)(DAY_HOLIDAY | DAY_HOT),
};

const char *tariff_period_str(enum tariff_period p) {
    return p < TARIFF_PERIODS ? period_names[p] : "unknown";
}

bool tariff_period_parse(const char *name, enum tariff_period *ret) {
    for (int i = 0; i < TARIFF_PERIODS; i++) {
        if (strcmp(name, period_names[i]) == 0) {
            *ret = (enum tariff_period)i;
            return true;
        }
    }
    return false;
}

const struct tariff_version *tariff_at(const struct tariff *t, int32_t day) {
    for (size_t i = 0; i < t->version_count; i++) {
        const struct tariff_version *v = &t->versions[i];
        if (day >= v->from_day && day < v->to_day)
            return v;
    }
    return NULL;
}

/* days are rising. */
static bool has_day(const int32_t *days, size_t count, int32_t day) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (days[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && days[low] == day;
}

enum day_type tariff_day_type(const struct tariff *t, int32_t day) {
    if (has_day(t->holidays, t->holiday_count, day))
        return DAY_HOLIDAY;
    if (has_day(t->workdays, t->workday_count, day))
        return DAY_WORKDAY;
    return civil_weekday(day) >= 5 ? DAY_WEEKEND : DAY_WORKDAY;
}

static bool is_on(const struct tariff_window *w, int month, enum day_type type) {
    return (w->months >> (month - 1) & 1) != 0 && (w->day_types & (unsigned)type) != 0;
}

/* The window that wins a minute; NULL: none. *ret_equal: another one with its priority, or NULL.
 * *ret_until: the minute up to which the answer is the same. */
static const struct tariff_window *winner(const struct tariff_version *v, int month,
                                          enum day_type type, int minute,
                                          const struct tariff_window **ret_equal, int *ret_until) {
    const struct tariff_window *best = NULL, *equal = NULL;
    int until = DAY_MINUTES;
    for (size_t i = 0; i < v->window_count; i++) {
        const struct tariff_window *w = &v->windows[i];
        if (!is_on(w, month, type) || minute >= w->to_min)
            continue;
        int edge = minute < w->from_min ? w->from_min : w->to_min;
        if (edge < until)
            until = edge;
        if (minute < w->from_min)
            continue;
        if (best == NULL || w->priority < best->priority) {
            best = w;
            equal = NULL;
        } else if (w->priority == best->priority && equal == NULL) {
            equal = w;
        }
    }
    *ret_equal = equal;
    *ret_until = until;
    return best;
}

enum tariff_period tariff_resolve(const struct tariff_version *v, int month, enum day_type type,
                                  int minute) {
    const struct tariff_window *equal;
    int until;
    const struct tariff_window *w = winner(v, month, type, minute, &equal, &until);
    return w != NULL ? w->period : TARIFF_PERIODS;
}

double tariff_ratio(const struct tariff_version *v, int month, enum tariff_period p) {
    if (p >= TARIFF_PERIODS)
        return (double)NAN;
    for (size_t i = 0; i < v->season_count; i++) {
        if ((v->seasons[i].months >> (month - 1) & 1) != 0)
            return v->seasons[i].ratio[p];
    }
    return v->ratio[p];
}

int tariff_check_day(const struct tariff_version *v, int month, enum day_type type, int minute,
                     struct tariff_hole *ret) {
    for (int until; minute < DAY_MINUTES; minute = until) {
        const struct tariff_window *equal;
        const struct tariff_window *w = winner(v, month, type, minute, &equal, &until);
        if (w != NULL && equal == NULL)
            continue;
        *ret = (struct tariff_hole){
            month, minute, until, type, w != NULL ? w->line : 0, equal != NULL ? equal->line : 0};
        return ERR_RANGE;
    }
    return ERR_OK;
}

int tariff_check(const struct tariff_version *v, struct tariff_hole *ret) {
    for (int month = 1; month <= 12; month++) {
        for (size_t i = 0; i < TARIFF_DAY_TYPES; i++) {
            int result = tariff_check_day(v, month, tariff_day_types[i], 0, ret);
            if (result < 0)
                return result;
        }
    }
    return ERR_OK;
}

/* Adds [start, end) to the milliseconds of each period, minute by minute of the local clock. */
static bool add_minutes(const struct tariff *t, ms_t start, ms_t end, utc_offset_fn *zone,
                        ms_t ret_ms[TARIFF_PERIODS]) {
    const struct tariff_version *v = NULL;
    enum day_type type = DAY_WORKDAY;
    bool first = true;
    int32_t day = 0;
    for (ms_t at = start, next; at < end; at = next) {
        struct local_time local = local_time(at, zone);
        if (first || local.day != day) {
            first = false;
            day = local.day;
            v = tariff_at(t, day);
            type = tariff_day_type(t, day);
        }
        enum tariff_period p =
            v != NULL ? tariff_resolve(v, local.month, type, local.minute) : TARIFF_PERIODS;
        if (p >= TARIFF_PERIODS)
            return false;
        ms_t wall = at + (ms_t)zone(at) * MS_PER_S;
        next = at + MS_PER_MIN - (wall - floor_div(wall, MS_PER_MIN) * MS_PER_MIN);
        if (next > end)
            next = end;
        ret_ms[p] += next - at;
    }
    return true;
}

bool tariff_split(const struct tariff *t, ms_t start, ms_t end, utc_offset_fn *zone,
                  double ret_share[TARIFF_PERIODS]) {
    ms_t ms[TARIFF_PERIODS] = {0};
    bool known = start < end && add_minutes(t, start, end, zone, ms);
    for (int i = 0; i < TARIFF_PERIODS; i++)
        ret_share[i] = known ? (double)ms[i] / (double)(end - start) : 0.0;
    return known;
}
