/* A site file from bytes to a checked struct site: sections in any order, then linking. */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "config/site_draft.h"

static const struct field site_file_fields[] = {
    {"site", FIELD_CUSTOM, .required = true, .read = read_site_section},
    {"accounts", FIELD_CUSTOM, .read = read_accounts},
    {"links", FIELD_CUSTOM, .required = true, .read = read_links},
    {"devices", FIELD_CUSTOM, .required = true, .read = read_devices},
    {"virtual", FIELD_CUSTOM, .read = read_virtuals},
    {"store", FIELD_CUSTOM, .read = read_store},
    {"reload", FIELD_CUSTOM, .read = read_reload},
    {"mqtt", FIELD_CUSTOM, .read = read_mqtt},
    {"deliver", FIELD_CUSTOM, .read = read_deliver},
    {"web", FIELD_CUSTOM, .read = read_web},
    {"alerts", FIELD_CUSTOM, .read = read_alerts},
    {0},
};

void *draft_room(struct reader *r, struct arena *arena, yaml_node_t *node, size_t size) {
    size_t n = 0;
    if (node->type == YAML_SEQUENCE_NODE) {
        n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    }
    void *room = arena_alloc(arena, n + 1, size);
    if (room == NULL) {
        schema_error(r, node, "out of memory");
    }
    return room;
}

bool draft_unique(struct reader *r, yaml_node_t *node, const char *what, const char *id,
                  const yaml_node_t *first) {
    if (strcmp(id, "site") == 0 && strcmp(what, "link") != 0) {
        message_error(r->errors, yaml_doc_place_of(r->doc, node, "id"),
                      "%s id 'site' stands for the site itself; choose another", what);
        return false;
    }
    if (first == NULL) {
        return true;
    }
    message_error(r->errors, yaml_doc_place_of(r->doc, node, "id"),
                  "%s id '%s' stands twice, first in line %zu; choose another", what, id,
                  first->start_mark.line + 1);
    return false;
}

static void read_sections(struct site_draft *d) {
    struct reader *r = d->reader;
    yaml_node_t *root = yaml_doc_root(r->doc);
    if (schema_read(r, root, "the site file", site_file_fields, d) ||
        root->type == YAML_MAPPING_NODE) {
        if (yaml_doc_find(r->doc, root, "store") == NULL) {
            store_defaults(d);
        }
        if (yaml_doc_find(r->doc, root, "mqtt") == NULL) {
            mqtt_defaults(d);
        }
        if (yaml_doc_find(r->doc, root, "reload") == NULL) {
            reload_defaults(d);
        }
        site_load_books(d);
        accounts_settle(d);
        site_link(d);
        alert_thresholds_settle(d, !messages_failed(r->errors));
    }
}

static int load_document(struct load *l, struct site *site, const char *bytes, size_t n) {
    struct yaml_doc doc;
    l->hash = hash_file(l->hash, bytes, n);
    if (yaml_doc_load(&doc, site->file, l->files++, bytes, n, l->errors) < 0) {
        return ERR_SYNTAX;
    }
    struct reader r = {&doc, l->arena, l->scratch, l->errors, NULL};
    struct site_draft d = {.load = l, .reader = &r, .site = site};
    site->transformer_kva = site->contract_demand_kw = (double)NAN;
    site->timezone = "Asia/Shanghai";
    read_sections(&d);
    yaml_doc_free(&doc);
    hash_hex(l->hash, site->config_hash);
    return messages_failed(l->errors) ? ERR_SYNTAX : ERR_OK;
}

int load_site_from_memory(const char *file, const char *bytes, size_t n, const char *data_dir,
                          struct config_errors *e, struct site **ret_site) {
    struct arena *arena = arena_new(), *scratch = arena_new();
    struct site *site = arena != NULL ? arena_alloc(arena, 1, sizeof *site) : NULL;
    const char *name = arena != NULL ? arena_strdup(arena, file) : NULL;
    if (site == NULL || name == NULL || scratch == NULL || e->arena == NULL) {
        e->total++; /* no memory for a message either */
        arena_free(scratch);
        arena_free(arena);
        return ERR_NOMEM;
    }
    site->arena = arena;
    site->file = name;
    struct load l = {name, data_dir, arena, scratch, e, 0, HASH_START};
    int result = load_document(&l, site, bytes, n);
    arena_free(scratch);
    messages_sort(e);
    if (result < 0) {
        arena_free(arena);
        return result;
    }
    *ret_site = site;
    return ERR_OK;
}

int config_load_site(const char *file, const char *data_dir, struct config_errors *e,
                     struct site **ret_site) {
    struct arena *scratch = arena_new();
    char *bytes = NULL;
    size_t n = 0;
    struct place at = {file, 0, 0, 0};
    int result = scratch != NULL && e->arena != NULL
                     ? data_file_read(file, YAML_FILE_MAX, scratch, &bytes, &n)
                     : ERR_NOMEM;
    if (result == ERR_OK) {
        result = load_site_from_memory(file, bytes, n, data_dir, e, ret_site);
    } else if (e->arena == NULL) {
        e->total++;
    } else if (result == ERR_LIMIT) {
        message_error(e, at, "the file is over 1 MiB; split the site into several gateways");
    } else if (result == ERR_NOT_FOUND) {
        message_error(e, at, "there is no such file; check the path");
    } else {
        message_error(e, at, "cannot be read as a file; check what it is and its rights");
    }
    arena_free(scratch);
    return result == ERR_OK ? ERR_OK : ERR_SYNTAX;
}
