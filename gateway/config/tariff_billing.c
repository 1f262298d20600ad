/* Billing rules of a tariff version: demand, high use, power-factor tables. */
#include <math.h>

#include "config/tariff_draft.h"

static const char *const statuses[] = {"verified", "unverified", NULL};

struct table_draft {
    struct pf_table t;
    struct pf_step *steps; /* = t.steps */
    int32_t standard, below;
};

struct billing_draft {
    struct billing_rules rules;
    struct pf_table *tables; /* = rules.pf_tables */
    int status;
};

/* A number with at most two decimals, times 100. */
static bool hundredths(struct reader *r, yaml_node_t *node, const char *what, double min,
                       double max, int32_t *ret) {
    double v = 0;
    if (!schema_number(r, node, what, min, max, &v)) {
        return false;
    }
    if (fabs(v * 100 - round(v * 100)) > 1e-6) {
        schema_error(r, node, "%s %.40s has more than two decimals; round it", what,
                     schema_show(node));
        return false;
    }
    *ret = (int32_t)lround(v * 100);
    return true;
}

/* [power factor, percent], each lower than the one before and never cheaper. */
static void read_step(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct table_draft *d = target;
    int32_t pf = 0, percent = 0;
    (void)index;
    if (item->type != YAML_SEQUENCE_NODE ||
        item->data.sequence.items.top - item->data.sequence.items.start != 2) {
        schema_error(r, item, "a step is [power factor, percent], such as [0.95, -0.75]");
        return;
    }
    yaml_node_t *first = yaml_doc_node(r->doc, item->data.sequence.items.start[0]);
    yaml_node_t *second = yaml_doc_node(r->doc, item->data.sequence.items.start[1]);
    bool good = hundredths(r, first, "a power factor", 0, 1, &pf);
    if (!hundredths(r, second, "a percent", -100, 100, &percent) || !good) {
        return;
    }
    const struct pf_step *last = d->t.step_count > 0 ? &d->steps[d->t.step_count - 1] : NULL;
    if (last != NULL && pf >= last->pf_hundredths) {
        schema_error(r, first, "power factor %.2f follows %.2f; list the highest first", pf / 100.0,
                     last->pf_hundredths / 100.0);
        return;
    }
    if (last != NULL && percent < last->adjust_e4) {
        schema_error(r, second,
                     "percent %.2f is below the %.2f of a better power factor; check the table",
                     percent / 100.0, last->adjust_e4 / 100.0);
        return;
    }
    d->steps[d->t.step_count++] = (struct pf_step){(int16_t)pf, (int16_t)percent};
}

static void read_steps(struct reader *r, yaml_node_t *node, void *target) {
    struct table_draft *d = target;
    d->steps = tariff_room(r, r->arena, node, "steps", PF_STEPS_MAX, sizeof *d->steps);
    if (d->steps != NULL) {
        schema_each(r, node, "steps", read_step, d);
        d->t.steps = d->steps;
    }
}

static void read_standard(struct reader *r, yaml_node_t *node, void *target) {
    hundredths(r, node, "standard", 0.5, 1, &((struct table_draft *)target)->standard);
}

static void read_below(struct reader *r, yaml_node_t *node, void *target) {
    hundredths(r, node, "below_percent", 0, 100, &((struct table_draft *)target)->below);
}

static const struct field table_fields[] = {
    {"standard", FIELD_CUSTOM, .required = true, .read = read_standard},
    {"steps", FIELD_CUSTOM, .required = true, .read = read_steps},
    {"below_percent", FIELD_CUSTOM, .required = true, .read = read_below},
    {0},
};

static void read_table(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct billing_draft *b = target;
    struct table_draft d = {0};
    schema_read(r, item, "a power-factor table", table_fields, &d);
    d.t.standard_hundredths = (int16_t)d.standard;
    d.t.below_e4 = (int16_t)d.below;
    for (size_t i = 0; i < index; i++) {
        if (d.standard != 0 && b->tables[i].standard_hundredths == d.standard) {
            message_error(r->errors, yaml_doc_place_of(r->doc, item, "standard"),
                          "standard %.2f has a table already; keep one", d.standard / 100.0);
        }
    }
    b->tables[index] = d.t;
    b->rules.pf_table_count = index + 1;
}

static void read_tables(struct reader *r, yaml_node_t *node, void *target) {
    struct billing_draft *b = target;
    b->tables = tariff_room(r, r->arena, node, "power_factor", PF_TABLES_MAX, sizeof *b->tables);
    if (b->tables != NULL) {
        schema_each(r, node, "power_factor", read_table, b);
        b->rules.pf_tables = b->tables;
    }
}

static const struct field billing_fields[] = {
    {"status", FIELD_CHOICE, .required = true, KEEP(struct billing_draft, status),
     .choices = statuses},
    {"notes", FIELD_TEXT, .max = 8000},
    {"free_share", FIELD_NUMBER, .required = true, KEEP(struct billing_draft, rules.free_share),
     .min = 1, .max = 2, .preset = (double)NAN},
    {"excess_factor", FIELD_NUMBER, .required = true,
     KEEP(struct billing_draft, rules.excess_factor), .min = 0, .max = 10, .preset = (double)NAN},
    {"band_billed", FIELD_BOOL, KEEP(struct billing_draft, rules.band_billed)},
    {"min_contract_share", FIELD_NUMBER, KEEP(struct billing_draft, rules.min_contract_share),
     .min = 0, .max = 1, .preset = (double)NAN},
    {"high_use_kwh_kva", FIELD_NUMBER, KEEP(struct billing_draft, rules.high_use_kwh_kva), .min = 0,
     .max = 744, .preset = (double)NAN},
    {"high_use_discount", FIELD_NUMBER, KEEP(struct billing_draft, rules.high_use_discount),
     .min = 0, .max = 1, .preset = (double)NAN},
    {"pf_includes_basic", FIELD_BOOL, KEEP(struct billing_draft, rules.pf_includes_basic),
     .preset = 1},
    {"power_factor", FIELD_CUSTOM, .read = read_tables},
    {0},
};

void tariff_no_billing(struct billing_rules *rules) {
    struct billing_draft none = {0};
    schema_presets(billing_fields, &none);
    *rules = none.rules;
}

void tariff_read_billing(struct reader *r, yaml_node_t *node, void *target) {
    struct version_draft *d = target;
    struct billing_draft b = {0};
    schema_read(r, node, "billing", billing_fields, &b);
    bool use = yaml_doc_find(r->doc, node, "high_use_kwh_kva") != NULL;
    bool discount = yaml_doc_find(r->doc, node, "high_use_discount") != NULL;
    if (use != discount) {
        schema_error(r, node, "high_use_kwh_kva and high_use_discount go together; add %s",
                     use ? "high_use_discount" : "high_use_kwh_kva");
    }
    b.rules.verified = b.status == 0;
    d->v.billing = b.rules;
}
