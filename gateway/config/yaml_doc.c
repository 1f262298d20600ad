#include "config/yaml_doc.h"

#include <string.h>

#include "base/err.h"

static struct place place_at(const struct yaml_doc *d, yaml_mark_t mark) {
    return (struct place){d->file, d->order, mark.line + 1, mark.column + 1};
}

/* libyaml gives a byte offset, not a mark, for bytes that are not UTF-8. */
static struct place place_of_byte(const struct yaml_doc *d, const char *bytes, size_t n,
                                  size_t offset) {
    struct place at = {d->file, d->order, 1, 1};
    for (size_t i = 0; i < offset && i < n; i++) {
        if (bytes[i] == '\n') {
            at.line++;
            at.column = 1;
        } else if (((unsigned char)bytes[i] & 0xC0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

static void report_parser(const struct yaml_doc *d, const yaml_parser_t *p, const char *bytes,
                          size_t n, struct config_errors *e) {
    const char *problem = p->problem != NULL ? p->problem : "unknown problem";
    switch (p->error) {
    case YAML_MEMORY_ERROR:
        message_error(e, (struct place){d->file, d->order, 0, 0}, "out of memory");
        break;
    case YAML_READER_ERROR:
        message_error(e, place_of_byte(d, bytes, n, p->problem_offset),
                      "not UTF-8 text: %s; save the file as UTF-8", problem);
        break;
    case YAML_NO_ERROR:
    case YAML_SCANNER_ERROR:
    case YAML_PARSER_ERROR:
    case YAML_COMPOSER_ERROR:
    case YAML_WRITER_ERROR:
    case YAML_EMITTER_ERROR:
    default:
        message_error(e, place_at(d, p->problem_mark),
                      "not YAML: %s%s%s; check indentation, quotes and brackets up to here",
                      p->context != NULL ? p->context : "", p->context != NULL ? ", " : "",
                      problem);
    }
}

struct bounds {
    size_t depth, nodes, documents;
};

/* What makes an event unacceptable, or NULL. */
static const char *event_problem(const yaml_event_t *ev, struct bounds *b) {
    const yaml_char_t *anchor = NULL;
    switch (ev->type) {
    case YAML_ALIAS_EVENT:
        return "aliases (*name) are not accepted; write the value out";
    case YAML_DOCUMENT_START_EVENT:
        return ++b->documents > 1 ? "a second document starts; keep one document in a file" : NULL;
    case YAML_SCALAR_EVENT:
        anchor = ev->data.scalar.anchor;
        b->nodes++;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = ev->data.sequence_start.anchor;
        b->nodes++;
        b->depth++;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = ev->data.mapping_start.anchor;
        b->nodes++;
        b->depth++;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    default:
        break;
    }
    if (anchor != NULL) {
        return "anchors (&name) are not accepted; write the value out where it is needed";
    }
    if (b->depth > YAML_DEPTH_MAX) {
        return "nested more than 16 deep; a bracket is probably not closed";
    }
    return b->nodes > YAML_NODES_MAX ? "more than 200000 values; split the site" : NULL;
}

static void parser_start(yaml_parser_t *p, const char *bytes, size_t n) {
    yaml_parser_set_encoding(p, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(p, (const unsigned char *)bytes, n);
}

/* First pass, over events: nothing is built until the file is known to be small and tree-like. */
static int check_bounds(const struct yaml_doc *d, const char *bytes, size_t n,
                        struct config_errors *e) {
    yaml_parser_t p;
    if (!yaml_parser_initialize(&p)) {
        return ERR_NOMEM;
    }
    parser_start(&p, bytes, n);
    struct bounds bounds = {0};
    int result = ERR_OK;
    for (bool end = false; result == ERR_OK && !end;) {
        yaml_event_t ev;
        if (!yaml_parser_parse(&p, &ev)) {
            report_parser(d, &p, bytes, n, e);
            result = ERR_SYNTAX;
            break;
        }
        const char *problem = event_problem(&ev, &bounds);
        if (problem != NULL) {
            message_error(e, place_at(d, ev.start_mark), "%s", problem);
            result = ERR_SYNTAX;
        }
        end = ev.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&ev);
    }
    yaml_parser_delete(&p);
    return result;
}

static int build(struct yaml_doc *d, const char *bytes, size_t n, struct config_errors *e) {
    yaml_parser_t p;
    if (!yaml_parser_initialize(&p)) {
        return ERR_NOMEM;
    }
    parser_start(&p, bytes, n);
    int result = ERR_OK;
    if (yaml_parser_load(&p, &d->document)) {
        d->loaded = true;
    } else {
        report_parser(d, &p, bytes, n, e);
        result = ERR_SYNTAX;
    }
    yaml_parser_delete(&p);
    return result;
}

int yaml_doc_load(struct yaml_doc *d, const char *file, unsigned order, const char *bytes, size_t n,
                  struct config_errors *e) {
    memset(d, 0, sizeof *d);
    d->file = file;
    d->order = order;
    struct place whole = {file, order, 0, 0};
    if (n > YAML_FILE_MAX) {
        message_error(e, whole, "the file is over 1 MiB; split the site into several gateways");
        return ERR_SYNTAX;
    }
    int result = check_bounds(d, bytes, n, e);
    if (result == ERR_OK) {
        result = build(d, bytes, n, e);
    }
    if (result == ERR_NOMEM) {
        message_error(e, whole, "out of memory");
    }
    if (result == ERR_OK && yaml_document_get_root_node(&d->document) == NULL) {
        message_error(e, whole, "the file is empty; see docs/configuration.md for a first one");
        yaml_doc_free(d);
        result = ERR_SYNTAX;
    }
    return result == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

void yaml_doc_free(struct yaml_doc *d) {
    if (d->loaded) {
        yaml_document_delete(&d->document);
        d->loaded = false;
    }
}

yaml_node_t *yaml_doc_root(struct yaml_doc *d) {
    return yaml_document_get_root_node(&d->document);
}

yaml_node_t *yaml_doc_node(struct yaml_doc *d, int index) {
    return yaml_document_get_node(&d->document, index);
}

const char *yaml_doc_text(const yaml_node_t *node) {
    if (node->type != YAML_SCALAR_NODE) {
        return NULL;
    }
    const char *text = (const char *)node->data.scalar.value;
    return strlen(text) == node->data.scalar.length ? text : NULL;
}

yaml_node_t *yaml_doc_find(struct yaml_doc *d, yaml_node_t *map, const char *key) {
    if (map->type != YAML_MAPPING_NODE) {
        return NULL;
    }
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         p++) {
        const char *text = yaml_doc_text(yaml_doc_node(d, p->key));
        if (text != NULL && strcmp(text, key) == 0) {
            return yaml_doc_node(d, p->value);
        }
    }
    return NULL;
}

struct place yaml_doc_place(const struct yaml_doc *d, const yaml_node_t *node) {
    return place_at(d, node->start_mark);
}

struct place yaml_doc_place_of(struct yaml_doc *d, yaml_node_t *map, const char *key) {
    yaml_node_t *value = yaml_doc_find(d, map, key);
    return yaml_doc_place(d, value != NULL ? value : map);
}
