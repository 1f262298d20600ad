#include "calc/balance.h"

#include <math.h>

static const char *const power_names[SITE_POWER_COUNT] = {
    "grid", "pv", "wind", "generator", "storage", "load", "load_metered",
};

static const struct {
    const char *name;
    enum site_power power;
} energies[SITE_ENERGY_COUNT] = {
    [SITE_E_IMPORT] = {"import", SITE_GRID},
    [SITE_E_EXPORT] = {"export", SITE_GRID},
    [SITE_E_NET_IMPORT] = {"net_import", SITE_GRID},
    [SITE_E_PV] = {"pv", SITE_PV},
    [SITE_E_WIND] = {"wind", SITE_WIND},
    [SITE_E_GENERATOR] = {"generator", SITE_GENERATOR},
    [SITE_E_CHARGE] = {"charge", SITE_STORAGE},
    [SITE_E_DISCHARGE] = {"discharge", SITE_STORAGE},
    [SITE_E_LOAD] = {"load", SITE_LOAD},
    [SITE_E_LOAD_METERED] = {"load_metered", SITE_LOAD_METERED},
};

const char *site_power_str(enum site_power p) {
    return p < SITE_POWER_COUNT ? power_names[p] : "unknown";
}

const char *site_energy_str(enum site_energy e) {
    return e < SITE_ENERGY_COUNT ? energies[e].name : "unknown";
}

enum site_power site_energy_power(enum site_energy e) {
    return e < SITE_ENERGY_COUNT ? energies[e].power : SITE_POWER_COUNT;
}

/* The site power that a counted feed adds to; SITE_POWER_COUNT: to none. A load feeder adds to what
 * the feeders meter, not to the site's load, which is computed. */
static enum site_power power_of(const struct feed *f) {
    if (!f->counted)
        return SITE_POWER_COUNT;
    if (f->role == ROLE_GRID)
        return SITE_GRID;
    if (f->role == ROLE_PV)
        return SITE_PV;
    if (f->role == ROLE_WIND)
        return SITE_WIND;
    if (f->role == ROLE_GENERATOR)
        return SITE_GENERATOR;
    if (f->role == ROLE_STORAGE)
        return SITE_STORAGE;
    return f->role == ROLE_LOAD ? SITE_LOAD_METERED : SITE_POWER_COUNT;
}

static bool is_source(enum site_power p) {
    return p == SITE_PV || p == SITE_WIND || p == SITE_GENERATOR || p == SITE_STORAGE;
}

/* The nearest counted load feeder above a feed, SITE_NONE when there is none. */
static int32_t feeder_above(const struct site *s, const struct feed *f) {
    int32_t at = f->parent;

    for (size_t steps = 0; at != SITE_NONE && steps < s->feed_count; steps++) {
        const struct feed *parent = &s->feeds[at];
        if (power_of(parent) == SITE_LOAD_METERED)
            return at;
        at = parent->parent;
    }
    return SITE_NONE;
}

void balance_absent(const struct site *s, bool *ret_absent) {
    for (size_t p = 0; p < SITE_POWER_COUNT; p++)
        ret_absent[p] = true;
    for (size_t i = 0; i < s->feed_count; i++) {
        enum site_power p = power_of(&s->feeds[i]);
        if (p != SITE_POWER_COUNT)
            ret_absent[p] = false;
    }
    ret_absent[SITE_LOAD] = ret_absent[SITE_GRID];
}

/* Sums of the feeds by role; a NAN spoils its own sums only. */
static void sum_roles(const struct site *s, const double *feed_kw, double *ret_kw) {
    for (size_t p = 0; p < SITE_POWER_COUNT; p++)
        ret_kw[p] = 0.0;
    for (size_t i = 0; i < s->feed_count; i++) {
        const struct feed *f = &s->feeds[i];
        enum site_power p = power_of(f);
        if (p == SITE_POWER_COUNT)
            continue;
        ret_kw[p] += feed_kw[i];
        if (is_source(p) && feeder_above(s, f) != SITE_NONE)
            ret_kw[SITE_LOAD_METERED] += feed_kw[i];
    }
}

void balance_power(const struct site *s, const double *feed_kw, double *ret_kw) {
    bool absent[SITE_POWER_COUNT];

    balance_absent(s, absent);
    sum_roles(s, feed_kw, ret_kw);
    ret_kw[SITE_LOAD] = ret_kw[SITE_GRID] + ret_kw[SITE_PV] + ret_kw[SITE_WIND] +
                        ret_kw[SITE_GENERATOR] + ret_kw[SITE_STORAGE];
    for (size_t p = 0; p < SITE_POWER_COUNT; p++) {
        if (absent[p])
            ret_kw[p] = (double)NAN;
    }
}

/* Forward less reverse; a reverse that no register counts and nobody knows is taken as 0. */
static double net_kwh(const struct feed *f, double forward, double reverse) {
    bool taken_as_zero = f->reverse == SITE_NONE && isnan(reverse) && f->role != ROLE_STORAGE;

    return taken_as_zero ? forward : forward - reverse;
}

/* What one feed adds to the energies of its own role. */
static void add_own_registers(enum site_power p, double forward, double reverse, double *ret_kwh) {
    if (p == SITE_GRID) {
        ret_kwh[SITE_E_IMPORT] += forward;
        ret_kwh[SITE_E_EXPORT] += reverse;
    } else if (p == SITE_PV) {
        ret_kwh[SITE_E_PV] += forward;
    } else if (p == SITE_WIND) {
        ret_kwh[SITE_E_WIND] += forward;
    } else if (p == SITE_GENERATOR) {
        ret_kwh[SITE_E_GENERATOR] += forward;
    } else if (p == SITE_STORAGE) {
        ret_kwh[SITE_E_DISCHARGE] += forward;
        ret_kwh[SITE_E_CHARGE] += reverse;
    }
}

void balance_energy(const struct site *s, const double *forward_kwh, const double *reverse_kwh,
                    double *ret_kwh) {
    bool absent[SITE_POWER_COUNT];
    double sources = 0.0, feeders = 0.0;

    balance_absent(s, absent);
    for (size_t e = 0; e < SITE_ENERGY_COUNT; e++)
        ret_kwh[e] = 0.0;
    for (size_t i = 0; i < s->feed_count; i++) {
        const struct feed *f = &s->feeds[i];
        enum site_power p = power_of(f);
        add_own_registers(p, forward_kwh[i], reverse_kwh[i], ret_kwh);
        double net = net_kwh(f, forward_kwh[i], reverse_kwh[i]);
        if (p == SITE_LOAD_METERED)
            feeders += net;
        if (!is_source(p))
            continue;
        sources += net;
        int32_t feeder = feeder_above(s, f);
        if (feeder != SITE_NONE) /* it may flow back: how much must be known */
            feeders += isnan(reverse_kwh[feeder]) ? (double)NAN : net;
    }
    ret_kwh[SITE_E_NET_IMPORT] = ret_kwh[SITE_E_IMPORT] - ret_kwh[SITE_E_EXPORT];
    ret_kwh[SITE_E_LOAD] = ret_kwh[SITE_E_NET_IMPORT] + sources;
    ret_kwh[SITE_E_LOAD_METERED] = feeders;
    for (size_t e = 0; e < SITE_ENERGY_COUNT; e++) {
        if (absent[energies[e].power])
            ret_kwh[e] = (double)NAN;
    }
}
