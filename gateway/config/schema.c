#include "config/schema.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/units.h"
#include "config/nearest.h"

static void store_int(const struct field *f, void *target, int64_t v) {
    if (f->size == 0) {
        return; /* checked, not kept; there may be no target */
    }
    void *at = (char *)target + f->offset;
    switch (f->size) {
    case 1:
        memcpy(at, &(uint8_t){(uint8_t)v}, 1);
        break;
    case 2:
        memcpy(at, &(uint16_t){(uint16_t)v}, 2);
        break;
    case 4:
        memcpy(at, &(uint32_t){(uint32_t)v}, 4);
        break;
    default:
        assert(f->size == 8);
        memcpy(at, &v, 8);
    }
}

static void store_bytes(const struct field *f, void *target, const void *value, size_t n) {
    if (f->size == n) {
        memcpy((char *)target + f->offset, value, n);
    }
}

static void store_text(const struct field *f, void *target, const char *text) {
    store_bytes(f, target, &text, sizeof text);
}

void schema_presets(const struct field *fields, void *target) {
    for (const struct field *f = fields; f->key != NULL; f++) {
        if (f->size == 0) {
            continue;
        }
        switch (f->type) {
        case FIELD_TEXT:
        case FIELD_ID:
        case FIELD_WORD:
        case FIELD_DATE:
            store_text(f, target, f->preset_text);
            break;
        case FIELD_NUMBER:
            store_bytes(f, target, &f->preset, sizeof f->preset);
            break;
        case FIELD_BOOL:
        case FIELD_INT:
        case FIELD_CHOICE:
            store_int(f, target, (int64_t)f->preset);
            break;
        case FIELD_CUSTOM:
        default:
            break;
        }
    }
}

static bool read_date(struct reader *r, yaml_node_t *node, const char *key, const char **ret) {
    const char *text = NULL;
    ms_t utc;
    if (!schema_text(r, node, key, 0, &text)) {
        return false;
    }
    if (strlen(text) != 10 || iso8601_parse(text, 0, &utc) != ERR_OK) {
        schema_error(r, node, "%s '%.40s' is not a date; write it as 2026-01-31", key, text);
        return false;
    }
    *ret = text;
    return true;
}

static bool read_bool(struct reader *r, yaml_node_t *node, const char *key, bool *ret) {
    static const char *const words[] = {"false", "true", NULL};
    int i = 0;
    if (!schema_choice(r, node, key, words, &i)) {
        return false;
    }
    *ret = i == 1;
    return true;
}

static void read_text_like(struct reader *r, const struct field *f, yaml_node_t *node,
                           void *target) {
    const char *text = NULL;
    int i = 0;
    bool good = false;
    if (f->type == FIELD_WORD) {
        good = schema_choice(r, node, f->key, f->choices, &i);
        text = good ? f->choices[i] : NULL;
    } else if (f->type == FIELD_ID) {
        good = schema_id(r, node, f->key, &text);
    } else if (f->type == FIELD_DATE) {
        good = read_date(r, node, f->key, &text);
    } else {
        good = schema_text(r, node, f->key, (size_t)f->max, &text);
    }
    if (good && f->type == FIELD_TEXT && strlen(text) < (size_t)f->min) {
        schema_error(r, node, "%s is shorter than %zu bytes", f->key, (size_t)f->min);
    } else if (good) {
        store_text(f, target, text);
    }
}

static void read_value(struct reader *r, const struct field *f, yaml_node_t *node, void *target) {
    int64_t whole = 0;
    double number = 0;
    bool yes = false;
    int choice = 0;
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_ID:
    case FIELD_WORD:
    case FIELD_DATE:
        read_text_like(r, f, node, target);
        break;
    case FIELD_CHOICE:
        if (schema_choice(r, node, f->key, f->choices, &choice)) {
            store_int(f, target, choice);
        }
        break;
    case FIELD_BOOL:
        if (read_bool(r, node, f->key, &yes)) {
            store_int(f, target, yes);
        }
        break;
    case FIELD_INT:
        if (schema_int(r, node, f->key, f->min, f->max, &whole)) {
            store_int(f, target, whole);
        }
        break;
    case FIELD_NUMBER:
        if (schema_number(r, node, f->key, f->min, f->max, &number)) {
            store_bytes(f, target, &number, sizeof number);
        }
        break;
    case FIELD_CUSTOM:
        f->read(r, node, target);
        break;
    default:
        break;
    }
}

static const struct field *field_of(const struct field *fields, const char *key) {
    for (const struct field *f = fields; f->key != NULL; f++) {
        if (strcmp(f->key, key) == 0) {
            return f;
        }
    }
    return NULL;
}

static void report_unknown(struct reader *r, yaml_node_t *node, const char *key, const char *what,
                           const struct field *fields) {
    struct nearest near;
    nearest_init(&near, key);
    for (const struct field *f = fields; f->key != NULL; f++) {
        nearest_offer(&near, f->key);
    }
    const char *best = nearest_best(&near);
    if (best != NULL) {
        schema_error(r, node, "unknown key '%.40s' in %s; did you mean '%s'?", key, what, best);
    } else {
        schema_error(r, node, "unknown key '%.40s' in %s; see docs/configuration.md", key, what);
    }
}

/* The key's text when it is to be read: a first, textual one. Reports the others. */
static const char *key_of(struct reader *r, yaml_node_t *map, size_t i) {
    yaml_node_pair_t *pairs = map->data.mapping.pairs.start;
    yaml_node_t *node = yaml_doc_node(r->doc, pairs[i].key);
    const char *key = yaml_doc_text(node);
    if (key == NULL) {
        schema_error(r, node, "a key must be a word, not %s", schema_show(node));
        return NULL;
    }
    for (size_t j = 0; j < i; j++) {
        yaml_node_t *other = yaml_doc_node(r->doc, pairs[j].key);
        const char *text = yaml_doc_text(other);
        if (text != NULL && strcmp(text, key) == 0) {
            schema_error(r, node, "key '%.40s' stands twice, first in line %zu; keep one", key,
                         other->start_mark.line + 1);
            return NULL;
        }
    }
    return key;
}

static bool check_required(struct reader *r, yaml_node_t *map, const char *what,
                           const struct field *fields) {
    bool complete = true;
    for (const struct field *f = fields; f->key != NULL; f++) {
        if (f->required && yaml_doc_find(r->doc, map, f->key) == NULL) {
            schema_error(r, map, "%s needs the key '%s'; add it", what, f->key);
            complete = false;
        }
    }
    return complete;
}

bool schema_read(struct reader *r, yaml_node_t *node, const char *what, const struct field *fields,
                 void *target) {
    if (target != NULL) {
        schema_presets(fields, target);
    }
    if (node->type != YAML_MAPPING_NODE) {
        schema_error(r, node, "%s needs keys and values (key: value), not %.40s", what,
                     schema_show(node));
        return false;
    }
    yaml_node_pair_t *pairs = node->data.mapping.pairs.start;
    size_t count = (size_t)(node->data.mapping.pairs.top - pairs);
    if (count > SCHEMA_KEYS_MAX) {
        schema_error(r, node, "%s has more than %d keys", what, SCHEMA_KEYS_MAX);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *key = key_of(r, node, i);
        if (key == NULL) {
            continue;
        }
        const struct field *f = field_of(fields, key);
        if (f != NULL) {
            read_value(r, f, yaml_doc_node(r->doc, pairs[i].value), target);
        } else {
            report_unknown(r, yaml_doc_node(r->doc, pairs[i].key), key, what, fields);
        }
    }
    return check_required(r, node, what, fields);
}

size_t schema_each(struct reader *r, yaml_node_t *node, const char *what, schema_item_fn *fn,
                   void *target) {
    if (node->type != YAML_SEQUENCE_NODE) {
        schema_error(r, node, "%s needs a list (- item, or [item, item]), not %.40s", what,
                     schema_show(node));
        return 0;
    }
    yaml_node_item_t *items = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - items);
    if (count > SCHEMA_ITEMS_MAX) {
        schema_error(r, node, "%s has more than %d items; split the site into several gateways",
                     what, SCHEMA_ITEMS_MAX);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        fn(r, yaml_doc_node(r->doc, items[i]), i, target);
    }
    return count;
}
