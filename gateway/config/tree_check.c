/* Refuses a site that counts one energy twice, as far as the file can show it: a feed inside a
 * counted feed of its role, one meter as two devices, roles that are in no sum, a virtual sum that
 * adds a whole and its part. What stands unrelated in the tree cannot be known to be the same. */
#include <string.h>

#include "config/site_draft.h"

static struct place device_place(struct site_draft *d, const struct feed *f, const char *key) {
    return yaml_doc_place_of(d->reader->doc, d->devices[f->device].node, key);
}

static bool is_channel(const struct feed *f) {
    return strchr(f->id, '.') != NULL;
}

/* Walking up meets a parent at most once: rings are cut before. */
static void check_above(struct site_draft *d, const struct feed *f) {
    const struct site *s = d->site;
    int32_t at = f->parent;
    while (f->counted && at >= 0 && !(s->feeds[at].role == f->role && s->feeds[at].counted)) {
        at = s->feeds[at].parent;
    }
    if (!f->counted || at < 0) {
        return;
    }
    if (s->feeds[f->parent].role == f->role) {
        message_error(d->load->errors, device_place(d, f, "counted"),
                      "'%s' is inside '%s' of the same role: counted: true would count one energy "
                      "twice; take it away, or give '%s' counted: false",
                      f->id, s->feeds[at].id, s->feeds[at].id);
    } else {
        message_error(d->load->errors, device_place(d, f, "parent"),
                      "'%s' is counted, and '%s' of the same role above '%s' too: one energy would "
                      "count twice; give one of the two counted: false",
                      f->id, s->feeds[at].id, s->feeds[f->parent].id);
    }
}

/* Roles that are in no sum: to ask for it is a misunderstanding that must not pass in silence. */
static void check_never(struct site_draft *d, const struct feed *f) {
    const struct device *v = &d->site->devices[f->device];
    yaml_node_t *key = yaml_doc_find(d->reader->doc, d->devices[f->device].node, "counted");
    if (key == NULL || !v->counted || is_channel(f)) {
        return;
    }
    if (f->role == ROLE_TIE) {
        schema_error(d->reader, key,
                     "a tie carries what other meters count: counted: true would count it twice; "
                     "take it away");
    } else if (f->role == ROLE_BATTERY) {
        schema_error(d->reader, key,
                     "a battery stands behind its converter (role storage), which is counted: "
                     "counted: true would count it twice; take it away");
    }
}

/* One number on two counted devices of a role is one meter, read twice. */
static void check_meter_numbers(struct site_draft *d) {
    const struct site *s = d->site;
    struct name_table numbers;
    if (name_table_init(&numbers, d->load->scratch, s->feed_count) < 0) {
        schema_error(d->reader, yaml_doc_root(d->reader->doc), "out of memory");
        return;
    }
    for (size_t i = 0; i < s->feed_count; i++) {
        const struct feed *f = &s->feeds[i];
        const char *no = s->devices[f->device].meter_no;
        if (no == NULL || !f->counted) {
            continue;
        }
        char key[96];
        snprintf(key, sizeof key, "%s %s", role_str(f->role), no);
        const char *kept = arena_strdup(d->load->scratch, key);
        int32_t first = kept != NULL ? name_table_add(&numbers, kept, f->device) : -1;
        if (first >= 0 && first != f->device) {
            message_error(d->load->errors, device_place(d, f, "meter_no"),
                          "meter_no '%s' is device '%s' already, in line %d, and both are counted: "
                          "one meter would count twice; correct the number, or give one of them "
                          "counted: false",
                          no, s->devices[first].id, s->devices[first].line);
        }
    }
}

/* A hybrid's own view of the incomer beside a meter there: both may be right, on two incomers. */
static void warn_second_view(struct site_draft *d, const struct feed *f, const char *incomer) {
    if (incomer != NULL && f->counted && f->role == ROLE_GRID && is_channel(f)) {
        schema_warning(d->reader, d->devices[f->device].node,
                       "'%s' is counted beside the incomer '%s'; when it measures the same wire, "
                       "give '%s' the parent: %s",
                       f->id, incomer, d->site->devices[f->device].id, incomer);
    }
}

static const char *metered_incomer(const struct site *s) {
    for (size_t i = 0; i < s->feed_count; i++) {
        const struct feed *f = &s->feeds[i];
        if (f->role == ROLE_GRID && f->counted && !is_channel(f)) {
            return f->id;
        }
    }
    return NULL;
}

/* ---- virtual sums ----------------------------------------------------------------------- */

static bool is_consumer(enum role role) {
    return role == ROLE_GRID || role == ROLE_TIE || role == ROLE_LOAD;
}

/* What below measures is a part of what above measures. A source below a feeder is none: the
 * feeder's meter and the source together are what is used there. */
static bool is_part(const struct feed *below, const struct feed *above) {
    return below->role == above->role || (is_consumer(below->role) && is_consumer(above->role)) ||
           (below->role == ROLE_BATTERY && above->role == ROLE_STORAGE);
}

/* Quantities of which a whole is the sum of its parts. */
static bool adds_up(enum quantity q) {
    return quantity_kind(q) == QUANTITY_KIND_COUNTER || q == QUANTITY_ACTIVE_POWER ||
           q == QUANTITY_REACTIVE_POWER || q == QUANTITY_ACTIVE_POWER_IMPORT ||
           q == QUANTITY_ACTIVE_POWER_EXPORT || q == QUANTITY_CHARGE_POWER ||
           q == QUANTITY_DISCHARGE_POWER || q == QUANTITY_ENERGY_EXPORT_DAY ||
           q == QUANTITY_CHARGE_ENERGY_DAY || q == QUANTITY_DISCHARGE_ENERGY_DAY;
}

static bool is_total(const struct point_def *p) {
    return p->phase == PHASE_TOTAL || p->phase == PHASE_NONE;
}

/* One term of a sum, with what is compared. */
struct part {
    const char *id;
    const struct point_def *p;
    int32_t feed; /* SITE_NONE: of none, or not to be compared */
    int32_t next; /* an earlier term of the same feed, SITE_NONE */
    bool minus;   /* as written */
};

static struct part part_of(const struct site_draft *d, const struct virtual_term *t) {
    const struct site_point *point = &d->site->points[t->point];
    const struct device *v = &d->site->devices[point->device];
    char name[2 * SITE_ID_MAX + 2];
    bool turns = point->def->quantity == QUANTITY_ACTIVE_POWER && v->sign < 0;
    struct part part = {point->id, point->def, SITE_NONE, SITE_NONE, (t->sign < 0) != turns};
    if (point_is_plain(point->def) && adds_up(point->def->quantity)) {
        const char *channel = point->def->channel;
        snprintf(name, sizeof name, "%s%s%s", v->id, channel != NULL ? "." : "",
                 channel != NULL ? channel : "");
        part.feed = name_table_find(&d->feed_names, name);
    }
    return part;
}

/* Whether two terms with one sign hold one energy: the total and a phase of a meter, or the same
 * of a meter and of one above it. */
static bool overlap(const struct part *a, const struct part *b) {
    bool phases = a->p->phase == b->p->phase || is_total(a->p) || is_total(b->p);
    bool same_point = a->feed == b->feed && is_total(a->p) == is_total(b->p);
    return a->minus == b->minus && a->p->quantity == b->p->quantity && phases && !same_point;
}

static void check_sum(struct site_draft *d, const struct virtual_draft *v, struct part *parts,
                      int32_t *last) {
    const struct feed *feeds = d->site->feeds;
    size_t n = v->v.term_count;
    for (size_t i = 0; i < n; i++) {
        parts[i] = part_of(d, &v->v.terms[i]);
        if (parts[i].feed >= 0) {
            parts[i].next = last[parts[i].feed];
            last[parts[i].feed] = (int32_t)i;
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct part *below = &parts[i], *above = NULL;
        for (int32_t at = below->feed; at >= 0 && above == NULL; at = feeds[at].parent) {
            int32_t k = is_part(&feeds[below->feed], &feeds[at]) ? last[at] : SITE_NONE;
            for (; k >= 0 && above == NULL; k = parts[k].next) {
                bool later = at == below->feed && (size_t)k > i; /* met from the other side */
                above = !later && overlap(below, &parts[k]) ? &parts[k] : NULL;
            }
        }
        if (above != NULL) {
            yaml_node_t *item = yaml_doc_node(d->reader->doc, v->sum->data.sequence.items.start[i]);
            schema_error(d->reader, item,
                         "'%s' is a part of '%s' in this sum: one energy would count twice; take "
                         "one of them out, or turn its sign",
                         below->id, above->id);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (parts[i].feed >= 0) {
            last[parts[i].feed] = SITE_NONE;
        }
    }
}

static void check_virtuals(struct site_draft *d) {
    size_t most = 0;
    for (size_t i = 0; i < d->virtual_count; i++) {
        most = d->virtuals[i].v.term_count > most ? d->virtuals[i].v.term_count : most;
    }
    struct part *parts = arena_alloc(d->load->scratch, most + 1, sizeof *parts);
    int32_t *last = arena_alloc(d->load->scratch, d->site->feed_count + 1, sizeof *last);
    if (parts == NULL || last == NULL) {
        schema_error(d->reader, yaml_doc_root(d->reader->doc), "out of memory");
        return;
    }
    for (size_t i = 0; i < d->site->feed_count; i++) {
        last[i] = SITE_NONE;
    }
    for (size_t i = 0; i < d->virtual_count; i++) {
        check_sum(d, &d->virtuals[i], parts, last);
    }
}

void tree_check(struct site_draft *d) {
    const char *incomer = metered_incomer(d->site);
    for (size_t i = 0; i < d->site->feed_count; i++) {
        const struct feed *f = &d->site->feeds[i];
        check_above(d, f);
        check_never(d, f);
        warn_second_view(d, f, incomer);
    }
    check_meter_numbers(d);
    check_virtuals(d);
}
