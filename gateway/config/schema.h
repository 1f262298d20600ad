/* One table-driven reader for every mapping of the configuration.
 *
 * A table has a row per key: its type, where the value goes, default, range. Reading fills a plain
 * struct, reports unknown keys (with the nearest known one), duplicates, wrong types, values out of
 * range and missing keys, and goes on: one run finds every mistake. Texts are copied to the arena.
 */
#ifndef BUSBAR_CONFIG_SCHEMA_H
#define BUSBAR_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/yaml_doc.h"

#define SCHEMA_KEYS_MAX  256   /* of one mapping */
#define SCHEMA_ITEMS_MAX 10000 /* of one list */

struct reader {
    struct yaml_doc *doc;
    struct arena *arena, *scratch; /* of what is kept; of what goes after loading */
    struct config_errors *errors;
    void *context; /* of the custom handlers */
};

enum field_type {
    FIELD_TEXT,   /* any scalar; min, max: length in bytes (max 0: 256) */
    FIELD_ID,     /* [a-z0-9-]{1,32} */
    FIELD_WORD,   /* one of choices, kept as text */
    FIELD_CHOICE, /* one of choices, kept as its index in an int */
    FIELD_BOOL,
    FIELD_INT,    /* decimal or 0x hexadecimal, min..max, kept in 1, 2, 4 or 8 bytes */
    FIELD_NUMBER, /* double, min..max (both 0: any) */
    FIELD_DATE,   /* YYYY-MM-DD, a real day; kept as text */
    FIELD_CUSTOM  /* read() does it all */
};

struct field {
    const char *key;
    enum field_type type;
    bool required;
    size_t offset, size; /* size 0: checked and not kept */
    double min, max;
    double preset; /* INT, NUMBER, BOOL, CHOICE when the key is absent */
    const char *preset_text;
    const char *const *choices; /* ends with NULL */
    void (*read)(struct reader *r, yaml_node_t *value, void *target);
};

#define KEEP(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

/* Reads a mapping; what names it in messages ("a device"). False when node is not a mapping or a
 * required key is missing. target may be NULL when no row keeps anything. */
bool schema_read(struct reader *r, yaml_node_t *node, const char *what, const struct field *fields,
                 void *target);

/* Only the defaults: for a section that may be left out as a whole. */
void schema_presets(const struct field *fields, void *target);

typedef void schema_item_fn(struct reader *r, yaml_node_t *item, size_t index, void *target);
/* Calls fn for each item of a list; reports a node that is none. Returns the number of items. */
size_t schema_each(struct reader *r, yaml_node_t *node, const char *what, schema_item_fn *fn,
                   void *target);

/* Single values, for custom handlers: false after reporting. */
bool schema_text(struct reader *r, yaml_node_t *node, const char *what, size_t max,
                 const char **ret);
bool schema_id(struct reader *r, yaml_node_t *node, const char *what, const char **ret);
bool schema_choice(struct reader *r, yaml_node_t *node, const char *what,
                   const char *const *choices, int *ret);
bool schema_int(struct reader *r, yaml_node_t *node, const char *what, double min, double max,
                int64_t *ret);
bool schema_number(struct reader *r, yaml_node_t *node, const char *what, double min, double max,
                   double *ret);
/* "0x8000" or "-32768" or "32768" as a 64-bit pattern; *ret_negative tells the second form. */
bool schema_pattern(const char *text, uint64_t *ret, bool *ret_negative);

bool schema_is_id(const char *text);
/* The scalar's text, or "a list", "a mapping": for messages. */
const char *schema_show(const yaml_node_t *node);

#define schema_error(r, node, ...)                                                                 \
    message_error((r)->errors, yaml_doc_place((r)->doc, (node)), __VA_ARGS__)
#define schema_warning(r, node, ...)                                                               \
    message_warning((r)->errors, yaml_doc_place((r)->doc, (node)), __VA_ARGS__)

#endif
