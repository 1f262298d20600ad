/* The sections site, store and reload. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/site_draft.h"

#define ZONES "/usr/share/zoneinfo"

static void read_uscc(struct reader *r, yaml_node_t *node, void *target) {
    struct site *s = target;
    if (!schema_text(r, node, "uscc", 0, &s->uscc)) {
        return;
    }
    /* GB 32100-2015: 18 characters, the letters I, O, S, V, Z are not used */
    if (strlen(s->uscc) != 18 || s->uscc[strspn(s->uscc, "0123456789ABCDEFGHJKLMNPQRTUWXY")] != 0) {
        schema_error(r, node,
                     "uscc '%.40s' is not 18 digits and capital letters (without I O S V "
                     "Z); copy it from the business licence",
                     s->uscc);
    }
}

static void read_industry(struct reader *r, yaml_node_t *node, void *target) {
    struct site *s = target;
    if (!schema_text(r, node, "industry_code", 0, &s->industry_code)) {
        return;
    }
    const char *t = s->industry_code;
    const char *digits = t + (t[0] >= 'A' && t[0] <= 'T');
    size_t n = strspn(digits, "0123456789");
    if (n < 2 || n > 4 || digits[n] != 0) {
        schema_error(r, node,
                     "industry_code '%.40s' is not of GB/T 4754; write it as C3099 or 3099", t);
    }
}

/* The zone must exist where the gateway runs: a wrong one moves every local day. */
static void read_timezone(struct reader *r, yaml_node_t *node, void *target) {
    struct site *s = target;
    const char *zone = NULL;
    if (!schema_text(r, node, "timezone", 64, &zone)) {
        return;
    }
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", ZONES, zone);
    bool sane = zone[0] != '/' && strstr(zone, "..") == NULL;
    bool installed = stat(ZONES, &st) == 0;
    if (!sane || (installed && (stat(path, &st) != 0 || !S_ISREG(st.st_mode)))) {
        schema_error(r, node, "timezone '%.64s' is unknown; use a name such as Asia/Shanghai",
                     zone);
        return;
    }
    s->timezone = zone;
}

#define YEAR_MAX 1e11 /* kWh: more than a province uses */

static const struct field green_fields[] = {
    {"contract_kwh_year", FIELD_NUMBER, KEEP(struct green_supply, contract_kwh_year),
     .max = YEAR_MAX},
    {"certificates_year", FIELD_NUMBER, KEEP(struct green_supply, certificates_year),
     .max = YEAR_MAX / 1000},
    {"bundled_certificates_year", FIELD_NUMBER,
     KEEP(struct green_supply, bundled_certificates_year), .max = YEAR_MAX / 1000},
    {"own_pv_sold_kwh_year", FIELD_NUMBER, KEEP(struct green_supply, own_pv_sold_kwh_year),
     .max = YEAR_MAX},
    {0},
};

static void read_green(struct reader *r, yaml_node_t *node, void *target) {
    struct site *s = target;
    schema_read(r, node, "green", green_fields, &s->green);
    if (s->green.bundled_certificates_year > s->green.certificates_year) {
        message_error(
            r->errors, yaml_doc_place_of(r->doc, node, "bundled_certificates_year"),
            "bundled_certificates_year is a part of certificates_year and cannot be more; "
            "count all certificates there");
    }
}

#define BUDGET_MAX 1e9 /* t CO2 a year: more than a province emits */

static void read_month_budget(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct carbon_budget *b = target;
    double t = 0;
    if (schema_number(r, item, "a month's carbon_budget_t", 0, BUDGET_MAX, &t) && index < 12) {
        b->month_t[index] = t;
    }
}

/* Of a year, or a list of its twelve months. */
static void read_carbon_budget(struct reader *r, yaml_node_t *node, void *target) {
    struct carbon_budget *b = &((struct site *)target)->carbon_budget;
    b->by_month = node->type == YAML_SEQUENCE_NODE;
    if (!b->by_month) {
        schema_number(r, node, "carbon_budget_t", 0, BUDGET_MAX, &b->year_t);
        return;
    }
    size_t n = schema_each(r, node, "carbon_budget_t", read_month_budget, b);
    if (n != 12) {
        schema_error(r, node,
                     "carbon_budget_t has %zu numbers; give one of the year, or twelve from "
                     "January to December",
                     n);
    }
}

static const struct field self_use_fields[] = {
    {"of_available_pct", FIELD_NUMBER, KEEP(struct self_use_policy, of_available_pct), .max = 100,
     .preset = 60},
    {"of_consumption_pct", FIELD_NUMBER, KEEP(struct self_use_policy, of_consumption_pct),
     .max = 100, .preset = 30},
    {"export_pct", FIELD_NUMBER, KEEP(struct self_use_policy, export_pct), .max = 100,
     .preset = 20},
    {0},
};

static void read_self_use(struct reader *r, yaml_node_t *node, void *target) {
    struct site *s = target;
    schema_read(r, node, "self_use", self_use_fields, &s->self_use);
}

static const struct field site_fields[] = {
    {"id", FIELD_ID, .required = true, KEEP(struct site, id)},
    {"gateway", FIELD_ID, KEEP(struct site, gateway), .preset_text = "gw1"},
    {"name", FIELD_TEXT, KEEP(struct site, name)},
    {"district", FIELD_ID, .required = true, KEEP(struct site, district)},
    {"uscc", FIELD_CUSTOM, .read = read_uscc},
    {"industry_code", FIELD_CUSTOM, .read = read_industry},
    {"timezone", FIELD_CUSTOM, .read = read_timezone},
    {"transformer_kva", FIELD_NUMBER, KEEP(struct site, transformer_kva), .min = 1, .max = 1e7,
     .preset = (double)NAN},
    {"contract_demand_kw", FIELD_NUMBER, KEEP(struct site, contract_demand_kw), .min = 1,
     .max = 1e7, .preset = (double)NAN},
    {"export_allowed", FIELD_BOOL, KEEP(struct site, export_allowed)},
    {"tariff", FIELD_ID, KEEP(struct site, tariff)},
    {"carbon", FIELD_ID, KEEP(struct site, carbon)},
    {"green", FIELD_CUSTOM, .read = read_green},
    {"carbon_budget_t", FIELD_CUSTOM, .read = read_carbon_budget},
    {"self_use", FIELD_CUSTOM, .read = read_self_use},
    {0},
};

void read_site_section(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    d->site->carbon_budget.year_t = (double)NAN;
    schema_presets(self_use_fields, &d->site->self_use);
    d->site->self_use.applies = true;
    schema_read(r, node, "site", site_fields, d->site);
    if (d->site->name == NULL) {
        d->site->name = d->site->id;
    }
}

static const struct field store_fields[] = {
    {"path", FIELD_TEXT, KEEP(struct store_settings, path), .min = 1, .max = 1024,
     .preset_text = "busbar.db"},
    {"budget_mb", FIELD_INT, KEEP(struct store_settings, budget_bytes), .min = 16, .max = 10e6,
     .preset = 2048},
    {0},
};

static void settle_store(struct site_draft *d) {
    struct store_settings *s = &d->site->store;
    s->budget_bytes *= 1024 * 1024;
    s->path = data_file_beside(d->load->arena, d->site->file, s->path);
}

void store_defaults(struct site_draft *d) {
    schema_presets(store_fields, &d->site->store);
    settle_store(d);
}

void read_store(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    schema_read(r, node, "store", store_fields, &d->site->store);
    settle_store(d);
}

void warn_unreadable(struct reader *r, yaml_node_t *node, const char *key, const char *path) {
    if (path != NULL && access(path, R_OK) != 0) {
        message_warning(r->errors, yaml_doc_place_of(r->doc, node, key),
                        "%s: %.300s cannot be read here; create it before the gateway starts", key,
                        path);
    }
}

static const struct field reload_fields[] = {
    {"probation_s", FIELD_INT, KEEP(struct reload_settings, probation_s), .max = 3600,
     .preset = 60},
    {0},
};

void reload_defaults(struct site_draft *d) {
    schema_presets(reload_fields, &d->site->reload);
}

void read_reload(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    schema_read(r, node, "reload", reload_fields, &d->site->reload);
}
