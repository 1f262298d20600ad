/* The carbon file of a site: factors of the grid, fuels, standard coal. docs/carbon.md has its
 * format. */
#include "config/carbon_load.h"

#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"

#define FACTORS_MAX 2000
#define FUELS_MAX   100
#define SOURCE_MAX  1000

static const char *const statuses[] = {"unverified", "verified", NULL};   /* index = verified */
static const char *const fuel_kinds[] = {"gas", "diesel", "other", NULL}; /* enum order */

struct carbon_draft {
    struct carbon_book book;
    struct grid_factor *factors;
    yaml_node_t **factor_nodes, **fuel_nodes; /* same order as factors, fuels */
    struct fuel_factor *fuels;
    yaml_node_t *areas;
    bool incomplete; /* a factor was wrong, or none is there: what is missing was reported */
};

static size_t errors_of(const struct reader *r) {
    return r->errors->total - r->errors->warnings;
}

static int line_of(const yaml_node_t *node) {
    return (int)node->start_mark.line + 1;
}

/* ---- areas, standard coal ---------------------------------------------------------------- */

static const struct field area_fields[] = {
    {"province", FIELD_TEXT, .required = true, KEEP(struct carbon_book, province), .min = 1,
     .max = CARBON_AREA_MAX},
    {"region", FIELD_TEXT, KEEP(struct carbon_book, region), .min = 1, .max = CARBON_AREA_MAX},
    {"country", FIELD_TEXT, .required = true, KEEP(struct carbon_book, country), .min = 1,
     .max = CARBON_AREA_MAX},
    {0},
};

static void read_areas(struct reader *r, yaml_node_t *node, void *target) {
    struct carbon_draft *d = target;
    d->areas = node;
    schema_read(r, node, "areas", area_fields, &d->book);
}

static const struct field coal_fields[] = {
    {"electricity_kgce_per_kwh", FIELD_NUMBER, .required = true,
     KEEP(struct carbon_book, kgce_per_kwh), .min = 0.01, .max = 1, .preset = (double)NAN},
    {"source", FIELD_TEXT, .required = true, .min = 1, .max = SOURCE_MAX},
    {0},
};

static void read_coal(struct reader *r, yaml_node_t *node, void *target) {
    struct carbon_draft *d = target;
    schema_read(r, node, "standard_coal", coal_fields, &d->book);
}

/* ---- factors ----------------------------------------------------------------------------- */

struct factor_draft {
    struct grid_factor f;
    const char *from, *to; /* dates as written, NULL: open */
    int verified;
};

static void read_series(struct reader *r, yaml_node_t *node, void *target) {
    struct factor_draft *d = target;
    const char *names[FACTOR_SERIES_COUNT + 1] = {NULL};
    int i = 0;
    for (int s = 0; s < FACTOR_SERIES_COUNT; s++) {
        names[s] = factor_series_str((enum factor_series)s);
    }
    if (schema_choice(r, node, "series", names, &i)) {
        d->f.series = (enum factor_series)i;
    }
}

static const struct field factor_fields[] = {
    {"series", FIELD_CUSTOM, .required = true, .read = read_series},
    {"area", FIELD_TEXT, .required = true, KEEP(struct factor_draft, f.area), .min = 1,
     .max = CARBON_AREA_MAX},
    {"year", FIELD_INT, .required = true, KEEP(struct factor_draft, f.year), .min = 2000,
     .max = 2100},
    {"kg_per_kwh", FIELD_NUMBER, .required = true, KEEP(struct factor_draft, f.kg_per_kwh),
     .max = 2},
    {"valid_from", FIELD_DATE, KEEP(struct factor_draft, from)},
    {"valid_to", FIELD_DATE, KEEP(struct factor_draft, to)},
    {"version", FIELD_INT, KEEP(struct factor_draft, f.version), .min = 1, .max = 1e6, .preset = 1},
    {"status", FIELD_CHOICE, .required = true, KEEP(struct factor_draft, verified),
     .choices = statuses},
    {"source", FIELD_TEXT, .required = true, KEEP(struct factor_draft, f.source), .min = 1,
     .max = SOURCE_MAX},
    {0},
};

static void settle_validity(struct reader *r, yaml_node_t *item, struct factor_draft *f) {
    f->f.from_day = INT32_MIN;
    f->f.to_day = INT32_MAX;
    if (f->from != NULL) {
        civil_day_parse(f->from, &f->f.from_day); /* real days: the schema has seen to it */
    }
    if (f->to != NULL) {
        civil_day_parse(f->to, &f->f.to_day);
    }
    if (f->f.from_day >= f->f.to_day) {
        message_error(r->errors, yaml_doc_place_of(r->doc, item, "valid_to"),
                      "valid_to %s is not after valid_from %s; give the first day on which the "
                      "factor no longer counts",
                      f->to, f->from);
    }
}

/* Of equal version the gateway could not choose. */
static void check_overlap(struct reader *r, yaml_node_t *item, const struct carbon_draft *d,
                          const struct grid_factor *f) {
    for (size_t i = 0; i < d->book.factor_count; i++) {
        const struct grid_factor *other = &d->factors[i];
        if (grid_factor_overlaps(other, f)) {
            schema_error(r, item,
                         "the factor %s of %s for %d, version %d, in line %d is valid at the same "
                         "time as the one in line %d; give the newer one a higher version, or end "
                         "the older one with valid_to",
                         factor_series_str(f->series), f->area, f->year, (int)f->version, f->line,
                         other->line);
            return;
        }
    }
}

static void read_factor(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct carbon_draft *d = target;
    struct factor_draft f = {0};
    size_t before = errors_of(r);
    (void)index;
    schema_read(r, item, "a factor", factor_fields, &f);
    if (errors_of(r) == before) {
        settle_validity(r, item, &f);
    }
    if (errors_of(r) > before) {
        d->incomplete = true;
        return;
    }
    f.f.verified = f.verified != 0;
    f.f.line = line_of(item);
    check_overlap(r, item, d, &f.f);
    d->factor_nodes[d->book.factor_count] = item;
    d->factors[d->book.factor_count++] = f.f;
}

/* Room for the items of a list; 0 after reporting that there are too many. */
static size_t room_for(struct reader *r, yaml_node_t *node, const char *what, size_t max) {
    size_t n = 0;
    if (node->type == YAML_SEQUENCE_NODE) {
        n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    }
    if (n > max) {
        schema_error(r, node, "%s takes %zu items at most; leave out what the site does not need",
                     what, max);
        return 0;
    }
    return n + 1;
}

static void read_factors(struct reader *r, yaml_node_t *node, void *target) {
    struct carbon_draft *d = target;
    size_t room = room_for(r, node, "factors", FACTORS_MAX);
    if (room == 0) {
        return;
    }
    d->factors = arena_alloc(r->arena, room, sizeof *d->factors);
    d->factor_nodes = arena_alloc(r->scratch, room, sizeof(yaml_node_t *));
    if (d->factors == NULL || d->factor_nodes == NULL) {
        schema_error(r, node, "out of memory");
    } else if (schema_each(r, node, "factors", read_factor, d) == 0) {
        d->incomplete = true;
        if (node->type == YAML_SEQUENCE_NODE) {
            schema_error(r, node, "factors is empty; list what was published for the areas");
        }
    }
}

/* ---- fuels ------------------------------------------------------------------------------- */

struct fuel_draft {
    struct fuel_factor f;
    int kind, verified;
};

static const struct field fuel_fields[] = {
    {"kind", FIELD_CHOICE, .required = true, KEEP(struct fuel_draft, kind), .choices = fuel_kinds},
    {"unit", FIELD_TEXT, .required = true, KEEP(struct fuel_draft, f.unit), .min = 1, .max = 16},
    {"kg_per_unit", FIELD_NUMBER, .required = true, KEEP(struct fuel_draft, f.kg_per_unit),
     .max = 1e4},
    {"kgce_per_unit", FIELD_NUMBER, KEEP(struct fuel_draft, f.kgce_per_unit), .max = 1e4,
     .preset = (double)NAN},
    {"method", FIELD_TEXT, .required = true, KEEP(struct fuel_draft, f.method), .min = 1},
    {"status", FIELD_CHOICE, .required = true, KEEP(struct fuel_draft, verified),
     .choices = statuses},
    {"source", FIELD_TEXT, .required = true, KEEP(struct fuel_draft, f.source), .min = 1,
     .max = SOURCE_MAX},
    {0},
};

static void read_fuel(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct carbon_draft *d = target;
    struct fuel_draft f = {0};
    size_t before = errors_of(r);
    (void)index;
    schema_read(r, item, "a fuel", fuel_fields, &f);
    if (errors_of(r) > before) {
        return;
    }
    f.f.kind = (enum fuel_kind)f.kind;
    f.f.verified = f.verified != 0;
    for (size_t i = 0; i < d->book.fuel_count; i++) {
        if (d->fuels[i].kind == f.f.kind && strcmp(d->fuels[i].unit, f.f.unit) == 0) {
            schema_error(r, item,
                         "the fuel %s in %s stands in line %d and in line %d; keep the method that "
                         "the site reports by",
                         fuel_kinds[f.kind], f.f.unit, line_of(d->fuel_nodes[i]), line_of(item));
            return;
        }
    }
    d->fuel_nodes[d->book.fuel_count] = item;
    d->fuels[d->book.fuel_count++] = f.f;
}

static void read_fuels(struct reader *r, yaml_node_t *node, void *target) {
    struct carbon_draft *d = target;
    size_t room = room_for(r, node, "fuels", FUELS_MAX);
    if (room == 0) {
        return;
    }
    d->fuels = arena_alloc(r->arena, room, sizeof *d->fuels);
    d->fuel_nodes = arena_alloc(r->scratch, room, sizeof(yaml_node_t *));
    if (d->fuels == NULL || d->fuel_nodes == NULL) {
        schema_error(r, node, "out of memory");
    } else {
        schema_each(r, node, "fuels", read_fuel, d);
    }
}

/* ---- the file ---------------------------------------------------------------------------- */

static bool is_used(const struct carbon_book *b, const struct grid_factor *f) {
    const char *area = carbon_area(b, f->series);
    return area != NULL && strcmp(area, f->area) == 0;
}

static bool has_factor(const struct carbon_draft *d, enum factor_series s, const char *area) {
    for (size_t i = 0; i < d->book.factor_count; i++) {
        if (d->factors[i].series == s && strcmp(d->factors[i].area, area) == 0) {
            return true;
        }
    }
    return false;
}

/* An area without a factor would leave its carbon null for ever, without a word. */
static void check_areas(struct reader *r, const struct carbon_draft *d) {
    static const struct {
        const char *key;
        enum factor_series series;
    } rows[] = {
        {"province", FACTOR_PROVINCE},
        {"region", FACTOR_REGION},
        {"country", FACTOR_NATIONAL},
    };
    bool complete = d->areas != NULL && d->factors != NULL && !d->incomplete;
    for (size_t i = 0; complete && i < sizeof rows / sizeof rows[0]; i++) {
        const char *area = carbon_area(&d->book, rows[i].series);
        if (area != NULL && !has_factor(d, rows[i].series, area)) {
            message_error(r->errors, yaml_doc_place_of(r->doc, d->areas, rows[i].key),
                          "%s %s has no factor of series %s; add one or correct the name",
                          rows[i].key, area, factor_series_str(rows[i].series));
        }
    }
    for (size_t i = 0; d->book.country != NULL && i < d->book.factor_count; i++) {
        const struct grid_factor *f = &d->factors[i];
        if (!is_used(&d->book, f)) {
            message_warning(r->errors, yaml_doc_place_of(r->doc, d->factor_nodes[i], "area"),
                            "area %s is not the file's area for series %s: this factor is never "
                            "used",
                            f->area, factor_series_str(f->series));
        }
    }
}

static const struct field book_fields[] = {
    {"id", FIELD_ID, .required = true, KEEP(struct carbon_draft, book.id)},
    {"areas", FIELD_CUSTOM, .required = true, .read = read_areas},
    {"standard_coal", FIELD_CUSTOM, .read = read_coal},
    {"factors", FIELD_CUSTOM, .required = true, .read = read_factors},
    {"fuels", FIELD_CUSTOM, .read = read_fuels},
    {0},
};

static void read_book(struct reader *r, const char *name, struct carbon_draft *d) {
    yaml_node_t *root = yaml_doc_root(r->doc);
    d->book.kgce_per_kwh = (double)NAN;
    schema_read(r, root, "a carbon file", book_fields, d);
    if (d->book.id != NULL && strcmp(d->book.id, name) != 0) {
        message_error(r->errors, yaml_doc_place_of(r->doc, root, "id"),
                      "id '%s' is not the file's name '%s'; give both the same", d->book.id, name);
    }
    check_areas(r, d);
    d->book.factors = d->factors;
    d->book.fuels = d->fuels;
}

int carbon_from_memory(struct load *l, const char *file, const char *name, const char *bytes,
                       size_t n, const struct carbon_book **ret) {
    struct yaml_doc doc;
    size_t before = l->errors->total - l->errors->warnings;
    l->hash = hash_file(l->hash, bytes, n);
    if (yaml_doc_load(&doc, file, l->files++, bytes, n, l->errors) < 0) {
        return ERR_SYNTAX;
    }
    struct reader r = {&doc, l->arena, l->scratch, l->errors, NULL};
    struct carbon_draft d = {0};
    read_book(&r, name, &d);
    struct carbon_book *b = arena_alloc(l->arena, 1, sizeof *b);
    if (b == NULL) {
        message_error(l->errors, (struct place){file, 0, 0, 0}, "out of memory");
    } else {
        *b = d.book;
    }
    yaml_doc_free(&doc);
    if (errors_of(&r) > before) {
        return ERR_SYNTAX;
    }
    *ret = b;
    return ERR_OK;
}

int carbon_from_name(struct load *l, const char *name, struct place asked,
                     const struct carbon_book **ret) {
    char looked[600], *bytes;
    size_t n;
    const char *path = data_file_find(l, "carbon", name, looked, sizeof looked);
    if (path == NULL) {
        return ERR_NOT_FOUND;
    }
    int result = data_file_read(path, YAML_FILE_MAX, l->scratch, &bytes, &n);
    if (result < 0) {
        message_error(l->errors, asked, "carbon file %.200s: %s; check the name and its rights",
                      path, err_str(result));
        return ERR_SYNTAX;
    }
    return carbon_from_memory(l, path, name, bytes, n, ret);
}
