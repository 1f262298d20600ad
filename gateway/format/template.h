/* A JSON text with placeholders inside its strings: {"text":"{title} at {object}"}.
 *
 * A placeholder is {name}; "{{" stands for a brace. Outside strings braces are JSON's own. What is
 * filled in is escaped, so that sound JSON stays sound. Pure. */
#ifndef BUSBAR_FORMAT_TEMPLATE_H
#define BUSBAR_FORMAT_TEMPLATE_H

#include <stddef.h>

#include "base/buf.h"

struct template_value {
    const char *name, *text;
};

/* The first placeholder whose name is not in names (ends with NULL), or that is none at all: where
 * it stands, with its length up to '}' or the string's end; NULL: all are known. */
const char *template_unknown(const char *text, const char *const *names, size_t *ret_len);
/* Placeholders that are not in values become "". */
void template_write(struct buf *b, const char *text, const struct template_value *values, size_t n);

#endif
