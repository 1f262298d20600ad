/* One carbon file: YAML -> struct carbon_book. Inside config only. */
#ifndef BUSBAR_CONFIG_CARBON_LOAD_H
#define BUSBAR_CONFIG_CARBON_LOAD_H

#include "calc/carbon.h"
#include "config/data_files.h"
#include "config/schema.h"

/* Reads it from bytes; name is what sites call it. ERR_OK or ERR_SYNTAX with messages. */
int carbon_from_memory(struct load *l, const char *file, const char *name, const char *bytes,
                       size_t n, const struct carbon_book **ret);
/* Finds NAME.yaml in the folder and reads it. ERR_NOT_FOUND without a message when there is no such
 * file; ERR_SYNTAX with messages when it is wrong. asked: what named it. */
int carbon_from_name(struct load *l, const char *name, struct place asked,
                     const struct carbon_book **ret);

#endif
