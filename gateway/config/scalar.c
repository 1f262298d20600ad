/* Single values of the schema: text, identifiers, choices, numbers. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/nearest.h"
#include "config/schema.h"

#define TEXT_MAX 256

const char *schema_show(const yaml_node_t *node) {
    switch (node->type) {
    case YAML_SEQUENCE_NODE:
        return "a list";
    case YAML_MAPPING_NODE:
        return "a mapping";
    case YAML_SCALAR_NODE: {
        const char *text = yaml_doc_text(node);
        return text == NULL ? "text with a NUL" : text[0] == 0 ? "nothing" : text;
    }
    case YAML_NO_NODE:
    default:
        return "nothing";
    }
}

/* "key:", "key: ~" and "key: null" say nothing. */
static bool is_null(const yaml_node_t *node) {
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    const char *t = (const char *)node->data.scalar.value;
    return t[0] == 0 || strcmp(t, "~") == 0 || strcmp(t, "null") == 0;
}

static bool has_control(const char *text, bool lines) {
    for (const unsigned char *s = (const unsigned char *)text; *s != 0; s++) {
        if ((*s < 0x20 && !(lines && (*s == '\n' || *s == '\t'))) || *s == 0x7F) {
            return true;
        }
    }
    return false;
}

/* The scalar's text, not yet copied. NULL after reporting. */
static const char *plain_text(struct reader *r, yaml_node_t *node, const char *what) {
    if (node->type != YAML_SCALAR_NODE) {
        schema_error(r, node, "%s needs a single value, not %s", what, schema_show(node));
        return NULL;
    }
    if (is_null(node)) {
        schema_error(r, node, "%s has no value; give one or leave the key out", what);
        return NULL;
    }
    const char *text = yaml_doc_text(node);
    if (text == NULL) {
        schema_error(r, node, "%s has a NUL character in it; take it out", what);
    }
    return text;
}

bool schema_text(struct reader *r, yaml_node_t *node, const char *what, size_t max,
                 const char **ret) {
    const char *text = plain_text(r, node, what);
    if (text == NULL) {
        return false;
    }
    max = max > 0 ? max : TEXT_MAX;
    if (strlen(text) > max) {
        schema_error(r, node, "%s is longer than %zu bytes; shorten it", what, max);
        return false;
    }
    if (has_control(text, max > TEXT_MAX)) {
        schema_error(r, node, "%s has a control character in it; take it out", what);
        return false;
    }
    *ret = arena_strdup(r->arena, text);
    if (*ret == NULL) {
        schema_error(r, node, "out of memory");
        return false;
    }
    return true;
}

bool schema_is_id(const char *text) {
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n >= 1 && n <= 32 && text[n] == 0;
}

bool schema_id(struct reader *r, yaml_node_t *node, const char *what, const char **ret) {
    const char *text = plain_text(r, node, what);
    if (text == NULL) {
        return false;
    }
    if (!schema_is_id(text)) {
        schema_error(r, node, "%s '%.40s' is not an id; use 1 to 32 of a-z, 0-9 and -", what, text);
        return false;
    }
    return schema_text(r, node, what, 0, ret);
}

bool schema_choice(struct reader *r, yaml_node_t *node, const char *what,
                   const char *const *choices, int *ret) {
    const char *text = plain_text(r, node, what);
    if (text == NULL) {
        return false;
    }
    char list[256] = "";
    size_t used = 0;
    struct nearest near;
    nearest_init(&near, text);
    for (int i = 0; choices[i] != NULL; i++) {
        if (strcmp(choices[i], text) == 0) {
            *ret = i;
            return true;
        }
        nearest_offer(&near, choices[i]);
        if (used < sizeof list) {
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "",
                                     choices[i]);
        }
    }
    const char *best = nearest_best(&near);
    schema_error(r, node, "%s cannot be '%.40s'; use one of %s%s%s%s", what, text, list,
                 best != NULL ? "; did you mean '" : "", best != NULL ? best : "",
                 best != NULL ? "'?" : "");
    return false;
}

/* Plain text of a number, or NULL after reporting. */
static const char *number_text(struct reader *r, yaml_node_t *node, const char *what,
                               const char *kind) {
    const char *text = plain_text(r, node, what);
    if (text == NULL) {
        return NULL;
    }
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        schema_error(r, node, "%s needs %s, not text; take the quotes away", what, kind);
        return NULL;
    }
    return text;
}

bool schema_pattern(const char *text, uint64_t *ret, bool *ret_negative) {
    bool negative = text[0] == '-';
    const char *digits = text + (negative || text[0] == '+');
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    const char *allowed = hex ? "0123456789abcdefABCDEF" : "0123456789";
    digits += hex ? 2 : 0;
    size_t n = strspn(digits, allowed);
    if (n == 0 || digits[n] != 0) {
        return false;
    }
    errno = 0;
    uint64_t v = strtoull(digits, NULL, hex ? 16 : 10);
    if (errno != 0 || (negative && v > (uint64_t)1 << 63)) {
        return false;
    }
    *ret = negative ? 0 - v : v;
    *ret_negative = negative;
    return true;
}

static void report_range(struct reader *r, yaml_node_t *node, const char *what, double min,
                         double max) {
    schema_error(r, node, "%s %.40s is out of range; give %.15g to %.15g", what, schema_show(node),
                 min, max);
}

bool schema_int(struct reader *r, yaml_node_t *node, const char *what, double min, double max,
                int64_t *ret) {
    const char *text = number_text(r, node, what, "a whole number");
    if (text == NULL) {
        return false;
    }
    uint64_t pattern;
    bool negative;
    if (!schema_pattern(text, &pattern, &negative)) {
        schema_error(r, node, "%s needs a whole number, not '%.40s'", what, text);
        return false;
    }
    double v = negative ? -(double)(0 - pattern) : (double)pattern;
    if (v < min || v > max) {
        report_range(r, node, what, min, max);
        return false;
    }
    *ret = (int64_t)pattern;
    return true;
}

bool schema_number(struct reader *r, yaml_node_t *node, const char *what, double min, double max,
                   double *ret) {
    const char *text = number_text(r, node, what, "a number");
    if (text == NULL) {
        return false;
    }
    size_t n = strspn(text, "0123456789+-.eE");
    char *end = NULL;
    double v = strtod(text, &end);
    if (text[n] != 0 || end == text || *end != 0 || !isfinite(v)) {
        schema_error(r, node, "%s needs a number, not '%.40s'", what, text);
        return false;
    }
    if (min < max && (v < min || v > max)) {
        report_range(r, node, what, min, max);
        return false;
    }
    *ret = v;
    return true;
}
