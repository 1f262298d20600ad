/* The section accounts: checked in full; struct site takes transformer size and contract from it.
 */
#include <math.h>
#include <string.h>

#include "config/site_draft.h"

struct account_draft {
    struct site_draft *site;
    double kva;         /* sum of its transformers */
    double contract_kw; /* when it has exactly one contract */
    size_t contracts;
    const char *last_from;
};

struct contract_draft {
    const char *from;
    double kw;
};

static const struct field contract_fields[] = {
    {"from", FIELD_DATE, .required = true, KEEP(struct contract_draft, from)},
    {"kw", FIELD_NUMBER, .required = true, KEEP(struct contract_draft, kw), .min = 1, .max = 1e7},
    {0},
};

static void read_contract(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct account_draft *a = target;
    struct contract_draft c = {0};
    (void)index;
    if (!schema_read(r, item, "a contract_demand", contract_fields, &c) || c.from == NULL) {
        return;
    }
    if (a->last_from != NULL && strcmp(c.from, a->last_from) <= 0) {
        message_error(r->errors, yaml_doc_place_of(r->doc, item, "from"),
                      "contract_demand from %s does not follow %s; list them oldest first", c.from,
                      a->last_from);
    }
    a->last_from = c.from;
    a->contract_kw = c.kw;
    a->contracts++;
}

static void read_contracts(struct reader *r, yaml_node_t *node, void *target) {
    schema_each(r, node, "contract_demand", read_contract, target);
}

static void read_quadrant(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    static const char *const names[] = {"q1", "q2", "q3", "q4", NULL};
    int i = 0;
    (void)index;
    (void)target;
    schema_choice(r, item, "pf_reactive", names, &i);
}

static void read_quadrants(struct reader *r, yaml_node_t *node, void *target) {
    schema_each(r, node, "pf_reactive", read_quadrant, target);
}

struct transformer_draft {
    double kva;
};

static const struct field transformer_fields[] = {
    {"id", FIELD_ID, .required = true},
    {"kva", FIELD_NUMBER, .required = true, KEEP(struct transformer_draft, kva), .min = 1,
     .max = 1e6},
    {"p0_w", FIELD_NUMBER, .max = 1e6},
    {"pk_w", FIELD_NUMBER, .max = 1e7},
    {0},
};

static void read_transformer(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct account_draft *a = target;
    struct transformer_draft t = {0};
    (void)index;
    schema_read(r, item, "a transformer", transformer_fields, &t);
    a->kva += t.kva;
}

static void read_transformers(struct reader *r, yaml_node_t *node, void *target) {
    schema_each(r, node, "transformers", read_transformer, target);
}

/* A device by name; resolved when all devices are known. */
static void read_reference(struct reader *r, yaml_node_t *node, void *target) {
    struct account_draft *a = target;
    const char *name = NULL;
    struct device_reference *ref = arena_alloc(r->scratch, 1, sizeof *ref);
    if (ref != NULL && schema_id(r, node, "device", &name)) {
        *ref = (struct device_reference){name, node, a->site->references};
        a->site->references = ref;
    }
}

static const struct field point_fields[] = {
    {"id", FIELD_ID, .required = true},
    {"point_no", FIELD_TEXT, .max = 64},
    {"device", FIELD_CUSTOM, .required = true, .read = read_reference},
    {"check_device", FIELD_CUSTOM, .read = read_reference},
    {"standby", FIELD_BOOL, .required = false},
    {"line_no", FIELD_TEXT, .max = 64},
    {"line_limit_kva", FIELD_NUMBER, .min = 1, .max = 1e7},
    {0},
};

static void read_metering_point(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    (void)index;
    schema_read(r, item, "a metering point", point_fields, target);
}

static void read_metering_points(struct reader *r, yaml_node_t *node, void *target) {
    schema_each(r, node, "metering_points", read_metering_point, target);
}

static const char *const billings[] = {"capacity", "contract_demand", "actual_demand", NULL};
static const char *const combinations[] = {"sum_of_maxima", "coincident", "max", NULL};

static const struct field account_fields[] = {
    {"id", FIELD_ID, .required = true},
    {"account_no", FIELD_TEXT, .max = 64},
    {"billing", FIELD_CHOICE, .choices = billings},
    {"contract_demand", FIELD_CUSTOM, .read = read_contracts},
    {"demand_combination", FIELD_CHOICE, .choices = combinations},
    {"billing_day", FIELD_INT, .min = 1, .max = 28},
    {"pf_standard", FIELD_NUMBER, .min = 0.5, .max = 1},
    {"pf_reactive", FIELD_CUSTOM, .read = read_quadrants},
    {"tariff", FIELD_ID, .required = false},
    {"transformers", FIELD_CUSTOM, .read = read_transformers},
    {"metering_points", FIELD_CUSTOM, .read = read_metering_points},
    {0},
};

struct accounts_draft {
    struct site_draft *site;
    yaml_node_t *list;
    size_t count;
    struct account_draft last;
    double kva;
};

/* The id of item i of a list of mappings; NULL when it has none. */
static const char *item_id(struct reader *r, yaml_node_t *list, size_t i) {
    yaml_node_t *item = yaml_doc_node(r->doc, list->data.sequence.items.start[i]);
    yaml_node_t *id = yaml_doc_find(r->doc, item, "id");
    return id != NULL ? yaml_doc_text(id) : NULL;
}

/* Ids inside a list, among its earlier items. Few items: an account has a handful. */
static void check_id(struct reader *r, yaml_node_t *list, size_t index) {
    const char *id = item_id(r, list, index);
    for (size_t i = 0; id != NULL && i < index; i++) {
        const char *other = item_id(r, list, i);
        if (other != NULL && strcmp(other, id) == 0) {
            yaml_node_t *item = yaml_doc_node(r->doc, list->data.sequence.items.start[index]);
            message_error(r->errors, yaml_doc_place_of(r->doc, item, "id"),
                          "account id '%.32s' is taken by an earlier account; choose another", id);
            return;
        }
    }
}

static void read_account(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct accounts_draft *all = target;
    if (index >= 100) {
        return;
    }
    all->last = (struct account_draft){.site = all->site};
    schema_read(r, item, "an account", account_fields, &all->last);
    check_id(r, all->list, index);
    all->kva += all->last.kva;
    all->count++;
}

void read_accounts(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    struct accounts_draft all = {.site = d, .list = node};
    if (schema_each(r, node, "accounts", read_account, &all) > 100) {
        schema_error(r, node, "accounts takes 100 accounts at most");
    }
    if (all.kva > 0) {
        d->accounts_kva = all.kva;
    }
    if (all.count == 1 && all.last.contracts == 1) {
        d->account_contract_kw = all.last.contract_kw;
    }
}
