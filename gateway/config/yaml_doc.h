/* One YAML file as libyaml nodes, each of which knows its line and column.
 *
 * Bounded before it is built: 1 MiB, depth 16, 200,000 nodes, no anchors or aliases, one document.
 * Owns the document; the bytes are the caller's and may go after loading. */
#ifndef BUSBAR_CONFIG_YAML_DOC_H
#define BUSBAR_CONFIG_YAML_DOC_H

#include <stdbool.h>
#include <yaml.h>

#include "config/messages.h"

#define YAML_FILE_MAX  (1024 * 1024)
#define YAML_DEPTH_MAX 16
#define YAML_NODES_MAX 200000

struct yaml_doc {
    yaml_document_t document;
    bool loaded;
    const char *file;
    unsigned order; /* for sorting messages */
};

/* ERR_OK, or ERR_SYNTAX with one message in e. */
int yaml_doc_load(struct yaml_doc *d, const char *file, unsigned order, const char *bytes, size_t n,
                  struct config_errors *e);
void yaml_doc_free(struct yaml_doc *d);

yaml_node_t *yaml_doc_root(struct yaml_doc *d); /* never NULL after a successful load */
yaml_node_t *yaml_doc_node(struct yaml_doc *d, int index);
/* The value of a key of a mapping, NULL when absent or not a mapping. */
yaml_node_t *yaml_doc_find(struct yaml_doc *d, yaml_node_t *map, const char *key);
struct place yaml_doc_place(const struct yaml_doc *d, const yaml_node_t *node);
/* The place of a key's value, of the mapping itself when the key is absent. */
struct place yaml_doc_place_of(struct yaml_doc *d, yaml_node_t *map, const char *key);
/* Text of a scalar node; NULL for other nodes and for text with a NUL inside. */
const char *yaml_doc_text(const yaml_node_t *node);

#endif
