/* The files that the site names beside its profiles: tariffs and carbon factors. A missing one is a
 * warning, its numbers stay null; a wrong one is an error. Each is read once. */
#include <string.h>

#include "base/err.h"
#include "config/carbon_load.h"
#include "config/site_draft.h"
#include "config/tariff_load.h"

static void report(struct site_draft *d, int result, struct place at, const char *what,
                   const char *folder, const char *name, const char *effect) {
    char looked[600];
    if (result == ERR_NOT_FOUND) {
        data_file_find(d->load, folder, name, looked, sizeof looked);
        message_warning(d->load->errors, at, "%s '%s' has no file: %s; looked for %s", what, name,
                        effect, looked);
    } else if (result == ERR_NOMEM) {
        message_error(d->load->errors, at, "out of memory");
    }
}

static const struct tariff *load_tariff(struct site_draft *d, yaml_node_t *node, const char *name) {
    const struct tariff *t = NULL;
    struct place at = yaml_doc_place_of(d->reader->doc, node, "tariff");
    report(d, tariff_from_name(d->load, name, at, &t), at, "tariff", "tariffs", name,
           "cost stays null");
    return t;
}

static void load_carbon(struct site_draft *d, yaml_node_t *node, const char *name) {
    struct place at = yaml_doc_place_of(d->reader->doc, node, "carbon");
    report(d, carbon_from_name(d->load, name, at, &d->site->carbon_book), at, "carbon", "carbon",
           name, "carbon stays null");
}

/* The tariff of account k: the site's, an earlier account's, or read now. */
static const struct tariff *tariff_of(struct site_draft *d, size_t k) {
    const struct account_draft *list = d->accounts.accounts;
    const char *name = list[k].a.tariff_id;
    if (d->site->tariff != NULL && strcmp(name, d->site->tariff) == 0) {
        return d->site_tariff;
    }
    for (size_t i = 0; i < k; i++) {
        if (list[i].a.tariff_id != NULL && strcmp(list[i].a.tariff_id, name) == 0) {
            return list[i].a.tariff;
        }
    }
    return load_tariff(d, list[k].node, name);
}

void site_load_books(struct site_draft *d) {
    struct reader *r = d->reader;
    yaml_node_t *site = yaml_doc_find(r->doc, yaml_doc_root(r->doc), "site");
    if (d->site->tariff != NULL) {
        d->site_tariff = load_tariff(d, site, d->site->tariff);
    }
    if (d->site->carbon != NULL) {
        load_carbon(d, site, d->site->carbon);
    }
    for (size_t i = 0; i < d->accounts.count && i < ACCOUNTS_MAX; i++) {
        struct account *a = &d->accounts.accounts[i].a;
        if (a->tariff_id == NULL) {
            a->tariff_id = d->site->tariff;
        }
        a->tariff = a->tariff_id != NULL ? tariff_of(d, i) : NULL;
    }
}
