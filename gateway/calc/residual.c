/* The residual of a node of the electrical tree: which feeds it is made of, and its percentage. */
#include <math.h>

#include "calc/suspect.h"

/* Whether the site's file takes the device out of the sums (a check meter, a spare). */
static bool switched_off(const struct site *s, const struct feed *f) {
    if (f->device < 0 || (size_t)f->device >= s->device_count)
        return false;
    return !(s->devices[f->device].counted && s->devices[f->device].enabled);
}

/* A meter inside the tree: one of the sums, or a detail of a parent of its own role. A battery, a
 * tie or a sensor is none: what hangs below it hangs below what is above it. */
static bool takes_part(const struct site *s, const struct feed *f) {
    bool energy = f->role == ROLE_GRID || f->role == ROLE_LOAD || role_is_source(f->role);

    if (!energy || switched_off(s, f))
        return false;
    return f->counted || (f->parent != SITE_NONE && s->feeds[f->parent].role == f->role);
}

static bool counted_load(const struct site *s, const struct feed *f) {
    (void)s;
    return f->counted && f->role == ROLE_LOAD;
}

typedef bool feed_test(const struct site *s, const struct feed *f);

/* The nearest feed above one that passes the test; SITE_NONE. */
static int32_t nearest_above(const struct site *s, const struct feed *f, feed_test *test) {
    int32_t at = f->parent;

    for (size_t steps = 0; at != SITE_NONE && steps < s->feed_count; steps++) {
        if (test(s, &s->feeds[at]))
            return at;
        at = s->feeds[at].parent;
    }
    return SITE_NONE;
}

/* As balance.c adds up: load - load_metered. A source below a feeder is in both and cancels. */
static int8_t sign_at_site(const struct site *s, const struct feed *f) {
    if (!f->counted)
        return 0;
    if (f->role == ROLE_GRID)
        return 1;
    if (f->role == ROLE_LOAD)
        return -1;
    return role_is_source(f->role) && nearest_above(s, f, counted_load) == SITE_NONE ? 1 : 0;
}

/* What flows through a node is what flows through the meters next below it. A meter that counts
 * away from the busbar below one that counts towards it (or the reverse) is added back. */
static int8_t sign_below(const struct site *s, int32_t node, int32_t feed) {
    const struct feed *f = &s->feeds[feed];

    if (feed == node)
        return 1;
    if (!takes_part(s, f) || nearest_above(s, f, takes_part) != node)
        return 0;
    return role_is_source(f->role) == role_is_source(s->feeds[node].role) ? -1 : 1;
}

static int8_t sign_of(const struct site *s, int32_t node, size_t feed) {
    return node == SITE_NONE ? sign_at_site(s, &s->feeds[feed])
                             : sign_below(s, node, (int32_t)feed);
}

/* Both sides have to be there: at the site an incomer and a feeder, else meters of the node's own
 * role or of loads (what a feeder's PV generates says nothing of the rest below it). */
static bool computable(const struct site *s, int32_t node) {
    bool source_side = false, feeder_side = false;

    for (size_t i = 0; i < s->feed_count; i++) {
        const struct feed *f = &s->feeds[i];
        int8_t sign = sign_of(s, node, i);
        bool own = node != SITE_NONE && f->role == s->feeds[node].role;
        if (sign > 0)
            source_side = source_side || node != SITE_NONE || f->role == ROLE_GRID;
        if (sign < 0)
            feeder_side = feeder_side || own || f->role == ROLE_LOAD;
    }
    return source_side && feeder_side;
}

bool residual_signs(const struct site *s, int32_t node, int8_t *ret_sign) {
    if (node != SITE_NONE &&
        (node < 0 || (size_t)node >= s->feed_count || !takes_part(s, &s->feeds[node])))
        return false;
    if (!computable(s, node))
        return false;
    for (size_t i = 0; i < s->feed_count; i++)
        ret_sign[i] = sign_of(s, node, i);
    return true;
}

double residual_pct(double residual_kwh, double feeders_kwh, double floor_kwh) {
    double base = isnan(floor_kwh) || floor_kwh < feeders_kwh ? feeders_kwh : floor_kwh;

    if (isnan(feeders_kwh) || !(base > 0.0))
        return (double)NAN;
    return 100.0 * residual_kwh / base;
}

size_t residual_nodes(const struct site *s, int32_t *ret_feed, size_t cap) {
    size_t n = 0;

    for (size_t i = 0; i < s->feed_count && n < cap; i++) {
        bool above = false;
        for (size_t k = 0; k < s->feed_count && !above; k++)
            above = s->feeds[k].parent == (int32_t)i;
        if (above && takes_part(s, &s->feeds[i]) && computable(s, (int32_t)i))
            ret_feed[n++] = (int32_t)i;
    }
    return n;
}
