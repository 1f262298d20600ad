#include "calc/supply_dip.h"

#include <math.h>

#define UNKNOWN       ((double)NAN)
#define NOMINAL_REACH 0.20
#define LOW_VOLTAGE   220.0
#define HIGH_VOLTAGE  35000.0 /* of the line */
#define ROUNDING_PCT  1e-6    /* 235.4 V is 7 % above 220 V: the limit belongs to the good ones */

static const double line_nominal[] = {380.0,   660.0,   3000.0,  6000.0,  10000.0,
                                      20000.0, 35000.0, 66000.0, 110000.0};
#define NOMINALS (sizeof line_nominal / sizeof line_nominal[0])

double supply_nominal(double u, bool line) {
    double found = UNKNOWN, least = NOMINAL_REACH;
    for (size_t i = 0; i < NOMINALS; i++) {
        double nominal = line     ? line_nominal[i]
                         : i == 0 ? LOW_VOLTAGE
                                  : line_nominal[i] / sqrt(3.0);
        double off = fabs(u - nominal) / nominal;
        if (off <= least) {
            found = nominal;
            least = off;
        }
    }
    return found;
}

struct voltage_limits voltage_limits_of(double nominal_v, bool line) {
    double of_line = line ? nominal_v : nominal_v * sqrt(3.0);
    if (!line && nominal_v <= LOW_VOLTAGE)
        return (struct voltage_limits){-10.0, 7.0};
    if (of_line > HIGH_VOLTAGE * (1.0 - NOMINAL_REACH))
        return (struct voltage_limits){-10.0, 10.0};
    return (struct voltage_limits){-7.0, 7.0};
}

bool voltage_within(const struct voltage_limits *l, double deviation_pct) {
    return deviation_pct >= l->low_pct - ROUNDING_PCT &&
           deviation_pct <= l->high_pct + ROUNDING_PCT;
}

const char *dip_event_str(enum dip_kind k) {
    return k == DIP_SAG ? "supply_sag" : "supply_interruption";
}

void dip_init(struct dip_watch *w) {
    *w = (struct dip_watch){.last = INT64_MIN};
}

void dip_restore(struct dip_watch *w, const struct dip_change *now) {
    dip_init(w);
    w->lasts = true;
    w->now = *now;
}

struct level {
    double lowest, highest;
    size_t known;
};

static struct level level_of(const double *pct, size_t n) {
    struct level l = {UNKNOWN, UNKNOWN, 0};
    for (size_t i = 0; i < n; i++) {
        if (isnan(pct[i]))
            continue;
        l.lowest = fmin(l.lowest, pct[i]);
        l.highest = fmax(l.highest, pct[i]);
        l.known++;
    }
    return l;
}

/* Whether something is wrong, and what. */
static bool kind_of(const struct dip_watch *w, const struct level *l, size_t n,
                    enum dip_kind *ret) {
    bool out = w->lasts && w->now.kind == DIP_INTERRUPTION;
    *ret = DIP_INTERRUPTION;
    if (l->highest < INTERRUPTION_PCT + (out ? DIP_HYSTERESIS_PCT : 0.0) && (out || l->known == n))
        return true;
    *ret = DIP_SAG;
    return l->lowest < SAG_PCT + (w->lasts ? DIP_HYSTERESIS_PCT : 0.0);
}

static ms_t gap_before(const struct dip_watch *w, ms_t t) {
    return w->last != INT64_MIN && t > w->last ? t - w->last : 0;
}

static void end(struct dip_watch *w, ms_t t, struct dip_change *ret) {
    ms_t gap = gap_before(w, t);
    w->lasts = false;
    w->now.ended = true;
    w->now.end = t > w->now.begin ? t : w->now.begin;
    if (gap > w->now.resolution_ms)
        w->now.resolution_ms = gap;
    *ret = w->now;
}

static void begin(struct dip_watch *w, enum dip_kind kind, double lowest, ms_t t,
                  struct dip_change *ret) {
    w->lasts = true;
    w->now = (struct dip_change){.kind = kind,
                                 .begin = t,
                                 .lowest_pct = lowest,
                                 .resolution_ms = gap_before(w, t),
                                 .begin_unseen = w->last == INT64_MIN};
    *ret = w->now;
}

size_t dip_take(struct dip_watch *w, const double *pct, size_t n, ms_t t,
                struct dip_change ret[2]) {
    struct level l = level_of(pct, n);
    enum dip_kind kind;
    size_t changes = 0;
    if (l.known == 0)
        return 0;
    bool wrong = kind_of(w, &l, n, &kind);
    if (w->lasts && (!wrong || kind != w->now.kind))
        end(w, t, &ret[changes++]);
    if (w->lasts)
        w->now.lowest_pct = fmin(w->now.lowest_pct, l.lowest);
    else if (wrong)
        begin(w, kind, l.lowest, t, &ret[changes++]);
    w->last = t;
    return changes;
}

void dip_shift(struct dip_watch *w, ms_t by) {
    if (w->last != INT64_MIN)
        w->last += by;
    if (w->lasts)
        w->now.begin += by;
}
