/* Ids of all points of a site, and the virtual points that sum them. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "config/nearest.h"
#include "config/site_draft.h"

#define POINTS_MAX 1000000

static const char *point_id(struct arena *arena, const char *device, const struct point_def *p) {
    const char *channel = p->channel != NULL ? p->channel : "";
    size_t n = strlen(device) + strlen(channel) + strlen(p->name) + 3;
    char *id = arena_alloc(arena, n, 1);
    if (id != NULL) {
        snprintf(id, n, "%s.%s%s%s", device, channel, channel[0] != 0 ? "." : "", p->name);
    }
    return id;
}

/* Unique by construction: device ids have no dot, and names are unique in their profile. */
static int add_points(struct site_draft *d, struct device *v, int32_t device) {
    struct site *s = d->site;
    v->point_base = (uint32_t)s->point_count;
    if (v->profile == NULL || v->id == NULL) {
        return ERR_OK;
    }
    for (size_t i = 0; i < v->profile->point_count; i++) {
        const struct point_def *p = &v->profile->points[i];
        const char *id = point_id(s->arena, v->id, p);
        if (id == NULL) {
            return ERR_NOMEM;
        }
        name_table_add(&d->point_names, id, (int32_t)s->point_count);
        s->points[s->point_count++] = (struct site_point){id, device, p};
    }
    return ERR_OK;
}

void site_name_points(struct site_draft *d) {
    struct site *s = d->site;
    yaml_node_t *root = yaml_doc_root(d->reader->doc);
    size_t total = 0;
    for (size_t i = 0; i < s->device_count; i++) {
        total += s->devices[i].profile != NULL ? s->devices[i].profile->point_count : 0;
    }
    if (total > POINTS_MAX) {
        schema_error(d->reader, root, "%zu points; a gateway takes %d, use several", total,
                     POINTS_MAX);
        return;
    }
    s->points = arena_alloc(s->arena, total + 1, sizeof *s->points);
    int result =
        s->points != NULL ? name_table_init(&d->point_names, d->load->scratch, total) : ERR_NOMEM;
    for (size_t i = 0; result == ERR_OK && i < s->device_count; i++) {
        result = add_points(d, &s->devices[i], (int32_t)i);
    }
    if (result < 0) {
        schema_error(d->reader, root, "out of memory");
    }
}

/* A point by id; "feeder1.active_power" means its total too. */
static int32_t find_point(const struct site_draft *d, const char *id) {
    int32_t i = name_table_find(&d->point_names, id);
    char total[256];
    int n = snprintf(total, sizeof total, "%s.total", id);
    if (i < 0 && n > 0 && (size_t)n < sizeof total) {
        i = name_table_find(&d->point_names, total);
    }
    return i;
}

/* The device part of a point id; SITE_NONE when there is no such device. */
static int32_t device_of(const struct site_draft *d, const char *id) {
    char name[SITE_ID_MAX + 1];
    size_t n = strcspn(id, ".");
    if (n > SITE_ID_MAX) {
        return SITE_NONE;
    }
    memcpy(name, id, n);
    name[n] = 0;
    int32_t i = name_table_find(&d->device_names, name);
    return i >= 0 && (size_t)i < d->device_count ? i : SITE_NONE;
}

static void report_term(struct reader *r, yaml_node_t *node, const struct site_draft *d,
                        const char *id) {
    int32_t device = device_of(d, id);
    if (device >= 0 && d->devices[device].d.profile == NULL) {
        return; /* its profile is reported already */
    }
    if (device < 0) {
        schema_error(r, node, "sum names '%.100s', whose device is not there; write device.point",
                     id);
        return;
    }
    struct nearest near, total;
    char with_total[256];
    snprintf(with_total, sizeof with_total, "%s.total", id);
    nearest_init(&near, id);
    nearest_init(&total, with_total);
    const struct device *v = &d->site->devices[device];
    for (size_t i = 0; i < v->profile->point_count; i++) {
        nearest_offer(&near, d->site->points[v->point_base + i].id);
        nearest_offer(&total, d->site->points[v->point_base + i].id);
    }
    near = total.distance < near.distance ? total : near;
    const char *best = nearest_best(&near);
    schema_error(r, node, "sum names '%.100s', which profile '%s' does not have%s%s%s", id,
                 v->profile->name, best != NULL ? "; did you mean '" : "", best != NULL ? best : "",
                 best != NULL ? "'?" : "");
}

struct sum_draft {
    const struct site_draft *site;
    struct virtual_term *terms;
    size_t count;
};

static const char *const kind_words[] = {
    [QUANTITY_KIND_GAUGE] = "a momentary value", [QUANTITY_KIND_COUNTER] = "a rising counter"};

static void read_term(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct sum_draft *s = target;
    const char *text = NULL;
    (void)index;
    if (!schema_text(r, item, "sum", 0, &text)) {
        return;
    }
    double sign = text[0] == '-' ? -1 : 1;
    const char *id = text + (text[0] == '-' || text[0] == '+');
    int32_t point = find_point(s->site, id);
    if (point < 0) {
        report_term(r, item, s->site, id);
        return;
    }
    const struct site_point *p = &s->site->site->points[point];
    for (size_t i = 0; i < s->count; i++) {
        if (s->terms[i].point == point) {
            schema_error(r, item, "'%.100s' stands twice in the sum; it would count double", id);
            return;
        }
    }
    enum quantity_kind kind = quantity_kind(p->def->quantity);
    if (p->def->type == POINT_STRING ||
        (kind != QUANTITY_KIND_GAUGE && kind != QUANTITY_KIND_COUNTER)) {
        schema_error(r, item, "'%.100s' is a state or setting; sum powers or energies", id);
        return;
    }
    const struct site_point *first = s->count > 0 ? &s->site->site->points[s->terms[0].point] : p;
    if (quantity_kind(first->def->quantity) != kind) {
        schema_error(r, item, "'%.100s' is %s, the sum began with %s; sum points of one kind", id,
                     kind_words[kind], kind_words[quantity_kind(first->def->quantity)]);
        return;
    }
    if (strcmp(first->def->unit, p->def->unit) != 0) {
        schema_error(r, item, "'%.100s' is in '%s', the sum in '%s'; sum points of one unit", id,
                     p->def->unit, first->def->unit);
        return;
    }
    /* power of a device that is wired the other way round turns, as it does in its feed */
    bool turns = p->def->quantity == QUANTITY_ACTIVE_POWER;
    double own = turns ? (double)s->site->site->devices[p->device].sign : 1;
    s->terms[s->count++] = (struct virtual_term){sign * own, point};
}

void site_link_virtuals(struct site_draft *d) {
    struct site *s = d->site;
    if (d->point_names.slots == NULL) {
        return;
    }
    s->virtuals = arena_alloc(s->arena, d->virtual_count + 1, sizeof *s->virtuals);
    for (size_t i = 0; s->virtuals != NULL && i < d->virtual_count; i++) {
        struct virtual_draft *v = &d->virtuals[i];
        struct sum_draft sum = {d, NULL, 0};
        if (v->sum != NULL) {
            sum.terms = draft_room(d->reader, s->arena, v->sum, sizeof *sum.terms);
        }
        if (sum.terms != NULL && schema_each(d->reader, v->sum, "sum", read_term, &sum) == 0 &&
            v->sum->type == YAML_SEQUENCE_NODE) {
            schema_error(d->reader, v->sum, "sum is empty; write [+device.point, -device.point]");
        }
        v->v.terms = sum.terms;
        v->v.term_count = sum.count;
        s->virtuals[s->virtual_count++] = v->v;
    }
}
