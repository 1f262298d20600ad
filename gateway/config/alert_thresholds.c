/* alerts.thresholds: the limits of rules, for the whole site and for single objects. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/objects.h"
#include "alert/settings.h"
#include "config/nearest.h"
#include "config/site_draft.h"

#define LIMIT_MAX       1e9
#define HOLD_MAX_S      (31.0 * 86400)
#define OBJECT_NAME_MAX 100 /* of a rule on an object */

/* A number for all levels, or one for each that is named; NAN: not given. */
struct per_level {
    double all;
    double of[ALERT_SEVERITIES];
};

/* What is written of a rule. */
struct threshold_draft {
    bool enabled;
    double raise[ALERT_SEVERITIES];
    struct per_level clear, hold_s, clear_s;
};

static const char *const severities[] = {"info", "warning", "major", "critical"}; /* enum order */

#define P struct per_level
static const struct field limit_fields[] = {
    {"info", FIELD_NUMBER, KEEP(P, of[0]), .min = -LIMIT_MAX, .max = LIMIT_MAX},
    {"warning", FIELD_NUMBER, KEEP(P, of[1]), .min = -LIMIT_MAX, .max = LIMIT_MAX},
    {"major", FIELD_NUMBER, KEEP(P, of[2]), .min = -LIMIT_MAX, .max = LIMIT_MAX},
    {"critical", FIELD_NUMBER, KEEP(P, of[3]), .min = -LIMIT_MAX, .max = LIMIT_MAX},
    {0},
};
static const struct field time_fields[] = {
    {"info", FIELD_NUMBER, KEEP(P, of[0]), .max = HOLD_MAX_S},
    {"warning", FIELD_NUMBER, KEEP(P, of[1]), .max = HOLD_MAX_S},
    {"major", FIELD_NUMBER, KEEP(P, of[2]), .max = HOLD_MAX_S},
    {"critical", FIELD_NUMBER, KEEP(P, of[3]), .max = HOLD_MAX_S},
    {0},
};
#undef P

/* What is not written is NAN, not 0. */
static void forget_absent(struct reader *r, yaml_node_t *node, double *v) {
    for (int s = 0; s < ALERT_SEVERITIES; s++)
        if (yaml_doc_find(r->doc, node, severities[s]) == NULL)
            v[s] = (double)NAN;
}

static void read_per_level(struct reader *r, yaml_node_t *node, const char *what,
                           const struct field *fields, struct per_level *ret) {
    ret->all = (double)NAN;
    if (node->type == YAML_MAPPING_NODE)
        schema_read(r, node, what, fields, ret);
    else
        schema_number(r, node, what, fields[0].min, fields[0].max, &ret->all);
    forget_absent(r, node, ret->of);
}

static void read_clear(struct reader *r, yaml_node_t *node, void *target) {
    struct threshold_draft *t = target;
    read_per_level(r, node, "clear", limit_fields, &t->clear);
}

static void read_hold(struct reader *r, yaml_node_t *node, void *target) {
    struct threshold_draft *t = target;
    read_per_level(r, node, "hold_s", time_fields, &t->hold_s);
}

static void read_clear_time(struct reader *r, yaml_node_t *node, void *target) {
    struct threshold_draft *t = target;
    read_per_level(r, node, "clear_s", time_fields, &t->clear_s);
}

/* Read after the rule itself, which they begin with. */
static void read_objects_later(struct reader *r, yaml_node_t *node, void *target) {
    (void)target;
    if (node->type != YAML_MAPPING_NODE)
        schema_error(r, node, "objects needs {name: {warning: ...}}, not %.40s", schema_show(node));
}

#define T struct threshold_draft
#define OBJECT_FIELDS                                                                              \
    {"enabled", FIELD_BOOL, KEEP(T, enabled), .preset = 1},                                        \
        {"info", FIELD_NUMBER, KEEP(T, raise[0]), .min = -LIMIT_MAX, .max = LIMIT_MAX},            \
        {"warning", FIELD_NUMBER, KEEP(T, raise[1]), .min = -LIMIT_MAX, .max = LIMIT_MAX},         \
        {"major", FIELD_NUMBER, KEEP(T, raise[2]), .min = -LIMIT_MAX, .max = LIMIT_MAX},           \
        {"critical", FIELD_NUMBER, KEEP(T, raise[3]), .min = -LIMIT_MAX, .max = LIMIT_MAX},        \
        {"clear", FIELD_CUSTOM, .read = read_clear}, {"hold_s", FIELD_CUSTOM, .read = read_hold},  \
    {                                                                                              \
        "clear_s", FIELD_CUSTOM, .read = read_clear_time                                           \
    }
static const struct field object_fields[] = {OBJECT_FIELDS, {0}};
static const struct field rule_fields[] = {
    OBJECT_FIELDS, {"objects", FIELD_CUSTOM, .read = read_objects_later}, {0}};
#undef T

/* ---- from what is written to limits ------------------------------------------------------- */

static void forget_per_level(struct per_level *p) {
    p->all = (double)NAN;
    for (int s = 0; s < ALERT_SEVERITIES; s++)
        p->of[s] = (double)NAN;
}

static bool names_severity(const struct threshold_draft *t, int s) {
    return !isnan(t->raise[s]) || !isnan(t->clear.of[s]) || !isnan(t->hold_s.of[s]) ||
           !isnan(t->clear_s.of[s]);
}

static bool has_level(const struct alert_limits *l, int severity) {
    for (int i = 0; i < l->level_count; i++)
        if ((int)l->levels[i].severity == severity)
            return true;
    return false;
}

static bool check_severities(struct reader *r, yaml_node_t *node, const char *code,
                             const struct alert_limits *l, const struct threshold_draft *t) {
    char levels[64] = "";
    size_t n = 0;
    bool good = true;
    for (int i = 0; i < l->level_count; i++)
        n += (size_t)snprintf(levels + n, sizeof levels - n, "%s%s", i > 0 ? ", " : "",
                              severities[l->levels[i].severity]);
    for (int s = 0; s < ALERT_SEVERITIES; s++) {
        if (!names_severity(t, s) || has_level(l, s))
            continue;
        message_error(r->errors, yaml_doc_place_of(r->doc, node, severities[s]),
                      "%s has no level '%s'; give one of: %s", code, severities[s], levels);
        good = false;
    }
    return good;
}

static double given(double first, double second, double otherwise) {
    return !isnan(first) ? first : !isnan(second) ? second : otherwise;
}

/* A raise limit that is moved takes its clear limit along; a hold time is the clear time as well,
 * where that is not given. */
static void merge_level(struct alert_level *v, const struct threshold_draft *t, bool mildest) {
    const int s = (int)v->severity;
    double all_hold = given(t->hold_s.of[s], t->hold_s.all, (double)NAN);
    double distance = v->raise - v->clear;
    v->raise = given(t->raise[s], (double)NAN, v->raise);
    v->clear = given(t->clear.of[s], mildest ? t->clear.all : (double)NAN, v->raise - distance);
    v->hold_s = (uint32_t)given(all_hold, (double)NAN, v->hold_s);
    v->clear_s =
        (uint32_t)given(t->clear_s.of[s], t->clear_s.all, given(all_hold, (double)NAN, v->clear_s));
}

static void check_order(struct reader *r, yaml_node_t *node, const char *code,
                        const struct alert_limits *l) {
    const char *beyond = l->side > 0 ? "above" : "below";
    for (int i = 0; i < l->level_count; i++) {
        const struct alert_level *v = &l->levels[i];
        const char *name = severities[v->severity];
        if (i > 0 && (v->raise - v[-1].raise) * l->side <= 0.0)
            message_error(r->errors, yaml_doc_place_of(r->doc, node, name),
                          "%s of %s is %g, which must lie %s the milder %s, %g", name, code,
                          v->raise, beyond, severities[v[-1].severity], v[-1].raise);
        if ((v->raise - v->clear) * l->side < 0.0)
            message_error(r->errors, yaml_doc_place_of(r->doc, node, "clear"),
                          "%s of %s is raised at %g, and its clear limit %g may not lie %s that",
                          name, code, v->raise, v->clear, beyond);
    }
}

static bool read_limits(struct reader *r, yaml_node_t *node, const char *code,
                        const struct field *fields, struct alert_limits *l) {
    struct threshold_draft t = {.enabled = true};
    forget_per_level(&t.clear);
    forget_per_level(&t.hold_s);
    forget_per_level(&t.clear_s);
    if (!schema_read(r, node, code, fields, &t))
        return false;
    forget_absent(r, node, t.raise);
    if (!check_severities(r, node, code, l, &t))
        return false;
    if (yaml_doc_find(r->doc, node, "enabled") != NULL)
        l->enabled = t.enabled;
    for (int i = 0; i < l->level_count; i++)
        merge_level(&l->levels[i], &t, i == 0);
    check_order(r, node, code, l);
    return true;
}

/* ---- rules and objects -------------------------------------------------------------------- */

struct settle {
    struct site_draft *draft;
    struct reader *reader;
    struct alert_settings *settings;
    struct alert_override *overrides;
    size_t count, room;
    bool objects; /* names can be looked up */
};

static bool find_object(struct settle *s, yaml_node_t *key, enum alert_rule_id rule, size_t *ret) {
    const struct site *site = s->draft->site;
    const struct alert_rule *def = alert_rule(rule);
    const char *name = yaml_doc_text(key);
    struct nearest near;
    if (name == NULL || alert_object_find(site, def->object, name, ret)) {
        if (name != NULL && !alert_rule_applies(site, rule, *ret))
            message_warning(s->reader->errors, yaml_doc_place(s->reader->doc, key),
                            "%s does not watch '%.66s'; take it away", def->code, name);
        return name != NULL;
    }
    nearest_init(&near, name);
    for (size_t i = 0; i < alert_object_count(site, def->object); i++)
        nearest_offer(&near, alert_object_id(site, def->object, i));
    const char *best = nearest_best(&near);
    schema_error(s->reader, key, "%s watches nothing that is called '%.66s'; %s%s%s", def->code,
                 name, best != NULL ? "did you mean '" : "take it away", best != NULL ? best : "",
                 best != NULL ? "'?" : "");
    return false;
}

static void read_object(struct settle *s, enum alert_rule_id rule, yaml_node_t *key,
                        yaml_node_t *value) {
    struct alert_limits limits = s->settings->limits[rule];
    size_t object = ALERT_OBJECT_SITE;
    char name[OBJECT_NAME_MAX];
    const char *code = alert_rule(rule)->code;
    if (s->objects && !find_object(s, key, rule, &object))
        return;
    if (!read_limits(s->reader, value, code, object_fields, &limits) || s->count == s->room)
        return;
    const char *text = yaml_doc_text(key);
    snprintf(name, sizeof name, "%s %.80s", code, text != NULL ? text : "");
    s->overrides[s->count++] = (struct alert_override){.rule = rule,
                                                       .object = object,
                                                       .name = arena_strdup(s->reader->arena, name),
                                                       .limits = limits};
}

typedef void pair_fn(struct settle *s, enum alert_rule_id rule, yaml_node_t *key,
                     yaml_node_t *value);

static void each_pair(struct settle *s, enum alert_rule_id rule, yaml_node_t *map, pair_fn *fn) {
    struct yaml_doc *doc = s->reader->doc;
    if (map == NULL || map->type != YAML_MAPPING_NODE)
        return;
    yaml_node_pair_t *end = map->data.mapping.pairs.top;
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < end; p++) {
        yaml_node_t *key = yaml_doc_node(doc, p->key);
        const char *text = yaml_doc_text(key);
        bool twice = text != NULL && yaml_doc_find(doc, map, text) != yaml_doc_node(doc, p->value);
        if (twice && s->overrides != NULL) /* else they are only counted yet */
            schema_error(s->reader, key, "'%.66s' stands twice; take one away", text);
        else if (!twice)
            fn(s, rule, key, yaml_doc_node(doc, p->value));
    }
}

static void read_rule(struct settle *s, enum alert_rule_id unused, yaml_node_t *key,
                      yaml_node_t *value) {
    enum alert_rule_id rule;
    const char *code = yaml_doc_text(key);
    struct nearest near;
    (void)unused;
    if (code == NULL || !alert_rule_find(code, &rule)) {
        nearest_init(&near, code != NULL ? code : "");
        for (size_t i = 0; i < ALERT_RULES; i++)
            nearest_offer(&near, alert_rule((enum alert_rule_id)i)->code);
        const char *best = nearest_best(&near);
        schema_error(
            s->reader, key, "there is no alert rule '%.40s'; the rules are A01 to A%02d%s%s%s",
            code != NULL ? code : "?", (int)ALERT_RULES, best != NULL ? ", did you mean '" : "",
            best != NULL ? best : "", best != NULL ? "'?" : "");
        return;
    }
    if (read_limits(s->reader, value, code, rule_fields, &s->settings->limits[rule]))
        each_pair(s, rule, yaml_doc_find(s->reader->doc, value, "objects"), read_object);
}

static void count_object(struct settle *s, enum alert_rule_id rule, yaml_node_t *key,
                         yaml_node_t *value) {
    (void)rule;
    (void)key;
    (void)value;
    s->room++;
}

static void count_rule(struct settle *s, enum alert_rule_id rule, yaml_node_t *key,
                       yaml_node_t *value) {
    (void)key;
    each_pair(s, rule, yaml_doc_find(s->reader->doc, value, "objects"), count_object);
}

void alert_thresholds_settle(struct site_draft *d, bool objects) {
    struct reader *r = d->reader;
    struct settle s = {.draft = d, .reader = r, .objects = objects};
    if (d->thresholds == NULL)
        return;
    if (d->thresholds->type != YAML_MAPPING_NODE) {
        schema_error(r, d->thresholds, "thresholds needs {A01: {warning: 85}, ...}, not %.40s",
                     schema_show(d->thresholds));
        return;
    }
    each_pair(&s, ALERT_RULES, d->thresholds, count_rule);
    s.settings = arena_alloc(r->arena, 1, sizeof *s.settings);
    s.overrides = arena_alloc(r->arena, s.room + 1, sizeof *s.overrides);
    if (s.settings == NULL || s.overrides == NULL) {
        schema_error(r, d->thresholds, "out of memory");
        return;
    }
    for (size_t i = 0; i < ALERT_RULES; i++)
        s.settings->limits[i] = alert_rule((enum alert_rule_id)i)->limits;
    each_pair(&s, ALERT_RULES, d->thresholds, read_rule);
    s.settings->overrides = s.overrides;
    s.settings->override_count = s.count;
    d->site->alerts = s.settings;
}
