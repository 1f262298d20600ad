/* The section accounts: its lists in one flat array each, with the account of every item. Devices
 * are names still; account_links.c makes feeds of them. */
#include <math.h>
#include <string.h>

#include "calc/calendar.h"
#include "config/site_draft.h"

#define UNKNOWN .preset = (double)NAN

/* What one account and its lists are read into. */
struct account_reader {
    struct site_draft *site;
    struct contract_step *contracts;
    int32_t index;
    struct account_draft d;
};

/* Reports an id that an earlier item has. */
static void report_twice(struct reader *r, yaml_node_t *item, const char *what, const char *id,
                         const yaml_node_t *first) {
    message_error(r->errors, yaml_doc_place_of(r->doc, item, "id"),
                  "%s id '%s' is taken, first in line %zu; choose another", what, id,
                  first->start_mark.line + 1);
}

static bool same(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* The place of the next item of an array of max; false when it is full, reported once. */
static bool take_place(struct reader *r, yaml_node_t *item, const char *what, size_t max,
                       size_t *count) {
    if (*count < max) {
        ++*count;
        return true;
    }
    if (*count == max) {
        ++*count;
        schema_error(r, item, "more than %zu %s; use several gateways", max, what);
    }
    return false;
}

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
    struct account_reader *in = target;
    struct account *a = &in->d.a;
    struct contract_draft c = {0};
    int32_t day;
    (void)index;
    if (!schema_read(r, item, "a contract_demand", contract_fields, &c) || c.from == NULL ||
        civil_day_parse(c.from, &day) < 0) {
        return;
    }
    if (a->contract_count > 0 && day <= in->contracts[a->contract_count - 1].from_day) {
        message_error(r->errors, yaml_doc_place_of(r->doc, item, "from"),
                      "contract_demand from %s does not follow the one before it; list them oldest "
                      "first",
                      c.from);
    }
    in->contracts[a->contract_count++] = (struct contract_step){day, c.kw};
}

static void read_contracts(struct reader *r, yaml_node_t *node, void *target) {
    struct account_reader *in = target;
    in->contracts = draft_room(r, r->arena, node, sizeof *in->contracts);
    if (in->contracts != NULL) {
        in->d.a.contracts = in->contracts;
        schema_each(r, node, "contract_demand", read_contract, in);
    }
}

static void read_quadrant(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    static const char *const names[] = {"q1", "q2", "q3", "q4", NULL};
    struct account *a = &((struct account_reader *)target)->d.a;
    int i = 0;
    (void)index;
    if (!schema_choice(r, item, "pf_reactive", names, &i)) {
        return;
    }
    if ((a->pf_quadrants & 1U << i) != 0) {
        schema_error(r, item, "%s stands twice in pf_reactive; it would count double", names[i]);
    }
    a->pf_quadrants |= 1U << i;
}

static void read_quadrants(struct reader *r, yaml_node_t *node, void *target) {
    if (schema_each(r, node, "pf_reactive", read_quadrant, target) == 0 &&
        node->type == YAML_SEQUENCE_NODE) {
        schema_error(r, node, "pf_reactive is empty; leave it out for [q1, q4]");
    }
}

/* Notes that key of item names a device; it must be there when all devices are known. */
static void refer(struct reader *r, struct site_draft *d, yaml_node_t *item, const char *key,
                  const char *what, const char *name) {
    struct device_reference *ref = arena_alloc(r->scratch, 1, sizeof *ref);
    if (name == NULL) {
        return;
    }
    if (ref == NULL) {
        schema_error(r, item, "out of memory");
        return;
    }
    *ref = (struct device_reference){what, name, yaml_doc_find(r->doc, item, key), d->references};
    d->references = ref;
}

static const struct field transformer_fields[] = {
    {"id", FIELD_ID, .required = true, KEEP(struct transformer_draft, t.id)},
    {"kva", FIELD_NUMBER, .required = true, KEEP(struct transformer_draft, t.kva), .min = 1,
     .max = 1e6},
    {"p0_w", FIELD_NUMBER, KEEP(struct transformer_draft, t.p0_w), .max = 1e6, UNKNOWN},
    {"pk_w", FIELD_NUMBER, KEEP(struct transformer_draft, t.pk_w), .max = 1e7, UNKNOWN},
    {"device", FIELD_TEXT, KEEP(struct transformer_draft, device), .max = 64},
    {0},
};

static void read_transformer(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct account_reader *in = target;
    struct accounts_draft *all = &in->site->accounts;
    (void)index;
    if (!take_place(r, item, "transformers in all accounts", TRANSFORMERS_MAX,
                    &all->transformer_count)) {
        return;
    }
    size_t n = all->transformer_count - 1;
    struct transformer_draft *t = &all->transformers[n];
    schema_read(r, item, "a transformer", transformer_fields, t);
    t->node = item;
    t->t.feed = SITE_NONE;
    t->t.account = in->index;
    refer(r, in->site, item, "device", "the transformer", t->device);
    for (size_t i = 0; i < n; i++) {
        if (same(all->transformers[i].t.id, t->t.id)) {
            report_twice(r, item, "transformer", t->t.id, all->transformers[i].node);
            return;
        }
    }
}

static void read_transformers(struct reader *r, yaml_node_t *node, void *target) {
    schema_each(r, node, "transformers", read_transformer, target);
}

static const struct field point_fields[] = {
    {"id", FIELD_ID, .required = true, KEEP(struct metering_draft, p.id)},
    {"point_no", FIELD_TEXT, KEEP(struct metering_draft, p.point_no), .max = 64},
    {"device", FIELD_TEXT, .required = true, KEEP(struct metering_draft, device), .max = 64},
    {"check_device", FIELD_TEXT, KEEP(struct metering_draft, check_device), .max = 64},
    {"standby", FIELD_BOOL, KEEP(struct metering_draft, p.standby)},
    {"line_no", FIELD_TEXT, KEEP(struct metering_draft, p.line_no), .max = 64},
    {"line_limit_kva", FIELD_NUMBER, KEEP(struct metering_draft, p.line_limit_kva), .min = 1,
     .max = 1e7, UNKNOWN},
    {0},
};

static void read_metering_point(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct account_reader *in = target;
    struct accounts_draft *all = &in->site->accounts;
    (void)index;
    if (!take_place(r, item, "metering points in all accounts", METERING_POINTS_MAX,
                    &all->point_count)) {
        return;
    }
    size_t n = all->point_count - 1;
    struct metering_draft *m = &all->points[n];
    schema_read(r, item, "a metering point", point_fields, m);
    m->node = item;
    m->p.feed = m->p.check_feed = SITE_NONE;
    m->p.account = in->index;
    refer(r, in->site, item, "device", "the metering point", m->device);
    refer(r, in->site, item, "check_device", "the check of the metering point", m->check_device);
    for (size_t i = 0; i < n; i++) {
        if (same(all->points[i].p.id, m->p.id)) {
            report_twice(r, item, "metering point", m->p.id, all->points[i].node);
            return;
        }
    }
}

static void read_metering_points(struct reader *r, yaml_node_t *node, void *target) {
    schema_each(r, node, "metering_points", read_metering_point, target);
}

static const char *const billings[] = {"capacity", "contract_demand", "actual_demand", NULL};
static const char *const combinations[] = {"sum_of_maxima", "coincident", "max", NULL};

static const struct field account_fields[] = {
    {"id", FIELD_ID, .required = true, KEEP(struct account_reader, d.a.id)},
    {"account_no", FIELD_TEXT, KEEP(struct account_reader, d.a.account_no), .max = 64},
    {"billing", FIELD_CHOICE, KEEP(struct account_reader, d.billing), .choices = billings,
     .preset = -1},
    {"contract_demand", FIELD_CUSTOM, .read = read_contracts},
    {"demand_combination", FIELD_CHOICE, KEEP(struct account_reader, d.a.combination),
     .choices = combinations},
    {"billing_day", FIELD_INT, KEEP(struct account_reader, d.a.billing_day), .min = 1, .max = 28,
     .preset = 1},
    {"pf_standard", FIELD_NUMBER, KEEP(struct account_reader, d.a.pf_standard), .min = 0.5,
     .max = 1, .preset = 0.90},
    {"pf_reactive", FIELD_CUSTOM, .read = read_quadrants},
    {"tariff", FIELD_ID, KEEP(struct account_reader, d.a.tariff_id)},
    {"transformers", FIELD_CUSTOM, .read = read_transformers},
    {"metering_points", FIELD_CUSTOM, .read = read_metering_points},
    {0},
};

static void read_account(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct site_draft *d = target;
    struct accounts_draft *all = &d->accounts;
    (void)index;
    if (!take_place(r, item, "accounts", ACCOUNTS_MAX, &all->count)) {
        return;
    }
    size_t n = all->count - 1;
    struct account_reader in = {.site = d, .index = (int32_t)n};
    schema_read(r, item, "an account", account_fields, &in);
    in.d.node = item;
    all->accounts[n] = in.d;
    for (size_t i = 0; i < n; i++) {
        if (same(all->accounts[i].a.id, in.d.a.id)) {
            report_twice(r, item, "account", in.d.a.id, all->accounts[i].node);
            return;
        }
    }
}

void read_accounts(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    d->accounts.given = true;
    if (schema_each(r, node, "accounts", read_account, d) == 0 &&
        node->type == YAML_SEQUENCE_NODE) {
        schema_error(r, node, "accounts is empty; give an account, or leave the key out");
    }
}
