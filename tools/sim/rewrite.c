#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "base/err.h"
#include "sim/rewrite.h"

#define TEXT_MAX 600

/* Bytes start..end of the file give way to text. */
struct edit {
    size_t start, end;
    char text[TEXT_MAX];
};

struct editor {
    char *bytes;
    size_t n;
    yaml_document_t doc;
    struct edit *edits;
    size_t count, cap;
};

/* libyaml counts characters, a file has bytes. */
static size_t byte_of(const struct editor *e, size_t characters) {
    size_t i = e->n >= 3 && memcmp(e->bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

    while (i < e->n && characters > 0) {
        i++;
        while (i < e->n && ((unsigned char)e->bytes[i] & 0xC0) == 0x80)
            i++;
        characters--;
    }
    return i;
}

static const yaml_node_t *value_of(struct editor *e, const yaml_node_t *map, const char *key) {
    if (map == NULL || map->type != YAML_MAPPING_NODE)
        return NULL;
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         p++) {
        const yaml_node_t *k = yaml_document_get_node(&e->doc, p->key);

        if (k != NULL && k->type == YAML_SCALAR_NODE &&
            strcmp((const char *)k->data.scalar.value, key) == 0)
            return yaml_document_get_node(&e->doc, p->value);
    }
    return NULL;
}

static const char *text_of(const yaml_node_t *n) {
    return n != NULL && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : "";
}

/* A double-quoted YAML scalar. ERR_LIMIT when it does not fit. */
static int quote(const char *text, char *out, size_t cap) {
    size_t n = 0;

    if (cap < 3)
        return ERR_LIMIT;
    out[n++] = '"';
    for (; *text != '\0'; text++) {
        if (n + 4 > cap)
            return ERR_LIMIT;
        if (*text == '"' || *text == '\\')
            out[n++] = '\\';
        out[n++] = *text;
    }
    out[n++] = '"';
    out[n] = '\0';
    return ERR_OK;
}

static int add_edit(struct editor *e, size_t start, size_t end, const char *before,
                    const char *value, const char *after) {
    struct edit *one;
    char quoted[TEXT_MAX];
    int n;

    if (e->count == e->cap || quote(value, quoted, sizeof quoted) < 0)
        return ERR_LIMIT;
    one = &e->edits[e->count];
    n = snprintf(one->text, sizeof one->text, "%s%s%s", before, quoted, after);
    if (n < 0 || (size_t)n >= sizeof one->text)
        return ERR_LIMIT;
    one->start = start;
    one->end = end;
    e->count++;
    return ERR_OK;
}

static int replace(struct editor *e, const yaml_node_t *scalar, const char *value) {
    return add_edit(e, byte_of(e, scalar->start_mark.index), byte_of(e, scalar->end_mark.index), "",
                    value, "");
}

static int edit_links(struct editor *e, const struct rewrite *change) {
    const yaml_node_t *list = value_of(e, yaml_document_get_root_node(&e->doc), "links");
    static const char *const kinds[] = {"tcp", "rtu", "rtu_over_tcp"};
    int rc = ERR_OK;

    if (list == NULL || list->type != YAML_SEQUENCE_NODE)
        return ERR_SYNTAX;
    for (const yaml_node_item_t *i = list->data.sequence.items.start;
         i < list->data.sequence.items.top && rc == ERR_OK; i++) {
        const yaml_node_t *link = yaml_document_get_node(&e->doc, *i);
        const char *id = text_of(value_of(e, link, "id")), *address = NULL;

        for (size_t k = 0; k < change->link_count; k++)
            address = strcmp(change->links[k].id, id) == 0 ? change->links[k].address : address;
        for (size_t k = 0; k < 3 && address != NULL && rc == ERR_OK; k++) {
            const yaml_node_t *endpoint = value_of(e, link, kinds[k]);

            if (endpoint != NULL && endpoint->type == YAML_SCALAR_NODE)
                rc = replace(e, endpoint, address);
        }
    }
    return rc;
}

/* section.key = value: replaced where it stands, put first in its section, or appended. */
static int edit_setting(struct editor *e, const char *section, const char *key, const char *value) {
    const yaml_node_t *map = value_of(e, yaml_document_get_root_node(&e->doc), section);
    const yaml_node_t *old = value_of(e, map, key);
    char before[64], after[64];
    size_t at;

    if (old != NULL && old->type == YAML_SCALAR_NODE)
        return replace(e, old, value);
    if (map == NULL) {
        (void)snprintf(before, sizeof before, "\n%s: {%s: ", section, key);
        return add_edit(e, e->n, e->n, before, value, "}\n");
    }
    if (map->type != YAML_MAPPING_NODE)
        return ERR_SYNTAX;
    (void)snprintf(before, sizeof before, "%s: ", key);
    if (map->data.mapping.style == YAML_FLOW_MAPPING_STYLE) {
        bool empty = map->data.mapping.pairs.start == map->data.mapping.pairs.top;

        at = byte_of(e, map->start_mark.index) + 1;
        return add_edit(e, at, at, before, value, empty ? "" : ", ");
    }
    (void)snprintf(after, sizeof after, "\n%*s", (int)map->start_mark.column, "");
    at = byte_of(e, map->start_mark.index);
    return add_edit(e, at, at, before, value, after);
}

static int by_start(const void *a, const void *b) {
    const struct edit *x = a, *y = b;

    return (x->start > y->start) - (x->start < y->start);
}

static int read_whole(const char *file, struct editor *e) {
    FILE *in = fopen(file, "rb");
    long size;
    int rc = ERR_IO;

    if (in == NULL)
        return ERR_IO;
    if (fseek(in, 0, SEEK_END) == 0 && (size = ftell(in)) >= 0 && fseek(in, 0, SEEK_SET) == 0) {
        e->bytes = malloc((size_t)size + 1);
        e->n = e->bytes != NULL ? fread(e->bytes, 1, (size_t)size, in) : 0;
        rc = e->bytes == NULL ? ERR_NOMEM : e->n == (size_t)size ? ERR_OK : ERR_IO;
    }
    (void)fclose(in);
    return rc;
}

static int write_edited(const struct editor *e, const char *to) {
    char fresh[4096];
    size_t at = 0;
    bool good;
    FILE *out;

    if (snprintf(fresh, sizeof fresh, "%s.new", to) >= (int)sizeof fresh)
        return ERR_IO;
    out = fopen(fresh, "wb");
    if (out == NULL)
        return ERR_IO;
    for (size_t i = 0; i < e->count; i++) {
        (void)fwrite(e->bytes + at, 1, e->edits[i].start - at, out);
        (void)fputs(e->edits[i].text, out);
        at = e->edits[i].end;
    }
    (void)fwrite(e->bytes + at, 1, e->n - at, out);
    good = ferror(out) == 0;
    good = fclose(out) == 0 && good;
    if (good && rename(fresh, to) == 0)
        return ERR_OK;
    (void)unlink(fresh);
    return ERR_IO;
}

static int make_edits(struct editor *e, const struct rewrite *change) {
    yaml_parser_t parser;
    int rc = ERR_SYNTAX;

    e->cap = change->link_count * 3 + 2;
    e->edits = calloc(e->cap, sizeof *e->edits);
    if (e->edits == NULL || !yaml_parser_initialize(&parser))
        return ERR_NOMEM;
    yaml_parser_set_input_string(&parser, (const unsigned char *)e->bytes, e->n);
    if (yaml_parser_load(&parser, &e->doc)) {
        rc = edit_links(e, change);
        if (rc == ERR_OK && change->mqtt_url != NULL)
            rc = edit_setting(e, "mqtt", "url", change->mqtt_url);
        if (rc == ERR_OK && change->store_path != NULL)
            rc = edit_setting(e, "store", "path", change->store_path);
        yaml_document_delete(&e->doc);
    }
    yaml_parser_delete(&parser);
    if (rc == ERR_OK)
        qsort(e->edits, e->count, sizeof *e->edits, by_start);
    return rc;
}

int rewrite_site(const char *from, const char *to, const struct rewrite *change, char *message,
                 size_t message_cap) {
    struct editor e = {0};
    const char *about = from;
    int rc = read_whole(from, &e);

    if (rc == ERR_OK)
        rc = make_edits(&e, change);
    if (rc == ERR_OK) {
        about = to;
        rc = write_edited(&e, to);
    }
    if (rc != ERR_OK)
        (void)snprintf(message, message_cap, "%s: cannot rewrite the site file: %s", about,
                       rc == ERR_IO ? strerror(errno) : err_str(rc));
    free(e.edits);
    free(e.bytes);
    return rc;
}
