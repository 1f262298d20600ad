#include "config/profile_load.h"

#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "config/nearest.h"
#include "meter/site.h"

static const char *const word_orders[] = {"big", "little", NULL};
static const char *const accesses[] = {"r", "rw", NULL};
static const char *const shown_times[] = {"utc", "local", NULL};
static const char *const channels[] = {"pv", "storage", "grid", "load", NULL};
static const char *const confidences[] = {"A", "B", "C", NULL};

/* Parallel to point_types: the name's type and its registers (0: count says). */
static const char *const point_type_names[] = {
    "u16",    "i16",    "u32",        "i32",        "u64",     "i64",    "f32", "f64", "string",
    "bits16", "bits32", "bitfield16", "bitfield32", "u8_high", "u8_low", "bit", NULL};
static const struct {
    enum point_type type;
    uint8_t registers;
} point_types[] = {
    {POINT_U16, 1},    {POINT_I16, 1},       {POINT_U32, 2},      {POINT_I32, 2},
    {POINT_U64, 4},    {POINT_I64, 4},       {POINT_F32, 2},      {POINT_F64, 4},
    {POINT_STRING, 0}, {POINT_BITS16, 1},    {POINT_BITS32, 2},   {POINT_BITS16, 1},
    {POINT_BITS32, 2}, {POINT_BYTE_HIGH, 1}, {POINT_BYTE_LOW, 1}, {POINT_BIT, 1},
};

static void read_type(struct reader *r, yaml_node_t *node, void *target) {
    struct point_draft *d = target;
    int i = 0;
    if (!schema_choice(r, node, "type", point_type_names, &i)) {
        return;
    }
    d->p.type = point_types[i].type;
    d->p.registers = point_types[i].registers;
    d->broken = false;
}

static bool is_snake(const char *text) {
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == 0;
}

static void read_quantity(struct reader *r, yaml_node_t *node, void *target) {
    struct point_draft *d = target;
    const char *name = NULL;
    if (!schema_text(r, node, "quantity", 48, &name)) {
        return;
    }
    d->p.quantity_name = name;
    if (quantity_parse(name, &d->p.quantity)) {
        return;
    }
    d->p.quantity = QUANTITY_OTHER;
    if (!is_snake(name)) {
        schema_error(r, node, "quantity '%.48s' is not a name; use a-z, 0-9 and _", name);
        return;
    }
    struct nearest near;
    nearest_init(&near, name);
    for (int q = 0; q < QUANTITY_COUNT; q++) {
        nearest_offer(&near, quantity_str((enum quantity)q));
    }
    if (near.distance <= 2 && strlen(name) >= 6) {
        schema_warning(r, node,
                       "quantity '%s' is unknown: shown, never computed with; did you mean '%s'?",
                       name, near.best);
    }
}

static void read_phase(struct reader *r, yaml_node_t *node, void *target) {
    static const char *const names[] = {"l1",   "l2", "l3",    "l1l2", "l2l3",
                                        "l3l1", "n",  "total", NULL};
    struct point_draft *d = target;
    int i = 0;
    if (schema_choice(r, node, "phase", names, &i)) {
        phase_parse(names[i], &d->p.phase);
    }
}

static void read_point_name(struct reader *r, yaml_node_t *node, void *target) {
    struct point_draft *d = target;
    const char *name = NULL;
    if (!schema_text(r, node, "name", 64, &name)) {
        return;
    }
    if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-")] != 0) {
        schema_error(r, node, "name '%.64s' is not a point name; use a-z, 0-9, _ . and -", name);
        return;
    }
    d->p.name = name;
    d->named = true;
}

static void read_sign(struct reader *r, yaml_node_t *node, void *target) {
    struct point_draft *d = target;
    int64_t v = 0;
    if (schema_int(r, node, "sign", -1, 1, &v)) {
        if (v == 0) {
            schema_error(r, node, "sign is 1 or -1");
        } else {
            d->p.sign = (int8_t)v;
        }
    }
}

static void read_unavailable_item(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct point_draft *d = target;
    const char *text = item->type == YAML_SCALAR_NODE ? yaml_doc_text(item) : NULL;
    uint64_t pattern;
    bool negative;
    if (index >= POINT_UNAVAILABLE_MAX) {
        if (index == POINT_UNAVAILABLE_MAX) {
            schema_error(r, item, "unavailable takes %d patterns at most", POINT_UNAVAILABLE_MAX);
        }
    } else if (text == NULL || !schema_pattern(text, &pattern, &negative)) {
        schema_error(r, item, "unavailable needs raw patterns such as 0x8000 or -32768, not %.40s",
                     schema_show(item));
    } else {
        d->p.unavailable[d->p.unavailable_count++] = pattern;
    }
}

static void read_unavailable(struct reader *r, yaml_node_t *node, void *target) {
    schema_each(r, node, "unavailable", read_unavailable_item, target);
}

static void read_bits(struct reader *r, yaml_node_t *node, void *target) {
    struct point_draft *d = target;
    if (node->type != YAML_MAPPING_NODE) {
        schema_error(r, node, "bits needs a mapping {0: name, 1: name}, not %.40s",
                     schema_show(node));
        return;
    }
    yaml_node_pair_t *pairs = node->data.mapping.pairs.start;
    size_t count = (size_t)(node->data.mapping.pairs.top - pairs);
    struct point_bit *bits = arena_alloc(r->arena, count + 1, sizeof *bits);
    uint32_t seen = 0;
    if (bits == NULL || count > 32) {
        schema_error(r, node, "bits takes 32 names at most");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        yaml_node_t *key = yaml_doc_node(r->doc, pairs[i].key);
        int64_t bit = 0;
        if (!schema_int(r, key, "a bit number", 0, 31, &bit)) {
            continue;
        }
        if ((seen >> bit & 1) != 0) {
            schema_error(r, key, "bit %d stands twice; keep one", (int)bit);
        }
        seen |= (uint32_t)1 << bit;
        struct point_bit *b = &bits[d->p.bit_count];
        if (schema_text(r, yaml_doc_node(r->doc, pairs[i].value), "a bit's name", 64, &b->name)) {
            b->bit = (uint8_t)bit;
            d->p.bit_count++;
        }
    }
    d->p.bits = bits;
}

/* How a register folds the quadrant into the power factor: calc/power.h. */
static void read_pf_format(struct reader *r, yaml_node_t *node, void *target) {
    static const char *const names[] = {"signed", "folded", "folded_23", NULL};
    struct point_draft *d = target;
    int i = 0;
    if (schema_choice(r, node, "pf_format", names, &i)) {
        d->p.pf_format = (uint8_t)i;
    }
}

static const struct field point_fields[] = {
    {"register", FIELD_INT, .required = true, KEEP(struct point_draft, p.register_no),
     .max = 65535},
    {"type", FIELD_CUSTOM, .required = true, .read = read_type},
    {"count", FIELD_INT, KEEP(struct point_draft, count), .min = 1, .max = POINT_STRING_MAX},
    {"quantity", FIELD_CUSTOM, .required = true, .read = read_quantity},
    {"phase", FIELD_CUSTOM, .read = read_phase},
    {"unit", FIELD_TEXT, KEEP(struct point_draft, p.unit), .max = 16, .preset_text = ""},
    {"name", FIELD_CUSTOM, .read = read_point_name},
    {"channel", FIELD_WORD, KEEP(struct point_draft, p.channel), .choices = channels},
    {"function", FIELD_INT, KEEP(struct point_draft, p.function), .min = 1, .max = 4},
    {"word_order", FIELD_CHOICE, KEEP(struct point_draft, word_order), .choices = word_orders,
     .preset = -1},
    {"scale", FIELD_NUMBER, KEEP(struct point_draft, p.scale), .preset = 1},
    {"offset", FIELD_NUMBER, KEEP(struct point_draft, p.offset)},
    {"sign", FIELD_CUSTOM, .read = read_sign},
    {"ratio", FIELD_TEXT, KEEP(struct point_draft, ratio), .max = 100},
    {"exponent", FIELD_TEXT, KEEP(struct point_draft, exponent), .max = 100},
    {"unavailable", FIELD_CUSTOM, .read = read_unavailable},
    {"modulus", FIELD_NUMBER, KEEP(struct point_draft, p.modulus), .min = 1,
     .max = 18446744073709551616.0},
    {"min", FIELD_NUMBER, KEEP(struct point_draft, p.min), .preset = -(double)INFINITY},
    {"max", FIELD_NUMBER, KEEP(struct point_draft, p.max), .preset = (double)INFINITY},
    {"pf_format", FIELD_CUSTOM, .read = read_pf_format},
    {"bits", FIELD_CUSTOM, .read = read_bits},
    {"access", FIELD_CHOICE, KEEP(struct point_draft, access), .choices = accesses},
    {"every", FIELD_TEXT, KEEP(struct point_draft, every), .max = 8},
    {"time", FIELD_CHOICE, KEEP(struct point_draft, shows), .choices = shown_times, .preset = -1},
    {"register_low", FIELD_INT, KEEP(struct point_draft, register_low), .max = 65535, .preset = -1},
    {0},
};

static void read_point(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct profile_draft *d = target;
    if (index >= PROFILE_POINTS_MAX) {
        return;
    }
    struct point_draft *p = &d->points[index];
    p->node = item;
    p->p.sign = 1;
    p->broken = true; /* until its type is known */
    bool complete = schema_read(r, item, "a point", point_fields, p);
    p->broken = p->broken || !complete || p->p.quantity_name == NULL;
    d->count = index + 1;
}

static void read_points(struct reader *r, yaml_node_t *node, void *target) {
    struct profile_draft *d = target;
    size_t room = PROFILE_POINTS_MAX;
    if (node->type == YAML_SEQUENCE_NODE) {
        room = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    }
    if (room > PROFILE_POINTS_MAX) {
        schema_error(r, node, "points takes %d points at most", PROFILE_POINTS_MAX);
        return;
    }
    d->points = arena_alloc(r->scratch, room + 1, sizeof *d->points);
    if (d->points == NULL) {
        schema_error(r, node, "out of memory");
    } else if (schema_each(r, node, "points", read_point, d) == 0) {
        schema_error(r, node, "points is empty; list what the device measures");
    }
}

static void read_role_item(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct profile_draft *d = target;
    const char *names[ROLE_COUNT + 1] = {NULL};
    for (int i = 0; i < ROLE_COUNT; i++) {
        names[i] = role_str((enum role)i);
    }
    int role = 0;
    (void)index;
    if (schema_choice(r, item, "roles", names, &role)) {
        d->profile.roles |= UINT32_C(1) << role;
    }
}

static void read_roles(struct reader *r, yaml_node_t *node, void *target) {
    if (schema_each(r, node, "roles", read_role_item, target) == 0 &&
        node->type == YAML_SEQUENCE_NODE) {
        schema_error(r, node, "roles is empty; say what the device can be, e.g. [grid, load]");
    }
}

static const struct field modbus_fields[] = {
    {"function", FIELD_INT, KEEP(struct profile_draft, function), .min = 1, .max = 4, .preset = 3},
    {"word_order", FIELD_CHOICE, KEEP(struct profile_draft, word_order), .choices = word_orders},
    {"max_registers", FIELD_INT, KEEP(struct profile_draft, max_registers), .min = 1, .max = 125,
     .preset = 125},
    {"bridge_gaps", FIELD_BOOL, KEEP(struct profile_draft, bridge_gaps), .preset = 1},
    {"max_gap", FIELD_INT, KEEP(struct profile_draft, max_gap), .max = 124, .preset = -1},
    {"align", FIELD_INT, KEEP(struct profile_draft, align), .min = 1, .max = 2, .preset = 1},
    {"request_gap_ms", FIELD_INT, KEEP(struct profile_draft, profile.request_gap_ms), .max = 10000},
    {"connect_gap_ms", FIELD_INT, KEEP(struct profile_draft, profile.connect_gap_ms), .max = 60000},
    {0},
};

static void read_modbus(struct reader *r, yaml_node_t *node, void *target) {
    struct profile_draft *d = target;
    schema_read(r, node, "modbus", modbus_fields, d);
    if (!d->bridge_gaps && d->max_gap > 0) {
        schema_error(r, node, "max_gap is %d and bridge_gaps is false; keep one of them",
                     d->max_gap);
    }
}

static const struct field profile_fields[] = {
    {"vendor", FIELD_TEXT, .required = true, KEEP(struct profile_draft, profile.vendor), .min = 1},
    {"model", FIELD_TEXT, .required = true, KEEP(struct profile_draft, profile.model), .min = 1},
    {"roles", FIELD_CUSTOM, .required = true, .read = read_roles},
    {"source", FIELD_TEXT, KEEP(struct profile_draft, profile.source), .max = 2000,
     .preset_text = ""},
    {"confidence", FIELD_WORD, KEEP(struct profile_draft, profile.confidence),
     .choices = confidences, .preset_text = ""},
    {"notes", FIELD_TEXT, KEEP(struct profile_draft, profile.notes), .max = 8000,
     .preset_text = ""},
    {"modbus", FIELD_CUSTOM, .read = read_modbus},
    {"points", FIELD_CUSTOM, .required = true, .read = read_points},
    {0},
};

static void settle_limits(struct profile_draft *d) {
    struct device_profile *p = &d->profile;
    uint32_t consumers = UINT32_C(1) << ROLE_GRID | UINT32_C(1) << ROLE_LOAD;
    p->source_convention = (p->roles & consumers) == 0;
    p->limits.max_registers = (uint16_t)d->max_registers;
    p->limits.align = (uint8_t)d->align;
    if (!d->bridge_gaps) {
        p->limits.max_gap = 0;
    } else {
        p->limits.max_gap = d->max_gap >= 0 ? (uint16_t)d->max_gap : 125;
    }
}

int profile_from_memory(struct load *l, const char *file, const char *name, const char *bytes,
                        size_t n, const struct device_profile **ret) {
    struct yaml_doc doc;
    size_t before = l->errors->total - l->errors->warnings;
    l->hash = hash_file(l->hash, bytes, n);
    if (yaml_doc_load(&doc, file, l->files++, bytes, n, l->errors) < 0) {
        return ERR_SYNTAX;
    }
    struct reader r = {&doc, l->arena, l->scratch, l->errors, NULL};
    struct profile_draft d = {0};
    schema_presets(modbus_fields, &d);
    schema_read(&r, yaml_doc_root(&doc), "a profile", profile_fields, &d);
    d.profile.name = name;
    settle_limits(&d);
    profile_take_clock(&r, &d);
    profile_link_points(&r, &d);
    struct device_profile *p = arena_alloc(l->arena, 1, sizeof *p);
    if (p == NULL) {
        message_error(l->errors, (struct place){file, 0, 0, 0}, "out of memory");
    } else {
        *p = d.profile;
    }
    yaml_doc_free(&doc);
    if (l->errors->total - l->errors->warnings > before) {
        return ERR_SYNTAX;
    }
    *ret = p;
    return ERR_OK;
}

/* "a/b/eastron-sdm630.yaml" -> "eastron-sdm630" */
static const char *base_name(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return arena_strndup(arena, base, dot != NULL ? (size_t)(dot - base) : strlen(base));
}

static bool is_path(const char *name) {
    const char *dot = strrchr(name, '.');
    return strchr(name, '/') != NULL || (dot != NULL && strcmp(dot, ".yaml") == 0);
}

int profile_from_name(struct load *l, const char *name, struct place asked,
                      const struct device_profile **ret) {
    char looked[600];
    const char *path = name;
    if (!is_path(name)) {
        path = data_file_find(l, "profiles", name, looked, sizeof looked);
    }
    if (path == NULL) {
        message_error(l->errors, asked, "profile '%.64s' is not there; looked for %s", name,
                      looked);
        return ERR_SYNTAX;
    }
    char *bytes;
    size_t n;
    int result = data_file_read(path, YAML_FILE_MAX, l->scratch, &bytes, &n);
    if (result < 0) {
        message_error(l->errors, asked, "profile file %.200s: %s; check the name and its rights",
                      path, err_str(result));
        return ERR_SYNTAX;
    }
    return profile_from_memory(l, path, base_name(l->arena, path), bytes, n, ret);
}

int config_load_profile(const char *name_or_file, const char *site_file, const char *data_dir,
                        struct arena *arena, struct config_errors *e,
                        const struct device_profile **ret_profile) {
    struct arena *scratch = arena_new();
    if (scratch == NULL) {
        message_error(e, (struct place){name_or_file, 0, 0, 0}, "out of memory");
        return ERR_NOMEM;
    }
    struct load l = {site_file, data_dir, arena, scratch, e, 1, HASH_START};
    int result =
        profile_from_name(&l, name_or_file, (struct place){"profile", 0, 0, 0}, ret_profile);
    arena_free(scratch);
    messages_sort(e);
    return result;
}
