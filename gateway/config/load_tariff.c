#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "config/tariff_draft.h"
#include "config/tariff_load.h"

static const char *const statuses[] = {"verified", "unverified", NULL};

struct tariff_draft {
    struct tariff t;
    struct version_draft *versions;
    size_t count;
    int32_t *holidays, *workdays; /* = t.holidays, t.workdays */
    yaml_node_t *workdays_node;
};

void *tariff_room(struct reader *r, struct arena *arena, yaml_node_t *list, const char *what,
                  size_t max, size_t size) {
    if (list->type != YAML_SEQUENCE_NODE) {
        schema_error(r, list, "%s needs a list (- item, or [item, item]), not %.40s", what,
                     schema_show(list));
        return NULL;
    }
    size_t count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
    if (count == 0) {
        schema_error(r, list, "%s is empty; list something or leave the key out", what);
        return NULL;
    }
    if (count > max) {
        schema_error(r, list, "%s has %zu entries; %zu at most", what, count, max);
        return NULL;
    }
    void *room = arena_alloc(arena, count, size);
    if (room == NULL) {
        schema_error(r, list, "out of memory");
    }
    return room;
}

static size_t errors_of(const struct reader *r) {
    return r->errors->total - r->errors->warnings;
}

/* ---- holidays and make-up workdays ------------------------------------------------------- */

struct days_draft {
    int32_t *days;
    size_t count;
    const char *what;
};

static void read_day(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct days_draft *d = target;
    const char *text = NULL;
    int32_t day;
    (void)index;
    if (!schema_text(r, item, d->what, 0, &text)) {
        return;
    }
    if (civil_day_parse(text, &day) < 0) {
        schema_error(r, item, "%s '%.40s' is not a date; write it as 2026-01-31", d->what, text);
    } else if (d->count > 0 && day <= d->days[d->count - 1]) {
        schema_error(r, item, "%s %s does not follow the date before it; list them oldest first",
                     d->what, text);
    } else {
        d->days[d->count++] = day;
    }
}

static size_t read_days(struct reader *r, yaml_node_t *node, const char *what, int32_t **ret_days) {
    struct days_draft d = {.what = what};
    d.days = tariff_room(r, r->arena, node, what, TARIFF_DAYS_MAX, sizeof *d.days);
    if (d.days != NULL) {
        schema_each(r, node, what, read_day, &d);
    }
    *ret_days = d.days;
    return d.count;
}

static void read_holidays(struct reader *r, yaml_node_t *node, void *target) {
    struct tariff_draft *d = target;
    d->t.holiday_count = read_days(r, node, "holidays", &d->holidays);
    d->t.holidays = d->holidays;
}

static void read_workdays(struct reader *r, yaml_node_t *node, void *target) {
    struct tariff_draft *d = target;
    d->t.workday_count = read_days(r, node, "workdays", &d->workdays);
    d->t.workdays = d->workdays;
    d->workdays_node = node;
}

/* A make-up workday is a weekend day, and no holiday. For lists read without errors. */
static void check_workdays(struct reader *r, const struct tariff_draft *d) {
    const struct tariff holidays_only = {.holidays = d->t.holidays,
                                         .holiday_count = d->t.holiday_count};
    for (size_t i = 0; i < d->t.workday_count; i++) {
        yaml_node_t *item = yaml_doc_node(r->doc, d->workdays_node->data.sequence.items.start[i]);
        enum day_type type = tariff_day_type(&holidays_only, d->workdays[i]);
        if (type == DAY_HOLIDAY) {
            schema_error(r, item, "workdays has %s, which holidays has too; keep one",
                         schema_show(item));
        } else if (type == DAY_WORKDAY) {
            schema_error(r, item,
                         "workdays has %s, which is no Saturday or Sunday; list only weekend days "
                         "that are worked",
                         schema_show(item));
        }
    }
}

/* ---- versions ----------------------------------------------------------------------------- */

static const struct field version_fields[] = {
    {"document", FIELD_TEXT, .required = true, KEEP(struct version_draft, v.document), .min = 1},
    {"source", FIELD_TEXT, .required = true, KEEP(struct version_draft, v.source), .min = 1,
     .max = 2000},
    {"status", FIELD_CHOICE, .required = true, KEEP(struct version_draft, status),
     .choices = statuses},
    {"notes", FIELD_TEXT, .max = 8000},
    {"valid_from", FIELD_DATE, .required = true, KEEP(struct version_draft, from)},
    {"valid_to", FIELD_DATE, KEEP(struct version_draft, to)},
    {"ratios", FIELD_CUSTOM, .required = true, .read = tariff_read_ratios},
    {"ratios_by_month", FIELD_CUSTOM, .read = tariff_read_seasons},
    {"windows", FIELD_CUSTOM, .required = true, .read = tariff_read_windows},
    {"billing", FIELD_CUSTOM, .read = tariff_read_billing},
    {0},
};

static void settle_dates(struct reader *r, struct version_draft *v) {
    bool has_end = yaml_doc_find(r->doc, v->node, "valid_to") != NULL;
    v->v.to_day = INT32_MAX;
    v->dated = v->from != NULL && civil_day_parse(v->from, &v->v.from_day) == ERR_OK;
    if (has_end) {
        v->dated = v->dated && v->to != NULL && civil_day_parse(v->to, &v->v.to_day) == ERR_OK;
    }
    if (v->dated && v->v.to_day <= v->v.from_day) {
        message_error(r->errors, yaml_doc_place_of(r->doc, v->node, "valid_to"),
                      "valid_to %s is not after valid_from; it is the first day that no longer "
                      "counts",
                      v->to);
        v->dated = false;
    }
}

/* Follows the version before it, oldest first, without overlap. */
static void check_order(struct reader *r, const struct version_draft *before,
                        const struct version_draft *v) {
    struct place at = yaml_doc_place_of(r->doc, v->node, "valid_from");
    size_t line = before->node->start_mark.line + 1;
    if (v->v.from_day <= before->v.from_day) {
        message_error(r->errors, at,
                      "valid_from %s is not after the %s of the version in line %zu; list the "
                      "oldest version first",
                      v->from, before->from, line);
    } else if (before->v.to_day == INT32_MAX) {
        message_error(r->errors, at,
                      "the version in line %zu never ends; give it valid_to: %s, the first day "
                      "that is no longer its own",
                      line, v->from);
    } else if (v->v.from_day < before->v.to_day) {
        message_error(r->errors, at,
                      "valid_from %s overlaps the version in line %zu, which counts until %s; make "
                      "them meet",
                      v->from, line, before->to);
    } else if (v->v.from_day > before->v.to_day) {
        message_warning(r->errors, at,
                        "no version counts from %s to %s: energy of those days has no period and "
                        "no cost",
                        before->to, v->from);
    }
}

static void read_version(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct tariff_draft *d = target;
    struct version_draft *v = &d->versions[index];
    size_t before = errors_of(r);
    v->node = item;
    tariff_no_ratios(v->v.ratio);
    tariff_no_billing(&v->v.billing);
    schema_read(r, item, "a version", version_fields, v);
    if (item->type == YAML_MAPPING_NODE && errors_of(r) == before) {
        tariff_check_windows(r, v);
    }
    settle_dates(r, v);
    v->v.verified = v->status == 0;
    if (index > 0 && v->dated && d->versions[index - 1].dated) {
        check_order(r, &d->versions[index - 1], v);
    }
    d->count = index + 1;
}

static void read_versions(struct reader *r, yaml_node_t *node, void *target) {
    struct tariff_draft *d = target;
    d->versions =
        tariff_room(r, r->scratch, node, "versions", TARIFF_VERSIONS_MAX, sizeof *d->versions);
    if (d->versions != NULL) {
        schema_each(r, node, "versions", read_version, d);
    }
}

/* ---- the file ------------------------------------------------------------------------------ */

static const struct field tariff_fields[] = {
    {"id", FIELD_ID, .required = true, KEEP(struct tariff_draft, t.id)},
    {"name", FIELD_TEXT, KEEP(struct tariff_draft, t.name)},
    {"notes", FIELD_TEXT, .max = 8000},
    {"holidays", FIELD_CUSTOM, .read = read_holidays},
    {"workdays", FIELD_CUSTOM, .read = read_workdays},
    {"versions", FIELD_CUSTOM, .required = true, .read = read_versions},
    {0},
};

static void check_id(struct reader *r, const struct tariff_draft *d, const char *name) {
    if (d->t.id != NULL && strcmp(d->t.id, name) != 0) {
        message_error(r->errors, yaml_doc_place_of(r->doc, yaml_doc_root(r->doc), "id"),
                      "id '%s' is not the file's name '%.40s'; records carry the one and sites ask "
                      "for the other: make them the same",
                      d->t.id, name);
    }
}

/* Out of the draft into the arena; NULL without memory. */
static const struct tariff *keep(struct arena *arena, struct tariff_draft *d) {
    struct tariff *t = arena_alloc(arena, 1, sizeof *t);
    struct tariff_version *versions = arena_alloc(arena, d->count + 1, sizeof *versions);
    if (t == NULL || versions == NULL) {
        return NULL;
    }
    *t = d->t;
    t->name = t->name != NULL ? t->name : t->id;
    t->versions = versions;
    t->version_count = d->count;
    for (size_t i = 0; i < d->count; i++) {
        versions[i] = d->versions[i].v;
        versions[i].id = t->id;
    }
    return t;
}

int tariff_from_memory(struct load *l, const char *file, const char *name, const char *bytes,
                       size_t n, const struct tariff **ret) {
    struct yaml_doc doc;
    size_t before = l->errors->total - l->errors->warnings;
    l->hash = hash_file(l->hash, bytes, n);
    if (yaml_doc_load(&doc, file, l->files++, bytes, n, l->errors) < 0) {
        return ERR_SYNTAX;
    }
    struct reader r = {&doc, l->arena, l->scratch, l->errors, NULL};
    struct tariff_draft d = {0};
    schema_read(&r, yaml_doc_root(&doc), "a tariff", tariff_fields, &d);
    check_id(&r, &d, name);
    if (errors_of(&r) == before) {
        check_workdays(&r, &d);
    }
    const struct tariff *t = keep(l->arena, &d);
    if (t == NULL) {
        message_error(l->errors, (struct place){file, 0, 0, 0}, "out of memory");
    }
    yaml_doc_free(&doc);
    if (errors_of(&r) > before) {
        return ERR_SYNTAX;
    }
    *ret = t;
    return ERR_OK;
}

int tariff_from_name(struct load *l, const char *name, struct place asked,
                     const struct tariff **ret) {
    char looked[600];
    const char *path = NULL;
    if (schema_is_id(name)) {
        path = data_file_find(l, "tariffs", name, looked, sizeof looked);
    }
    if (path == NULL) {
        return ERR_NOT_FOUND;
    }
    char *bytes;
    size_t n;
    int result = data_file_read(path, YAML_FILE_MAX, l->scratch, &bytes, &n);
    if (result < 0) {
        message_error(l->errors, asked, "tariff file %.200s: %s; check the name and its rights",
                      path, err_str(result));
        return ERR_SYNTAX;
    }
    return tariff_from_memory(l, path, name, bytes, n, ret);
}
