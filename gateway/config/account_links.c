/* Devices of the accounts -> feeds, and what a metering point asks of its meters: an incomer that
 * is counted, in one point only, and a check meter that is not counted beside it. */
#include <math.h>
#include <string.h>

#include "config/site_draft.h"

static struct place place_of(struct site_draft *d, yaml_node_t *node, const char *key) {
    return yaml_doc_place_of(d->reader->doc, node, key);
}

/* A name that is a device for sure: missing ones are reported before the feeds are made. */
static int32_t feed_of(struct site_draft *d, yaml_node_t *node, const char *key, const char *name) {
    int32_t feed = site_find_feed(d, name);
    if (feed < 0) {
        message_error(d->load->errors, place_of(d, node, key),
                      "%s '%.64s' is not one feed of that device; write device.channel with a "
                      "channel that its profile has, or the device alone when it has none",
                      key, name);
    }
    return feed;
}

/* Why a feed is in no sum, for the message. */
static const char *why_not_counted(const struct site *s, const struct feed *f) {
    const struct device *v = &s->devices[f->device];
    if (!v->enabled) {
        return "is not enabled; enable it, or take the point out";
    }
    if (!v->counted) {
        return "has counted: false; take that away, or name the incomer that is counted";
    }
    return "is a detail of its parent; name the incomer above it";
}

/* The meter of a metering point. */
static bool check_meter(struct site_draft *d, const struct metering_draft *m) {
    const struct feed *f = &d->site->feeds[m->p.feed];
    struct place at = place_of(d, m->node, "device");
    if (f->role != ROLE_GRID) {
        message_error(d->load->errors, at,
                      "'%s' is a %s; the meter of metering point '%s' must have role grid", f->id,
                      role_str(f->role), m->p.id);
        return false;
    }
    if (!f->counted) {
        message_error(d->load->errors, at, "'%s' %s", f->id, why_not_counted(d->site, f));
        return false;
    }
    for (const struct metering_draft *o = d->accounts.points; o < m; o++) {
        if (o->p.feed == m->p.feed) {
            message_error(d->load->errors, at,
                          "'%s' is the meter of metering point '%s' already, in line %zu: one "
                          "energy would count twice; name another meter",
                          f->id, o->p.id, o->node->start_mark.line + 1);
            return false;
        }
    }
    return true;
}

static bool stands_below(const struct site *s, int32_t feed, int32_t above) {
    for (size_t steps = 0; feed >= 0 && steps < s->feed_count; steps++) {
        feed = s->feeds[feed].parent;
        if (feed == above) {
            return true;
        }
    }
    return false;
}

static const struct metering_draft *checked_before(const struct site_draft *d,
                                                   const struct metering_draft *m) {
    for (const struct metering_draft *o = d->accounts.points; o < m; o++) {
        if (o->p.check_feed == m->p.check_feed) {
            return o;
        }
    }
    return NULL;
}

static void check_check_meter(struct site_draft *d, const struct metering_draft *m) {
    const struct site *s = d->site;
    const struct feed *f = &s->feeds[m->p.check_feed];
    const struct metering_draft *before = checked_before(d, m);
    struct place at = place_of(d, m->node, "check_device");
    const char *meter = s->feeds[m->p.feed].id;
    if (f->role != ROLE_GRID) {
        message_error(d->load->errors, at,
                      "'%s' is a %s; the check meter of metering point '%s' must have role grid",
                      f->id, role_str(f->role), m->p.id);
    } else if (m->p.check_feed == m->p.feed) {
        message_error(d->load->errors, at, "'%s' cannot check itself; name another meter", f->id);
    } else if (before != NULL) {
        message_error(d->load->errors, at,
                      "'%s' checks metering point '%s' already, in line %zu; name another meter",
                      f->id, before->p.id, before->node->start_mark.line + 1);
    } else if (!s->devices[f->device].counted || stands_below(s, m->p.check_feed, m->p.feed)) {
        return;
    } else if (f->counted || f->parent < 0) {
        message_error(d->load->errors, at,
                      "'%s' measures what '%s' measures and is counted beside it: one energy would "
                      "count twice; give '%s' parent: %s, or counted: false",
                      f->id, meter, s->devices[f->device].id, meter);
    } else {
        message_error(d->load->errors, at,
                      "'%s' stands below '%s', not below '%s'; correct its parent, or name another "
                      "meter",
                      f->id, s->feeds[f->parent].id, meter);
    }
}

static void link_points(struct site_draft *d) {
    for (size_t i = 0; i < d->accounts.point_count; i++) {
        struct metering_draft *m = &d->accounts.points[i];
        m->p.feed = feed_of(d, m->node, "device", m->device);
        bool good = m->p.feed >= 0 && check_meter(d, m);
        if (m->check_device != NULL) {
            m->p.check_feed = feed_of(d, m->node, "check_device", m->check_device);
            if (good && m->p.check_feed >= 0) {
                check_check_meter(d, m);
            }
        }
    }
}

static void warn_without_point(struct site_draft *d) {
    for (size_t i = 0; i < d->site->feed_count; i++) {
        const struct feed *f = &d->site->feeds[i];
        bool found = f->role != ROLE_GRID || !f->counted;
        for (size_t k = 0; !found && k < d->accounts.point_count; k++) {
            found = d->accounts.points[k].p.feed == (int32_t)i;
        }
        if (!found) {
            schema_warning(d->reader, d->devices[f->device].node,
                           "no account has a metering point with the incomer '%s': its demand and "
                           "cost are left out; add it to metering_points",
                           f->id);
        }
    }
}

static void link_transformers(struct site_draft *d) {
    for (size_t i = 0; i < d->accounts.transformer_count; i++) {
        struct transformer_draft *t = &d->accounts.transformers[i];
        if (t->device == NULL) {
            continue;
        }
        t->t.feed = feed_of(d, t->node, "device", t->device);
        if (t->t.feed < 0) {
            continue;
        }
        const struct feed *f = &d->site->feeds[t->t.feed];
        struct place at = place_of(d, t->node, "device");
        if (f->role != ROLE_GRID && f->role != ROLE_TIE && f->role != ROLE_LOAD) {
            message_error(d->load->errors, at,
                          "'%s' is a %s; the meter of transformer '%s' is a grid, tie or load, or "
                          "leave the key out",
                          f->id, role_str(f->role), t->t.id);
        }
        for (const struct transformer_draft *o = d->accounts.transformers; o < t; o++) {
            if (o->t.feed == t->t.feed) {
                message_error(d->load->errors, at,
                              "'%s' is the meter of transformer '%s' already, in line %zu; one "
                              "meter a transformer",
                              f->id, o->t.id, o->node->start_mark.line + 1);
                break;
            }
        }
    }
}

static void copy_out(struct site_draft *d) {
    struct site *s = d->site;
    const struct accounts_draft *all = &d->accounts;
    s->accounts = arena_alloc(s->arena, all->count + 1, sizeof *s->accounts);
    s->metering_points = arena_alloc(s->arena, all->point_count + 1, sizeof *s->metering_points);
    s->transformers = arena_alloc(s->arena, all->transformer_count + 1, sizeof *s->transformers);
    if (s->accounts == NULL || s->metering_points == NULL || s->transformers == NULL) {
        schema_error(d->reader, yaml_doc_root(d->reader->doc), "out of memory");
        return;
    }
    for (; s->account_count < all->count; s->account_count++) {
        s->accounts[s->account_count] = all->accounts[s->account_count].a;
    }
    for (; s->metering_point_count < all->point_count; s->metering_point_count++) {
        s->metering_points[s->metering_point_count] = all->points[s->metering_point_count].p;
    }
    for (; s->transformer_count < all->transformer_count; s->transformer_count++) {
        s->transformers[s->transformer_count] = all->transformers[s->transformer_count].t;
    }
}

void accounts_link(struct site_draft *d) {
    if (d->accounts.given) {
        link_points(d);
        warn_without_point(d);
    } else {
        accounts_short_points(d);
    }
    link_transformers(d);
    if (!messages_failed(d->load->errors)) {
        copy_out(d);
    }
}
