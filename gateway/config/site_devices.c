/* The sections devices and virtual, as written. */
#include <math.h>
#include <string.h>

#include "calc/calendar.h"
#include "config/site_draft.h"

bool read_role(struct reader *r, yaml_node_t *node, enum role *ret) {
    const char *names[ROLE_COUNT + 1] = {NULL};
    for (int i = 0; i < ROLE_COUNT; i++) {
        names[i] = role_str((enum role)i);
    }
    int role = 0;
    if (!schema_choice(r, node, "role", names, &role)) {
        return false;
    }
    *ret = (enum role)role;
    return true;
}

static void read_device_role(struct reader *r, yaml_node_t *node, void *target) {
    struct device_draft *d = target;
    d->role_known = read_role(r, node, &d->d.role);
}

static void read_sign(struct reader *r, yaml_node_t *node, void *target) {
    struct device_draft *d = target;
    int64_t v = 1;
    if (schema_int(r, node, "sign", -1, 1, &v)) {
        if (v == 0) {
            schema_error(r, node, "sign is 1 or -1");
            v = 1;
        }
        d->d.sign = (int8_t)v;
    }
}

/* A profile is a name, never a path: what runs is in the profile folders. */
static void read_profile_name(struct reader *r, yaml_node_t *node, void *target) {
    struct device_draft *d = target;
    const char *name = NULL;
    if (!schema_text(r, node, "profile", 64, &name)) {
        return;
    }
    bool plain = name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   "._-")] == 0;
    size_t n = strlen(name);
    if (!plain || name[0] == '.' || (n > 5 && strcmp(name + n - 5, ".yaml") == 0)) {
        schema_error(r, node,
                     "profile '%.64s' is not a profile's name; give it without folder and "
                     ".yaml",
                     name);
        return;
    }
    d->profile = name;
}

struct ratio_draft {
    const char *from;
    struct ratio_step step;
};

#define UNKNOWN .preset = (double)NAN

static const struct field ratio_fields[] = {
    {"from", FIELD_DATE, .required = true, KEEP(struct ratio_draft, from)},
    {"ct_ratio", FIELD_NUMBER, KEEP(struct ratio_draft, step.ct_ratio), .min = 1e-3, .max = 1e5,
     UNKNOWN},
    {"pt_ratio", FIELD_NUMBER, KEEP(struct ratio_draft, step.pt_ratio), .min = 1e-3, .max = 1e5,
     UNKNOWN},
    {0},
};

struct ratios_draft {
    struct ratio_step *steps;
    size_t count;
};

static void read_ratio(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct ratios_draft *all = target;
    struct ratio_draft d = {0};
    (void)index;
    if (!schema_read(r, item, "a step of ratios_from", ratio_fields, &d) || d.from == NULL ||
        civil_day_parse(d.from, &d.step.from_day) < 0) {
        return; /* reported */
    }
    if (yaml_doc_find(r->doc, item, "ct_ratio") == NULL &&
        yaml_doc_find(r->doc, item, "pt_ratio") == NULL) {
        schema_error(r, item, "ratios_from %s changes nothing; give ct_ratio, pt_ratio or both",
                     d.from);
    }
    if (all->count > 0 && d.step.from_day <= all->steps[all->count - 1].from_day) {
        schema_error(r, item,
                     "ratios_from %s does not follow the one before it; list them oldest "
                     "first",
                     d.from);
    }
    all->steps[all->count++] = d.step;
}

static void read_ratios(struct reader *r, yaml_node_t *node, void *target) {
    struct device_draft *d = target;
    struct ratios_draft all = {draft_room(r, r->arena, node, sizeof *all.steps), 0};
    if (all.steps != NULL) {
        schema_each(r, node, "ratios_from", read_ratio, &all);
        d->d.ratios = all.steps;
        d->d.ratio_count = all.count;
    }
}

static const char *const protocols[] = {"modbus", NULL};

static const struct field device_fields[] = {
    {"id", FIELD_ID, .required = true, KEEP(struct device_draft, d.id)},
    {"link", FIELD_ID, .required = true, KEEP(struct device_draft, link)},
    {"unit", FIELD_INT, .required = true, KEEP(struct device_draft, d.unit), .max = 255},
    {"profile", FIELD_CUSTOM, .required = true, .read = read_profile_name},
    {"role", FIELD_CUSTOM, .required = true, .read = read_device_role},
    {"name", FIELD_TEXT, KEEP(struct device_draft, d.name)},
    {"parent", FIELD_TEXT, KEEP(struct device_draft, parent), .max = 64},
    {"protocol", FIELD_CHOICE, .choices = protocols},
    {"poll_ms", FIELD_INT, KEEP(struct device_draft, d.poll_ms), .min = 100, .max = 3600000,
     .preset = 1000},
    {"timeout_ms", FIELD_INT, KEEP(struct device_draft, timeout_ms), .min = 10, .max = 60000,
     .preset = -1},
    {"request_gap_ms", FIELD_INT, KEEP(struct device_draft, request_gap_ms), .max = 10000,
     .preset = -1},
    {"sign", FIELD_CUSTOM, .read = read_sign},
    {"ct_ratio", FIELD_NUMBER, KEEP(struct device_draft, d.ct_ratio), .min = 1e-3, .max = 1e5,
     UNKNOWN},
    {"pt_ratio", FIELD_NUMBER, KEEP(struct device_draft, d.pt_ratio), .min = 1e-3, .max = 1e5,
     UNKNOWN},
    {"ratios_from", FIELD_CUSTOM, .read = read_ratios},
    {"rated_kw", FIELD_NUMBER, KEEP(struct device_draft, d.rated_kw), .min = 1e-3, .max = 1e7,
     UNKNOWN},
    {"rated_kwp", FIELD_NUMBER, KEEP(struct device_draft, d.rated_kwp), .min = 1e-3, .max = 1e7,
     UNKNOWN},
    {"capacity_kwh", FIELD_NUMBER, KEEP(struct device_draft, d.capacity_kwh), .min = 1e-3,
     .max = 1e7, UNKNOWN},
    {"soc_min", FIELD_NUMBER, KEEP(struct device_draft, d.soc_min), .max = 100, UNKNOWN},
    {"soc_max", FIELD_NUMBER, KEEP(struct device_draft, d.soc_max), .max = 100, UNKNOWN},
    {"round_trip_pct", FIELD_NUMBER, KEEP(struct device_draft, d.round_trip_pct), .min = 1,
     .max = 100, UNKNOWN},
    {"enabled", FIELD_BOOL, KEEP(struct device_draft, d.enabled), .preset = 1},
    {"counted", FIELD_BOOL, KEEP(struct device_draft, d.counted), .preset = 1},
    {"claimed", FIELD_BOOL, KEEP(struct device_draft, d.claimed), .preset = 1},
    {"flexible", FIELD_BOOL, KEEP(struct device_draft, d.flexible)},
    {"owner", FIELD_TEXT, KEEP(struct device_draft, d.owner)},
    {"tenant", FIELD_TEXT, KEEP(struct device_draft, d.tenant)},
    {"meter_no", FIELD_TEXT, KEEP(struct device_draft, d.meter_no), .max = 64},
    {"accuracy_class", FIELD_TEXT, KEEP(struct device_draft, d.accuracy_class), .max = 16},
    {"calibrated_until", FIELD_DATE, KEEP(struct device_draft, d.calibrated_until)},
    {0},
};

static void read_device(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct site_draft *site = target;
    struct device_draft *d = &site->devices[index];
    d->node = item;
    d->d.sign = 1;
    d->d.parent = d->d.link = d->parent_feed = SITE_NONE;
    d->d.line = (int32_t)item->start_mark.line + 1;
    site->device_count = index + 1;
    schema_read(r, item, "a device", device_fields, d);
    if (d->d.name == NULL) {
        d->d.name = d->d.id;
    }
    if (d->d.soc_min >= d->d.soc_max) {
        message_error(r->errors, yaml_doc_place_of(r->doc, item, "soc_min"),
                      "soc_min must be less than soc_max");
    }
}

void read_devices(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    d->devices = draft_room(r, r->scratch, node, sizeof *d->devices);
    if (d->devices != NULL && schema_each(r, node, "devices", read_device, d) == 0 &&
        node->type == YAML_SEQUENCE_NODE) {
        schema_error(r, node, "devices is empty; give at least one device");
    }
}

static void read_virtual_role(struct reader *r, yaml_node_t *node, void *target) {
    struct virtual_draft *v = target;
    v->role_known = read_role(r, node, &v->v.role);
}

static void read_sum(struct reader *r, yaml_node_t *node, void *target) {
    struct virtual_draft *v = target;
    (void)r;
    v->sum = node; /* its terms name points: read when those are known */
}

static const struct field virtual_fields[] = {
    {"id", FIELD_ID, .required = true, KEEP(struct virtual_draft, v.id)},
    {"role", FIELD_CUSTOM, .required = true, .read = read_virtual_role},
    {"sum", FIELD_CUSTOM, .required = true, .read = read_sum},
    {0},
};

static void read_virtual(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct site_draft *d = target;
    struct virtual_draft *v = &d->virtuals[index];
    v->node = item;
    d->virtual_count = index + 1;
    schema_read(r, item, "a virtual point", virtual_fields, v);
}

void read_virtuals(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    d->virtuals = draft_room(r, r->scratch, node, sizeof *d->virtuals);
    if (d->virtuals != NULL) {
        schema_each(r, node, "virtual", read_virtual, d);
    }
}
