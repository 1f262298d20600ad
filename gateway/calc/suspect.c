#include "calc/suspect.h"

#include <math.h>

enum {
    SLOTS_MIN = 8, /* two hours: fewer have no shape to compare */
};

/* A change explains a residual when it leaves less than this share of it ... */
#define EXPLAINED 0.25
/* ... or this share, what meters differ by anyway, when there is another easy explanation: that a
 * ratio which is no common step was made to fit, or that a meter that stands still is dead ... */
#define EXPLAINED_CLOSELY 0.05
/* ... and less than this share of what the best change of any other device leaves. */
#define CLEARLY_BETTER 0.5
/* Below this share of the residual two changes are equally good: meters are no better. */
#define EQUALLY_GOOD 0.01

#define RATIO_NEAR_ONE   0.10 /* a reading off by less is drift or an unmetered load, not a CT */
#define RATIO_STEP_NEAR  0.03 /* of the ratio, to be taken for a common step ... */
#define RATIO_STEP_SHARE 0.10 /* ... and of what the step changes */
/* Beyond, only common steps are believed: a small meter times a large number looks like anything.
 * Downwards the reading itself is the residual, and cannot be mistaken. */
#define RATIO_FREE_MAX 10.5
#define RATIO_MIN      0.002 /* below, the reading does not belong in the sum at all */

#define FLOOR_SHARE 0.10 /* of the capacity, rule A24 */
#define SLOT_HOURS  0.25

/* What a wrong CT setting multiplies a reading by, or divides: one common CT taken for another, one
 * phase of three missing (3/2) or reversed (3), 1 A taken for 5 A, and the whole ratio left out. */
static const double common_steps[] = {6.0 / 5, 5.0 / 4, 4.0 / 3, 3.0 / 2, 8.0 / 5, 5.0 / 3, 2.0,
                                      5.0 / 2, 3.0,     4.0,     5.0,     6.0,     8.0,     10.0,
                                      12.0,    15.0,    16.0,    20.0,    30.0,    40.0,    50.0,
                                      60.0,    80.0,    100.0,   120.0,   160.0,   200.0};

/* The residual of the slots that are known in full. */
struct residual {
    double kwh[SUSPECT_SLOTS_MAX]; /* NAN: the slot is left out */
    size_t slots, known;
    double squares; /* sum of kwh^2 */
    double rms;
};

/* A feed beside the residual: r' = r + (c - 1) x with x = sign * net. */
struct fit {
    double rx, xx; /* sums of r * x and x * x */
    double net;    /* sum, in the feed's own direction */
};

struct change {
    enum suspect_kind kind; /* SUSPECT_NONE: explains, but is not one of the faults */
    double ratio, after;
    bool common; /* -1 or a common step: no ratio that was made to fit */
};

static void residual_of(const struct site *s, const int8_t *sign, const double *net_kwh,
                        size_t slots, struct residual *ret) {
    *ret = (struct residual){.slots = slots < SUSPECT_SLOTS_MAX ? slots : SUSPECT_SLOTS_MAX};
    for (size_t k = 0; k < ret->slots; k++) {
        ret->kwh[k] = 0.0;
        for (size_t i = 0; i < s->feed_count; i++) {
            if (sign[i] != 0)
                ret->kwh[k] += sign[i] * net_kwh[k * s->feed_count + i];
        }
        if (isnan(ret->kwh[k]))
            continue;
        ret->known++;
        ret->squares += ret->kwh[k] * ret->kwh[k];
    }
    ret->rms = ret->known > 0 ? sqrt(ret->squares / (double)ret->known) : (double)NAN;
}

static struct fit fit_of(const struct site *s, const int8_t *sign, const double *net_kwh,
                         const struct residual *r, size_t feed) {
    struct fit fit = {0};

    for (size_t k = 0; k < r->slots; k++) {
        if (isnan(r->kwh[k]))
            continue;
        double net = net_kwh[k * s->feed_count + feed];
        fit.rx += r->kwh[k] * sign[feed] * net;
        fit.xx += net * net;
        fit.net += net;
    }
    return fit;
}

static double rms_with(const struct residual *r, const struct fit *fit, double c) {
    double squares = r->squares + 2.0 * (c - 1.0) * fit->rx + (c - 1.0) * (c - 1.0) * fit->xx;

    return sqrt(fmax(squares, 0.0) / (double)r->known);
}

/* The mean of a slot's feeders, and not less than 10 % of the capacity where the incomer is in. */
static double limit_kwh(const struct site *s, const int8_t *sign, const double *net_kwh,
                        const struct residual *r) {
    double feeders = 0.0, floor = 0.0;

    for (size_t i = 0; i < s->feed_count; i++) {
        if (sign[i] < 0)
            feeders += fit_of(s, sign, net_kwh, r, i).net;
        if (sign[i] != 0 && s->feeds[i].role == ROLE_GRID && s->transformer_kva > 0.0)
            floor = FLOOR_SHARE * s->transformer_kva * SLOT_HOURS;
    }
    return RESIDUAL_LIMIT_PCT / 100.0 * fmax(fabs(feeders) / (double)r->known, floor);
}

/* Whether a counted source hangs below a feed (SITE_NONE: anywhere in the site). */
static bool source_below(const struct site *s, int32_t feed) {
    for (size_t i = 0; i < s->feed_count; i++) {
        if (!s->feeds[i].counted || !role_is_source(s->feeds[i].role))
            continue;
        int32_t at = feed == SITE_NONE ? SITE_NONE : s->feeds[i].parent;
        for (size_t steps = 0; at != feed && at != SITE_NONE && steps < s->feed_count; steps++)
            at = s->feeds[at].parent;
        if (at == feed)
            return true;
    }
    return false;
}

/* Whether energy may flow through a feed against its role's direction. */
static bool flows_both_ways(const struct site *s, size_t feed) {
    enum role role = s->feeds[feed].role;

    if (role == ROLE_GRID)
        return source_below(s, SITE_NONE);
    return role == ROLE_STORAGE || (role == ROLE_LOAD && source_below(s, (int32_t)feed));
}

static double nearest_step(double c) {
    double up = c < 1.0 ? 1.0 / c : c, best = common_steps[0];

    for (size_t i = 1; i < sizeof common_steps / sizeof common_steps[0]; i++) {
        if (fabs(common_steps[i] - up) < fabs(best - up))
            best = common_steps[i];
    }
    return c < 1.0 ? 1.0 / best : best;
}

static void name_ratio(struct change *change, double c) {
    if (c < RATIO_MIN || fabs(c - 1.0) < RATIO_NEAR_ONE)
        return;
    double step = nearest_step(c), off = fabs(step - c);
    bool common = off <= RATIO_STEP_NEAR * c && off <= RATIO_STEP_SHARE * fabs(c - 1.0);
    if (!common && c > RATIO_FREE_MAX)
        return;
    change->kind = SUSPECT_RATIO;
    change->common = common;
    change->ratio = common ? step : c;
}

/* The best change of one feed. after is that of the free ratio, not of the step near it, so that a
 * rival is judged by the best that it can do. */
static struct change best_change(const struct site *s, const struct residual *r,
                                 const struct fit *fit, size_t feed) {
    struct change change = {.ratio = (double)NAN, .after = r->rms};

    if (!(fit->xx > 0.0))
        return change;
    double c = fmax(1.0 - fit->rx / fit->xx, 0.0);
    change.after = rms_with(r, fit, c);
    name_ratio(&change, c);
    double reversed = rms_with(r, fit, -1.0);
    if (reversed < change.after && (fit->net < 0.0 || flows_both_ways(s, feed)))
        change = (struct change){SUSPECT_REVERSED, (double)NAN, reversed, true};
    return change;
}

/* The energy that a feed would have had to count for a residual of 0. */
struct missing {
    double sum, size, wrong_way; /* sums of e, |e|, and e^2 where e < 0 */
    double max;
    size_t busy; /* slots with more than a tenth of the largest */
};

static struct missing missing_of(const struct residual *r, int8_t sign) {
    struct missing m = {0};

    for (size_t k = 0; k < r->slots; k++)
        m.max = fmax(m.max, -r->kwh[k] * sign);
    for (size_t k = 0; k < r->slots; k++) {
        double e = -r->kwh[k] * sign;
        if (isnan(e))
            continue;
        m.sum += e;
        m.size += fabs(e);
        m.wrong_way += e < 0.0 ? e * e : 0.0;
        m.busy += e > 0.1 * m.max;
    }
    return m;
}

static bool only_incomer(const struct site *s, const int8_t *sign) {
    size_t n = 0;

    for (size_t i = 0; i < s->feed_count; i++)
        n += sign[i] != 0 && s->feeds[i].role == ROLE_GRID;
    return n == 1;
}

/* What would be left if a feed that reads 0 all day had counted what is missing; the whole residual
 * when it cannot have. A generator that stands still is no news. The storage gives back about what
 * it takes. PV has a night. One of several incomers may stand by: it does not explain an export. */
static double after_dead(const struct site *s, const int8_t *sign, const struct residual *r,
                         size_t feed) {
    struct missing m = missing_of(r, sign[feed]);
    enum role role = s->feeds[feed].role;
    bool both_ways = flows_both_ways(s, feed) && (role != ROLE_GRID || only_incomer(s, sign));

    if (role == ROLE_GENERATOR || (role == ROLE_STORAGE && fabs(m.sum) > 0.5 * m.size) ||
        (role == ROLE_PV && 3 * m.busy > 2 * r->known))
        return r->rms;
    return both_ways ? 0.0 : sqrt(m.wrong_way / (double)r->known);
}

/* The best change of all feeds that count, and what the best one of another device leaves. */
struct contest {
    struct change best;
    int32_t feed;
    double second;
    size_t dead; /* feeds that read 0 and would explain the residual */
    int32_t dead_feed;
    double dead_after;
};

static bool same_device(const struct site *s, int32_t a, int32_t b) {
    return a != SITE_NONE && s->feeds[a].device == s->feeds[b].device;
}

static void contest_take(struct contest *c, const struct site *s, int32_t feed,
                         const struct change *change) {
    bool same = same_device(s, c->feed, feed);

    if (change->after < c->best.after) {
        c->second = same ? c->second : c->best.after;
        c->best = *change;
        c->feed = feed;
    } else if (!same && change->after < c->second) {
        c->second = change->after;
    }
}

static void contest_take_dead(struct contest *c, int32_t feed, double after, double before) {
    if (!(after < EXPLAINED * before))
        return;
    c->dead++;
    c->dead_feed = feed;
    c->dead_after = after;
}

static struct contest contest_of(const struct site *s, const int8_t *sign, const double *net_kwh,
                                 const struct residual *r) {
    struct contest c = {.best = {.after = r->rms}, .feed = SITE_NONE, .second = r->rms};

    for (size_t i = 0; i < s->feed_count; i++) {
        if (sign[i] == 0)
            continue;
        struct fit fit = fit_of(s, sign, net_kwh, r, i);
        struct change change = best_change(s, r, &fit, i);
        contest_take(&c, s, (int32_t)i, &change);
        if (!(fit.xx > 0.0))
            contest_take_dead(&c, (int32_t)i, after_dead(s, sign, r, i), r->rms);
    }
    return c;
}

static bool best_is_clear(const struct contest *c, double before) {
    const struct change *best = &c->best;
    double share = c->dead > 0 || !best->common ? EXPLAINED_CLOSELY : EXPLAINED;

    if (best->kind == SUSPECT_NONE || (c->dead > 0 && !best->common))
        return false;
    return best->after < share * before &&
           fmax(best->after, EQUALLY_GOOD * before) < CLEARLY_BETTER * c->second;
}

void suspect_find(const struct site *s, const int8_t *sign, const double *net_kwh, size_t slots,
                  struct suspect *ret) {
    struct residual r;

    residual_of(s, sign, net_kwh, slots, &r);
    *ret = (struct suspect){
        .feed = SITE_NONE, .ratio = (double)NAN, .before_kwh = r.rms, .after_kwh = r.rms};
    if (r.known < SLOTS_MIN || !(r.rms > limit_kwh(s, sign, net_kwh, &r)))
        return;
    struct contest c = contest_of(s, sign, net_kwh, &r);
    if (best_is_clear(&c, r.rms)) {
        ret->kind = c.best.kind;
        ret->feed = c.feed;
        ret->ratio = c.best.ratio;
        ret->after_kwh = c.best.after;
        if (c.best.kind == SUSPECT_RATIO) { /* of the ratio that is named */
            struct fit fit = fit_of(s, sign, net_kwh, &r, (size_t)c.feed);
            ret->after_kwh = rms_with(&r, &fit, c.best.ratio);
        }
    } else if (c.dead == 1 && !(c.best.after < EXPLAINED * r.rms)) {
        ret->kind = SUSPECT_DEAD;
        ret->feed = c.dead_feed;
        ret->after_kwh = c.dead_after;
    }
}
